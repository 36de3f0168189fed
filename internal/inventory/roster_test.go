package inventory

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/glueguard/glueguard/internal/resource"
)

// TestOrganizationIsReadWhileItIsListed has a key of the last account used in the first one, which is read long before
// the last is known: the key must be read through its own account all the same.
func TestOrganizationIsReadWhileItIsListed(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		f := newFake()
		f.pageSize = 1
		f.latency = time.Second
		ids := organization(f, "ACTIVE", "ACTIVE", "ACTIVE", "ACTIVE", "ACTIVE", "ACTIVE")
		key := f.key(ids[5], "us-east-1", "k")
		f.at(ids[0], "us-east-1").transform("t", key, "")
		pages := 0
		f.fail = func(c fakeCall) error {
			if c.op == opListAccounts {
				if pages++; pages == len(ids) && f.count(fakeCall{op: opMLTransforms, account: ids[0]}) == 0 {
					t.Error("the first account was not read before the last was listed")
				}
			}
			return nil
		}
		scope := everything
		scope.Organization = true
		got := scan(t, f.scanner(t), scope)
		if len(got) != len(ids) {
			t.Errorf("%d locations read, want %d", len(got), len(ids))
		}
		if k, ok := got[ids[0]+"/us-east-1"].Key(key).Value(); !ok || !k.Policy.IsKnown() {
			t.Error("the key was not read through its own account")
		}
	})
}

// TestOrganizationListedInPart reads what was listed, and the caller's own account, and says that there is more.
func TestOrganizationListedInPart(t *testing.T) {
	t.Parallel()
	for name, ids := range map[string][]string{
		"the caller's account among the first": {home, "222222222222", "333333333333"},
		"the caller's account not seen":        {"222222222222", "333333333333", home},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f := newFake()
			f.pageSize = 2
			for _, id := range ids {
				f.members = append(f.members, map[string]string{"Id": id, "State": "ACTIVE"})
			}
			f.fail = func(c fakeCall) error {
				if c.op == opListAccounts && c.what != "" {
					return apiErr("AccessDeniedException", "not all of it")
				}
				return nil
			}
			scope := everything
			scope.Organization = true
			got := scan(t, f.scanner(t), scope)
			if s := got[home+"/"]; s == nil || s.Coverage[0].Operation != opListAccounts || s.Coverage[0].Status != string(resource.Denied) {
				t.Errorf("the failed listing does not show: %+v", s)
			}
			for _, id := range append(ids[:2:2], home) {
				if s := got[id+"/us-east-1"]; s == nil || !s.DevEndpoints.IsKnown() {
					t.Errorf("%s was not read", id)
				}
			}
		})
	}
}
