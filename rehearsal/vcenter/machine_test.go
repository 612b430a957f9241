package main

import (
	"fmt"
	"testing"

	"github.com/vmware/govmomi/object"
	"github.com/vmware/govmomi/vim25/methods"
	"github.com/vmware/govmomi/vim25/types"
)

func TestCloneKeepsTheTemplatesHardware(t *testing.T) {
	l := newLab(t)
	vm := l.properties(l.clone("node-1", nil))
	if vm.Config.Firmware != "efi" || vm.Config.Version != "vmx-20" || vm.Config.GuestId != "ubuntu64Guest" || vm.Config.Template {
		t.Errorf("firmware %s, version %s, guest %s, template %v", vm.Config.Firmware, vm.Config.Version, vm.Config.GuestId, vm.Config.Template)
	}
	devices := object.VirtualDeviceList(vm.Config.Hardware.Device)
	disks := devices.SelectByType((*types.VirtualDisk)(nil))
	if len(disks) != 1 || disks[0].(*types.VirtualDisk).CapacityInBytes != 20<<30 {
		t.Errorf("disks: %v", disks)
	}
	controller := devices.FindByKey(disks[0].GetVirtualDevice().ControllerKey)
	if _, ok := controller.(*types.ParaVirtualSCSIController); !ok {
		t.Errorf("controller: %T", controller)
	}
	if cards := devices.SelectByType((*types.VirtualVmxnet3)(nil)); len(cards) != 1 {
		t.Errorf("cards: %v", cards)
	}
	if vm.Runtime.FaultToleranceState != types.VirtualMachineFaultToleranceStateNotConfigured {
		t.Errorf("fault tolerance state: %q", vm.Runtime.FaultToleranceState)
	}
	if vm.Guest.ToolsRunningStatus != string(types.VirtualMachineToolsRunningStatusGuestToolsNotRunning) {
		t.Errorf("tools: %s", vm.Guest.ToolsRunningStatus)
	}
}

func TestClonesHaveIdentitiesOfTheirOwn(t *testing.T) {
	l := newLab(t)
	seen := map[string]bool{}
	unique := func(vm *object.VirtualMachine) {
		config := l.properties(vm).Config
		for _, identity := range []string{config.Uuid, config.InstanceUuid, l.card(vm).MacAddress} {
			if identity == "" || seen[identity] {
				t.Errorf("%q is empty or used twice", identity)
			}
			seen[identity] = true
		}
	}
	unique(l.template)
	first := l.clone("node-1", nil)
	unique(first)
	unique(l.clone("node-2", nil))
	l.must(l.wait(first.Destroy(l.ctx)))
	unique(l.clone("node-1", nil)) // a successor is another machine
}

func TestCloneAppliesItsConfiguration(t *testing.T) {
	l := newLab(t)
	vm := l.clone("node-1", &types.VirtualMachineConfigSpec{
		NumCPUs: 8, MemoryMB: 16384, MemoryReservationLockedToMax: types.NewBool(true), SwapPlacement: "hostLocal",
		Uuid:        "11111111-2222-3333-4444-555555555555",
		ExtraConfig: []types.BaseOptionValue{&types.OptionValue{Key: "guestinfo.userdata", Value: "abc"}},
	})
	config := l.properties(vm).Config
	if config.Hardware.NumCPU != 8 || config.Hardware.MemoryMB != 16384 || !isTrue(config.MemoryReservationLockedToMax) ||
		config.SwapPlacement != "hostLocal" || config.Uuid != "11111111-2222-3333-4444-555555555555" {
		t.Errorf("%+v", config)
	}
	if guestinfo(config.ExtraConfig, "guestinfo.userdata") != "abc" {
		t.Errorf("extra configuration: %v", config.ExtraConfig)
	}
}

func TestFailedCloneLeavesNothingBehind(t *testing.T) {
	l := newLab(t)
	disk := l.disk(l.template)
	disk.CapacityInBytes, disk.CapacityInKB = 1<<30, 1<<20
	edit := &types.VirtualDeviceConfigSpec{Operation: types.VirtualDeviceConfigSpecOperationEdit, Device: disk}
	task := l.startClone("node-1", &types.VirtualMachineConfigSpec{DeviceChange: []types.BaseVirtualDeviceConfigSpec{edit}})
	mustFault[*types.InvalidDeviceOperation](t, l.wait(task, nil))
	if _, exists := l.machine("node-1"); exists {
		t.Error("the machine exists")
	}
	l.clone("node-1", nil)
}

func TestCloneIsSpreadOverTheHosts(t *testing.T) {
	l := newLab(t)
	hosts := map[string]int{}
	for i := range 5 { // with the template, two machines per host
		name := fmt.Sprintf("node-%d", i)
		l.clone(name, nil)
		report, _ := l.machine(name)
		hosts[report.Host]++
	}
	if len(hosts) != 3 {
		t.Errorf("hosts: %v", hosts)
	}
}

