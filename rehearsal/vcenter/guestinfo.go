package main

import (
	"net/http"
	"slices"
	"strings"

	"github.com/vmware/govmomi/simulator"
	"github.com/vmware/govmomi/vim25/types"
)

const guestInfo = "guestinfo."

// getGuestInfo answers what a machine could read through its tools: the keys of its configuration that are meant for it.
func (v *vcenter) getGuestInfo(w http.ResponseWriter, r *http.Request) {
	for _, entity := range v.registry.All("VirtualMachine") {
		vm := entity.(*simulator.VirtualMachine)
		var found map[string]string
		v.locked(vm, func() {
			if vm.Config.Uuid != r.PathValue("uuid") {
				return
			}
			found = map[string]string{}
			for _, option := range vm.Config.ExtraConfig {
				value := option.GetOptionValue()
				if text, isText := value.Value.(string); isText && strings.HasPrefix(value.Key, guestInfo) {
					found[value.Key] = text
				}
			}
		})
		if found != nil {
			sendJSON(w, found)
			return
		}
	}
	http.Error(w, problem{"uuid", r.PathValue("uuid"), "give the BIOS UUID of a machine"}.Error(), http.StatusNotFound)
}

// putGuestInfo sets keys as a machine's tools do it for programs inside.
func (v *vcenter) putGuestInfo(w http.ResponseWriter, r *http.Request) {
	var wanted map[string]string
	if !receiveJSON(w, r, &wanted) {
		return
	}
	for _, entity := range v.registry.All("VirtualMachine") {
		vm := entity.(*simulator.VirtualMachine)
		ctx := &simulator.Context{Map: v.registry, Session: &simulator.Session{UserSession: types.UserSession{UserName: program}}}
		found := false
		ctx.WithLock(vm, func() {
			if found = vm.Config.Uuid == r.PathValue("uuid"); !found {
				return
			}
			options := slices.Clone(vm.Config.ExtraConfig)
			for key, value := range wanted {
				if !strings.HasPrefix(key, guestInfo) {
					continue // a guest sets nothing else
				}
				options = slices.DeleteFunc(options, func(o types.BaseOptionValue) bool { return o.GetOptionValue().Key == key })
				options = append(options, &types.OptionValue{Key: key, Value: value})
			}
			ctx.Update(vm, []types.PropertyChange{{Name: "config.extraConfig", Val: options}})
		})
		if found {
			w.WriteHeader(http.StatusNoContent)
			return
		}
	}
	http.Error(w, problem{"uuid", r.PathValue("uuid"), "give the BIOS UUID of a machine"}.Error(), http.StatusNotFound)
}
