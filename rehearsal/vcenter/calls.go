package main

import (
	"bytes"
	"encoding/xml"
	"io"
	"log"
	"maps"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/vmware/govmomi/pbm"
	"github.com/vmware/govmomi/simulator"
	"github.com/vmware/govmomi/vim25"
	"github.com/vmware/govmomi/vim25/mo"
	"github.com/vmware/govmomi/vim25/types"
)

// calls counts what clients ask for.
type calls struct {
	mutex sync.Mutex
	soap  map[string]int
	rest  map[string]int
}

func newCalls() *calls {
	c := &calls{}
	c.reset()
	return c
}

func (c *calls) reset() {
	c.mutex.Lock()
	defer c.mutex.Unlock()
	c.soap, c.rest = map[string]int{}, map[string]int{}
}

func (c *calls) count(counts *map[string]int, name string) {
	c.mutex.Lock()
	defer c.mutex.Unlock()
	(*counts)[name]++
}

func (c *calls) snapshot() map[string]map[string]int {
	c.mutex.Lock()
	defer c.mutex.Unlock()
	return map[string]map[string]int{"soap": maps.Clone(c.soap), "rest": maps.Clone(c.rest)}
}

// isSOAP tells the SOAP endpoints, one per API, from the REST ones.
func isSOAP(path string) bool {
	return strings.HasPrefix(path, vim25.Path) || strings.HasPrefix(path, pbm.Path)
}

// serveSOAP counts a call and holds it where somebody asked for that.
func (v *vcenter) serveSOAP(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		log.Printf("%s: request from %s broke off: %v", r.URL.Path, r.RemoteAddr, err)
		return
	}
	body = switchesForUs(body)
	r.Body = io.NopCloser(bytes.NewReader(body))
	method := soapMethod(body)
	v.calls.count(&v.calls.soap, method)
	answer := &withheldAnswer{header: w.Header(), status: http.StatusOK}
	methods := v.methodsOf(method, body)
	if !slices.ContainsFunc(methods, v.holds.wanted) {
		v.service.ServeMux.ServeHTTP(answer, r)
		answer.send(w, method)
		return
	}
	name := v.subjectOf(body)
	for _, each := range methods {
		if !v.holds.arrives(each, name, r.Context().Done()) {
			log.Printf("%s %s: its caller was gone before it was carried out", method, name)
			return
		}
	}
	var withheld *hold
	for _, each := range methods {
		if withheld == nil {
			withheld = v.holds.claim(phaseAfter, each, name)
		}
	}
	v.service.ServeMux.ServeHTTP(answer, r)
	if withheld != nil {
		v.waitForTask(answer.body.Bytes())
		v.holds.block(withheld)
	}
	answer.send(w, method)
}

// soapMethod is the name of the first element in the SOAP body.
func soapMethod(body []byte) string {
	decoder := xml.NewDecoder(bytes.NewReader(body))
	inBody := false
	for {
		token, err := decoder.Token()
		if err != nil {
			return "unreadable"
		}
		if start, ok := token.(xml.StartElement); ok {
			if inBody {
				return start.Name.Local
			}
			inBody = start.Name.Local == "Body"
		}
	}
}

// methodsOf are all names that a call may be held by.
func (v *vcenter) methodsOf(method string, body []byte) []string {
	names := []string{method}
	if method != applyMethod {
		return names
	}
	if call, err := simulator.UnmarshalBody(types.TypeFunc(), body); err == nil {
		if chosen := v.advice.peek(call.Body.(*types.ApplyStorageDrsRecommendation_Task).Key); chosen != nil {
			names = append(names, chosen.plays)
		}
	}
	return names
}

// subjectOf is the name of the machine that a call is for: the new one's, or the called object's.
func (v *vcenter) subjectOf(body []byte) string {
	method, err := simulator.UnmarshalBody(types.TypeFunc(), body)
	if err != nil {
		return "" // the simulator will refuse it
	}
	switch request := method.Body.(type) {
	case *types.CloneVM_Task:
		return request.Name
	case *types.CreateVM_Task:
		return request.Config.Name
	case *types.CreateDVPortgroup_Task:
		return request.Spec.Name
	case *types.ApplyStorageDrsRecommendation_Task:
		if chosen := v.advice.peek(request.Key); chosen != nil {
			return chosen.subject
		}
		return ""
	}
	v.resolve(&method.This)
	if entity, ok := v.registry.Get(method.This).(mo.Entity); ok {
		return v.nameOf(entity)
	}
	return ""
}

var taskInAnswer = regexp.MustCompile(`<returnval type="Task">([^<]+)</returnval>`)

// waitForTask returns when the task that a call answered with is complete.
func (v *vcenter) waitForTask(answer []byte) {
	found := taskInAnswer.FindSubmatch(answer)
	if found == nil {
		return
	}
	ref := types.ManagedObjectReference{Type: "Task", Value: string(found[1])}
	task, ok := v.registry.Get(ref).(*simulator.Task)
	for running := ok; running; {
		v.locked(task, func() { running = task.Info.CompleteTime == nil })
		if running {
			time.Sleep(10 * time.Millisecond)
		}
	}
}

// withheldAnswer keeps an answer until it may go out.
type withheldAnswer struct {
	header http.Header
	status int
	body   bytes.Buffer
}

// Header implements http.ResponseWriter.
func (a *withheldAnswer) Header() http.Header { return a.header }

// WriteHeader implements http.ResponseWriter.
func (a *withheldAnswer) WriteHeader(status int) { a.status = status }

// Write implements http.ResponseWriter.
func (a *withheldAnswer) Write(content []byte) (int, error) { return a.body.Write(content) }

func (a *withheldAnswer) send(w http.ResponseWriter, method string) {
	w.WriteHeader(a.status)
	if _, err := w.Write(switchesForClients(a.body.Bytes())); err != nil {
		log.Printf("%s: nobody took the answer: %v", method, err)
	}
}
