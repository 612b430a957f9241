package main

import (
	"slices"

	"github.com/vmware/govmomi/simulator"
	"github.com/vmware/govmomi/vim25/mo"
	"github.com/vmware/govmomi/vim25/soap"
	"github.com/vmware/govmomi/vim25/types"
)

// clusterOfPool is the cluster that a pool is in; nil if there is none.
func (v *vcenter) clusterOfPool(ref *types.ManagedObjectReference) *simulator.ClusterComputeResource {
	if ref == nil {
		return nil
	}
	var owner types.ManagedObjectReference
	switch pool := v.registry.Get(*ref).(type) {
	case *simulator.ResourcePool:
		owner = pool.Owner
	case *simulator.VirtualApp:
		owner = pool.Owner
	}
	found, _ := v.registry.Get(owner).(*simulator.ClusterComputeResource)
	return found
}

func (v *vcenter) clusterOfMachine(vm *simulator.VirtualMachine) *simulator.ClusterComputeResource {
	var pool *types.ManagedObjectReference
	v.locked(vm, func() { pool = vm.ResourcePool })
	return v.clusterOfPool(pool)
}

// placement is the host asked for, or the one of the pool's cluster with the fewest machines.
func (v *vcenter) placement(location types.VirtualMachineRelocateSpec) *types.ManagedObjectReference {
	cluster := v.clusterOfPool(location.Pool)
	if location.Host != nil || cluster == nil {
		return location.Host
	}
	var chosen *types.ManagedObjectReference
	fewest := 0
	for _, ref := range cluster.Host {
		host := v.registry.Get(ref).(*simulator.HostSystem)
		var machines int
		v.locked(host, func() { machines = len(host.Vm) })
		if chosen == nil || machines < fewest {
			chosen, fewest = &host.Self, machines
		}
	}
	return chosen
}

// elsewhere refuses a host that is not in the pool's cluster.
func (v *vcenter) elsewhere(cluster *simulator.ClusterComputeResource, host *types.ManagedObjectReference, property string) *failure {
	if host == nil || cluster == nil || slices.Contains(cluster.Host, *host) {
		return nil
	}
	return explained(&types.InvalidArgument{InvalidProperty: property})
}

// powerOn moves the machine to the host that DRS or the caller chooses, and switches it on there.
func (m *machine) powerOn(ctx *simulator.Context, r types.PowerOnVM_Task) (types.AnyType, *failure) {
	if missing := m.vcenter.missingReference(r.Host); missing != nil {
		return nil, missing
	}
	decisions := m.vcenter.drs
	decisions.deciding.Lock()
	defer decisions.deciding.Unlock()
	cluster := m.vcenter.clusterOfMachine(m.vm)
	placed := cluster != nil && m.startable()
	if placed {
		if refused := m.placeToRun(ctx, cluster, r.Host); refused != nil {
			return nil, refused
		}
		if refused := m.assignDevices(ctx); refused != nil {
			return nil, refused
		}
	}
	r.This = m.vm.Self
	result, failed := m.vcenter.inner(ctx, m.vm, func() soap.HasFault { return m.vm.PowerOnVMTask(ctx, &r) })
	switch {
	case failed == nil && r.Host != nil:
		decisions.pins.setRunning(m.vm.Self, r.Host)
	case failed != nil && placed:
		ctx.WithLock(m.vm, func() { m.vcenter.releaseDevices(ctx, &m.vm.VirtualMachine) })
	}
	return result, failed
}

// startable tells whether the machine can be switched on; whatever else it is, the simulator refuses it.
func (m *machine) startable() (startable bool) {
	m.vcenter.locked(m.vm, func() {
		startable = m.vm.Runtime.PowerState != types.VirtualMachinePowerStatePoweredOn && !m.vm.Config.Template
	})
	return startable
}

// placeToRun moves a machine to where it will run.
func (m *machine) placeToRun(ctx *simulator.Context, cluster *simulator.ClusterComputeResource,
	wanted *types.ManagedObjectReference) *failure {
	if refused := m.vcenter.elsewhere(cluster, wanted, "host"); refused != nil {
		return refused
	}
	if wanted == nil {
		wanted = m.vcenter.drs.pins.of(m.vm.Self)
	}
	host, refused := m.vcenter.hostFor(m.vm.Self, cluster, wanted)
	if refused == nil && host != nil {
		m.moveTo(ctx, *host)
	}
	return refused
}

