package main

import (
	"fmt"
	"slices"
	"time"

	"github.com/google/uuid"

	"github.com/vmware/govmomi/object"
	"github.com/vmware/govmomi/simulator"
	"github.com/vmware/govmomi/vim25/mo"
	"github.com/vmware/govmomi/vim25/types"
)

// networks replaces the simulator's default port group with the inventory's, on every host.
func (b *worldBuilder) networks(datacenter types.ManagedObjectReference, hosts []*simulator.HostSystem, wanted []Network) error {
	system := object.NewHostNetworkSystem(b.client, *hosts[0].ConfigManager.NetworkSystem)
	if err := system.RemovePortGroup(b.context, "VM Network"); err != nil {
		return err
	}
	for _, network := range wanted {
		spec := types.HostPortGroupSpec{Name: network.Name, VswitchName: "vSwitch0"}
		if err := system.AddPortGroup(b.context, spec); err != nil {
			return fmt.Errorf("network %s: %w", network.Name, err)
		}
	}
	all := b.registry.Get(datacenter).(*simulator.Datacenter).Network
	groups := b.registry.Get(system.Reference()).(*simulator.HostNetworkSystem).NetworkInfo.Portgroup
	for _, host := range hosts {
		host.Network = slices.Clone(all) // each grows on its own
		host.Config.Network.Portgroup = groups
		b.registry.Get(*host.ConfigManager.NetworkSystem).(*simulator.HostNetworkSystem).NetworkInfo.Portgroup = groups
		b.registry.Get(*host.Parent).(*simulator.ClusterComputeResource).Network = slices.Clone(all)
	}
	for _, ref := range all {
		network := b.registry.Get(ref).(*mo.Network)
		for _, host := range hosts {
			network.Host = append(network.Host, host.Self)
		}
	}
	return nil
}

// distributedSwitch makes a switch with its port groups; all hosts become members.
func (b *worldBuilder) distributedSwitch(folder *object.Folder, hosts []*simulator.HostSystem, wanted DistributedSwitch) error {
	dvs, err := b.emptySwitch(folder, wanted.Name)
	if err != nil {
		return err
	}
	client := object.NewDistributedVirtualSwitch(b.client, dvs.Self)
	for _, group := range wanted.PortGroups {
		spec := types.DVPortgroupConfigSpec{
			Name: group.Name, NumPorts: 8, AutoExpand: types.NewBool(true),
			Type: string(types.DistributedVirtualPortgroupPortgroupTypeEarlyBinding),
			DefaultPortConfig: &types.VMwareDVSPortSetting{
				Vlan: &types.VmwareDistributedVirtualSwitchVlanIdSpec{VlanId: int32(group.VLAN)}},
		}
		task, err := client.AddPortgroup(b.context, []types.DVPortgroupConfigSpec{spec})
		if err != nil {
			return err
		}
		if err := task.Wait(b.context); err != nil {
			return fmt.Errorf("port group %s: %w", group.Name, err)
		}
	}
	spec := &types.VMwareDVSConfigSpec{}
	for _, host := range hosts {
		spec.Host = append(spec.Host, types.DistributedVirtualSwitchHostMemberConfigSpec{
			Operation: string(types.ConfigSpecOperationAdd), Host: host.Self})
	}
	task, err := client.Reconfigure(b.context, spec)
	if err != nil {
		return err
	}
	return task.Wait(b.context)
}

// emptySwitch has an uplink port group only.
func (b *worldBuilder) emptySwitch(folder *object.Folder, name string) (*simulator.DistributedVirtualSwitch, error) {
	spec := &types.VMwareDVSConfigSpec{MaxMtu: 1500}
	spec.Name = name
	spec.UplinkPortPolicy = &types.DVSNameArrayUplinkPortPolicy{UplinkPortName: []string{"Uplink 1", "Uplink 2"}}
	task, err := folder.CreateDVS(b.context, types.DVSCreateSpec{ConfigSpec: spec})
	if err != nil {
		return nil, err
	}
	info, err := task.WaitForResult(b.context)
	if err != nil {
		return nil, err
	}
	dvs := b.registry.Get(info.Result.(types.ManagedObjectReference)).(*simulator.DistributedVirtualSwitch)
	b.completeSwitch(dvs)
	return dvs, nil
}

// completeSwitch gives a switch what a vCenter's has. The simulator would derive its identifier from the name.
func (b *worldBuilder) completeSwitch(dvs *simulator.DistributedVirtualSwitch) {
	folder := b.registry.Get(*dvs.Parent).(*simulator.Folder)
	datacenter := b.registry.Get(*folder.Parent).(*simulator.Datacenter)
	simulator.RemoveReference(&datacenter.Network, dvs.Self) // a switch is no network
	dvs.Uuid = switchIdentifier()
	config := dvs.Config.(*types.VMwareDVSConfigInfo)
	dvs.Summary.Uuid, config.Uuid = dvs.Uuid, dvs.Uuid
	config.ConfigVersion, config.CreateTime = "1", time.Now()
	for _, ref := range dvs.Portgroup { // the uplinks
		group := b.registry.Get(ref).(*simulator.DistributedVirtualPortgroup)
		group.Config.Uplink = types.NewBool(true)
		group.Tag = []types.Tag{{Key: "SYSTEM/DVS.UPLINKPG"}}
		config.UplinkPortgroup = []types.ManagedObjectReference{ref}
	}
}

// switchIdentifier is written as a vCenter writes it: 50 0a 1b 2c 3d 4e 5f 60-71 82 93 a4 b5 c6 d7 e8.
func switchIdentifier() string {
	id := uuid.New()
	id[0] = 0x50
	return fmt.Sprintf("% x-% x", id[:8], id[8:])
}
