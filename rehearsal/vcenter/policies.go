package main

import (
	"fmt"
	"strings"
	"sync"

	pbmclient "github.com/vmware/govmomi/pbm"
	pbmmethods "github.com/vmware/govmomi/pbm/methods"
	pbm "github.com/vmware/govmomi/pbm/simulator"
	pbmtypes "github.com/vmware/govmomi/pbm/types"
	"github.com/vmware/govmomi/simulator"
	"github.com/vmware/govmomi/vim25/soap"
	"github.com/vmware/govmomi/vim25/types"
)

// policyManager knows storage policies and remembers who has which. The simulator's own remembers nothing.
type policyManager struct {
	*pbm.ProfileManager
	vcenter  *vcenter
	registry *simulator.Registry // of the policies' own service

	mutex    sync.Mutex
	assigned map[string]string // machine, or machine:disk -> policy
}

// newPolicyManager replaces the simulator's in its service and adds the inventory's policies.
func newPolicyManager(v *vcenter, names []string) *policyManager {
	registry := pbm.New()
	content := registry.Get(pbmclient.ServiceInstance).(*pbm.ServiceInstance).Content
	own := registry.Get(content.ProfileManager).(*pbm.ProfileManager)
	p := &policyManager{ProfileManager: own, vcenter: v, registry: registry, assigned: map[string]string{}}
	registry.Put(p)
	creator := &simulator.Context{Map: registry, Session: &simulator.Session{}}
	for _, name := range names {
		own.PbmCreate(creator, &pbmtypes.PbmCreate{CreateSpec: pbmtypes.PbmCapabilityProfileCreateSpec{
			Name: name, Category: string(pbmtypes.PbmProfileCategoryEnumREQUIREMENT),
			ResourceType: pbmtypes.PbmProfileResourceType{ResourceType: string(pbmtypes.PbmProfileResourceTypeEnumSTORAGE)},
			Constraints:  &pbmtypes.PbmCapabilitySubProfileConstraints{},
		}})
	}
	return p
}

// knows tells whether there is such a policy.
func (p *policyManager) knows(id string) (known bool) {
	p.registry.WithLock(&simulator.Context{Map: p.registry}, p, func() {
		body := p.PbmRetrieveContent(&pbmtypes.PbmRetrieveContent{ProfileIds: []pbmtypes.PbmProfileId{{UniqueId: id}}})
		known = body.Fault() == nil
	})
	return known
}

// check refuses policies that do not exist.
func (p *policyManager) check(property string, profiles []types.BaseVirtualMachineProfileSpec) types.BaseMethodFault {
	if id, given := policyIn(profiles); given && id != "" && !p.knows(id) {
		return &types.InvalidArgument{InvalidProperty: property}
	}
	return nil
}

// policyIn is the policy that a specification names; empty takes the policy away.
func policyIn(profiles []types.BaseVirtualMachineProfileSpec) (id string, given bool) {
	for _, profile := range profiles {
		switch wanted := profile.(type) {
		case *types.VirtualMachineDefinedProfileSpec:
			return wanted.ProfileId, true
		case *types.VirtualMachineEmptyProfileSpec, *types.VirtualMachineDefaultProfileSpec:
			return "", true
		}
	}
	return "", false
}

// assign remembers what a specification names for a machine or a disk.
func (p *policyManager) assign(key string, profiles []types.BaseVirtualMachineProfileSpec) {
	id, given := policyIn(profiles)
	if !given {
		return
	}
	p.mutex.Lock()
	defer p.mutex.Unlock()
	delete(p.assigned, key)
	if id != "" {
		p.assigned[key] = id
	}
}

func diskKey(machine types.ManagedObjectReference, disk int32) string {
	return fmt.Sprintf("%s:%d", machine.Value, disk)
}

// forget drops what is known about a key, and with a machine its disks.
func (p *policyManager) forget(key string) {
	p.mutex.Lock()
	defer p.mutex.Unlock()
	for other := range p.assigned {
		if other == key || strings.HasPrefix(other, key+":") {
			delete(p.assigned, other)
		}
	}
}

func (p *policyManager) policiesOf(entity pbmtypes.PbmServerObjectRef) ([]pbmtypes.PbmProfileId, types.BaseMethodFault) {
	machine, _, isDisk := strings.Cut(entity.Key, ":")
	kind := pbmtypes.PbmObjectType(entity.ObjectType)
	if isDisk != (kind == pbmtypes.PbmObjectTypeVirtualDiskId) {
		return nil, &types.InvalidArgument{InvalidProperty: "entity"}
	}
	if kind == pbmtypes.PbmObjectTypeVirtualMachine || isDisk {
		ref := types.ManagedObjectReference{Type: "VirtualMachine", Value: machine}
		if p.vcenter.registry.Get(ref) == nil {
			return nil, &types.InvalidArgument{InvalidProperty: "entity"}
		}
	}
	p.mutex.Lock()
	defer p.mutex.Unlock()
	if id, assigned := p.assigned[entity.Key]; assigned {
		return []pbmtypes.PbmProfileId{{UniqueId: id}}, nil
	}
	return nil, nil
}

// PbmQueryAssociatedProfile tells the policy of a machine or a disk.
func (p *policyManager) PbmQueryAssociatedProfile(r *pbmtypes.PbmQueryAssociatedProfile) soap.HasFault {
	found, refused := p.policiesOf(r.Entity)
	if refused != nil {
		return &pbmmethods.PbmQueryAssociatedProfileBody{Fault_: simulator.Fault(explained(refused).LocalizedMessage, refused)}
	}
	return &pbmmethods.PbmQueryAssociatedProfileBody{Res: &pbmtypes.PbmQueryAssociatedProfileResponse{Returnval: found}}
}

// PbmQueryAssociatedProfiles tells those of several.
func (p *policyManager) PbmQueryAssociatedProfiles(r *pbmtypes.PbmQueryAssociatedProfiles) soap.HasFault {
	response := &pbmtypes.PbmQueryAssociatedProfilesResponse{}
	for _, entity := range r.Entities {
		found, refused := p.policiesOf(entity)
		if refused != nil {
			return &pbmmethods.PbmQueryAssociatedProfilesBody{Fault_: simulator.Fault(explained(refused).LocalizedMessage, refused)}
		}
		response.Returnval = append(response.Returnval, pbmtypes.PbmQueryProfileResult{Object: entity, ProfileId: found})
	}
	return &pbmmethods.PbmQueryAssociatedProfilesBody{Res: response}
}
