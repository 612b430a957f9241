package main

import (
	"slices"
	"strings"
	"testing"

	"github.com/vmware/govmomi/find"
	"github.com/vmware/govmomi/object"
	"github.com/vmware/govmomi/vim25/methods"
	"github.com/vmware/govmomi/vim25/mo"
	"github.com/vmware/govmomi/vim25/types"
)

const bigInventory = "testdata/big.yaml"

func (l *lab) cluster(name string) *object.ClusterComputeResource {
	l.t.Helper()
	found, err := find.NewFinder(l.client.Client).ClusterComputeResource(l.ctx, "/dc-01/host/"+name)
	l.must(err)
	return found
}

func (l *lab) host(name string) *object.HostSystem {
	l.t.Helper()
	found, err := find.NewFinder(l.client.Client).HostSystem(l.ctx, "/dc-01/host/*/"+name+".dev.example.internal")
	l.must(err)
	return found
}

// hostOf is a machine's host, which has to list the machine; no other host may.
func (l *lab) hostOf(vm *object.VirtualMachine) string {
	l.t.Helper()
	properties := l.properties(vm)
	if *properties.Summary.Runtime.Host != *properties.Runtime.Host {
		l.t.Errorf("%v in the summary, but %v", properties.Summary.Runtime.Host, properties.Runtime.Host)
	}
	hosts, err := find.NewFinder(l.client.Client).HostSystemList(l.ctx, "/dc-01/host/*/*")
	l.must(err)
	name := ""
	for _, host := range hosts {
		var found mo.HostSystem
		l.must(host.Properties(l.ctx, host.Reference(), []string{"name", "vm"}, &found))
		if here := *properties.Runtime.Host == host.Reference(); here != slices.Contains(found.Vm, vm.Reference()) {
			l.t.Errorf("%s lists %v, %s runs on %v", found.Name, found.Vm, properties.Name, properties.Runtime.Host)
		} else if here {
			name, _, _ = strings.Cut(found.Name, ".")
		}
	}
	if report, _ := l.machine(properties.Name); !strings.HasPrefix(report.Host, name) {
		l.t.Errorf("%s reports %s instead of %s", properties.Name, report.Host, name)
	}
	return name
}

func (l *lab) mustRunOn(vm *object.VirtualMachine, expected string) {
	l.t.Helper()
	if host := l.hostOf(vm); host != expected {
		l.t.Errorf("%s runs on %s instead of %s", l.properties(vm).Name, host, expected)
	}
}

// running clones a machine with so much memory and switches it on.
func (l *lab) running(name string, memoryMiB int64) *object.VirtualMachine {
	l.t.Helper()
	vm := l.clone(name, &types.VirtualMachineConfigSpec{MemoryMB: memoryMiB})
	l.powerOn(vm)
	return vm
}

func TestClustersHaveDRSFullyAutomated(t *testing.T) {
	l := newLabOf(t, bigInventory)
	for _, name := range []string{"cluster-01", "cluster-02"} {
		configuration, err := l.cluster(name).Configuration(l.ctx)
		l.must(err)
		if drs := configuration.DrsConfig; !isTrue(drs.Enabled) || drs.DefaultVmBehavior != types.DrsBehaviorFullyAutomated {
			t.Errorf("%s: %+v", name, drs)
		}
	}
}

func TestPowerOnGoesWhereTheLeastMemoryIsInUse(t *testing.T) {
	l := newLabOf(t, bigInventory)
	for _, step := range []struct {
		name, host string
		memoryMiB  int64
	}{
		{"a", "esx-01", 8192}, {"b", "esx-02", 4096}, {"c", "esx-03", 6144}, // ties: the inventory's order
		{"d", "esx-02", 1024}, {"e", "esx-02", 2048}, {"f", "esx-03", 1024},
	} {
		l.mustRunOn(l.running(step.name, step.memoryMiB), step.host)
	}
}

func TestPowerOnStaysInTheClusterOfThePool(t *testing.T) {
	l := newLabOf(t, bigInventory)
	pool, err := l.cluster("cluster-02").ResourcePool(l.ctx)
	l.must(err)
	l.pool = pool
	l.mustRunOn(l.running("a", 4096), "esx-11")
	l.mustRunOn(l.running("b", 4096), "esx-12")
	l.mustRunOn(l.running("c", 4096), "esx-11")
}

