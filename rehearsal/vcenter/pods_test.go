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

func (l *lab) pod() mo.StoragePod {
	l.t.Helper()
	found, err := find.NewFinder(l.client.Client).DatastoreCluster(l.ctx, "/dc-01/datastore/pod-01")
	l.must(err)
	var properties mo.StoragePod
	l.must(found.Properties(l.ctx, found.Reference(), nil, &properties))
	return properties
}

func (l *lab) datastore(path string) mo.Datastore {
	l.t.Helper()
	found, err := find.NewFinder(l.client.Client).Datastore(l.ctx, "/dc-01/datastore/"+path)
	l.must(err)
	var properties mo.Datastore
	l.must(found.Properties(l.ctx, found.Reference(), nil, &properties))
	return properties
}

func (l *lab) podSpec(name string) types.StoragePlacementSpec {
	pod, vm, folder, clone := l.pod().Self, l.template.Reference(), l.folder.Reference(), l.cloneSpec(nil)
	return types.StoragePlacementSpec{
		Type: string(types.StoragePlacementSpecPlacementTypeClone), Vm: &vm, Folder: &folder, CloneName: name, CloneSpec: &clone,
		PodSelectionSpec: types.StorageDrsPodSelectionSpec{StoragePod: &pod},
	}
}

// recommend is the datastore of the best recommendation, and its key.
func (l *lab) recommend(spec types.StoragePlacementSpec) (datastore, key string) {
	l.t.Helper()
	result, err := object.NewStorageResourceManager(l.client.Client).RecommendDatastores(l.ctx, spec)
	l.must(err)
	best := slices.MaxFunc(result.Recommendations, func(a, b types.ClusterRecommendation) int { return int(a.Rating - b.Rating) })
	destination := best.Action[0].(*types.StoragePlacementAction).Destination
	var properties mo.Datastore
	l.must(l.client.RetrieveOne(l.ctx, destination, []string{"name"}, &properties))
	return properties.Name, best.Key
}

func (l *lab) apply(key string) (*object.VirtualMachine, error) {
	task, err := object.NewStorageResourceManager(l.client.Client).ApplyStorageDrsRecommendation(l.ctx, []string{key})
	if err != nil {
		return nil, err
	}
	info, err := task.WaitForResult(l.ctx)
	if err != nil {
		return nil, err
	}
	made := info.Result.(types.ApplyStorageRecommendationResult).Vm
	if made == nil {
		return nil, nil
	}
	return object.NewVirtualMachine(l.client.Client, *made), nil
}

func TestDatastoreClusterOfTheInventory(t *testing.T) {
	l := newLabOf(t, bigInventory)
	pod := l.pod()
	if !pod.PodStorageDrsEntry.StorageDrsConfig.PodConfig.Enabled || len(pod.ChildEntity) != 3 ||
		pod.Summary.Capacity != (4096+4096+512)<<30 || pod.Summary.FreeSpace != (1000+1030+512)<<30 {
		t.Errorf("%+v, %+v", pod, pod.Summary)
	}
	if first := l.datastore("pod-01/ds-a"); *first.Parent != pod.Self || len(first.Host) != 5 || first.Summary.FreeSpace != 1000<<30 {
		t.Errorf("%+v", first)
	}
	_, err := methods.RefreshDatastore(l.ctx, l.client, &types.RefreshDatastore{This: l.datastore("datastore-01").Self})
	l.must(err)
	if plain := l.datastore("datastore-01"); plain.Summary.FreeSpace != 100<<30 || plain.Summary.Capacity != 4096<<30 {
		t.Errorf("%+v", plain.Summary)
	}
}

