package main

import (
	"fmt"
	"slices"

	"github.com/vmware/govmomi/simulator"
	"github.com/vmware/govmomi/units"
	"github.com/vmware/govmomi/vim25/types"
)

const (
	nvidiaName       = "NVIDIA Corporation"
	displayClass     = 0x0302 // 3D controller
	displayClassName = "3D controller"
)

// pciDevice is what the host's hardware list says.
func (g *gpu) pciDevice() types.HostPciDevice {
	device := types.HostPciDevice{
		Id: g.address, ClassId: displayClass, DeviceClassName: displayClassName,
		VendorId: nvidia, VendorName: nvidiaName, SubVendorId: nvidia,
		DeviceId: int16(g.board.Device), SubDeviceId: int16(g.board.SubDevice), DeviceName: g.board.DeviceName,
	}
	var domain int
	_, _ = fmt.Sscanf(g.address, "%x:%x:%x.%x", &domain, &device.Bus, &device.Slot, &device.Function) // checked by the inventory
	return device
}

func (g *gpu) passthroughInfo() types.BaseHostPciPassthruInfo {
	return &types.HostPciPassthruInfo{
		Id: g.address, DependentDevice: g.address, PassthruCapable: true,
		PassthruEnabled: g.mode == modePassthrough || g.mode == modePending,
		PassthruActive:  g.mode == modePassthrough, HardwareLabel: g.label,
	}
}

// graphicsTypes are the type and vGPU mode of each way to use a GPU.
var graphicsTypes = map[string]struct {
	kind types.HostGraphicsInfoGraphicsType
	mode types.HostGraphicsInfoVgpuMode
}{
	modePassthrough: {types.HostGraphicsInfoGraphicsTypeDirect, types.HostGraphicsInfoVgpuModeNone},
	modePending:     {types.HostGraphicsInfoGraphicsTypeBasic, types.HostGraphicsInfoVgpuModeNone},
	modeVGPU:        {types.HostGraphicsInfoGraphicsTypeSharedDirect, types.HostGraphicsInfoVgpuModeSameSize},
	modeMIG:         {types.HostGraphicsInfoGraphicsTypeSharedDirect, types.HostGraphicsInfoVgpuModeMultiInstanceGpu},
	modeShared:      {types.HostGraphicsInfoGraphicsTypeShared, types.HostGraphicsInfoVgpuModeNone},
	modeOff:         {types.HostGraphicsInfoGraphicsTypeBasic, types.HostGraphicsInfoVgpuModeNone},
}

func (g *gpu) graphicsInfo() types.HostGraphicsInfo {
	use := graphicsTypes[g.mode]
	return types.HostGraphicsInfo{
		DeviceName: g.board.DeviceName, VendorName: nvidiaName, PciId: g.address,
		GraphicsType: string(use.kind), VgpuMode: string(use.mode),
		MemorySizeInKB: int64(g.board.MemoryGiB) * units.MB, Vm: g.machines(),
	}
}

// profiles are the kinds of vGPUs that the GPU supports the way it is used now.
func (h *hostGPUs) profiles(card *gpu) (list []*vgpuProfile) {
	if !h.takesVGPUs() {
		return nil
	}
	for _, p := range card.board.profiles {
		if p.multiInstance() && card.mode == modeMIG || !p.multiInstance() && card.mode == modeVGPU {
			list = append(list, p)
		}
	}
	return list
}

// allProfiles are those of all GPUs, each once.
func (h *hostGPUs) allProfiles() (list []*vgpuProfile) {
	for _, card := range h.cards {
		for _, p := range h.profiles(card) {
			if !slices.Contains(list, p) {
				list = append(list, p)
			}
		}
	}
	return list
}

// graphicsConfig is how the host is set up.
func (h *hostGPUs) graphicsConfig() *types.HostGraphicsConfig {
	config := &types.HostGraphicsConfig{HostDefaultGraphicsType: h.defaultType, SharedPassthruAssignmentPolicy: h.assignment}
	for _, card := range h.cards {
		wanted := types.HostGraphicsConfigDeviceType{DeviceId: card.address, GraphicsType: string(types.HostGraphicsConfigGraphicsTypeShared)}
		if card.mode == modeVGPU || card.mode == modeMIG {
			wanted.GraphicsType = string(types.HostGraphicsConfigGraphicsTypeSharedDirect)
			wanted.VgpuMode = string(types.HostGraphicsConfigVgpuModeSameSize)
		}
		config.DeviceType = append(config.DeviceType, wanted)
	}
	return config
}

// properties are everything of the host that depends on its GPUs.
func (h *hostGPUs) properties() []types.PropertyChange {
	passthrough := make([]types.BaseHostPciPassthruInfo, 0, len(h.cards))
	graphics := make([]types.HostGraphicsInfo, 0, len(h.cards))
	for _, card := range h.cards {
		passthrough = append(passthrough, card.passthroughInfo())
		graphics = append(graphics, card.graphicsInfo())
	}
	var names []string
	var capabilities []types.HostSharedGpuCapabilities
	for _, p := range h.allProfiles() {
		names = append(names, p.name)
		capabilities = append(capabilities, types.HostSharedGpuCapabilities{Vgpu: p.name,
			DiskSnapshotSupported: true, MemorySnapshotSupported: true, SuspendSupported: true, MigrateSupported: true})
	}
	return []types.PropertyChange{
		{Name: "config.pciPassthruInfo", Val: passthrough}, {Name: "config.graphicsInfo", Val: graphics},
		{Name: "config.graphicsConfig", Val: h.graphicsConfig()}, {Name: "config.sharedPassthruGpuTypes", Val: names},
		{Name: "config.sharedGpuCapabilities", Val: capabilities},
	}
}

// refreshHost shows clients what has become of a host's GPUs; nil is none.
func (v *vcenter) refreshHost(ctx *simulator.Context, gpus *hostGPUs) {
	if gpus == nil {
		return
	}
	host := v.registry.Get(gpus.host).(*simulator.HostSystem)
	ctx.WithLock(host, func() {
		v.gpus.mutex.Lock()
		changes := gpus.properties()
		v.gpus.mutex.Unlock()
		ctx.Update(host, changes)
	})
}
