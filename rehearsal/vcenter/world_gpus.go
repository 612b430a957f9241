package main

import (
	"slices"

	"github.com/vmware/govmomi/simulator"
	"github.com/vmware/govmomi/vim25/mo"
	"github.com/vmware/govmomi/vim25/types"
)

// keptChipset is how many of the simulator's sample devices a host keeps: nobody looks at them, but a thousand hosts'
// make answers long.
const keptChipset = 3

// equipWithGPUs gives a host the inventory's GPUs and graphics settings.
func (b *worldBuilder) equipWithGPUs(host *simulator.HostSystem, wanted Host) {
	gpus := &hostGPUs{host: host.Self, systemID: host.Hardware.SystemInfo.Uuid, maintenance: wanted.Maintenance,
		defaultType: wanted.Graphics.DefaultType, assignment: wanted.Graphics.Assignment}
	if gpus.defaultType == "" {
		gpus.defaultType = usualType(wanted.GPUs)
	}
	if gpus.assignment == "" {
		gpus.assignment = string(types.HostGraphicsConfigSharedPassthruAssignmentPolicyPerformance)
	}
	devices := slices.Clone(host.Hardware.PciDevice[:keptChipset])
	for _, card := range wanted.GPUs {
		added := &gpu{board: knownBoards.boards[card.Board], address: card.Address, mode: card.Mode, original: card.Mode, label: card.Label}
		gpus.cards = append(gpus.cards, added)
		devices = append(devices, added.pciDevice())
	}
	host.Hardware.PciDevice = devices
	shares := usualType(wanted.GPUs) == string(types.HostGraphicsConfigGraphicsTypeSharedDirect)
	host.ConfigManager.ImageConfigManager = b.installPackages(host.Self, wanted.Graphics, shares)
	host.Runtime.InMaintenanceMode = wanted.Maintenance
	mo.ApplyPropertyChange(&host.HostSystem, gpus.properties())
	b.vcenter.gpus.add(gpus)
}

// usualType lets vGPUs start where a GPU is meant for them.
func usualType(cards []GPU) string {
	for _, card := range cards {
		if card.Mode == modeVGPU || card.Mode == modeMIG {
			return string(types.HostGraphicsConfigGraphicsTypeSharedDirect)
		}
	}
	return string(types.HostGraphicsConfigGraphicsTypeShared)
}
