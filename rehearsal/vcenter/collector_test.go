package main

import (
	"fmt"
	"io"
	"strings"
	"sync"
	"testing"

	"github.com/vmware/govmomi/object"
	"github.com/vmware/govmomi/property"
	"github.com/vmware/govmomi/vim25/methods"
	"github.com/vmware/govmomi/vim25/types"
)

// TestManyClientsOnOneSession is what a provider does: waits of many goroutines on one default collector.
func TestManyClientsOnOneSession(t *testing.T) {
	const machines, clients = 50, 16
	l := newLab(t)
	l.control("DELETE", "/calls", "", nil)
	numbers := make(chan int)
	var group sync.WaitGroup
	for range clients {
		group.Go(func() {
			for number := range numbers {
				if err := l.provision(number); err != nil {
					t.Errorf("machine %d: %v", number, err)
				}
			}
		})
	}
	for number := range machines {
		numbers <- number
	}
	close(numbers)
	group.Wait()
	var list []machineReport
	l.control("GET", "/machines", "", &list)
	addresses := map[string]bool{}
	for _, machine := range list {
		if !machine.Template {
			addresses[machine.Address] = true
		}
	}
	if len(list) != machines+1 || len(addresses) != machines {
		t.Errorf("%d machines with %d addresses", len(list), len(addresses))
	}
}

func (l *lab) provision(number int) error {
	name := fmt.Sprintf("node-%02d", number)
	network := fmt.Sprintf("ethernets: {e: {addresses: [192.0.2.%d/24]}}", number+10)
	task, err := l.template.Clone(l.ctx, l.folder, name, l.cloneSpec(guestinfoConfig(metadataYAML(network), "")))
	if err != nil {
		return err
	}
	info, err := task.WaitForResult(l.ctx)
	if err != nil {
		return err
	}
	vm := object.NewVirtualMachine(l.client.Client, info.Result.(types.ManagedObjectReference))
	if err := l.wait(vm.Reconfigure(l.ctx, types.VirtualMachineConfigSpec{NumCPUs: 4})); err != nil {
		return err
	}
	if err := l.wait(vm.PowerOn(l.ctx)); err != nil {
		return err
	}
	// the official provider waits on the default collector too
	return property.Wait(l.ctx, property.DefaultCollector(l.client.Client), vm.Reference(), []string{"guest.ipAddress"},
		func(changes []types.PropertyChange) bool { return len(changes) > 0 && changes[0].Val != nil })
}

func TestEveryWaiterSeesEveryChange(t *testing.T) {
	l := newLab(t)
	vm := l.clone("node-1", nil)
	filter := new(property.WaitFilter).Add(vm.Reference(), "VirtualMachine", []string{"config.annotation"})
	_, err := property.DefaultCollector(l.client.Client).CreateFilter(l.ctx, filter.CreateFilter)
	l.must(err)
	wait := func(version string, seconds int32) *types.UpdateSet {
		answer, err := methods.WaitForUpdatesEx(l.ctx, l.client, &types.WaitForUpdatesEx{
			This: l.client.ServiceContent.PropertyCollector, Version: version, Options: &types.WaitOptions{MaxWaitSeconds: &seconds}})
		l.must(err)
		return answer.Returnval
	}
	first := wait("", 5)
	if wait(first.Version, 0) != nil {
		t.Error("an update without a change")
	}
	l.must(l.wait(vm.Reconfigure(l.ctx, types.VirtualMachineConfigSpec{Annotation: "new"})))
	for range 2 { // two holders of one version
		set := wait(first.Version, 5)
		update := set.FilterSet[0].ObjectSet[0]
		if update.Kind != types.ObjectUpdateKindModify || update.ChangeSet[0].Val != "new" {
			t.Errorf("%+v", update)
		}
	}
	l.must(l.wait(vm.Destroy(l.ctx)))
	if update := wait(first.Version, 5).FilterSet[0].ObjectSet[0]; update.Kind != types.ObjectUpdateKindLeave {
		t.Errorf("%+v", update)
	}
	_, err = methods.WaitForUpdatesEx(l.ctx, l.client, &types.WaitForUpdatesEx{This: l.client.ServiceContent.PropertyCollector, Version: "no such"})
	mustFault[*types.InvalidCollectorVersion](t, err)
}

func TestWaitCanBeCancelled(t *testing.T) {
	l := newLab(t)
	collector, err := property.DefaultCollector(l.client.Client).Create(l.ctx)
	l.must(err)
	request := types.WaitForUpdatesEx{This: collector.Reference()}
	answer, err := methods.WaitForUpdatesEx(l.ctx, l.client, &request)
	l.must(err)
	request.Version = answer.Returnval.Version
	done := make(chan error, 1)
	go func() {
		_, err := methods.WaitForUpdatesEx(l.ctx, l.client, &request)
		done <- err
	}()
	var failed error
	l.waitUntil("the wait ends", func() bool {
		l.must(collector.CancelWaitForUpdates(l.ctx)) // again if the wait has not begun
		select {
		case failed = <-done:
			return true
		default:
			return false
		}
	})
	mustFault[*types.RequestCanceled](t, failed)
}

func TestLongAnswersAreCut(t *testing.T) {
	content := func(value string) (list []types.ObjectContent) {
		for _, id := range []string{"a", "b", "c"} {
			list = append(list, types.ObjectContent{
				Obj: types.ManagedObjectReference{Value: id}, PropSet: []types.DynamicProperty{{Name: "x", Val: value}}})
		}
		return list
	}
	seen := contents{}
	for step, expected := range []int{2, 1, 0} {
		updates, shown, complete := compare(seen, content("1"), 2)
		if len(updates) != expected || complete != (step > 0) {
			t.Errorf("step %d: %d updates, complete: %v", step, len(updates), complete)
		}
		seen = shown
	}
	if updates, _, _ := compare(seen, nil, 2); len(updates) != 2 || updates[0].Kind != types.ObjectUpdateKindLeave {
		t.Errorf("%+v", updates)
	}
}

// TestFetch reads single properties the way pyVmomi does.
func TestFetch(t *testing.T) {
	l := newLab(t)
	fetch := func(property string) string {
		body := fmt.Sprintf(`<Envelope xmlns="http://schemas.xmlsoap.org/soap/envelope/"><Body><Fetch xmlns="urn:vim25">`+
			`<_this type="VirtualMachine">%s</_this><prop>%s</prop></Fetch></Body></Envelope>`, l.template.Reference().Value, property)
		response, err := l.client.Client.Client.Client.Post(l.url("").Redacted(), "text/xml", strings.NewReader(body))
		l.must(err)
		defer response.Body.Close()
		content, err := io.ReadAll(response.Body)
		l.must(err)
		return string(content)
	}
	for property, expected := range map[string]string{
		"name":       ">" + testTemplate + "</returnval></FetchResponse>",
		"parentVApp": `<FetchResponse xmlns="urn:vim25"></FetchResponse>`, // unset
		"no-such":    "InvalidProperty",
	} {
		if content := fetch(property); !strings.Contains(content, expected) {
			t.Errorf("%s: %s", property, content)
		}
	}
}