func TestInventoryPathsLeadIntoDatastoreClusters(t *testing.T) {
	l := newLabOf(t, bigInventory)
	index := object.NewSearchIndex(l.client.Client)
	for path, expected := range map[string]string{
		"/": "Folder", "/dc-01": "Datacenter", "/dc-01/datastore/pod-01": "StoragePod", "/dc-01/datastore/pod-01/ds-a": "Datastore",
		"dc-01/datastore/datastore-01": "Datastore", "/dc-01/network/dpg-1": "DistributedVirtualPortgroup",
		"/dc-01/vm/templates/linux/other": "VirtualMachine", "/dc-01/host/cluster-02/Resources": "ResourcePool",
	} {
		found, err := index.FindByInventoryPath(l.ctx, path)
		if err != nil || found == nil || found.Reference().Type != expected {
			t.Errorf("%s: %v, %v", path, found, err)
		}
	}
	for _, path := range []string{"/dc-01/datastore/ds-a", "/dc-01/datastore/pod-01/datastore-01", "/dc-02"} {
		if found, err := index.FindByInventoryPath(l.ctx, path); err != nil || found != nil {
			t.Errorf("%s: %v, %v", path, found, err)
		}
	}
}

func TestCloneIntoADatastoreCluster(t *testing.T) {
	l := newLabOf(t, bigInventory)
	identities := map[string]bool{}
	for i, expected := range []string{"ds-b", "ds-b", "ds-a"} { // each takes 20 GiB of the most free one
		name := "node-" + string(rune('1'+i))
		datastore, key := l.recommend(l.podSpec(name))
		if datastore != expected {
			t.Errorf("%s goes to %s instead of %s", name, datastore, expected)
		}
		vm, err := l.apply(key)
		l.must(err)
		properties := l.properties(vm)
		backing := l.disk(vm).Backing.(*types.VirtualDiskFlatVer2BackingInfo)
		if properties.Name != name || !strings.HasPrefix(backing.FileName, "["+expected+"] "+name+"/") ||
			!strings.HasPrefix(properties.Config.Files.VmPathName, "["+expected+"]") {
			t.Errorf("%s: %s, %s", properties.Name, properties.Config.Files.VmPathName, backing.FileName)
		}
		for _, identity := range []string{properties.Config.Uuid, l.card(vm).MacAddress, backing.Uuid} {
			if identity == "" || identities[identity] {
				t.Errorf("%q is empty or used twice", identity)
			}
			identities[identity] = true
		}
	}
	if free := l.pod().Summary.FreeSpace; free != (1000+1030+512-60)<<30 {
		t.Errorf("free: %d", free>>30)
	}
}

func TestRecommendationIsAppliedOnce(t *testing.T) {
	l := newLabOf(t, bigInventory)
	_, key := l.recommend(l.podSpec("node-1"))
	_, err := l.apply(key)
	l.must(err)
	_, err = l.apply(key)
	mustFault[*types.InvalidArgument](t, err)
	_, err = l.apply("4711")
	mustFault[*types.InvalidArgument](t, err)
}

func TestCloneIntoADatastoreClusterObeysTheRules(t *testing.T) {
	l := newLabOf(t, bigInventory)
	_, first := l.recommend(l.podSpec("node-1"))
	_, second := l.recommend(l.podSpec("node-1"))
	hold := l.hold("CloneVM_Task", "node-1", "running")
	task, err := object.NewStorageResourceManager(l.client.Client).ApplyStorageDrsRecommendation(l.ctx, []string{first})
	l.must(err)
	l.waitUntilHeld(hold)
	_, err = l.apply(second)
	mustFault[*types.DuplicateName](t, err)
	l.release(hold)
	l.must(l.wait(task, nil))

	for _, method := range []string{"CloneVM_Task", "ApplyStorageDrsRecommendation_Task"} {
		l.control("PUT", "/faults", `{"method":"`+method+`","name":"node-2","fault":"NoDiskSpace"}`, nil)
		_, key := l.recommend(l.podSpec("node-2"))
		_, err = l.apply(key)
		mustFault[*types.NoDiskSpace](t, err)
		before := l.hold(method, "node-2", "before")
		_, key = l.recommend(l.podSpec("node-2"))
		done := inBackground(func() (*object.VirtualMachine, error) { return l.apply(key) })
		l.waitUntilHeld(before)
		l.mustBeHeld(done)
		l.release(before)
		l.must(<-done)
		vm, err := find.NewFinder(l.client.Client).VirtualMachine(l.ctx, "/dc-01/vm/node-2")
		l.must(err)
		l.must(l.wait(vm.Destroy(l.ctx)))
	}
}

