package main

import (
	"sync"

	"github.com/vmware/govmomi/vim25/types"
)

// pins are hosts that somebody asked for: DRS leaves such machines where they are.
type pins struct {
	mutex   sync.Mutex
	lasting map[types.ManagedObjectReference]types.ManagedObjectReference // machine -> host
	running map[types.ManagedObjectReference]types.ManagedObjectReference // until the machine is switched off
}

func newPins() *pins {
	return &pins{
		lasting: map[types.ManagedObjectReference]types.ManagedObjectReference{},
		running: map[types.ManagedObjectReference]types.ManagedObjectReference{},
	}
}

// of is the host that a machine has to be on; nil if DRS may choose.
func (p *pins) of(machine types.ManagedObjectReference) *types.ManagedObjectReference {
	p.mutex.Lock()
	defer p.mutex.Unlock()
	if host, pinned := p.running[machine]; pinned {
		return &host
	}
	if host, pinned := p.lasting[machine]; pinned {
		return &host
	}
	return nil
}

func (p *pins) setLasting(machine types.ManagedObjectReference, host *types.ManagedObjectReference) {
	p.mutex.Lock()
	defer p.mutex.Unlock()
	delete(p.lasting, machine)
	if host != nil {
		p.lasting[machine] = *host
	}
}

func (p *pins) setRunning(machine types.ManagedObjectReference, host *types.ManagedObjectReference) {
	p.mutex.Lock()
	defer p.mutex.Unlock()
	delete(p.running, machine)
	if host != nil {
		p.running[machine] = *host
	}
}

func (p *pins) forget(machine types.ManagedObjectReference) {
	p.setLasting(machine, nil)
	p.setRunning(machine, nil)
}
