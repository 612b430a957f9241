package main

import (
	"testing"

	"github.com/vmware/govmomi/object"
	"github.com/vmware/govmomi/vim25/methods"
	"github.com/vmware/govmomi/vim25/mo"
	"github.com/vmware/govmomi/vim25/types"
)

func (l *lab) changeRules(changes ...types.ClusterRuleSpec) error {
	return l.wait(l.cluster("cluster-01").Reconfigure(l.ctx, &types.ClusterConfigSpecEx{RulesSpec: changes}, true))
}

func rule(name string, mandatory bool, machines ...*object.VirtualMachine) *types.ClusterAntiAffinityRuleSpec {
	made := &types.ClusterAntiAffinityRuleSpec{ClusterRuleInfo: types.ClusterRuleInfo{
		Name: name, Enabled: types.NewBool(true), Mandatory: types.NewBool(mandatory), UserCreated: types.NewBool(true)}}
	for _, vm := range machines {
		made.Vm = append(made.Vm, vm.Reference())
	}
	return made
}

func added(info types.BaseClusterRuleInfo) types.ClusterRuleSpec {
	return types.ClusterRuleSpec{ArrayUpdateSpec: types.ArrayUpdateSpec{Operation: types.ArrayUpdateOperationAdd}, Info: info}
}

func edited(info types.BaseClusterRuleInfo) types.ClusterRuleSpec {
	return types.ClusterRuleSpec{ArrayUpdateSpec: types.ArrayUpdateSpec{Operation: types.ArrayUpdateOperationEdit}, Info: info}
}

func removed(key any) types.ClusterRuleSpec {
	return types.ClusterRuleSpec{ArrayUpdateSpec: types.ArrayUpdateSpec{Operation: types.ArrayUpdateOperationRemove, RemoveKey: key}}
}

func (l *lab) rules() map[string]*types.ClusterAntiAffinityRuleSpec {
	l.t.Helper()
	var properties mo.ClusterComputeResource
	cluster := l.cluster("cluster-01")
	l.must(cluster.Properties(l.ctx, cluster.Reference(), []string{"configurationEx"}, &properties))
	found := map[string]*types.ClusterAntiAffinityRuleSpec{}
	for _, info := range properties.ConfigurationEx.(*types.ClusterConfigInfoEx).Rule {
		found[info.GetClusterRuleInfo().Name] = info.(*types.ClusterAntiAffinityRuleSpec)
	}
	return found
}

func TestRulesAreAddedEditedAndRemoved(t *testing.T) {
	l := newLabOf(t, bigInventory)
	first, second := l.clone("a", nil), l.clone("b", nil)
	l.must(l.changeRules(added(rule("one", true, first, second)), added(rule("two", false, first, second))))
	one, two := l.rules()["one"], l.rules()["two"]
	if one.Key == 0 || one.Key == two.Key || one.RuleUuid == "" || one.RuleUuid == two.RuleUuid || !isTrue(one.Mandatory) || len(one.Vm) != 2 {
		t.Errorf("%+v, %+v", one, two)
	}
	change := rule("three", false, first)
	change.Key = one.Key
	l.must(l.changeRules(edited(change)))
	if after := l.rules()["three"]; after == nil || after.Key != one.Key || after.RuleUuid != one.RuleUuid || len(after.Vm) != 1 || isTrue(after.Mandatory) {
		t.Errorf("%+v", l.rules())
	}
	l.must(l.changeRules(removed(one.Key), removed(two.Key)))
	l.must(l.changeRules(added(rule("one", true, first))))
	if again := l.rules(); len(again) != 1 || again["one"].Key == one.Key || again["one"].Key == two.Key {
		t.Errorf("%+v", again)
	}
}

func TestImpossibleRulesAreRefused(t *testing.T) {
	l := newLabOf(t, bigInventory)
	vm := l.clone("a", nil)
	l.must(l.changeRules(added(rule("one", true, vm)), added(rule("two", true, vm))))
	two := rule("one", true, vm)
	two.Key = l.rules()["two"].Key
	unknown := rule("four", true, vm)
	unknown.Key = 4711
	gone := object.NewVirtualMachine(l.client.Client, types.ManagedObjectReference{Type: "VirtualMachine", Value: "vm-0"})
	pool, err := l.cluster("cluster-02").ResourcePool(l.ctx)
	l.must(err)
	l.pool = pool
	elsewhere := l.clone("b", nil)

	duplicate := mustFault[*types.DuplicateName](t, l.changeRules(added(rule("three", true, vm)), added(rule("one", true, vm))))
	if duplicate.Name != "one" {
		t.Errorf("%+v", duplicate)
	}
	mustFault[*types.DuplicateName](t, l.changeRules(edited(two)))
	mustFault[*types.InvalidArgument](t, l.changeRules(edited(unknown)))
	mustFault[*types.InvalidArgument](t, l.changeRules(removed(int32(4711))))
	mustFault[*types.InvalidArgument](t, l.changeRules(added(rule("", true, vm))))
	mustFault[*types.InvalidArgument](t, l.changeRules(added(rule("three", true, vm, elsewhere))))
	mustFault[*types.ManagedObjectNotFound](t, l.changeRules(added(rule("three", true, vm, gone))))
	if left := l.rules(); len(left) != 2 {
		t.Errorf("a refused change left something behind: %v", left)
	}
}

