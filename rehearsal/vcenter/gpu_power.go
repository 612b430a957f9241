package main

import (
	"slices"

	"github.com/vmware/govmomi/simulator"
	"github.com/vmware/govmomi/vim25/mo"
	"github.com/vmware/govmomi/vim25/types"
)

// assignDevices gives the machine its GPUs on the host where it is about to run.
func (m *machine) assignDevices(ctx *simulator.Context) *failure {
	needs := m.vcenter.demandOf(m.vm.Self).needs
	if len(needs) == 0 {
		return nil
	}
	host := *m.vcenter.hostOf(m.vm.Self)
	assigned, refused := m.vcenter.gpus.assign(m.vm.Self, host, needs)
	if refused != nil {
		return refused
	}
	ctx.WithLock(m.vm, func() { showAssigned(ctx, &m.vm.VirtualMachine, assigned) })
	m.vcenter.refreshHost(ctx, assigned[0].host)
	return nil
}

// releaseDevices takes the GPUs away from a machine that doesn't run (any more). The caller has locked it.
func (v *vcenter) releaseDevices(ctx *simulator.Context, vm *mo.VirtualMachine) {
	if host := v.gpus.release(vm.Self); host != nil {
		showAssigned(ctx, vm, nil)
		v.refreshHost(ctx, host)
	}
}

// showAssigned tells each dynamic device which GPU it is; none is a machine that is off. The caller has locked it.
func showAssigned(ctx *simulator.Context, vm *mo.VirtualMachine, assigned []assignment) {
	addresses := map[int32]string{}
	for _, each := range assigned {
		addresses[each.need.key] = each.card.address
	}
	devices, changed := slices.Clone(vm.Config.Hardware.Device), false
	for i, device := range devices {
		dynamic, ok := dynamicBacking(device)
		key := device.GetVirtualDevice().Key
		if !ok || dynamic.AssignedId == addresses[key] {
			continue
		}
		backing, shown := *dynamic, *device.(*types.VirtualPCIPassthrough)
		backing.AssignedId = addresses[key]
		shown.Backing = &backing
		devices[i], changed = &shown, true
	}
	if changed {
		ctx.Update(vm, []types.PropertyChange{{Name: devicesProperty, Val: devices}})
	}
}

func dynamicBacking(device types.BaseVirtualDevice) (*types.VirtualPCIPassthroughDynamicBackingInfo, bool) {
	passthrough, ok := device.(*types.VirtualPCIPassthrough)
	if !ok {
		return nil, false
	}
	backing, ok := passthrough.Backing.(*types.VirtualPCIPassthroughDynamicBackingInfo)
	return backing, ok
}

// hostOf is where a machine is.
func (v *vcenter) hostOf(ref types.ManagedObjectReference) (host *types.ManagedObjectReference) {
	if vm, exists := v.registry.Get(ref).(*simulator.VirtualMachine); exists {
		v.locked(vm, func() { host = vm.Runtime.Host })
	}
	return host
}

func (v *vcenter) machineName(ref types.ManagedObjectReference) string {
	if vm, exists := v.registry.Get(ref).(*simulator.VirtualMachine); exists {
		return v.nameOf(vm)
	}
	return ""
}
