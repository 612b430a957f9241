package main

import (
	"strings"

	"github.com/vmware/govmomi/simulator"
	"github.com/vmware/govmomi/vim25/methods"
	"github.com/vmware/govmomi/vim25/soap"
	"github.com/vmware/govmomi/vim25/types"
)

const applyMethod = "ApplyStorageDrsRecommendation_Task"

// ApplyStorageDrsRecommendationTask does what was wished for, on the datastore of the recommendation. Holds and faults
// for the method that it stands for count for it too.
func (s *storageManager) ApplyStorageDrsRecommendationTask(ctx *simulator.Context,
	r *types.ApplyStorageDrsRecommendation_Task) soap.HasFault {
	chosen := s.vcenter.advice.take(r.Key)
	if chosen == nil {
		fault := &types.InvalidArgument{InvalidProperty: "key"}
		return &methods.ApplyStorageDrsRecommendation_TaskBody{Fault_: simulator.Fault(explained(fault).LocalizedMessage, fault)}
	}
	w := s.workOf(chosen)
	w.method, w.plays, w.subject = applyMethod, chosen.plays, chosen.subject
	return answer(&methods.ApplyStorageDrsRecommendation_TaskBody{}, s.vcenter.start(ctx, w))
}

// workOf is the task that carries a recommendation out.
func (s *storageManager) workOf(chosen *recommendation) work {
	spec := chosen.spec
	switch chosen.plays {
	case "CloneVM_Task":
		return s.cloneWork(*spec.Vm, chosen)
	case "CreateVM_Task":
		return s.createWork(chosen)
	}
	target := s.machine(spec)
	if target == nil {
		return work{entity: s.rootFolder(), refused: explained(&types.ManagedObjectNotFound{Obj: *spec.Vm})}
	}
	return work{entity: target.vm, run: func(ctx *simulator.Context) (types.AnyType, *failure) {
		if chosen.plays == "ReconfigVM_Task" {
			placeDisks(spec.ConfigSpec, chosen.datastore.Name)
			return types.ApplyStorageRecommendationResult{}, target.reconfigure(ctx, *spec.ConfigSpec)
		}
		request := types.RelocateVM_Task{Priority: spec.Priority}
		if spec.RelocateSpec != nil {
			request.Spec = *spec.RelocateSpec
		}
		request.Spec.Datastore = chosen.datastore.Datastore
		_, failed := target.relocate(ctx, request)
		return types.ApplyStorageRecommendationResult{}, failed
	}}
}

func (s *storageManager) cloneWork(source types.ManagedObjectReference, chosen *recommendation) work {
	spec := chosen.spec
	vm, exists := s.vcenter.registry.Get(source).(*simulator.VirtualMachine)
	if !exists {
		return work{entity: s.rootFolder(), refused: explained(&types.ManagedObjectNotFound{Obj: source})}
	}
	request := types.CloneVM_Task{This: source, Folder: *spec.Folder, Name: spec.CloneName, Spec: *spec.CloneSpec}
	request.Spec.Location.Datastore = chosen.datastore.Datastore
	release, refused := s.vcenter.reserve(request.Folder, request.Name)
	return work{entity: vm, refused: refused, done: release, run: func(ctx *simulator.Context) (types.AnyType, *failure) {
		return madeBy((&machine{vcenter: s.vcenter, vm: vm}).clone(ctx, request))
	}}
}

func (s *storageManager) createWork(chosen *recommendation) work {
	spec := chosen.spec
	parent, exists := s.vcenter.registry.Get(*spec.Folder).(*simulator.Folder)
	if !exists {
		return work{entity: s.rootFolder(), refused: explained(&types.ManagedObjectNotFound{Obj: *spec.Folder})}
	}
	config := *spec.ConfigSpec
	place := "[" + chosen.datastore.Name + "]"
	if config.Files != nil {
		place += " " + strings.TrimSpace(strings.TrimPrefix(config.Files.VmPathName, "[]"))
	}
	config.Files = &types.VirtualMachineFileInfo{VmPathName: strings.TrimSpace(place)}
	placeDisks(&config, chosen.datastore.Name)
	release, refused := s.vcenter.reserve(parent.Self, config.Name)
	return work{entity: parent, refused: refused, done: release, run: func(ctx *simulator.Context) (types.AnyType, *failure) {
		request := &types.CreateVM_Task{This: parent.Self, Config: config, Pool: *spec.ResourcePool, Host: spec.Host}
		return madeBy((&folder{vcenter: s.vcenter, folder: parent}).create(ctx, request))
	}}
}

// madeBy is how Storage DRS answers with a new machine.
func madeBy(made types.AnyType, failed *failure) (types.AnyType, *failure) {
	if failed != nil {
		return nil, failed
	}
	ref := made.(types.ManagedObjectReference)
	return types.ApplyStorageRecommendationResult{Vm: &ref}, nil
}

func (s *storageManager) rootFolder() *simulator.Folder {
	return s.vcenter.registry.Get(simulator.VPX().ServiceContent.RootFolder).(*simulator.Folder)
}

// newDisks are the disks whose files are going to be created.
func newDisks(config *types.VirtualMachineConfigSpec) (found []types.BaseVirtualDeviceFileBackingInfo) {
	for _, change := range config.DeviceChange {
		spec := change.GetVirtualDeviceConfigSpec()
		disk, isDisk := spec.Device.(*types.VirtualDisk)
		if !isDisk || spec.Operation != types.VirtualDeviceConfigSpecOperationAdd ||
			spec.FileOperation != types.VirtualDeviceConfigSpecFileOperationCreate {
			continue
		}
		if backing, isFile := disk.Backing.(types.BaseVirtualDeviceFileBackingInfo); isFile {
			found = append(found, backing)
		}
	}
	return found
}

func placeDisks(config *types.VirtualMachineConfigSpec, datastore string) {
	for _, backing := range newDisks(config) {
		backing.GetVirtualDeviceFileBackingInfo().FileName = "[" + datastore + "]"
	}
}
