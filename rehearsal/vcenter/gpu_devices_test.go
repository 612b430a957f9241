package main

import (
	"strings"
	"testing"

	"github.com/vmware/govmomi/object"
	"github.com/vmware/govmomi/vim25/types"
)

func (l *lab) backings(vm *object.VirtualMachine) (list []types.BaseVirtualDeviceBackingInfo) {
	l.t.Helper()
	for _, device := range l.passthrough(vm) {
		list = append(list, device.GetVirtualDevice().Backing)
	}
	return list
}

func (l *lab) passthrough(vm *object.VirtualMachine) object.VirtualDeviceList {
	l.t.Helper()
	devices, err := vm.Device(l.ctx)
	l.must(err)
	return devices.SelectByType((*types.VirtualPCIPassthrough)(nil))
}

func TestDevicesThatCannotBe(t *testing.T) {
	l := newLabOf(t, gpuInventory)
	vm := l.clone("a", nil)
	nowhere := l.staticOf("esx-01", "0000:5e:00.0")
	nowhere.SystemId = "00000000-0000-0000-0000-000000000000"
	for _, backing := range []types.BaseVirtualDeviceBackingInfo{
		vgpuOf("nvidia_h100-21c"), vgpuOf("Nvidia:2@nvidia_h100-80c%NVLink"), l.staticOf("esx-01", "5e:00.0"), nowhere,
		&types.VirtualPCIPassthroughDynamicBackingInfo{}, nil,
	} {
		mustFault[*types.InvalidDeviceBacking](t, l.changeDevices(vm, additions(backing)...))
	}
	twice := additions(vgpusOf("nvidia_h100-20c", 2)...)
	twice[1].GetVirtualDeviceConfigSpec().Device.GetVirtualDevice().Key = -200
	mustSay[*types.InvalidDeviceSpec](t, l.changeDevices(vm, twice...), "Cannot add multiple devices using the same device key.")
	mustFault[*types.TooManyDevices](t, l.changeDevices(vm, additions(vgpusOf("nvidia_h100-4c", 17)...)...))
	l.must(l.changeDevices(vm, additions(vgpusOf("nvidia_h100-4c", 16)...)...))
	mustFault[*types.TooManyDevices](t, l.changeDevices(vm, additions(vgpuOf("nvidia_h100-4c"))...))
}

func TestDevicesGetPlacesOfTheirOwn(t *testing.T) {
	l := newLabOf(t, gpuInventory)
	vm := l.make("a", newWish(512, vgpuOf("nvidia_h100-20c"), dynamicOf("H100 PCIe", "")))
	l.must(l.changeDevices(vm, additions(vgpuOf("nvidia_h100-20c"))...))
	keys, units := map[int32]bool{}, map[int32]bool{}
	for _, device := range l.passthrough(vm) {
		place := device.GetVirtualDevice()
		if place.ControllerKey != 100 || place.Key < 13000 || keys[place.Key] || units[*place.UnitNumber] {
			t.Errorf("%+v", place)
		}
		keys[place.Key], units[*place.UnitNumber] = true, true
	}
	remove := &types.VirtualDeviceConfigSpec{Operation: types.VirtualDeviceConfigSpecOperationRemove, Device: l.passthrough(vm)[0]}
	l.must(l.changeDevices(vm, remove))
	if left := len(l.passthrough(vm)); left != 2 {
		t.Errorf("%d devices are left", left)
	}
}

func TestRunningMachinesKeepTheirDevices(t *testing.T) {
	l := newLabOf(t, gpuInventory)
	vm := l.make("a", newWish(256, vgpuOf("nvidia_h100-20c")))
	l.powerOn(vm)
	mustFault[*types.InvalidPowerState](t, l.changeDevices(vm, additions(vgpuOf("nvidia_h100-20c"))...))
	remove := &types.VirtualDeviceConfigSpec{Operation: types.VirtualDeviceConfigSpecOperationRemove, Device: l.passthrough(vm)[0]}
	mustFault[*types.InvalidPowerState](t, l.changeDevices(vm, remove))
}

func TestClonesAndTemplatesCarryDevices(t *testing.T) {
	l := newLabOf(t, gpuInventory)
	source := l.make("gpu-template", newWish(512, dynamicOf("H100 PCIe", ""), vgpuOf("nvidia_h100-40c")))
	l.powerOn(source)
	l.powerOff("gpu-template")
	l.must(source.MarkAsTemplate(l.ctx))
	if kept := len(l.passthrough(source)); kept != 2 {
		t.Fatalf("the template has %d devices", kept)
	}
	l.template = source
	vm := l.clone("node-1", nil)
	if vgpu := l.backings(vm)[1].(*types.VirtualPCIPassthroughVmiopBackingInfo); vgpu.Vgpu != "nvidia_h100-40c" {
		t.Errorf("%+v", vgpu)
	}
	l.powerOn(vm)
	if places := l.placesOf("node-1"); len(places) != 2 || !strings.HasPrefix(places[0], "esx-01") {
		t.Errorf("%v", places)
	}
	again := object.NewVirtualMachine(l.client.Client, vm.Reference())
	l.template = again
	copied := l.clone("node-2", nil)
	if backing := l.backings(copied)[0].(*types.VirtualPCIPassthroughDynamicBackingInfo); backing.AssignedId != "" {
		t.Errorf("the clone of a running machine has %s", backing.AssignedId)
	}
}
