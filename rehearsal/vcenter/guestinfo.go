package main

import (
	"net/http"
	"strings"

	"github.com/vmware/govmomi/simulator"
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
