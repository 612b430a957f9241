package main

import (
	"slices"
	"strings"

	"github.com/vmware/govmomi/simulator"
	"github.com/vmware/govmomi/vim25/methods"
	"github.com/vmware/govmomi/vim25/soap"
	"github.com/vmware/govmomi/vim25/types"
)

// searchIndex finds what stands in datastore clusters too, which the simulator's does not.
type searchIndex struct {
	lockFree
	vcenter *vcenter
	index   *simulator.SearchIndex
}

// Reference implements mo.Reference.
func (s *searchIndex) Reference() types.ManagedObjectReference { return s.index.Self }

// FindChild looks in one object.
func (s *searchIndex) FindChild(ctx *simulator.Context, r *types.FindChild) soap.HasFault {
	pod, isPod := s.vcenter.registry.Get(r.Entity).(*simulator.StoragePod)
	if !isPod {
		return s.index.FindChild(ctx, r)
	}
	var children []types.ManagedObjectReference
	s.vcenter.locked(pod, func() { children = slices.Clone(pod.ChildEntity) })
	response := &types.FindChildResponse{}
	if found := s.vcenter.registry.FindByName(r.Name, children); found != nil {
		response.Returnval = types.NewReference(found.Reference())
	}
	return &methods.FindChildBody{Res: response}
}

// FindByInventoryPath goes down from the root.
func (s *searchIndex) FindByInventoryPath(ctx *simulator.Context, r *types.FindByInventoryPath) soap.HasFault {
	at := types.NewReference(simulator.VPX().ServiceContent.RootFolder)
	for _, name := range strings.FieldsFunc(r.InventoryPath, func(r rune) bool { return r == '/' }) {
		body := s.FindChild(ctx, &types.FindChild{Entity: *at, Name: name})
		if at = body.(*methods.FindChildBody).Res.Returnval; at == nil {
			break
		}
	}
	return &methods.FindByInventoryPathBody{Res: &types.FindByInventoryPathResponse{Returnval: at}}
}
