package main

import (
	"strings"

	"github.com/vmware/govmomi/simulator"
	"github.com/vmware/govmomi/vim25/methods"
	"github.com/vmware/govmomi/vim25/soap"
	"github.com/vmware/govmomi/vim25/types"
)

// machineBrowser is a machine's own environment browser: its cluster's, but it knows the machine's
// hardware version. Clients compare that with what they want and would otherwise always upgrade.
type machineBrowser struct {
	*simulator.EnvironmentBrowser
	machine *simulator.VirtualMachine
	vcenter *vcenter
}

const machineBrowserPrefix = "envbrowser-of-"

// browserReference is what a machine's environmentBrowser property says.
func browserReference(machine types.ManagedObjectReference) types.ManagedObjectReference {
	return types.ManagedObjectReference{Type: "EnvironmentBrowser", Value: machineBrowserPrefix + machine.Value}
}

// browserOf is the browser behind such a reference; nil if there is no such machine.
func (v *vcenter) browserOf(ref types.ManagedObjectReference) target {
	name, ok := strings.CutPrefix(ref.Value, machineBrowserPrefix)
	if !ok {
		return nil
	}
	machine, ok := v.registry.Get(types.ManagedObjectReference{Type: "VirtualMachine", Value: name}).(*simulator.VirtualMachine)
	if !ok {
		return nil
	}
	var host types.ManagedObjectReference
	v.locked(machine, func() { host = *machine.Runtime.Host })
	cluster := v.registry.Get(*v.registry.Get(host).(*simulator.HostSystem).Parent).(*simulator.ClusterComputeResource)
	browser := v.registry.Get(*cluster.EnvironmentBrowser).(*simulator.EnvironmentBrowser)
	return &machineBrowser{EnvironmentBrowser: browser, machine: machine, vcenter: v}
}

// QueryConfigOption answers for the machine's hardware version.
func (b *machineBrowser) QueryConfigOption(r *types.QueryConfigOption) soap.HasFault {
	body := b.EnvironmentBrowser.QueryConfigOption(r)
	options := body.(*methods.QueryConfigOptionBody).Res.Returnval
	b.vcenter.locked(b.machine, func() { options.Version = b.machine.Config.Version })
	if version, err := types.ParseHardwareVersion(options.Version); err == nil {
		options.HardwareOptions.HwVersion = int32(version)
	}
	resources := &options.HardwareOptions.ResourceConfigOption
	resources.CpuAllocationOption.SharesOption.DefaultLevel = types.SharesLevelNormal // some clients refuse none
	resources.MemoryAllocationOption.SharesOption.DefaultLevel = types.SharesLevelNormal
	return body
}
