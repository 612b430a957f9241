package main

import (
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/vmware/govmomi/simulator"
	"github.com/vmware/govmomi/vim25/types"
)

const highestVLAN = 4094

// inventoryCheck looks for what is well-formed but cannot be.
type inventoryCheck struct{ *strictDecoder }

func (c inventoryCheck) inventory(inventory *Inventory) {
	c.matches("vcenter.version", inventory.VCenter.Version, `^\d+\.\d+\.\d+$`, `give three numbers, such as "8.0.3"`)
	c.matches("vcenter.build", inventory.VCenter.Build, `^\d+$`, `give digits, such as "24022515"`)
	policies := map[string]string{}
	for i, name := range inventory.StoragePolicies {
		at := fmt.Sprintf("storagePolicies[%d]", i)
		c.matches(at, name, `^\S(.{0,78}\S)?$`, "give 1 to 80 characters")
		c.notTaken(at, name, policies)
	}
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
			c.gpus(fmt.Sprintf("%s[%d]", at, j), host)
		}
	}
	datastores := c.storage(path, datacenter)
	networks := c.networks(path, datacenter)
	unique(c, path+".templates", datacenter.Templates, map[string]string{}, func(t Template) string { return t.Name })
	for i, template := range datacenter.Templates {
		at := fmt.Sprintf("%s.templates[%d]", path, i)
		c.template(at, template)
		c.oneOf(at+".network", template.Network, networks)
		c.oneOf(at+".datastore", template.Datastore, datastores)
	}
	c.machines(path+".machines", datacenter)
}

// storage checks everything in the datastore folder, where each name can be used once; it returns the datastores.
func (c inventoryCheck) storage(path string, datacenter Datacenter) (names []string) {
	taken := map[string]string{}
	c.notEmpty(path+".datastores", len(datacenter.Datastores)+len(datacenter.DatastoreClusters))
	names = c.datastores(path+".datastores", datacenter.Datastores, taken)
	unique(c, path+".datastoreClusters", datacenter.DatastoreClusters, taken, func(d DatastoreCluster) string { return d.Name })
	for i, cluster := range datacenter.DatastoreClusters {
		at := fmt.Sprintf("%s.datastoreClusters[%d].datastores", path, i)
		c.notEmpty(at, len(cluster.Datastores))
		names = append(names, c.datastores(at, cluster.Datastores, taken)...)
	}
	return names
}

func (c inventoryCheck) datastores(path string, list []Datastore, taken map[string]string) (names []string) {
	unique(c, path, list, taken, func(d Datastore) string { return d.Name })
	for i, datastore := range list {
		names = append(names, datastore.Name)
		at := fmt.Sprintf("%s[%d]", path, i)
		c.positive(at+".capacityGiB", datastore.CapacityGiB)
		if free := datastore.FreeGiB; free != nil && (*free < 0 || *free > datastore.CapacityGiB) {
			c.report(at+".freeGiB", strconv.Itoa(*free), fmt.Sprintf("give 0 to %d, its capacity", datastore.CapacityGiB))
		}
	}
	return names
}

// networks checks everything in the network folder, where each name can be used once; it returns what machines can use.
func (c inventoryCheck) networks(path string, datacenter Datacenter) (names []string) {
	taken := map[string]string{}
	c.notEmpty(path+".networks", len(datacenter.Networks)+len(datacenter.DistributedSwitches))
	unique(c, path+".networks", datacenter.Networks, taken, func(n Network) string { return n.Name })
	for _, network := range datacenter.Networks {
		names = append(names, network.Name)
	}
	switches := datacenter.DistributedSwitches
	unique(c, path+".distributedSwitches", switches, taken, func(s DistributedSwitch) string { return s.Name })
	for i, dvs := range switches {
		at := fmt.Sprintf("%s.distributedSwitches[%d].portGroups", path, i)
		unique(c, at, dvs.PortGroups, taken, func(g PortGroup) string { return g.Name })
		for j, group := range dvs.PortGroups {
			names = append(names, group.Name)
			if group.VLAN < 0 || group.VLAN > highestVLAN {
				c.report(fmt.Sprintf("%s[%d].vlan", at, j), strconv.Itoa(group.VLAN), fmt.Sprintf("give 0 to %d", highestVLAN))
			}
		}
	}
	return names
}

func (c inventoryCheck) template(path string, template Template) {
	if template.Folder != "" {
		c.folder(path+".folder", template.Folder)
	}
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
}

func (c inventoryCheck) folder(path, value string) {
	c.matches(path, value, `^[^/\\%]{1,80}(/[^/\\%]{1,80})*$`, "give a path below the datacenter's vm folder, such as templates/linux")
}

// unique checks the names of a list; taken says where a name was first used.
func unique[T any](c inventoryCheck, path string, list []T, taken map[string]string, name func(T) string) {
	for i, item := range list {
		at := fmt.Sprintf("%s[%d].name", path, i)
		c.matches(at, name(item), `^[^/\\%]{1,80}$`, `give 1 to 80 characters without / \ %`)
		c.notTaken(at, name(item), taken)
	}
}

func (c inventoryCheck) notTaken(path, name string, taken map[string]string) {
	if first, used := taken[name]; used {
		c.report(path, name, "choose another name: this is "+first+"'s")
		return
	}
	taken[name] = strings.TrimSuffix(path, ".name")
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
