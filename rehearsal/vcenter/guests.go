package main

import (
	"log"
	"net/netip"
	"slices"
	"sync"
	"time"

	"github.com/vmware/govmomi/vim25/mo"
	"github.com/vmware/govmomi/vim25/types"
)

// guests plays the operating systems: a guest that boots takes the name and addresses of its metadata.
type guests struct {
	mutex  sync.Mutex
	owners map[netip.Addr]owner
}

type owner struct {
	machine types.ManagedObjectReference
	name    string
}

func newGuests() *guests { return &guests{owners: map[netip.Addr]owner{}} }

// boot says what becomes visible of a machine that was switched on. The caller has locked it.
func (g *guests) boot(vm *mo.VirtualMachine) []types.PropertyChange {
	now := time.Now()
	changes := append(toolsChanges(true), types.PropertyChange{Name: "runtime.bootTime", Val: &now})
	data, err := readMetadata(vm.Config.ExtraConfig)
	if err != nil {
		log.Printf("%s: no address: %v", vm.Name, err)
		return changes
	}
	var addresses []netip.Prefix
	var routes []types.NetIpRouteConfigInfoIpRoute
	cards := slices.Clone(vm.Guest.Net)
	for i := range cards {
		card, described := data.card(i, cards[i].MacAddress)
		if !described {
			continue
		}
		own := g.claim(vm, card.Addresses)
		addresses = append(addresses, own...)
		setCard(&cards[i], own)
		for network, gateway := range card.gateways() {
			routes = append(routes, types.NetIpRouteConfigInfoIpRoute{
				Network: network, Gateway: types.NetIpRouteConfigInfoGateway{IpAddress: gateway, Device: "0"},
			})
		}
	}
	if len(addresses) == 0 {
		log.Printf("%s: no address: its metadata has none that is free", vm.Name)
		return append(changes, nameChanges(data.Hostname, "")...)
	}
	changes = append(changes, nameChanges(data.Hostname, primary(addresses))...)
	changes = append(changes, types.PropertyChange{Name: "guest.net", Val: cards})
	if len(routes) > 0 {
		stack := []types.GuestStackInfo{{IpRouteConfig: &types.NetIpRouteConfigInfo{IpRoute: routes}}}
		changes = append(changes, types.PropertyChange{Name: "guest.ipStack", Val: stack})
	}
	return changes
}

// stop says what disappears of a machine that was switched off. The caller has locked it.
func (g *guests) stop(vm *mo.VirtualMachine) []types.PropertyChange {
	g.release(vm.Self)
	cards := slices.Clone(vm.Guest.Net)
	for i := range cards {
		cards[i].IpAddress, cards[i].IpConfig = nil, nil
	}
	changes := append(toolsChanges(false), nameChanges("", "")...)
	return append(changes,
		types.PropertyChange{Name: "guest.net", Val: cards},
		types.PropertyChange{Name: "guest.ipStack", Val: nil})
}

// claim takes the addresses that no other running machine has.
func (g *guests) claim(vm *mo.VirtualMachine, wanted []netip.Prefix) []netip.Prefix {
	g.mutex.Lock()
	defer g.mutex.Unlock()
	var own []netip.Prefix
	for _, prefix := range wanted {
		if other, taken := g.owners[prefix.Addr()]; taken && other.machine != vm.Self {
			log.Printf("%s: address %s belongs to %s, which is running: give it another one", vm.Name, prefix.Addr(), other.name)
			continue
		}
		g.owners[prefix.Addr()] = owner{vm.Self, vm.Name}
		own = append(own, prefix)
	}
	return own
}

// release gives all addresses of a machine back.
func (g *guests) release(machine types.ManagedObjectReference) {
	g.mutex.Lock()
	defer g.mutex.Unlock()
	for address, owner := range g.owners {
		if owner.machine == machine {
			delete(g.owners, address)
		}
	}
}

func setCard(card *types.GuestNicInfo, addresses []netip.Prefix) {
	card.Connected = true
	card.IpAddress = nil
	card.IpConfig = &types.NetIpConfigInfo{}
	for _, prefix := range addresses {
		card.IpAddress = append(card.IpAddress, prefix.Addr().String())
		card.IpConfig.IpAddress = append(card.IpConfig.IpAddress, types.NetIpConfigInfoIpAddress{
			IpAddress: prefix.Addr().String(), PrefixLength: int32(prefix.Bits()),
			State: string(types.NetIpConfigInfoIpAddressStatusPreferred),
		})
	}
}

// primary is the first IPv4 address, as on a vCenter, or else the first.
func primary(addresses []netip.Prefix) string {
	for _, prefix := range addresses {
		if prefix.Addr().Is4() {
			return prefix.Addr().String()
		}
	}
	return addresses[0].Addr().String()
}

func toolsChanges(run bool) []types.PropertyChange {
	status := types.VirtualMachineToolsStatusToolsNotRunning
	running := string(types.VirtualMachineToolsRunningStatusGuestToolsNotRunning)
	state := string(types.VirtualMachineGuestStateNotRunning)
	if run {
		status = types.VirtualMachineToolsStatusToolsOk
		running = string(types.VirtualMachineToolsRunningStatusGuestToolsRunning)
		state = string(types.VirtualMachineGuestStateRunning)
	}
	return []types.PropertyChange{
		{Name: "guest.toolsStatus", Val: status},
		{Name: "guest.toolsRunningStatus", Val: running},
		{Name: "guest.guestState", Val: state},
		{Name: "summary.guest.toolsStatus", Val: status},
		{Name: "summary.guest.toolsRunningStatus", Val: running},
	}
}

func nameChanges(hostname, address string) []types.PropertyChange {
	return []types.PropertyChange{
		{Name: "guest.hostName", Val: hostname},
		{Name: "guest.ipAddress", Val: address},
		{Name: "summary.guest.hostName", Val: hostname},
		{Name: "summary.guest.ipAddress", Val: address},
	}
}
