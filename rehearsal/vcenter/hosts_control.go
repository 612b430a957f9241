package main

import (
	"net/http"
	"slices"
	"strings"

	"github.com/vmware/govmomi/simulator"
	"github.com/vmware/govmomi/vim25/types"
)

// hostNamed is the host that a control call is for; it answers for itself when there is none.
func (v *vcenter) hostNamed(w http.ResponseWriter, r *http.Request) *hostSystem {
	name := r.PathValue("name")
	for _, entity := range v.registry.All("HostSystem") {
		if v.nameOf(entity) == name {
			return &hostSystem{vcenter: v, host: entity.(*simulator.HostSystem)}
		}
	}
	http.Error(w, problem{"host", name, "give the name of a host in the inventory"}.Error(), http.StatusNotFound)
	return nil
}

func (v *vcenter) putHost(w http.ResponseWriter, r *http.Request) {
	host := v.hostNamed(w, r)
	var wanted struct {
		Maintenance *bool `json:"maintenance"`
	}
	if host == nil || !receiveJSON(w, r, &wanted) {
		return
	}
	if wanted.Maintenance == nil {
		http.Error(w, problem{"maintenance", "missing", "give true or false"}.Error(), http.StatusBadRequest)
		return
	}
	v.changeHost(w, host, *wanted.Maintenance)
}

// deleteHost undoes what was put.
func (v *vcenter) deleteHost(w http.ResponseWriter, r *http.Request) {
	if host := v.hostNamed(w, r); host != nil {
		v.changeHost(w, host, v.gpus.of(host.host.Self).maintenance)
	}
}

func (v *vcenter) changeHost(w http.ResponseWriter, host *hostSystem, maintenance bool) {
	ctx := &simulator.Context{Map: v.registry, Session: &simulator.Session{UserSession: types.UserSession{UserName: program}}}
	if !maintenance {
		host.setMaintenance(ctx, false)
	} else if failed := host.takeAway(ctx); failed != nil {
		http.Error(w, failed.LocalizedMessage, http.StatusConflict)
		return
	}
	w.WriteHeader(http.StatusNoContent)
}

func (v *vcenter) putGPU(w http.ResponseWriter, r *http.Request) {
	var wanted struct {
		Mode string `json:"mode"`
	}
	if !receiveJSON(w, r, &wanted) {
		return
	}
	if !slices.Contains(gpuModes, wanted.Mode) {
		http.Error(w, problem{"mode", shown(wanted.Mode), "give one of " + strings.Join(gpuModes, ", ")}.Error(), http.StatusBadRequest)
		return
	}
	v.changeGPU(w, r, func(*gpu) string { return wanted.Mode })
}

// deleteGPU undoes what was put.
func (v *vcenter) deleteGPU(w http.ResponseWriter, r *http.Request) {
	v.changeGPU(w, r, func(card *gpu) string { return card.original })
}

// changeGPU changes what a GPU can be used for from now on; who has it keeps it.
func (v *vcenter) changeGPU(w http.ResponseWriter, r *http.Request, mode func(*gpu) string) {
	host := v.hostNamed(w, r)
	if host == nil {
		return
	}
	gpus, address := v.gpus.of(host.host.Self), r.PathValue("address")
	card := gpus.at(address)
	if card == nil {
		http.Error(w, problem{"address", address, "give the address of a GPU of this host"}.Error(), http.StatusNotFound)
		return
	}
	v.gpus.mutex.Lock()
	card.mode = mode(card)
	v.gpus.mutex.Unlock()
	v.refreshHost(&simulator.Context{Map: v.registry}, gpus)
	w.WriteHeader(http.StatusNoContent)
}
