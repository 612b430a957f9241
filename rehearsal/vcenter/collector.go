package main

import (
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/google/uuid"

	"github.com/vmware/govmomi/simulator"
	"github.com/vmware/govmomi/vim25/methods"
	"github.com/vmware/govmomi/vim25/mo"
	"github.com/vmware/govmomi/vim25/soap"
	"github.com/vmware/govmomi/vim25/types"
)

// collector is a session's property collector. The simulator's own loses updates when several clients of
// one session wait at once. This one remembers what the holder of each version has seen and, while
// somebody waits, reads all filters afresh and tells the differences.
type collector struct {
	simulator.PropertyCollector

	mutex     sync.Mutex
	filters   []*updateFilter
	versions  map[string]view
	last      int
	cancelled chan struct{}
}

// updateFilter is one of a collector's filters.
type updateFilter struct {
	mo.PropertyFilter
	lockFree
	owner *collector
}

// view is what somebody has seen, by filter.
type view map[types.ManagedObjectReference]contents

// contents are objects with their properties.
type contents map[types.ManagedObjectReference]types.ObjectContent

const (
	rememberedVersions = 1024
	updatesPerAnswer   = 100 // a vCenter's default
)

// giveCollector puts our collector in the caller's session, once.
func (v *vcenter) giveCollector(ctx *simulator.Context) {
	ref := simulator.VPX().ServiceContent.PropertyCollector
	v.sessionStart.Lock()
	defer v.sessionStart.Unlock()
	if _, ours := ctx.Session.Registry.Get(ref).(*collector); !ours {
		ctx.Session.Put(newCollector(ref))
	}
}

func newCollector(ref types.ManagedObjectReference) *collector {
	c := &collector{versions: map[string]view{"": {}}, cancelled: make(chan struct{})}
	c.Self = ref
	return c
}

func sessionReference(ctx *simulator.Context, kind string) types.ManagedObjectReference {
	return types.ManagedObjectReference{Type: kind, Value: fmt.Sprintf("session[%s]%s", ctx.Session.Key, uuid.NewString())}
}

// CreatePropertyCollector makes another collector of our kind.
func (c *collector) CreatePropertyCollector(ctx *simulator.Context, _ *types.CreatePropertyCollector) soap.HasFault {
	created := newCollector(sessionReference(ctx, "PropertyCollector"))
	ctx.Session.Put(created)
	return &methods.CreatePropertyCollectorBody{Res: &types.CreatePropertyCollectorResponse{Returnval: created.Self}}
}

// DestroyPropertyCollector ends its waits and forgets its filters.
func (c *collector) DestroyPropertyCollector(ctx *simulator.Context, _ *types.DestroyPropertyCollector) soap.HasFault {
	c.cancel()
	for _, filter := range c.currentFilters() {
		ctx.Session.Remove(ctx, filter.Self)
	}
	ctx.Session.Remove(ctx, c.Self)
	return &methods.DestroyPropertyCollectorBody{Res: &types.DestroyPropertyCollectorResponse{}}
}

// CreateFilter adds a filter.
func (c *collector) CreateFilter(ctx *simulator.Context, r *types.CreateFilter) soap.HasFault {
	filter := &updateFilter{owner: c}
	filter.Self = sessionReference(ctx, "PropertyFilter")
	filter.Spec, filter.PartialUpdates = r.Spec, r.PartialUpdates
	filter.Spec.ReportMissingObjectsInResults = types.NewBool(true) // a deleted object is an update, not an error
	ctx.Session.Put(filter)
	c.mutex.Lock()
	defer c.mutex.Unlock()
	c.filters = append(c.filters, filter)
	return &methods.CreateFilterBody{Res: &types.CreateFilterResponse{Returnval: filter.Self}}
}

// DestroyPropertyFilter removes the filter from its collector.
func (f *updateFilter) DestroyPropertyFilter(ctx *simulator.Context, _ *types.DestroyPropertyFilter) soap.HasFault {
	f.owner.mutex.Lock()
	defer f.owner.mutex.Unlock()
	f.owner.filters = slices.DeleteFunc(f.owner.filters, func(other *updateFilter) bool { return other == f })
	ctx.Session.Remove(ctx, f.Self)
	return &methods.DestroyPropertyFilterBody{Res: &types.DestroyPropertyFilterResponse{}}
}

// CancelWaitForUpdates ends all waits on this collector.
func (c *collector) CancelWaitForUpdates(*types.CancelWaitForUpdates) soap.HasFault {
	c.cancel()
	return &methods.CancelWaitForUpdatesBody{Res: &types.CancelWaitForUpdatesResponse{}}
}

