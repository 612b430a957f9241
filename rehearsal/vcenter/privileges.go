package main

import (
	"net/http"
	"slices"
	"sync"

	"github.com/vmware/govmomi/object"
	"github.com/vmware/govmomi/simulator"
	"github.com/vmware/govmomi/vim25/methods"
	"github.com/vmware/govmomi/vim25/soap"
	"github.com/vmware/govmomi/vim25/types"
)

// privileges are those that the user has, on every entity: all of an administrator's but the missing ones.
type privileges struct {
	mutex   sync.Mutex
	missing []string
}

func (p *privileges) setMissing(missing []string) {
	p.mutex.Lock()
	defer p.mutex.Unlock()
	p.missing = missing
}

func (p *privileges) without(all []string) []string {
	p.mutex.Lock()
	defer p.mutex.Unlock()
	return slices.DeleteFunc(slices.Clone(all), func(id string) bool { return slices.Contains(p.missing, id) })
}

// knownPrivileges are an administrator's.
func (v *vcenter) knownPrivileges() []string {
	manager := v.registry.Get(*simulator.VPX().ServiceContent.AuthorizationManager).(*simulator.AuthorizationManager)
	var roles []types.AuthorizationRole
	v.locked(manager, func() { roles = slices.Clone(manager.RoleList) })
	return object.AuthorizationRoleList(roles).ByName("Admin").Privilege
}

// authorization answers what the user may do; the simulator's user may do everything.
type authorization struct {
	lockFree
	vcenter *vcenter
	manager *simulator.AuthorizationManager
}

// Reference implements mo.Reference.
func (a *authorization) Reference() types.ManagedObjectReference { return a.manager.Self }

func (a *authorization) granted() []string {
	return a.vcenter.privileges.without(a.vcenter.knownPrivileges())
}

func (a *authorization) onEntities(entities []types.ManagedObjectReference, wanted []string) (answers []types.EntityPrivilege) {
	granted := a.granted()
	for _, entity := range entities {
		answer := types.EntityPrivilege{Entity: entity}
		for _, id := range wanted {
			answer.PrivAvailability = append(answer.PrivAvailability,
				types.PrivilegeAvailability{PrivId: id, IsGranted: slices.Contains(granted, id)})
		}
		answers = append(answers, answer)
	}
	return answers
}

// HasPrivilegeOnEntities answers for a session.
func (a *authorization) HasPrivilegeOnEntities(r *types.HasPrivilegeOnEntities) soap.HasFault {
	return &methods.HasPrivilegeOnEntitiesBody{Res: &types.HasPrivilegeOnEntitiesResponse{Returnval: a.onEntities(r.Entity, r.PrivId)}}
}

// HasUserPrivilegeOnEntities answers for a user.
func (a *authorization) HasUserPrivilegeOnEntities(r *types.HasUserPrivilegeOnEntities) soap.HasFault {
	return &methods.HasUserPrivilegeOnEntitiesBody{
		Res: &types.HasUserPrivilegeOnEntitiesResponse{Returnval: a.onEntities(r.Entities, r.PrivId)}}
}

// HasPrivilegeOnEntityResponse is the answer with every false in it; vSphere's own type would lose them on the wire. Its
// name goes into the XML.
type HasPrivilegeOnEntityResponse struct {
	Returnval []bool `xml:"returnval"`
}

type hasPrivilegeOnEntityBody struct {
	Res    *HasPrivilegeOnEntityResponse
	Fault_ *soap.Fault
}

// Fault implements soap.HasFault.
func (b *hasPrivilegeOnEntityBody) Fault() *soap.Fault { return b.Fault_ }

// HasPrivilegeOnEntity answers for one entity, in the order of the request.
func (a *authorization) HasPrivilegeOnEntity(r *types.HasPrivilegeOnEntity) soap.HasFault {
	response := &HasPrivilegeOnEntityResponse{}
	for _, each := range a.onEntities([]types.ManagedObjectReference{r.Entity}, r.PrivId)[0].PrivAvailability {
		response.Returnval = append(response.Returnval, each.IsGranted)
	}
	return &hasPrivilegeOnEntityBody{Res: response}
}

// FetchUserPrivilegeOnEntities lists what the user may do.
func (a *authorization) FetchUserPrivilegeOnEntities(r *types.FetchUserPrivilegeOnEntities) soap.HasFault {
	response := &types.FetchUserPrivilegeOnEntitiesResponse{}
	for _, entity := range r.Entities {
		response.Returnval = append(response.Returnval, types.UserPrivilegeResult{Entity: entity, Privileges: a.granted()})
	}
	return &methods.FetchUserPrivilegeOnEntitiesBody{Res: response}
}

func (v *vcenter) putPrivileges(w http.ResponseWriter, r *http.Request) {
	var wanted struct {
		Missing []string `json:"missing"`
	}
	if !receiveJSON(w, r, &wanted) {
		return
	}
	known := v.knownPrivileges()
	var wrong problems
	for _, id := range wanted.Missing {
		if !slices.Contains(known, id) {
			wrong.add("missing", shown(id), "give privileges of vSphere, such as Datastore.AllocateSpace")
		}
	}
	if err := wrong.err(); err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	v.privileges.setMissing(wanted.Missing)
	w.WriteHeader(http.StatusNoContent)
}
