package main

import (
	"context"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/vmware/govmomi/object"
	"github.com/vmware/govmomi/vim25/types"
)

// inBackground runs a call that is going to be held; the result arrives when it comes back.
func inBackground[T any](call func() (T, error)) <-chan error {
	done := make(chan error, 1)
	go func() {
		_, err := call()
		done <- err
	}()
	return done
}

func (l *lab) mustBeHeld(done <-chan error) {
	l.t.Helper()
	select {
	case err := <-done:
		l.t.Fatalf("the call came back: %v", err)
	default:
	}
}

func TestHoldBefore(t *testing.T) {
	l := newLab(t)
	hold := l.hold("CloneVM_Task", "node-1", "before")
	l.clone("node-2", nil) // another name passes
	done := inBackground(func() (*object.Task, error) {
		return l.template.Clone(l.ctx, l.folder, "node-1", l.cloneSpec(nil))
	})
	l.waitUntilHeld(hold)
	l.mustBeHeld(done)
	l.clone("node-1", nil) // the name is still free
	l.release(hold)
	l.must(<-done)
}

func TestHoldRunning(t *testing.T) {
	l := newLab(t)
	vm := l.clone("node-1", nil)
	hold := l.hold("PowerOnVM_Task", "", "running")
	task, err := vm.PowerOn(l.ctx) // the call itself comes back
	l.must(err)
	l.waitUntilHeld(hold)
	if state := l.properties(vm).Runtime.PowerState; state != types.VirtualMachinePowerStatePoweredOff {
		t.Errorf("power: %s", state)
	}
	l.release(hold)
	l.must(l.wait(task, nil))
}

func TestCancelledTaskIsNotCarriedOut(t *testing.T) {
	l := newLab(t)
	hold := l.hold("CloneVM_Task", "node-1", "running")
	task := l.startClone("node-1", nil)
	l.waitUntilHeld(hold)
	l.must(task.Cancel(l.ctx))
	mustFault[*types.RequestCanceled](t, l.wait(task, nil))
	l.release(hold)
	l.waitUntil("the name is free", func() bool { return l.wait(l.startClone("node-1", nil), nil) == nil })
}

func TestHoldAfterWaitsForTheTask(t *testing.T) {
	l := newLab(t)
	vm := l.clone("node-1", nil)
	running, after := l.hold("PowerOnVM_Task", "", "running"), l.hold("PowerOnVM_Task", "", "after")
	done := inBackground(func() (*object.Task, error) { return vm.PowerOn(l.ctx) })
	l.waitUntilHeld(running)
	time.Sleep(50 * time.Millisecond) // time to do it wrong
	var list []hold
	l.control("GET", "/holds", "", &list)
	if list[1].State != stateWaiting {
		t.Errorf("%+v", list)
	}
	l.release(running)
	l.waitUntilHeld(after)
	l.release(after)
	l.must(<-done)
}

func TestHoldAfter(t *testing.T) {
	l := newLab(t)
	vm := l.clone("node-1", nil)
	hold := l.hold("PowerOnVM_Task", "node-1", "after")
	done := inBackground(func() (*object.Task, error) { return vm.PowerOn(l.ctx) })
	l.waitUntilHeld(hold)
	l.mustBeHeld(done)
	if state := l.properties(vm).Runtime.PowerState; state != types.VirtualMachinePowerStatePoweredOn {
		t.Errorf("power: %s", state)
	}
	l.release(hold)
	l.must(<-done)
}

func TestHoldAfterALostCaller(t *testing.T) {
	l := newLab(t)
	hold := l.hold("CloneVM_Task", "node-1", "after")
	ctx, cancel := context.WithCancel(l.ctx)
	done := inBackground(func() (*object.Task, error) {
		return l.template.Clone(ctx, l.folder, "node-1", l.cloneSpec(nil))
	})
	l.waitUntilHeld(hold)
	cancel()
	if <-done == nil {
		t.Error("the caller got an answer")
	}
	l.release(hold)
	if _, exists := l.machine("node-1"); !exists {
		t.Error("the machine does not exist")
	}
}

