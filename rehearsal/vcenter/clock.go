package main

import (
	"net/http"
	"sync/atomic"
	"time"

	"github.com/vmware/govmomi/simulator"
	"github.com/vmware/govmomi/vim25/methods"
	"github.com/vmware/govmomi/vim25/soap"
	"github.com/vmware/govmomi/vim25/types"
)

// clock is how far the vCenter's time is ahead of the machine's.
type clock struct{ offset atomic.Int64 }

func (c *clock) now() time.Time { return time.Now().Add(time.Duration(c.offset.Load())) }

// serviceInstance tells the time.
type serviceInstance struct {
	lockFree
	vcenter *vcenter
	service *simulator.ServiceInstance
}

// Reference implements mo.Reference.
func (s *serviceInstance) Reference() types.ManagedObjectReference { return s.service.Self }

// CurrentTime may be wrong, as a vCenter's without time synchronization.
func (s *serviceInstance) CurrentTime(*types.CurrentTime) soap.HasFault {
	return &methods.CurrentTimeBody{Res: &types.CurrentTimeResponse{Returnval: s.vcenter.clock.now()}}
}

func (v *vcenter) putClock(w http.ResponseWriter, r *http.Request) {
	var wanted struct {
		OffsetSeconds *float64 `json:"offsetSeconds"`
	}
	if !receiveJSON(w, r, &wanted) {
		return
	}
	if wanted.OffsetSeconds == nil {
		http.Error(w, problem{"offsetSeconds", "missing", "give seconds; negative ones are the past"}.Error(), http.StatusBadRequest)
		return
	}
	v.clock.offset.Store(int64(*wanted.OffsetSeconds * float64(time.Second)))
	w.WriteHeader(http.StatusNoContent)
}