// moveTo changes the machine's host, and the lists of both hosts.
func (m *machine) moveTo(ctx *simulator.Context, host types.ManagedObjectReference) {
	ctx.WithLock(m.vm, func() {
		before := *m.vm.Runtime.Host
		if before == host {
			return
		}
		ctx.Update(m.vm, []types.PropertyChange{
			{Name: "runtime.host", Val: host}, {Name: "summary.runtime.host", Val: host}})
		self := m.vm.Self
		m.vcenter.changeList(ctx, before, func(list references) references { return without(list, self) })
		m.vcenter.changeList(ctx, host, func(list references) references { return append(without(list, self), self) })
	})
}

type references = []types.ManagedObjectReference

// without is a new list that lacks one object.
func without(list references, left types.ManagedObjectReference) references {
	return slices.DeleteFunc(slices.Clone(list), func(ref types.ManagedObjectReference) bool { return ref == left })
}

// changeList replaces an object's list of machines; the old one may be on its way to a client.
func (v *vcenter) changeList(ctx *simulator.Context, ref types.ManagedObjectReference, change func(references) references) {
	object := v.registry.Get(ref)
	ctx.WithLock(object, func() {
		var list references
		switch o := object.(type) {
		case *simulator.HostSystem:
			list = o.Vm
		case *simulator.ResourcePool:
			list = o.Vm
		case *mo.Network:
			list = o.Vm
		case *simulator.DistributedVirtualPortgroup:
			list = o.Vm
		default:
			return
		}
		ctx.Update(object, []types.PropertyChange{{Name: "vm", Val: change(list)}})
	})
}

// relocate lets the simulator move files and folder, and keeps hosts and pools in step.
func (m *machine) relocate(ctx *simulator.Context, r types.RelocateVM_Task) (types.AnyType, *failure) {
	wanted := r.Spec
	if missing := m.vcenter.missingReference(wanted.Pool, wanted.Host, wanted.Datastore, wanted.Folder); missing != nil {
		return nil, missing
	}
	cluster := m.vcenter.clusterOfPool(wanted.Pool)
	if cluster == nil {
		cluster = m.vcenter.clusterOfMachine(m.vm)
	}
	if refused := m.vcenter.elsewhere(cluster, wanted.Host, "spec.host"); refused != nil {
		return nil, refused
	}
	if refused := m.vcenter.checkLocationPolicies(wanted); refused != nil {
		return nil, explained(refused)
	}
	m.vcenter.drs.deciding.Lock()
	defer m.vcenter.drs.deciding.Unlock()
	if refused := m.migrationRefusal(wanted); refused != nil {
		return nil, refused
	}
	var pool *types.ManagedObjectReference
	var before types.ManagedObjectReference
	m.vcenter.locked(m.vm, func() { pool, before = m.vm.ResourcePool, *m.vm.Runtime.Host })
	r.This, r.Spec.Host = m.vm.Self, nil
	result, failed := m.vcenter.inner(ctx, m.vm, func() soap.HasFault { return m.vm.RelocateVMTask(ctx, &r) })
	if failed != nil {
		return nil, failed
	}
	if wanted.Pool != nil && pool != nil {
		m.changePool(ctx, *pool, *wanted.Pool)
	}
	m.settle(ctx, cluster, wanted)
	m.vcenter.assignLocationPolicies(m.vm.Self, wanted)
	return result, m.followDevices(ctx, before)
}

func (m *machine) changePool(ctx *simulator.Context, before, after types.ManagedObjectReference) {
	self := m.vm.Self
	m.vcenter.changeList(ctx, before, func(list references) references { return without(list, self) })
	m.vcenter.changeList(ctx, after, func(list references) references { return append(without(list, self), self) })
}

// settle brings a relocated machine to the host asked for, or to any of its new cluster.
func (m *machine) settle(ctx *simulator.Context, cluster *simulator.ClusterComputeResource, wanted types.VirtualMachineRelocateSpec) {
	if wanted.Host != nil {
		m.vcenter.drs.pins.forget(m.vm.Self)
		m.vcenter.drs.pins.setLasting(m.vm.Self, wanted.Host)
		m.moveTo(ctx, *wanted.Host)
		return
	}
	var host types.ManagedObjectReference
	m.vcenter.locked(m.vm, func() { host = *m.vm.Runtime.Host })
	if cluster == nil || slices.Contains(cluster.Host, host) {
		return
	}
	m.vcenter.drs.pins.forget(m.vm.Self)
	if chosen := m.vcenter.placement(wanted); chosen != nil {
		m.moveTo(ctx, *chosen)
	}
}
