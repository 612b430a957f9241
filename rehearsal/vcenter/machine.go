package main

import (
	"github.com/vmware/govmomi/simulator"
	"github.com/vmware/govmomi/vim25/methods"
	"github.com/vmware/govmomi/vim25/soap"
	"github.com/vmware/govmomi/vim25/types"
)

// machine answers a virtual machine's calls with the rules of a real vCenter. A method that is
// missing here is the simulator's own.
type machine struct {
	lockFree
	vcenter *vcenter
	vm      *simulator.VirtualMachine
}

// Reference implements mo.Reference.
func (m *machine) Reference() types.ManagedObjectReference { return m.vm.Self }

type simulatorCall func(*simulator.Context) soap.HasFault

// run starts a task that only adds holds and faults to the simulator's own call.
func (m *machine) run(ctx *simulator.Context, method string, call simulatorCall) types.ManagedObjectReference {
	return m.runChecked(ctx, method, nil, call)
}

// runChecked is run with a rule that is looked at when the task gets going.
func (m *machine) runChecked(ctx *simulator.Context, method string, check func() types.BaseMethodFault,
	call simulatorCall) types.ManagedObjectReference {
	return m.vcenter.start(ctx, work{
		method: method, subject: m.vcenter.nameOf(m.vm), entity: m.vm,
		run: func(ctx *simulator.Context) (types.AnyType, *failure) {
			if check != nil {
				var refused types.BaseMethodFault
				ctx.WithLock(m.vm, func() { refused = check() })
				if refused != nil {
					return nil, explained(refused)
				}
			}
			return m.vcenter.inner(ctx, m.vm, func() soap.HasFault { return call(ctx) })
		},
	})
}

// PowerOnVMTask boots the machine on a host with room; the address appears through the watcher.
func (m *machine) PowerOnVMTask(ctx *simulator.Context, r *types.PowerOnVM_Task) soap.HasFault {
	return answer(&methods.PowerOnVM_TaskBody{}, m.vcenter.start(ctx, work{
		method: "PowerOnVM_Task", subject: m.vcenter.nameOf(m.vm), entity: m.vm,
		run: func(ctx *simulator.Context) (types.AnyType, *failure) { return m.powerOn(ctx, *r) },
	}))
}

// PowerOffVMTask cuts the power.
func (m *machine) PowerOffVMTask(ctx *simulator.Context, r *types.PowerOffVM_Task) soap.HasFault {
	return answer(&methods.PowerOffVM_TaskBody{}, m.run(ctx, "PowerOffVM_Task",
		func(ctx *simulator.Context) soap.HasFault { return m.vm.PowerOffVMTask(ctx, r) }))
}

// ResetVMTask switches off and on; the machine keeps its devices.
func (m *machine) ResetVMTask(ctx *simulator.Context, r *types.ResetVM_Task) soap.HasFault {
	return answer(&methods.ResetVM_TaskBody{}, m.vcenter.start(ctx, work{
		method: "ResetVM_Task", subject: m.vcenter.nameOf(m.vm), entity: m.vm,
		run: func(ctx *simulator.Context) (result types.AnyType, failed *failure) {
			m.vcenter.gpus.whileResetting(m.vm.Self, func() {
				result, failed = m.vcenter.inner(ctx, m.vm, func() soap.HasFault { return m.vm.ResetVMTask(ctx, r) })
			})
			if failed != nil && m.startable() {
				ctx.WithLock(m.vm, func() { m.vcenter.releaseDevices(ctx, &m.vm.VirtualMachine) })
			}
			return result, failed
		},
	}))
}

// SuspendVMTask suspends.
func (m *machine) SuspendVMTask(ctx *simulator.Context, r *types.SuspendVM_Task) soap.HasFault {
	return answer(&methods.SuspendVM_TaskBody{}, m.run(ctx, "SuspendVM_Task",
		func(ctx *simulator.Context) soap.HasFault { return m.vm.SuspendVMTask(ctx, r) }))
}

