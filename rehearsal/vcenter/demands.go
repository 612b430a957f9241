package main

import (
	"slices"
	"strconv"
	"strings"

	"github.com/vmware/govmomi/simulator"
	"github.com/vmware/govmomi/vim25/mo"
	"github.com/vmware/govmomi/vim25/types"
)

const (
	hardwareForPlugins = 17 // vGPU and dynamic passthrough
	hardwareForSeveral = 20 // vGPUs
	defaultMMIOGiB     = 32
)

// demand is what a machine asks of the host where it starts.
type demand struct {
	needs       []need
	memoryMiB   int64
	reservedMiB int64
	efi         bool
	mmioGiB     int // address space for devices; zero is none above 4 GiB
	version     string
}

func (v *vcenter) demandOf(ref types.ManagedObjectReference) (d demand) {
	vm, exists := v.registry.Get(ref).(*simulator.VirtualMachine)
	if exists {
		v.locked(vm, func() { d = readDemand(&vm.VirtualMachine) })
	}
	return d
}

func readDemand(vm *mo.VirtualMachine) demand {
	config := vm.Config
	return demand{
		needs: needsOf(vm), memoryMiB: int64(config.Hardware.MemoryMB), reservedMiB: reservedMemory(config),
		efi:     config.Firmware == string(types.GuestOsDescriptorFirmwareTypeEfi),
		mmioGiB: mmioSpace(config.ExtraConfig), version: config.Version,
	}
}

// reservedMemory is in MiB.
func reservedMemory(config *types.VirtualMachineConfigInfo) int64 {
	if isTrue(config.MemoryReservationLockedToMax) {
		return int64(config.Hardware.MemoryMB)
	}
	if config.MemoryAllocation == nil || config.MemoryAllocation.Reservation == nil {
		return 0
	}
	return *config.MemoryAllocation.Reservation
}

func mmioSpace(config []types.BaseOptionValue) int {
	if !strings.EqualFold(guestinfo(config, "pciPassthru.use64bitMMIO"), "TRUE") {
		return 0
	}
	size := guestinfo(config, "pciPassthru.64bitMMIOSizeGB")
	if size == "" {
		return defaultMMIOGiB
	}
	number, err := strconv.Atoi(size)
	if err != nil {
		return 0
	}
	return number
}

// refusal is what keeps the machine from starting on any host.
func (d demand) refusal() *failure {
	if len(d.needs) == 0 {
		return nil
	}
	if d.reservedMiB != d.memoryMiB {
		return memoryNotReserved(d.memoryMiB)
	}
	if refused := hardwareRefusal(d.version, d.needs); refused != nil {
		return explained(refused)
	}
	var board *board
	for _, wanted := range d.needs {
		switch {
		case wanted.profile == nil:
		case board != nil && board != wanted.profile.board:
			return cannotMap() // vGPUs of one machine have to be of one kind of board
		default:
			board = wanted.profile.board
		}
	}
	return nil
}

// hardwareRefusal looks for devices that need newer virtual hardware.
func hardwareRefusal(version string, needs []need) types.BaseMethodFault {
	needed, plugins := 0, 0
	for _, wanted := range needs {
		if wanted.address == "" {
			needed = hardwareForPlugins
		}
		if wanted.profile != nil {
			plugins++
		}
	}
	if plugins > 1 {
		needed = hardwareForSeveral
	}
	if current, err := types.ParseHardwareVersion(version); err == nil && int(current) < needed {
		return hardwareTooOld(version, needed)
	}
	return nil
}

// mapRefusal looks whether firmware and address space are good enough for these GPUs.
func (d demand) mapRefusal(boards []*board) *failure {
	needed := 0
	for _, b := range boards {
		needed += b.MMIOGiB
		if !b.SmallBAR && !d.efi {
			return cannotMap()
		}
	}
	if needed > d.mmioGiB {
		return cannotMap()
	}
	return nil
}

// The order in which a host looks at a machine: who gets further is closer to fitting.
const (
	stageDevices = iota
	stageMemory
	stageMapping
)

// hostRefusal says whether the machine can start on a host, and otherwise how far it came.
func (v *vcenter) hostRefusal(d demand, host load) (*failure, int) {
	boards, refused := v.gpus.boardsFor(host.host, d.needs)
	if refused != nil {
		return refused, stageDevices
	}
	if free := host.capacityMiB - host.reservedMiB; d.reservedMiB > free {
		return notEnoughMemory(max(free, 0), d.reservedMiB), stageMemory
	}
	return d.mapRefusal(boards), stageMapping
}

// takers are the hosts where the machine can start, or the reason of the one that comes closest.
func (v *vcenter) takers(d demand, hosts []load) ([]load, *failure) {
	hosts = v.ownHosts(d, hosts)
	var able []load
	var closest *failure
	furthest := -1
	for _, host := range hosts {
		refused, stage := v.hostRefusal(d, host)
		switch {
		case refused == nil:
			able = append(able, host)
		case stage > furthest:
			closest, furthest = refused, stage
		}
	}
	if len(able) == 0 {
		return nil, closest
	}
	return able, nil
}

// ownHosts are the hosts that the machine's static devices name, if any of them is there: their reasons count.
func (v *vcenter) ownHosts(d demand, hosts []load) []load {
	at := slices.IndexFunc(d.needs, func(n need) bool { return n.address != "" })
	if at < 0 {
		return hosts
	}
	own := slices.DeleteFunc(slices.Clone(hosts), func(l load) bool {
		host := v.gpus.of(l.host)
		return host == nil || !strings.EqualFold(host.systemID, d.needs[at].systemID)
	})
	if len(own) == 0 {
		return hosts
	}
	return own
}
