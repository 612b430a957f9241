package main

import (
	"strconv"

	"github.com/vmware/govmomi/vim25/types"
)

const crowdHardware = "vmx-20"

// spec is the configuration of all machines of an entry; with devices, everything that these ask for is set.
func (c *crowd) spec(datastore string) types.VirtualMachineConfigSpec {
	spec := types.VirtualMachineConfigSpec{
		Name: c.wanted.nameOf(1), GuestId: string(types.VirtualMachineGuestOsIdentifierUbuntu64Guest), Version: crowdHardware,
		Firmware: string(types.GuestOsDescriptorFirmwareTypeEfi), NumCPUs: int32(c.wanted.CPUs), MemoryMB: int64(c.wanted.MemoryMiB),
		Files: &types.VirtualMachineFileInfo{VmPathName: "[" + datastore + "]"},
	}
	backings, mmio := c.backings()
	if len(backings) == 0 {
		return spec
	}
	for i, backing := range backings {
		device := &types.VirtualPCIPassthrough{VirtualDevice: types.VirtualDevice{Key: int32(-200 - i), Backing: backing}}
		spec.DeviceChange = append(spec.DeviceChange,
			&types.VirtualDeviceConfigSpec{Operation: types.VirtualDeviceConfigSpecOperationAdd, Device: device})
	}
	spec.MemoryReservationLockedToMax = types.NewBool(true)
	spec.MemoryAllocation = &types.ResourceAllocationInfo{Reservation: &spec.MemoryMB}
	spec.ExtraConfig = []types.BaseOptionValue{
		&types.OptionValue{Key: "pciPassthru.use64bitMMIO", Value: "TRUE"},
		&types.OptionValue{Key: "pciPassthru.64bitMMIOSizeGB", Value: strconv.Itoa(mmio)},
	}
	return spec
}

// backings are those of the entry's devices, with the address space that they take.
func (c *crowd) backings() (list []types.BaseVirtualDeviceBackingInfo, mmioGiB int) {
	if p := knownBoards.profiles[c.wanted.Profile.Name]; p != nil {
		for range orOne(c.wanted.Profile.Count) {
			list = append(list, &types.VirtualPCIPassthroughVmiopBackingInfo{Vgpu: p.name})
			mmioGiB += p.board.MMIOGiB
		}
	}
	if len(c.wanted.Devices.Addresses) == 0 {
		return list, mmioGiB
	}
	for _, ref := range c.cluster.Host {
		if host := c.builder.vcenter.gpus.of(ref); c.builder.vcenter.nameOfHost(ref) == c.wanted.Devices.Host {
			for _, address := range c.wanted.Devices.Addresses {
				list = append(list, &types.VirtualPCIPassthroughDeviceBackingInfo{Id: address, SystemId: host.systemID, VendorId: nvidia})
				mmioGiB += host.at(address).board.MMIOGiB
			}
		}
	}
	return list, mmioGiB
}
