package main

import (
	"cmp"
	"slices"
	"strings"
	"sync"

	"github.com/vmware/govmomi/simulator"
	"github.com/vmware/govmomi/vim25/types"
)

// drs decides which host a machine runs on, one machine at a time so that each decision sees the one before.
type drs struct {
	deciding sync.Mutex
	pins     *pins
	lottery  lottery
	lastRule int32 // key of the newest rule
}

func newDRS() *drs { return &drs{pins: newPins()} }

// load is what runs on a host.
type load struct {
	host        types.ManagedObjectReference
	capacityMiB int64
	memoryMiB   int64
	reservedMiB int64
	running     map[types.ManagedObjectReference]bool
}

// fit is how well a machine fits on a host; less is better.
type fit struct {
	broken    []*types.ClusterAntiAffinityRuleSpec // mandatory rules
	unwelcome int                                  // preferred rules that would be broken
}

func (f fit) compare(other fit) int {
	return cmp.Or(cmp.Compare(len(f.broken), len(other.broken)), cmp.Compare(f.unwelcome, other.unwelcome))
}

// fitOn counts the rules that keep a machine apart from what runs on a host.
func fitOn(host load, machine types.ManagedObjectReference, rules []*types.ClusterAntiAffinityRuleSpec) (found fit) {
	for _, rule := range rules {
		if !slices.Contains(rule.Vm, machine) {
			continue
		}
		others := slices.ContainsFunc(rule.Vm, func(other types.ManagedObjectReference) bool {
			return other != machine && host.running[other]
		})
		switch {
		case others && isTrue(rule.Mandatory):
			found.broken = append(found.broken, rule)
		case others:
			found.unwelcome++
		}
	}
	return found
}

// best is the host where a machine fits best, then the one with the least memory in use, then the first.
func best(hosts []load, machine types.ManagedObjectReference, rules []*types.ClusterAntiAffinityRuleSpec) *load {
	if len(hosts) == 0 {
		return nil
	}
	chosen := slices.MinFunc(hosts, func(a, b load) int {
		return cmp.Or(fitOn(a, machine, rules).compare(fitOn(b, machine, rules)), cmp.Compare(a.memoryMiB, b.memoryMiB))
	})
	return &chosen
}

// loads are a cluster's usable hosts, in the inventory's order.
func (v *vcenter) loads(cluster *simulator.ClusterComputeResource) []load {
	var hosts []types.ManagedObjectReference
	v.locked(cluster, func() { hosts = slices.Clone(cluster.Host) })
	var all []load
	for _, ref := range hosts {
		host := v.registry.Get(ref).(*simulator.HostSystem)
		var machines []types.ManagedObjectReference
		usable, capacity := false, int64(0)
		v.locked(host, func() {
			machines, capacity = slices.Clone(host.Vm), host.Hardware.MemorySize>>20
			usable = !host.Runtime.InMaintenanceMode && host.Runtime.ConnectionState == types.HostSystemConnectionStateConnected
		})
		if usable {
			found := v.load(ref, machines)
			found.capacityMiB = capacity
			all = append(all, found)
		}
	}
	return all
}

func (v *vcenter) load(host types.ManagedObjectReference, machines []types.ManagedObjectReference) load {
	found := load{host: host, running: map[types.ManagedObjectReference]bool{}}
	for _, ref := range machines {
		vm, exists := v.registry.Get(ref).(*simulator.VirtualMachine)
		if !exists {
			continue
		}
		v.locked(vm, func() {
			if vm.Runtime.PowerState == types.VirtualMachinePowerStatePoweredOn {
				found.running[ref] = true
				found.memoryMiB += int64(vm.Config.Hardware.MemoryMB)
				found.reservedMiB += reservedMemory(vm.Config)
			}
		})
	}
	return found
}

