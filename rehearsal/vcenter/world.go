package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"

	"github.com/vmware/govmomi/object"
	"github.com/vmware/govmomi/simulator"
	"github.com/vmware/govmomi/units"
	"github.com/vmware/govmomi/vim25"
	"github.com/vmware/govmomi/vim25/mo"
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
	for _, datastore := range wanted.Datastores {
		if err := b.datastore(wanted.Name, datastore, hosts); err != nil {
			return fmt.Errorf("datastore %s: %w", datastore.Name, err)
		}
	}
	for _, template := range wanted.Templates {
		if err := b.template(folders.VmFolder, hosts[0], template); err != nil {
			return fmt.Errorf("template %s: %w", template.Name, err)
		}
	}
	return nil
}

func (b *worldBuilder) cluster(folder *object.Folder, wanted Cluster) ([]*simulator.HostSystem, error) {
	created, err := folder.CreateCluster(b.context, wanted.Name, types.ClusterConfigSpecEx{})
	if err != nil {
		return nil, err
	}
	cluster := b.registry.Get(created.Reference()).(*simulator.ClusterComputeResource)
	hosts := make([]*simulator.HostSystem, 0, len(wanted.Hosts))
	for _, host := range wanted.Hosts {
		task, err := created.AddHost(b.context, types.HostConnectSpec{HostName: host.Name}, true, nil, nil)
		if err != nil {
			return nil, err
		}
		info, err := task.WaitForResult(b.context)
		if err != nil {
			return nil, err
		}
		added := b.registry.Get(info.Result.(types.ManagedObjectReference)).(*simulator.HostSystem)
		equipHost(added, host)
		hosts = append(hosts, added)
	}
	sumUp(cluster.Summary.GetComputeResourceSummary(), wanted.Hosts)
	return hosts, nil
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
		host.Network = all
		host.Config.Network.Portgroup = groups
		b.registry.Get(*host.ConfigManager.NetworkSystem).(*simulator.HostNetworkSystem).NetworkInfo.Portgroup = groups
		b.registry.Get(*host.Parent).(*simulator.ClusterComputeResource).Network = all
	}
	for _, ref := range all {
		network := b.registry.Get(ref).(*mo.Network)
		for _, host := range hosts {
			network.Host = append(network.Host, host.Self)
		}
	}
	return nil
}

func (b *worldBuilder) datastore(datacenter string, wanted Datastore, hosts []*simulator.HostSystem) error {
	folder := filepath.Join(b.files, datacenter, wanted.Name)
	if err := os.MkdirAll(folder, 0o700); err != nil {
		return err
	}
	for _, host := range hosts {
		system := object.NewHostDatastoreSystem(b.client, *host.ConfigManager.DatastoreSystem)
		if _, err := system.CreateLocalDatastore(b.context, wanted.Name, folder); err != nil {
			return err
		}
	}
	datastore := b.registry.FindByName(wanted.Name, hosts[0].Datastore).(*simulator.Datastore)
	capacity := int64(wanted.CapacityGiB) * units.GB
	datastore.Summary.Type = "VMFS"
	datastore.Summary.Capacity, datastore.Summary.FreeSpace = capacity, capacity
	datastore.Summary.MultipleHostAccess = types.NewBool(len(hosts) > 1)
	datastore.Info.GetDatastoreInfo().FreeSpace = capacity
	return nil
}
