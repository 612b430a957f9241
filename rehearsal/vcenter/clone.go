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
	if refused := m.vcenter.elsewhere(m.vcenter.clusterOfPool(location.Pool), location.Host, "spec.location.host"); refused != nil {
		return nil, refused
	}
	if refused := m.vcenter.checkLocationPolicies(location); refused != nil {
		return nil, explained(refused)
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
	ctx.WithLock(copied, func() { showAssigned(ctx, &copied.VirtualMachine, nil) }) // the source may be running
	m.vcenter.drs.pins.setLasting(copied.Self, location.Host)
	m.vcenter.assignLocationPolicies(copied.Self, location)
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
			MemoryAllocation: copyOf(config.MemoryAllocation), CpuAllocation: copyOf(config.CpuAllocation),
			LatencySensitivity: copyOf(config.LatencySensitivity), ExtraConfig: slices.Clone(config.ExtraConfig),
		}
	})
	return spec
}

// copyOf keeps clones from sharing what they may change.
func copyOf[T any](original *T) *T {
	if original == nil {
		return nil
	}
	copied := *original
	return &copied
}

// personalize makes a fresh copy the machine that was asked for.
func (m *machine) personalize(ctx *simulator.Context, inherited types.VirtualMachineConfigSpec,
	spec types.VirtualMachineCloneSpec) *failure {
	m.freshDisks()
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
		m.MarkAsTemplate(ctx, &types.MarkAsTemplate{This: m.vm.Self})
	}
	if spec.PowerOn {
		_, failed := m.powerOn(ctx, types.PowerOnVM_Task{})
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