func (c *collector) cancel() {
	c.mutex.Lock()
	defer c.mutex.Unlock()
	close(c.cancelled)
	c.cancelled = make(chan struct{})
}

func (c *collector) currentFilters() []*updateFilter {
	c.mutex.Lock()
	defer c.mutex.Unlock()
	return slices.Clone(c.filters)
}

// WaitForUpdates is the old name, without options.
func (c *collector) WaitForUpdates(ctx *simulator.Context, r *types.WaitForUpdates) soap.HasFault {
	set, fault := c.wait(ctx, r.Version, nil)
	if fault != nil {
		return &methods.WaitForUpdatesBody{Fault_: simulator.Fault("", fault)}
	}
	return &methods.WaitForUpdatesBody{Res: &types.WaitForUpdatesResponse{Returnval: *set}}
}

// WaitForUpdatesEx answers with what changed since the caller's version, or nothing when its time is up.
func (c *collector) WaitForUpdatesEx(ctx *simulator.Context, r *types.WaitForUpdatesEx) soap.HasFault {
	set, fault := c.wait(ctx, r.Version, r.Options)
	if fault != nil {
		return &methods.WaitForUpdatesExBody{Fault_: simulator.Fault("", fault)}
	}
	return &methods.WaitForUpdatesExBody{Res: &types.WaitForUpdatesExResponse{Returnval: set}}
}

func (c *collector) wait(ctx *simulator.Context, version string,
	options *types.WaitOptions) (*types.UpdateSet, types.BaseMethodFault) {
	c.mutex.Lock()
	seen, known := c.versions[version]
	cancelled := c.cancelled
	c.mutex.Unlock()
	if !known {
		return nil, &types.InvalidCollectorVersion{}
	}
	limit, patience := waitLimits(options)
	for started := time.Now(); ; {
		set, now, fault := c.changesSince(ctx, seen, limit)
		if fault != nil {
			return nil, fault
		}
		if len(set.FilterSet) > 0 || version == "" {
			set.Version = c.remember(now)
			return set, nil
		}
		waited := time.Since(started)
		if patience >= 0 && waited >= patience {
			return nil, nil
		}
		select {
		case <-cancelled:
			return nil, &types.RequestCanceled{}
		case <-time.After(min(max(waited/20, 10*time.Millisecond), 250*time.Millisecond)): // rarer as time goes by
		}
	}
}

// waitLimits are the most objects per answer and the longest wait; negative is for ever.
func waitLimits(options *types.WaitOptions) (objects int, patience time.Duration) {
	objects, patience = updatesPerAnswer, -1
	if options == nil {
		return objects, patience
	}
	if options.MaxObjectUpdates > 0 {
		objects = min(objects, int(options.MaxObjectUpdates))
	}
	if options.MaxWaitSeconds != nil {
		patience = time.Duration(*options.MaxWaitSeconds) * time.Second
	}
	return objects, patience
}

func (c *collector) remember(seen view) string {
	c.mutex.Lock()
	defer c.mutex.Unlock()
	c.last++
	delete(c.versions, fmt.Sprint(c.last-rememberedVersions))
	c.versions[fmt.Sprint(c.last)] = seen
	return fmt.Sprint(c.last)
}

// changesSince reads all filters and compares. What does not fit in the answer stays for the next one.
func (c *collector) changesSince(ctx *simulator.Context, seen view, limit int) (*types.UpdateSet, view, types.BaseMethodFault) {
	set, after := &types.UpdateSet{}, view{}
	for _, filter := range c.currentFilters() {
		body := c.RetrievePropertiesEx(ctx, &types.RetrievePropertiesEx{SpecSet: []types.PropertyFilterSpec{filter.Spec}})
		if fault := body.Fault(); fault != nil {
			return nil, nil, fault.Detail.Fault.(types.BaseMethodFault)
		}
		objects := body.(*methods.RetrievePropertiesExBody).Res.Returnval.Objects
		updates, shown, complete := compare(seen[filter.Self], objects, limit)
		limit -= len(updates)
		after[filter.Self] = shown
		if len(updates) > 0 {
			set.FilterSet = append(set.FilterSet, types.PropertyFilterUpdate{Filter: filter.Self, ObjectSet: updates})
		}
		if !complete {
			set.Truncated = types.NewBool(true)
		}
	}
	return set, after, nil
}
