package main

import (
	"reflect"

	"github.com/vmware/govmomi/vim25/types"
)

// compare tells at most limit differences between what was seen and what is there now. It returns what
// the receiver has seen then, and whether that is everything.
func compare(seen contents, now []types.ObjectContent, limit int) (updates []types.ObjectUpdate, shown contents, complete bool) {
	shown, complete = contents{}, true
	present := map[types.ManagedObjectReference]bool{}
	for _, object := range now {
		present[object.Obj] = true
		before, known := seen[object.Obj]
		update := difference(before, object, known)
		switch {
		case known && len(update.ChangeSet) == 0:
			shown[object.Obj] = before
		case len(updates) < limit:
			updates = append(updates, update)
			shown[object.Obj] = object
		default:
			complete = false
			if known {
				shown[object.Obj] = before
			}
		}
	}
	for ref, before := range seen {
		switch {
		case present[ref]:
		case len(updates) < limit:
			updates = append(updates, types.ObjectUpdate{Kind: types.ObjectUpdateKindLeave, Obj: ref})
		default:
			complete = false
			shown[ref] = before
		}
	}
	return updates, shown, complete
}

// difference is the update that leads from one state of an object to another.
func difference(before, now types.ObjectContent, known bool) types.ObjectUpdate {
	update := types.ObjectUpdate{Kind: types.ObjectUpdateKindEnter, Obj: now.Obj, MissingSet: now.MissingSet}
	old := map[string]types.AnyType{}
	if known {
		update.Kind = types.ObjectUpdateKindModify
		for _, property := range before.PropSet {
			old[property.Name] = property.Val
		}
	}
	for _, property := range now.PropSet {
		value, had := old[property.Name]
		delete(old, property.Name)
		if !had || !reflect.DeepEqual(value, property.Val) {
			update.ChangeSet = append(update.ChangeSet, assign(property.Name, property.Val))
		}
	}
	for name := range old {
		update.ChangeSet = append(update.ChangeSet, assign(name, nil))
	}
	return update
}

func assign(name string, value types.AnyType) types.PropertyChange {
	return types.PropertyChange{Name: name, Op: types.PropertyChangeOpAssign, Val: value}
}
