package main

import (
	"bytes"
	"crypto/tls"
	"encoding/json"
	"io"
	"net/http"
	"net/url"
	"testing"

	"github.com/vmware/govmomi"
	"github.com/vmware/govmomi/object"
	"github.com/vmware/govmomi/vapi/rest"
	"github.com/vmware/govmomi/vapi/tags"
	"github.com/vmware/govmomi/vim25/methods"
	"github.com/vmware/govmomi/vim25/mo"
	"github.com/vmware/govmomi/vim25/types"
)

func TestWrongPassword(t *testing.T) {
	l := newLab(t)
	for _, wrong := range []*url.Userinfo{url.UserPassword(testUser, "wrong"), url.UserPassword("other", testPassword), url.UserPassword(testUser, "")} {
		address := l.url("")
		address.User = wrong
		_, err := govmomi.NewClient(l.ctx, address, true)
		mustFault[*types.InvalidLogin](t, err)
	}
}

func TestOtherWaysInAreClosed(t *testing.T) {
	l := newLab(t)
	stranger, err := govmomi.NewClient(l.ctx, &url.URL{Scheme: "https", Host: l.server.address, Path: "/sdk"}, true)
	l.must(err)
	manager := *stranger.ServiceContent.SessionManager
	_, err = methods.LoginByToken(l.ctx, stranger, &types.LoginByToken{This: manager})
	mustFault[*types.InvalidLogin](t, err)
	_, err = methods.LoginExtensionByCertificate(l.ctx, stranger, &types.LoginExtensionByCertificate{This: manager, ExtensionKey: "x"})
	mustFault[*types.InvalidLogin](t, err)
	vm := object.NewVirtualMachine(stranger.Client, l.template.Reference())
	_, err = vm.Destroy(l.ctx)
	mustFault[*types.NotAuthenticated](t, err)
	create := `{"params":{"serviceId":"com.vmware.cis.session","operationId":"create"}}`
	if status, _ := l.rest("POST", "/api", "", create); status != http.StatusNotFound {
		t.Errorf("/api: status %d", status)
	}
}

func TestMark(t *testing.T) {
	l := newLab(t)
	stranger, err := govmomi.NewClient(l.ctx, &url.URL{Scheme: "https", Host: l.server.address, Path: "/sdk"}, true)
	l.must(err)
	about := stranger.ServiceContent.About // before any login
	if about.LicenseProductName != "Slipway rehearsal" || about.Name != "VMware vCenter Server" || about.ApiVersion != "8.0.3.0" ||
		about.Version != "8.0.3" || about.Build != "24022515" || about.InstanceUuid == "" {
		t.Errorf("%+v", about)
	}
	options, err := object.NewOptionManager(l.client.Client, *l.client.ServiceContent.Setting).Query(l.ctx, "slipway.rehearsal")
	l.must(err)
	if len(options) != 1 || options[0].GetOptionValue().Value != "true" {
		t.Errorf("%v", options)
	}
	if other := newLab(t).client.ServiceContent.About.InstanceUuid; other == about.InstanceUuid {
		t.Error("two vCenters have one identifier")
	}
}

func TestGeneralReferenceMeansTheExactOne(t *testing.T) {
	l := newLab(t)
	owner, err := l.pool.Owner(l.ctx)
	l.must(err)
	general := types.ManagedObjectReference{Type: "ComputeResource", Value: owner.Reference().Value}
	var resource mo.ComputeResource
	l.must(l.client.RetrieveOne(l.ctx, general, []string{"name", "host"}, &resource))
	if resource.Name != "cluster-01" || len(resource.Host) != 3 {
		t.Errorf("%+v", resource)
	}
	_, err = object.NewComputeResource(l.client.Client, general).Reconfigure(l.ctx, &types.ClusterConfigSpecEx{}, true)
	l.must(err)
}

// rest calls the REST endpoint with a password, or with none.
func (l *lab) rest(method, path, password, body string) (int, string) {
	l.t.Helper()
	request, err := http.NewRequestWithContext(l.ctx, method, "https://"+l.server.address+path, bytes.NewBufferString(body))
	l.must(err)
	if password != "" {
		request.SetBasicAuth(testUser, password)
	}
	stranger := &http.Client{Transport: &http.Transport{TLSClientConfig: &tls.Config{InsecureSkipVerify: true}}}
	response, err := stranger.Do(request)
	l.must(err)
	defer response.Body.Close()
	content, err := io.ReadAll(response.Body)
	l.must(err)
	return response.StatusCode, string(content)
}

func TestRESTSessions(t *testing.T) {
	l := newLab(t)
	for _, path := range []string{"/rest/com/vmware/cis/session", "/api/session"} {
		if status, _ := l.rest("POST", path, "wrong", ""); status != http.StatusUnauthorized {
			t.Errorf("%s: wrong password: status %d", path, status)
		}
		if status, _ := l.rest("POST", path, "", ""); status != http.StatusUnauthorized {
			t.Errorf("%s: no password: status %d", path, status)
		}
	}
	status, content := l.rest("POST", "/api/session", testPassword, "")
	var session string
	if err := json.Unmarshal([]byte(content), &session); status != http.StatusCreated || err != nil || session == "" {
		t.Errorf("/api/session: status %d, %s", status, content)
	}
	if status, content := l.rest("POST", "/rest/com/vmware/cis/session", testPassword, ""); status != http.StatusOK {
		t.Errorf("status %d, %s", status, content)
	}
	if status, _ := l.rest("GET", "/rest/com/vmware/cis/tagging/tag", "", ""); status != http.StatusUnauthorized {
		t.Errorf("tags without a session: status %d", status)
	}
}

func TestTagsFollowTheirMachine(t *testing.T) {
	l := newLab(t)
	client := rest.NewClient(l.client.Client)
	l.must(client.Login(l.ctx, url.UserPassword(testUser, testPassword)))
	manager := tags.NewManager(client)
	category, err := manager.CreateCategory(l.ctx, &tags.Category{Name: "environment", Cardinality: "SINGLE"})
	l.must(err)
	tag, err := manager.CreateTag(l.ctx, &tags.Tag{Name: "dev", CategoryID: category})
	l.must(err)
	vm := l.clone("node-1", nil)
	l.must(manager.AttachTag(l.ctx, tag, vm))
	if report, _ := l.machine("node-1"); len(report.Tags) != 1 || report.Tags[0] != "dev" {
		t.Errorf("tags: %v", report.Tags)
	}
	l.must(l.wait(vm.Destroy(l.ctx)))
	attached, err := manager.ListAttachedObjects(l.ctx, tag)
	l.must(err)
	if len(attached) != 0 {
		t.Errorf("attached: %v", attached)
	}
}
