package main

import (
	"slices"

	"github.com/vmware/govmomi/simulator"
	"github.com/vmware/govmomi/vim25/methods"
	"github.com/vmware/govmomi/vim25/soap"
	"github.com/vmware/govmomi/vim25/types"
)

// folder answers a folder's calls with the rules of a real vCenter.
type folder struct {
	lockFree
	vcenter *vcenter
	folder  *simulator.Folder
}

// Reference implements mo.Reference.
func (f *folder) Reference() types.ManagedObjectReference { return f.folder.Self }

// CreateVMTask takes the name at once, as a clone does.
func (f *folder) CreateVMTask(ctx *simulator.Context, r *types.CreateVM_Task) soap.HasFault {
	release, refused := f.vcenter.reserve(f.folder.Self, r.Config.Name)
	return answer(&methods.CreateVM_TaskBody{}, f.vcenter.start(ctx, work{
		method: "CreateVM_Task", subject: r.Config.Name, entity: f.folder, refused: refused, done: release,
		run: func(ctx *simulator.Context) (types.AnyType, *failure) { return f.create(ctx, r) },
	}))
}

func (f *folder) create(ctx *simulator.Context, r *types.CreateVM_Task) (types.AnyType, *failure) {
	if refused := f.checkNewMachine(r); refused != nil {
		return nil, refused
	}
	made, failed := f.vcenter.inner(ctx, f.folder, func() soap.HasFault { return f.folder.CreateVMTask(ctx, r) })
	if failed == nil {
		f.vcenter.assignPolicies(made.(types.ManagedObjectReference), r.Config)
	}
	return made, failed
}

// checkNewMachine refuses references that the simulator would not survive, and completes the cards.
func (f *folder) checkNewMachine(r *types.CreateVM_Task) *failure {
	if missing := f.vcenter.missingReference(&r.Pool, r.Host); missing != nil {
		return missing
	}
	host := r.Host
	if host == nil {
		host = f.vcenter.placement(types.VirtualMachineRelocateSpec{Pool: &r.Pool})
	}
	draft := &simulator.VirtualMachine{}
	draft.Config = &types.VirtualMachineConfigInfo{}
	draft.Runtime.Host = host
	if r.Config.Files == nil || r.Config.Files.VmPathName == "" || !f.vcenter.datastoreExists(draft, r.Config.Files.VmPathName) {
		return explained(&types.InvalidArgument{InvalidProperty: "config.files.vmPathName"})
	}
	drafted := &machine{vcenter: f.vcenter, vm: draft}
	if refused := drafted.preparePassthrough(r.Config); refused != nil {
		return explained(refused)
	}
	if refused := drafted.prepareDevices(r.Config.DeviceChange); refused != nil {
		return explained(refused)
	}
	if refused := f.vcenter.checkPolicies(r.Config); refused != nil {
		return explained(refused)
	}
	r.Host = host
	return nil
}

// DestroyTask deletes a folder with everything in it, unless a machine in it is switched on. The
// simulator would leave the machines behind.
func (f *folder) DestroyTask(ctx *simulator.Context, _ *types.Destroy_Task) soap.HasFault {
	return answer(&methods.Destroy_TaskBody{}, f.vcenter.start(ctx, work{
		method: "Destroy_Task", subject: f.vcenter.nameOf(f.folder), entity: f.folder,
		run: func(ctx *simulator.Context) (types.AnyType, *failure) {
			if f.folder.Parent == nil || f.folder.Parent.Type != "Folder" {
				return nil, explained(&types.NotSupported{}) // a datacenter's own folders stay
			}
			machines, folders := f.contents()
			for _, vm := range machines {
				var refused types.BaseMethodFault
				f.vcenter.locked(vm, func() { refused = needsPowerOff(&vm.VirtualMachine) })
				if refused != nil {
					return nil, explained(refused)
				}
			}
			return nil, f.destroyAll(ctx, machines, folders)
		},
	}))
}

// contents are all machines below the folder, and all folders from the innermost to itself.
func (f *folder) contents() (machines []*simulator.VirtualMachine, folders []*simulator.Folder) {
	var children []types.ManagedObjectReference
	f.vcenter.locked(f.folder, func() { children = slices.Clone(f.folder.ChildEntity) })
	for _, child := range children {
		switch object := f.vcenter.registry.Get(child).(type) {
		case *simulator.VirtualMachine:
			machines = append(machines, object)
		case *simulator.Folder:
			moreMachines, moreFolders := (&folder{vcenter: f.vcenter, folder: object}).contents()
			machines, folders = append(machines, moreMachines...), append(folders, moreFolders...)
		}
	}
	return machines, append(folders, f.folder)
}

func (f *folder) destroyAll(ctx *simulator.Context, machines []*simulator.VirtualMachine,
	folders []*simulator.Folder) *failure {
	for _, vm := range machines {
		request := &types.Destroy_Task{This: vm.Self}
		if _, failed := f.vcenter.inner(ctx, vm, func() soap.HasFault { return vm.DestroyTask(ctx, request) }); failed != nil {
			return failed
		}
	}
	for _, empty := range folders {
		request := &types.Destroy_Task{This: empty.Self}
		if _, failed := f.vcenter.inner(ctx, empty, func() soap.HasFault { return empty.DestroyTask(ctx, request) }); failed != nil {
			return failed
		}
	}
	return nil
}
