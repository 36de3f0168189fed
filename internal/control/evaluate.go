package control

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/glueguard/glueguard/internal/policy"
	"github.com/glueguard/glueguard/internal/resource"
)

// Reasons that several controls share. Each is a stable code of the audit's JSON.
const (
	BeingDeleted          Reason = "being-deleted"
	NoConfiguration       Reason = "no-security-configuration"
	ConfigurationUnread   Reason = "security-configuration-unreadable"
	ConfigurationMissing  Reason = "security-configuration-missing"
	ModeUnrecognised      Reason = "mode-unrecognised"
	BelowRequiredMode     Reason = "below-required-mode"
	ListingFailed         Reason = "listing-failed"
	EncryptedSSES3        Reason = "sse-s3"
	EncryptedSSEKMS       Reason = "sse-kms"
	S3EncryptionAbsent    Reason = "s3-encryption-absent"
	S3EncryptionDisabled  Reason = "s3-encryption-disabled"
	LogEncryptionAbsent   Reason = "log-encryption-absent"
	LogEncryptionDisabled Reason = "log-encryption-disabled"
	TaskRunOnly           Reason = "task-run-encryption-only"
	UserDataDisabled      Reason = "user-data-encryption-disabled"
)

// Evaluate judges one location: each dev endpoint and ML transform by each control that is selected (see Selected).
// A listing that could not be read gives one unknown outcome per control on its resources, unless the service is not
// there or the read was never meant to be (unsupported, skipped, excluded): coverage alone shows those. The key control
// is judged over the whole estate by EvaluateKeys. Outcomes are sorted by control, resource and text, whatever the order
// of the facts.
func Evaluate(s *resource.Snapshot, p policy.Policy, only ...ID) []Outcome {
	endpoints, _ := s.DevEndpoints.Value()
	transforms, _ := s.MLTransforms.Value()
	outcomes := make([]Outcome, 0, 2*len(endpoints)+len(transforms)+3)
	for _, c := range Selected(p, only...) {
		switch c.ID {
		case DevEndpointS3:
			outcomes = each(outcomes, c, s, s.DevEndpoints, "development endpoints", judgeEndpointS3, p)
		case DevEndpointLogs:
			outcomes = each(outcomes, c, s, s.DevEndpoints, "development endpoints", judgeEndpointLogs, p)
		case MLTransform:
			outcomes = each(outcomes, c, s, s.MLTransforms, "ML transforms", judgeTransform, p)
		case KeyManagement: // over the whole estate: EvaluateKeys
		}
	}
	return sorted(outcomes)
}

// sorted orders outcomes by way of pointers: an outcome is too large to be moved about.
func sorted(outcomes []Outcome) []Outcome {
	order := make([]*Outcome, len(outcomes))
	for i := range outcomes {
		order[i] = &outcomes[i]
	}
	slices.SortFunc(order, compare)
	result := make([]Outcome, len(outcomes))
	for i, o := range order {
		result[i] = *o
	}
	return result
}

// each appends the outcome of every resource of a listing.
func each[T any](outcomes []Outcome, c Control, s *resource.Snapshot, listing resource.Fact[[]T], what string,
	judge func(*resource.Snapshot, *T, policy.Policy) Outcome, p policy.Policy,
) []Outcome {
	if listing.IsUnknown() {
		return append(outcomes, unlisted(c, s.Location, listing.Failure(), what)...)
	}
	items, _ := listing.Value()
	for i := range items {
		o := judge(s, &items[i], p)
		o.Control, o.Severity = c.ID, c.Severity
		outcomes = append(outcomes, o)
	}
	return outcomes
}

// unlisted is the outcome of a control whose resources could not be listed.
func unlisted(c Control, l resource.Location, f resource.Failure, what string) []Outcome {
	switch f.Class {
	case resource.Unsupported, resource.Skipped, resource.Excluded:
		return nil
	}
	place := "account " + l.Account
	if l.Region != "" {
		place += " in " + l.Region
	}
	return []Outcome{{
		Control: c.ID, Status: Unknown, Reason: ListingFailed, Severity: c.Severity,
		Message:    fmt.Sprintf("The %s of %s could not be listed: %s.", what, place, failed(f)),
		Resource:   resource.Ref{Type: c.Type, Account: l.Account, Region: l.Region, Tags: map[string]string{}},
		Advisories: []Advisory{},
	}}
}

// failed says what failed, in one clause without a full stop.
func failed(f resource.Failure) string {
	text := cmp.Or(f.Operation, "a read") + " was not completed"
	switch f.Class {
	case resource.Denied:
		text = f.Operation + " was denied"
	case resource.Throttled:
		text = f.Operation + " was throttled until the retries ended"
	case resource.Excluded:
		text = f.Operation + " was not answered, which the policy accepts"
	case resource.Interrupted:
		text = cmp.Or(f.Operation, "the audit") + " was interrupted"
	case resource.Errored:
		text = cmp.Or(f.Operation, "a read") + " failed"
	}
	if f.Code != "" {
		return fmt.Sprintf("%s (%s, %s)", text, f.Class, f.Code)
	}
	return fmt.Sprintf("%s (%s)", text, f.Class)
}

// compare orders outcomes completely, so that the order of the input is no matter.
func compare(a, b *Outcome) int {
	x, y := &a.Resource, &b.Resource
	if c := cmp.Or(strings.Compare(x.Account, y.Account), strings.Compare(x.Region, y.Region)); c != 0 {
		return c
	}
	if c := strings.Compare(string(a.Control), string(b.Control)); c != 0 {
		return c
	}
	if c := strings.Compare(x.ARN, y.ARN); c != 0 {
		return c
	}
	return compareRest(a, b) // hardly ever reached: two outcomes of one control on one ARN, or without one
}

func compareRest(a, b *Outcome) int {
	return cmp.Or(
		cmp.Compare(a.Resource.ID, b.Resource.ID), cmp.Compare(a.Resource.Name, b.Resource.Name),
		cmp.Compare(a.Status, b.Status), cmp.Compare(a.Reason, b.Reason), cmp.Compare(a.Message, b.Message),
		compareTags(a.Resource.Tags, b.Resource.Tags),
		slices.CompareFunc(a.Advisories, b.Advisories, func(x, y Advisory) int {
			return cmp.Or(cmp.Compare(x.Code, y.Code), cmp.Compare(x.Message, y.Message))
		}),
	)
}

func compareTags(a, b map[string]string) int {
	if maps.Equal(a, b) {
		return 0
	}
	flat := func(m map[string]string) []string {
		var all []string
		for _, k := range slices.Sorted(maps.Keys(m)) {
			all = append(all, k, m[k])
		}
		return all
	}
	return slices.Compare(flat(a), flat(b))
}

// ref names a resource of the snapshot's location. Tags that could not be read are shown as none.
func ref(s *resource.Snapshot, t resource.Type, arn resource.ARN, id, name string, tags resource.Fact[map[string]string]) resource.Ref {
	r := resource.Ref{Type: t, ARN: arn.String(), ID: id, Name: name, Account: s.Location.Account, Region: s.Location.Region}
	r.Tags, _ = tags.Value() // shared with the snapshot: nobody changes either
	if r.Tags == nil {
		r.Tags = map[string]string{}
	}
	return r
}
