package control_test

import (
	"maps"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/glueguard/glueguard/internal/control"
	"github.com/glueguard/glueguard/internal/policy"
	"github.com/glueguard/glueguard/internal/resource"
)

func drawEndpoint(t *rapid.T, i int, names []string) resource.DevEndpoint {
	e := endpoint(rapid.SampledFrom(names).Draw(t, "configuration"))
	e.Name = string(rune('a' + i))
	e.ARN = here().ARN("glue", "devEndpoint/"+e.Name)
	e.Status = rapid.SampledFrom([]string{"READY", "READY", "FAILED", "PROVISIONING", "TERMINATING"}).Draw(t, "status")
	e.GlueVersion = rapid.SampledFrom([]string{"", "1.0", "3.0"}).Draw(t, "version")
	return e
}

func drawTransform(t *rapid.T, i int, names []string) resource.MLTransform {
	modes := []*resource.Encryption{nil, {}, {Mode: "DISABLED"}, {Mode: "SSE-KMS", KMSKey: keyARN}, {Mode: "SSE-KMS", KMSKey: "unread"}, {Mode: "SSE-KMS"}, {Mode: "SSE-NEW"}}
	m := transform(rapid.SampledFrom(modes).Draw(t, "user data"), rapid.SampledFrom(names).Draw(t, "task runs"))
	m.ID = "tfm-" + string(rune('a'+i))
	m.ARN = here().ARN("glue", "mlTransform/"+m.ID)
	m.Status = rapid.SampledFrom([]string{"READY", "NOT_READY", "DELETING"}).Draw(t, "status")
	return m
}

// drawSnapshot draws a location of a few resources.
func drawSnapshot(t *rapid.T) *resource.Snapshot {
	s := snapshot()
	names := append(slices.Sorted(maps.Keys(s.SecurityConfigurations)), "", "not-in-the-snapshot")
	var endpoints []resource.DevEndpoint
	var transforms []resource.MLTransform
	for i := range rapid.IntRange(0, 6).Draw(t, "endpoints") {
		endpoints = append(endpoints, drawEndpoint(t, i, names))
	}
	for i := range rapid.IntRange(0, 6).Draw(t, "transforms") {
		transforms = append(transforms, drawTransform(t, i, names))
	}
	s.DevEndpoints, s.MLTransforms = resource.Known(endpoints), resource.Known(transforms)
	return s
}

func drawPolicy(t *rapid.T) policy.Policy {
	return rapid.SampledFrom([]policy.Policy{sop(), kmsRequired(), strict()}).Draw(t, "policy")
}

// Any order of resources and of entries gives the same outcomes.
func TestOrderIsNoMatter(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		s, p := drawSnapshot(t), drawPolicy(t)
		want := control.Evaluate(s, p)
		endpoints, _ := s.DevEndpoints.Value()
		transforms, _ := s.MLTransforms.Value()
		s.DevEndpoints = resource.Known(rapid.Permutation(endpoints).Draw(t, "endpoints in another order"))
		s.MLTransforms = resource.Known(rapid.Permutation(transforms).Draw(t, "transforms in another order"))
		for _, name := range slices.Sorted(maps.Keys(s.SecurityConfigurations)) {
			c, ok := s.SecurityConfigurations[name].Value()
			if ok && len(c.S3) > 1 {
				c.S3 = rapid.Permutation(c.S3).Draw(t, name)
				s.SecurityConfigurations[name] = resource.Known(c)
			}
		}
		if diff := cmp.Diff(want, control.Evaluate(s, p)); diff != "" {
			t.Fatalf("another order gave other outcomes (-want +got):\n%s", diff)
		}
	})
}

// Making any fact unknown never turns a verdict into pass, and turns a pass only into pass or unknown; what did not
// depend on the fact stays.
func TestUnknownIsNeverPass(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		s, p := drawSnapshot(t), drawPolicy(t)
		before := control.Evaluate(s, p)
		if rapid.Bool().Draw(t, "lose a configuration") {
			name := rapid.SampledFrom(slices.Sorted(maps.Keys(s.SecurityConfigurations))).Draw(t, "lost")
			s.SecurityConfigurations[name] = resource.Unknown[resource.SecurityConfiguration](denied("glue:GetSecurityConfiguration"))
		} else {
			name := rapid.SampledFrom(slices.Sorted(maps.Keys(s.Keys))).Draw(t, "lost")
			s.Keys[name] = resource.Unknown[resource.Key](denied("kms:DescribeKey"))
		}
		after := control.Evaluate(s, p)
		for i := range before {
			b, a := before[i], after[i]
			switch {
			case b.Resource.ARN != a.Resource.ARN || b.Control != a.Control:
				t.Fatalf("outcome %d is about another resource", i)
			case a.Status == control.Pass && b.Status != control.Pass:
				t.Fatalf("%s became pass: %s -> %s", b.Resource.ARN, b.Message, a.Message)
			case a.Status != b.Status && a.Status != control.Unknown:
				t.Fatalf("%s went from %s to %s by knowing less", b.Resource.ARN, b.Status, a.Status)
			}
		}
	})
}