// hostFor is where a machine that is switched on will run. Nil is where it is, for want of DRS.
func (v *vcenter) hostFor(vm types.ManagedObjectReference, cluster *simulator.ClusterComputeResource,
	pinned *types.ManagedObjectReference) (*types.ManagedObjectReference, *failure) {
	wanted := v.demandOf(vm)
	if refused := wanted.refusal(); refused != nil {
		return nil, refused
	}
	rules, enabled := v.activeRules(cluster)
	hosts := v.loads(cluster)
	only := pinned
	if only == nil && !enabled {
		only = v.hostOf(vm)
	}
	if only != nil {
		hosts = slices.DeleteFunc(hosts, func(l load) bool { return l.host != *only })
	}
	hosts, refused := v.takers(wanted, hosts)
	if !enabled || refused != nil {
		return pinned, refused
	}
	chosen := v.drs.lottery.draw(best, hosts, vm, rules, v.machineName(vm))
	if chosen == nil || len(fitOn(*chosen, vm, rules).broken) > 0 {
		return nil, v.noHost(hosts, vm, rules)
	}
	return &chosen.host, nil
}

// noHost is vSphere's own fault, with the reason of each host.
func (v *vcenter) noHost(hosts []load, vm types.ManagedObjectReference, rules []*types.ClusterAntiAffinityRuleSpec) *failure {
	fault := &types.NoCompatibleHost{}
	var names []string
	for _, host := range hosts {
		rule := fitOn(host, vm, rules).broken[0]
		fault.Host = append(fault.Host, host.host)
		fault.Error = append(fault.Error, *fail(&types.RuleViolation{Host: &host.host, Rule: rule},
			"Virtual machine would violate the virtual machine anti-affinity rule '%s' on this host.", rule.Name))
		if !slices.Contains(names, rule.Name) {
			names = append(names, rule.Name)
		}
	}
	if len(names) == 0 {
		return fail(fault, "No host is compatible with the virtual machine.")
	}
	return fail(fault, "No host is compatible with the virtual machine: it would violate the anti-affinity rule '%s' on each of %d hosts.",
		strings.Join(names, "', '"), len(hosts))
}

// activeRules are the enabled anti-affinity rules of a cluster, mandatory ones first; false if DRS is off.
func (v *vcenter) activeRules(cluster *simulator.ClusterComputeResource) (rules []*types.ClusterAntiAffinityRuleSpec, enabled bool) {
	var preferred []*types.ClusterAntiAffinityRuleSpec
	v.locked(cluster, func() {
		config := cluster.ConfigurationEx.(*types.ClusterConfigInfoEx)
		enabled = isTrue(config.DrsConfig.Enabled)
		for _, info := range config.Rule {
			rule, isAntiAffinity := info.(*types.ClusterAntiAffinityRuleSpec)
			switch {
			case !isAntiAffinity || !isTrue(rule.Enabled):
			case isTrue(rule.Mandatory):
				rules = append(rules, rule)
			default:
				preferred = append(preferred, rule)
			}
		}
	})
	return append(rules, preferred...), enabled
}

// correct moves running machines until no move makes fewer violations.
func (v *vcenter) correct(ctx *simulator.Context, cluster *simulator.ClusterComputeResource) {
	for {
		vm, host := v.correction(cluster)
		if vm == nil {
			return
		}
		(&machine{vcenter: v, vm: vm}).moveTo(ctx, *host)
	}
}

// correction is the next machine to move, and where to; the first ones of a rule stay if they can.
func (v *vcenter) correction(cluster *simulator.ClusterComputeResource) (*simulator.VirtualMachine, *types.ManagedObjectReference) {
	rules, enabled := v.activeRules(cluster)
	if !enabled {
		return nil, nil
	}
	hosts := v.loads(cluster)
	for _, rule := range rules {
		for _, ref := range slices.Backward(rule.Vm) {
			here := slices.IndexFunc(hosts, func(l load) bool { return l.running[ref] })
			if here < 0 || v.drs.pins.of(ref) != nil || len(v.gpus.usedBy(ref)) > 0 {
				continue
			}
			others := slices.DeleteFunc(slices.Clone(hosts), func(l load) bool { return l.host == hosts[here].host })
			able, _ := v.takers(v.demandOf(ref), others)
			better := best(append(able, hosts[here]), ref, rules)
			if fitOn(*better, ref, rules).compare(fitOn(hosts[here], ref, rules)) >= 0 {
				continue
			}
			if vm, exists := v.registry.Get(ref).(*simulator.VirtualMachine); exists {
				return vm, &better.host
			}
		}
	}
	return nil, nil
}
