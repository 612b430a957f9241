package main

import (
	"context"
	"fmt"

	"github.com/vmware/govmomi/object"
	"github.com/vmware/govmomi/simulator"
	"github.com/vmware/govmomi/units"
	"github.com/vmware/govmomi/vim25"
	"github.com/vmware/govmomi/vim25/types"
)

const (
	newestHardware = int(types.VMX21) // what the simulator's hosts (ESXi 8.0.2) can run
	hostMHz        = 2600
)

// worldBuilder turns an inventory into the simulator's objects, through vSphere's own API where it has one.
type worldBuilder struct {
	context  context.Context
	client   *vim25.Client
	registry *simulator.Registry
	files    string // where datastores keep their (small) files
	vcenter  *vcenter
}

func (b *worldBuilder) build(inventory *Inventory) error {
	for _, datacenter := range inventory.Datacenters {
		if err := b.datacenter(datacenter); err != nil {
			return fmt.Errorf("datacenter %s: %w", datacenter.Name, err)
		}
	}
	return nil
}

func (b *worldBuilder) datacenter(wanted Datacenter) error {
	created, err := object.NewRootFolder(b.client).CreateDatacenter(b.context, wanted.Name)
	if err != nil {
		return err
	}
	folders, err := created.Folders(b.context)
	if err != nil {
		return err
	}
	var hosts []*simulator.HostSystem
	for _, cluster := range wanted.Clusters {
		more, err := b.cluster(folders.HostFolder, cluster)
		if err != nil {
			return fmt.Errorf("cluster %s: %w", cluster.Name, err)
		}
		hosts = append(hosts, more...)
	}
	if err := b.networks(created.Reference(), hosts, wanted.Networks); err != nil {
		return err
	}
	for _, dvs := range wanted.DistributedSwitches {
		if err := b.distributedSwitch(folders.NetworkFolder, hosts, dvs); err != nil {
			return fmt.Errorf("distributed switch %s: %w", dvs.Name, err)
		}
	}
	if err := b.storage(folders.DatastoreFolder, wanted, hosts); err != nil {
		return err
	}
	for _, template := range wanted.Templates {
		if err := b.template(folders.VmFolder, hosts[0], template); err != nil {
			return fmt.Errorf("template %s: %w", template.Name, err)
		}
	}
	for i, machines := range wanted.Machines {
		if err := b.machines(created.Reference(), folders.VmFolder, wanted, machines); err != nil {
			return fmt.Errorf("machines[%d]: %w", i, err)
		}
	}
	b.freeSpace(wanted, hosts[0].Datastore)
	return nil
}

func (b *worldBuilder) cluster(folder *object.Folder, wanted Cluster) ([]*simulator.HostSystem, error) {
	created, err := folder.CreateCluster(b.context, wanted.Name, types.ClusterConfigSpecEx{})
	if err != nil {
		return nil, err
	}
	cluster := b.registry.Get(created.Reference()).(*simulator.ClusterComputeResource)
	cluster.ConfigurationEx.(*types.ClusterConfigInfoEx).DrsConfig = types.ClusterDrsConfigInfo{
		Enabled: types.NewBool(true), EnableVmBehaviorOverrides: types.NewBool(true),
		DefaultVmBehavior: types.DrsBehaviorFullyAutomated, VmotionRate: 3,
	}
	hosts := make([]*simulator.HostSystem, 0, len(wanted.Hosts))
	for _, host := range wanted.Hosts {
		added, err := b.host(created, host)
		if err != nil {
			return nil, fmt.Errorf("host %s: %w", host.Name, err)
		}
		equipHost(added, host)
		b.equipWithGPUs(added, host)
		hosts = append(hosts, added)
	}
	sumUp(cluster.Summary.GetComputeResourceSummary(), wanted.Hosts)
	return hosts, nil
}

// host adds one to a cluster. It waits in the registry: through the API a thousand hosts would take twice as long.
func (b *worldBuilder) host(cluster *object.ClusterComputeResource, wanted Host) (*simulator.HostSystem, error) {
	task, err := cluster.AddHost(b.context, types.HostConnectSpec{HostName: wanted.Name}, true, nil, nil)
	if err != nil {
		return nil, err
	}
	added := b.registry.Get(task.Reference()).(*simulator.Task)
	added.Wait()
	if added.Info.Error != nil {
		return nil, fmt.Errorf("%T", added.Info.Error.Fault)
	}
	return b.registry.Get(added.Info.Result.(types.ManagedObjectReference)).(*simulator.HostSystem), nil
}

// equipHost gives a host the inventory's processors and memory.
func equipHost(host *simulator.HostSystem, wanted Host) {
	memory := int64(wanted.MemoryGiB) * units.GB
	summary, hardware := host.Summary.Hardware, host.Hardware
	summary.NumCpuPkgs, summary.NumCpuCores, summary.NumCpuThreads = 2, int16(wanted.Cores), int16(2*wanted.Cores)
	summary.CpuMhz, summary.MemorySize = hostMHz, memory
	hardware.CpuInfo.NumCpuPackages, hardware.CpuInfo.NumCpuCores = 2, int16(wanted.Cores)
	hardware.CpuInfo.NumCpuThreads, hardware.CpuInfo.Hz = int16(2*wanted.Cores), hostMHz*1000*1000
	hardware.MemorySize = memory
}

// sumUp replaces the simulator's figures, which count one core per host.
func sumUp(summary *types.ComputeResourceSummary, hosts []Host) {
	*summary = types.ComputeResourceSummary{OverallStatus: types.ManagedEntityStatusGreen}
	for _, host := range hosts {
		summary.NumHosts++
		summary.NumEffectiveHosts++
		summary.NumCpuCores += int16(host.Cores)
		summary.NumCpuThreads += int16(2 * host.Cores)
		summary.TotalCpu += int32(host.Cores) * hostMHz
		summary.EffectiveCpu += int32(host.Cores) * hostMHz
		summary.TotalMemory += int64(host.MemoryGiB) * units.GB
		summary.EffectiveMemory += int64(host.MemoryGiB) * units.KB // in MiB, unlike the total
	}
}
