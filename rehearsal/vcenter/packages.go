package main

import (
	"github.com/vmware/govmomi/vim25/methods"
	"github.com/vmware/govmomi/vim25/mo"
	"github.com/vmware/govmomi/vim25/soap"
	"github.com/vmware/govmomi/vim25/types"
)

// imageConfigManager tells the software packages of a host: NVIDIA's host driver, where there is one.
type imageConfigManager struct {
	mo.HostImageConfigManager
	lockFree
	driver string // its version; none if empty
}

// FetchSoftwarePackages names a package of ESXi itself, and the driver as NVIDIA AI Enterprise calls it.
func (m *imageConfigManager) FetchSoftwarePackages(*types.FetchSoftwarePackages) soap.HasFault {
	packages := []types.SoftwarePackage{{Name: "esx-base", Version: "8.0.3-0.0.24022510", Vendor: "VMware", Type: "bootbank"}}
	if m.driver != "" {
		packages = append(packages, types.SoftwarePackage{Name: "NVD-AIE_ESXi_8.0.0_Driver", Version: m.driver + "-1OEM.800.1.0.20613240",
			Vendor: "NVIDIA", Type: "bootbank"})
	}
	return &methods.FetchSoftwarePackagesBody{Res: &types.FetchSoftwarePackagesResponse{Returnval: packages}}
}

// installPackages lets a host answer for its packages; with vGPUs and nobody saying which, it has a driver.
func (b *worldBuilder) installPackages(host types.ManagedObjectReference, wanted Graphics, shares bool) *types.ManagedObjectReference {
	manager := &imageConfigManager{}
	manager.Self = types.ManagedObjectReference{Type: "HostImageConfigManager", Value: "imageConfig-" + host.Value}
	switch {
	case wanted.Driver != nil:
		manager.driver = *wanted.Driver
	case shares:
		manager.driver = usualDriver
	}
	b.registry.Put(manager)
	return &manager.Self
}
