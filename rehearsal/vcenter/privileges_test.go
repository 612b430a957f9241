package main

import (
	"net/http"
	"slices"
	"testing"
	"time"

	"github.com/vmware/govmomi/object"
	"github.com/vmware/govmomi/vim25/methods"
	"github.com/vmware/govmomi/vim25/types"
)

const (
	missingPrivilege = "Datastore.AllocateSpace"
	otherPrivilege   = "Network.Assign"
)

// mayDo asks in all four ways, which have to agree.
func (l *lab) mayDo(privilege string) bool {
	l.t.Helper()
	manager := object.NewAuthorizationManager(l.client.Client)
	entities := []types.ManagedObjectReference{l.folder.Reference(), l.pool.Reference()}
	session, err := l.client.SessionManager.UserSession(l.ctx)
	l.must(err)
	bySession, err := manager.HasPrivilegeOnEntity(l.ctx, entities[0], session.Key, []string{otherPrivilege, privilege})
	l.must(err)
	answers := []bool{bySession[1]}
	onAll, err := methods.HasPrivilegeOnEntities(l.ctx, l.client, &types.HasPrivilegeOnEntities{
		This: manager.Reference(), Entity: entities, SessionId: session.Key, PrivId: []string{privilege}})
	l.must(err)
	byUser, err := manager.HasUserPrivilegeOnEntities(l.ctx, entities, session.UserName, []string{privilege})
	l.must(err)
	for _, answer := range append(onAll.Returnval, byUser...) {
		answers = append(answers, answer.PrivAvailability[0].IsGranted)
	}
	lists, err := manager.FetchUserPrivilegeOnEntities(l.ctx, entities, session.UserName)
	l.must(err)
	for _, list := range lists {
		answers = append(answers, slices.Contains(list.Privileges, privilege))
	}
	if len(answers) != 7 || slices.Contains(answers, !answers[0]) {
		l.t.Errorf("%s: %v", privilege, answers)
	}
	return answers[0]
}

func TestMissingPrivileges(t *testing.T) {
	l := newLab(t)
	if !l.mayDo(missingPrivilege) || !l.mayDo(otherPrivilege) || l.mayDo("No.Such") {
		t.Error("an administrator's privileges")
	}
	if status := l.control("PUT", "/privileges", `{"missing":["`+missingPrivilege+`"]}`, nil); status != http.StatusNoContent {
		t.Errorf("status %d", status)
	}
	if l.mayDo(missingPrivilege) || !l.mayDo(otherPrivilege) {
		t.Error("one privilege should be missing")
	}
	l.control("DELETE", "/privileges", "", nil)
	if !l.mayDo(missingPrivilege) {
		t.Error("the privilege did not come back")
	}
	for _, bad := range []string{`{"missing":["No.Such"]}`, `{"typo":[]}`} {
		if status := l.control("PUT", "/privileges", bad, nil); status != http.StatusBadRequest {
			t.Errorf("%s: status %d", bad, status)
		}
	}
}

func TestClockCanBeWrong(t *testing.T) {
	l := newLab(t)
	mustBeAhead := func(expected time.Duration) {
		t.Helper()
		now, err := methods.GetCurrentTime(l.ctx, l.client)
		l.must(err)
		if ahead := now.Sub(time.Now().Add(expected)).Abs(); ahead > 10*time.Second {
			t.Errorf("off by %s", ahead)
		}
	}
	mustBeAhead(0)
	l.control("PUT", "/clock", `{"offsetSeconds":90}`, nil)
	mustBeAhead(90 * time.Second)
	l.control("PUT", "/clock", `{"offsetSeconds":-3600.5}`, nil)
	mustBeAhead(-time.Hour)
	l.control("DELETE", "/clock", "", nil)
	mustBeAhead(0)
	for _, bad := range []string{`{}`, `{"offsetSeconds":"90"}`, `{"seconds":90}`} {
		if status := l.control("PUT", "/clock", bad, nil); status != http.StatusBadRequest {
			t.Errorf("%s: status %d", bad, status)
		}
	}
}
