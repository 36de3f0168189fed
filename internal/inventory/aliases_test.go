package inventory

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/glueguard/glueguard/internal/resource"
	"github.com/glueguard/glueguard/internal/sandbox"
)

// TestAliases looks each key of the small scenario up by its ARN and by its id, and compares with the list of all keys.
func TestAliases(t *testing.T) {
	t.Parallel()
	here := resource.Location{Partition: "aws", Account: "111111111111", Region: "us-east-1"}
	s, _ := onSandbox(t, sandbox.Options{Scenario: "small"})
	i := NewInspector(s.session)
	keys, err := i.Keys(t.Context(), here)
	if err != nil {
		t.Fatal(err)
	}
	named := 0
	for _, k := range keys {
		want, _ := k.Aliases.Value()
		named += len(want)
		for _, ref := range []string{k.ARN, k.ARN[strings.LastIndex(k.ARN, "/")+1:]} {
			got, err := i.Aliases(t.Context(), here, ref)
			if diff := cmp.Diff(want, got); diff != "" || err != nil {
				t.Errorf("%s: %v %s", ref, err, diff)
			}
		}
	}
	if named == 0 {
		t.Errorf("none of %d keys has a name", len(keys))
	}
	if names, err := i.Aliases(t.Context(), here, "00000000-0000-4000-8000-000000000000"); err == nil {
		t.Errorf("a key that there is not has the names %q", names)
	}
}

func TestAliasesDenied(t *testing.T) {
	t.Parallel()
	s, _ := onSandbox(t, sandbox.Options{Scenario: "small", Faults: []sandbox.Fault{{Operation: "kms:ListAliases", Error: "AccessDeniedException", Status: 400}}})
	_, err := NewInspector(s.session).Aliases(t.Context(), resource.Location{Partition: "aws", Account: "111111111111", Region: "us-east-1"}, "k")
	if err == nil || !strings.Contains(err.Error(), "AccessDenied") {
		t.Error(err)
	}
}
