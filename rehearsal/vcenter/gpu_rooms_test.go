package main

import (
	"fmt"
	"slices"
	"testing"

	"github.com/vmware/govmomi/object"
	"github.com/vmware/govmomi/vim25/types"
)

func TestTimeSlicedVGPUsOfOneSizePerGPU(t *testing.T) {
	l := newLabOf(t, gpuInventory)
	wanted := newWish(256, vgpuOf("nvidia_h100-40c"))
	for i, place := range []string{"esx-01 0000:af:00.0", "esx-01 0000:d8:00.0", "esx-01 0000:af:00.0"} { // fewest first
		name := fmt.Sprint("half-", i)
		l.mustStart(name, wanted)
		l.mustHavePlaces(name, place)
	}
	mustSay[*types.InsufficientGraphicsResourcesFault](t, l.start("quarter", newWish(256, vgpuOf("nvidia_h100-20c"))), noGraphics)
	l.mustStart("half-3", wanted)
	mustSay[*types.InsufficientGraphicsResourcesFault](t, l.start("half-4", wanted), noGraphics)
	l.powerOff("half-1")
	l.powerOff("half-3")
	l.mustStart("quarter-again", newWish(256, vgpuOf("nvidia_h100-20c")))
	l.mustHavePlaces("quarter-again", "esx-01 0000:d8:00.0")
}

// TestManyAtOnceShareNoRoom starts three times as many machines as there is room for.
func TestManyAtOnceShareNoRoom(t *testing.T) {
	const room = 4
	l := newLabOf(t, gpuInventory)
	failures := make(chan error)
	for i := range 3 * room {
		vm := l.make(fmt.Sprint("a-", i), newWish(256, vgpuOf("nvidia_h100-40c")))
		session := object.NewVirtualMachine(l.client.Client, vm.Reference())
		go func() { failures <- l.wait(session.PowerOn(l.ctx)) }()
	}
	started := 0
	for range 3 * room {
		if err := <-failures; err == nil {
			started++
		} else {
			mustFault[*types.InsufficientGraphicsResourcesFault](t, err)
		}
	}
	if started != room {
		t.Errorf("%d were started", started)
	}
}

func TestConsolidationFillsAGPUFirst(t *testing.T) {
	l := newLabOf(t, gpuInventory)
	for i, place := range []string{"esx-02 0000:af:00.0", "esx-02 0000:af:00.0", "esx-02 0000:d8:00.0"} {
		name := fmt.Sprint("a-", i)
		l.mustStart(name, newWish(128, vgpuOf("grid_a40-24c")))
		l.mustHavePlaces(name, place)
	}
	l.mustStart("several", newWish(128, vgpuOf("grid_a40-24c")))
	mustFault[*types.InsufficientGraphicsResourcesFault](t, l.start("full", newWish(128, vgpuOf("grid_a40-24c"))))
}

func TestSeveralSizesInOneMachine(t *testing.T) {
	l := newLabOf(t, gpuInventory)
	l.mustStart("small", newWish(128, vgpuOf("grid_a40-16c")))
	l.mustStart("mixed", newWish(256, vgpuOf("grid_a40-16c"), vgpuOf("grid_a40-48c")))
	l.mustHavePlaces("mixed", "esx-02 0000:af:00.0", "esx-02 0000:d8:00.0")
	l.powerOff("mixed")
	mustFault[*types.GenericVmConfigFault](t, l.start("boards", newWish(512, vgpuOf("grid_a40-16c"), vgpuOf("grid_a100d-1-10c"))))
}

func TestMultiInstanceProfilesNeedAGeometry(t *testing.T) {
	l := newLabOf(t, gpuInventory)
	mustFault[*types.InsufficientGraphicsResourcesFault](t, l.start("sliced", newWish(256, vgpuOf("grid_a100d-80c"))))    // the GPU has MIG on
	mustFault[*types.InsufficientGraphicsResourcesFault](t, l.start("no-mig", newWish(256, vgpuOf("nvidia_h100-1-10c")))) // these have not
	for i, kind := range []string{"3-40c", "2-20c", "1-10c"} {
		l.mustStart(fmt.Sprint("a-", i), newWish(256, vgpuOf("grid_a100d-"+kind)))
	}
	for _, kind := range []string{"7-80c", "4-40c", "3-40c", "2-20c", "1-20c"} { // one compute slice and one memory slice are left
		mustFault[*types.InsufficientGraphicsResourcesFault](t, l.start("b-"+kind, newWish(256, vgpuOf("grid_a100d-"+kind))))
	}
	l.powerOff("a-0")
	mustFault[*types.InsufficientGraphicsResourcesFault](t, l.start("four", newWish(256, vgpuOf("grid_a100d-4-40c")))) // enough, but elsewhere
	l.mustStart("three", newWish(256, vgpuOf("grid_a100d-3-40c")))
}

