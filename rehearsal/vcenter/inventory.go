package main

import (
	"errors"
	"io/fs"
	"os"
	"reflect"
	"strings"

	"go.yaml.in/yaml/v3"
)

// Inventory is what a vCenter has, as people write it down.
type Inventory struct {
	VCenter         Release      `yaml:"vcenter"`
	StoragePolicies []string     `yaml:"storagePolicies"` // besides those that every vCenter has
	Datacenters     []Datacenter `yaml:"datacenters"`
}

// Release is what the vCenter says it is.
type Release struct {
	Version string `yaml:"version"`
	Build   string `yaml:"build"`

	VGPUHotMigrate bool `yaml:"vgpuHotmigrate"`
}

// Datacenter holds everything: every host mounts all its datastores and networks.
type Datacenter struct {
	Name                string              `yaml:"name"`
	Clusters            []Cluster           `yaml:"clusters"`
	Datastores          []Datastore         `yaml:"datastores"`
	DatastoreClusters   []DatastoreCluster  `yaml:"datastoreClusters"`
	Networks            []Network           `yaml:"networks"`
	DistributedSwitches []DistributedSwitch `yaml:"distributedSwitches"`
	Templates           []Template          `yaml:"templates"`
	Machines            []Machines          `yaml:"machines"`
}

// Cluster is a group of hosts with one root resource pool.
type Cluster struct {
	Name  string `yaml:"name"`
	Hosts []Host `yaml:"hosts"`
}

// Host is one ESXi host.
type Host struct {
	Name        string   `yaml:"name"`
	Cores       int      `yaml:"cores"`
	MemoryGiB   int      `yaml:"memoryGiB"`
	Maintenance bool     `yaml:"maintenance"`
	Graphics    Graphics `yaml:"graphics"`
	GPUs        []GPU    `yaml:"gpus"`
}

// Datastore is shared by all hosts of its datacenter.
type Datastore struct {
	Name        string `yaml:"name"`
	CapacityGiB int    `yaml:"capacityGiB"`
	FreeGiB     *int   `yaml:"freeGiB"` // all of it if nobody says
}

// DatastoreCluster is a group of datastores with Storage DRS on.
type DatastoreCluster struct {
	Name       string      `yaml:"name"`
	Datastores []Datastore `yaml:"datastores"`
}

// Network is a standard port group.
type Network struct {
	Name string `yaml:"name"`
}

// DistributedSwitch has all hosts of its datacenter as members.
type DistributedSwitch struct {
	Name       string      `yaml:"name"`
	PortGroups []PortGroup `yaml:"portGroups"`
}

// PortGroup is a network of a distributed switch.
type PortGroup struct {
	Name string `yaml:"name"`
	VLAN int    `yaml:"vlan"` // zero is none
}

// Template is a machine to clone, in the datacenter's vm folder or below it.
type Template struct {
	Name            string `yaml:"name"`
	Folder          string `yaml:"folder"`
	Notes           string `yaml:"notes"`
	GuestID         string `yaml:"guestId"`
	Firmware        string `yaml:"firmware"`
	HardwareVersion int    `yaml:"hardwareVersion"`
	CPUs            int    `yaml:"cpus"`
	MemoryMiB       int    `yaml:"memoryMiB"`
	DiskGiB         int    `yaml:"diskGiB"`
	Network         string `yaml:"network"`
	Datastore       string `yaml:"datastore"`
}

// readInventory returns an inventory without any problem, or all of them.
func readInventory(file string) (*Inventory, error) {
	content, err := os.ReadFile(file)
	if err != nil {
		return nil, problem{file, reason(err), "give a readable inventory file"}
	}
	var document yaml.Node
	if err := yaml.Unmarshal(content, &document); err != nil {
		return nil, problem{file, strings.TrimPrefix(err.Error(), "yaml: "), "write valid YAML"}
	}
	if len(document.Content) == 0 {
		return nil, problem{file, "empty", "describe at least one datacenter"}
	}
	inventory := &Inventory{}
	decoder := newStrictDecoder(file)
	decoder.decode(document.Content[0], reflect.ValueOf(inventory).Elem(), "")
	check := inventoryCheck{decoder}
	check.inventory(inventory)
	return inventory, decoder.err()
}

// reason is an error without the file name that stands before it anyway.
func reason(err error) string {
	var pathError *fs.PathError
	if errors.As(err, &pathError) {
		return pathError.Err.Error()
	}
	return err.Error()
}
