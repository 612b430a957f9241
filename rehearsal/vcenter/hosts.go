package main

import (
	"time"

	"github.com/vmware/govmomi/simulator"
	"github.com/vmware/govmomi/vim25/methods"
	"github.com/vmware/govmomi/vim25/soap"
	"github.com/vmware/govmomi/vim25/types"
)

const evacuationPause = 50 * time.Millisecond

// hostSystem answers a host's calls with the rules of a real vCenter.
type hostSystem struct {
	lockFree
	vcenter *vcenter
	host    *simulator.HostSystem
}

// Reference implements mo.Reference.
func (h *hostSystem) Reference() types.ManagedObjectReference { return h.host.Self }

// EnterMaintenanceModeTask lets DRS move what it can, and waits until somebody has switched off the rest.
func (h *hostSystem) EnterMaintenanceModeTask(ctx *simulator.Context, r *types.EnterMaintenanceMode_Task) soap.HasFault {
	patience := time.Duration(r.Timeout) * time.Second
	return answer(&methods.EnterMaintenanceMode_TaskBody{}, h.vcenter.start(ctx, work{
		method: "EnterMaintenanceMode_Task", subject: h.vcenter.nameOf(h.host), entity: h.host,
		run: func(ctx *simulator.Context) (types.AnyType, *failure) {
			for started := time.Now(); len(h.evacuate(ctx)) > 0; time.Sleep(evacuationPause) {
				if patience > 0 && time.Since(started) > patience {
					return nil, fail(&types.Timedout{}, "Operation timed out.")
				}
			}
			h.setMaintenance(ctx, true)
			return nil, nil
		},
	}))
}

// ExitMaintenanceModeTask makes the host usable again.
func (h *hostSystem) ExitMaintenanceModeTask(ctx *simulator.Context, _ *types.ExitMaintenanceMode_Task) soap.HasFault {
	return answer(&methods.ExitMaintenanceMode_TaskBody{}, h.vcenter.start(ctx, work{
		method: "ExitMaintenanceMode_Task", subject: h.vcenter.nameOf(h.host), entity: h.host,
		run: func(ctx *simulator.Context) (types.AnyType, *failure) {
			h.setMaintenance(ctx, false)
			return nil, nil
		},
	}))
}

// evacuate moves running machines to other hosts of the cluster and returns those that have to stay.
func (h *hostSystem) evacuate(ctx *simulator.Context) (left []*simulator.VirtualMachine) {
	v := h.vcenter
	v.drs.deciding.Lock()
	defer v.drs.deciding.Unlock()
	cluster, clustered := v.registry.Get(*h.host.Parent).(*simulator.ClusterComputeResource)
	for _, vm := range h.running() {
		if !clustered || len(v.gpus.usedBy(vm.Self)) > 0 || v.drs.pins.of(vm.Self) != nil {
			left = append(left, vm)
			continue
		}
		rules, enabled := v.activeRules(cluster)
		var others []load
		for _, other := range v.loads(cluster) {
			if other.host != h.host.Self {
				others = append(others, other)
			}
		}
		able, _ := v.takers(v.demandOf(vm.Self), others)
		chosen := best(able, vm.Self, rules)
		if !enabled || chosen == nil || len(fitOn(*chosen, vm.Self, rules).broken) > 0 {
			left = append(left, vm)
			continue
		}
		(&machine{vcenter: v, vm: vm}).moveTo(ctx, chosen.host)
	}
	return left
}

// running are the machines that are switched on here.
func (h *hostSystem) running() (found []*simulator.VirtualMachine) {
	var refs references
	h.vcenter.locked(h.host, func() { refs = append(refs, h.host.Vm...) })
	for _, ref := range refs {
		vm, exists := h.vcenter.registry.Get(ref).(*simulator.VirtualMachine)
		if !exists {
			continue
		}
		h.vcenter.locked(vm, func() {
			if vm.Runtime.PowerState == types.VirtualMachinePowerStatePoweredOn {
				found = append(found, vm)
			}
		})
	}
	return found
}

func (h *hostSystem) setMaintenance(ctx *simulator.Context, on bool) {
	ctx.WithLock(h.host, func() {
		ctx.Update(h.host, []types.PropertyChange{{Name: "runtime.inMaintenanceMode", Val: on}})
	})
}

// takeAway puts the host into maintenance like a person who switches off what does not move.
func (h *hostSystem) takeAway(ctx *simulator.Context) *failure {
	h.setMaintenance(ctx, true)
	for _, vm := range h.evacuate(ctx) {
		request := &types.PowerOffVM_Task{This: vm.Self}
		_, failed := h.vcenter.inner(ctx, vm, func() soap.HasFault { return vm.PowerOffVMTask(ctx, request) })
		if failed != nil {
			return failed
		}
	}
	return nil
}

// nameOfHost is a host's name.
func (v *vcenter) nameOfHost(ref types.ManagedObjectReference) string {
	return v.nameOf(v.registry.Get(ref).(*simulator.HostSystem))
}
