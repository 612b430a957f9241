package main

import (
	"reflect"
	"slices"
	"strconv"

	"github.com/vmware/govmomi/simulator"
	"github.com/vmware/govmomi/vim25/methods"
	"github.com/vmware/govmomi/vim25/mo"
	"github.com/vmware/govmomi/vim25/soap"
	"github.com/vmware/govmomi/vim25/types"
)

// portGroup answers a distributed port group's calls with the rules of a real vCenter.
type portGroup struct {
	lockFree
	vcenter *vcenter
	group   *simulator.DistributedVirtualPortgroup
}

// Reference implements mo.Reference.
func (p *portGroup) Reference() types.ManagedObjectReference { return p.group.Self }

// ReconfigureDVPortgroupTask changes what is given; the simulator would forget the rest.
func (p *portGroup) ReconfigureDVPortgroupTask(ctx *simulator.Context, r *types.ReconfigureDVPortgroup_Task) soap.HasFault {
	return answer(&methods.ReconfigureDVPortgroup_TaskBody{}, p.start(ctx, "ReconfigureDVPortgroup_Task",
		func(ctx *simulator.Context) *failure { return p.reconfigure(ctx, r.Spec) }))
}

// RenameTask is a reconfiguration too: the name stands in the configuration.
func (p *portGroup) RenameTask(ctx *simulator.Context, r *types.Rename_Task) soap.HasFault {
	return answer(&methods.Rename_TaskBody{}, p.start(ctx, "Rename_Task",
		func(ctx *simulator.Context) *failure {
			return p.reconfigure(ctx, types.DVPortgroupConfigSpec{Name: r.NewName})
		}))
}

// DestroyTask deletes a port group that nobody uses.
func (p *portGroup) DestroyTask(ctx *simulator.Context, _ *types.Destroy_Task) soap.HasFault {
	return answer(&methods.Destroy_TaskBody{}, p.start(ctx, "Destroy_Task", p.destroy))
}

func (p *portGroup) start(ctx *simulator.Context, method string, run func(*simulator.Context) *failure) types.ManagedObjectReference {
	return p.vcenter.start(ctx, work{
		method: method, subject: p.name(), entity: p.group,
		run: func(ctx *simulator.Context) (types.AnyType, *failure) { return nil, run(ctx) },
	})
}

func (p *portGroup) name() (name string) {
	p.vcenter.locked(p.group, func() { name = p.group.Name })
	return name
}

func (p *portGroup) reconfigure(ctx *simulator.Context, spec types.DVPortgroupConfigSpec) *failure {
	var config types.DVPortgroupConfigInfo
	p.vcenter.locked(p.group, func() { config = p.group.Config })
	before := config.Name
	if spec.ConfigVersion != "" && spec.ConfigVersion != config.ConfigVersion {
		return explained(&types.ConcurrentAccess{})
	}
	if refused := checkVLAN(spec.DefaultPortConfig); refused != nil {
		return explained(refused)
	}
	if spec.Name != "" && spec.Name != before {
		if taken := p.vcenter.nameTaken(*p.group.Parent, spec.Name); taken != nil {
			return taken
		}
	}
	setting := mergedSetting(config.DefaultPortConfig, spec.DefaultPortConfig)
	overlay(reflect.ValueOf(&config).Elem(), reflect.ValueOf(spec))
	version, _ := strconv.Atoi(config.ConfigVersion)
	config.ConfigVersion, config.DefaultPortConfig = strconv.Itoa(version+1), setting
	ctx.WithLock(p.group, func() {
		p.group.Entity().Name = config.Name // the simulator looks at both
		ctx.Update(p.group, []types.PropertyChange{
			{Name: "config", Val: config}, {Name: "name", Val: config.Name}, {Name: "summary", Val: &types.NetworkSummary{
				Network: &p.group.Self, Name: config.Name, Accessible: true}},
		})
	})
	p.changeNames(ctx, func(names []string) []string {
		if at := slices.Index(names, before); at >= 0 {
			names[at] = config.Name
		}
		return names
	})
	return nil
}

// mergedSetting keeps what the caller did not give.
func mergedSetting(existing, wanted types.BaseDVPortSetting) types.BaseDVPortSetting {
	before, known := existing.(*types.VMwareDVSPortSetting)
	change, ok := wanted.(*types.VMwareDVSPortSetting)
	switch {
	case wanted == nil:
		return existing
	case !known || !ok:
		return wanted
	}
	merged := *before
	overlay(reflect.ValueOf(&merged).Elem(), reflect.ValueOf(*change))
	overlay(reflect.ValueOf(&merged.DVPortSetting).Elem(), reflect.ValueOf(change.DVPortSetting))
	return &merged
}

// overlay copies the fields that are given to those of the same name and type.
func overlay(onto, given reflect.Value) {
	for i := range given.NumField() {
		field := given.Type().Field(i)
		target := onto.FieldByName(field.Name)
		if !field.Anonymous && !given.Field(i).IsZero() && target.IsValid() && target.Type() == field.Type {
			target.Set(given.Field(i))
		}
	}
}

// changeNames replaces the switch's list of names.
func (p *portGroup) changeNames(ctx *simulator.Context, change func([]string) []string) {
	owner := p.vcenter.registry.Get(*p.group.Config.DistributedVirtualSwitch).(*simulator.DistributedVirtualSwitch)
	ctx.WithLock(owner, func() {
		names := change(slices.Clone(owner.Summary.PortgroupName))
		ctx.Update(owner, []types.PropertyChange{{Name: "summary.portgroupName", Val: names}})
	})
}

func (p *portGroup) destroy(ctx *simulator.Context) *failure {
	var used bool
	var name string
	var hosts []types.ManagedObjectReference
	p.vcenter.locked(p.group, func() {
		used, name, hosts = len(p.group.Vm) > 0 || isTrue(p.group.Config.Uplink), p.group.Name, slices.Clone(p.group.Host)
	})
	if used {
		return explained(&types.ResourceInUse{Type: p.group.Self.Type, Name: name})
	}
	_, failed := p.vcenter.inner(ctx, p.group, func() soap.HasFault {
		return p.group.DestroyTask(ctx, &types.Destroy_Task{This: p.group.Self})
	})
	if failed != nil {
		return failed
	}
	for _, ref := range hosts { // the simulator leaves it there
		host := p.vcenter.registry.Get(ref).(*simulator.HostSystem)
		p.leave(ctx, host, &host.Network)
		if owner, isCluster := p.vcenter.registry.Get(*host.Parent).(*simulator.ClusterComputeResource); isCluster {
			p.leave(ctx, owner, &owner.Network)
		}
	}
	return nil
}

// leave takes the port group out of an object's networks.
func (p *portGroup) leave(ctx *simulator.Context, object mo.Reference, networks *references) {
	ctx.WithLock(object, func() {
		ctx.Update(object, []types.PropertyChange{{Name: "network", Val: without(*networks, p.group.Self)}})
	})
}
