package main

import (
	"strconv"
	"strings"
	"testing"

	"github.com/vmware/govmomi/find"
	"github.com/vmware/govmomi/object"
	"github.com/vmware/govmomi/vim25/mo"
	"github.com/vmware/govmomi/vim25/types"
)

const gpuInventory = "testdata/gpus.yaml"

// wish is a machine with devices, as it has to be unless a test changes it.
type wish struct {
	memoryMiB, reservedMiB int64
	firmware, version      string
	mmio                   map[string]string
	backings               []types.BaseVirtualDeviceBackingInfo
	host                   string // where it has to run
}

func newWish(mmioGiB int, backings ...types.BaseVirtualDeviceBackingInfo) wish {
	return wish{memoryMiB: 16384, reservedMiB: 16384, firmware: "efi", backings: backings, mmio: map[string]string{
		"pciPassthru.use64bitMMIO": "TRUE", "pciPassthru.64bitMMIOSizeGB": strconv.Itoa(mmioGiB)}}
}

func vgpuOf(profile string) *types.VirtualPCIPassthroughVmiopBackingInfo {
	return &types.VirtualPCIPassthroughVmiopBackingInfo{Vgpu: profile}
}

func vgpusOf(profile string, count int) (list []types.BaseVirtualDeviceBackingInfo) {
	for range count {
		list = append(list, vgpuOf(profile))
	}
	return list
}

func dynamicOf(board, label string) *types.VirtualPCIPassthroughDynamicBackingInfo {
	return &types.VirtualPCIPassthroughDynamicBackingInfo{CustomLabel: label, AllowedDevice: []types.VirtualPCIPassthroughAllowedDevice{
		{VendorId: nvidia, DeviceId: int32(knownBoards.boards[board].Device)}}}
}

func (l *lab) staticOf(host, address string) *types.VirtualPCIPassthroughDeviceBackingInfo {
	return &types.VirtualPCIPassthroughDeviceBackingInfo{Id: address, SystemId: l.hostProperties(host).Hardware.SystemInfo.Uuid, VendorId: nvidia}
}

func (l *lab) hostProperties(name string) (found mo.HostSystem) {
	l.t.Helper()
	host := l.host(name)
	l.must(host.Properties(l.ctx, host.Reference(), []string{"hardware", "config", "runtime", "vm"}, &found))
	return found
}

func (w wish) config() types.VirtualMachineConfigSpec {
	spec := types.VirtualMachineConfigSpec{MemoryMB: w.memoryMiB, Firmware: w.firmware,
		MemoryAllocation: &types.ResourceAllocationInfo{Reservation: &w.reservedMiB}}
	for key, value := range w.mmio {
		spec.ExtraConfig = append(spec.ExtraConfig, &types.OptionValue{Key: key, Value: value})
	}
	spec.DeviceChange = additions(w.backings...)
	return spec
}

func additions(backings ...types.BaseVirtualDeviceBackingInfo) (changes []types.BaseVirtualDeviceConfigSpec) {
	for i, backing := range backings {
		changes = append(changes, &types.VirtualDeviceConfigSpec{Operation: types.VirtualDeviceConfigSpecOperationAdd,
			Device: &types.VirtualPCIPassthrough{VirtualDevice: types.VirtualDevice{Key: int32(-200 - i), Backing: backing}}})
	}
	return changes
}

// make clones a machine that is wished for, without switching it on.
func (l *lab) make(name string, w wish) *object.VirtualMachine {
	l.t.Helper()
	config := w.config()
	spec := l.cloneSpec(&config)
	if w.host != "" {
		host := l.host(w.host).Reference()
		spec.Location.Host = &host
	}
	task, err := l.template.Clone(l.ctx, l.folder, name, spec)
	l.must(err)
	info, err := task.WaitForResult(l.ctx)
	l.must(err)
	return object.NewVirtualMachine(l.client.Client, info.Result.(types.ManagedObjectReference))
}

// start makes a machine and switches it on.
func (l *lab) start(name string, w wish) error {
	l.t.Helper()
	return l.wait(l.make(name, w).PowerOn(l.ctx))
}

// mustStart also tells where the machine's devices are, such as "esx-01 0000:5e:00.0".
func (l *lab) mustStart(name string, w wish) []string {
	l.t.Helper()
	l.must(l.start(name, w))
	return l.placesOf(name)
}

func (l *lab) placesOf(name string) (places []string) {
	l.t.Helper()
	report, _ := l.machine(name)
	for _, device := range report.Devices {
		host, _, _ := strings.Cut(device.Host, ".")
		places = append(places, host+" "+device.Address)
	}
	return places
}

func (l *lab) powerOff(name string) {
	l.t.Helper()
	vm, err := find.NewFinder(l.client.Client).VirtualMachine(l.ctx, "/dc-01/vm/"+name)
	l.must(err)
	l.must(l.wait(vm.PowerOff(l.ctx)))
}

// otherCluster makes machines in the second cluster.
func (l *lab) otherCluster() *lab {
	l.t.Helper()
	pool, err := l.cluster("cluster-02").ResourcePool(l.ctx)
	l.must(err)
	other := *l
	other.pool = pool
	return &other
}

// mustSay fails unless a failure has this type and this message.
func mustSay[T types.BaseMethodFault](t *testing.T, err error, message string) {
	t.Helper()
	mustFault[T](t, err)
	if !strings.Contains(err.Error(), message) {
		t.Errorf("%q instead of %q", err.Error(), message)
	}
}

// twinInventory has two equal hosts.
const twinInventory = `%s
datacenters:
  - name: dc-01
    clusters:
      - name: cluster-01
        hosts:
          - {name: esx-01.dev.example.internal, cores: 64, memoryGiB: 256, gpus: [{board: L4, address: "0000:01:00.0", mode: vgpu}]}
          - {name: esx-02.dev.example.internal, cores: 64, memoryGiB: 256, gpus: [{board: L4, address: "0000:01:00.0", mode: vgpu}]}
    datastores: [{name: datastore-01, capacityGiB: 4096}]
    networks: [{name: vm-network}]
    templates:
      - {name: ubuntu-24.04-kubernetes-2026.11.0, guestId: ubuntu64Guest, firmware: efi, hardwareVersion: 20,
         cpus: 2, memoryMiB: 4096, diskGiB: 20, network: vm-network, datastore: datastore-01}
`
