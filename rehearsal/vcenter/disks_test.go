package main

import (
	"testing"

	"github.com/vmware/govmomi/object"
	"github.com/vmware/govmomi/vim25/types"
)

func (l *lab) disks(vm *object.VirtualMachine) (disks []*types.VirtualDisk) {
	l.t.Helper()
	devices, err := vm.Device(l.ctx)
	l.must(err)
	for _, device := range devices.SelectByType((*types.VirtualDisk)(nil)) {
		disks = append(disks, device.(*types.VirtualDisk))
	}
	return disks
}

func fileOf(disk *types.VirtualDisk) string {
	return disk.Backing.(*types.VirtualDiskFlatVer2BackingInfo).FileName
}

// newDisk is a thin disk on the template's controller.
func newDisk(key, unit int32, gibibytes int64) *types.VirtualDisk {
	disk := &types.VirtualDisk{CapacityInKB: gibibytes << 20}
	disk.Key, disk.ControllerKey, disk.UnitNumber = key, 1000, types.NewInt32(unit)
	disk.Backing = &types.VirtualDiskFlatVer2BackingInfo{DiskMode: "persistent", ThinProvisioned: types.NewBool(true)}
	return disk
}

func addedDisk(disk *types.VirtualDisk) *types.VirtualDeviceConfigSpec {
	return &types.VirtualDeviceConfigSpec{
		Operation: types.VirtualDeviceConfigSpecOperationAdd, FileOperation: types.VirtualDeviceConfigSpecFileOperationCreate, Device: disk}
}

func (l *lab) changeDevices(vm *object.VirtualMachine, changes ...types.BaseVirtualDeviceConfigSpec) error {
	return l.wait(vm.Reconfigure(l.ctx, types.VirtualMachineConfigSpec{DeviceChange: changes}))
}

func TestSeveralDisks(t *testing.T) {
	l := newLab(t)
	vm := l.clone("node-1", nil)
	l.must(l.changeDevices(vm, addedDisk(newDisk(-1, 1, 30)), addedDisk(newDisk(-2, 15, 40))))
	l.must(l.changeDevices(vm, addedDisk(newDisk(-1, 8, 50))))
	files, identifiers, keys := map[string]bool{}, map[string]bool{}, map[int32]bool{}
	var units []int32
	for _, disk := range l.disks(vm) {
		files[fileOf(disk)], keys[disk.Key] = true, true
		identifiers[disk.Backing.(*types.VirtualDiskFlatVer2BackingInfo).Uuid] = true
		units = append(units, *disk.UnitNumber)
	}
	if len(files) != 4 || len(identifiers) != 4 || identifiers[""] || len(keys) != 4 || units[1] != 1 || units[2] != 15 || units[3] != 8 {
		t.Errorf("files %v, identifiers %v, keys %v, units %v", files, identifiers, keys, units)
	}
	removal := &types.VirtualDeviceConfigSpec{Operation: types.VirtualDeviceConfigSpecOperationRemove,
		FileOperation: types.VirtualDeviceConfigSpecFileOperationDestroy, Device: l.disks(vm)[1]}
	l.must(l.changeDevices(vm, removal, addedDisk(newDisk(-1, 1, 60)))) // the place is free again
	report, _ := l.machine("node-1")
	if left := report.DisksGiB; len(left) != 4 || left[0] != 20 || left[1] != 40 || left[2] != 50 || left[3] != 60 {
		t.Errorf("%v", left)
	}
	clone := object.NewVirtualMachine(l.client.Client, vm.Reference())
	l.template = clone
	for _, disk := range l.disks(l.clone("node-2", nil)) {
		if identifier := disk.Backing.(*types.VirtualDiskFlatVer2BackingInfo).Uuid; identifier == "" || identifiers[identifier] {
			t.Errorf("%q is empty or the source's", identifier)
		}
	}
}

func TestDisksWhereNoneCanBe(t *testing.T) {
	l := newLab(t)
	vm := l.clone("node-1", nil)
	onNothing := newDisk(-1, 1, 1)
	onNothing.ControllerKey = 1001
	for name, changes := range map[string][]types.BaseVirtualDeviceConfigSpec{
		"the controller's own unit": {addedDisk(newDisk(-1, 7, 1))},
		"no such unit":              {addedDisk(newDisk(-1, 64, 1))},
		"negative":                  {addedDisk(newDisk(-1, -1, 1))},
		"taken":                     {addedDisk(newDisk(-1, 0, 1))},
		"taken by the same change":  {addedDisk(newDisk(-1, 1, 1)), addedDisk(newDisk(-2, 1, 1))},
		"no such controller":        {addedDisk(onNothing)},
	} {
		t.Run(name, func(t *testing.T) {
			refused := mustFault[*types.InvalidDeviceSpec](t, l.changeDevices(vm, changes...))
			if refused.DeviceIndex != int32(len(changes)-1) {
				t.Errorf("device %d", refused.DeviceIndex)
			}
			if disks := l.disks(vm); len(disks) != 1 {
				t.Errorf("%d disks", len(disks))
			}
		})
	}
	moved := l.disk(vm)
	moved.UnitNumber = types.NewInt32(7)
	mustFault[*types.InvalidDeviceSpec](t, vm.EditDevice(l.ctx, moved))
}

func TestDiskOnANewController(t *testing.T) {
	l := newLab(t)
	vm := l.clone("node-1", nil)
	controller := &types.ParaVirtualSCSIController{}
	controller.Key, controller.BusNumber, controller.SharedBus = -100, 1, types.VirtualSCSISharingNoSharing
	controller.ControllerKey, controller.UnitNumber = 100, types.NewInt32(4)
	disk := newDisk(-1, 0, 10)
	disk.ControllerKey = -100
	add := &types.VirtualDeviceConfigSpec{Operation: types.VirtualDeviceConfigSpecOperationAdd, Device: controller}
	l.must(l.changeDevices(vm, add, addedDisk(disk)))
	if disks := l.disks(vm); len(disks) != 2 || disks[1].ControllerKey == disks[0].ControllerKey {
		t.Errorf("%+v", disks)
	}
}