func TestImpossiblePlacementsAreRefused(t *testing.T) {
	l := newLabOf(t, bigInventory)
	nowhere := types.ManagedObjectReference{Type: "StoragePod", Value: "group-0"}
	for name, spoil := range map[string]func(*types.StoragePlacementSpec){
		"no name":   func(s *types.StoragePlacementSpec) { s.CloneName = "" },
		"no folder": func(s *types.StoragePlacementSpec) { s.Folder = nil },
		"no clone":  func(s *types.StoragePlacementSpec) { s.CloneSpec = nil },
		"no source": func(s *types.StoragePlacementSpec) { s.Vm = nil },
		"no pod":    func(s *types.StoragePlacementSpec) { s.PodSelectionSpec.StoragePod = nil },
		"no type":   func(s *types.StoragePlacementSpec) { s.Type = "" },
		"no disk": func(s *types.StoragePlacementSpec) {
			s.Type, s.ConfigSpec = string(types.StoragePlacementSpecPlacementTypeReconfigure), &types.VirtualMachineConfigSpec{}
		},
	} {
		t.Run(name, func(t *testing.T) {
			spec := l.podSpec("node-1")
			spoil(&spec)
			_, err := object.NewStorageResourceManager(l.client.Client).RecommendDatastores(l.ctx, spec)
			mustFault[*types.InvalidArgument](t, err)
		})
	}
	manager := object.NewStorageResourceManager(l.client.Client)
	spec := l.podSpec("node-1")
	spec.PodSelectionSpec.StoragePod = &nowhere
	_, err := manager.RecommendDatastores(l.ctx, spec)
	mustFault[*types.ManagedObjectNotFound](t, err)
	pod := object.NewStoragePod(l.client.Client, l.pod().Self)
	off := types.StorageDrsConfigSpec{PodConfigSpec: &types.StorageDrsPodConfigSpec{Enabled: types.NewBool(false)}}
	l.must(l.wait(manager.ConfigureStorageDrsForPod(l.ctx, pod, off, true)))
	_, err = manager.RecommendDatastores(l.ctx, l.podSpec("node-1"))
	mustFault[*types.InvalidArgument](t, err)
}

func TestDiskIsAddedThroughADatastoreCluster(t *testing.T) {
	l := newLabOf(t, bigInventory)
	vm := l.clone("node-1", nil)
	ref := vm.Reference()
	disk := newDisk(-10, 1, 5)
	spec := types.StoragePlacementSpec{
		Type: string(types.StoragePlacementSpecPlacementTypeReconfigure), Vm: &ref,
		ConfigSpec: &types.VirtualMachineConfigSpec{DeviceChange: []types.BaseVirtualDeviceConfigSpec{addedDisk(disk)}},
		PodSelectionSpec: types.StorageDrsPodSelectionSpec{InitialVmConfig: []types.VmPodConfigForPlacement{{
			StoragePod: l.pod().Self, Disk: []types.PodDiskLocator{{DiskId: disk.Key, DiskBackingInfo: disk.Backing}}}}},
	}
	datastore, key := l.recommend(spec)
	_, err := l.apply(key)
	l.must(err)
	disks := l.disks(vm)
	if len(disks) != 2 || datastore != "ds-b" || !strings.HasPrefix(fileOf(disks[1]), "[ds-b] node-1/") || disks[1].CapacityInKB != 5<<20 {
		t.Errorf("%s: %+v", datastore, disks)
	}
}
