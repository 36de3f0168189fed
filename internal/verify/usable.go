package verify

import (
	"context"
	"fmt"
	"slices"

	"github.com/glueguard/glueguard/internal/change"
	"github.com/glueguard/glueguard/internal/resource"
)

// usable says what of that on which a promise rests is of no more use: its keys, and its role. Another resource is to be
// made with them, or what is there is to stay for good.
func (v *Verifier) usable(ctx context.Context, t target) ([]change.Difference, error) {
	var l list
	for _, arn := range t.keys() {
		fact := v.reader.Key(ctx, t.change.Head.Item.Location, arn)
		if known, err := looked(fact, "key "+arn); err != nil {
			return nil, err
		} else if !known {
			continue
		}
		state := "gone"
		if key, ok := fact.Value(); ok {
			state = key.State
		}
		if state != "Enabled" {
			l.same("encryption.kms_key_state", "Enabled", fmt.Sprintf("%s (%s)", state, arn))
		}
	}
	role := t.roleARN()
	fact := v.reader.Role(ctx, t.change.Head.Item.Location, role)
	if _, err := looked(fact, "role "+role); err != nil {
		return nil, err
	}
	if fact.IsAbsent() {
		l.same("role_arn", role, "gone")
	}
	return l, nil
}

// looked tells whether something was read. That the caller may not read it is no obstacle: preflight said so, somebody
// accepted it, and what is to stay was made with it. A read that failed otherwise says nothing, and is tried again.
func looked[T any](fact resource.Fact[T], what string) (bool, error) {
	if !fact.IsUnknown() {
		return true, nil
	}
	f := fact.Failure()
	if f.Class == resource.Denied || f.Class == resource.Skipped {
		return false, nil
	}
	return false, &UnreadError{What: what, Failure: f}
}

// keys are those that the promised encryption uses, of data and of logs.
func (t target) keys() []string {
	keys, name := []string{t.promise.KMSKey}, ""
	switch {
	case t.promise.Endpoint != nil:
		name = t.promise.Endpoint.SecurityConfiguration
	case t.promise.Transform != nil:
		name = t.promise.Transform.TaskRunSecurityConfiguration
	}
	if c, ok := content(t.change, name); ok {
		for _, e := range append(slices.Clone(c.S3), deref(c.CloudWatch)) {
			if e.Mode == resource.ModeSSEKMS {
				keys = append(keys, e.KMSKey)
			}
		}
	}
	slices.Sort(keys)
	return slices.DeleteFunc(slices.Compact(keys), func(arn string) bool { return arn == "" })
}

func (t target) roleARN() string {
	if t.promise.Endpoint != nil {
		return t.promise.Endpoint.RoleARN
	}
	return t.promise.Transform.RoleARN
}
