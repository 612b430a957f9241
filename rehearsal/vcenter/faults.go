package main

import (
	"reflect"
	"slices"
	"sync"

	"github.com/vmware/govmomi/simulator"
	"github.com/vmware/govmomi/vim25/soap"
	"github.com/vmware/govmomi/vim25/types"
)

// runsAsOurTask says which methods are tasks of ours: they can be held while running, and an ordered
// fault fails the task.
var runsAsOurTask = func() map[string]bool {
	methods := map[string]bool{}
	for _, object := range []reflect.Type{
		reflect.TypeFor[*machine](), reflect.TypeFor[*folder](), reflect.TypeFor[*cluster](), reflect.TypeFor[*datacenter](),
		reflect.TypeFor[*dvs](), reflect.TypeFor[*portGroup](), reflect.TypeFor[*storageManager](),
	} {
		for i := range object.NumMethod() {
			name := object.Method(i).Name
			if base, isTask := cutTask(name); isTask {
				methods[base+"_Task"] = true
			}
		}
	}
	return methods
}()

// answeredByMachines are the calls to a machine that are no tasks and ours all the same: they look at ordered
// faults themselves. Faults of all other calls are the simulator's injector's work.
var answeredByMachines = map[string]bool{"MarkAsTemplate": true, "MarkAsVirtualMachine": true, "ShutdownGuest": true}

func cutTask(name string) (string, bool) {
	const suffix = "Task"
	if len(name) <= len(suffix) || name[len(name)-len(suffix):] != suffix {
		return name, false
	}
	return name[:len(name)-len(suffix)], true
}

// orderedFault fails the next calls that match.
type orderedFault struct {
	Method  string `json:"method"`
	Name    string `json:"name"` // empty is any
	Fault   string `json:"fault"`
	Message string `json:"message"`
	Times   int    `json:"times"`

	value types.BaseMethodFault
}

// faults are failures that somebody ordered.
type faults struct {
	mutex   sync.Mutex
	list    []*orderedFault
	service *simulator.Service
}

func newFaults(service *simulator.Service) *faults { return &faults{service: service} }

// order adds a fault; the error says what is wrong with the order.
func (f *faults) order(wanted orderedFault) error {
	kind, known := types.TypeFunc()(wanted.Fault)
	if known {
		wanted.value, known = reflect.New(kind).Interface().(types.BaseMethodFault)
	}
	if !known {
		return problem{"fault", shown(wanted.Fault), "give a fault type of vSphere, such as InsufficientResourcesFault"}
	}
	if wanted.Method == "" {
		return problem{"method", "missing", "give a SOAP method, such as PowerOnVM_Task"}
	}
	wanted.Times = max(wanted.Times, 1)
	if wanted.Message == "" {
		wanted.Message = explained(wanted.value).LocalizedMessage
	}
	if !runsAsOurTask[wanted.Method] && !answeredByMachines[wanted.Method] {
		f.service.AddFaultRule(&simulator.FaultInjectionRule{
			MethodName: wanted.Method, ObjectType: "*", ObjectName: anyIfEmpty(wanted.Name), Probability: 1, Enabled: true,
			FaultType: simulator.FaultTypeCustom, Fault: wanted.value, Message: wanted.Message, MaxCount: wanted.Times,
		})
		return nil
	}
	f.mutex.Lock()
	defer f.mutex.Unlock()
	f.list = append(f.list, &wanted)
	return nil
}

func anyIfEmpty(name string) string {
	if name == "" {
		return "*"
	}
	return name
}

// take uses up one ordered failure of this call, if there is one.
func (f *faults) take(method, name string) *failure {
	f.mutex.Lock()
	defer f.mutex.Unlock()
	for i, ordered := range f.list {
		if ordered.Method != method || ordered.Name != "" && ordered.Name != name {
			continue
		}
		if ordered.Times--; ordered.Times == 0 {
			f.list = slices.Delete(f.list, i, i+1)
		}
		return fail(ordered.value, "%s", ordered.Message)
	}
	return nil
}

// takeFault is take for a call that answers at once; nil without a fault.
func (f *faults) takeFault(method, name string) *soap.Fault {
	ordered := f.take(method, name)
	if ordered == nil {
		return nil
	}
	return simulator.Fault(ordered.LocalizedMessage, ordered.Fault)
}

// clear forgets all that is ordered.
func (f *faults) clear() {
	f.mutex.Lock()
	defer f.mutex.Unlock()
	f.list = nil
	f.service.ClearFaultRules()
}
