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

// crowd is one entry of the inventory's machines while it is made: one through the API, and copies of it, written into the
// registry because ten thousand calls would take minutes.
type crowd struct {
	builder *worldBuilder
	wanted  Machines
	folder  *simulator.Folder
	cluster *simulator.ClusterComputeResource
	hosts   []load
	made    []*simulator.VirtualMachine
}

func (b *worldBuilder) machines(datacenter types.ManagedObjectReference, root *object.Folder, described Datacenter, wanted Machines) error {
	folder, err := b.folderBelow(root, wanted.Folder)
	if err != nil {
		return err
	}
	hostFolder := b.registry.Get(b.registry.Get(datacenter).(*simulator.Datacenter).HostFolder).(*simulator.Folder)
	c := &crowd{builder: b, wanted: wanted, folder: b.registry.Get(folder.Reference()).(*simulator.Folder)}
	c.cluster = b.registry.FindByName(wanted.Cluster, hostFolder.ChildEntity).(*simulator.ClusterComputeResource)
	c.hosts = slices.DeleteFunc(b.vcenter.loads(c.cluster), func(l load) bool {
		return wanted.Host != "" && b.vcenter.nameOfHost(l.host) != wanted.Host
	})
	first, err := c.first(folder, allDatastores(described)[0].Name)
	if err != nil {
		return err
	}
	c.made = append(c.made, first)
	for number := 2; number <= orOne(wanted.Copies); number++ {
		c.made = append(c.made, c.copyOf(first, number))
	}
	c.enlist()
	return c.settle()
}

func (c *crowd) first(folder *object.Folder, datastore string) (*simulator.VirtualMachine, error) {
	b := c.builder
	pool := object.NewResourcePool(b.client, *c.cluster.ResourcePool)
	task, err := folder.CreateVM(b.context, c.spec(datastore), pool, object.NewHostSystem(b.client, c.cluster.Host[0]))
	if err != nil {
		return nil, err
	}
	info, err := task.WaitForResult(b.context)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", c.wanted.nameOf(1), err)
	}
	return b.registry.Get(info.Result.(types.ManagedObjectReference)).(*simulator.VirtualMachine), nil
}

// copyOf is another machine like the first one.
func (c *crowd) copyOf(first *simulator.VirtualMachine, number int) *simulator.VirtualMachine {
	copied := *first
	copied.VirtualMachine = deepCopy(first.VirtualMachine)
	vm := &copied
	name := c.wanted.nameOf(number)
	path := object.DatastorePath{}
	path.FromString(first.Config.Files.LogDirectory)
	files := fmt.Sprintf("[%s] %s", path.Datastore, name)
	vm.Self.Value, vm.Summary.Vm, vm.DataSets = "", &vm.Self, map[string]*simulator.DataSet{}
	vm.Name, vm.Config.Name, vm.Summary.Config.Name = name, name, name
	vm.Config.Uuid, vm.Config.InstanceUuid = uuid.NewString(), uuid.NewString()
	vm.Summary.Config.Uuid, vm.Summary.Config.InstanceUuid = vm.Config.Uuid, vm.Config.InstanceUuid
	vm.Config.Files = types.VirtualMachineFileInfo{VmPathName: files + "/" + name + ".vmx", LogDirectory: files,
		SnapshotDirectory: files, SuspendDirectory: files}
	vm.Summary.Config.VmPathName = vm.Config.Files.VmPathName
	vm.Layout, vm.LayoutEx = &types.VirtualMachineFileLayout{}, &types.VirtualMachineFileLayoutEx{Timestamp: time.Now()}
	c.builder.registry.Put(vm)
	vm.EnvironmentBrowser = browserReference(vm.Self)
	return vm
}

