package main

import (
	"slices"
	"strings"
	"sync"

	"github.com/vmware/govmomi/vim25/types"
)

// What a GPU can be used for.
const (
	modePassthrough = "passthrough"
	modePending     = "passthrough-pending" // enabled, but the host has not been restarted
	modeVGPU        = "vgpu"
	modeMIG         = "mig"
	modeShared      = "shared"
	modeOff         = "off"
)

var gpuModes = []string{modePassthrough, modePending, modeVGPU, modeMIG, modeShared, modeOff}

// gpu is one PCI device of a host, with those who use it.
type gpu struct {
	board    *board
	address  string
	mode     string
	original string // the inventory's mode
	label    string

	holder    *types.ManagedObjectReference // the machine that has all of it
	vgpus     []*vgpu
	instances []*instance
}

// vgpu is a virtual GPU of a running machine.
type vgpu struct {
	machine  types.ManagedObjectReference
	profile  *vgpuProfile
	instance *instance
}

// hostGPUs are a host's graphics settings and GPUs.
type hostGPUs struct {
	host        types.ManagedObjectReference
	maintenance bool // the inventory's
	systemID    string
	defaultType string
	assignment  string
	cards       []*gpu
}

func (h *hostGPUs) at(address string) *gpu {
	for _, card := range h.cards {
		if card.address == address {
			return card
		}
	}
	return nil
}

// takesVGPUs tells whether the host's graphics type lets any vGPU start.
func (h *hostGPUs) takesVGPUs() bool {
	return h.defaultType == string(types.HostGraphicsConfigGraphicsTypeSharedDirect)
}

// gpuStore knows all GPUs and who uses them.
type gpuStore struct {
	mutex  sync.Mutex
	hosts  map[types.ManagedObjectReference]*hostGPUs
	users  map[types.ManagedObjectReference][]assignment
	resets map[types.ManagedObjectReference]bool // machines that are switched off for a moment only
}

// assignment is a device of a running machine on a GPU.
type assignment struct {
	need need
	host *hostGPUs
	card *gpu
	vgpu *vgpu // none is the whole device
}

func newGPUStore() *gpuStore {
	return &gpuStore{
		hosts:  map[types.ManagedObjectReference]*hostGPUs{},
		users:  map[types.ManagedObjectReference][]assignment{},
		resets: map[types.ManagedObjectReference]bool{},
	}
}

func (s *gpuStore) add(h *hostGPUs) {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	s.hosts[h.host] = h
}

func (s *gpuStore) of(host types.ManagedObjectReference) *hostGPUs {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	return s.hosts[host]
}

// knowsSystem tells whether any host has this identifier.
func (s *gpuStore) knowsSystem(id string) bool {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	for _, host := range s.hosts {
		if strings.EqualFold(host.systemID, id) {
			return true
		}
	}
	return false
}

// usedBy is what a running machine has.
func (s *gpuStore) usedBy(machine types.ManagedObjectReference) []assignment {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	return slices.Clone(s.users[machine])
}

// assign gives a machine its devices on a host, or says why it cannot have them.
func (s *gpuStore) assign(machine, host types.ManagedObjectReference, needs []need) ([]assignment, *failure) {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	plan, refused := s.hosts[host].plan(needs)
	if refused != nil {
		return nil, refused
	}
	for i := range plan {
		plan[i].take(machine)
	}
	s.users[machine] = plan
	return slices.Clone(plan), nil
}

// boardsFor is assign without doing it: the boards that the machine would get.
func (s *gpuStore) boardsFor(host types.ManagedObjectReference, needs []need) (boards []*board, refused *failure) {
	if len(needs) == 0 {
		return nil, nil
	}
	s.mutex.Lock()
	defer s.mutex.Unlock()
	plan, refused := s.hosts[host].plan(needs)
	for _, planned := range plan {
		boards = append(boards, planned.card.board)
	}
	return boards, refused
}

// release takes everything from a machine and returns the host that it was on; nil if it had nothing.
func (s *gpuStore) release(machine types.ManagedObjectReference) *hostGPUs {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	if s.resets[machine] || len(s.users[machine]) == 0 {
		return nil
	}
	host := s.users[machine][0].host
	for _, used := range s.users[machine] {
		used.free()
	}
	delete(s.users, machine)
	return host
}

// whileResetting runs f; meanwhile the machine keeps its devices although it is off.
func (s *gpuStore) whileResetting(machine types.ManagedObjectReference, f func()) {
	s.setResetting(machine, true)
	defer s.setResetting(machine, false)
	f()
}

func (s *gpuStore) setResetting(machine types.ManagedObjectReference, resets bool) {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	delete(s.resets, machine)
	if resets {
		s.resets[machine] = true
	}
}

// take makes a planned assignment real.
func (a *assignment) take(machine types.ManagedObjectReference) {
	if a.need.profile == nil {
		a.card.holder = &machine
		return
	}
	a.vgpu = a.card.start(machine, a.need.profile)
}

func (a *assignment) free() {
	if a.vgpu == nil {
		a.card.holder = nil
		return
	}
	a.card.stop(a.vgpu)
}
