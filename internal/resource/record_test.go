package resource_test

import (
	"encoding/json"
	"errors"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/glueguard/glueguard/internal/resource"
)

func TestRelated(t *testing.T) {
	t.Parallel()
	use := func(kind resource.Type, id string) resource.Use { return resource.Use{Type: kind, ID: id} }
	const key = resource.TypeKey
	endpoint := resource.Record{
		Type: resource.TypeDevEndpoint, ARN: "arn:dev1", ID: "dev1", Account: "1", Region: "a", State: resource.RecordKnown,
		Uses: []resource.Use{use(resource.TypeSecurityConfiguration, "sc")},
	}
	configuration := resource.Record{
		Type: resource.TypeSecurityConfiguration, ID: "sc", Account: "1", Region: "a", State: resource.RecordKnown,
		Uses: []resource.Use{use(key, "alias/x"), use(key, "alias/x"), use(key, "never-read")},
	}
	alias := resource.Record{Type: key, ARN: "arn:k", ID: "alias/x", Account: "1", Region: "a", State: resource.RecordKnown}
	whole := resource.Record{Type: key, ARN: "arn:k", ID: "k", Account: "1", Region: "a", State: resource.RecordKnown, Facts: json.RawMessage(`{}`)}
	listing := resource.Record{Type: resource.TypeMLTransform, Account: "1", Region: "a", State: resource.RecordUnknown}
	all := []resource.Record{alias, listing, configuration, whole, endpoint}
	for name, test := range map[string]struct {
		of   resource.Ref
		want []resource.Record
	}{
		"what it names, and what that names, each once": {
			resource.Ref{Type: endpoint.Type, ARN: "arn:dev1"}, []resource.Record{endpoint, configuration, alias},
		},
		"a key's facts before a note of it":    {resource.Ref{Type: key, ARN: "arn:k"}, []resource.Record{whole}},
		"a key that is not an ARN":             {resource.Ref{Type: key, ID: "alias/x", Account: "1", Region: "a"}, []resource.Record{alias}},
		"a listing that failed":                {resource.Ref{Type: listing.Type, Account: "1", Region: "a"}, []resource.Record{listing}},
		"another resource of the same name":    {resource.Ref{Type: endpoint.Type, ARN: "arn:dev2", ID: "dev1", Account: "1", Region: "a"}, nil},
		"a resource of another kind":           {resource.Ref{Type: resource.TypeMLTransform, ARN: "arn:dev1"}, nil},
		"a listing that failed somewhere else": {resource.Ref{Type: listing.Type, Account: "1", Region: "b"}, nil},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if diff := cmp.Diff(test.want, resource.Related(all, test.of)); diff != "" {
				t.Errorf("records (-want +got):\n%s", diff)
			}
		})
	}
}

func TestKeyARN(t *testing.T) {
	t.Parallel()
	here := resource.Location{Partition: "aws", Account: "111122223333", Region: "eu-west-1"}
	for ref, want := range map[string]string{
		"alias/data": "arn:aws:kms:eu-west-1:111122223333:alias/data",
		"1234-5678":  "arn:aws:kms:eu-west-1:111122223333:key/1234-5678",
		"arn:aws:kms:us-east-1:444455556666:key/k": "arn:aws:kms:us-east-1:444455556666:key/k",
	} {
		got, err := resource.KeyARN(here, ref)
		if err != nil || got.String() != want {
			t.Errorf("%s: %s, %v, want %s", ref, got, err, want)
		}
	}
	if _, err := resource.KeyARN(here, "arn:nonsense"); !errors.Is(err, resource.ErrARN) {
		t.Errorf("nonsense: %v, want ErrARN", err)
	}
}
