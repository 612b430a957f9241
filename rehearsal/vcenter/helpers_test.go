package main

import (
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"errors"
	"io"
	"log"
	"math/big"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/vmware/govmomi"
	"github.com/vmware/govmomi/fault"
	"github.com/vmware/govmomi/find"
	"github.com/vmware/govmomi/object"
	"github.com/vmware/govmomi/vim25/mo"
	"github.com/vmware/govmomi/vim25/types"
)

const (
	testInventory = "testdata/small.yaml"
	testUser      = "rehearsal@vsphere.local"
	testPassword  = "not-a-secret"
	testTemplate  = "ubuntu-24.04-kubernetes-2026.11.0"
)

// lab is a running simulator with one client.
type lab struct {
	t      *testing.T
	ctx    context.Context
	server *server
	client *govmomi.Client
	said   *safeBuffer // what went to stderr

	folder   *object.Folder
	pool     *object.ResourcePool
	template *object.VirtualMachine
}

func newLab(t *testing.T) *lab { t.Helper(); return newLabOf(t, testInventory) }

// newLabOf has another inventory, with the same datacenter, first cluster and first template.
func newLabOf(t *testing.T, inventory string) *lab {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	t.Cleanup(cancel)
	options := testOptions(t)
	options.inventory = inventory
	server, err := startServer(options)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(server.removeFiles)
	l := &lab{t: t, ctx: ctx, server: server, said: &safeBuffer{}}
	log.SetOutput(l.said)
	l.client = l.login(testPassword)
	finder := find.NewFinder(l.client.Client)
	datacenter, err := finder.DefaultDatacenter(ctx)
	l.must(err)
	finder.SetDatacenter(datacenter)
	l.folder, err = finder.Folder(ctx, "/dc-01/vm")
	l.must(err)
	l.pool, err = finder.ResourcePool(ctx, "/dc-01/host/cluster-01/Resources")
	l.must(err)
	l.template, err = finder.VirtualMachine(ctx, "/dc-01/vm/"+testTemplate)
	l.must(err)
	return l
}

func testOptions(t *testing.T) options {
	t.Helper()
	certificate, key := writeCertificate(t)
	return options{
		inventory: testInventory, listen: "127.0.0.1:0", control: "127.0.0.1:0", certificate: certificate, key: key,
		user: testUser, passwordFile: writeFile(t, "password", testPassword+"\n"),
	}
}

func writeFile(t *testing.T, name, content string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func writeCertificate(t *testing.T) (certificate, key string) {
	t.Helper()
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	content := &x509.Certificate{SerialNumber: big.NewInt(1), NotAfter: time.Now().Add(time.Hour)}
	der, err := x509.CreateCertificate(rand.Reader, content, content, private.Public(), private)
	if err != nil {
		t.Fatal(err)
	}
	keyDER, err := x509.MarshalECPrivateKey(private)
	if err != nil {
		t.Fatal(err)
	}
	certificate = writeFile(t, "certificate.pem", string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})))
	key = writeFile(t, "key.pem", string(pem.EncodeToMemory(&pem.Block{Type: "EC PRIVATE KEY", Bytes: keyDER})))
	return certificate, key
}

func (l *lab) url(password string) *url.URL {
	return &url.URL{Scheme: "https", Host: l.server.address, Path: "/sdk", User: url.UserPassword(testUser, password)}
}

func (l *lab) login(password string) *govmomi.Client {
	l.t.Helper()
	client, err := govmomi.NewClient(l.ctx, l.url(password), true)
	l.must(err)
	return client
}

func (l *lab) must(err error) {
	l.t.Helper()
	if err != nil {
		l.t.Fatal(err)
	}
}

// wait returns a task's failure, or that of the call that should have made it.
func (l *lab) wait(task *object.Task, err error) error {
	if err != nil {
		return err
	}
	_, err = task.WaitForResult(l.ctx)
	return err
}

func (l *lab) cloneSpec(config *types.VirtualMachineConfigSpec) types.VirtualMachineCloneSpec {
	pool := l.pool.Reference()
	return types.VirtualMachineCloneSpec{Location: types.VirtualMachineRelocateSpec{Pool: &pool}, Config: config}
}

func (l *lab) startClone(name string, config *types.VirtualMachineConfigSpec) *object.Task {
	l.t.Helper()
	task, err := l.template.Clone(l.ctx, l.folder, name, l.cloneSpec(config))
	l.must(err)
	return task
}

