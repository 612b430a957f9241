package main

import (
	"testing"

	"github.com/vmware/govmomi/object"
	"github.com/vmware/govmomi/vim25/mo"
	"github.com/vmware/govmomi/vim25/types"
)

func (l *lab) machinesIn(pool *object.ResourcePool) (names []string) {
	l.t.Helper()
	var found mo.ResourcePool
	l.must(pool.Properties(l.ctx, pool.Reference(), []string{"vm"}, &found))
	for _, vm := range found.Vm {
		names = append(names, vm.Value)
	}
	return names
}

func TestATemplateIsInNoResourcePool(t *testing.T) {
	l := newLab(t)
	pool := l.pool
	if held := l.machinesIn(pool); len(held) != 0 {
		t.Errorf("the lab's template stands in the pool: %v", held)
	}
	vm := l.clone("node-1", nil)
	if held := l.machinesIn(pool); len(held) != 1 {
		t.Errorf("machines in the pool: %v", held)
	}
	l.must(vm.MarkAsTemplate(l.ctx))
	if held := l.machinesIn(pool); len(held) != 0 {
		t.Errorf("the new template stands in the pool: %v", held)
	}
	if err := vm.MarkAsTemplate(l.ctx); err == nil {
		t.Error("a template was marked as a template again")
	}
	l.must(vm.MarkAsVirtualMachine(l.ctx, *pool, nil))
	if held := l.machinesIn(pool); len(held) != 1 {
		t.Errorf("machines in the pool: %v", held)
	}
	l.must(l.wait(vm.Destroy(l.ctx)))
	if held := l.machinesIn(pool); len(held) != 0 {
		t.Errorf("a removed machine stands in the pool: %v", held)
	}
}

func TestAPoolThatOnlyMadeATemplateCanBeRemoved(t *testing.T) {
	l := newLab(t)
	pool, err := l.pool.Create(l.ctx, "gpus", types.DefaultResourceConfigSpec())
	l.must(err)
	vm, err := l.cloneInto(l.folder, pool, "gpu-template")
	l.must(err)
	l.must(vm.MarkAsTemplate(l.ctx))
	l.must(l.wait(pool.Destroy(l.ctx)))
	if held := l.machinesIn(l.pool); len(held) != 0 {
		t.Errorf("the template moved into the parent: %v", held)
	}
}
