package verify_test

import (
	"errors"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/glueguard/glueguard/internal/resource"
	"github.com/glueguard/glueguard/internal/verify"
)

// TestUsable looks at a twin right before the original is deleted: a second one must still be possible.
func TestUsable(t *testing.T) {
	t.Parallel()
	unread := func(class resource.FailureClass) resource.Failure {
		return resource.Failure{Operation: "kms:DescribeKey", Class: class}
	}
	state := func(state string) resource.Fact[resource.Key] { return resource.Known(resource.Key{State: state}) }
	const role = "arn:aws:iam::111122223333:role/glue"
	tests := map[string]struct {
		key     resource.Fact[resource.Key]
		role    resource.Fact[string]
		differs []string
		unread  bool
	}{
		"all serves":        {state("Enabled"), resource.Known(role), []string{}, false},
		"key disabled":      {state("Disabled"), resource.Known(role), []string{"encryption.kms_key_state"}, false},
		"key to be deleted": {state("PendingDeletion"), resource.Known(role), []string{"encryption.kms_key_state"}, false},
		"key gone":          {resource.Absent[resource.Key](), resource.Known(role), []string{"encryption.kms_key_state"}, false},
		"role gone":         {state("Enabled"), resource.Absent[string](), []string{"role_arn"}, false},
		"may not be read":   {resource.Unknown[resource.Key](unread(resource.Denied)), resource.Unknown[string](unread(resource.Denied)), []string{}, false},
		"could not be read": {resource.Unknown[resource.Key](unread(resource.Errored)), resource.Known(role), nil, true},
		"role not read":     {state("Enabled"), resource.Unknown[string](unread(resource.Errored)), nil, true},
	}
	for name, tt := range tests {
		for kind, p := range map[string]promised{"endpoint": endpointPromise(byWorkers()), "transform": transformPromise(transformByWorkers())} {
			t.Run(name+", "+kind, func(t *testing.T) {
				t.Parallel()
				p.world.keys = map[string]resource.Fact[resource.Key]{key: tt.key}
				p.world.roles = map[string]resource.Fact[string]{role: tt.role}
				if got := p.attributes(t); len(got) > 0 {
					t.Errorf("without being asked: %v", got)
				}
				p.step.Promise.Usable = true
				if tt.unread {
					var e *verify.UnreadError
					if _, err := p.verify(t); !errors.As(err, &e) {
						t.Errorf("got %v, want *UnreadError", err)
					}
					return
				}
				if d := cmp.Diff(tt.differs, p.attributes(t)); d != "" {
					t.Errorf("(-want +got):\n%s", d)
				}
			})
		}
	}
}
