package main

import (
	"strconv"
	"sync"
	"time"

	"github.com/vmware/govmomi/simulator"
	"github.com/vmware/govmomi/vim25/methods"
	"github.com/vmware/govmomi/vim25/soap"
	"github.com/vmware/govmomi/vim25/types"
)

// recommendation is a datastore for a wish, until somebody applies it.
type recommendation struct {
	spec      types.StoragePlacementSpec
	datastore types.DatastoreSummary
	plays     string   // the method that it stands for
	subject   string   // the machine that it is for
	siblings  []string // keys of the same wish
}

// recommendations are those that nobody has applied yet.
type recommendations struct {
	mutex sync.Mutex
	last  int
	list  map[string]*recommendation
}

func newRecommendations() *recommendations {
	return &recommendations{list: map[string]*recommendation{}}
}

func (r *recommendations) add(spec types.StoragePlacementSpec, datastores []types.DatastoreSummary, plays, subject string) []string {
	r.mutex.Lock()
	defer r.mutex.Unlock()
	var keys []string
	for range datastores {
		r.last++
		keys = append(keys, strconv.Itoa(r.last))
	}
	for i, key := range keys {
		r.list[key] = &recommendation{spec: spec, datastore: datastores[i], plays: plays, subject: subject, siblings: keys}
	}
	return keys
}

// peek looks at a recommendation that is going to be applied.
func (r *recommendations) peek(keys []string) *recommendation {
	r.mutex.Lock()
	defer r.mutex.Unlock()
	return r.find(keys)
}

func (r *recommendations) find(keys []string) *recommendation {
	if len(keys) != 1 {
		return nil
	}
	return r.list[keys[0]]
}

// take uses a recommendation up, and the others for the same wish.
func (r *recommendations) take(keys []string) *recommendation {
	r.mutex.Lock()
	defer r.mutex.Unlock()
	found := r.find(keys)
	if found == nil {
		return nil
	}
	for _, sibling := range found.siblings {
		delete(r.list, sibling)
	}
	return found
}

// storageManager is Storage DRS.
type storageManager struct {
	lockFree
	vcenter *vcenter
	manager *simulator.StorageResourceManager
}

// Reference implements mo.Reference.
func (s *storageManager) Reference() types.ManagedObjectReference { return s.manager.Self }

// RecommendDatastores ranks the datastores of a pod by their free space.
func (s *storageManager) RecommendDatastores(r *types.RecommendDatastores) soap.HasFault {
	refuse := func(fault types.BaseMethodFault) soap.HasFault {
		return &methods.RecommendDatastoresBody{Fault_: simulator.Fault(explained(fault).LocalizedMessage, fault)}
	}
	pod, refused := s.vcenter.podOf(r.StorageSpec)
	if refused != nil {
		return refuse(refused)
	}
	plays, subject, refused := s.wish(r.StorageSpec)
	if refused != nil {
		return refuse(refused)
	}
	datastores := s.vcenter.members(pod)
	keys := s.vcenter.advice.add(r.StorageSpec, datastores, plays, subject)
	result := types.StoragePlacementResult{}
	for i, key := range keys {
		result.Recommendations = append(result.Recommendations, describeRecommendation(key, i, pod.Self, datastores[i], r.StorageSpec))
	}
	return &methods.RecommendDatastoresBody{Res: &types.RecommendDatastoresResponse{Returnval: result}}
}

func describeRecommendation(key string, rank int, pod types.ManagedObjectReference, datastore types.DatastoreSummary,
	spec types.StoragePlacementSpec) types.ClusterRecommendation {
	used := 100 * float32(datastore.Capacity-datastore.FreeSpace) / float32(max(datastore.Capacity, 1))
	return types.ClusterRecommendation{
		Key: key, Type: "V1", Time: time.Now(), Rating: int32(max(5-rank, 1)), Target: &pod,
		Reason: string(types.RecommendationReasonCodeStoragePlacement), ReasonText: "Satisfy storage initial placement requests",
		Action: []types.BaseClusterAction{&types.StoragePlacementAction{
			ClusterAction: types.ClusterAction{Type: "StoragePlacementV1"},
			Vm:            spec.Vm, Destination: *datastore.Datastore, SpaceUtilBefore: used, SpaceUtilAfter: used,
			RelocateSpec: types.VirtualMachineRelocateSpec{Datastore: datastore.Datastore},
		}},
	}
}

// wish says which method a placement stands for and which machine it is for, or what is missing in it.
func (s *storageManager) wish(spec types.StoragePlacementSpec) (plays, subject string, refused types.BaseMethodFault) {
	missing := func(property string) (string, string, types.BaseMethodFault) {
		return "", "", &types.InvalidArgument{InvalidProperty: "storageSpec." + property}
	}
	kind := types.StoragePlacementSpecPlacementType(spec.Type)
	if kind != types.StoragePlacementSpecPlacementTypeCreate {
		vm := s.machine(spec)
		if vm == nil {
			return missing("vm")
		}
		subject = s.vcenter.nameOf(vm.vm)
	}
	switch kind {
	case types.StoragePlacementSpecPlacementTypeClone:
		switch {
		case spec.Folder == nil:
			return missing("folder")
		case spec.CloneName == "":
			return missing("cloneName")
		case spec.CloneSpec == nil:
			return missing("cloneSpec")
		}
		return "CloneVM_Task", spec.CloneName, nil
	case types.StoragePlacementSpecPlacementTypeCreate:
		switch {
		case spec.Folder == nil:
			return missing("folder")
		case spec.ResourcePool == nil:
			return missing("resourcePool")
		case spec.ConfigSpec == nil:
			return missing("configSpec")
		}
		return "CreateVM_Task", spec.ConfigSpec.Name, nil
	case types.StoragePlacementSpecPlacementTypeReconfigure:
		if spec.ConfigSpec == nil {
			return missing("configSpec")
		}
		if len(newDisks(spec.ConfigSpec)) == 0 {
			return missing("podSelectionSpec.initialVmConfig.disk")
		}
		return "ReconfigVM_Task", subject, nil
	case types.StoragePlacementSpecPlacementTypeRelocate:
		return "RelocateVM_Task", subject, nil
	}
	return missing("type")
}

func (s *storageManager) machine(spec types.StoragePlacementSpec) *machine {
	if spec.Vm == nil {
		return nil
	}
	vm, exists := s.vcenter.registry.Get(*spec.Vm).(*simulator.VirtualMachine)
	if !exists {
		return nil
	}
	return &machine{vcenter: s.vcenter, vm: vm}
}
