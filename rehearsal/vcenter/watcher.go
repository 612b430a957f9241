package main

import (
	"sync"

	"github.com/google/uuid"

	"github.com/vmware/govmomi/simulator"
	"github.com/vmware/govmomi/vim25/mo"
	"github.com/vmware/govmomi/vim25/types"
)

// watcher is told by the simulator's registry about every machine that appears, changes or goes. It is
// called while the machine is locked, so it must not lock it again.
type watcher struct{ vcenter *vcenter }

// Reference implements mo.Reference.
func (w *watcher) Reference() types.ManagedObjectReference {
	return types.ManagedObjectReference{Type: "Watcher", Value: "watcher"}
}

// PutObject gives a new machine what every machine has from the start.
func (w *watcher) PutObject(_ *simulator.Context, o mo.Reference) {
	vm, isMachine := o.(*simulator.VirtualMachine)
	if !isMachine || vm.Runtime.FaultToleranceState != "" { // it was only moved
		return
	}
	// Some clients refuse a state that is empty.
	for _, runtime := range []*types.VirtualMachineRuntimeInfo{&vm.Runtime, &vm.Summary.Runtime} {
		runtime.FaultToleranceState = types.VirtualMachineFaultToleranceStateNotConfigured
		runtime.RecordReplayState = types.VirtualMachineRecordReplayStateInactive
	}
	vm.Config.ExtraConfig = nil // the simulator's own mark
	vm.Config.SwapPlacement = string(types.VirtualMachineConfigInfoSwapPlacementTypeInherit)
	// The simulator derives identifiers from the name, so that a machine's successor would have the same.
	vm.Config.Uuid, vm.Config.InstanceUuid = uuid.NewString(), uuid.NewString()
	vm.Summary.Config.Uuid, vm.Summary.Config.InstanceUuid = vm.Config.Uuid, vm.Config.InstanceUuid
}

// UpdateObject plays the guest when the power changes.
func (w *watcher) UpdateObject(ctx *simulator.Context, o mo.Reference, changes []types.PropertyChange) {
	vm, isMachine := o.(*mo.VirtualMachine)
	if !isMachine {
		return
	}
	if browser := browserReference(vm.Self); vm.EnvironmentBrowser.Value != "" && vm.EnvironmentBrowser != browser {
		vm.EnvironmentBrowser = browser // its cluster's until now
	}
	for _, change := range changes {
		if change.Name == devicesProperty {
			w.vcenter.connect(ctx, vm)
		}
		if change.Name != "runtime.powerState" {
			continue
		}
		if vm.Runtime.PowerState == types.VirtualMachinePowerStatePoweredOn {
			ctx.Update(vm, w.vcenter.guests.boot(vm))
		} else {
			ctx.Update(vm, w.vcenter.guests.stop(vm))
			w.vcenter.drs.pins.setRunning(vm.Self, nil)
			w.vcenter.releaseDevices(ctx, vm)
		}
	}
}

// RemoveObject forgets everything about a deleted machine.
func (w *watcher) RemoveObject(ctx *simulator.Context, ref types.ManagedObjectReference) {
	if ref.Type != "VirtualMachine" {
		return
	}
	w.vcenter.guests.release(ref)
	w.vcenter.refreshHost(ctx, w.vcenter.gpus.release(ref))
	w.vcenter.forgetTags(ref)
	w.vcenter.drs.pins.forget(ref)
	w.vcenter.forgetInRules(ctx, ref)
	w.vcenter.attach(ctx, ref, nil)
	w.vcenter.policies.forget(ref.Value)
}

// tagStore is what the simulator's REST endpoint offers inside the process.
type tagStore interface {
	sync.Locker
	TryLock() bool
	AttachedTags(types.ManagedObjectReference) ([]string, types.BaseMethodFault)
	DetachTag(types.ManagedObjectReference, string) types.BaseMethodFault
	GetTagCategoryAndName(string) (string, string, types.BaseMethodFault)
}

// forgetTags removes a machine from all tags.
func (v *vcenter) forgetTags(ref types.ManagedObjectReference) {
	if v.tags == nil {
		return
	}
	detach := func() {
		defer v.tags.Unlock()
		attached, _ := v.tags.AttachedTags(ref) // never fails
		for _, tag := range attached {
			_ = v.tags.DetachTag(ref, tag) // fails only for unknown tags
		}
	}
	if v.tags.TryLock() {
		detach()
		return
	}
	go func() { // a REST call is at work, perhaps the one that deletes this machine
		v.tags.Lock()
		detach()
	}()
}
