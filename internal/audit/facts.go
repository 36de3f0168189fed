package audit

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"

	"github.com/glueguard/glueguard/internal/redact"
	"github.com/glueguard/glueguard/internal/resource"
)

// recorder writes down the facts that verdicts rest on, without what is secret in them. What else AWS knows of an
// endpoint that may hold secrets, such as its public keys and arguments, is not read by an audit in the first place.
type recorder struct {
	rules *redact.Rules
}

// endpointFacts, transformFacts and keyFacts are the members of such resources. What could not be read of one says why
// beside it.
type endpointFacts struct {
	resource.DevEndpoint
	tagFacts
}

type transformFacts struct {
	resource.MLTransform
	tagFacts
}

type tagFacts struct {
	Tags   map[string]string `json:"tags"`
	Unread *resource.Failure `json:"tags_unread,omitempty"`
}

type keyFacts struct {
	resource.Key
	Rotation       *bool             `json:"rotation"` // null: it can't rotate, or could not be read
	RotationUnread *resource.Failure `json:"rotation_unread,omitempty"`
	Policy         *string           `json:"policy"` // null: it has none to be seen, or could not be read
	PolicyUnread   *resource.Failure `json:"policy_unread,omitempty"`
}

// location records a snapshot: its resources, the configurations that they name, and how the reading of the keys went.
func (r recorder) location(s *resource.Snapshot) ([]resource.Record, error) {
	var records []resource.Record
	var failed error
	add := func(rec resource.Record, facts any) {
		rec.Account, rec.Region = s.Location.Account, s.Location.Region
		if err := r.fill(&rec, facts); err != nil && failed == nil {
			failed = err
		}
		records = append(records, rec)
	}
	endpoints, _ := s.DevEndpoints.Value()
	for i := range endpoints {
		add(r.endpoint(&endpoints[i]))
	}
	if s.DevEndpoints.IsUnknown() && asked(s.DevEndpoints.Failure()) {
		add(r.unread(resource.Record{Type: resource.TypeDevEndpoint}, s.DevEndpoints.Failure()), nil)
	}
	transforms, _ := s.MLTransforms.Value()
	for i := range transforms {
		add(r.transform(&transforms[i]))
	}
	if s.MLTransforms.IsUnknown() && asked(s.MLTransforms.Failure()) {
		add(r.unread(resource.Record{Type: resource.TypeMLTransform}, s.MLTransforms.Failure()), nil)
	}
	for _, name := range slices.Sorted(maps.Keys(s.SecurityConfigurations)) {
		fact := s.SecurityConfigurations[name]
		rec, facts := state(r, resource.Record{Type: resource.TypeSecurityConfiguration, ID: name, Name: name}, fact)
		if c, ok := fact.Value(); ok {
			rec.Uses = keyUses(c.KeyRefs()...)
		}
		add(rec, facts)
	}
	for _, ref := range slices.Sorted(maps.Keys(s.Keys)) {
		rec, _ := state(r, resource.Record{Type: resource.TypeKey, ID: ref}, s.Keys[ref])
		if k, ok := s.Keys[ref].Value(); ok {
			rec.ARN = k.ARN.String()
		} else if arn, err := resource.KeyARN(s.Location, ref); err == nil {
			rec.ARN = arn.String()
		}
		add(rec, nil)
	}
	return records, failed
}

// asked tells whether a listing was asked for: one that no control needs was never read.
func asked(f resource.Failure) bool { return f.Operation != "" }

func (r recorder) endpoint(d *resource.DevEndpoint) (resource.Record, any) {
	rec := resource.Record{Type: resource.TypeDevEndpoint, ARN: d.ARN.String(), ID: d.Name, Name: d.Name, State: resource.RecordKnown}
	rec.Uses = configurationUse(d.SecurityConfiguration)
	facts := endpointFacts{DevEndpoint: *d, tagFacts: r.tags(d.Tags)}
	facts.FailureReason = r.text(d.FailureReason)
	return rec, facts
}

