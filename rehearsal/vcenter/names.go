package main

import (
	"fmt"
	"slices"
	"sync"

	"github.com/vmware/govmomi/simulator"
	"github.com/vmware/govmomi/vim25/mo"
	"github.com/vmware/govmomi/vim25/types"
)

// reservedNames are names of machines that are being made: a vCenter takes a name when the task starts.
type reservedNames struct {
	mutex sync.Mutex
	taken map[string]bool
}

func newReservedNames() *reservedNames { return &reservedNames{taken: map[string]bool{}} }

// reserve takes a name in a folder, or says why it cannot be had.
func (v *vcenter) reserve(folder types.ManagedObjectReference, name string) (release func(), refused *failure) {
	v.names.mutex.Lock()
	defer v.names.mutex.Unlock()
	key := folder.Value + "/" + name
	if v.names.taken[key] {
		return func() {}, explained(&types.DuplicateName{Name: name, Object: folder})
	}
	if refused := v.nameTaken(folder, name); refused != nil {
		return func() {}, refused
	}
	v.names.taken[key] = true
	return func() {
		v.names.mutex.Lock()
		defer v.names.mutex.Unlock()
		delete(v.names.taken, key)
	}, nil
}

// nameTaken looks for an existing object of that name in a folder.
func (v *vcenter) nameTaken(folder types.ManagedObjectReference, name string) *failure {
	parent, ok := v.registry.Get(folder).(*simulator.Folder)
	if !ok {
		return explained(&types.ManagedObjectNotFound{Obj: folder})
	}
	var children []types.ManagedObjectReference
	v.locked(parent, func() { children = slices.Clone(parent.ChildEntity) })
	if taken := v.registry.FindByName(name, children); taken != nil {
		return explained(&types.DuplicateName{Name: name, Object: taken.Reference()})
	}
	return nil
}

// nameOf is an object's name in the inventory.
func (v *vcenter) nameOf(entity mo.Entity) (name string) {
	v.locked(entity, func() { name = entity.Entity().Name })
	return name
}

// locked runs f while nobody else changes the object.
func (v *vcenter) locked(object mo.Reference, f func()) {
	v.registry.WithLock(&simulator.Context{Map: v.registry}, object, f)
}

// cardAddresses hands out the MAC addresses of network cards. The simulator's own repeat themselves
// after a few thousand and a clone would keep its template's.
type cardAddresses struct {
	mutex sync.Mutex
	last  uint32
}

// next is a new address of the range that vCenters assign from: 00:50:56:80:00:00 to 00:50:56:bf:ff:ff.
func (c *cardAddresses) next() string {
	c.mutex.Lock()
	defer c.mutex.Unlock()
	c.last++
	return fmt.Sprintf("00:50:56:%02x:%02x:%02x", 0x80|c.last>>16&0x3f, c.last>>8&0xff, c.last&0xff)
}
