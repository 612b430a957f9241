package main

import (
	"slices"

	"github.com/vmware/govmomi/simulator"
	"github.com/vmware/govmomi/vim25/methods"
	"github.com/vmware/govmomi/vim25/soap"
	"github.com/vmware/govmomi/vim25/types"
)

// clusterBrowser is a cluster's environment browser, which knows GPUs.
type clusterBrowser struct {
	*simulator.EnvironmentBrowser
	lockFree
	vcenter *vcenter
}

// QueryConfigTarget tells what machines can have, on one host or on any of the cluster.
func (b *clusterBrowser) QueryConfigTarget(ctx *simulator.Context, r *types.QueryConfigTarget) soap.HasFault {
	return b.vcenter.configTarget(ctx, b.EnvironmentBrowser, r)
}

// QueryConfigTarget is the same for a machine's own browser.
func (b *machineBrowser) QueryConfigTarget(ctx *simulator.Context, r *types.QueryConfigTarget) soap.HasFault {
	return b.vcenter.configTarget(ctx, b.EnvironmentBrowser, r)
}

func (v *vcenter) configTarget(ctx *simulator.Context, browser *simulator.EnvironmentBrowser, r *types.QueryConfigTarget) soap.HasFault {
	var hosts references
	if r.Host == nil {
		hosts = v.hostsOf(browser)
	} else if _, exists := v.registry.Get(*r.Host).(*simulator.HostSystem); exists {
		hosts = references{*r.Host}
	} else {
		fault := explained(&types.ManagedObjectNotFound{Obj: *r.Host})
		return &methods.QueryConfigTargetBody{Fault_: simulator.Fault(fault.LocalizedMessage, fault.Fault)}
	}
	body := browser.QueryConfigTarget(ctx, r).(*methods.QueryConfigTargetBody)
	v.gpus.mutex.Lock()
	defer v.gpus.mutex.Unlock()
	for _, ref := range hosts {
		if host := v.gpus.hosts[ref]; host != nil {
			host.describe(body.Res.Returnval)
		}
	}
	return body
}

// hostsOf are the hosts of the browser's cluster.
func (v *vcenter) hostsOf(browser *simulator.EnvironmentBrowser) references {
	for _, entity := range v.registry.All("ClusterComputeResource") {
		cluster := entity.(*simulator.ClusterComputeResource)
		var found references
		v.locked(cluster, func() {
			if *cluster.EnvironmentBrowser == browser.Self {
				found = slices.Clone(cluster.Host)
			}
		})
		if found != nil {
			return found
		}
	}
	return nil
}

// describe adds what the host's GPUs offer.
func (h *hostGPUs) describe(target *types.ConfigTarget) {
	for _, card := range h.cards {
		if card.mode == modePassthrough {
			target.PciPassthrough = append(target.PciPassthrough, &types.VirtualMachinePciPassthroughInfo{
				VirtualMachineTargetInfo: types.VirtualMachineTargetInfo{Name: card.address},
				PciDevice:                card.pciDevice(), SystemId: h.systemID,
			})
			addDynamic(target, card)
		}
		for _, p := range h.profiles(card) {
			addProfile(target, p)
		}
	}
}

func addDynamic(target *types.ConfigTarget, card *gpu) {
	offer := types.VirtualMachineDynamicPassthroughInfo{
		VirtualMachineTargetInfo: types.VirtualMachineTargetInfo{Name: card.board.DeviceName},
		VendorName:               nvidiaName, DeviceName: card.board.DeviceName, CustomLabel: card.label,
		VendorId: nvidia, DeviceId: int32(card.board.Device),
	}
	same := func(other types.VirtualMachineDynamicPassthroughInfo) bool {
		return other.DeviceId == offer.DeviceId && other.CustomLabel == offer.CustomLabel
	}
	if !slices.ContainsFunc(target.DynamicPassthrough, same) {
		target.DynamicPassthrough = append(target.DynamicPassthrough, offer)
	}
}

// addProfile adds a vGPU profile, and the first time its board.
func addProfile(target *types.ConfigTarget, p *vgpuProfile) {
	named := types.VirtualMachineTargetInfo{Name: p.name}
	known := func(other types.VirtualMachinePciSharedGpuPassthroughInfo) bool { return other.Vgpu == p.name }
	if slices.ContainsFunc(target.SharedGpuPassthroughTypes, known) {
		return
	}
	target.SharedGpuPassthroughTypes = append(target.SharedGpuPassthroughTypes,
		types.VirtualMachinePciSharedGpuPassthroughInfo{VirtualMachineTargetInfo: named, Vgpu: p.name})
	device, sharing := int64(p.board.Device)<<16|nvidia, types.VirtualMachineVgpuProfileInfoProfileSharingTimeSliced
	if p.multiInstance() {
		sharing = types.VirtualMachineVgpuProfileInfoProfileSharingMig
	}
	target.VgpuProfileInfo = append(target.VgpuProfileInfo, types.VirtualMachineVgpuProfileInfo{
		VirtualMachineTargetInfo: named, ProfileName: p.name, DeviceVendorId: device, FbSizeInGib: int64(p.sizeGiB),
		ProfileSharing: string(sharing), ProfileClass: string(types.VirtualMachineVgpuProfileInfoProfileClassCompute),
	})
	if slices.ContainsFunc(target.VgpuDeviceInfo, func(other types.VirtualMachineVgpuDeviceInfo) bool { return other.DeviceName == p.board.Name }) {
		return
	}
	target.VgpuDeviceInfo = append(target.VgpuDeviceInfo, types.VirtualMachineVgpuDeviceInfo{
		VirtualMachineTargetInfo: types.VirtualMachineTargetInfo{Name: p.board.Name}, DeviceName: p.board.Name,
		DeviceVendorId: device, MaxFbSizeInGib: int64(p.board.MemoryGiB), TimeSlicedCapable: true,
		MigCapable: p.board.geometry != nil, ComputeProfileCapable: true,
	})
}