func TestNameIsTakenWhenTheCloneStarts(t *testing.T) {
	l := newLab(t)
	hold := l.hold("CloneVM_Task", "node-1", "running")
	first := l.startClone("node-1", nil)
	l.waitUntilHeld(hold)
	mustFault[*types.DuplicateName](t, l.wait(l.startClone("node-1", nil), nil))
	l.release(hold)
	l.must(l.wait(first, nil))
	refused := mustFault[*types.DuplicateName](t, l.wait(l.startClone("node-1", nil), nil))
	if refused.Object.Type != "VirtualMachine" {
		t.Errorf("object: %v", refused.Object)
	}
}

func TestCloneGoesOnWithoutItsClient(t *testing.T) {
	l := newLab(t)
	hold := l.hold("CloneVM_Task", "node-1", "running")
	other := l.login(testPassword)
	_, err := object.NewVirtualMachine(other.Client, l.template.Reference()).Clone(l.ctx, l.folder, "node-1", l.cloneSpec(nil))
	l.must(err)
	l.waitUntilHeld(hold)
	l.must(other.Logout(l.ctx))
	l.release(hold)
	l.waitUntil("the machine exists", func() bool { _, exists := l.machine("node-1"); return exists })
}

func TestRenameToATakenName(t *testing.T) {
	l := newLab(t)
	l.clone("node-1", nil)
	second := l.clone("node-2", nil)
	mustFault[*types.DuplicateName](t, l.wait(second.Rename(l.ctx, "node-1")))
	mustFault[*types.DuplicateName](t, l.wait(second.Reconfigure(l.ctx, types.VirtualMachineConfigSpec{Name: "node-1"})))
	l.must(l.wait(second.Rename(l.ctx, "node-3")))
}

func TestRunningMachineRefusesWhatNeedsPowerOff(t *testing.T) {
	l := newLab(t)
	vm := l.clone("node-1", nil)
	l.powerOn(vm)
	for name, spec := range map[string]types.VirtualMachineConfigSpec{
		"cpus":     {NumCPUs: 4},
		"memory":   {MemoryMB: 8192},
		"firmware": {Firmware: "bios"},
		"version":  {Version: "vmx-21"},
		"hot add":  {CpuHotAddEnabled: types.NewBool(true)},
		"passthrough": {DeviceChange: []types.BaseVirtualDeviceConfigSpec{&types.VirtualDeviceConfigSpec{
			Operation: types.VirtualDeviceConfigSpecOperationAdd, Device: &types.VirtualPCIPassthrough{}}}},
	} {
		t.Run(name, func(t *testing.T) {
			refused := mustFault[*types.InvalidPowerState](t, l.wait(vm.Reconfigure(l.ctx, spec)))
			if refused.ExistingState != types.VirtualMachinePowerStatePoweredOn {
				t.Errorf("state: %s", refused.ExistingState)
			}
		})
	}
	same := types.VirtualMachineConfigSpec{NumCPUs: 2, MemoryMB: 4096, Firmware: "efi", Annotation: "new"}
	l.must(l.wait(vm.Reconfigure(l.ctx, same)))
	mustFault[*types.InvalidPowerState](t, l.wait(vm.Destroy(l.ctx)))
	mustFault[*types.InvalidPowerState](t, l.wait(vm.PowerOn(l.ctx)))
}

func TestHotAddAllowsMore(t *testing.T) {
	l := newLab(t)
	vm := l.clone("node-1", &types.VirtualMachineConfigSpec{
		CpuHotAddEnabled: types.NewBool(true), MemoryHotAddEnabled: types.NewBool(true)})
	l.powerOn(vm)
	l.must(l.wait(vm.Reconfigure(l.ctx, types.VirtualMachineConfigSpec{NumCPUs: 4, MemoryMB: 8192})))
	mustFault[*types.InvalidPowerState](t, l.wait(vm.Reconfigure(l.ctx, types.VirtualMachineConfigSpec{NumCPUs: 2})))
}

func TestDiskGrowsButNeverShrinks(t *testing.T) {
	l := newLab(t)
	vm := l.clone("node-1", nil)
	resize := func(gibibytes int64) error {
		disk := l.disk(vm)
		disk.CapacityInKB = gibibytes << 20 // clients may leave the other size as it was
		return vm.EditDevice(l.ctx, disk)
	}
	l.must(resize(40))
	refused := mustFault[*types.InvalidDeviceOperation](t, resize(30))
	if refused.BadOp != types.VirtualDeviceConfigSpecOperationEdit {
		t.Errorf("operation: %s", refused.BadOp)
	}
	if size := l.disk(vm).CapacityInBytes; size != 40<<30 {
		t.Errorf("size: %d", size)
	}
}

