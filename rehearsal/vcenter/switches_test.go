package main

import (
	"slices"
	"testing"

	"github.com/vmware/govmomi/find"
	"github.com/vmware/govmomi/object"
	"github.com/vmware/govmomi/vim25/methods"
	"github.com/vmware/govmomi/vim25/mo"
	"github.com/vmware/govmomi/vim25/types"
)

func (l *lab) dvs() mo.VmwareDistributedVirtualSwitch {
	l.t.Helper()
	ref, err := object.NewSearchIndex(l.client.Client).FindByInventoryPath(l.ctx, "/dc-01/network/dvs-01")
	l.must(err)
	var properties mo.VmwareDistributedVirtualSwitch
	l.must(l.client.RetrieveOne(l.ctx, ref.Reference(), nil, &properties))
	return properties
}

func (l *lab) portGroup(name string) mo.DistributedVirtualPortgroup {
	l.t.Helper()
	found, err := find.NewFinder(l.client.Client).Network(l.ctx, "/dc-01/network/"+name)
	l.must(err)
	var properties mo.DistributedVirtualPortgroup
	l.must(l.client.RetrieveOne(l.ctx, found.Reference(), nil, &properties))
	return properties
}

func vlanOf(group mo.DistributedVirtualPortgroup) int32 {
	return group.Config.DefaultPortConfig.(*types.VMwareDVSPortSetting).Vlan.(*types.VmwareDistributedVirtualSwitchVlanIdSpec).VlanId
}

func withVLAN(number int32) *types.VMwareDVSPortSetting {
	return &types.VMwareDVSPortSetting{Vlan: &types.VmwareDistributedVirtualSwitchVlanIdSpec{VlanId: number}}
}

func portOf(dvs mo.VmwareDistributedVirtualSwitch, group mo.DistributedVirtualPortgroup) *types.VirtualEthernetCardDistributedVirtualPortBackingInfo {
	return &types.VirtualEthernetCardDistributedVirtualPortBackingInfo{
		Port: types.DistributedVirtualSwitchPortConnection{SwitchUuid: dvs.Uuid, PortgroupKey: group.Key}}
}

func (l *lab) reconfigureGroup(group mo.DistributedVirtualPortgroup, spec types.DVPortgroupConfigSpec) error {
	return l.wait(object.NewDistributedVirtualPortgroup(l.client.Client, group.Self).Reconfigure(l.ctx, spec))
}

func (l *lab) createGroup(name string, vlan int32) (types.ManagedObjectReference, error) {
	answer, err := methods.CreateDVPortgroup_Task(l.ctx, l.client, &types.CreateDVPortgroup_Task{
		This: l.dvs().Self, Spec: types.DVPortgroupConfigSpec{Name: name, NumPorts: 8, DefaultPortConfig: withVLAN(vlan)}})
	l.must(err)
	info, err := object.NewTask(l.client.Client, answer.Returnval).WaitForResult(l.ctx)
	if err != nil {
		return types.ManagedObjectReference{}, err
	}
	return info.Result.(types.ManagedObjectReference), nil
}

func (l *lab) destroyGroup(group mo.DistributedVirtualPortgroup) error {
	return l.wait(object.NewCommon(l.client.Client, group.Self).Destroy(l.ctx))
}

// everybodySees tells whether all hosts and clusters list a network, each once.
func (l *lab) everybodySees(network types.ManagedObjectReference) bool {
	l.t.Helper()
	count := func(list []types.ManagedObjectReference) (times int) {
		for _, ref := range list {
			if ref == network {
				times++
			}
		}
		return times
	}
	seen := 0
	for _, name := range []string{"cluster-01", "cluster-02"} {
		var cluster mo.ClusterComputeResource
		l.must(l.client.RetrieveOne(l.ctx, l.cluster(name).Reference(), []string{"network", "host"}, &cluster))
		var hosts []mo.HostSystem
		l.must(l.client.Retrieve(l.ctx, cluster.Host, []string{"network"}, &hosts))
		seen += count(cluster.Network)
		for _, host := range hosts {
			seen += count(host.Network)
		}
	}
	if seen != 0 && seen != 7 {
		l.t.Errorf("%v is listed %d times", network, seen)
	}
	return seen == 7
}

