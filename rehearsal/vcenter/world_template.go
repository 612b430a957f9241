package main

import (
	"fmt"

	"github.com/vmware/govmomi/object"
	"github.com/vmware/govmomi/simulator"
	"github.com/vmware/govmomi/units"
	"github.com/vmware/govmomi/vim25/types"
)

// template creates a powered-off machine on the given host's cluster and marks it as a template.
func (b *worldBuilder) template(folder *object.Folder, host *simulator.HostSystem, wanted Template) error {
	devices, err := templateDevices(wanted)
	if err != nil {
		return err
	}
	spec := types.VirtualMachineConfigSpec{
		Name:         wanted.Name,
		GuestId:      wanted.GuestID,
		Firmware:     wanted.Firmware,
		Version:      fmt.Sprintf("vmx-%d", wanted.HardwareVersion),
		NumCPUs:      int32(wanted.CPUs),
		MemoryMB:     int64(wanted.MemoryMiB),
		Files:        &types.VirtualMachineFileInfo{VmPathName: "[" + wanted.Datastore + "]"},
		DeviceChange: devices,
	}
	cluster := b.registry.Get(*host.Parent).(*simulator.ClusterComputeResource)
	pool := object.NewResourcePool(b.client, *cluster.ResourcePool)
	task, err := folder.CreateVM(b.context, spec, pool, object.NewHostSystem(b.client, host.Self))
	if err != nil {
		return err
	}
	info, err := task.WaitForResult(b.context)
	if err != nil {
		return err
	}
	return object.NewVirtualMachine(b.client, info.Result.(types.ManagedObjectReference)).MarkAsTemplate(b.context)
}

// templateDevices are a paravirtual SCSI controller, one thin disk and one vmxnet3 card.
func templateDevices(wanted Template) ([]types.BaseVirtualDeviceConfigSpec, error) {
	var devices object.VirtualDeviceList
	controller, err := devices.CreateSCSIController("pvscsi")
	if err != nil {
		return nil, err
	}
	controller.GetVirtualDevice().Key = 1000 // the keys that a vCenter gives
	devices = append(devices, controller)
	disk := devices.CreateDisk(controller.(types.BaseVirtualController), types.ManagedObjectReference{}, "")
	disk.Key = 2000
	disk.CapacityInKB = int64(wanted.DiskGiB) * units.MB // as many KiB as a GiB has
	disk.Backing.(*types.VirtualDiskFlatVer2BackingInfo).ThinProvisioned = types.NewBool(true)
	card, err := devices.CreateEthernetCard("vmxnet3", &types.VirtualEthernetCardNetworkBackingInfo{
		VirtualDeviceDeviceBackingInfo: types.VirtualDeviceDeviceBackingInfo{DeviceName: wanted.Network},
	})
	if err != nil {
		return nil, err
	}
	card.GetVirtualDevice().Key = 4000
	devices = append(devices, disk, card)
	return devices.ConfigSpec(types.VirtualDeviceConfigSpecOperationAdd)
}
