package main

import (
	"fmt"
	"slices"
	"testing"

	"github.com/vmware/govmomi/object"
	"github.com/vmware/govmomi/vim25/methods"
	"github.com/vmware/govmomi/vim25/mo"
	"github.com/vmware/govmomi/vim25/types"
)

func TestHostsTellTheirGPUs(t *testing.T) {
	l := newLabOf(t, gpuInventory)
	host := l.hostProperties("esx-01")
	at := slices.IndexFunc(host.Hardware.PciDevice, func(d types.HostPciDevice) bool { return d.Id == "0000:5e:00.0" })
	device := host.Hardware.PciDevice[at]
	if device.VendorId != 0x10de || device.DeviceId != 0x2331 || device.SubDeviceId != 0x1626 || device.ClassId != 0x0302 || device.Bus != 0x5e {
		t.Errorf("%+v", device)
	}
	info := host.Config.PciPassthruInfo[0].GetHostPciPassthruInfo()
	if !info.PassthruCapable || !info.PassthruEnabled || !info.PassthruActive || info.HardwareLabel != "training" {
		t.Errorf("%+v", info)
	}
	graphics := host.Config.GraphicsInfo
	if graphics[0].GraphicsType != "direct" || graphics[1].GraphicsType != "sharedDirect" || graphics[1].VgpuMode != "sameSize" ||
		graphics[1].MemorySizeInKB != 80<<20 || len(graphics[1].Vm) != 0 {
		t.Errorf("%+v", graphics)
	}
	config := host.Config.GraphicsConfig
	if config.HostDefaultGraphicsType != "sharedDirect" || config.SharedPassthruAssignmentPolicy != "performance" || len(config.DeviceType) != 3 {
		t.Errorf("%+v", config)
	}
	if types := host.Config.SharedPassthruGpuTypes; len(types) != 8 || types[0] != "nvidia_h100-80c" || host.Config.SharedGpuCapabilities[7].Vgpu != "nvidia_h100-4c" {
		t.Errorf("%v", types)
	}
	if types := l.hostProperties("esx-11").Config.SharedPassthruGpuTypes; len(types) != 0 {
		t.Errorf("with shared graphics: %v", types)
	}
	mig := l.hostProperties("esx-02").Config
	if mig.GraphicsInfo[0].VgpuMode != "multiInstanceGpu" || mig.SharedPassthruGpuTypes[0] != "grid_a100d-1-10c" {
		t.Errorf("%+v", mig.GraphicsInfo[0])
	}
}

func TestGraphicsInfoIsKeptCurrent(t *testing.T) {
	l := newLabOf(t, gpuInventory)
	vm := l.make("a", newWish(512, vgpuOf("nvidia_h100-80c"), dynamicOf("H100 PCIe", "")))
	l.powerOn(vm)
	users := func() (lists [][]types.ManagedObjectReference) {
		for _, info := range l.hostProperties("esx-01").Config.GraphicsInfo {
			lists = append(lists, info.Vm)
		}
		return lists
	}
	if got := users(); len(got[0]) != 1 || got[0][0] != vm.Reference() || len(got[1])+len(got[2]) != 1 {
		t.Errorf("%v", got)
	}
	l.powerOff("a")
	l.must(l.wait(vm.Destroy(l.ctx)))
	if got := users(); len(got[0])+len(got[1])+len(got[2]) != 0 {
		t.Errorf("%v", got)
	}
}

