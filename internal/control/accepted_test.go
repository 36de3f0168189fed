package control_test

import (
	"testing"

	"github.com/glueguard/glueguard/internal/control"
	"github.com/glueguard/glueguard/internal/policy"
	"github.com/glueguard/glueguard/internal/resource"
)

// TestAcceptedReads has the facts that a verdict rests on excluded by the policy, alone and beside others.
func TestAcceptedReads(t *testing.T) {
	t.Parallel()
	excluded := resource.Failure{Operation: "kms:DescribeKey", Class: resource.Excluded, Code: "AccessDeniedException", Message: "closed"}
	throttled := resource.Failure{Operation: "kms:DescribeKey", Class: resource.Throttled}
	const first, second = "arn:aws:kms:eu-west-1:111122223333:key/1", "arn:aws:kms:eu-west-1:111122223333:key/2"
	sealed := func(keys ...string) resource.Fact[resource.SecurityConfiguration] {
		c := resource.SecurityConfiguration{Name: "c"}
		for _, k := range keys {
			c.S3 = append(c.S3, resource.Encryption{Mode: resource.ModeSSEKMS, KMSKey: k})
		}
		return resource.Known(c)
	}
	unread := func(f resource.Failure) resource.Fact[resource.Key] { return resource.Unknown[resource.Key](f) }
	for name, c := range map[string]struct {
		configuration resource.Fact[resource.SecurityConfiguration]
		keys          map[string]resource.Fact[resource.Key]
		profile       policy.Profile
		status        control.Status
		accepted      bool
	}{
		"configuration":                 {resource.Unknown[resource.SecurityConfiguration](excluded), nil, policy.SOP, control.Unknown, true},
		"configuration throttled":       {resource.Unknown[resource.SecurityConfiguration](throttled), nil, policy.SOP, control.Unknown, false},
		"a key, which sop does not ask": {sealed(first), map[string]resource.Fact[resource.Key]{first: unread(excluded)}, policy.SOP, control.Pass, false},
		"a key that strict asks for":    {sealed(first), map[string]resource.Fact[resource.Key]{first: unread(excluded)}, policy.Strict, control.Unknown, true},
		"one of two keys": {
			sealed(first, second),
			map[string]resource.Fact[resource.Key]{first: unread(excluded), second: unread(throttled)},
			policy.Strict, control.Unknown, false,
		},
		"one key accepted, the other gone": {
			sealed(first, second),
			map[string]resource.Fact[resource.Key]{first: unread(excluded), second: resource.Absent[resource.Key]()},
			policy.Strict, control.Fail, false,
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := &resource.Snapshot{
				Location:               here(),
				DevEndpoints:           resource.Known([]resource.DevEndpoint{{Name: "d", Status: "READY", SecurityConfiguration: "c"}}),
				SecurityConfigurations: map[string]resource.Fact[resource.SecurityConfiguration]{"c": c.configuration},
				Keys:                   c.keys,
			}
			o := control.Evaluate(s, policy.Default(c.profile), control.DevEndpointS3)[0]
			if o.Status != c.status || o.Accepted() != c.accepted {
				t.Errorf("%s, accepted %t, want %s, %t: %s", o.Status, o.Accepted(), c.status, c.accepted, o.Message)
			}
			if advice := control.RemedyOf(o).Advice; c.accepted && advice != "" {
				t.Errorf("something is to be done about what is accepted: %s", advice)
			}
		})
	}
}
