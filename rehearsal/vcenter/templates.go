package main

import (
	"github.com/vmware/govmomi/simulator"
	"github.com/vmware/govmomi/vim25/methods"
	"github.com/vmware/govmomi/vim25/soap"
	"github.com/vmware/govmomi/vim25/types"
)

// MarkAsTemplate takes the machine out of its resource pool, which can then be deleted: a template is in none.
func (m *machine) MarkAsTemplate(ctx *simulator.Context, r *types.MarkAsTemplate) (body soap.HasFault) {
	if fault := m.vcenter.faults.takeFault("MarkAsTemplate", m.vcenter.nameOf(m.vm)); fault != nil {
		return &methods.MarkAsTemplateBody{Fault_: fault}
	}
	var before *types.ManagedObjectReference
	ctx.WithLock(m.vm, func() {
		before = m.vm.ResourcePool
		body = m.vm.MarkAsTemplate(r)
	})
	if body.Fault() == nil && before != nil {
		m.withPool(ctx, *before, func(pool *simulator.ResourcePool) {
			ctx.Map.RemoveReference(ctx, pool, &pool.Vm, m.vm.Self)
		})
	}
	return body
}

// MarkAsVirtualMachine puts a template into a resource pool.
func (m *machine) MarkAsVirtualMachine(ctx *simulator.Context, r *types.MarkAsVirtualMachine) (body soap.HasFault) {
	if fault := m.vcenter.faults.takeFault("MarkAsVirtualMachine", m.vcenter.nameOf(m.vm)); fault != nil {
		return &methods.MarkAsVirtualMachineBody{Fault_: fault}
	}
	ctx.WithLock(m.vm, func() { body = m.vm.MarkAsVirtualMachine(r) })
	if body.Fault() == nil {
		m.withPool(ctx, r.Pool, func(pool *simulator.ResourcePool) {
			ctx.Map.AppendReference(ctx, pool, &pool.Vm, m.vm.Self)
		})
	}
	return body
}

func (m *machine) withPool(ctx *simulator.Context, pool types.ManagedObjectReference, act func(*simulator.ResourcePool)) {
	if found, ok := ctx.Map.Get(pool).(*simulator.ResourcePool); ok {
		ctx.WithLock(found, func() { act(found) })
	}
}
