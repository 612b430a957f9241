package main

import (
	"fmt"
	"strings"

	"github.com/vmware/govmomi/object"
	"github.com/vmware/govmomi/simulator"
	"github.com/vmware/govmomi/units"
	"github.com/vmware/govmomi/vim25/types"
)

// template creates a powered-off machine on the given host's cluster and marks it as a template.
func (b *worldBuilder) template(root *object.Folder, host *simulator.HostSystem, wanted Template) error {
	folder, err := b.folderBelow(root, wanted.Folder)
	if err != nil {
		return err
	}
	devices, err := templateDevices(wanted, b.cardBacking(host, wanted.Network))
	if err != nil {
		return err
	}
	spec := types.VirtualMachineConfigSpec{
		Name:         wanted.Name,
		Annotation:   wanted.Notes,
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

// folderBelow is the folder of a path below another one; what is missing is created.
func (b *worldBuilder) folderBelow(folder *object.Folder, path string) (*object.Folder, error) {
	for _, name := range strings.FieldsFunc(path, func(r rune) bool { return r == '/' }) {
		parent := b.registry.Get(folder.Reference()).(*simulator.Folder)
		if existing := b.registry.FindByName(name, parent.ChildEntity); existing != nil {
			folder = object.NewFolder(b.client, existing.Reference())
			continue
		}
		created, err := folder.CreateFolder(b.context, name)
		if err != nil {
			return nil, fmt.Errorf("folder %s: %w", name, err)
		}
		folder = created
	}
	return folder, nil
}

// cardBacking connects a card to a network of the host, which may be a port group of a distributed switch.
func (b *worldBuilder) cardBacking(host *simulator.HostSystem, network string) types.BaseVirtualDeviceBackingInfo {
	group, distributed := b.registry.FindByName(network, host.Network).(*simulator.DistributedVirtualPortgroup)
	if !distributed {
		return &types.VirtualEthernetCardNetworkBackingInfo{
			VirtualDeviceDeviceBackingInfo: types.VirtualDeviceDeviceBackingInfo{DeviceName: network},
		}
	}
	dvs := b.registry.Get(*group.Config.DistributedVirtualSwitch).(*simulator.DistributedVirtualSwitch)
	return &types.VirtualEthernetCardDistributedVirtualPortBackingInfo{
		Port: types.DistributedVirtualSwitchPortConnection{SwitchUuid: dvs.Uuid, PortgroupKey: group.Key},
	}
}

// templateDevices are a paravirtual SCSI controller, one thin disk and one vmxnet3 card.
func templateDevices(wanted Template, network types.BaseVirtualDeviceBackingInfo) ([]types.BaseVirtualDeviceConfigSpec, error) {
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
	card, err := devices.CreateEthernetCard("vmxnet3", network)
	if err != nil {
		return nil, err
	}
	card.GetVirtualDevice().Key = 4000
	devices = append(devices, disk, card)
	return devices.ConfigSpec(types.VirtualDeviceConfigSpecOperationAdd)
}
