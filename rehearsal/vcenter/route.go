package main

import (
	"bytes"
	"fmt"
	"reflect"
	"strings"

	"github.com/vmware/govmomi/simulator"
	"github.com/vmware/govmomi/vim25/mo"
	"github.com/vmware/govmomi/vim25/types"
)

// target is an object that can be called.
type target = mo.Reference

// kinds lists the types that a reference of a more general type may stand for. A real vCenter looks at
// the identifier alone; the simulator wants the exact type.
var kinds = map[string][]string{
	"ComputeResource": {"ClusterComputeResource"},
	"Network":         {"DistributedVirtualPortgroup", "OpaqueNetwork"},
	"ResourcePool":    {"VirtualApp"},
	"ManagedEntity": {"VirtualMachine", "HostSystem", "ClusterComputeResource", "Datacenter", "Datastore", "Folder",
		"Network", "ResourcePool", "StoragePod", "DistributedVirtualPortgroup", "DistributedVirtualSwitch"},
}

// A vCenter's switches are of a type that the simulator has no objects of: it is translated on the wire.
const (
	ourSwitchType    = "DistributedVirtualSwitch"
	clientSwitchType = "VmwareDistributedVirtualSwitch"
)

// switchesForUs translates a request.
func switchesForUs(request []byte) []byte {
	for _, around := range []string{`"%s"`, `>%s<`} {
		request = bytes.ReplaceAll(request, fmt.Appendf(nil, around, clientSwitchType), fmt.Appendf(nil, around, ourSwitchType))
	}
	return request
}

// switchesForClients translates an answer.
func switchesForClients(answer []byte) []byte {
	return bytes.ReplaceAll(answer, fmt.Appendf(nil, `"%s"`, ourSwitchType), fmt.Appendf(nil, `"%s"`, clientSwitchType))
}

// resolveAliases replaces references of a general type by the exact ones, in the whole request.
func (v *vcenter) resolveAliases(method *simulator.Method) {
	v.resolveIn(reflect.ValueOf(&method.This))
	v.resolveIn(reflect.ValueOf(method.Body))
}

func (v *vcenter) resolveIn(value reflect.Value) {
	if ref, ok := value.Interface().(*types.ManagedObjectReference); ok {
		v.resolve(ref)
		return
	}
	switch value.Kind() {
	case reflect.Pointer, reflect.Interface:
		if !value.IsNil() {
			v.resolveIn(value.Elem())
		}
	case reflect.Slice:
		for i := range value.Len() {
			v.resolveIn(value.Index(i))
		}
	case reflect.Struct:
		if value.CanAddr() && value.Type() == reflect.TypeFor[types.ManagedObjectReference]() {
			v.resolve(value.Addr().Interface().(*types.ManagedObjectReference))
			return
		}
		for i := range value.NumField() {
			if value.Type().Field(i).IsExported() {
				v.resolveIn(value.Field(i))
			}
		}
	}
}

func (v *vcenter) resolve(ref *types.ManagedObjectReference) {
	if ref == nil || v.registry.Get(*ref) != nil {
		return
	}
	for _, kind := range kinds[ref.Type] {
		exact := types.ManagedObjectReference{Type: kind, Value: ref.Value}
		if v.registry.Get(exact) != nil {
			*ref = exact
			return
		}
	}
}

// goName is how the simulator names the Go method of a SOAP method.
func goName(method string) string {
	name := strings.ToUpper(method[:1]) + method[1:]
	if base, isTask := strings.CutSuffix(name, "_Task"); isTask {
		return base + "Task"
	}
	return name
}

// lockFree keeps the simulator from locking an object during a call: ours lock what they touch, when they do.
type lockFree struct{}

// Lock does nothing, see lockFree.
func (lockFree) Lock() {}

// Unlock does nothing, see lockFree.
func (lockFree) Unlock() {}