func TestConfigTargetKnowsGPUs(t *testing.T) {
	l := newLabOf(t, gpuInventory)
	var cluster mo.ClusterComputeResource
	l.must(l.cluster("cluster-01").Properties(l.ctx, l.cluster("cluster-01").Reference(), []string{"environmentBrowser"}, &cluster))
	host := l.host("esx-03").Reference()
	for _, asked := range []struct {
		browser              types.ManagedObjectReference
		host                 *types.ManagedObjectReference
		pci, shared, dynamic int
	}{
		{*cluster.EnvironmentBrowser, nil, 3, 8 + 7 + 6, 3}, {*cluster.EnvironmentBrowser, &host, 2, 0, 2}, {l.properties(l.template).EnvironmentBrowser, nil, 3, 21, 3},
	} {
		answer, err := methods.QueryConfigTarget(l.ctx, l.client, &types.QueryConfigTarget{This: asked.browser, Host: asked.host})
		l.must(err)
		target := answer.Returnval
		if len(target.PciPassthrough) != asked.pci || len(target.SharedGpuPassthroughTypes) != asked.shared ||
			len(target.DynamicPassthrough) != asked.dynamic || len(target.VgpuProfileInfo) != asked.shared {
			t.Errorf("%d, %d, %d", len(target.PciPassthrough), len(target.SharedGpuPassthroughTypes), len(target.DynamicPassthrough))
		}
		last := target.PciPassthrough[len(target.PciPassthrough)-1].GetVirtualMachinePciPassthroughInfo()
		if last.SystemId != l.hostProperties("esx-03").Hardware.SystemInfo.Uuid || last.PciDevice.Id != "0000:0d:00.0" {
			t.Errorf("%+v", last)
		}
	}
	missing := types.ManagedObjectReference{Type: "HostSystem", Value: "host-0"}
	_, err := methods.QueryConfigTarget(l.ctx, l.client, &types.QueryConfigTarget{This: *cluster.EnvironmentBrowser, Host: &missing})
	mustFault[*types.ManagedObjectNotFound](t, err)
}

func TestMaintenanceFreesDevices(t *testing.T) {
	l := newLabOf(t, gpuInventory)
	l.mustStart("gpu", newWish(256, vgpuOf("nvidia_h100-80c")))
	plain := l.clone("plain", nil)
	l.must(l.wait(plain.PowerOn(l.ctx)))
	if status := l.control("PUT", "/hosts/esx-01.dev.example.internal", `{"maintenance": true}`, nil); status != 204 {
		t.Fatalf("status %d", status)
	}
	if report, _ := l.machine("gpu"); report.Power != "poweredOff" || len(report.Devices) != 0 {
		t.Errorf("%+v", report)
	}
	if host := l.hostOf(plain); host == "esx-01" || l.properties(plain).Runtime.PowerState != types.VirtualMachinePowerStatePoweredOn {
		t.Errorf("plain is on %s", host)
	}
	if !l.hostProperties("esx-01").Runtime.InMaintenanceMode {
		t.Error("the host is usable")
	}
	mustFault[*types.InsufficientGraphicsResourcesFault](t, l.start("again", newWish(256, vgpuOf("nvidia_h100-80c"))))
	l.control("DELETE", "/hosts/esx-01.dev.example.internal", "", nil)
	l.mustStart("and-again", newWish(256, vgpuOf("nvidia_h100-80c")))
}

func TestMaintenanceWaitsForDevices(t *testing.T) {
	l := newLabOf(t, gpuInventory)
	l.mustStart("gpu", newWish(256, vgpuOf("nvidia_h100-80c")))
	mustFault[*types.Timedout](t, l.wait(l.host("esx-01").EnterMaintenanceMode(l.ctx, 1, false, nil)))
	task, err := l.host("esx-01").EnterMaintenanceMode(l.ctx, 0, false, nil)
	l.must(err)
	l.powerOff("gpu")
	l.must(l.wait(task, nil))
	l.must(l.wait(l.host("esx-01").ExitMaintenanceMode(l.ctx, 0)))
	l.mustStart("again", newWish(256, vgpuOf("nvidia_h100-80c")))
}

func TestGPUsAreTakenAway(t *testing.T) {
	l := newLabOf(t, gpuInventory)
	path := func(address string) string { return "/hosts/esx-01.dev.example.internal/gpus/" + address }
	l.control("PUT", path("0000:5e:00.0"), `{"mode": "off"}`, nil)
	refused := newWish(256, l.staticOf("esx-01", "0000:5e:00.0"))
	mustSay[*types.GenericVmConfigFault](t, l.start("static", refused), "Device 5e:0.0 is not a passthrough device.")
	if active := l.hostProperties("esx-01").Config.PciPassthruInfo[0].GetHostPciPassthruInfo().PassthruActive; active {
		t.Error("still active")
	}
	l.control("DELETE", path("0000:5e:00.0"), "", nil)
	l.mustStart("again", refused)
	for body, expected := range map[string]int{`{"mode": "broken"}`: 400, `{"mode": "mig"}`: 204} {
		if status := l.control("PUT", path("0000:af:00.0"), body, nil); status != expected {
			t.Errorf("%s: status %d", body, status)
		}
	}
	for _, unknown := range []string{path("0000:00:00.0"), "/hosts/nobody"} {
		if status := l.control("DELETE", unknown, "", nil); status != 404 {
			t.Errorf("%s: status %d", unknown, status)
		}
	}
	l.mustStart("mig", newWish(256, vgpuOf("nvidia_h100-3-40c")))
}