func TestImpossibleDevicesAreRefused(t *testing.T) {
	l := newLab(t)
	vm := l.clone("node-1", nil)
	card := &types.VirtualVmxnet3{}
	card.Backing = &types.VirtualEthernetCardNetworkBackingInfo{
		VirtualDeviceDeviceBackingInfo: types.VirtualDeviceDeviceBackingInfo{DeviceName: "no-such-network"}}
	mustFault[*types.InvalidDeviceSpec](t, vm.AddDevice(l.ctx, card))
	disk := l.disk(vm)
	disk.Key = -1
	disk.Backing = &types.VirtualDiskFlatVer2BackingInfo{
		VirtualDeviceFileBackingInfo: types.VirtualDeviceFileBackingInfo{FileName: "[no-such-datastore] x.vmdk"}}
	mustFault[*types.InvalidDeviceSpec](t, vm.AddDevice(l.ctx, disk))
}

func TestReconfigureMovesTheChangeVersion(t *testing.T) {
	l := newLab(t)
	vm := l.clone("node-1", nil)
	before := l.properties(vm).Config.ChangeVersion
	l.must(l.wait(vm.Reconfigure(l.ctx, types.VirtualMachineConfigSpec{Annotation: "new"})))
	if after := l.properties(vm).Config.ChangeVersion; before == "" || after == before {
		t.Errorf("%q, then %q", before, after)
	}
}

func TestReservationAloneKeepsTheOtherAllocation(t *testing.T) {
	l := newLab(t)
	vm := l.clone("node-1", nil)
	l.must(l.wait(vm.Reconfigure(l.ctx, types.VirtualMachineConfigSpec{
		MemoryAllocation: &types.ResourceAllocationInfo{Reservation: types.NewInt64(4096)}})))
	allocation := l.properties(vm).Config.MemoryAllocation
	if *allocation.Reservation != 4096 || allocation.Limit == nil || allocation.Shares == nil {
		t.Errorf("%+v", allocation)
	}
}

func TestHardwareVersion(t *testing.T) {
	l := newLab(t)
	vm := l.clone("node-1", nil)
	browser := l.properties(vm).EnvironmentBrowser
	options, err := methods.QueryConfigOption(l.ctx, l.client, &types.QueryConfigOption{This: browser})
	l.must(err)
	if options.Returnval.HardwareOptions.HwVersion != 20 {
		t.Errorf("the machine's browser says %d", options.Returnval.HardwareOptions.HwVersion)
	}
	mustFault[*types.AlreadyUpgraded](t, l.wait(vm.UpgradeVM(l.ctx, "vmx-20")))
	l.must(l.wait(vm.UpgradeVM(l.ctx, "vmx-21")))
	if version := l.properties(vm).Config.Version; version != "vmx-21" {
		t.Errorf("version: %s", version)
	}
}

func TestConfigTarget(t *testing.T) {
	l := newLab(t)
	target, err := methods.QueryConfigTarget(l.ctx, l.client, &types.QueryConfigTarget{This: l.properties(l.template).EnvironmentBrowser})
	l.must(err)
	found := target.Returnval
	if found.NumCpuCores != 3*64 || len(found.Datastore) != 1 || len(found.Network) != 1 || found.Network[0].Name != "vm-network" {
		t.Errorf("%+v", found)
	}
}

func TestFolderIsDestroyedWithItsMachines(t *testing.T) {
	l := newLab(t)
	outer, err := l.folder.CreateFolder(l.ctx, "outer")
	l.must(err)
	inner, err := outer.CreateFolder(l.ctx, "inner")
	l.must(err)
	clone := func(name string) *object.VirtualMachine {
		task, err := l.template.Clone(l.ctx, inner, name, l.cloneSpec(nil))
		l.must(err)
		info, err := task.WaitForResult(l.ctx)
		l.must(err)
		return object.NewVirtualMachine(l.client.Client, info.Result.(types.ManagedObjectReference))
	}
	exists := func(name string) bool { _, exists := l.machine(name); return exists }
	clone("node-1")
	vm := clone("node-2")
	l.powerOn(vm)
	mustFault[*types.InvalidPowerState](t, l.wait(outer.Destroy(l.ctx)))
	if !exists("node-1") {
		t.Error("node-1 is gone although the folder stays")
	}
	l.must(l.wait(vm.PowerOff(l.ctx)))
	l.must(l.wait(outer.Destroy(l.ctx)))
	if exists("node-1") || exists("node-2") {
		t.Error("machines are left")
	}
	mustFault[*types.NotSupported](t, l.wait(l.folder.Destroy(l.ctx)))
}
