package inventory

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/glueguard/glueguard/internal/awsapi"
	"github.com/glueguard/glueguard/internal/resource"
)

// TestLabelsBesideTheirImport looks for a place for labels where none is named.
func TestLabelsBesideTheirImport(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		named, fault string
		want         resource.Fact[string]
	}{
		"none is named":        {want: resource.Known("s3://glue-labels-111111111111-us-east-1/labels/glueguard/")},
		"one is named":         {named: "s3://glue-labels-111111111111-us-east-1/here/", want: resource.Absent[string]()},
		"imports are denied":   {fault: `{"operation":"glue:GetMLTaskRuns","error":"AccessDeniedException","status":403,"after":1}`},
		"the bucket is denied": {fault: `{"operation":"s3:HeadBucket","error":"AccessDenied","status":403}`},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			i, server := inspecting(t)
			target := usedTransform(t, i)
			target.LabelsS3 = c.named
			if c.fault != "" {
				control(t, server, "faults", c.fault)
			}
			s := inspect(t, i, target)[0]
			if c.fault != "" {
				if !s.LabelsBeside.IsUnknown() || s.LabelsBeside.Failure().Class != resource.Denied {
					t.Errorf("got %+v", s.LabelsBeside)
				}
				return
			}
			if diff := cmp.Diff(c.want, s.LabelsBeside, snapshotOptions); diff != "" {
				t.Errorf("-want +got:\n%s", diff)
			}
			if b, ok := s.Labels.Value(); !ok || b.Name == "" {
				t.Errorf("the bucket is %+v", s.Labels)
			}
		})
	}
}

// TestOnlyTheAccountsOwnBucket takes no bucket whose name somebody else has by now.
func TestOnlyTheAccountsOwnBucket(t *testing.T) {
	t.Parallel()
	i, _ := inspecting(t)
	own := newInspection(i, nil).site(t.Context(), here())
	if own.err != nil {
		t.Fatal(own.err)
	}
	place := *own.place
	place.Location.Account = "222222222222"
	others := &site{inspection: own.inspection, id: own.id, account: own.account, place: &place}
	for name, c := range map[string]struct {
		of     *site
		bucket string
		class  resource.FailureClass
	}{
		"its own":            {own, "glue-labels-111111111111-us-east-1", ""},
		"of another account": {others, "glue-labels-111111111111-us-east-1", resource.Denied},
		"gone":               {own, "gone-long-ago", resource.Errored},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			err := c.of.owns(t.Context(), c.bucket)
			if (err != nil) != (c.class != "") || err != nil && awsapi.Classify(err, opHeadBucket).Class != c.class {
				t.Errorf("got %v", err)
			}
		})
	}
}

func TestBeside(t *testing.T) {
	t.Parallel()
	for path, want := range map[string]string{
		"s3://b/labels/people.csv":         "s3://b/labels/glueguard/",
		"s3://b/labels/":                   "s3://b/glueguard/",
		"s3://b/labels/2024/":              "s3://b/labels/glueguard/",
		"s3://b/people.csv":                "s3://b/glueguard/",
		"s3://b/":                          "s3://b/glueguard/",
		"s3://b":                           "s3://b/glueguard/",
		"s3://b/labels/glueguard/tfm/1/c/": "s3://b/labels/glueguard/",
		"s3a://b/labels/people.csv":        "s3a://b/labels/glueguard/",
	} {
		if got := beside(path); got != want {
			t.Errorf("beside %s is %s, not %s", path, got, want)
		}
	}
}
