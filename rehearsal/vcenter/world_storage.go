package main

import (
	"fmt"
	"os"
	"path/filepath"

	"github.com/vmware/govmomi/object"
	"github.com/vmware/govmomi/simulator"
	"github.com/vmware/govmomi/units"
	"github.com/vmware/govmomi/vim25/types"
)

// storage makes all datastores, those inside datastore clusters too.
func (b *worldBuilder) storage(folder *object.Folder, wanted Datacenter, hosts []*simulator.HostSystem) error {
	for _, datastore := range allDatastores(wanted) {
		if err := b.datastore(wanted.Name, datastore, hosts); err != nil {
			return fmt.Errorf("datastore %s: %w", datastore.Name, err)
		}
	}
	for _, cluster := range wanted.DatastoreClusters {
		if err := b.datastoreCluster(folder, cluster, hosts[0].Datastore); err != nil {
			return fmt.Errorf("datastore cluster %s: %w", cluster.Name, err)
		}
	}
	return nil
}

func allDatastores(wanted Datacenter) []Datastore {
	all := append([]Datastore{}, wanted.Datastores...)
	for _, cluster := range wanted.DatastoreClusters {
		all = append(all, cluster.Datastores...)
	}
	return all
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
	datastore.Summary.Type = "VMFS"
	datastore.Summary.Capacity = int64(wanted.CapacityGiB) * units.GB
	datastore.Summary.MultipleHostAccess = types.NewBool(len(hosts) > 1)
	return nil
}

// datastoreCluster moves its datastores into a pod that Storage DRS places machines in.
func (b *worldBuilder) datastoreCluster(folder *object.Folder, wanted DatastoreCluster, datastores []types.ManagedObjectReference) error {
	created, err := folder.CreateStoragePod(b.context, wanted.Name)
	if err != nil {
		return err
	}
	var members []types.ManagedObjectReference
	for _, datastore := range wanted.Datastores {
		members = append(members, b.registry.FindByName(datastore.Name, datastores).Reference())
	}
	task, err := created.MoveInto(b.context, members)
	if err != nil {
		return err
	}
	if err := task.Wait(b.context); err != nil {
		return err
	}
	pod := b.registry.Get(created.Reference()).(*simulator.StoragePod)
	config := &pod.PodStorageDrsEntry.StorageDrsConfig.PodConfig
	config.DefaultVmBehavior = string(types.StorageDrsPodConfigInfoBehaviorAutomated)
	config.DefaultIntraVmAffinity = types.NewBool(true)
	config.LoadBalanceInterval = 480
	return nil
}

// freeSpace is what people wrote down, whatever the templates take.
func (b *worldBuilder) freeSpace(wanted Datacenter, datastores []types.ManagedObjectReference) {
	for _, described := range allDatastores(wanted) {
		datastore := b.registry.FindByName(described.Name, datastores).(*simulator.Datastore)
		free := datastore.Summary.Capacity
		if described.FreeGiB != nil {
			free = int64(*described.FreeGiB) * units.GB
		}
		datastore.Summary.FreeSpace, datastore.Info.GetDatastoreInfo().FreeSpace = free, free
	}
}
