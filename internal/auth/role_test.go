package auth_test

import (
	"context"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/glueguard/glueguard/internal/auth"
)

// TestRoles says who may do what: whoever changes a role must change this table.
func TestRoles(t *testing.T) {
	t.Parallel()
	may := map[auth.Permission]string{
		auth.See:           "viewer operator approver administrator",
		auth.ManageAccount: "viewer operator approver administrator",
		auth.Audit:         "operator administrator",
		auth.Propose:       "operator administrator",
		auth.Run:           "operator administrator",
		auth.Decide:        "approver administrator",
		auth.SeeTrail:      "approver administrator",
		auth.Schedule:      "administrator",
		auth.ManageUsers:   "administrator",
		"anything else":    "",
	}
	for permission, want := range may {
		var got []string
		for _, r := range auth.Roles() {
			if (auth.Principal{Roles: []auth.Role{r}}).May(permission) {
				got = append(got, string(r))
			}
		}
		if diff := cmp.Diff(want, strings.Join(got, " ")); diff != "" {
			t.Errorf("%s (-want +got):\n%s", permission, diff)
		}
		for name, p := range map[string]auth.Principal{"nobody": {}, "a role that is none": {Roles: []auth.Role{"root", ""}}} {
			if p.May(permission) {
				t.Errorf("%s may %s", name, permission)
			}
		}
	}
	if _, ok := auth.From(context.Background()); ok {
		t.Error("nobody has signed in, but somebody is there")
	}
}
