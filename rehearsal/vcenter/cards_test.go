package main

import (
	"testing"

	"github.com/vmware/govmomi/vim25/types"
)

func TestCardsArePluggedInAndOut(t *testing.T) {
	l := newLab(t)
	vm := l.clone("node-1", guestinfoConfig(metadataYAML(networkYAML), ""))
	plugged := func() [3]bool {
		report, _ := l.machine("node-1")
		return [3]bool{report.Connected, l.card(vm).Connectable.Connected, l.properties(vm).Guest.Net[0].Connected}
	}
	off, on := [3]bool{}, [3]bool{true, true, true}
	if found := plugged(); found != off {
		t.Errorf("switched off: %v", found)
	}
	l.powerOn(vm)
	if found := plugged(); found != on {
		t.Errorf("switched on: %v", found)
	}
	for _, connected := range []bool{false, true, false} {
		devices, err := vm.Device(l.ctx)
		l.must(err)
		card := devices.SelectByType((*types.VirtualEthernetCard)(nil))[0]
		card.GetVirtualDevice().Connectable.Connected = connected
		l.must(vm.EditDevice(l.ctx, card))
		if found := plugged(); found != [3]bool{connected, connected, connected} {
			t.Errorf("plugged in %v: %v", connected, found)
		}
		if address := l.properties(vm).Guest.IpAddress; address != "192.0.2.21" {
			t.Errorf("address: %q", address)
		}
	}
	l.must(l.wait(vm.Reset(l.ctx)))
	if found := plugged(); found != on {
		t.Errorf("started anew: %v", found)
	}
}
