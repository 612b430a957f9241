package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"reflect"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v3"

	"github.com/vmware/govmomi/simulator"
	"github.com/vmware/govmomi/vim25/types"
)

// Inventory is what a vCenter has, as people write it down.
type Inventory struct {
	VCenter     Release      `yaml:"vcenter"`
	Datacenters []Datacenter `yaml:"datacenters"`
}

// Release is what the vCenter says it is.
type Release struct {
	Version string `yaml:"version"`
	Build   string `yaml:"build"`
}

// Datacenter holds everything: every host mounts all its datastores and networks.
type Datacenter struct {
	Name       string      `yaml:"name"`
	Clusters   []Cluster   `yaml:"clusters"`
	Datastores []Datastore `yaml:"datastores"`
	Networks   []Network   `yaml:"networks"`
	Templates  []Template  `yaml:"templates"`
}

// Cluster is a group of hosts with one root resource pool.
type Cluster struct {
	Name  string `yaml:"name"`
	Hosts []Host `yaml:"hosts"`
}

// Host is one ESXi host.
type Host struct {
	Name      string `yaml:"name"`
	Cores     int    `yaml:"cores"`
	MemoryGiB int    `yaml:"memoryGiB"`
}

// Datastore is shared by all hosts of its datacenter.
type Datastore struct {
	Name        string `yaml:"name"`
	CapacityGiB int    `yaml:"capacityGiB"`
}

// Network is a standard port group.
type Network struct {
	Name string `yaml:"name"`
}

// Template is a machine to clone, in the datacenter's vm folder.
type Template struct {
	Name            string `yaml:"name"`
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

// inventoryCheck looks for what is well-formed but cannot be.
type inventoryCheck struct{ *strictDecoder }

func (c inventoryCheck) inventory(inventory *Inventory) {
	c.matches("vcenter.version", inventory.VCenter.Version, `^\d+\.\d+\.\d+$`, `give three numbers, such as "8.0.3"`)
	c.matches("vcenter.build", inventory.VCenter.Build, `^\d+$`, `give digits, such as "24022515"`)
	c.notEmpty("datacenters", len(inventory.Datacenters))
	unique(c, "datacenters", inventory.Datacenters, map[string]string{}, func(d Datacenter) string { return d.Name })
	hosts := map[string]string{} // a host is in one cluster of the whole vCenter
	for i, datacenter := range inventory.Datacenters {
		c.datacenter(fmt.Sprintf("datacenters[%d]", i), datacenter, hosts)
	}
}

func (c inventoryCheck) datacenter(path string, datacenter Datacenter, hosts map[string]string) {
	c.notEmpty(path+".clusters", len(datacenter.Clusters))
	unique(c, path+".clusters", datacenter.Clusters, map[string]string{}, func(x Cluster) string { return x.Name })
	for i, cluster := range datacenter.Clusters {
		at := fmt.Sprintf("%s.clusters[%d].hosts", path, i)
		c.notEmpty(at, len(cluster.Hosts))
		unique(c, at, cluster.Hosts, hosts, func(h Host) string { return h.Name })
		for j, host := range cluster.Hosts {
			c.positive(fmt.Sprintf("%s[%d].cores", at, j), host.Cores)
			c.positive(fmt.Sprintf("%s[%d].memoryGiB", at, j), host.MemoryGiB)
		}
	}
	c.notEmpty(path+".datastores", len(datacenter.Datastores))
	unique(c, path+".datastores", datacenter.Datastores, map[string]string{}, func(d Datastore) string { return d.Name })
	for i, datastore := range datacenter.Datastores {
		c.positive(fmt.Sprintf("%s.datastores[%d].capacityGiB", path, i), datastore.CapacityGiB)
	}
	c.notEmpty(path+".networks", len(datacenter.Networks))
	unique(c, path+".networks", datacenter.Networks, map[string]string{}, func(n Network) string { return n.Name })
	unique(c, path+".templates", datacenter.Templates, map[string]string{}, func(t Template) string { return t.Name })
	for i, template := range datacenter.Templates {
		c.template(fmt.Sprintf("%s.templates[%d]", path, i), template, datacenter)
	}
}

func (c inventoryCheck) template(path string, template Template, datacenter Datacenter) {
	if !slices.Contains(simulator.GuestID, types.VirtualMachineGuestOsIdentifier(template.GuestID)) {
		c.report(path+".guestId", shown(template.GuestID), "give a guest operating system of vSphere, such as ubuntu64Guest")
	}
	c.matches(path+".firmware", template.Firmware, `^(efi|bios)$`, "give efi or bios")
	if template.HardwareVersion < 10 || template.HardwareVersion > newestHardware {
		c.report(path+".hardwareVersion", strconv.Itoa(template.HardwareVersion), fmt.Sprintf("give 10 to %d", newestHardware))
	}
	c.positive(path+".cpus", template.CPUs)
	c.positive(path+".memoryMiB", template.MemoryMiB)
	c.positive(path+".diskGiB", template.DiskGiB)
	var networks, datastores []string
	for _, network := range datacenter.Networks {
		networks = append(networks, network.Name)
	}
	for _, datastore := range datacenter.Datastores {
		datastores = append(datastores, datastore.Name)
	}
	c.oneOf(path+".network", template.Network, networks)
	c.oneOf(path+".datastore", template.Datastore, datastores)
}

// unique checks the names of a list; taken says where a name was first used.
func unique[T any](c inventoryCheck, path string, list []T, taken map[string]string, name func(T) string) {
	for i, item := range list {
		at := fmt.Sprintf("%s[%d].name", path, i)
		c.matches(at, name(item), `^[^/\\%]{1,80}$`, `give 1 to 80 characters without / \ %`)
		if first, used := taken[name(item)]; used {
			c.report(at, name(item), "choose another name: this is "+first+"'s")
			continue
		}
		taken[name(item)] = strings.TrimSuffix(at, ".name")
	}
}

func (c inventoryCheck) matches(path, value, pattern, advice string) {
	if !regexp.MustCompile(pattern).MatchString(value) {
		c.report(path, shown(value), advice)
	}
}

func (c inventoryCheck) oneOf(path, value string, known []string) {
	if !slices.Contains(known, value) {
		c.report(path, shown(value), "give one of this datacenter's: "+strings.Join(known, ", "))
	}
}

func (c inventoryCheck) positive(path string, value int) {
	if value < 1 {
		c.report(path, strconv.Itoa(value), "give at least 1")
	}
}

func (c inventoryCheck) notEmpty(path string, length int) {
	if length == 0 {
		c.report(path, "none", "describe at least one")
	}
}

func shown(value string) string {
	if value == "" {
		return "missing"
	}
	return value
}
