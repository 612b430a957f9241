package main

import (
	"github.com/vmware/govmomi/simulator"
	"github.com/vmware/govmomi/vim25/methods"
	"github.com/vmware/govmomi/vim25/soap"
	"github.com/vmware/govmomi/vim25/types"
)

// datacenter answers a datacenter's calls with the rules of a real vCenter.
type datacenter struct {
	lockFree
	vcenter    *vcenter
	datacenter *simulator.Datacenter
}

// Reference implements mo.Reference.
func (d *datacenter) Reference() types.ManagedObjectReference { return d.datacenter.Self }

// PowerOnMultiVMTask switches on several machines, each with a task of its own.
func (d *datacenter) PowerOnMultiVMTask(ctx *simulator.Context, r *types.PowerOnMultiVM_Task) soap.HasFault {
	return answer(&methods.PowerOnMultiVM_TaskBody{}, d.vcenter.start(ctx, work{
		method: "PowerOnMultiVM_Task", subject: d.vcenter.nameOf(d.datacenter), entity: d.datacenter,
		run: func(ctx *simulator.Context) (types.AnyType, *failure) {
			result := types.ClusterPowerOnVmResult{}
			for _, ref := range r.Vm {
				vm, exists := d.vcenter.registry.Get(ref).(*simulator.VirtualMachine)
				if !exists {
					return nil, explained(&types.ManagedObjectNotFound{Obj: ref})
				}
				body := (&machine{vcenter: d.vcenter, vm: vm}).PowerOnVMTask(ctx, &types.PowerOnVM_Task{This: ref})
				task := body.(*methods.PowerOnVM_TaskBody).Res.Returnval
				result.Attempted = append(result.Attempted, types.ClusterAttemptedVmInfo{Vm: ref, Task: &task})
			}
			return result, nil
		},
	}))
}
