package main

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"reflect"
	"sync"
	"time"

	"github.com/google/uuid"

	"github.com/vmware/govmomi/simulator"
	vapi "github.com/vmware/govmomi/vapi/simulator"
	"github.com/vmware/govmomi/vim25"
	"github.com/vmware/govmomi/vim25/types"
)

// The mark by which clients tell a rehearsal from a real vCenter before they do anything.
const (
	markProduct = "Slipway rehearsal"
	markSetting = "slipway.rehearsal"
)

// vcenter is the simulator with the rules and the memory that a real vCenter has.
type vcenter struct {
	service  *simulator.Service
	registry *simulator.Registry
	tags     tagStore
	files    string
	taskTime time.Duration

	holds  *holds
	faults *faults
	calls  *calls
	names  *reservedNames
	cards  *cardAddresses
	guests *guests
	drs    *drs
	wires  *attachments
	advice *recommendations
	gpus   *gpuStore

	policies   *policyManager
	privileges privileges
	clock      clock

	sessionStart sync.Mutex
}

// newVCenter builds the inventory. Who gets it removes its files in the end.
func newVCenter(inventory *Inventory, login *url.Userinfo, taskTime time.Duration) (*vcenter, error) {
	files, err := os.MkdirTemp("", program+"-")
	if err != nil {
		return nil, problem{"temporary folder", reason(err), "make room in " + os.TempDir()}
	}
	v := &vcenter{
		files: files, holds: newHolds(), calls: newCalls(), names: newReservedNames(),
		cards: &cardAddresses{}, guests: newGuests(), drs: newDRS(), wires: newAttachments(), advice: newRecommendations(),
		gpus: newGPUStore(),
	}
	v.startService(inventory.VCenter, login)
	v.policies = newPolicyManager(v, inventory.StoragePolicies)
	client, err := vim25.NewClient(context.Background(), v.service)
	if err != nil {
		return nil, errors.Join(err, os.RemoveAll(files))
	}
	builder := worldBuilder{context: context.Background(), client: client, registry: v.registry, files: files, vcenter: v}
	if err := builder.build(inventory); err != nil {
		return nil, errors.Join(err, os.RemoveAll(files))
	}
	v.refreshPods(&simulator.Context{Map: v.registry})
	v.taskTime = taskTime // what was there from the start took no time
	return v, nil
}

// startService sets up an empty vCenter that routes calls through our rules.
func (v *vcenter) startService(release Release, login *url.Userinfo) {
	content := simulator.VPX().ServiceContent
	about := &content.About
	about.Version, about.Build, about.ApiVersion = release.Version, release.Build, release.Version+".0"
	about.FullName = fmt.Sprintf("%s %s build-%s", about.Name, release.Version, release.Build)
	about.LicenseProductName, about.LicenseProductVersion = markProduct, "8.0"
	about.InstanceUuid = uuid.NewString()

	v.service = simulator.New(simulator.NewServiceInstance(simulator.NewContext(), content, simulator.VPX().RootFolder))
	v.service.Listen = &url.URL{User: login}
	v.registry = v.service.Context.Map
	v.registry.Handler = v.route
	v.registry.AddHandler(&watcher{vcenter: v})
	v.faults = newFaults(v.service)
	options := v.registry.OptionManager()
	options.UpdateOptions(&types.UpdateOptions{ChangedValue: []types.BaseOptionValue{
		&types.OptionValue{Key: markSetting, Value: "true"},
		&types.OptionValue{Key: hotMigrateSetting, Value: release.VGPUHotMigrate},
		&types.OptionValue{Key: "vcsim.home", Value: v.files},
	}})
}

// serve registers the endpoints for clients that reach us at the given address.
func (v *vcenter) serve(address *url.URL) {
	login := v.service.Listen.User
	v.service.Listen = &url.URL{Scheme: address.Scheme, Host: address.Host, Path: vim25.Path, User: login}
	v.registry.SessionManager().ServiceHostName = address.Host
	v.service.RegisterSDK(v.registry, vim25.Path+"/vimService")
	v.service.RegisterSDK(v.policies.registry, "/pbm/sdk")
	mux := v.service.ServeMux
	mux.HandleFunc(vim25.Path+"/vimServiceVersions.xml", v.service.ServiceVersions)
	mux.HandleFunc("/nfc/", simulator.ServeNFC)
	patterns, handler := vapi.New(v.service.Listen, v.registry)
	for _, pattern := range patterns {
		v.service.Handle(pattern, handler)
	}
	v.tags = handler.(tagStore)
}

// route decides who carries out a call: our rules, or the simulator as it is.
func (v *vcenter) route(ctx *simulator.Context, method *simulator.Method) (target, types.BaseMethodFault) {
	switch method.Name {
	case "LoginByToken", "LoginExtensionByCertificate", "ImpersonateUser":
		return nil, &types.InvalidLogin{} // there is one user with one password
	}
	if ctx.Session == nil {
		return nil, nil // the simulator refuses what needs a session
	}
	v.resolveAliases(method)
	v.giveCollector(ctx)
	ours := v.ours(method.This)
	if ours == nil || !reflect.ValueOf(ours).MethodByName(goName(method.Name)).IsValid() {
		return nil, nil
	}
	// The simulator prefers its own object for a reference it knows, so it gets one it does not know.
	method.This.Value = ""
	return ours, nil
}

// ours is the object with our rules for a reference, if there is one.
func (v *vcenter) ours(ref types.ManagedObjectReference) target {
	switch object := v.registry.Get(ref).(type) {
	case *simulator.VirtualMachine:
		return &machine{vcenter: v, vm: object}
	case *simulator.Folder:
		return &folder{vcenter: v, folder: object}
	case *simulator.ClusterComputeResource:
		return &cluster{vcenter: v, cluster: object}
	case *simulator.Datacenter:
		return &datacenter{vcenter: v, datacenter: object}
	case *simulator.DistributedVirtualSwitch:
		return &dvs{vcenter: v, dvs: object}
	case *simulator.DistributedVirtualPortgroup:
		return &portGroup{vcenter: v, group: object}
	case *simulator.DistributedVirtualSwitchManager:
		return &switchManager{vcenter: v, manager: object}
	case *simulator.Datastore:
		return &datastore{datastore: object}
	case *simulator.SearchIndex:
		return &searchIndex{vcenter: v, index: object}
	case *simulator.StorageResourceManager:
		return &storageManager{vcenter: v, manager: object}
	case *simulator.AuthorizationManager:
		return &authorization{vcenter: v, manager: object}
	case *simulator.HostSystem:
		return &hostSystem{vcenter: v, host: object}
	case *simulator.EnvironmentBrowser:
		return &clusterBrowser{EnvironmentBrowser: object, vcenter: v}
	case *simulator.ServiceInstance:
		return &serviceInstance{vcenter: v, service: object}
	case nil:
		if browser := v.browserOf(ref); browser != nil {
			return browser
		}
	}
	return nil
}

// ServeHTTP implements http.Handler: calls are counted and perhaps held, then carried out.
func (v *vcenter) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	switch {
	case r.Method == http.MethodPost && isSOAP(r.URL.Path):
		v.serveSOAP(w, r)
	default:
		v.serveREST(w, r)
	}
}
