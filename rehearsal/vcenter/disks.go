package main

import (
	"github.com/google/uuid"

	"github.com/vmware/govmomi/object"
	"github.com/vmware/govmomi/vim25/types"
)

const (
	ownSCSIUnit        = 7 // a SCSI controller takes this unit itself
	unitsOfPVSCSI      = 64
	unitsOfController  = 16
	firstIDEController = 200 // every machine has two, also one that is being made
)

// slot is a place for a device on a controller.
type slot struct{ controller, unit int32 }

// checkDiskSlots refuses disks where no disk can be, or where another device is.
func (m *machine) checkDiskSlots(changes []types.BaseVirtualDeviceConfigSpec) types.BaseMethodFault {
	devices := object.VirtualDeviceList(m.vm.Config.Hardware.Device)
	occupied := map[slot]int32{}
	for _, device := range devices {
		if at, placed := slotOf(device); placed {
			occupied[at] = device.GetVirtualDevice().Key
		}
	}
	for i, change := range changes {
		spec := change.GetVirtualDeviceConfigSpec()
		key := spec.Device.GetVirtualDevice().Key
		if spec.Operation != types.VirtualDeviceConfigSpecOperationAdd {
			if before := devices.FindByKey(key); before != nil {
				at, _ := slotOf(before)
				delete(occupied, at)
			}
		} else {
			devices = append(devices, spec.Device)
		}
		at, placed := slotOf(spec.Device)
		if !placed || spec.Operation == types.VirtualDeviceConfigSpecOperationRemove {
			continue
		}
		if _, isDisk := spec.Device.(*types.VirtualDisk); isDisk {
			if _, taken := occupied[at]; taken || !canHoldDisk(devices, changes, at) {
				return invalidDevice(i)
			}
		}
		occupied[at] = key
	}
	return nil
}

func slotOf(device types.BaseVirtualDevice) (slot, bool) {
	virtual := device.GetVirtualDevice()
	if virtual.UnitNumber == nil || virtual.ControllerKey == 0 {
		return slot{}, false
	}
	return slot{virtual.ControllerKey, *virtual.UnitNumber}, true
}

// canHoldDisk looks at the controller, which may be a new one of the same change.
func canHoldDisk(devices object.VirtualDeviceList, changes []types.BaseVirtualDeviceConfigSpec, at slot) bool {
	controller := devices.FindByKey(at.controller)
	for _, change := range changes {
		if device := change.GetVirtualDeviceConfigSpec().Device; controller == nil && device.GetVirtualDevice().Key == at.controller {
			controller = device
		}
	}
	units := int32(unitsOfController)
	switch controller.(type) {
	case nil:
		return at.controller == firstIDEController || at.controller == firstIDEController+1
	case *types.ParaVirtualSCSIController:
		units = unitsOfPVSCSI
	}
	_, isSCSI := controller.(types.BaseVirtualSCSIController)
	_, isController := controller.(types.BaseVirtualController)
	return isController && at.unit >= 0 && at.unit < units && !(isSCSI && at.unit == ownSCSIUnit)
}

// giveDiskIdentifier keeps a disk's identifier, or gives a new disk one. The simulator derives it from the file's name,
// so that a disk's successor would have the same.
func giveDiskIdentifier(disk *types.VirtualDisk, existing types.BaseVirtualDevice) {
	backing, isFlat := disk.Backing.(*types.VirtualDiskFlatVer2BackingInfo)
	if !isFlat || backing.Uuid != "" {
		return
	}
	if before, isDisk := existing.(*types.VirtualDisk); isDisk {
		if kept, isFlat := before.Backing.(*types.VirtualDiskFlatVer2BackingInfo); isFlat {
			backing.Uuid = kept.Uuid
			return
		}
	}
	backing.Uuid = newDiskIdentifier()
}

// newDiskIdentifier begins as all of VMware's do.
func newDiskIdentifier() string { return "6000C29" + uuid.NewString()[7:] }

// freshDisks gives the copied disks identifiers of their own.
func (m *machine) freshDisks() {
	m.vcenter.locked(m.vm, func() {
		for _, device := range m.vm.Config.Hardware.Device {
			if disk, isDisk := device.(*types.VirtualDisk); isDisk {
				if backing, isFlat := disk.Backing.(*types.VirtualDiskFlatVer2BackingInfo); isFlat {
					backing.Uuid = newDiskIdentifier()
				}
			}
		}
	})
}
