package main

import (
	"fmt"
	"testing"

	"github.com/vmware/govmomi/object"
	"github.com/vmware/govmomi/vim25/types"
)

const (
	notReserved   = "Invalid memory setting: memory reservation (sched.mem.min) should be equal to memsize(16384)."
	powerOnFailed = "Module 'DevicePowerOn' power on failed."
	noGraphics    = "The amount of graphics resource available in the parent resource pool is insufficient for the operation."
)

func (l *lab) mustHavePlaces(name string, expected ...string) {
	l.t.Helper()
	if places := l.placesOf(name); fmt.Sprint(places) != fmt.Sprint(expected) {
		l.t.Errorf("%s has %v instead of %v", name, places, expected)
	}
}

func TestMemoryMustBeReserved(t *testing.T) {
	l := newLabOf(t, gpuInventory)
	less := newWish(256, vgpuOf("nvidia_h100-20c"))
	less.reservedMiB = 8192
	vm := l.make("a", less)
	mustSay[*types.GenericVmConfigFault](t, l.wait(vm.PowerOn(l.ctx)), notReserved)
	l.must(l.wait(vm.Reconfigure(l.ctx, types.VirtualMachineConfigSpec{MemoryReservationLockedToMax: types.NewBool(true)})))
	l.powerOn(vm)
}

func TestFirmwareAndAddressSpace(t *testing.T) {
	l := newLabOf(t, gpuInventory)
	bios, without, small := newWish(256, dynamicOf("H100 PCIe", "")), newWish(256, dynamicOf("H100 PCIe", "")), newWish(255, dynamicOf("H100 PCIe", ""))
	bios.firmware = "bios"
	delete(without.mmio, "pciPassthru.use64bitMMIO")
	pair := newWish(511, vgpusOf("nvidia_h100-80c", 2)...)
	standard := newWish(0, dynamicOf("L40S", ""))
	delete(standard.mmio, "pciPassthru.64bitMMIOSizeGB")
	for name, refused := range map[string]wish{"bios": bios, "without": without, "small": small, "pair": pair, "standard": standard} {
		mustSay[*types.GenericVmConfigFault](t, l.start(name, refused), powerOnFailed)
	}
	l.mustStart("enough", newWish(256, dynamicOf("H100 PCIe", "")))
	l.mustStart("pair-enough", newWish(512, vgpusOf("nvidia_h100-80c", 2)...))
	old := newWish(0, l.staticOf("esx-03", "0000:0d:00.0")) // a T4 needs neither
	old.firmware, old.mmio = "bios", nil
	l.mustStart("t4", old)
}

func (l *lab) madeWith(version string) *object.VirtualMachine {
	l.t.Helper()
	spec := types.VirtualMachineConfigSpec{Name: version, GuestId: "ubuntu64Guest", Firmware: "efi", Version: version, NumCPUs: 2, MemoryMB: 16384,
		MemoryReservationLockedToMax: types.NewBool(true), Files: &types.VirtualMachineFileInfo{VmPathName: "[datastore-01]"}}
	spec.ExtraConfig = newWish(512).config().ExtraConfig
	task, err := l.folder.CreateVM(l.ctx, spec, object.NewResourcePool(l.client.Client, l.pool.Reference()), nil)
	l.must(err)
	info, err := task.WaitForResult(l.ctx)
	l.must(err)
	return object.NewVirtualMachine(l.client.Client, info.Result.(types.ManagedObjectReference))
}

func TestHardwareVersionsForDevices(t *testing.T) {
	l := newLabOf(t, gpuInventory)
	old := l.madeWith("vmx-15")
	for _, backing := range []types.BaseVirtualDeviceBackingInfo{vgpuOf("nvidia_h100-20c"), dynamicOf("H100 PCIe", "")} {
		refused := mustFault[*types.DeviceUnsupportedForVmVersion](t, l.changeDevices(old, additions(backing)...))
		if refused.CurrentVersion != "vmx-15" || refused.ExpectedVersion != "vmx-17" {
			t.Errorf("%+v", refused)
		}
	}
	l.must(l.changeDevices(old, additions(l.staticOf("esx-01", "0000:5e:00.0"))...))
	l.powerOn(old)
	several := l.madeWith("vmx-19")
	l.must(l.changeDevices(several, additions(vgpusOf("nvidia_h100-20c", 2)...)...))
	refused := mustFault[*types.DeviceUnsupportedForVmVersion](t, l.wait(several.PowerOn(l.ctx)))
	if refused.ExpectedVersion != "vmx-20" {
		t.Errorf("%+v", refused)
	}
	l.must(l.wait(several.UpgradeVM(l.ctx, "vmx-20")))
	l.powerOn(several)
}

