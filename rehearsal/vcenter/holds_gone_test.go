package main

import "testing"

// A call whose caller is gone before it is released never arrives, and its hold is over.
func TestAbandonedCallNeverArrives(t *testing.T) {
	h := newHolds()
	h.add("CloneVM_Task", "dev-cpu-1", phaseBefore)
	gone := make(chan struct{})
	close(gone)
	if h.arrives("CloneVM_Task", "dev-cpu-1", gone) {
		t.Fatal("the call arrived although its caller was gone")
	}
	if left := h.snapshot(); len(left) != 0 {
		t.Fatalf("the hold is still there: %v", left)
	}
	if !h.arrives("CloneVM_Task", "dev-cpu-1", gone) {
		t.Fatal("a call that nothing holds has to arrive")
	}
}