// A pass never rests on an unread configuration, nor under profile strict on an unread key.
func TestPassRestsOnKnownFacts(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		s, p := drawSnapshot(t), drawPolicy(t)
		for _, o := range control.Evaluate(s, p) {
			if o.Status != control.Pass {
				continue
			}
			if !o.Encryption.Mode.Encrypts() {
				t.Fatalf("pass with mode %q: %s", o.Encryption.Mode, o.Message)
			}
			if o.Control != control.MLTransform && !s.SecurityConfiguration(o.Encryption.SecurityConfiguration).IsKnown() {
				t.Fatalf("pass on an unknown configuration: %s", o.Message)
			}
			if p.Profile == policy.Strict && (o.Encryption.Mode != resource.ModeSSEKMS || !s.Key(o.Encryption.KMSKey).IsKnown() || len(keyCodes(o)) > 0) {
				t.Fatalf("strict pass: %+v", o)
			}
		}
	})
}

// keyCodes are the advisories on keys.
func keyCodes(o control.Outcome) []string {
	return slices.DeleteFunc(codes(o), func(c string) bool {
		return c != "key-unusable" && c != "key-unverified" && c != "aws-managed-key" && c != "no-key-named"
	})
}

// What only gives advisories (tags, versions, failed states) never changes a status or reason.
func TestAdvisoriesChangeNoStatus(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		s, p := drawSnapshot(t), drawPolicy(t)
		before := control.Evaluate(s, p)
		endpoints, _ := s.DevEndpoints.Value()
		for i := range endpoints {
			endpoints[i].GlueVersion = "0.9"
			endpoints[i].Tags = resource.Known(map[string]string{"aws:cloudformation:stack-name": "etl"})
			if endpoints[i].Status != "TERMINATING" {
				endpoints[i].Status = "FAILED"
			}
		}
		transforms, _ := s.MLTransforms.Value()
		for i := range transforms {
			transforms[i].GlueVersion = ""
			transforms[i].Tags = resource.Unknown[map[string]string](denied("tag:GetResources"))
		}
		for i, a := range control.Evaluate(s, p) {
			if b := before[i]; a.Status != b.Status || a.Reason != b.Reason || a.Encryption != b.Encryption {
				t.Fatalf("%s %s became %s %s", b.Status, b.Reason, a.Status, a.Reason)
			}
		}
	})
}

// A stricter profile never gives a better status.
func TestStrictIsNeverMoreLenient(t *testing.T) {
	t.Parallel()
	rank := map[control.Status]int{control.Pass: 0, control.Unknown: 1, control.Fail: 2}
	rapid.Check(t, func(t *rapid.T) {
		s := drawSnapshot(t)
		for _, pair := range [][2]policy.Policy{{sop(), kmsRequired()}, {kmsRequired(), strict()}, {sop(), strict()}} {
			lenient, strict := control.Evaluate(s, pair[0]), control.Evaluate(s, pair[1])
			for i := range lenient {
				l, r := lenient[i], strict[i]
				if l.Status == control.NotApplicable || r.Status == control.NotApplicable {
					if l.Status != r.Status {
						t.Fatalf("%s: %s and %s", l.Resource.ARN, l.Status, r.Status)
					}
					continue
				}
				if rank[r.Status] < rank[l.Status] {
					t.Fatalf("%s: the stricter policy says %s where the other says %s (%s)", l.Resource.ARN, r.Status, l.Status, l.Message)
				}
			}
		}
	})
}

// Any order of keys and of their uses gives the same outcomes, and an unknown part never gives pass.
func TestKeysInAnyOrder(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		var uses []resource.KeyUse
		for i := range rapid.IntRange(0, 6).Draw(t, "keys") {
			k := goodKey()
			k.ARN.Resource = "key/" + string(rune('a'+i))
			k.State = rapid.SampledFrom([]string{"Enabled", "Disabled", "Updating", "PendingDeletion"}).Draw(t, "state")
			k.Rotation = rapid.SampledFrom([]resource.Fact[bool]{resource.Known(true), resource.Known(false), resource.Absent[bool](), {}}).Draw(t, "rotation")
			k.Policy = rapid.SampledFrom([]resource.Fact[string]{resource.Known(ownPolicy), resource.Known("{"), {}}).Draw(t, "policy")
			known := resource.Known(k)
			if rapid.IntRange(0, 4).Draw(t, "unread") == 0 {
				known = resource.Fact[resource.Key]{}
			}
			uses = append(uses, resource.KeyUse{Ref: k.ARN.String(), Key: known, UsedIn: []resource.Location{here(), {Account: "0", Region: "eu-west-1"}}})
		}
		want := control.EvaluateKeys(uses, sop())
		if len(want) != len(uses) {
			t.Fatalf("%d outcomes for %d keys", len(want), len(uses))
		}
		uses = rapid.Permutation(uses).Draw(t, "in another order")
		for i := range uses {
			uses[i].UsedIn = rapid.Permutation(uses[i].UsedIn).Draw(t, "uses in another order")
			k, ok := uses[i].Key.Value()
			unknown := !ok || k.State == "Updating" || k.Rotation.IsUnknown() || k.Policy.IsUnknown()
			if o := control.EvaluateKeys(uses[i:i+1], sop())[0]; unknown && o.Status == control.Pass {
				t.Fatalf("pass though not all is known: %+v", uses[i])
			}
		}
		if diff := cmp.Diff(want, control.EvaluateKeys(uses, sop())); diff != "" {
			t.Fatalf("another order gave other outcomes (-want +got):\n%s", diff)
		}
	})
}
