package main

import (
	"cmp"
	"slices"

	"github.com/vmware/govmomi/simulator"
	"github.com/vmware/govmomi/vim25/types"
)

// members are a pod's usable datastores, the one with the most free space first.
func (v *vcenter) members(pod *simulator.StoragePod) []types.DatastoreSummary {
	var refs []types.ManagedObjectReference
	v.locked(pod, func() { refs = slices.Clone(pod.ChildEntity) })
	var found []types.DatastoreSummary
	for _, ref := range refs {
		datastore, exists := v.registry.Get(ref).(*simulator.Datastore)
		if !exists {
			continue
		}
		var summary types.DatastoreSummary
		v.locked(datastore, func() { summary = datastore.Summary })
		if summary.Accessible && summary.MaintenanceMode == string(types.DatastoreSummaryMaintenanceModeStateNormal) {
			found = append(found, summary)
		}
	}
	slices.SortStableFunc(found, func(a, b types.DatastoreSummary) int { return cmp.Compare(b.FreeSpace, a.FreeSpace) })
	return found
}

// refreshPods adds up what the datastores of each pod have.
func (v *vcenter) refreshPods(ctx *simulator.Context) {
	for _, entity := range v.registry.All("StoragePod") {
		pod := entity.(*simulator.StoragePod)
		summary := &types.StoragePodSummary{Name: v.nameOf(pod)}
		for _, member := range v.members(pod) {
			summary.Capacity += member.Capacity
			summary.FreeSpace += member.FreeSpace
		}
		ctx.WithLock(pod, func() {
			if pod.Summary == nil || *pod.Summary != *summary {
				ctx.Update(pod, []types.PropertyChange{{Name: "summary", Val: summary}})
			}
		})
	}
}

// podOf is the pod that a placement is for.
func (v *vcenter) podOf(spec types.StoragePlacementSpec) (*simulator.StoragePod, types.BaseMethodFault) {
	ref := spec.PodSelectionSpec.StoragePod
	if configs := spec.PodSelectionSpec.InitialVmConfig; ref == nil && len(configs) > 0 {
		ref = &configs[0].StoragePod
	}
	if ref == nil {
		return nil, &types.InvalidArgument{InvalidProperty: "storageSpec.podSelectionSpec"}
	}
	pod, exists := v.registry.Get(*ref).(*simulator.StoragePod)
	if !exists {
		return nil, &types.ManagedObjectNotFound{Obj: *ref}
	}
	enabled := false
	v.locked(pod, func() { enabled = pod.PodStorageDrsEntry.StorageDrsConfig.PodConfig.Enabled })
	if !enabled {
		return nil, &types.InvalidArgument{InvalidProperty: "storageSpec.podSelectionSpec.storagePod"}
	}
	return pod, nil
}
