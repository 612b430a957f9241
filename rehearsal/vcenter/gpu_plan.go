package main

import (
	"cmp"
	"slices"
	"strings"

	"github.com/vmware/govmomi/vim25/types"
)

// mostAttempts bounds the search for machines with several kinds of devices.
const mostAttempts = 20_000

// plan chooses GPUs for all needs of one machine and changes nothing. Nil is a host without GPUs.
func (h *hostGPUs) plan(needs []need) ([]assignment, *failure) {
	if h == nil {
		h = &hostGPUs{}
	}
	ordered := slices.Clone(needs)
	slices.SortStableFunc(ordered, func(a, b need) int { return cmp.Compare(a.order(), b.order()) })
	for _, wanted := range ordered {
		if refused := h.cannot(wanted); refused != nil {
			return nil, refused
		}
	}
	search := &search{host: h, attempts: mostAttempts}
	if !search.choose(ordered) {
		return nil, notAvailable(ordered[search.deepest])
	}
	return search.chosen, nil
}

// cannot says why a need can't be met whatever the machine's other devices are.
func (h *hostGPUs) cannot(wanted need) *failure {
	if wanted.address == "" {
		if !slices.ContainsFunc(h.cards, func(card *gpu) bool { return h.suits(card, wanted) }) {
			return notAvailable(wanted)
		}
		return nil
	}
	card := h.at(wanted.address)
	if card == nil || !strings.EqualFold(wanted.systemID, h.systemID) || card.mode != modePassthrough {
		return noPassthroughDevice(wanted.address)
	}
	if card.holder != nil {
		return deviceInUse(wanted.address)
	}
	return nil
}

// suits tells whether a need can be met by the GPU as it is now.
func (h *hostGPUs) suits(card *gpu, wanted need) bool {
	switch {
	case wanted.profile != nil:
		return h.takesVGPUs() && card.hasRoom(wanted.profile)
	case wanted.address != "":
		return card.address == wanted.address && card.isFree()
	default:
		return card.isFree() && wanted.allows(card)
	}
}

// candidates are the GPUs that suit, those that the host prefers first.
func (h *hostGPUs) candidates(wanted need) []*gpu {
	var found []*gpu
	for _, card := range h.cards {
		if h.suits(card, wanted) {
			found = append(found, card)
		}
	}
	if wanted.profile == nil {
		return found
	}
	slices.SortStableFunc(found, func(a, b *gpu) int {
		if h.assignment == string(types.HostGraphicsConfigSharedPassthruAssignmentPolicyConsolidation) {
			a, b = b, a
		}
		return cmp.Compare(len(a.vgpus), len(b.vgpus))
	})
	return found
}

// search tries GPUs in the host's order of preference, and others where the first choice leaves no room for the rest.
type search struct {
	host     *hostGPUs
	chosen   []assignment
	attempts int
	deepest  int // the need that could not be met
}

func (s *search) choose(needs []need) bool {
	at := len(s.chosen)
	if at == len(needs) {
		return true
	}
	s.deepest = max(s.deepest, at)
	alike := !slices.ContainsFunc(needs[at:], func(other need) bool { return !other.like(needs[at]) })
	for _, card := range s.host.candidates(needs[at]) {
		if s.attempts--; s.attempts < 0 {
			return false
		}
		tried := assignment{need: needs[at], host: s.host, card: card}
		tried.take(types.ManagedObjectReference{})
		s.chosen = append(s.chosen, tried)
		done := s.choose(needs)
		tried.free()
		if done {
			s.chosen[at].vgpu = nil // it was on trial
			return true
		}
		s.chosen = s.chosen[:at]
		if alike {
			return false // another order of the same things is not better
		}
	}
	return false
}