func TestMandatoryRuleLeavesNoHost(t *testing.T) {
	l := newLabOf(t, bigInventory)
	machines := []*object.VirtualMachine{l.clone("a", nil), l.clone("b", nil), l.clone("c", nil), l.clone("d", nil)}
	l.must(l.changeRules(added(rule("apart", true, machines...))))
	for i, host := range []string{"esx-01", "esx-02", "esx-03"} {
		l.powerOn(machines[i])
		l.mustRunOn(machines[i], host)
	}
	err := l.wait(machines[3].PowerOn(l.ctx))
	refused := mustFault[*types.NoCompatibleHost](t, err)
	if len(refused.Host) != 3 || len(refused.Error) != 3 || !strings.Contains(err.Error(), "'apart'") {
		t.Errorf("%v: %+v", err, refused)
	}
	if violation, ok := refused.Error[1].Fault.(*types.RuleViolation); !ok || *violation.Host != refused.Host[1] ||
		violation.Rule.GetClusterRuleInfo().Name != "apart" {
		t.Errorf("%+v", refused.Error[1].Fault)
	}
	if state := l.properties(machines[3]).Runtime.PowerState; state != types.VirtualMachinePowerStatePoweredOff {
		t.Errorf("power: %s", state)
	}
	l.must(l.wait(machines[1].PowerOff(l.ctx)))
	l.powerOn(machines[3])
	l.mustRunOn(machines[3], "esx-02")
}

func TestRuleCountsMoreThanMemory(t *testing.T) {
	l := newLabOf(t, bigInventory)
	l.running("big-1", 65536)
	first := l.running("a", 1024)
	l.mustRunOn(first, "esx-02")
	l.running("big-3", 65536)
	second := l.clone("b", nil)
	for _, mandatory := range []bool{true, false} {
		apart := rule("apart", mandatory, first, second)
		l.must(l.changeRules(added(apart)))
		l.powerOn(second)
		l.mustRunOn(second, "esx-01")
		l.must(l.wait(second.PowerOff(l.ctx)))
		l.must(l.changeRules(removed(l.rules()["apart"].Key)))
	}
	disabled := rule("apart", true, first, second)
	disabled.Enabled = types.NewBool(false)
	l.must(l.changeRules(added(disabled)))
	l.powerOn(second)
	l.mustRunOn(second, "esx-02")
}

func TestPreferredRuleNeverRefuses(t *testing.T) {
	l := newLabOf(t, bigInventory)
	machines := []*object.VirtualMachine{l.clone("a", nil), l.clone("b", nil), l.clone("c", nil), l.clone("d", nil)}
	l.must(l.changeRules(added(rule("apart", false, machines...))))
	for i, host := range []string{"esx-01", "esx-02", "esx-03", "esx-01"} {
		l.powerOn(machines[i])
		l.mustRunOn(machines[i], host)
	}
}

func TestPinnedMachineStaysOnItsHost(t *testing.T) {
	l := newLabOf(t, bigInventory)
	l.running("a", 8192) // on the first host
	host := l.host("esx-01").Reference()
	spec := l.cloneSpec(nil)
	spec.Location.Host = &host
	task, err := l.template.Clone(l.ctx, l.folder, "pinned", spec)
	l.must(err)
	info, err := task.WaitForResult(l.ctx)
	l.must(err)
	pinned := object.NewVirtualMachine(l.client.Client, info.Result.(types.ManagedObjectReference))
	l.powerOn(pinned)
	l.mustRunOn(pinned, "esx-01")

	free := l.clone("free", nil)
	l.powerOn(free)
	l.mustRunOn(free, "esx-02")
	l.must(l.wait(free.PowerOff(l.ctx)))
	l.must(l.powerOnAt(free, "esx-01"))
	l.mustRunOn(free, "esx-01")
	l.must(l.changeRules(added(rule("apart", false, pinned, free)))) // neither may be moved
	l.mustRunOn(pinned, "esx-01")
	l.mustRunOn(free, "esx-01")
	l.must(l.wait(free.PowerOff(l.ctx)))
	l.powerOn(free)
	l.mustRunOn(free, "esx-02") // the host was for that time only
}