func TestDistributedSwitchOfTheInventory(t *testing.T) {
	l := newLabOf(t, bigInventory)
	dvs := l.dvs()
	if dvs.Self.Type != "VmwareDistributedVirtualSwitch" || len(dvs.Summary.HostMember) != 5 || len(dvs.Portgroup) != 3 || len(dvs.Uuid) != 47 {
		t.Errorf("%+v", dvs)
	}
	config := dvs.Config.(*types.VMwareDVSConfigInfo)
	var uplinks mo.DistributedVirtualPortgroup
	l.must(l.client.RetrieveOne(l.ctx, config.UplinkPortgroup[0], nil, &uplinks))
	if !isTrue(uplinks.Config.Uplink) || uplinks.Tag[0].Key != "SYSTEM/DVS.UPLINKPG" {
		t.Errorf("%+v", uplinks)
	}
	first, second := l.portGroup("dpg-1"), l.portGroup("dpg-2")
	if vlanOf(first) != 100 || vlanOf(second) != 0 || isTrue(first.Config.Uplink) || first.Key != first.Self.Value ||
		first.Config.DistributedVirtualSwitch.Value != dvs.Self.Value || first.Config.DistributedVirtualSwitch.Type != dvs.Self.Type {
		t.Errorf("%+v, %+v", first.Config, second.Config)
	}
	for _, ref := range dvs.Portgroup {
		if !l.everybodySees(ref) {
			t.Errorf("nobody sees %v", ref)
		}
	}
	mustFault[*types.ResourceInUse](t, l.destroyGroup(uplinks))
}

func TestSwitchIsFoundByItsIdentifier(t *testing.T) {
	l := newLabOf(t, bigInventory)
	manager := *l.client.ServiceContent.DvSwitchManager
	found, err := methods.QueryDvsByUuid(l.ctx, l.client, &types.QueryDvsByUuid{This: manager, Uuid: l.dvs().Uuid})
	l.must(err)
	if *found.Returnval != l.dvs().Self {
		t.Errorf("%v", found.Returnval)
	}
	_, err = methods.QueryDvsByUuid(l.ctx, l.client, &types.QueryDvsByUuid{This: manager, Uuid: "other"})
	mustFault[*types.NotFound](t, err)
	group, err := methods.DVSManagerLookupDvPortGroup(l.ctx, l.client, &types.DVSManagerLookupDvPortGroup{
		This: manager, SwitchUuid: l.dvs().Uuid, PortgroupKey: l.portGroup("dpg-1").Key})
	l.must(err)
	if *group.Returnval != l.portGroup("dpg-1").Self {
		t.Errorf("%v", group.Returnval)
	}
}

func TestPortGroupsAreMadeChangedAndDestroyed(t *testing.T) {
	l := newLabOf(t, bigInventory)
	ref, err := l.createGroup("dpg-3", 30)
	l.must(err)
	made := l.portGroup("dpg-3")
	if made.Self != ref || vlanOf(made) != 30 || len(made.Host) != 5 || !slices.Contains(l.dvs().Portgroup, ref) || !l.everybodySees(ref) {
		t.Errorf("%+v", made)
	}
	version := made.Config.ConfigVersion
	l.must(l.reconfigureGroup(made, types.DVPortgroupConfigSpec{ConfigVersion: version, Name: "renamed", DefaultPortConfig: withVLAN(31)}))
	renamed := l.portGroup("renamed")
	if renamed.Self != ref || vlanOf(renamed) != 31 || renamed.Config.NumPorts != 8 || renamed.Config.Name != "renamed" ||
		!slices.Contains(l.dvs().Summary.PortgroupName, "renamed") || slices.Contains(l.dvs().Summary.PortgroupName, "dpg-3") {
		t.Errorf("%+v", renamed)
	}
	mustFault[*types.ConcurrentAccess](t, l.reconfigureGroup(made, types.DVPortgroupConfigSpec{ConfigVersion: version, Description: "x"}))
	l.must(l.reconfigureGroup(made, types.DVPortgroupConfigSpec{ConfigVersion: renamed.Config.ConfigVersion, Description: "x"}))
	if after := l.portGroup("renamed"); vlanOf(after) != 31 || after.Config.Description != "x" {
		t.Errorf("%+v", after.Config)
	}
	l.must(l.destroyGroup(renamed))
	if slices.Contains(l.dvs().Portgroup, ref) || l.everybodySees(ref) {
		t.Error("the port group is still there")
	}
}

func TestImpossiblePortGroupsAreRefused(t *testing.T) {
	l := newLabOf(t, bigInventory)
	for _, taken := range []string{"dpg-1", "vm-network", "dvs-01"} {
		_, err := l.createGroup(taken, 1)
		mustFault[*types.DuplicateName](t, err)
	}
	_, err := l.createGroup("dpg-3", 4095)
	mustFault[*types.InvalidArgument](t, err)
	mustFault[*types.DuplicateName](t, l.reconfigureGroup(l.portGroup("dpg-1"), types.DVPortgroupConfigSpec{Name: "dpg-2"}))
	mustFault[*types.InvalidArgument](t, l.reconfigureGroup(l.portGroup("dpg-1"), types.DVPortgroupConfigSpec{DefaultPortConfig: withVLAN(-1)}))
}

