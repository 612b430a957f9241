package main

import (
	"slices"

	"github.com/vmware/govmomi/simulator"
	"github.com/vmware/govmomi/vim25/methods"
	"github.com/vmware/govmomi/vim25/soap"
	"github.com/vmware/govmomi/vim25/types"
)

// dvs answers a distributed switch's calls with the rules of a real vCenter.
type dvs struct {
	lockFree
	vcenter *vcenter
	dvs     *simulator.DistributedVirtualSwitch
}

// Reference implements mo.Reference.
func (d *dvs) Reference() types.ManagedObjectReference { return d.dvs.Self }

// switchManager knows all distributed switches.
type switchManager struct {
	lockFree
	vcenter *vcenter
	manager *simulator.DistributedVirtualSwitchManager
}

// Reference implements mo.Reference.
func (s *switchManager) Reference() types.ManagedObjectReference { return s.manager.Self }

// QueryDvsByUuid finds a switch.
func (s *switchManager) QueryDvsByUuid(r *types.QueryDvsByUuid) soap.HasFault {
	found := s.vcenter.switchOf(r.Uuid)
	if found == nil {
		return &methods.QueryDvsByUuidBody{Fault_: simulator.Fault("The object or item referred to could not be found.", &types.NotFound{})}
	}
	return &methods.QueryDvsByUuidBody{Res: &types.QueryDvsByUuidResponse{Returnval: &found.Self}}
}

func (v *vcenter) switchOf(identifier string) *simulator.DistributedVirtualSwitch {
	for _, entity := range v.registry.All(ourSwitchType) {
		if found := entity.(*simulator.DistributedVirtualSwitch); found.Uuid == identifier {
			return found
		}
	}
	return nil
}

// checkPort refuses a switch or a port group that does not exist, and a switch that the host is no member of.
func (v *vcenter) checkPort(host *simulator.HostSystem, port types.DistributedVirtualSwitchPortConnection) types.BaseMethodFault {
	found := v.switchOf(port.SwitchUuid)
	if found == nil {
		return &types.NotFound{}
	}
	group := types.ManagedObjectReference{Type: "DistributedVirtualPortgroup", Value: port.PortgroupKey}
	if !slices.Contains(found.Portgroup, group) {
		return &types.NotFound{}
	}
	if !slices.Contains(found.Summary.HostMember, host.Self) {
		return &types.InvalidArgument{InvalidProperty: "spec.deviceChange.device.port.switchUuid"}
	}
	return nil
}

// CreateDVPortgroupTask makes one port group and answers with it.
func (d *dvs) CreateDVPortgroupTask(ctx *simulator.Context, r *types.CreateDVPortgroup_Task) soap.HasFault {
	return answer(&methods.CreateDVPortgroup_TaskBody{}, d.vcenter.start(ctx, work{
		method: "CreateDVPortgroup_Task", subject: r.Spec.Name, entity: d.dvs,
		run: func(ctx *simulator.Context) (types.AnyType, *failure) {
			made, failed := d.add(ctx, []types.DVPortgroupConfigSpec{r.Spec})
			if failed != nil {
				return nil, failed
			}
			return made[0], nil
		},
	}))
}

// AddDVPortgroupTask makes several port groups.
func (d *dvs) AddDVPortgroupTask(ctx *simulator.Context, r *types.AddDVPortgroup_Task) soap.HasFault {
	return answer(&methods.AddDVPortgroup_TaskBody{}, d.vcenter.start(ctx, work{
		method: "AddDVPortgroup_Task", subject: d.vcenter.nameOf(d.dvs), entity: d.dvs,
		run: func(ctx *simulator.Context) (types.AnyType, *failure) {
			_, failed := d.add(ctx, r.Spec)
			return nil, failed
		},
	}))
}

// add refuses names that are taken before it makes any port group, then completes what the simulator made.
func (d *dvs) add(ctx *simulator.Context, specs []types.DVPortgroupConfigSpec) ([]types.ManagedObjectReference, *failure) {
	for i := range specs {
		if specs[i].Name == "" {
			return nil, explained(&types.InvalidArgument{InvalidProperty: "spec.name"})
		}
		if taken := d.vcenter.nameTaken(*d.dvs.Parent, specs[i].Name); taken != nil {
			return nil, taken
		}
		if refused := checkVLAN(specs[i].DefaultPortConfig); refused != nil {
			return nil, explained(refused)
		}
	}
	request := &types.AddDVPortgroup_Task{This: d.dvs.Self, Spec: specs}
	if _, failed := d.vcenter.inner(ctx, d.dvs, func() soap.HasFault { return d.dvs.AddDVPortgroupTask(ctx, request) }); failed != nil {
		return nil, failed
	}
	var groups, made []types.ManagedObjectReference
	d.vcenter.locked(d.dvs, func() { groups = slices.Clone(d.dvs.Portgroup) })
	for _, spec := range specs {
		group := d.vcenter.registry.FindByName(spec.Name, groups).(*simulator.DistributedVirtualPortgroup)
		ctx.WithLock(group, func() { completePortGroup(group) })
		made = append(made, group.Self)
	}
	d.listOnce(ctx)
	return made, nil
}

// completePortGroup adds what a new port group has on a vCenter.
func completePortGroup(group *simulator.DistributedVirtualPortgroup) {
	group.Config.ConfigVersion, group.Config.Uplink = "1", types.NewBool(false)
	if group.Config.Type == "" {
		group.Config.Type = string(types.DistributedVirtualPortgroupPortgroupTypeEarlyBinding)
	}
	if group.Config.AutoExpand == nil {
		group.Config.AutoExpand = types.NewBool(true)
	}
}

// listOnce repairs the networks of clusters, where the simulator lists a port group once for each host.
func (d *dvs) listOnce(ctx *simulator.Context) {
	for _, entity := range d.vcenter.registry.All("ClusterComputeResource") {
		found := entity.(*simulator.ClusterComputeResource)
		ctx.WithLock(found, func() {
			once := []types.ManagedObjectReference{}
			for _, network := range found.Network {
				if !slices.Contains(once, network) {
					once = append(once, network)
				}
			}
			ctx.Update(found, []types.PropertyChange{{Name: "network", Val: once}})
		})
	}
}

func checkVLAN(setting types.BaseDVPortSetting) types.BaseMethodFault {
	vmware, ok := setting.(*types.VMwareDVSPortSetting)
	if !ok {
		return nil
	}
	vlan, ok := vmware.Vlan.(*types.VmwareDistributedVirtualSwitchVlanIdSpec)
	if ok && (vlan.VlanId < 0 || vlan.VlanId > highestVLAN) {
		return &types.InvalidArgument{InvalidProperty: "spec.defaultPortConfig.vlan"}
	}
	return nil
}
