package main

import (
	"encoding/json"
	"fmt"
	"log"
	"net"
	"net/http"
	"net/netip"
	"slices"
	"strings"
)

// listenControl opens the control endpoint, for this machine only: it has no password. A Unix socket is reached from
// outside the rehearsal's network namespace too.
func listenControl(address string) (net.Listener, error) {
	if path, isSocket := strings.CutPrefix(address, "unix:"); isSocket {
		listener, err := net.Listen("unix", path)
		if err != nil {
			return nil, problem{"--control", address, "choose a free path of at most 100 characters: " + reasonToListen(err)}
		}
		return listener, nil
	}
	parsed, err := netip.ParseAddrPort(address)
	if err != nil || !parsed.Addr().IsLoopback() {
		return nil, problem{"--control", address, "give unix:PATH, or a loopback address and port such as 127.0.0.1:8990"}
	}
	listener, err := net.Listen("tcp", address)
	if err != nil {
		return nil, problem{"--control", address, "choose a free port: " + reasonToListen(err)}
	}
	return listener, nil
}

// controlHandler lets tests, and people who play failures, stop calls, order faults and look inside.
func (v *vcenter) controlHandler() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("PUT /holds", v.putHold)
	mux.HandleFunc("GET /holds", func(w http.ResponseWriter, _ *http.Request) { sendJSON(w, v.holds.snapshot()) })
	mux.HandleFunc("DELETE /holds", func(w http.ResponseWriter, _ *http.Request) {
		v.holds.release("")
		w.WriteHeader(http.StatusNoContent)
	})
	mux.HandleFunc("DELETE /holds/{id}", func(w http.ResponseWriter, r *http.Request) {
		if !v.holds.release(r.PathValue("id")) {
			http.Error(w, "no such hold: it may have been released", http.StatusNotFound)
			return
		}
		w.WriteHeader(http.StatusNoContent)
	})
	mux.HandleFunc("PUT /faults", v.putFault)
	mux.HandleFunc("DELETE /faults", func(w http.ResponseWriter, _ *http.Request) {
		v.faults.clear()
		w.WriteHeader(http.StatusNoContent)
	})
	mux.HandleFunc("GET /calls", func(w http.ResponseWriter, _ *http.Request) { sendJSON(w, v.calls.snapshot()) })
	mux.HandleFunc("DELETE /calls", func(w http.ResponseWriter, _ *http.Request) {
		v.calls.reset()
		w.WriteHeader(http.StatusNoContent)
	})
	mux.HandleFunc("PUT /privileges", v.putPrivileges)
	mux.HandleFunc("DELETE /privileges", func(w http.ResponseWriter, _ *http.Request) {
		v.privileges.setMissing(nil)
		w.WriteHeader(http.StatusNoContent)
	})
	mux.HandleFunc("PUT /clock", v.putClock)
	mux.HandleFunc("DELETE /clock", func(w http.ResponseWriter, _ *http.Request) {
		v.clock.offset.Store(0)
		w.WriteHeader(http.StatusNoContent)
	})
	mux.HandleFunc("PUT /placement", v.putPlacement)
	mux.HandleFunc("DELETE /placement", func(w http.ResponseWriter, _ *http.Request) {
		v.drs.lottery.set(false, 0)
		w.WriteHeader(http.StatusNoContent)
	})
	mux.HandleFunc("PUT /hosts/{name}", v.putHost)
	mux.HandleFunc("DELETE /hosts/{name}", v.deleteHost)
	mux.HandleFunc("PUT /hosts/{name}/gpus/{address}", v.putGPU)
	mux.HandleFunc("DELETE /hosts/{name}/gpus/{address}", v.deleteGPU)
	mux.HandleFunc("GET /machines/{uuid}/guestinfo", v.getGuestInfo)
	mux.HandleFunc("PUT /machines/{uuid}/guestinfo", v.putGuestInfo)
	mux.HandleFunc("GET /machines", func(w http.ResponseWriter, _ *http.Request) { sendJSON(w, v.machines()) })
	return mux
}

func (v *vcenter) putHold(w http.ResponseWriter, r *http.Request) {
	var wanted struct{ Method, Name, Phase string }
	if !receiveJSON(w, r, &wanted) {
		return
	}
	err := checkHold(wanted.Method, wanted.Phase)
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	sendJSON(w, map[string]string{"id": v.holds.add(wanted.Method, wanted.Name, wanted.Phase)})
}

func checkHold(method, phase string) error {
	phases := []string{phaseBefore, phaseRunning, phaseAfter}
	switch {
	case method == "":
		return problem{"method", "missing", "give a SOAP method, such as CloneVM_Task"}
	case !slices.Contains(phases, phase):
		return problem{"phase", shown(phase), fmt.Sprintf("give one of %v", phases)}
	case phase == phaseRunning && !runsAsOurTask[method]:
		return problem{"method", method, "hold it before or after: it is no task that can be held while it runs"}
	}
	return nil
}

func (v *vcenter) putFault(w http.ResponseWriter, r *http.Request) {
	var wanted orderedFault
	if !receiveJSON(w, r, &wanted) {
		return
	}
	if err := v.faults.order(wanted); err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	w.WriteHeader(http.StatusNoContent)
}

// receiveJSON reads a request strictly and answers for itself when it cannot.
func receiveJSON(w http.ResponseWriter, r *http.Request, into any) bool {
	decoder := json.NewDecoder(r.Body)
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(into); err != nil {
		http.Error(w, "body: "+err.Error(), http.StatusBadRequest)
		return false
	}
	return true
}

func sendJSON(w http.ResponseWriter, content any) {
	w.Header().Set("Content-Type", "application/json")
	if err := json.NewEncoder(w).Encode(content); err != nil {
		log.Printf("control: nobody took the answer: %v", err)
	}
}
