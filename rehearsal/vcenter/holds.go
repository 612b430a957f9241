package main

import (
	"fmt"
	"slices"
	"sync"
)

// Phases of a call in which it can be held.
const (
	phaseBefore  = "before"  // it has not been carried out
	phaseRunning = "running" // its task has started
	phaseAfter   = "after"   // it has been carried out, its answer is on the way
)

// States of a hold; a released one is gone.
const (
	stateWaiting = "waiting" // for a call
	stateHeld    = "held"
)

// hold stops the next matching call in a phase until somebody releases it.
type hold struct {
	ID     string `json:"id"`
	Method string `json:"method"`
	Name   string `json:"name"` // empty is any
	Phase  string `json:"phase"`
	State  string `json:"state"`

	claimed  bool // by a call that is on its way to the phase
	released chan struct{}
}

// holds are the holds that have not been released.
type holds struct {
	mutex sync.Mutex
	list  []*hold
	last  int
}

func newHolds() *holds { return &holds{} }

func (h *holds) add(method, name, phase string) string {
	h.mutex.Lock()
	defer h.mutex.Unlock()
	h.last++
	added := &hold{
		ID: fmt.Sprint(h.last), Method: method, Name: name, Phase: phase, State: stateWaiting,
		released: make(chan struct{}),
	}
	h.list = append(h.list, added)
	return added.ID
}

// pass blocks if a hold waits for this call in this phase.
func (h *holds) pass(phase, method, name string) {
	h.block(h.claim(phase, method, name))
}

// arrives blocks a call that has not been carried out yet; false if its caller is gone before it is released: such a
// call never reached the server.
func (h *holds) arrives(method, name string, gone <-chan struct{}) bool {
	claimed := h.claim(phaseBefore, method, name)
	if claimed == nil {
		return true
	}
	h.markHeld(claimed)
	select {
	case <-gone:
		h.release(claimed.ID) // nobody waits for it any more, and whoever listens sees that it is over
		return false
	case <-claimed.released:
		return true
	}
}

// claim gives the call its hold, if one waits for it in this phase.
func (h *holds) claim(phase, method, name string) *hold {
	h.mutex.Lock()
	defer h.mutex.Unlock()
	for _, candidate := range h.list {
		if !candidate.claimed && candidate.matches(phase, method, name) {
			candidate.claimed = true
			return candidate
		}
	}
	return nil
}

// block stops here until the hold is released; no hold, no stop.
func (h *holds) block(claimed *hold) {
	if claimed == nil {
		return
	}
	h.markHeld(claimed)
	<-claimed.released
}

func (h *holds) markHeld(claimed *hold) {
	h.mutex.Lock()
	defer h.mutex.Unlock()
	claimed.State = stateHeld
}

func (h *hold) matches(phase, method, name string) bool {
	return h.Phase == phase && h.Method == method && (h.Name == "" || h.Name == name)
}

// wanted tells whether a hold waits for this method, so that other calls need not be looked into.
func (h *holds) wanted(method string) bool {
	h.mutex.Lock()
	defer h.mutex.Unlock()
	return slices.ContainsFunc(h.list, func(x *hold) bool { return !x.claimed && x.Method == method })
}

// release lets one call go on, or all for an empty identifier; false if there is no such hold.
func (h *holds) release(id string) bool {
	h.mutex.Lock()
	defer h.mutex.Unlock()
	before := len(h.list)
	h.list = slices.DeleteFunc(h.list, func(x *hold) bool {
		if id != "" && x.ID != id {
			return false
		}
		close(x.released)
		return true
	})
	return id == "" || len(h.list) < before
}

func (h *holds) snapshot() []hold {
	h.mutex.Lock()
	defer h.mutex.Unlock()
	copied := make([]hold, 0, len(h.list))
	for _, x := range h.list {
		copied = append(copied, *x)
	}
	return copied
}
