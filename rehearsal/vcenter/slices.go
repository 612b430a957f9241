package main

// instance is a GPU instance that exists on a GPU because vGPUs run on it.
type instance struct {
	kind  *instanceKind
	start int
	users int
	most  int
	of    *vgpuProfile
}

// room is where a new GPU instance can start on a GPU with these instances. Of several places it takes the one that leaves
// most for others; a real driver's choice is not documented.
func (g *geometry) room(existing []*instance, wanted *instanceKind) (start int, found bool) {
	best := -1
	for _, at := range wanted.Starts {
		if !g.fits(existing, wanted, at) {
			continue
		}
		after := append(existing[:len(existing):len(existing)], &instance{kind: wanted, start: at})
		if left := g.freedom(after); left > best {
			start, found, best = at, true, left
		}
	}
	return start, found
}

// fits looks for enough compute slices and for free memory slices in one piece.
func (g *geometry) fits(existing []*instance, wanted *instanceKind, start int) bool {
	compute := wanted.Compute
	for _, other := range existing {
		compute += other.kind.Compute
		if start < other.start+other.kind.Memory && other.start < start+wanted.Memory {
			return false
		}
	}
	return compute <= g.Compute && start+wanted.Memory <= g.Memory
}

// freedom is how many memory slices all further instances that are possible, each by itself, would take.
func (g *geometry) freedom(existing []*instance) (slices int) {
	for i := range g.Instances {
		kind := &g.Instances[i]
		for _, start := range kind.Starts {
			if g.fits(existing, kind, start) {
				slices += kind.Memory
			}
		}
	}
	return slices
}
