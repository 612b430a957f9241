package main

import (
	"cmp"
	"log"
	"slices"
	"time"

	"github.com/vmware/govmomi/simulator"
	"github.com/vmware/govmomi/units"
	"github.com/vmware/govmomi/vim25/mo"
	"github.com/vmware/govmomi/vim25/types"
)

// machineReport is what the control endpoint tells about a machine, read from the simulator itself.
type machineReport struct {
	Name      string   `json:"name"`
	Path      string   `json:"path"`
	Power     string   `json:"power"`
	Address   string   `json:"address"`
	Host      string   `json:"host"`
	CPUs      int32    `json:"cpus"`
	MemoryMiB int32    `json:"memoryMiB"`
	DisksGiB  []int64  `json:"disksGiB"`
	UUID      string   `json:"uuid"`
	Tags      []string `json:"tags"`
	Template  bool     `json:"template"`
	BootTime  string   `json:"bootTime"`  // empty for one that is off
	Connected bool     `json:"connected"` // whether its first network card is

	Devices []deviceReport `json:"devices"` // of a machine that runs
}

// deviceReport is a GPU, or a part of one, that a running machine has.
type deviceReport struct {
	Kind    string `json:"kind"` // static, dynamic or vgpu
	Host    string `json:"host"`
	Address string `json:"address"`
	Profile string `json:"profile,omitempty"`
}

func (v *vcenter) machines() []machineReport {
	reports := []machineReport{}
	for _, entity := range v.registry.All("VirtualMachine") {
		vm := entity.(*simulator.VirtualMachine)
		var report machineReport
		var parent, host *types.ManagedObjectReference
		v.locked(vm, func() {
			parent, host = vm.Parent, vm.Runtime.Host
			report = machineReport{
				Name: vm.Name, Power: string(vm.Runtime.PowerState), Address: vm.Guest.IpAddress,
				CPUs: vm.Config.Hardware.NumCPU, MemoryMiB: vm.Config.Hardware.MemoryMB,
				DisksGiB: disksOf(vm), UUID: vm.Config.Uuid, Template: vm.Config.Template,
			}
			report.Connected = firstCardConnected(vm)
			if vm.Runtime.BootTime != nil && vm.Runtime.PowerState == types.VirtualMachinePowerStatePoweredOn {
				report.BootTime = vm.Runtime.BootTime.Format(time.RFC3339Nano)
			}
		})
		if host == nil {
			continue // it is being made
		}
		report.Host = v.nameOf(v.registry.Get(*host).(mo.Entity))
		report.Path = v.pathOf(parent) + "/" + report.Name
		report.Tags = v.tagsOf(vm.Self)
		report.Devices = v.devicesOf(vm.Self)
		reports = append(reports, report)
	}
	slices.SortFunc(reports, func(a, b machineReport) int { return cmp.Compare(a.Path, b.Path) })
	return reports
}

func (v *vcenter) devicesOf(machine types.ManagedObjectReference) []deviceReport {
	reports := []deviceReport{}
	for _, used := range v.gpus.usedBy(machine) {
		report := deviceReport{Kind: used.need.kind(), Host: v.nameOfHost(used.host.host), Address: used.card.address}
		if used.need.profile != nil {
			report.Profile = used.need.profile.name
		}
		reports = append(reports, report)
	}
	return reports
}

func disksOf(vm *simulator.VirtualMachine) []int64 {
	sizes := []int64{}
	for _, device := range vm.Config.Hardware.Device {
		if disk, ok := device.(*types.VirtualDisk); ok {
			sizes = append(sizes, disk.CapacityInBytes/units.GB)
		}
	}
	return sizes
}

// firstCardConnected is false for a machine without a card, and for one that is off.
func firstCardConnected(vm *simulator.VirtualMachine) bool {
	for _, device := range vm.Config.Hardware.Device {
		if _, isCard := device.(types.BaseVirtualEthernetCard); isCard {
			return isConnected(device)
		}
	}
	return false
}

// pathOf is the inventory path, without the root folder, as vSphere's tools write it.
func (v *vcenter) pathOf(ref *types.ManagedObjectReference) string {
	path := ""
	for ref != nil {
		entity, ok := v.registry.Get(*ref).(mo.Entity)
		if !ok || entity.Entity().Parent == nil {
			break
		}
		path = "/" + v.nameOf(entity) + path
		ref = entity.Entity().Parent
	}
	return path
}

func (v *vcenter) tagsOf(ref types.ManagedObjectReference) []string {
	v.tags.Lock()
	defer v.tags.Unlock()
	names := []string{}
	attached, _ := v.tags.AttachedTags(ref) // never fails
	for _, id := range attached {
		_, name, fault := v.tags.GetTagCategoryAndName(id)
		if fault != nil {
			log.Printf("tag %s: %T", id, fault)
			continue
		}
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}