func TestDRSCorrectsViolationsAtOnce(t *testing.T) {
	l := newLabOf(t, bigInventory)
	first, second, third := l.clone("a", nil), l.clone("b", nil), l.clone("c", nil)
	together := func(machines ...*object.VirtualMachine) {
		for _, vm := range machines { // as DRS may leave them
			ref := l.host("esx-01").Reference()
			l.must(l.wait(vm.Relocate(l.ctx, types.VirtualMachineRelocateSpec{Host: &ref}, types.VirtualMachineMovePriorityDefaultPriority)))
			l.server.vcenter.drs.pins.forget(vm.Reference())
		}
	}
	for _, vm := range []*object.VirtualMachine{first, second, third} {
		l.powerOn(vm)
	}
	together(first, second, third)
	apart := rule("apart", false, first, second, third)
	apart.Enabled = types.NewBool(false)
	l.must(l.changeRules(added(apart)))
	for _, vm := range []*object.VirtualMachine{first, second, third} {
		l.mustRunOn(vm, "esx-01")
	}
	apart.Enabled, apart.Key = types.NewBool(true), l.rules()["apart"].Key
	l.must(l.changeRules(edited(apart)))
	l.mustRunOn(first, "esx-01")
	l.mustRunOn(third, "esx-02")
	l.mustRunOn(second, "esx-03")

	together(second)
	l.must(l.changeRules(added(rule("mandatory", true, first, second))))
	l.mustRunOn(second, "esx-03")
}

func TestDRSLeavesWhatItCannotCorrect(t *testing.T) {
	l := newLabOf(t, bigInventory)
	machines := []*object.VirtualMachine{l.running("a", 4096), l.running("b", 4096), l.running("c", 4096), l.running("d", 4096)}
	l.must(l.changeRules(added(rule("apart", true, machines...))))
	l.mustRunOn(machines[0], "esx-01")
	l.mustRunOn(machines[3], "esx-01")
}

func TestDestroyedMachineLeavesItsRules(t *testing.T) {
	l := newLabOf(t, bigInventory)
	first, second := l.clone("a", nil), l.clone("b", nil)
	l.must(l.changeRules(added(rule("apart", true, first, second))))
	before := l.rules()["apart"]
	l.must(l.wait(first.Destroy(l.ctx)))
	if after := l.rules()["apart"]; after == nil || len(after.Vm) != 1 || after.Vm[0] != second.Reference() || after.Key != before.Key {
		t.Errorf("%+v", after)
	}
	l.must(l.wait(second.Destroy(l.ctx)))
	if after := l.rules()["apart"]; after == nil || len(after.Vm) != 0 {
		t.Errorf("%+v", after)
	}
}

func TestRuleChangesCanBeHeldAndFail(t *testing.T) {
	l := newLabOf(t, bigInventory)
	vm := l.clone("a", nil)
	l.control("PUT", "/faults", `{"method":"ReconfigureComputeResource_Task","name":"cluster-01","fault":"NoPermission"}`, nil)
	mustFault[*types.NoPermission](t, l.changeRules(added(rule("one", true, vm))))
	hold := l.hold("ReconfigureComputeResource_Task", "cluster-01", "running")
	cluster := l.cluster("cluster-01")
	answer, err := methods.ReconfigureComputeResource_Task(l.ctx, l.client, &types.ReconfigureComputeResource_Task{
		This: cluster.Reference(), Modify: true,
		Spec: &types.ClusterConfigSpecEx{RulesSpec: []types.ClusterRuleSpec{added(rule("one", true, vm))}},
	})
	l.must(err)
	l.waitUntilHeld(hold)
	if len(l.rules()) != 0 {
		t.Errorf("%v", l.rules())
	}
	l.release(hold)
	l.must(l.wait(object.NewTask(l.client.Client, answer.Returnval), nil))
	if len(l.rules()) != 1 {
		t.Errorf("%v", l.rules())
	}
}
