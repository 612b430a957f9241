package main

import (
	"slices"

	"github.com/vmware/govmomi/object"
	"github.com/vmware/govmomi/simulator"
	"github.com/vmware/govmomi/vim25/types"
)

const hotMigrateSetting = "vgpu.hotmigrate.enabled"

// migrationRefusal says why a running machine's devices keep it where it is.
func (m *machine) migrationRefusal(wanted types.VirtualMachineRelocateSpec) *failure {
	used := m.vcenter.gpus.usedBy(m.vm.Self)
	if len(used) == 0 {
		return nil
	}
	changesHost, changesStorage := m.moves(wanted)
	for _, each := range used {
		label := m.deviceLabel(each.need.key)
		switch {
		case !changesHost && !changesStorage:
		case each.need.profile == nil:
			return prevents(label, "is a PCI passthrough device")
		case changesHost && !m.vcenter.hotMigrates():
			return prevents(label, "is a vGPU, and "+hotMigrateSetting+" is not set")
		case changesHost && wanted.Host == nil:
			return prevents(label, "is a vGPU, and no host was given")
		}
	}
	if !changesHost {
		return nil
	}
	needs := make([]need, len(used))
	for i, each := range used {
		needs[i] = each.need
	}
	_, refused := m.vcenter.gpus.boardsFor(*wanted.Host, needs)
	return refused
}

// moves tells what of a running machine would change its place.
func (m *machine) moves(wanted types.VirtualMachineRelocateSpec) (host, storage bool) {
	var here types.ManagedObjectReference
	m.vcenter.locked(m.vm, func() {
		here = *m.vm.Runtime.Host
		storage = wanted.Datastore != nil && !slices.Contains(m.vm.Datastore, *wanted.Datastore) || len(wanted.Disk) > 0
	})
	if wanted.Host != nil {
		return *wanted.Host != here, storage
	}
	other := m.vcenter.clusterOfPool(wanted.Pool)
	return other != nil && !slices.Contains(other.Host, here), storage
}

// followDevices gives a machine that was moved while it runs its vGPUs on the new host.
func (m *machine) followDevices(ctx *simulator.Context, before types.ManagedObjectReference) *failure {
	now := m.vcenter.hostOf(m.vm.Self)
	if now == nil || *now == before {
		return nil
	}
	left := m.vcenter.gpus.release(m.vm.Self)
	if left == nil {
		return nil
	}
	m.vcenter.refreshHost(ctx, left)
	return m.assignDevices(ctx)
}

func (m *machine) deviceLabel(key int32) (label string) {
	m.vcenter.locked(m.vm, func() {
		if device := object.VirtualDeviceList(m.vm.Config.Hardware.Device).FindByKey(key); device != nil {
			label = device.GetVirtualDevice().DeviceInfo.GetDescription().Label
		}
	})
	return label
}

// hotMigrates reads the setting that lets running machines with vGPUs move.
func (v *vcenter) hotMigrates() (on bool) {
	options := v.registry.OptionManager()
	v.locked(options, func() {
		value, _ := object.OptionValueList(options.Setting).Get(hotMigrateSetting)
		on = value == true || value == "true" || value == "True"
	})
	return on
}
