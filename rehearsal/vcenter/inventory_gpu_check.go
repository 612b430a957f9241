package main

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// gpus checks a host's graphics settings and GPUs.
func (c inventoryCheck) gpus(path string, host Host) {
	if host.Graphics.DefaultType != "" {
		c.matches(path+".graphics.defaultType", host.Graphics.DefaultType, `^(shared|sharedDirect)$`, "give shared or sharedDirect")
	}
	if host.Graphics.Assignment != "" {
		c.matches(path+".graphics.assignment", host.Graphics.Assignment, `^(performance|consolidation)$`, "give performance or consolidation")
	}
	if driver := host.Graphics.Driver; driver != nil && *driver != "" {
		c.matches(path+".graphics.driver", *driver, `^[0-9]+(\.[0-9]+){1,2}$`, `give a driver's version, such as "580.65.05", or "" for none`)
	}
	taken := map[string]string{}
	for i, card := range host.GPUs {
		at := fmt.Sprintf("%s.gpus[%d]", path, i)
		c.gpu(at, card)
		if first, used := taken[card.Address]; used {
			c.report(at+".address", card.Address, "choose another address: this is "+first+"'s")
		}
		taken[card.Address] = at
	}
}

func (c inventoryCheck) gpu(path string, card GPU) {
	board := knownBoards.boards[card.Board]
	if board == nil {
		c.report(path+".board", shown(card.Board), "give one of "+strings.Join(knownBoards.names, ", "))
	}
	c.matches(path+".address", card.Address, `^[0-9a-f]{4}:[0-9a-f]{2}:[01][0-9a-f]\.[0-7]$`,
		`give a PCI address in lower case, such as "0000:5e:00.0"`)
	if !slices.Contains(gpuModes, card.Mode) {
		c.report(path+".mode", shown(card.Mode), "give one of "+strings.Join(gpuModes, ", "))
	}
	if board != nil && board.geometry == nil && card.Mode == modeMIG {
		c.report(path+".mode", card.Mode, "choose another mode: a "+card.Board+" cannot be divided into instances")
	}
	if card.Label != "" {
		c.matches(path+".label", card.Label, `^\S(.{0,78}\S)?$`, "give 1 to 80 characters")
	}
}

// machines checks the machines that are there from the start.
func (c inventoryCheck) machines(path string, datacenter Datacenter) {
	taken := map[string]string{}
	for i, machines := range datacenter.Machines {
		at := fmt.Sprintf("%s[%d]", path, i)
		c.matches(at+".name", machines.Name, `^[^/\\%]{1,70}$`, `give 1 to 70 characters without / \ %`)
		for _, template := range datacenter.Templates {
			if template.Folder == machines.Folder && template.Name == machines.Name {
				c.report(at+".name", machines.Name, "choose another name: this is a template's")
			}
		}
		for number := range max(orOne(machines.Copies), 0) {
			key := machines.Folder + "/" + machines.nameOf(number+1)
			if first, used := taken[key]; used {
				c.report(at+".name", machines.Name, "choose another name: this is "+first+"'s")
			}
			taken[key] = at
		}
		if machines.Folder != "" {
			c.folder(at+".folder", machines.Folder)
		}
		c.machine(at, machines, datacenter)
	}
}

func (c inventoryCheck) machine(path string, machines Machines, datacenter Datacenter) {
	if machines.Copies != nil {
		c.positive(path+".copies", *machines.Copies)
	}
	c.positive(path+".cpus", machines.CPUs)
	c.positive(path+".memoryMiB", machines.MemoryMiB)
	if machines.Power != "" {
		c.matches(path+".power", machines.Power, `^(on|off)$`, "give on or off")
	}
	at := slices.IndexFunc(datacenter.Clusters, func(cluster Cluster) bool { return cluster.Name == machines.Cluster })
	if at < 0 {
		names := make([]string, 0, len(datacenter.Clusters))
		for _, cluster := range datacenter.Clusters {
			names = append(names, cluster.Name)
		}
		c.oneOf(path+".cluster", machines.Cluster, names)
		return
	}
	if machines.Host != "" {
		hosts := make([]string, 0, len(datacenter.Clusters[at].Hosts))
		for _, host := range datacenter.Clusters[at].Hosts {
			hosts = append(hosts, host.Name)
		}
		c.oneOf(path+".host", machines.Host, hosts)
	}
	c.vgpus(path+".profile", machines)
	c.devices(path+".devices", machines, datacenter.Clusters[at])
}

func (c inventoryCheck) vgpus(path string, machines Machines) {
	profile := machines.Profile
	if profile == (Profile{}) {
		return
	}
	if knownBoards.profiles[profile.Name] == nil {
		c.report(path+".name", shown(profile.Name), "give a vGPU profile as hosts report them, such as nvidia_h100-20c")
	}
	if count := orOne(profile.Count); count < 1 || count > mostPassthrough {
		c.report(path+".count", strconv.Itoa(count), fmt.Sprintf("give 1 to %d", mostPassthrough))
	}
}

func (c inventoryCheck) devices(path string, machines Machines, cluster Cluster) {
	wanted := machines.Devices
	if wanted.Host == "" && len(wanted.Addresses) == 0 {
		return
	}
	if orOne(machines.Copies) > 1 {
		c.report(path, "given", "leave copies out: a device has one owner")
	}
	at := slices.IndexFunc(cluster.Hosts, func(host Host) bool { return host.Name == wanted.Host })
	if at < 0 {
		c.report(path+".host", shown(wanted.Host), "give a host of cluster "+cluster.Name)
		return
	}
	c.notEmpty(path+".addresses", len(wanted.Addresses))
	if len(wanted.Addresses) > mostPassthrough {
		c.report(path+".addresses", strconv.Itoa(len(wanted.Addresses)), fmt.Sprintf("give at most %d", mostPassthrough))
	}
	for i, address := range wanted.Addresses {
		here := slices.ContainsFunc(cluster.Hosts[at].GPUs, func(card GPU) bool { return card.Address == address })
		if !here || slices.Contains(wanted.Addresses[:i], address) {
			c.report(fmt.Sprintf("%s.addresses[%d]", path, i), shown(address), "give GPUs of "+wanted.Host+", each once")
		}
	}
}
