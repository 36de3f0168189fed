package plan_test

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/glueguard/glueguard/internal/plan"
	"github.com/glueguard/glueguard/internal/resource"
)

// What is given is not changed, and what comes out shares nothing with it.
func TestProposeKeepsItsHandsOff(t *testing.T) {
	t.Parallel()
	s := with(endpoint(), rich())
	before := with(endpoint(), rich())
	i := plan.Propose(wants("SSE-S3"), s)
	step(i.Steps, "create-twin").Endpoint.Tags["team"] = "changed"
	step(i.Steps, "create-security-configuration").Configuration.CloudWatch.KMSKey = "changed"
	a, _ := before.Endpoint.Value()
	b, _ := s.Endpoint.Value()
	if diff := cmp.Diff(a, b); diff != "" {
		t.Errorf("the endpoint was changed (-before +after):\n%s", diff)
	}
	c, _ := before.Configuration.Value()
	d, _ := s.Configuration.Value()
	if diff := cmp.Diff(c, d); diff != "" {
		t.Errorf("the configuration was changed (-before +after):\n%s", diff)
	}
	if step(i.Steps, "create-replacement").Endpoint.Tags["team"] != "data" {
		t.Error("two steps share one definition")
	}
}

func TestNames(t *testing.T) {
	t.Parallel()
	id := resource.Identity{Type: resource.TypeDevEndpoint, ARN: "arn:1", Name: "etl", CreatedAt: at(0)}
	later := id
	later.CreatedAt = at(1)
	zoned := id
	zoned.CreatedAt = at(0).In(time.FixedZone("x", 3600))
	if plan.TwinName(id) == plan.TwinName(later) || plan.TwinName(id) != plan.TwinName(zoned) {
		t.Error("a twin's name must come of the very resource, and of nothing else")
	}
	if got := plan.TwinName(id); !strings.HasPrefix(got, "etl-gg-") || len(got) != len("etl-gg-")+8 {
		t.Errorf("twin: %q", got)
	}
	id.Name = strings.Repeat("ä", 127) + "x"
	for _, name := range []string{plan.TwinName(id), plan.RetiredName(id)} {
		if len(name) > 255 || strings.ToValidUTF8(name, "?") != name || !strings.Contains(name, "-gg-") {
			t.Errorf("%d bytes: %q", len(name), name)
		}
	}
	c := configuration(sseS3())
	renamed := c
	renamed.Name, renamed.CreatedAt, renamed.CloudWatch = "other", at(3), &resource.Encryption{Mode: "DISABLED"}
	if !plan.SameConfiguration(c, renamed) || plan.ConfigurationName(c) != plan.ConfigurationName(renamed) {
		t.Error("name, age and a block that is off are no content")
	}
	if got := plan.ConfigurationName(c); len(got) != len("glueguard-")+16 {
		t.Errorf("configuration: %q", got)
	}
	if plan.SameConfiguration(c, configuration(kms(keyARN))) || plan.SameConfiguration(c, configuration(sseS3(), resource.Encryption{Mode: "DISABLED"})) {
		t.Error("different contents have one name")
	}
	if plan.ConfigurationName(configuration(kms(plan.KeyPlaceholder))) != plan.ConfigurationPlaceholder {
		t.Error("a name without its key")
	}
}