// enlist puts the copies where the first machine is listed, but for its host.
func (c *crowd) enlist() {
	var refs references
	for _, vm := range c.made[1:] {
		refs = append(refs, vm.Self)
	}
	registry := c.builder.registry
	c.folder.ChildEntity = append(c.folder.ChildEntity, refs...)
	pool := registry.Get(*c.cluster.ResourcePool).(*simulator.ResourcePool)
	pool.Vm = append(pool.Vm, refs...)
	for _, ref := range c.made[0].Datastore {
		datastore := registry.Get(ref).(*simulator.Datastore)
		datastore.Vm = append(datastore.Vm, refs...)
	}
	host := registry.Get(*c.made[0].Runtime.Host).(*simulator.HostSystem)
	host.Vm = without(host.Vm, c.made[0].Self)
}

// settle finds a host for each machine and switches it on there, if it is to run.
func (c *crowd) settle() error {
	wanted := readDemand(&c.made[0].VirtualMachine)
	used := map[*hostGPUs]bool{}
	for i, vm := range c.made {
		host := c.resting(i)
		if c.wanted.Power == "on" {
			chosen, refused := c.choose(wanted)
			if refused != nil {
				return problem{vm.Name, refused.LocalizedMessage, "describe fewer machines, or more GPUs and memory in " + c.wanted.Cluster}
			}
			host = chosen.host
			if refused := c.start(vm, chosen, wanted); refused != nil {
				return problem{vm.Name, refused.LocalizedMessage, "describe other devices"}
			}
			used[c.builder.vcenter.gpus.of(host)] = true
		}
		system := c.builder.registry.Get(host).(*simulator.HostSystem)
		system.Vm = append(system.Vm, vm.Self)
		vm.Runtime.Host, vm.Summary.Runtime.Host = &system.Self, &system.Self
	}
	for host := range used {
		c.builder.vcenter.refreshHost(&simulator.Context{Map: c.builder.registry}, host)
	}
	return nil
}

// resting is the host of a machine that is off: the described one, else one after the other.
func (c *crowd) resting(number int) types.ManagedObjectReference {
	for _, host := range c.cluster.Host {
		if c.builder.vcenter.nameOfHost(host) == c.wanted.Host {
			return host
		}
	}
	return c.cluster.Host[number%len(c.cluster.Host)]
}

// choose is the host with the least memory in use that can take the machine. It asks one host after the other, since
// usually the first can.
func (c *crowd) choose(wanted demand) (*load, *failure) {
	v := c.builder.vcenter
	var refused *failure = notEnoughMemory(0, wanted.reservedMiB)
	hosts := make([]*load, len(c.hosts))
	for i := range c.hosts {
		hosts[i] = &c.hosts[i]
	}
	if own := v.ownHosts(wanted, c.hosts); len(own) < len(hosts) {
		hosts = slices.DeleteFunc(hosts, func(l *load) bool { return l.host != own[0].host })
	}
	for len(hosts) > 0 {
		least := 0
		for i, host := range hosts {
			if host.memoryMiB < hosts[least].memoryMiB {
				least = i
			}
		}
		if refused, _ = v.hostRefusal(wanted, *hosts[least]); refused == nil {
			return hosts[least], nil
		}
		hosts = slices.Delete(hosts, least, least+1)
	}
	return nil, refused
}

func (c *crowd) start(vm *simulator.VirtualMachine, host *load, wanted demand) *failure {
	host.memoryMiB += wanted.memoryMiB
	host.reservedMiB += wanted.reservedMiB
	changes := append(toolsChanges(true),
		types.PropertyChange{Name: "runtime.powerState", Val: types.VirtualMachinePowerStatePoweredOn},
		types.PropertyChange{Name: "summary.runtime.powerState", Val: types.VirtualMachinePowerStatePoweredOn})
	mo.ApplyPropertyChange(&vm.VirtualMachine, changes)
	if len(wanted.needs) == 0 {
		return nil
	}
	_, refused := c.builder.vcenter.gpus.assign(vm.Self, host.host, wanted.needs)
	return refused
}