func TestRunningMachinesWithDevicesStay(t *testing.T) {
	l := newLabOf(t, gpuInventory)
	move := func(vm *object.VirtualMachine, host string) error {
		target := l.host(host).Reference()
		return l.wait(vm.Relocate(l.ctx, types.VirtualMachineRelocateSpec{Host: &target}, ""))
	}
	static := l.make("static", newWish(256, l.staticOf("esx-01", "0000:5e:00.0")))
	l.powerOn(static)
	mustSay[*types.DisallowedMigrationDeviceAttached](t, move(static, "esx-02"), "Device 'PCI device 0' is a PCI passthrough device")
	l.must(move(static, "esx-01"))
	vgpu := l.make("vgpu", newWish(256, vgpuOf("nvidia_h100-80c")))
	l.powerOn(vgpu)
	mustFault[*types.DisallowedMigrationDeviceAttached](t, move(vgpu, "esx-02"))
	options := object.NewOptionManager(l.client.Client, *l.client.ServiceContent.Setting)
	l.must(options.Update(l.ctx, []types.BaseOptionValue{&types.OptionValue{Key: hotMigrateSetting, Value: true}}))
	mustFault[*types.InsufficientGraphicsResourcesFault](t, move(vgpu, "esx-02"))
	other := l.clone("other", nil)
	l.powerOn(other)
	l.must(l.changeRules(added(rule("apart", true, static, vgpu, other)))) // they are on one host, and stay
	l.mustRunOn(static, "esx-01")
	l.mustRunOn(vgpu, "esx-01")
}

func TestHotMigrationTakesTheVGPUAlong(t *testing.T) {
	file := writeFile(t, "inventory.yaml", fmt.Sprintf(twinInventory, "vcenter: {version: \"8.0.3\", build: \"1\", vgpuHotmigrate: true}"))
	l := newLabOf(t, file)
	vm := l.make("a", newWish(64, vgpuOf("nvidia_l4-24c")))
	l.powerOn(vm)
	l.mustHavePlaces("a", "esx-01 0000:01:00.0")
	target := l.host("esx-02").Reference()
	l.must(l.wait(vm.Relocate(l.ctx, types.VirtualMachineRelocateSpec{Host: &target}, "")))
	l.mustHavePlaces("a", "esx-02 0000:01:00.0")
	l.mustStart("b", newWish(64, vgpuOf("nvidia_l4-24c")))
	l.mustHavePlaces("b", "esx-01 0000:01:00.0")
}

// TestRandomPlacement looks for machines that don't always go to the first host, but to the same one for the same seed.
func TestRandomPlacement(t *testing.T) {
	play := func(seed int) (places []string) {
		l := newLabOf(t, writeFile(t, "inventory.yaml", fmt.Sprintf(twinInventory, "vcenter: {version: \"8.0.3\", build: \"1\"}")))
		if seed > 0 {
			l.control("PUT", "/placement", fmt.Sprintf(`{"order": "random", "seed": %d}`, seed), nil)
		}
		for i := range 3 {
			places = append(places, l.mustStart(fmt.Sprint("a-", i), newWish(64, vgpuOf("nvidia_l4-6c")))...)
		}
		return places
	}
	usual, different := fmt.Sprint(play(0)), false
	for seed := range 5 {
		once, twice := fmt.Sprint(play(seed+1)), fmt.Sprint(play(seed+1))
		if once != twice {
			t.Errorf("seed %d: %s, then %s", seed+1, once, twice)
		}
		different = different || once != usual
	}
	if !different {
		t.Error("never a different host")
	}
	l := newLabOf(t, gpuInventory)
	if status := l.control("PUT", "/placement", `{"order": "best"}`, nil); status != 400 {
		t.Errorf("status %d", status)
	}
	if status := l.control("DELETE", "/placement", "", nil); status != 204 {
		t.Errorf("status %d", status)
	}
}