// TestGeometries counts how many of one profile a whole GPU takes: what NVIDIA says is the most.
func TestGeometries(t *testing.T) {
	for _, name := range knownBoards.names {
		for _, p := range knownBoards.boards[name].profiles {
			mode := modeVGPU
			if p.multiInstance() {
				mode = modeMIG
			}
			card := &gpu{board: p.board, mode: mode}
			for card.hasRoom(p) {
				card.start(types.ManagedObjectReference{}, p)
			}
			if len(card.vgpus) != p.most {
				t.Errorf("%s: %d instead of %d", p.name, len(card.vgpus), p.most)
			}
			for len(card.vgpus) > 0 {
				card.stop(card.vgpus[0])
			}
			if len(card.instances) != 0 {
				t.Errorf("%s: instances are left", p.name)
			}
		}
	}
	if names := knownBoards.names; len(names) != 20 || !slices.Contains(names, "H200 SXM") {
		t.Errorf("%v", names)
	}
}

func TestVGPUsShareAnInstanceWhereTheBoardCan(t *testing.T) {
	card := &gpu{board: knownBoards.boards["RTX PRO 6000"], mode: modeMIG}
	half := knownBoards.profiles["nvidia_rtx_pro_6000_blackwell_dc-2-24c"]
	for range 2 {
		card.start(types.ManagedObjectReference{}, half)
	}
	if len(card.instances) != 1 {
		t.Errorf("%d instances", len(card.instances))
	}
	if card.hasRoom(knownBoards.profiles["nvidia_rtx_pro_6000_blackwell_dc-4-96c"]) {
		t.Error("room for everything")
	}
}

func TestSharedGraphicsTakeNoVGPU(t *testing.T) {
	l := newLabOf(t, gpuInventory).otherCluster()
	for _, profile := range []string{"nvidia_h200x-141c", "nvidia_l4-24c"} {
		mustSay[*types.InsufficientGraphicsResourcesFault](t, l.start(profile, newWish(512, vgpuOf(profile))), noGraphics)
	}
	mustFault[*types.InsufficientGraphicsResourcesFault](t, l.start("b200", newWish(512, vgpuOf("nvidia_b200x-180c"))))
	l.mustStart("b200-mig", newWish(512, vgpuOf("nvidia_b200x-7-180c")))
	l.mustHavePlaces("b200-mig", "esx-12 0000:18:00.0")
}

func TestMachinesThatWereThereHaveTheirDevices(t *testing.T) {
	l := newLabOf(t, gpuInventory).otherCluster()
	for name, place := range map[string]string{"crowd-1": "esx-12 0000:2a:00.0", "crowd-3": "esx-12 0000:2a:00.0", "solo": "esx-12 0000:0a:00.0"} {
		l.mustHavePlaces(name, place)
	}
	if report, _ := l.machine("crowd-2"); report.Path != "/dc-01/vm/other-team/crowd-2" || report.Power != "poweredOn" {
		t.Errorf("%+v", report)
	}
	wanted := newWish(256, vgpuOf("nvidia_rtx_pro_6000_blackwell_dc-1-24c"))
	l.mustStart("last", wanted)
	mustFault[*types.InsufficientGraphicsResourcesFault](t, l.start("one-more", wanted))
	l.powerOff("other-team/crowd-2")
	l.mustStart("next", wanted)
	l.powerOff("solo")
	l.mustHavePlaces("solo")
	l.mustStart("static", newWish(128, l.staticOf("esx-12", "0000:0a:00.0")))
	if report, exists := l.machine("idle-2"); !exists || report.Power != "poweredOff" {
		t.Errorf("%+v", report)
	}
}
