package main

import (
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/vmware/govmomi/object"
	"github.com/vmware/govmomi/vim25/types"
)

const (
	mostPassthrough     = 16
	pciController       = 100
	firstPassthroughKey = 13000 // as a vCenter counts
	firstPassthrough    = 18    // unit on the PCI controller: cards and disk controllers come before
)

var pciAddress = regexp.MustCompile(`^[0-9a-fA-F]{4}:[0-9a-fA-F]{2}:[01][0-9a-fA-F]\.[0-7]$`)

// preparePassthrough refuses passthrough devices that cannot be, and gives the others their keys and places.
func (m *machine) preparePassthrough(spec types.VirtualMachineConfigSpec) types.BaseMethodFault {
	devices := object.VirtualDeviceList(slices.Clone(m.vm.Config.Hardware.Device))
	given := map[int32]bool{}
	for i, change := range spec.DeviceChange {
		wanted := change.GetVirtualDeviceConfigSpec()
		device, isPassthrough := wanted.Device.(*types.VirtualPCIPassthrough)
		if !isPassthrough {
			continue
		}
		if wanted.Operation == types.VirtualDeviceConfigSpecOperationRemove {
			devices = slices.DeleteFunc(devices, func(d types.BaseVirtualDevice) bool { return d.GetVirtualDevice().Key == device.Key })
			continue
		}
		if wanted.Operation == types.VirtualDeviceConfigSpecOperationAdd {
			if device.Key != 0 && given[device.Key] {
				fault := invalidDevice(i).(*types.InvalidDeviceSpec)
				return said(fault, "Cannot add multiple devices using the same device key.")
			}
			given[device.Key] = true
			placePassthrough(device, devices)
			devices = append(devices, device)
		} else if at := slices.IndexFunc(devices, func(d types.BaseVirtualDevice) bool { return d.GetVirtualDevice().Key == device.Key }); at >= 0 {
			keepUnchanged(&device.VirtualDevice, devices[at].GetVirtualDevice())
			devices[at] = device
		}
		if refused := m.completeBacking(device, i); refused != nil {
			return refused
		}
	}
	return m.checkPassthrough(devices, spec)
}

// checkPassthrough looks at all devices that the machine would have.
func (m *machine) checkPassthrough(devices object.VirtualDeviceList, spec types.VirtualMachineConfigSpec) types.BaseMethodFault {
	touched := slices.ContainsFunc(spec.DeviceChange, func(change types.BaseVirtualDeviceConfigSpec) bool {
		_, isPassthrough := change.GetVirtualDeviceConfigSpec().Device.(*types.VirtualPCIPassthrough)
		return isPassthrough
	})
	if !touched {
		return nil
	}
	all := devices.SelectByType((*types.VirtualPCIPassthrough)(nil))
	if len(all) > mostPassthrough {
		fault := &types.TooManyDevices{}
		fault.Property = "configSpec.deviceChange"
		return fault
	}
	version := spec.Version
	if version == "" {
		version = m.vm.Config.Version
	}
	for _, device := range all {
		_, isStatic := device.GetVirtualDevice().Backing.(*types.VirtualPCIPassthroughDeviceBackingInfo)
		if isStatic {
			continue
		}
		if current, err := types.ParseHardwareVersion(version); err == nil && current < hardwareForPlugins {
			return hardwareTooOld(version, hardwareForPlugins)
		}
	}
	return nil
}

// placePassthrough puts a new device on the PCI controller, in the first place that is free.
func placePassthrough(device *types.VirtualPCIPassthrough, devices object.VirtualDeviceList) {
	for key, unit := int32(firstPassthroughKey), int32(firstPassthrough); ; key, unit = key+1, unit+1 {
		taken := slices.ContainsFunc(devices, func(other types.BaseVirtualDevice) bool {
			d := other.GetVirtualDevice()
			return d.Key == key || d.ControllerKey == pciController && d.UnitNumber != nil && *d.UnitNumber == unit
		})
		if !taken {
			device.Key, device.ControllerKey, device.UnitNumber = key, pciController, &unit
			device.DeviceInfo = &types.Description{Label: fmt.Sprintf("PCI device %d", key-firstPassthroughKey)}
			return
		}
	}
}

// completeBacking refuses what is malformed or unknown everywhere, and fills in what a vCenter knows.
func (m *machine) completeBacking(device *types.VirtualPCIPassthrough, index int) types.BaseMethodFault {
	refused := &types.InvalidDeviceBacking{}
	refused.Property, refused.DeviceIndex = "virtualDeviceSpec.device.backing", int32(index)
	switch backing := device.Backing.(type) {
	case *types.VirtualPCIPassthroughDeviceBackingInfo:
		if !pciAddress.MatchString(backing.Id) || !m.vcenter.gpus.knowsSystem(backing.SystemId) {
			return refused
		}
		backing.Id = strings.ToLower(backing.Id)
		setSummary(device, backing.Id)
	case *types.VirtualPCIPassthroughDynamicBackingInfo:
		if len(backing.AllowedDevice) == 0 {
			return refused
		}
		backing.AssignedId = "" // whatever the caller says
		setSummary(device, "Dynamic DirectPath IO")
	case *types.VirtualPCIPassthroughVmiopBackingInfo:
		if knownBoards.profiles[backing.Vgpu] == nil {
			return refused
		}
		backing.MigrateSupported = types.NewBool(true)
		setSummary(device, "NVIDIA GRID vGPU "+backing.Vgpu)
	default:
		return refused
	}
	return nil
}

func setSummary(device *types.VirtualPCIPassthrough, summary string) {
	if device.DeviceInfo == nil {
		device.DeviceInfo = &types.Description{}
	}
	device.DeviceInfo.GetDescription().Summary = summary
}
