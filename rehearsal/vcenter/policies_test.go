package main

import (
	"fmt"
	"testing"

	"github.com/vmware/govmomi/object"
	"github.com/vmware/govmomi/pbm"
	pbmmethods "github.com/vmware/govmomi/pbm/methods"
	pbmtypes "github.com/vmware/govmomi/pbm/types"
	"github.com/vmware/govmomi/vim25/types"
)

func (l *lab) policies() *pbm.Client {
	l.t.Helper()
	client, err := pbm.NewClient(l.ctx, l.client.Client)
	l.must(err)
	return client
}

func (l *lab) policy(name string) string {
	l.t.Helper()
	id, err := l.policies().ProfileIDByName(l.ctx, name)
	l.must(err)
	return id
}

// policyOf asks the way the official provider does; a disk of zero is the machine itself.
func (l *lab) policyOf(vm *object.VirtualMachine, disk int32) string {
	l.t.Helper()
	client := l.policies()
	entity := pbmtypes.PbmServerObjectRef{ObjectType: "virtualMachine", Key: vm.Reference().Value}
	if disk != 0 {
		entity = pbmtypes.PbmServerObjectRef{ObjectType: "virtualDiskId", Key: fmt.Sprintf("%s:%d", vm.Reference().Value, disk)}
	}
	one, err := pbmmethods.PbmQueryAssociatedProfile(l.ctx, client, &pbmtypes.PbmQueryAssociatedProfile{
		This: client.ServiceContent.ProfileManager, Entity: entity})
	l.must(err)
	several, err := client.QueryAssociatedProfiles(l.ctx, []pbmtypes.PbmServerObjectRef{entity})
	l.must(err)
	if len(several) != 1 || len(several[0].ProfileId) != len(one.Returnval) {
		l.t.Errorf("%+v", several)
	}
	if len(one.Returnval) == 0 {
		return ""
	}
	return one.Returnval[0].UniqueId
}

func profile(id string) []types.BaseVirtualMachineProfileSpec {
	return []types.BaseVirtualMachineProfileSpec{&types.VirtualMachineDefinedProfileSpec{ProfileId: id}}
}

func TestPoliciesOfTheInventory(t *testing.T) {
	l := newLabOf(t, bigInventory)
	client := l.policies()
	ids, err := client.QueryProfile(l.ctx, pbmtypes.PbmProfileResourceType{ResourceType: "STORAGE"}, "REQUIREMENT")
	l.must(err)
	contents, err := client.RetrieveContent(l.ctx, ids)
	l.must(err)
	names := map[string]bool{}
	for _, content := range contents {
		names[content.GetPbmProfile().Name] = true
	}
	if !names["gold"] || !names["silver"] || !names["VM Encryption Policy"] {
		t.Errorf("%v", names)
	}
	if _, err := client.ProfileIDByName(l.ctx, "bronze"); err == nil {
		t.Error("a policy that nobody wrote down")
	}
	if _, err := newLab(t).policies().ProfileIDByName(l.ctx, "gold"); err == nil {
		t.Error("another inventory's policy")
	}
}

func TestMachinesRememberTheirPolicies(t *testing.T) {
	l := newLabOf(t, bigInventory)
	gold, silver := l.policy("gold"), l.policy("silver")
	spec := l.cloneSpec(nil)
	spec.Location.Profile = profile(gold)
	spec.Location.Disk = []types.VirtualMachineRelocateSpecDiskLocator{{
		DiskId: l.disk(l.template).Key, Datastore: l.datastore("datastore-01").Self, Profile: profile(silver)}}
	task, err := l.template.Clone(l.ctx, l.folder, "a", spec)
	l.must(err)
	info, err := task.WaitForResult(l.ctx)
	l.must(err)
	located := object.NewVirtualMachine(l.client.Client, info.Result.(types.ManagedObjectReference))
	if l.policyOf(located, 0) != gold || l.policyOf(located, l.disk(located).Key) != silver {
		t.Errorf("%s, %s", l.policyOf(located, 0), l.policyOf(located, l.disk(located).Key))
	}

	disk := addedDisk(newDisk(-1, 1, 5))
	disk.Profile = profile(silver)
	vm := l.clone("b", &types.VirtualMachineConfigSpec{VmProfile: profile(silver), DeviceChange: []types.BaseVirtualDeviceConfigSpec{disk}})
	added := l.disks(vm)[1]
	if l.policyOf(vm, 0) != silver || l.policyOf(vm, added.Key) != silver || l.policyOf(vm, l.disk(vm).Key) != "" {
		t.Errorf("%s, %s", l.policyOf(vm, 0), l.policyOf(vm, added.Key))
	}
	edit := &types.VirtualDeviceConfigSpec{Operation: types.VirtualDeviceConfigSpecOperationEdit, Device: added, Profile: profile(gold)}
	l.must(l.wait(vm.Reconfigure(l.ctx, types.VirtualMachineConfigSpec{
		VmProfile: []types.BaseVirtualMachineProfileSpec{&types.VirtualMachineEmptyProfileSpec{}}, DeviceChange: []types.BaseVirtualDeviceConfigSpec{edit}})))
	if l.policyOf(vm, 0) != "" || l.policyOf(vm, added.Key) != gold {
		t.Errorf("%s, %s", l.policyOf(vm, 0), l.policyOf(vm, added.Key))
	}
	l.must(l.changeDevices(vm, &types.VirtualDeviceConfigSpec{Operation: types.VirtualDeviceConfigSpecOperationRemove, Device: added}))
	if left := l.policyOf(vm, added.Key); left != "" {
		t.Errorf("%s", left)
	}
	l.must(l.wait(vm.Destroy(l.ctx)))
	client := l.policies()
	_, err = client.QueryAssociatedProfile(l.ctx, pbmtypes.PbmServerObjectRef{ObjectType: "virtualMachine", Key: vm.Reference().Value})
	mustFault[*types.InvalidArgument](t, err)
}

func TestUnknownPoliciesAreRefused(t *testing.T) {
	l := newLabOf(t, bigInventory)
	vm := l.clone("a", nil)
	disk := addedDisk(newDisk(-1, 1, 5))
	disk.Profile = profile("no-such")
	home := types.VirtualMachineConfigSpec{VmProfile: profile("no-such")}
	mustFault[*types.InvalidArgument](t, l.wait(vm.Reconfigure(l.ctx, home)))
	mustFault[*types.InvalidArgument](t, l.changeDevices(vm, disk))
	mustFault[*types.InvalidArgument](t, l.wait(l.startClone("b", &home), nil))
	spec := l.cloneSpec(nil)
	spec.Location.Profile = profile("no-such")
	mustFault[*types.InvalidArgument](t, l.wait(l.template.Clone(l.ctx, l.folder, "b", spec)))
	if _, exists := l.machine("b"); exists || len(l.disks(vm)) != 1 || l.policyOf(vm, 0) != "" {
		t.Error("a refused policy left something behind")
	}
}
