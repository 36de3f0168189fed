package storetest

import (
	"context"
	"encoding/json"
	"errors"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/glueguard/glueguard/internal/resource"
	"github.com/glueguard/glueguard/internal/store"
)

func factsError(ctx context.Context, s store.Store) error {
	_, err := s.Facts(ctx, "none", resource.Ref{})
	return err
}

func policyError(ctx context.Context, s store.Store) error {
	_, err := s.Policy(ctx, "sha256:none")
	return err
}

// factRecord makes a known record.
func factRecord(t resource.Type, account, region, id string, uses ...resource.Use) resource.Record {
	r := resource.Record{
		Type: t, ID: id, Name: id, Account: account, Region: region, State: resource.RecordKnown, Uses: uses,
		Facts: json.RawMessage(`{"name":"` + id + `","tags":{"team":"<data> & co"}}`),
	}
	if t == resource.TypeDevEndpoint {
		r.ARN = location(account, region).ARN("glue", "devEndpoint/"+id).String()
	}
	return r
}

// keyRecord makes a record of a key where the key is.
func keyRecord(account, region, id string) resource.Record {
	r := factRecord(resource.TypeKey, account, region, id)
	r.ARN = location(account, region).ARN("kms", "key/"+id).String()
	return r
}

// keyNote makes a location's record of how the reading of a key went.
func keyNote(account, region, ref string, key resource.Record) resource.Record {
	return resource.Record{Type: resource.TypeKey, ARN: key.ARN, ID: ref, Account: account, Region: region, State: resource.RecordKnown}
}

func names(t resource.Type, id string) resource.Use { return resource.Use{Type: t, ID: id} }

func unread(t resource.Type, account, region, id string) resource.Record {
	return resource.Record{
		Type: t, ID: id, Account: account, Region: region, State: resource.RecordUnknown,
		Failure: &resource.Failure{Operation: "glue:Get", Class: resource.Denied, Code: "AccessDeniedException", Message: "no"},
	}
}

func facts(t testing.TB, s store.Store, id string) (list []resource.Record) {
	t.Helper()
	must(t, s.EachFacts(t.Context(), id, func(r resource.Record) error { list = append(list, r); return nil }))
	return list
}

func factsComeBack(t *testing.T, s store.Store) {
	here, there := location("1", "a"), location("2", "a")
	configuration := factRecord(resource.TypeSecurityConfiguration, "1", "a", "sc")
	endpoint := factRecord(resource.TypeDevEndpoint, "1", "a", "dev1", names(resource.TypeSecurityConfiguration, "sc"))
	listing := unread(resource.TypeMLTransform, "2", "a", "")
	key := keyRecord("2", "a", "k")
	a := write(t, s, head(1),
		store.Part{Location: there, Facts: []resource.Record{listing}},
		store.Part{Location: here, Facts: []resource.Record{configuration, endpoint}},
		store.Part{Location: location("1", "b")},
		store.Part{Location: there, Facts: []resource.Record{key}})
	write(t, s, head(2), store.Part{Location: here, Facts: []resource.Record{factRecord(resource.TypeDevEndpoint, "1", "a", "later")}})
	want := []resource.Record{endpoint, configuration, listing, key}
	if d := cmp.Diff(want, facts(t, s, a.ID)); d != "" {
		t.Errorf("facts (-want +got):\n%s", d)
	}
	stop := errors.New("stop")
	if err := s.EachFacts(t.Context(), a.ID, func(resource.Record) error { return stop }); !errors.Is(err, stop) {
		t.Errorf("%v, want the callback's error", err)
	}
}

func factsOfOne(t *testing.T, s store.Store) {
	here := location("1", "a")
	away, unseen := keyRecord("2", "b", "away"), keyRecord("2", "b", "unseen")
	configuration := factRecord(resource.TypeSecurityConfiguration, "1", "a", "sc",
		names(resource.TypeKey, "alias/x"), names(resource.TypeKey, away.ARN), names(resource.TypeKey, unseen.ARN))
	endpoint := factRecord(resource.TypeDevEndpoint, "1", "a", "dev1", names(resource.TypeSecurityConfiguration, "sc"))
	denied := unread(resource.TypeKey, "1", "a", "alias/x")
	listing := unread(resource.TypeMLTransform, "1", "a", "")
	note := keyNote("1", "a", unseen.ARN, unseen)
	a := write(t, s, head(1),
		store.Part{Location: here, Facts: []resource.Record{
			configuration, factRecord(resource.TypeSecurityConfiguration, "1", "a", "other"), factRecord(resource.TypeDevEndpoint, "1", "a", "dev2"), endpoint,
			listing, denied, keyNote("1", "a", away.ARN, away), note,
		}},
		store.Part{Location: location("2", "b"), Facts: []resource.Record{away, factRecord(resource.TypeDevEndpoint, "2", "b", "dev1")}})
	of := func(r resource.Record) resource.Ref {
		return resource.Ref{Type: r.Type, ARN: r.ARN, ID: r.ID, Name: r.Name, Account: r.Account, Region: r.Region}
	}
	for name, test := range map[string]struct {
		of   resource.Ref
		want []resource.Record
	}{
		"an endpoint, with all it names":   {of(endpoint), []resource.Record{endpoint, configuration, denied, away, note}},
		"a listing that failed":            {resource.Ref{Type: resource.TypeMLTransform, Account: "1", Region: "a"}, []resource.Record{listing}},
		"a key":                            {of(away), []resource.Record{away}},
		"a resource that was never seen":   {of(factRecord(resource.TypeDevEndpoint, "1", "a", "none")), nil},
		"a location that was never read":   {of(factRecord(resource.TypeDevEndpoint, "9", "z", "dev1")), nil},
		"a listing that did not fail here": {resource.Ref{Type: resource.TypeDevEndpoint, Account: "1", Region: "a"}, nil},
	} {
		got, err := s.Facts(t.Context(), a.ID, test.of)
		if err != nil {
			t.Errorf("%s: %v", name, err)
		}
		if d := cmp.Diff(test.want, got); d != "" {
			t.Errorf("%s (-want +got):\n%s", name, d)
		}
	}
}

func policies(t *testing.T, s store.Store) {
	for i, document := range []string{`{"a":1}`, `{"a":1}`, ``} {
		a := head(i)
		a.PolicyDocument = []byte(document)
		if i == 2 {
			a.PolicyDigest = "sha256:2"
		}
		must(t, s.BeginAudit(t.Context(), a))
	}
	got, err := s.Policy(t.Context(), "sha256:0")
	must(t, err)
	if string(got) != `{"a":1}` {
		t.Errorf("the policy came back as %s", got)
	}
	if _, err := s.Policy(t.Context(), "sha256:2"); !errors.Is(err, store.ErrNotFound) {
		t.Errorf("a policy without a document: %v, want ErrNotFound", err)
	}
}