func TestMachinesUsePortGroups(t *testing.T) {
	l := newLabOf(t, bigInventory)
	dvs, group, standard := l.dvs(), l.portGroup("dpg-2"), l.properties(l.template).Network[0]
	card := l.cardDevice(l.template)
	card.GetVirtualDevice().Backing = portOf(dvs, group)
	vm := l.clone("node-1", &types.VirtualMachineConfigSpec{DeviceChange: []types.BaseVirtualDeviceConfigSpec{
		&types.VirtualDeviceConfigSpec{Operation: types.VirtualDeviceConfigSpecOperationEdit, Device: card}}})
	networks := func() []types.ManagedObjectReference { return l.properties(vm).Network }
	if list := networks(); len(list) != 1 || list[0] != group.Self || !slices.Contains(l.portGroup("dpg-2").Vm, vm.Reference()) {
		t.Errorf("%v, %v", list, l.portGroup("dpg-2").Vm)
	}
	if guest := l.properties(vm).Guest.Net; len(guest) != 1 || guest[0].Network != "dpg-2" {
		t.Errorf("%+v", guest)
	}
	mustFault[*types.ResourceInUse](t, l.destroyGroup(group))

	second := &types.VirtualVmxnet3{}
	second.Backing = portOf(dvs, l.portGroup("dpg-2"))
	l.must(vm.AddDevice(l.ctx, second))
	if list := networks(); len(list) != 1 {
		t.Errorf("%v", list)
	}
	card = l.cardDevice(vm)
	card.GetVirtualDevice().Backing = &types.VirtualEthernetCardNetworkBackingInfo{
		VirtualDeviceDeviceBackingInfo: types.VirtualDeviceDeviceBackingInfo{DeviceName: "vm-network"}}
	l.must(vm.EditDevice(l.ctx, card))
	if list := networks(); len(list) != 2 || !slices.Contains(list, standard) || !slices.Contains(list, group.Self) {
		t.Errorf("%v", list)
	}
	l.must(l.wait(vm.Destroy(l.ctx)))
	if left := l.portGroup("dpg-2").Vm; len(left) != 0 {
		t.Errorf("%v", left)
	}
	l.must(l.destroyGroup(group))
}

func (l *lab) cardDevice(vm *object.VirtualMachine) types.BaseVirtualDevice {
	l.t.Helper()
	devices, err := vm.Device(l.ctx)
	l.must(err)
	return devices.SelectByType((*types.VirtualEthernetCard)(nil))[0]
}

func TestUnknownPortsAreRefused(t *testing.T) {
	l := newLabOf(t, bigInventory)
	vm := l.clone("node-1", nil)
	for _, wrong := range []types.DistributedVirtualSwitchPortConnection{
		{SwitchUuid: "other", PortgroupKey: l.portGroup("dpg-1").Key},
		{SwitchUuid: l.dvs().Uuid, PortgroupKey: "dvportgroup-0"},
	} {
		card := &types.VirtualVmxnet3{}
		card.Backing = &types.VirtualEthernetCardDistributedVirtualPortBackingInfo{Port: wrong}
		mustFault[*types.NotFound](t, vm.AddDevice(l.ctx, card))
	}
}

func TestTemplateOfThePortGroup(t *testing.T) {
	l := newLabOf(t, bigInventory)
	template, err := find.NewFinder(l.client.Client).VirtualMachine(l.ctx, "/dc-01/vm/templates/linux/other")
	l.must(err)
	properties := l.properties(template)
	if properties.Config.Annotation != "made by hand" || properties.Network[0] != l.portGroup("dpg-1").Self {
		t.Errorf("%+v", properties.Config)
	}
	l.template = template
	if vm := l.properties(l.clone("node-1", nil)); vm.Network[0] != l.portGroup("dpg-1").Self || vm.Config.Annotation != "made by hand" {
		t.Errorf("%v, %s", vm.Network, vm.Config.Annotation)
	}
	if third, _ := l.machine("third"); third.Path != "/dc-01/vm/templates/third" {
		t.Errorf("%+v", third)
	}
}

func TestPortGroupsCanBeHeldAndFail(t *testing.T) {
	l := newLabOf(t, bigInventory)
	l.control("PUT", "/faults", `{"method":"CreateDVPortgroup_Task","name":"dpg-3","fault":"NoPermission"}`, nil)
	_, err := l.createGroup("dpg-3", 3)
	mustFault[*types.NoPermission](t, err)
	before, running := l.hold("CreateDVPortgroup_Task", "dpg-3", "before"), l.hold("CreateDVPortgroup_Task", "dpg-3", "running")
	done := inBackground(func() (types.ManagedObjectReference, error) { return l.createGroup("dpg-3", 3) })
	for _, hold := range []string{before, running} {
		l.waitUntilHeld(hold)
		l.mustBeHeld(done)
		l.release(hold)
	}
	l.must(<-done)
}
