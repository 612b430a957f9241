package main

import (
	"reflect"

	"github.com/vmware/govmomi/simulator"
	"github.com/vmware/govmomi/vim25/methods"
	"github.com/vmware/govmomi/vim25/soap"
	"github.com/vmware/govmomi/vim25/types"
)

// FetchResponse is the answer to Fetch, the way pyVmomi reads one property. Its type name goes into the XML.
type FetchResponse struct {
	Returnval types.AnyType `xml:"returnval,omitempty,typeattr"`
}

type fetchBody struct {
	Res    *FetchResponse
	Fault_ *soap.Fault
}

// Fault implements soap.HasFault.
func (b *fetchBody) Fault() *soap.Fault { return b.Fault_ }

// Fetch reads one property. An unset one has an empty answer; the simulator's own would be of another
// call's type, which clients cannot read. The request's type is the simulator's secret.
func (c *collector) Fetch(ctx *simulator.Context, request any) soap.HasFault {
	fields := reflect.ValueOf(request).Elem()
	object := fields.FieldByName("This").Interface().(types.ManagedObjectReference)
	body := c.RetrievePropertiesEx(ctx, &types.RetrievePropertiesEx{SpecSet: []types.PropertyFilterSpec{{
		ObjectSet: []types.ObjectSpec{{Obj: object}},
		PropSet:   []types.PropertySpec{{Type: object.Type, PathSet: []string{fields.FieldByName("Prop").String()}}},
	}}})
	if fault := body.Fault(); fault != nil {
		return &fetchBody{Fault_: fault}
	}
	answer := &FetchResponse{}
	for _, found := range body.(*methods.RetrievePropertiesExBody).Res.Returnval.Objects {
		if len(found.MissingSet) > 0 {
			return &fetchBody{Fault_: simulator.Fault("", found.MissingSet[0].Fault.Fault)}
		}
		if len(found.PropSet) > 0 {
			answer.Returnval = found.PropSet[0].Val
		}
	}
	return &fetchBody{Res: answer}
}
