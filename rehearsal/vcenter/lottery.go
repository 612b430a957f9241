package main

import (
	"hash/fnv"
	"math/rand/v2"
	"net/http"
	"slices"
	"sync"

	"github.com/vmware/govmomi/vim25/types"
)

const orderRandom = "random"

// lottery makes DRS choose any of the hosts that are good enough, the same one each time for the same seed and machine
// name, so that tests meet choices that a real DRS might make.
type lottery struct {
	mutex sync.Mutex
	on    bool
	seed  uint64
}

func (l *lottery) set(on bool, seed uint64) {
	l.mutex.Lock()
	defer l.mutex.Unlock()
	l.on, l.seed = on, seed
}

// settings are the seed and whether it counts.
func (l *lottery) settings() (on bool, seed uint64) {
	l.mutex.Lock()
	defer l.mutex.Unlock()
	return l.on, l.seed
}

type choose func([]load, types.ManagedObjectReference, []*types.ClusterAntiAffinityRuleSpec) *load

// draw is the usual choice, or a random one among the hosts that break as few rules as the usual one.
func (l *lottery) draw(usual choose, hosts []load, machine types.ManagedObjectReference,
	rules []*types.ClusterAntiAffinityRuleSpec, name string) *load {
	chosen := usual(hosts, machine, rules)
	on, seed := l.settings()
	if !on || chosen == nil {
		return chosen
	}
	wanted := fitOn(*chosen, machine, rules)
	equal := slices.DeleteFunc(slices.Clone(hosts), func(other load) bool { return fitOn(other, machine, rules).compare(wanted) != 0 })
	hash := fnv.New64a()
	_, _ = hash.Write([]byte(name)) // never fails
	return &equal[rand.New(rand.NewPCG(seed, hash.Sum64())).IntN(len(equal))]
}

func (v *vcenter) putPlacement(w http.ResponseWriter, r *http.Request) {
	var wanted struct {
		Order string `json:"order"`
		Seed  uint64 `json:"seed"`
	}
	if !receiveJSON(w, r, &wanted) {
		return
	}
	if wanted.Order != orderRandom {
		http.Error(w, problem{"order", shown(wanted.Order), "give " + orderRandom + ", or DELETE for the usual order"}.Error(), http.StatusBadRequest)
		return
	}
	v.drs.lottery.set(true, wanted.Seed)
	w.WriteHeader(http.StatusNoContent)
}
