package main

import (
	"github.com/vmware/govmomi/object"
	"github.com/vmware/govmomi/simulator"
	"github.com/vmware/govmomi/vim25/mo"
	"github.com/vmware/govmomi/vim25/soap"
	"github.com/vmware/govmomi/vim25/types"
)

// reconfigure checks everything before anything is changed, then lets the simulator change it.
func (m *machine) reconfigure(ctx *simulator.Context, spec types.VirtualMachineConfigSpec) *failure {
	var refused types.BaseMethodFault
	ctx.WithLock(m.vm, func() {
		if refused = changeNeedsPowerOff(&m.vm.VirtualMachine, spec); refused == nil {
			refused = m.preparePassthrough(spec)
		}
		if refused == nil {
			refused = m.prepareDevices(spec.DeviceChange)
		}
		completeAllocation(spec.MemoryAllocation, m.vm.Config.MemoryAllocation)
		completeAllocation(spec.CpuAllocation, m.vm.Config.CpuAllocation)
		spec.ExtraConfig = withoutNoOps(spec.ExtraConfig, m.vm.Config.ExtraConfig)
	})
	if refused == nil {
		refused = m.vcenter.checkPolicies(spec)
	}
	if refused != nil {
		return explained(refused)
	}
	if spec.Name != "" && spec.Name != m.vcenter.nameOf(m.vm) {
		if taken := m.vcenter.nameTaken(*m.vm.Parent, spec.Name); taken != nil {
			return taken
		}
	}
	_, failed := m.vcenter.inner(ctx, m.vm, func() soap.HasFault {
		return m.vm.ReconfigVMTask(ctx, &types.ReconfigVM_Task{This: m.vm.Self, Spec: spec})
	})
	if failed == nil {
		m.vcenter.assignPolicies(m.vm.Self, spec)
	}
	if failed == nil && spec.SwapPlacement != "" { // the simulator does not know this setting
		ctx.WithLock(m.vm, func() {
			ctx.Update(m.vm, []types.PropertyChange{{Name: "config.swapPlacement", Val: spec.SwapPlacement}})
		})
	}
	return failed
}

// needsPowerOff refuses what can be done only while the machine is switched off.
func needsPowerOff(vm *mo.VirtualMachine) types.BaseMethodFault {
	if vm.Runtime.PowerState == types.VirtualMachinePowerStatePoweredOff {
		return nil
	}
	return &types.InvalidPowerState{
		RequestedState: types.VirtualMachinePowerStatePoweredOff, ExistingState: vm.Runtime.PowerState,
	}
}

// changeNeedsPowerOff looks for real changes of what a running machine cannot change.
func changeNeedsPowerOff(vm *mo.VirtualMachine, spec types.VirtualMachineConfigSpec) types.BaseMethodFault {
	config, hardware := vm.Config, vm.Config.Hardware
	moreCPUs := isTrue(config.CpuHotAddEnabled) && spec.NumCPUs > hardware.NumCPU
	moreMemory := isTrue(config.MemoryHotAddEnabled) && spec.MemoryMB > int64(hardware.MemoryMB)
	changed := spec.NumCPUs != 0 && spec.NumCPUs != hardware.NumCPU && !moreCPUs ||
		spec.MemoryMB != 0 && spec.MemoryMB != int64(hardware.MemoryMB) && !moreMemory ||
		differs(spec.NumCoresPerSocket, hardware.NumCoresPerSocket) ||
		spec.Firmware != "" && spec.Firmware != config.Firmware ||
		spec.Version != "" && spec.Version != config.Version ||
		spec.GuestId != "" && spec.GuestId != config.GuestId ||
		spec.Uuid != "" && spec.Uuid != config.Uuid ||
		differs(spec.CpuHotAddEnabled, config.CpuHotAddEnabled) ||
		differs(spec.CpuHotRemoveEnabled, config.CpuHotRemoveEnabled) ||
		differs(spec.MemoryHotAddEnabled, config.MemoryHotAddEnabled) ||
		differs(spec.NestedHVEnabled, config.NestedHVEnabled) ||
		spec.BootOptions != nil && differs(spec.BootOptions.EfiSecureBootEnabled, config.BootOptions.EfiSecureBootEnabled)
	for _, change := range spec.DeviceChange {
		_, passthrough := change.GetVirtualDeviceConfigSpec().Device.(*types.VirtualPCIPassthrough)
		changed = changed || passthrough
	}
	if !changed {
		return nil
	}
	return needsPowerOff(vm)
}

// differs compares an optional setting with what is there; nothing there is the zero value.
func differs[T comparable](wanted, existing *T) bool {
	var zero T
	if existing == nil {
		existing = &zero
	}
	return wanted != nil && *wanted != *existing
}

func isTrue(value *bool) bool { return value != nil && *value }

// completeAllocation keeps what the caller did not give; the simulator would forget it.
func completeAllocation(wanted, existing *types.ResourceAllocationInfo) {
	if wanted == nil || existing == nil {
		return
	}
	if wanted.Reservation == nil {
		wanted.Reservation = existing.Reservation
	}
	if wanted.ExpandableReservation == nil {
		wanted.ExpandableReservation = existing.ExpandableReservation
	}
	if wanted.Limit == nil {
		wanted.Limit = existing.Limit
	}
	if wanted.Shares == nil {
		wanted.Shares = existing.Shares
	}
}

// withoutNoOps drops the removal of keys that are not there; the simulator would store an empty value.
func withoutNoOps(wanted, existing []types.BaseOptionValue) []types.BaseOptionValue {
	have := object.OptionValueList(existing)
	var kept []types.BaseOptionValue
	for _, option := range wanted {
		value := option.GetOptionValue()
		if _, there := have.Get(value.Key); value.Value == "" && !there {
			continue
		}
		kept = append(kept, option)
	}
	return kept
}