func (r recorder) transform(m *resource.MLTransform) (resource.Record, any) {
	rec := resource.Record{Type: resource.TypeMLTransform, ARN: m.ARN.String(), ID: m.ID, Name: m.Name, State: resource.RecordKnown}
	rec.Uses = configurationUse(m.TaskRunSecurityConfiguration)
	if m.UserData != nil {
		rec.Uses = append(rec.Uses, keyUses(m.UserData.KMSKey)...)
	}
	return rec, transformFacts{MLTransform: *m, tagFacts: r.tags(m.Tags)}
}

// key records a key of the estate where it is: its place is that of its finding.
func (r recorder) key(u resource.KeyUse, place resource.Ref) (resource.Record, error) {
	rec, _ := state(r, resource.Record{
		Type: resource.TypeKey, ARN: place.ARN, ID: place.ID, Account: place.Account, Region: place.Region,
	}, u.Key)
	k, ok := u.Key.Value()
	if !ok {
		return rec, nil
	}
	facts := keyFacts{Key: k}
	if on, ok := k.Rotation.Value(); ok {
		facts.Rotation = &on
	}
	if text, ok := k.Policy.Value(); ok {
		text = r.text(text)
		facts.Policy = &text
	}
	facts.RotationUnread, facts.PolicyUnread = failure(r, k.Rotation), failure(r, k.Policy)
	return rec, r.fill(&rec, facts)
}

func configurationUse(name string) []resource.Use {
	if name == "" {
		return nil
	}
	return []resource.Use{{Type: resource.TypeSecurityConfiguration, ID: name}}
}

func keyUses(refs ...string) []resource.Use {
	var uses []resource.Use
	for _, ref := range refs {
		if ref != "" {
			uses = append(uses, resource.Use{Type: resource.TypeKey, ID: ref})
		}
	}
	return uses
}

// state says in a record how the reading of a fact ended, and returns the facts of one that is known.
func state[T any](r recorder, rec resource.Record, fact resource.Fact[T]) (resource.Record, any) {
	value, ok := fact.Value()
	switch {
	case ok:
		rec.State = resource.RecordKnown
		return rec, value
	case fact.IsAbsent():
		rec.State = resource.RecordAbsent
		return rec, nil
	}
	return r.unread(rec, fact.Failure()), nil
}

func (r recorder) unread(rec resource.Record, f resource.Failure) resource.Record {
	f.Message = r.text(f.Message)
	rec.State, rec.Failure = resource.RecordUnknown, &f
	return rec
}

func failure[T any](r recorder, fact resource.Fact[T]) *resource.Failure {
	if !fact.IsUnknown() {
		return nil
	}
	f := fact.Failure()
	f.Message = r.text(f.Message)
	return &f
}

func (r recorder) fill(rec *resource.Record, facts any) error {
	if facts == nil {
		return nil
	}
	var err error
	if rec.Facts, err = json.Marshal(facts); err != nil {
		return fmt.Errorf("pack the facts of %s %s: %w", rec.Type, rec.ID, err)
	}
	return nil
}

const leftOut = redact.Left + ")"

func (r recorder) text(s string) string {
	if s == "" {
		return s
	}
	return r.rules.Text(s, func(string) string { return leftOut })
}

// clean takes out of a snapshot's tags what looks like a secret, before they come into outcomes and records: reports are
// shown to many.
func (r recorder) clean(s *resource.Snapshot) {
	endpoints, _ := s.DevEndpoints.Value()
	for i := range endpoints {
		if tags, ok := endpoints[i].Tags.Value(); ok {
			endpoints[i].Tags = resource.Known(r.rules.Tags(tags))
		}
	}
	transforms, _ := s.MLTransforms.Value()
	for i := range transforms {
		if tags, ok := transforms[i].Tags.Value(); ok {
			transforms[i].Tags = resource.Known(r.rules.Tags(tags))
		}
	}
}

func (r recorder) tags(fact resource.Fact[map[string]string]) tagFacts {
	tags, ok := fact.Value()
	if !ok {
		return tagFacts{Unread: failure(r, fact)}
	}
	return tagFacts{Tags: tags}
}
