package main

import (
	"slices"
	"sync"

	"github.com/vmware/govmomi/simulator"
	"github.com/vmware/govmomi/vim25/mo"
	"github.com/vmware/govmomi/vim25/types"
)

const devicesProperty = "config.hardware.device"

// attachments remember which networks list a machine; the simulator's networks list none.
type attachments struct {
	mutex    sync.Mutex
	networks map[types.ManagedObjectReference]references // by machine
}

func newAttachments() *attachments {
	return &attachments{networks: map[types.ManagedObjectReference]references{}}
}

// replace returns what was there.
func (a *attachments) replace(machine types.ManagedObjectReference, networks references) (before references) {
	a.mutex.Lock()
	defer a.mutex.Unlock()
	before = a.networks[machine]
	delete(a.networks, machine)
	if len(networks) > 0 {
		a.networks[machine] = slices.Clone(networks) // the simulator changes its own in place
	}
	return before
}

// connect makes a machine's networks agree with its cards. The caller has locked the machine.
func (v *vcenter) connect(ctx *simulator.Context, vm *mo.VirtualMachine) {
	networks := []types.ManagedObjectReference{}
	names, connected := map[int32]string{}, map[int32]bool{}
	for _, device := range vm.Config.Hardware.Device {
		card, isCard := device.(types.BaseVirtualEthernetCard)
		if !isCard {
			continue
		}
		network, name := v.networkOf(card.GetVirtualEthernetCard().Backing)
		names[card.GetVirtualEthernetCard().Key] = name
		connected[card.GetVirtualEthernetCard().Key] = isConnected(device)
		if network != nil && !slices.Contains(networks, *network) {
			networks = append(networks, *network)
		}
	}
	vm.Network = networks // each once, however many cards there are
	if vm.Guest != nil {
		cards := slices.Clone(vm.Guest.Net)
		for i := range cards {
			cards[i].Network = names[cards[i].DeviceConfigId]
			cards[i].Connected = connected[cards[i].DeviceConfigId]
		}
		vm.Guest.Net = cards
	}
	v.attach(ctx, vm.Self, networks)
}

// isConnected is whether a device is plugged in; the simulator unplugs all when a machine is switched off.
func isConnected(device types.BaseVirtualDevice) bool {
	state := device.GetVirtualDevice().Connectable
	return state == nil || state.Connected
}

// networkOf is what a card is connected to, and its name.
func (v *vcenter) networkOf(backing types.BaseVirtualDeviceBackingInfo) (ref *types.ManagedObjectReference, name string) {
	switch wanted := backing.(type) {
	case *types.VirtualEthernetCardNetworkBackingInfo:
		return wanted.Network, wanted.DeviceName
	case *types.VirtualEthernetCardDistributedVirtualPortBackingInfo:
		found := types.ManagedObjectReference{Type: "DistributedVirtualPortgroup", Value: wanted.Port.PortgroupKey}
		if group, exists := v.registry.Get(found).(*simulator.DistributedVirtualPortgroup); exists {
			return &found, group.Name
		}
	}
	return nil, ""
}

// attach puts a machine into the lists of its networks, and takes it out of the others.
func (v *vcenter) attach(ctx *simulator.Context, machine types.ManagedObjectReference, networks references) {
	if v.registry.Get(machine) == nil {
		networks = nil // it has been deleted
	}
	before := v.wires.replace(machine, networks)
	for _, network := range before {
		if !slices.Contains(networks, network) && v.registry.Get(network) != nil {
			v.changeList(ctx, network, func(list references) references { return without(list, machine) })
		}
	}
	for _, network := range networks {
		if !slices.Contains(before, network) {
			v.changeList(ctx, network, func(list references) references { return append(without(list, machine), machine) })
		}
	}
}
