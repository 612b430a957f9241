package main

import (
	"slices"
	"strings"

	"github.com/vmware/govmomi/vim25/mo"
	"github.com/vmware/govmomi/vim25/types"
)

// need is a device that a machine has to get on the host where it runs: a certain one (address), any that matches
// (allowed, label), or a vGPU (profile).
type need struct {
	key      int32 // of the virtual device
	address  string
	systemID string
	allowed  []types.VirtualPCIPassthroughAllowedDevice
	label    string
	profile  *vgpuProfile
}

// kind is what the control endpoint calls it.
func (n need) kind() string {
	switch {
	case n.profile != nil:
		return "vgpu"
	case n.address != "":
		return "static"
	}
	return "dynamic"
}

// order puts first what leaves least choice.
func (n need) order() int {
	switch {
	case n.profile != nil:
		return 3
	case n.address != "":
		return 0
	case n.label != "":
		return 1
	}
	return 2
}

// like tells whether a device that suits one need suits the other.
func (n need) like(other need) bool {
	return n.profile == other.profile && n.address == "" && other.address == "" && n.label == other.label &&
		slices.Equal(n.allowed, other.allowed)
}

// allows compares a GPU with what dynamic passthrough asks for; what is not given may be anything.
func (n need) allows(card *gpu) bool {
	if n.label != "" && n.label != card.label {
		return false
	}
	return slices.ContainsFunc(n.allowed, func(a types.VirtualPCIPassthroughAllowedDevice) bool {
		return a.VendorId == nvidia && a.DeviceId == int32(card.board.Device) &&
			(a.SubVendorId == 0 || a.SubVendorId == nvidia) && (a.SubDeviceId == 0 || a.SubDeviceId == int32(card.board.SubDevice))
	})
}

// needsOf are a machine's devices. The caller has locked it.
func needsOf(vm *mo.VirtualMachine) (needs []need) {
	for _, device := range vm.Config.Hardware.Device {
		passthrough, ok := device.(*types.VirtualPCIPassthrough)
		if !ok {
			continue
		}
		wanted := need{key: passthrough.Key}
		switch backing := passthrough.Backing.(type) {
		case *types.VirtualPCIPassthroughDeviceBackingInfo:
			wanted.address, wanted.systemID = strings.ToLower(backing.Id), backing.SystemId
		case *types.VirtualPCIPassthroughDynamicBackingInfo:
			wanted.allowed, wanted.label = backing.AllowedDevice, backing.CustomLabel
		case *types.VirtualPCIPassthroughVmiopBackingInfo:
			wanted.profile = knownBoards.profiles[backing.Vgpu]
		default:
			continue
		}
		needs = append(needs, wanted)
	}
	return needs
}