// RelocateVMTask moves the machine.
func (m *machine) RelocateVMTask(ctx *simulator.Context, r *types.RelocateVM_Task) soap.HasFault {
	return answer(&methods.RelocateVM_TaskBody{}, m.vcenter.start(ctx, work{
		method: "RelocateVM_Task", subject: m.vcenter.nameOf(m.vm), entity: m.vm,
		run: func(ctx *simulator.Context) (types.AnyType, *failure) { return m.relocate(ctx, *r) },
	}))
}

// UpgradeVMTask raises the hardware version. An up-to-date machine fails with AlreadyUpgraded, as on a
// real vCenter; clients do not ask for it because the machine's own browser tells them its version.
func (m *machine) UpgradeVMTask(ctx *simulator.Context, r *types.UpgradeVM_Task) soap.HasFault {
	check := func() types.BaseMethodFault {
		if r.Version != "" && r.Version == m.vm.Config.Version {
			return &types.AlreadyUpgraded{}
		}
		return nil
	}
	return answer(&methods.UpgradeVM_TaskBody{}, m.runChecked(ctx, "UpgradeVM_Task", check,
		func(ctx *simulator.Context) soap.HasFault { return m.vm.UpgradeVMTask(ctx, r) }))
}

// DestroyTask deletes the machine; the simulator refuses one that is switched on.
func (m *machine) DestroyTask(ctx *simulator.Context, r *types.Destroy_Task) soap.HasFault {
	request := *r
	request.This = m.vm.Self
	return answer(&methods.Destroy_TaskBody{}, m.run(ctx, "Destroy_Task",
		func(ctx *simulator.Context) soap.HasFault { return m.vm.DestroyTask(ctx, &request) }))
}

// RenameTask refuses names that are taken in the folder.
func (m *machine) RenameTask(ctx *simulator.Context, r *types.Rename_Task) soap.HasFault {
	request := *r
	request.This = m.vm.Self
	return answer(&methods.Rename_TaskBody{}, m.vcenter.start(ctx, work{
		method: "Rename_Task", subject: m.vcenter.nameOf(m.vm), entity: m.vm,
		run: func(ctx *simulator.Context) (types.AnyType, *failure) {
			if refused := m.vcenter.nameTaken(*m.vm.Parent, r.NewName); refused != nil {
				return nil, refused
			}
			return m.vcenter.inner(ctx, m.vm, func() soap.HasFault { return m.vm.RenameTask(ctx, &request) })
		},
	}))
}

// ReconfigVMTask changes the configuration, if it may be changed now.
func (m *machine) ReconfigVMTask(ctx *simulator.Context, r *types.ReconfigVM_Task) soap.HasFault {
	return answer(&methods.ReconfigVM_TaskBody{}, m.vcenter.start(ctx, work{
		method: "ReconfigVM_Task", subject: m.vcenter.nameOf(m.vm), entity: m.vm,
		run: func(ctx *simulator.Context) (types.AnyType, *failure) { return nil, m.reconfigure(ctx, r.Spec) },
	}))
}

// ShutdownGuest needs running tools, as on a real vCenter.
func (m *machine) ShutdownGuest(ctx *simulator.Context, r *types.ShutdownGuest) soap.HasFault {
	if fault := m.vcenter.faults.takeFault("ShutdownGuest", m.vcenter.nameOf(m.vm)); fault != nil {
		return &methods.ShutdownGuestBody{Fault_: fault}
	}
	var body soap.HasFault
	ctx.WithLock(m.vm, func() {
		on := m.vm.Runtime.PowerState == types.VirtualMachinePowerStatePoweredOn
		if on && m.vm.Guest.ToolsRunningStatus != string(types.VirtualMachineToolsRunningStatusGuestToolsRunning) {
			body = &methods.ShutdownGuestBody{Fault_: simulator.Fault("VMware Tools is not running.", &types.ToolsUnavailable{})}
			return
		}
		body = m.vm.ShutdownGuest(ctx, r)
	})
	return body
}
