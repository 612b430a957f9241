package main

import (
	"fmt"
	"strings"

	"github.com/vmware/govmomi/vim25/types"
)

const (
	devicePowerOnFailed = "Module 'DevicePowerOn' power on failed."
	startFailed         = "Failed to start the virtual machine."
)

// vmConfigFault is what a host says when a machine's own configuration keeps it from starting. The first message is the one
// that people see.
func vmConfigFault(messages ...string) *failure {
	fault := &types.GenericVmConfigFault{Reason: messages[0]}
	for i, message := range messages {
		fault.FaultMessage = append(fault.FaultMessage, types.LocalizableMessage{Key: fmt.Sprintf("msg.powerOn.%d", i), Message: message})
	}
	return fail(fault, "%s", messages[0])
}

func memoryNotReserved(memoryMiB int64) *failure {
	return vmConfigFault(fmt.Sprintf(
		"Invalid memory setting: memory reservation (sched.mem.min) should be equal to memsize(%d).", memoryMiB),
		devicePowerOnFailed, startFailed)
}

// cannotMap is a machine whose firmware or address space has no room for the GPU's memory; the details are in its log only.
func cannotMap() *failure { return vmConfigFault(devicePowerOnFailed, startFailed) }

func noPassthroughDevice(address string) *failure {
	return vmConfigFault(fmt.Sprintf("Device %s is not a passthrough device.", shortAddress(address)), devicePowerOnFailed, startFailed)
}

func deviceInUse(address string) *failure {
	return vmConfigFault(fmt.Sprintf("Device %s is already in use.", shortAddress(address)), devicePowerOnFailed, startFailed)
}

// shortAddress is how a host's messages write 0000:0a:00.0: a:0.0.
func shortAddress(address string) string {
	var domain, bus, slot, function int
	if n, _ := fmt.Sscanf(address, "%x:%x:%x.%x", &domain, &bus, &slot, &function); n != 4 {
		return address
	}
	return fmt.Sprintf("%x:%x.%x", bus, slot, function)
}

// notAvailable is a host where no GPU is left for a need.
func notAvailable(wanted need) *failure {
	switch {
	case wanted.profile != nil:
		return fail(&types.InsufficientGraphicsResourcesFault{},
			"The amount of graphics resource available in the parent resource pool is insufficient for the operation.")
	case wanted.address != "":
		return deviceInUse(wanted.address)
	}
	return fail(&types.InsufficientResourcesFault{}, "No PCI device is available for dynamic passthrough.")
}

func notEnoughMemory(unreservedMiB, wantedMiB int64) *failure {
	return fail(&types.InsufficientMemoryResourcesFault{Unreserved: unreservedMiB << 20, Requested: wantedMiB << 20},
		"The available Memory resources in the parent resource pool are insufficient for the operation.")
}

func hardwareTooOld(current string, needed int) types.BaseMethodFault {
	fault := &types.DeviceUnsupportedForVmVersion{CurrentVersion: current, ExpectedVersion: fmt.Sprintf("vmx-%d", needed)}
	fault.Property = "virtualDeviceSpec.device"
	return said(fault, "The device is not supported by hardware version %s: it needs vmx-%d.", current, needed)
}

// prevents is a device that keeps a running machine where it is.
func prevents(label, why string) *failure {
	device := &types.DeviceNotSupported{Device: label}
	return fail(&types.DisallowedMigrationDeviceAttached{Fault: *fail(device, "Device '%s' %s.", label, why)},
		"Virtual machine is configured to use a device that prevents the operation: Device '%s' %s.", label, why)
}

// said puts a message into a fault that has no words of its own.
func said[T types.BaseMethodFault](fault T, format string, values ...any) T {
	base := fault.GetMethodFault()
	base.FaultMessage = append(base.FaultMessage, types.LocalizableMessage{
		Key: "msg." + strings.TrimPrefix(fmt.Sprintf("%T", fault), "*types."), Message: fmt.Sprintf(format, values...),
	})
	return fault
}
