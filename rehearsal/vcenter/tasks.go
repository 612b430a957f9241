package main

import (
	"fmt"
	"log"
	"reflect"
	"runtime/debug"
	"strings"
	"time"

	"github.com/vmware/govmomi/simulator"
	"github.com/vmware/govmomi/vim25/mo"
	"github.com/vmware/govmomi/vim25/soap"
	"github.com/vmware/govmomi/vim25/types"
)

// failure is why a task failed: vSphere's fault and what people read.
type failure = types.LocalizedMethodFault

// work is one long-running call.
type work struct {
	method  string // SOAP name, as holds and faults know it
	plays   string // the method it stands for, if it has another name
	subject string // name of the machine it is for
	entity  mo.Entity
	refused *failure // known before it starts
	done    func()   // what to give back at the end, if anything
	run     func(ctx *simulator.Context) (types.AnyType, *failure)
}

// methods are all names that holds and faults may be ordered for.
func (w work) methods() []string {
	if w.plays == "" {
		return []string{w.method}
	}
	return []string{w.method, w.plays}
}

// start runs the work as a task and returns at once. The task goes on when the caller goes away.
func (v *vcenter) start(ctx *simulator.Context, w work) types.ManagedObjectReference {
	own := *ctx // locks are held by contexts; the task must not share its caller's
	task := simulator.CreateTask(w.entity, strings.TrimSuffix(w.method, "_Task")+"Task", nil)
	task.Info.EntityName = v.nameOf(w.entity)
	if ctx.Session != nil {
		task.Info.Reason = &types.TaskReasonUser{UserName: ctx.Session.UserName}
	}
	task.Info.State = types.TaskInfoStateRunning
	task.Info.StartTime = types.NewTime(time.Now())
	ref := v.registry.Put(task).Reference()
	v.registry.AtomicUpdate(&own, task, []types.PropertyChange{
		{Name: "info.key", Val: ref.Value}, {Name: "info.task", Val: ref},
	})
	for _, method := range w.methods() {
		if injected := v.faults.take(method, w.subject); injected != nil {
			w.refused = injected
			break
		}
	}
	go func() {
		result, failed := v.carryOut(&own, task, w)
		v.finish(&own, task, result, failed)
	}()
	return ref
}

func (v *vcenter) carryOut(ctx *simulator.Context, task *simulator.Task, w work) (result types.AnyType, failed *failure) {
	defer func() {
		if trouble := recover(); trouble != nil {
			log.Printf("%s for %s: %v\n%s", w.method, w.subject, trouble, debug.Stack())
			failed = fail(&types.SystemError{Reason: fmt.Sprint(trouble)}, "%s: %v", w.method, trouble)
		}
	}()
	if w.done != nil {
		defer w.done()
	}
	if w.refused != nil {
		return nil, w.refused
	}
	time.Sleep(v.taskTime)
	for _, method := range w.methods() {
		v.holds.pass(phaseRunning, method, w.subject)
	}
	var cancelled bool
	v.locked(task, func() { cancelled = task.Info.State != types.TaskInfoStateRunning })
	if cancelled {
		return nil, explained(&types.RequestCanceled{})
	}
	return w.run(ctx)
}

func (v *vcenter) finish(ctx *simulator.Context, task *simulator.Task, result types.AnyType, failed *failure) {
	changes := []types.PropertyChange{
		{Name: "info.completeTime", Val: time.Now()},
		{Name: "info.state", Val: types.TaskInfoStateSuccess},
		{Name: "info.result", Val: result},
	}
	if failed != nil {
		changes[1].Val = types.TaskInfoStateError
		changes[2] = types.PropertyChange{Name: "info.error", Val: *failed}
	}
	v.refreshPods(ctx)
	ctx.WithLock(task, func() {
		if task.Info.State == types.TaskInfoStateRunning { // it may have been cancelled
			ctx.Update(task, changes)
		}
	})
}

// inner lets the simulator carry out its own version of a call and waits for its task.
func (v *vcenter) inner(ctx *simulator.Context, on mo.Reference, call func() soap.HasFault) (types.AnyType, *failure) {
	var body soap.HasFault
	ctx.WithLock(on, func() { body = call() })
	if fault := body.Fault(); fault != nil {
		return nil, explained(fault.Detail.Fault.(types.BaseMethodFault))
	}
	response := reflect.ValueOf(body).Elem().FieldByName("Res").Elem()
	task := v.registry.Get(response.FieldByName("Returnval").Interface().(types.ManagedObjectReference)).(*simulator.Task)
	task.Wait()
	if failed := task.Info.Error; failed != nil {
		return nil, explained(failed.Fault)
	}
	return task.Info.Result, nil
}

// answer fills a call's empty answer with the task's reference.
func answer(body soap.HasFault, task types.ManagedObjectReference) soap.HasFault {
	response := reflect.ValueOf(body).Elem().FieldByName("Res")
	response.Set(reflect.New(response.Type().Elem()))
	response.Elem().FieldByName("Returnval").Set(reflect.ValueOf(task))
	return body
}

func fail(fault types.BaseMethodFault, format string, values ...any) *failure {
	return &failure{Fault: fault, LocalizedMessage: fmt.Sprintf(format, values...)}
}

// explained gives a fault the words that a vCenter has for it.
func explained(fault types.BaseMethodFault) *failure {
	if said := fault.GetMethodFault().FaultMessage; len(said) > 0 {
		return fail(fault, "%s", said[0].Message)
	}
	switch f := fault.(type) {
	case *types.InvalidPowerState:
		state := map[types.VirtualMachinePowerState]string{"poweredOn": "Powered on", "poweredOff": "Powered off"}
		return fail(f, "The attempted operation cannot be performed in the current state (%s).", state[f.ExistingState])
	case *types.DuplicateName:
		return fail(f, "The name '%s' already exists.", f.Name)
	case *types.InvalidState:
		return fail(f, "The operation is not allowed in the current state.")
	case *types.InvalidDeviceOperation:
		return fail(f, "Invalid operation for device '%d'.", f.DeviceIndex)
	case *types.InvalidDeviceSpec:
		return fail(f, "Invalid configuration for device '%d'.", f.DeviceIndex)
	case *types.InvalidArgument:
		return fail(f, "A specified parameter was not correct: %s", f.InvalidProperty)
	case *types.ManagedObjectNotFound:
		return fail(f, "The object '%s' has already been deleted or has not been completely created", f.Obj)
	case *types.TooManyDevices:
		return fail(f, "The number of virtual devices exceeds the maximum for a given controller.")
	case *types.InvalidDeviceBacking:
		return fail(f, "Incompatible device backing specified for device '%d'.", f.DeviceIndex)
	case *types.NotFound:
		return fail(f, "The object or item referred to could not be found.")
	case *types.ResourceInUse:
		return fail(f, "The resource '%s' is in use.", f.Name)
	case *types.ConcurrentAccess:
		return fail(f, "The object has been changed in the meantime.")
	case *types.NotSupported:
		return fail(f, "The operation is not supported on the object.")
	}
	return fail(fault, "%s", strings.TrimPrefix(fmt.Sprintf("%T", fault), "*types."))
}