func TestHoldsAreListedAndReleasedTogether(t *testing.T) {
	l := newLab(t)
	first, second := l.hold("CloneVM_Task", "a", "before"), l.hold("Destroy_Task", "", "running")
	var list []hold
	l.control("GET", "/holds", "", &list)
	if len(list) != 2 || list[0].ID != first || list[1].ID != second || list[0].State != stateWaiting {
		t.Errorf("%+v", list)
	}
	l.control("DELETE", "/holds", "", nil)
	l.control("GET", "/holds", "", &list)
	if len(list) != 0 {
		t.Errorf("%+v", list)
	}
	if status := l.control("DELETE", "/holds/"+first, "", nil); status != http.StatusNotFound {
		t.Errorf("status %d", status)
	}
}

func TestControlRefusesWhatItDoesNotUnderstand(t *testing.T) {
	l := newLab(t)
	for _, bad := range []struct{ path, body string }{
		{"/holds", `{"method":"CloneVM_Task","phase":"sometimes"}`},
		{"/holds", `{"phase":"before"}`},
		{"/holds", `{"method":"RetrievePropertiesEx","phase":"running"}`},
		{"/holds", `{"method":"CloneVM_Task","phase":"before","typo":1}`},
		{"/faults", `{"method":"PowerOnVM_Task","fault":"NoSuchFault"}`},
		{"/faults", `{"method":"PowerOnVM_Task","fault":"VirtualMachine"}`},
		{"/faults", `{"fault":"NotSupported"}`},
	} {
		if status := l.control("PUT", bad.path, bad.body, nil); status != http.StatusBadRequest {
			t.Errorf("%s %s: status %d", bad.path, bad.body, status)
		}
	}
}

func TestOrderedFaultFailsTheTask(t *testing.T) {
	l := newLab(t)
	vm, other := l.clone("node-1", nil), l.clone("node-2", nil)
	l.control("PUT", "/faults", `{"method":"PowerOnVM_Task","name":"node-1","fault":"InsufficientResourcesFault","message":"no GPU left","times":2}`, nil)
	l.powerOn(other)
	for range 2 {
		err := l.wait(vm.PowerOn(l.ctx))
		mustFault[*types.InsufficientResourcesFault](t, err)
		if err.Error() != "no GPU left" {
			t.Errorf("message: %s", err)
		}
	}
	l.powerOn(vm)
}

func TestOrderedFaultOfACallWithoutTask(t *testing.T) {
	l := newLab(t)
	vm := l.clone("node-1", nil)
	l.control("PUT", "/faults", `{"method":"MarkAsTemplate","name":"node-1","fault":"NoPermission"}`, nil)
	mustFault[*types.NoPermission](t, vm.MarkAsTemplate(l.ctx))
	l.must(vm.MarkAsTemplate(l.ctx))
	other := l.clone("node-3", nil)
	l.powerOn(other)
	l.control("PUT", "/faults", `{"method":"ShutdownGuest","name":"node-3","fault":"NoPermission","message":"not you"}`, nil)
	err := other.ShutdownGuest(l.ctx)
	mustFault[*types.NoPermission](t, err)
	if !strings.Contains(err.Error(), "not you") {
		t.Errorf("message: %s", err)
	}
	l.control("PUT", "/faults", `{"method":"CloneVM_Task","fault":"NoPermission"}`, nil)
	l.control("DELETE", "/faults", "", nil)
	l.clone("node-2", nil)
}

func TestCallsAreCounted(t *testing.T) {
	l := newLab(t)
	l.control("DELETE", "/calls", "", nil)
	vm := l.clone("node-1", nil)
	l.powerOn(vm)
	var counts map[string]map[string]int
	l.control("GET", "/calls", "", &counts)
	if counts["soap"]["CloneVM_Task"] != 1 || counts["soap"]["PowerOnVM_Task"] != 1 || counts["soap"]["Login"] != 0 {
		t.Errorf("%v", counts)
	}
}
