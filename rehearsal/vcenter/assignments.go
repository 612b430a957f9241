package main

import "github.com/vmware/govmomi/vim25/types"

// checkPolicies refuses policies that do not exist, wherever a machine's specification names one.
func (v *vcenter) checkPolicies(spec types.VirtualMachineConfigSpec) types.BaseMethodFault {
	if refused := v.policies.check("spec.vmProfile", spec.VmProfile); refused != nil {
		return refused
	}
	for _, change := range spec.DeviceChange {
		if refused := v.policies.check("spec.deviceChange.profile", change.GetVirtualDeviceConfigSpec().Profile); refused != nil {
			return refused
		}
	}
	return nil
}

// checkLocationPolicies does so for where a machine is put.
func (v *vcenter) checkLocationPolicies(location types.VirtualMachineRelocateSpec) types.BaseMethodFault {
	if refused := v.policies.check("spec.location.profile", location.Profile); refused != nil {
		return refused
	}
	for _, disk := range location.Disk {
		if refused := v.policies.check("spec.location.disk.profile", disk.Profile); refused != nil {
			return refused
		}
	}
	return nil
}

// assignPolicies remembers the policies of a specification that has been carried out: its disks have their keys.
func (v *vcenter) assignPolicies(machine types.ManagedObjectReference, spec types.VirtualMachineConfigSpec) {
	v.policies.assign(machine.Value, spec.VmProfile)
	for _, change := range spec.DeviceChange {
		device := change.GetVirtualDeviceConfigSpec()
		disk, isDisk := device.Device.(*types.VirtualDisk)
		switch {
		case !isDisk:
		case device.Operation == types.VirtualDeviceConfigSpecOperationRemove:
			v.policies.forget(diskKey(machine, disk.Key))
		default:
			v.policies.assign(diskKey(machine, disk.Key), device.Profile)
		}
	}
}

// assignLocationPolicies does so for where a machine was put.
func (v *vcenter) assignLocationPolicies(machine types.ManagedObjectReference, location types.VirtualMachineRelocateSpec) {
	v.policies.assign(machine.Value, location.Profile)
	for _, disk := range location.Disk {
		v.policies.assign(diskKey(machine, disk.DiskId), disk.Profile)
	}
}