func (l *lab) clone(name string, config *types.VirtualMachineConfigSpec) *object.VirtualMachine {
	l.t.Helper()
	info, err := l.startClone(name, config).WaitForResult(l.ctx)
	l.must(err)
	return object.NewVirtualMachine(l.client.Client, info.Result.(types.ManagedObjectReference))
}

func (l *lab) powerOn(vm *object.VirtualMachine) { l.t.Helper(); l.must(l.wait(vm.PowerOn(l.ctx))) }

func (l *lab) properties(vm *object.VirtualMachine) mo.VirtualMachine {
	l.t.Helper()
	var properties mo.VirtualMachine
	l.must(vm.Properties(l.ctx, vm.Reference(), nil, &properties))
	return properties
}

func (l *lab) disk(vm *object.VirtualMachine) *types.VirtualDisk {
	l.t.Helper()
	devices, err := vm.Device(l.ctx)
	l.must(err)
	return devices.SelectByType((*types.VirtualDisk)(nil))[0].(*types.VirtualDisk)
}

func (l *lab) card(vm *object.VirtualMachine) *types.VirtualEthernetCard {
	l.t.Helper()
	devices, err := vm.Device(l.ctx)
	l.must(err)
	return devices.SelectByType((*types.VirtualEthernetCard)(nil))[0].(types.BaseVirtualEthernetCard).GetVirtualEthernetCard()
}

// control calls the control endpoint and decodes its answer, if wanted.
func (l *lab) control(method, path, body string, into any) int {
	l.t.Helper()
	request, err := http.NewRequestWithContext(l.ctx, method, "http://"+l.server.control.Addr().String()+path, strings.NewReader(body))
	l.must(err)
	response, err := http.DefaultClient.Do(request)
	l.must(err)
	defer response.Body.Close()
	content, err := io.ReadAll(response.Body)
	l.must(err)
	if into != nil {
		l.must(json.Unmarshal(content, into))
	}
	return response.StatusCode
}

// hold asks for a hold and returns its identifier.
func (l *lab) hold(method, name, phase string) string {
	l.t.Helper()
	var created struct{ ID string }
	l.control("PUT", "/holds", `{"method":"`+method+`","name":"`+name+`","phase":"`+phase+`"}`, &created)
	return created.ID
}

func (l *lab) release(id string) { l.t.Helper(); l.control("DELETE", "/holds/"+id, "", nil) }

// waitUntil polls something that another goroutine brings about.
func (l *lab) waitUntil(what string, happened func() bool) {
	l.t.Helper()
	for !happened() {
		if l.ctx.Err() != nil {
			l.t.Fatalf("never happened: %s", what)
		}
		time.Sleep(5 * time.Millisecond)
	}
}

func (l *lab) waitUntilHeld(id string) {
	l.t.Helper()
	l.waitUntil("hold "+id+" holds a call", func() bool {
		var list []hold
		l.control("GET", "/holds", "", &list)
		for _, h := range list {
			if h.ID == id {
				return h.State == stateHeld
			}
		}
		return false
	})
}

func (l *lab) machine(name string) (machineReport, bool) {
	l.t.Helper()
	var list []machineReport
	l.control("GET", "/machines", "", &list)
	for _, m := range list {
		if m.Name == name {
			return m, true
		}
	}
	return machineReport{}, false
}

// mustFault fails unless the error is this vSphere fault.
func mustFault[T types.BaseMethodFault](t *testing.T, err error) T {
	t.Helper()
	var wanted, none T
	if err == nil {
		t.Fatalf("no failure instead of %T", wanted)
	}
	if _, ok := fault.As(err, &wanted); !ok {
		t.Fatalf("%v instead of %T", errors.Unwrap(err), none)
	}
	return wanted
}

// safeBuffer is a buffer that may be written while it is read.
type safeBuffer struct {
	mutex  sync.Mutex
	buffer bytes.Buffer
}

func (b *safeBuffer) Write(p []byte) (int, error) {
	b.mutex.Lock()
	defer b.mutex.Unlock()
	return b.buffer.Write(p)
}

func (b *safeBuffer) String() string {
	b.mutex.Lock()
	defer b.mutex.Unlock()
	return b.buffer.String()
}
