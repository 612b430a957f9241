package main

import (
	"slices"

	"github.com/vmware/govmomi/simulator"
	"github.com/vmware/govmomi/vim25/methods"
	"github.com/vmware/govmomi/vim25/mo"
	"github.com/vmware/govmomi/vim25/soap"
	"github.com/vmware/govmomi/vim25/types"
)

// CloneVMTask takes the new name at once and makes the machine in its own time.
func (m *machine) CloneVMTask(ctx *simulator.Context, r *types.CloneVM_Task) soap.HasFault {
	release, refused := m.vcenter.reserve(r.Folder, r.Name)
	return answer(&methods.CloneVM_TaskBody{}, m.vcenter.start(ctx, work{
		method: "CloneVM_Task", subject: r.Name, entity: m.vm, refused: refused,
		done: release,
		run:  func(ctx *simulator.Context) (types.AnyType, *failure) { return m.clone(ctx, *r) },
	}))
}

// clone lets the simulator copy devices, then carries over what it forgets and applies the caller's spec.
func (m *machine) clone(ctx *simulator.Context, r types.CloneVM_Task) (types.AnyType, *failure) {
	location := r.Spec.Location
	missing := m.vcenter.missingReference(&r.Folder, location.Pool, location.Host, location.Datastore)
	if missing != nil {
		return nil, missing
	}
	plain := r
	plain.This = m.vm.Self
	plain.Spec = types.VirtualMachineCloneSpec{Location: types.VirtualMachineRelocateSpec{
		Pool: location.Pool, Datastore: location.Datastore, Host: m.vcenter.placement(location),
	}}
	result, failed := m.vcenter.inner(ctx, m.vm, func() soap.HasFault { return m.vm.CloneVMTask(ctx, &plain) })
	if failed != nil {
		return nil, failed
	}
	copied := m.vcenter.registry.Get(result.(types.ManagedObjectReference)).(*simulator.VirtualMachine)
	clone := &machine{vcenter: m.vcenter, vm: copied}
	if failed := clone.personalize(ctx, m.carriedOver(), r.Spec); failed != nil {
		_, _ = m.vcenter.inner(ctx, clone.vm, func() soap.HasFault {
			return clone.vm.DestroyTask(ctx, &types.Destroy_Task{This: clone.vm.Self})
		}) // a clone that failed leaves nothing behind; the first failure is the one to tell
		return nil, failed
	}
	return result, nil
}

// carriedOver are the source's settings that the simulator's clone does not have.
func (m *machine) carriedOver() types.VirtualMachineConfigSpec {
	var spec types.VirtualMachineConfigSpec
	m.vcenter.locked(m.vm, func() {
		config := m.vm.Config
		flags, boot := config.Flags, *config.BootOptions
		spec = types.VirtualMachineConfigSpec{
			Firmware: config.Firmware, Annotation: config.Annotation, AlternateGuestName: config.AlternateGuestName,
			Flags: &flags, BootOptions: &boot, SwapPlacement: config.SwapPlacement,
			CpuHotAddEnabled: config.CpuHotAddEnabled, MemoryHotAddEnabled: config.MemoryHotAddEnabled,
			NestedHVEnabled: config.NestedHVEnabled, MemoryReservationLockedToMax: config.MemoryReservationLockedToMax,
			MemoryAllocation: config.MemoryAllocation, CpuAllocation: config.CpuAllocation,
			LatencySensitivity: config.LatencySensitivity, ExtraConfig: slices.Clone(config.ExtraConfig),
		}
	})
	return spec
}

// personalize makes a fresh copy the machine that was asked for.
func (m *machine) personalize(ctx *simulator.Context, inherited types.VirtualMachineConfigSpec,
	spec types.VirtualMachineCloneSpec) *failure {
	inherited.DeviceChange = m.freshCards()
	steps := []types.VirtualMachineConfigSpec{inherited, {DeviceChange: spec.Location.DeviceChange}}
	if spec.Config != nil {
		steps = append(steps, *spec.Config)
	}
	for _, step := range steps {
		if failed := m.reconfigure(ctx, step); failed != nil {
			return failed
		}
	}
	if spec.Template {
		ctx.WithLock(m.vm, func() { m.vm.MarkAsTemplate(&types.MarkAsTemplate{This: m.vm.Self}) })
	}
	if spec.PowerOn {
		_, failed := m.vcenter.inner(ctx, m.vm, func() soap.HasFault {
			return m.vm.PowerOnVMTask(ctx, &types.PowerOnVM_Task{This: m.vm.Self})
		})
		return failed
	}
	return nil
}

// freshCards gives the copied network cards addresses of their own.
func (m *machine) freshCards() []types.BaseVirtualDeviceConfigSpec {
	var changes []types.BaseVirtualDeviceConfigSpec
	m.vcenter.locked(m.vm, func() {
		for _, device := range m.vm.Config.Hardware.Device {
			if _, isCard := device.(types.BaseVirtualEthernetCard); isCard {
				copied := copyDevice(device)
				copied.(types.BaseVirtualEthernetCard).GetVirtualEthernetCard().MacAddress = m.vcenter.cards.next()
				changes = append(changes, &types.VirtualDeviceConfigSpec{
					Operation: types.VirtualDeviceConfigSpecOperationEdit, Device: copied,
				})
			}
		}
	})
	return changes
}

// placement is the host asked for, or the one of the pool's cluster with the fewest machines.
func (v *vcenter) placement(location types.VirtualMachineRelocateSpec) *types.ManagedObjectReference {
	if location.Host != nil || location.Pool == nil {
		return location.Host
	}
	pool, ok := v.registry.Get(*location.Pool).(*simulator.ResourcePool)
	if !ok {
		return nil
	}
	cluster, ok := v.registry.Get(pool.Owner).(*simulator.ClusterComputeResource)
	if !ok {
		return nil
	}
	var chosen *types.ManagedObjectReference
	fewest := 0
	for _, ref := range cluster.Host {
		host := v.registry.Get(ref).(*simulator.HostSystem)
		var machines int
		v.locked(host, func() { machines = len(host.Vm) })
		if chosen == nil || machines < fewest {
			chosen, fewest = &host.Self, machines
		}
	}
	return chosen
}

// missingReference names the first object that does not exist, which the simulator would not survive.
func (v *vcenter) missingReference(refs ...*types.ManagedObjectReference) *failure {
	for _, ref := range refs {
		if ref == nil {
			continue
		}
		if _, exists := v.registry.Get(*ref).(mo.Entity); !exists {
			return explained(&types.ManagedObjectNotFound{Obj: *ref})
		}
	}
	return nil
}