func TestStaticDevicesHaveOneOwnerOnOneHost(t *testing.T) {
	l := newLabOf(t, gpuInventory)
	wanted := newWish(256, l.staticOf("esx-01", "0000:5e:00.0"))
	elsewhere := wanted
	elsewhere.host = "esx-02"
	mustSay[*types.GenericVmConfigFault](t, l.start("elsewhere", elsewhere), "Device 5e:0.0 is not a passthrough device.")
	pending := newWish(256, l.staticOf("esx-03", "0000:0b:00.0"))
	mustSay[*types.GenericVmConfigFault](t, l.start("pending", pending), "Device b:0.0 is not a passthrough device.")
	l.mustStart("first", wanted)
	l.mustHavePlaces("first", "esx-01 0000:5e:00.0")
	second := l.make("second", wanted)
	mustSay[*types.GenericVmConfigFault](t, l.wait(second.PowerOn(l.ctx)), "Device 5e:0.0 is already in use.")
	mustFault[*types.InsufficientResourcesFault](t, l.start("dynamic", newWish(256, dynamicOf("H100 PCIe", "training"))))
	l.powerOff("first")
	l.powerOn(second)
	l.mustRunOn(second, "esx-01")
}

func TestDynamicDevicesAreFoundByKindAndLabel(t *testing.T) {
	l := newLabOf(t, gpuInventory)
	mustFault[*types.InsufficientResourcesFault](t, l.start("unknown-label", newWish(256, dynamicOf("H100 PCIe", "inference"))))
	mustFault[*types.InsufficientResourcesFault](t, l.start("vgpu-only", newWish(256, dynamicOf("A40", ""))))
	vm := l.make("labelled", newWish(256, dynamicOf("H100 PCIe", "training")))
	l.powerOn(vm)
	if backing := l.backings(vm)[0].(*types.VirtualPCIPassthroughDynamicBackingInfo); backing.AssignedId != "0000:5e:00.0" {
		t.Errorf("assigned: %q", backing.AssignedId)
	}
	l.powerOff("labelled")
	if backing := l.backings(vm)[0].(*types.VirtualPCIPassthroughDynamicBackingInfo); backing.AssignedId != "" {
		t.Errorf("still assigned: %q", backing.AssignedId)
	}
}

func TestHostMemoryIsNotReservedTwice(t *testing.T) {
	l := newLabOf(t, gpuInventory)
	big := newWish(256, vgpuOf("nvidia_h100-20c"))
	big.memoryMiB, big.reservedMiB = 200*1024, 200*1024
	l.mustStart("a", big)
	vm := l.make("b", big)
	refused := mustFault[*types.InsufficientMemoryResourcesFault](t, l.wait(vm.PowerOn(l.ctx)))
	if refused.Unreserved != 56<<30 || refused.Requested != 200<<30 {
		t.Errorf("%+v", refused)
	}
	l.powerOff("a")
	l.powerOn(vm)
	plain := newWish(0)
	plain.memoryMiB, plain.reservedMiB = 200*1024, 200*1024
	l.mustStart("c", plain)
	l.mustStart("d", plain)
	mustFault[*types.InsufficientMemoryResourcesFault](t, l.start("e", plain))
}

func TestResetKeepsDevices(t *testing.T) {
	l := newLabOf(t, gpuInventory)
	vm := l.make("a", newWish(256, vgpuOf("nvidia_h100-80c")))
	l.powerOn(vm)
	before := fmt.Sprint(l.placesOf("a"))
	l.must(l.wait(vm.Reset(l.ctx)))
	if after := fmt.Sprint(l.placesOf("a")); after != before || after == "[]" {
		t.Errorf("%s, then %s", before, after)
	}
}
