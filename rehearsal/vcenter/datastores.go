package main

import (
	"github.com/vmware/govmomi/simulator"
	"github.com/vmware/govmomi/vim25/methods"
	"github.com/vmware/govmomi/vim25/soap"
	"github.com/vmware/govmomi/vim25/types"
)

// datastore answers a datastore's calls with the rules of a real vCenter.
type datastore struct {
	lockFree
	datastore *simulator.Datastore
}

// Reference implements mo.Reference.
func (d *datastore) Reference() types.ManagedObjectReference { return d.datastore.Self }

// RefreshDatastore changes nothing: the figures are always fresh. The simulator would replace them by its own.
func (d *datastore) RefreshDatastore(*types.RefreshDatastore) soap.HasFault {
	return &methods.RefreshDatastoreBody{Res: &types.RefreshDatastoreResponse{}}
}
