package main

import (
	"fmt"
	"net/url"
	"slices"
	"sync"
	"testing"

	"github.com/vmware/govmomi/object"
	"github.com/vmware/govmomi/vapi/rest"
	"github.com/vmware/govmomi/vapi/tags"
	"github.com/vmware/govmomi/vim25/types"
)

func (l *lab) tagManager() *tags.Manager {
	l.t.Helper()
	client := rest.NewClient(l.client.Client)
	l.must(client.Login(l.ctx, url.UserPassword(testUser, testPassword)))
	return tags.NewManager(client)
}

func TestTagsOfOneNameInSeveralCategories(t *testing.T) {
	l := newLab(t)
	manager := l.tagManager()
	vm := l.clone("node-1", nil)
	var made []string
	for _, name := range []string{"environment", "owner"} {
		category, err := manager.CreateCategory(l.ctx, &tags.Category{Name: name, Cardinality: "SINGLE"})
		l.must(err)
		tag, err := manager.CreateTag(l.ctx, &tags.Tag{Name: "dev", CategoryID: category})
		l.must(err)
		l.must(manager.AttachTag(l.ctx, tag, vm))
		made = append(made, tag)
		if _, err := manager.CreateTag(l.ctx, &tags.Tag{Name: "dev", CategoryID: category}); err == nil {
			t.Error("two tags of one name in one category")
		}
		if _, err := manager.CreateCategory(l.ctx, &tags.Category{Name: name, Cardinality: "SINGLE"}); err == nil {
			t.Error("two categories of one name")
		}
		if found, err := manager.GetTagForCategory(l.ctx, "dev", name); err != nil || found.ID != tag {
			t.Errorf("%v, %v", found, err)
		}
	}
	attached, err := manager.ListAttachedTags(l.ctx, vm)
	l.must(err)
	slices.Sort(attached)
	slices.Sort(made)
	if !slices.Equal(attached, made) {
		t.Errorf("%v instead of %v", attached, made)
	}
	if report, _ := l.machine("node-1"); !slices.Equal(report.Tags, []string{"dev", "dev"}) {
		t.Errorf("%v", report.Tags)
	}
}

// TestEnvironmentsSideBySide is several clients that each work in folder, pool and rule of their own.
func TestEnvironmentsSideBySide(t *testing.T) {
	const environments, machines = 3, 4
	l := newLabOf(t, bigInventory)
	var group sync.WaitGroup
	for i := range environments {
		name := fmt.Sprintf("env-%d", i)
		session := *l
		session.client = l.login(testPassword)
		group.Go(func() {
			if err := session.playEnvironment(name, machines); err != nil {
				t.Errorf("%s: %v", name, err)
			}
		})
	}
	group.Wait()
	if rules := l.rules(); len(rules) != environments {
		t.Errorf("%v", rules)
	}
	var list []machineReport
	l.control("GET", "/machines", "", &list)
	hosts := map[string]map[string]int{}
	for _, machine := range list {
		if machine.Template {
			continue
		}
		environment := machine.Path[:len("/dc-01/vm/env-0")]
		if hosts[environment] == nil {
			hosts[environment] = map[string]int{}
		}
		hosts[environment][machine.Host]++
	}
	for environment, used := range hosts {
		if len(used) != 3 || used["esx-01.dev.example.internal"] > 2 {
			t.Errorf("%s is not spread: %v", environment, used)
		}
	}
	if len(hosts) != environments {
		t.Errorf("%v", hosts)
	}
}

func (l *lab) playEnvironment(name string, machines int) error {
	folder, err := object.NewFolder(l.client.Client, l.folder.Reference()).CreateFolder(l.ctx, name)
	if err != nil {
		return err
	}
	pool, err := object.NewResourcePool(l.client.Client, l.pool.Reference()).Create(l.ctx, name, types.DefaultResourceConfigSpec())
	if err != nil {
		return err
	}
	made := make([]*object.VirtualMachine, machines)
	failures := make([]error, machines)
	var group sync.WaitGroup
	for i := range machines {
		group.Go(func() { made[i], failures[i] = l.cloneInto(folder, pool, fmt.Sprintf("node-%d", i)) })
	}
	group.Wait()
	for _, failure := range failures {
		if failure != nil {
			return failure
		}
	}
	ref := pool.Reference()
	cluster := object.NewClusterComputeResource(l.client.Client, l.server.vcenter.clusterOfPool(&ref).Self)
	spec := &types.ClusterConfigSpecEx{RulesSpec: []types.ClusterRuleSpec{added(rule(name, false, made...))}}
	if err := l.wait(cluster.Reconfigure(l.ctx, spec, true)); err != nil {
		return err
	}
	for _, vm := range made {
		if err := l.wait(vm.PowerOn(l.ctx)); err != nil {
			return err
		}
	}
	return nil
}

func (l *lab) cloneInto(folder *object.Folder, pool *object.ResourcePool, name string) (*object.VirtualMachine, error) {
	ref := pool.Reference()
	source := object.NewVirtualMachine(l.client.Client, l.template.Reference())
	task, err := source.Clone(l.ctx, folder, name, types.VirtualMachineCloneSpec{Location: types.VirtualMachineRelocateSpec{Pool: &ref}})
	if err != nil {
		return nil, err
	}
	info, err := task.WaitForResult(l.ctx)
	if err != nil {
		return nil, err
	}
	return object.NewVirtualMachine(l.client.Client, info.Result.(types.ManagedObjectReference)), nil
}

func TestMachinesOfOneNameKeepTheirFilesApart(t *testing.T) {
	l := newLab(t)
	first := l.clone("node-1", nil)
	folder, err := l.folder.CreateFolder(l.ctx, "other")
	l.must(err)
	second, err := l.cloneInto(folder, l.pool, "node-1")
	l.must(err)
	if fileOf(l.disk(first)) == fileOf(l.disk(second)) {
		t.Errorf("both have %s", fileOf(l.disk(first)))
	}
	l.must(l.wait(first.Destroy(l.ctx)))
	l.must(l.changeDevices(second, addedDisk(newDisk(-1, 1, 5))))
}
