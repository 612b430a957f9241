package main

import (
	"slices"

	"github.com/vmware/govmomi/vim25/types"
)

// hasRoom tells whether a vGPU can start on the GPU.
func (g *gpu) hasRoom(wanted *vgpuProfile) bool {
	switch {
	case g.board != wanted.board || g.holder != nil:
		return false
	case wanted.multiInstance():
		if g.mode != modeMIG {
			return false
		}
		if g.sharable(wanted) != nil {
			return true
		}
		_, found := g.board.geometry.room(g.instances, wanted.instance)
		return found
	default:
		return g.mode == modeVGPU && len(g.vgpus) < wanted.most && g.onlyOf(wanted.sizeGiB)
	}
}

// onlyOf tells whether all vGPUs of the GPU have this framebuffer.
func (g *gpu) onlyOf(sizeGiB int) bool {
	return !slices.ContainsFunc(g.vgpus, func(v *vgpu) bool { return v.profile.sizeGiB != sizeGiB })
}

// sharable is an existing GPU instance with room for another vGPU of the same profile.
func (g *gpu) sharable(wanted *vgpuProfile) *instance {
	for _, existing := range g.instances {
		if existing.of == wanted && existing.users < existing.most {
			return existing
		}
	}
	return nil
}

// start puts a vGPU on the GPU, which has room for it.
func (g *gpu) start(machine types.ManagedObjectReference, wanted *vgpuProfile) *vgpu {
	started := &vgpu{machine: machine, profile: wanted}
	if wanted.multiInstance() {
		if started.instance = g.sharable(wanted); started.instance == nil {
			at, _ := g.board.geometry.room(g.instances, wanted.instance)
			started.instance = &instance{kind: wanted.instance, start: at, most: wanted.sharing, of: wanted}
			g.instances = append(g.instances, started.instance)
		}
		started.instance.users++
	}
	g.vgpus = append(g.vgpus, started)
	return started
}

// stop takes a vGPU away, and its GPU instance if it was the last one there.
func (g *gpu) stop(stopped *vgpu) {
	g.vgpus = slices.DeleteFunc(g.vgpus, func(v *vgpu) bool { return v == stopped })
	if stopped.instance == nil {
		return
	}
	if stopped.instance.users--; stopped.instance.users == 0 {
		g.instances = slices.DeleteFunc(g.instances, func(i *instance) bool { return i == stopped.instance })
	}
}

// machines are all that use the GPU, each once.
func (g *gpu) machines() (list references) {
	if g.holder != nil {
		list = append(list, *g.holder)
	}
	for _, used := range g.vgpus {
		if !slices.Contains(list, used.machine) {
			list = append(list, used.machine)
		}
	}
	return list
}

// isFree tells whether a machine can have the whole device.
func (g *gpu) isFree() bool { return g.mode == modePassthrough && g.holder == nil }
