package main

import (
	"bytes"

	"github.com/vmware/govmomi/object"
	"github.com/vmware/govmomi/simulator"
	"github.com/vmware/govmomi/vim25/mo"
	"github.com/vmware/govmomi/vim25/types"
	"github.com/vmware/govmomi/vim25/xml"
)

// prepareDevices refuses impossible device changes and completes the others, before the simulator, which
// would not survive some of them, sees any.
func (m *machine) prepareDevices(changes []types.BaseVirtualDeviceConfigSpec) types.BaseMethodFault {
	devices := object.VirtualDeviceList(m.vm.Config.Hardware.Device)
	for i, change := range changes {
		spec := change.GetVirtualDeviceConfigSpec()
		if spec.Device == nil {
			return invalidDevice(i)
		}
		existing := devices.FindByKey(spec.Device.GetVirtualDevice().Key)
		switch spec.Operation {
		case types.VirtualDeviceConfigSpecOperationEdit:
			if existing == nil {
				return invalidDevice(i)
			}
			keepUnchanged(spec.Device.GetVirtualDevice(), existing.GetVirtualDevice())
		case types.VirtualDeviceConfigSpecOperationRemove:
			if existing == nil {
				return invalidDevice(i)
			}
			spec.Device = existing
			continue
		default:
			existing = nil
		}
		if refused := m.completeDevice(spec, existing, i); refused != nil {
			return refused
		}
		if shrinks(spec.Device, existing) {
			fault := &types.InvalidDeviceOperation{BadOp: spec.Operation}
			fault.Property, fault.DeviceIndex = "virtualDeviceSpec.device", int32(i)
			return fault
		}
	}
	return m.checkDiskSlots(changes)
}

func invalidDevice(index int) types.BaseMethodFault {
	fault := &types.InvalidDeviceSpec{DeviceIndex: int32(index)}
	fault.Property = "virtualDeviceSpec.device"
	return fault
}

// keepUnchanged completes an edit: what the caller leaves out stays as it is.
func keepUnchanged(device, existing *types.VirtualDevice) {
	if device.Backing == nil {
		device.Backing = existing.Backing
	}
	if device.ControllerKey == 0 {
		device.ControllerKey = existing.ControllerKey
	}
	if device.UnitNumber == nil {
		device.UnitNumber = existing.UnitNumber
	}
	if device.Connectable == nil {
		device.Connectable = existing.Connectable
	}
}

// completeDevice fills in what a vCenter would choose, and refuses backings that do not exist.
func (m *machine) completeDevice(spec *types.VirtualDeviceConfigSpec, existing types.BaseVirtualDevice, index int) types.BaseMethodFault {
	switch device := spec.Device.(type) {
	case types.BaseVirtualEthernetCard:
		card := device.GetVirtualEthernetCard()
		if before, ok := existing.(types.BaseVirtualEthernetCard); ok && card.MacAddress == "" {
			card.MacAddress = before.GetVirtualEthernetCard().MacAddress
		}
		if card.MacAddress == "" {
			card.MacAddress = m.vcenter.cards.next()
		}
		if card.AddressType == "" {
			card.AddressType = string(types.VirtualEthernetCardMacTypeAssigned)
		}
		return m.vcenter.checkNetwork(m.vm, card.Backing, index)
	case *types.VirtualDisk:
		completeSize(device, existing)
		backing, ok := device.Backing.(types.BaseVirtualDeviceFileBackingInfo)
		if !ok || !m.vcenter.datastoreExists(m.vm, backing.GetVirtualDeviceFileBackingInfo().FileName) {
			return invalidDevice(index)
		}
		giveDiskIdentifier(device, existing)
	}
	return nil
}

// completeSize makes the disk's two sizes agree: the one that was changed counts.
func completeSize(disk *types.VirtualDisk, existing types.BaseVirtualDevice) {
	before, edited := existing.(*types.VirtualDisk)
	if disk.CapacityInBytes == 0 || edited && disk.CapacityInBytes == before.CapacityInBytes {
		disk.CapacityInBytes = disk.CapacityInKB * 1024
	}
	if disk.CapacityInBytes == 0 && edited {
		disk.CapacityInBytes = before.CapacityInBytes
	}
	disk.CapacityInKB = disk.CapacityInBytes / 1024
}

func shrinks(device, existing types.BaseVirtualDevice) bool {
	disk, isDisk := device.(*types.VirtualDisk)
	before, edited := existing.(*types.VirtualDisk)
	return isDisk && edited && disk.CapacityInBytes < before.CapacityInBytes
}

// checkNetwork refuses a network that the machine's host does not have.
func (v *vcenter) checkNetwork(vm *simulator.VirtualMachine, backing types.BaseVirtualDeviceBackingInfo, index int) types.BaseMethodFault {
	host := v.registry.Get(*vm.Runtime.Host).(*simulator.HostSystem)
	switch wanted := backing.(type) {
	case *types.VirtualEthernetCardNetworkBackingInfo:
		if _, isStandard := v.registry.FindByName(wanted.DeviceName, host.Network).(*mo.Network); !isStandard {
			return invalidDevice(index)
		}
	case *types.VirtualEthernetCardDistributedVirtualPortBackingInfo:
		return v.checkPort(host, wanted.Port)
	case nil:
		return invalidDevice(index)
	}
	return nil
}

// datastoreExists looks at a path such as "[datastore-01] vm/disk.vmdk"; none means the machine's own.
func (v *vcenter) datastoreExists(vm *simulator.VirtualMachine, file string) bool {
	var path object.DatastorePath
	if !path.FromString(file) || path.Datastore == "" {
		return file == ""
	}
	host := v.registry.Get(*vm.Runtime.Host).(*simulator.HostSystem)
	return v.registry.FindByName(path.Datastore, host.Datastore) != nil
}

// copyDevice copies deeply, the way a client would get it.
func copyDevice(device types.BaseVirtualDevice) types.BaseVirtualDevice {
	list := types.ArrayOfVirtualDevice{VirtualDevice: []types.BaseVirtualDevice{device}}
	content, err := xml.Marshal(list)
	if err != nil {
		panic(err) // a device that came in as XML goes out as XML
	}
	var copied types.ArrayOfVirtualDevice
	decoder := xml.NewDecoder(bytes.NewReader(content))
	decoder.TypeFunc = types.TypeFunc()
	if err := decoder.Decode(&copied); err != nil {
		panic(err)
	}
	return copied.VirtualDevice[0]
}