func TestPinIsRefusedWhereItCannotBe(t *testing.T) {
	l := newLabOf(t, bigInventory)
	other := l.host("esx-11").Reference()
	spec := l.cloneSpec(nil)
	spec.Location.Host = &other
	mustFault[*types.InvalidArgument](t, l.wait(l.template.Clone(l.ctx, l.folder, "a", spec)))
	vm, neighbour := l.clone("a", nil), l.running("b", 4096)
	mustFault[*types.InvalidArgument](t, l.powerOnAt(vm, "esx-11"))
	l.must(l.changeRules(added(rule("apart", true, vm, neighbour))))
	mustFault[*types.NoCompatibleHost](t, l.powerOnAt(vm, l.hostOf(neighbour)))
	l.must(l.powerOnAt(vm, "esx-03"))
	l.mustRunOn(vm, "esx-03")
}

func TestEveryWayToPowerOnObeysTheRules(t *testing.T) {
	l := newLabOf(t, bigInventory)
	l.running("a", 8192)
	spec := l.cloneSpec(nil)
	spec.PowerOn = true
	task, err := l.template.Clone(l.ctx, l.folder, "cloned", spec)
	l.must(err)
	info, err := task.WaitForResult(l.ctx)
	l.must(err)
	l.mustRunOn(object.NewVirtualMachine(l.client.Client, info.Result.(types.ManagedObjectReference)), "esx-02")

	vm := l.clone("together", nil)
	datacenter, err := find.NewFinder(l.client.Client).Datacenter(l.ctx, "/dc-01")
	l.must(err)
	task, err = datacenter.PowerOnVM(l.ctx, []types.ManagedObjectReference{vm.Reference()})
	l.must(err)
	info, err = task.WaitForResult(l.ctx)
	l.must(err)
	attempted := info.Result.(types.ClusterPowerOnVmResult).Attempted
	l.must(l.wait(object.NewTask(l.client.Client, *attempted[0].Task), nil))
	l.mustRunOn(vm, "esx-03")
}

func TestWithoutDRSMachinesStayWhereTheyAre(t *testing.T) {
	l := newLabOf(t, bigInventory)
	vm, neighbour := l.clone("a", nil), l.clone("b", nil)
	here := l.hostOf(vm)
	l.must(l.powerOnAt(neighbour, here))
	l.must(l.changeRules(added(rule("apart", true, vm, neighbour))))
	off := &types.ClusterConfigSpecEx{DrsConfig: &types.ClusterDrsConfigInfo{Enabled: types.NewBool(false)}}
	l.must(l.wait(l.cluster("cluster-01").Reconfigure(l.ctx, off, true)))
	l.powerOn(vm)
	l.mustRunOn(vm, here)
	on := &types.ClusterConfigSpecEx{DrsConfig: &types.ClusterDrsConfigInfo{Enabled: types.NewBool(true)}}
	l.must(l.wait(l.cluster("cluster-01").Reconfigure(l.ctx, on, true)))
	if host := l.hostOf(vm); host == here {
		t.Error("DRS did not correct the violation")
	}
	if len(l.rules()) != 1 {
		t.Errorf("%v", l.rules())
	}
}

func TestRelocateMovesTheMachine(t *testing.T) {
	l := newLabOf(t, bigInventory)
	vm := l.running("a", 4096)
	relocate := func(spec types.VirtualMachineRelocateSpec) error {
		return l.wait(vm.Relocate(l.ctx, spec, types.VirtualMachineMovePriorityDefaultPriority))
	}
	host, other := l.host("esx-03").Reference(), l.host("esx-12").Reference()
	l.must(relocate(types.VirtualMachineRelocateSpec{Host: &host}))
	l.mustRunOn(vm, "esx-03")
	mustFault[*types.InvalidArgument](t, relocate(types.VirtualMachineRelocateSpec{Host: &other}))
	pool, err := l.cluster("cluster-02").ResourcePool(l.ctx)
	l.must(err)
	ref := pool.Reference()
	l.must(relocate(types.VirtualMachineRelocateSpec{Pool: &ref}))
	if host := l.hostOf(vm); host != "esx-11" {
		t.Errorf("host: %s", host)
	}
}

func (l *lab) powerOnAt(vm *object.VirtualMachine, host string) error {
	ref := l.host(host).Reference()
	answer, err := methods.PowerOnVM_Task(l.ctx, l.client, &types.PowerOnVM_Task{This: vm.Reference(), Host: &ref})
	l.must(err)
	return l.wait(object.NewTask(l.client.Client, answer.Returnval), nil)
}
