package resource_test

import (
	"errors"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/glueguard/glueguard/internal/resource"
)

func TestParseARN(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		in   string
		want resource.ARN
	}{
		"dev endpoint": {
			"arn:aws:glue:eu-west-1:111122223333:devEndpoint/dev1",
			resource.ARN{Partition: "aws", Service: "glue", Region: "eu-west-1", Account: "111122223333", Resource: "devEndpoint/dev1"},
		},
		"resource with colons": {
			"arn:aws:logs:eu-west-1:111122223333:log-group:/aws-glue/jobs:*",
			resource.ARN{Partition: "aws", Service: "logs", Region: "eu-west-1", Account: "111122223333", Resource: "log-group:/aws-glue/jobs:*"},
		},
		"global service": {
			"arn:aws-cn:iam::111122223333:root",
			resource.ARN{Partition: "aws-cn", Service: "iam", Account: "111122223333", Resource: "root"},
		},
		"no region and no account": {
			"arn:aws:s3:::bucket/key",
			resource.ARN{Partition: "aws", Service: "s3", Resource: "bucket/key"},
		},
		"slashes": {
			"arn:aws:iam::111122223333:role/service/path/R",
			resource.ARN{Partition: "aws", Service: "iam", Account: "111122223333", Resource: "role/service/path/R"},
		},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got, err := resource.ParseARN(test.in)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(test.want, got); diff != "" {
				t.Errorf("ParseARN (-want +got):\n%s", diff)
			}
			if got.String() != test.in {
				t.Errorf("String() = %q, want %q", got, test.in)
			}
		})
	}
}

func TestParseARNRefuses(t *testing.T) {
	t.Parallel()
	for name, in := range map[string]string{
		"empty":             "",
		"a name":            "dev1",
		"too short":         "arn:aws:glue:eu-west-1:111122223333",
		"another scheme":    "urn:aws:glue:eu-west-1:111122223333:devEndpoint/dev1",
		"capital ARN":       "ARN:aws:glue:eu-west-1:111122223333:devEndpoint/dev1",
		"no partition":      "arn::glue:eu-west-1:111122223333:devEndpoint/dev1",
		"no service":        "arn:aws::eu-west-1:111122223333:devEndpoint/dev1",
		"no resource":       "arn:aws:glue:eu-west-1:111122223333:",
		"space before it":   " arn:aws:glue:eu-west-1:111122223333:devEndpoint/dev1",
		"an alias of a key": "alias/glue",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got, err := resource.ParseARN(in)
			if !errors.Is(err, resource.ErrARN) {
				t.Errorf("ParseARN(%q) = %v, %v; want ErrARN", in, got, err)
			}
			if got != (resource.ARN{}) {
				t.Errorf("a refused ARN gave %v, want the zero ARN", got)
			}
		})
	}
}

func FuzzParseARN(f *testing.F) {
	for _, seed := range []string{
		"arn:aws:glue:eu-west-1:111122223333:devEndpoint/dev1",
		"arn:aws-us-gov:glue:us-gov-west-1:111122223333:mlTransform/tfm-0123",
		"arn:aws:kms:eu-west-1:111122223333:alias/glue",
		"arn:aws:iam::111122223333:role/path/R",
		"arn:aws:logs:eu-west-1:111122223333:log-group:/aws-glue/jobs:*",
		"arn:aws:s3:::bucket",
		"arn:::::", "arn:a:b:c:d:", "", ":", "arn:aws:glue",
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, s string) {
		a, err := resource.ParseARN(s)
		if err != nil {
			if !errors.Is(err, resource.ErrARN) {
				t.Fatalf("ParseARN(%q): error %v is no ErrARN", s, err)
			}
			return
		}
		if a.String() != s {
			t.Fatalf("ParseARN(%q).String() = %q", s, a)
		}
		if again, err := resource.ParseARN(a.String()); err != nil || again != a {
			t.Fatalf("round trip of %q: %v, %v", s, again, err)
		}
	})
}

func TestLocation(t *testing.T) {
	t.Parallel()
	l := resource.Location{Partition: "aws", Account: "111122223333", Region: "eu-west-1"}
	a := l.ARN("glue", "devEndpoint/dev1")
	if got, want := a.String(), "arn:aws:glue:eu-west-1:111122223333:devEndpoint/dev1"; got != want {
		t.Errorf("ARN = %s, want %s", got, want)
	}
	if a.Location() != l {
		t.Errorf("Location of %s = %v, want %v", a, a.Location(), l)
	}
	if got, want := l.String(), "111122223333/eu-west-1"; got != want {
		t.Errorf("String = %s, want %s", got, want)
	}
	for name, bigger := range map[string]resource.Location{
		"account":   {Partition: "aws", Account: "111122223334", Region: "af-south-1"},
		"region":    {Partition: "aws", Account: "111122223333", Region: "eu-west-2"},
		"partition": {Partition: "aws-cn", Account: "111122223333", Region: "eu-west-1"},
	} {
		if l.Compare(bigger) >= 0 || bigger.Compare(l) <= 0 {
			t.Errorf("%s: %v must come before %v", name, l, bigger)
		}
	}
	if l.Compare(l) != 0 {
		t.Error("a location must equal itself")
	}
}

func TestFact(t *testing.T) {
	t.Parallel()
	failure := resource.Failure{Operation: "glue:GetDevEndpoints", Class: resource.Denied, Code: "AccessDeniedException", Message: "no"}
	tests := map[string]struct {
		fact                   resource.Fact[int]
		known, absent, unknown bool
		failure                resource.Failure
	}{
		"known":  {fact: resource.Known(7), known: true},
		"absent": {fact: resource.Absent[int](), absent: true},
		"unknown": {
			fact: resource.Unknown[int](failure), unknown: true, failure: failure,
		},
		"the zero fact is unknown": {
			unknown: true, failure: resource.Failure{Class: resource.Errored, Message: "this fact was never read"},
		},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got := []bool{test.fact.IsKnown(), test.fact.IsAbsent(), test.fact.IsUnknown()}
			if diff := cmp.Diff([]bool{test.known, test.absent, test.unknown}, got); diff != "" {
				t.Errorf("known, absent, unknown (-want +got):\n%s", diff)
			}
			if diff := cmp.Diff(test.failure, test.fact.Failure()); diff != "" {
				t.Errorf("Failure (-want +got):\n%s", diff)
			}
			value, ok := test.fact.Value()
			if ok != test.known || (ok && value != 7) || (!ok && value != 0) {
				t.Errorf("Value = %d, %t", value, ok)
			}
		})
	}
}

func TestFailureSaysWhatFailed(t *testing.T) {
	t.Parallel()
	f := resource.Failure{Operation: "kms:DescribeKey", Class: resource.Denied, Code: "AccessDeniedException", Message: "not yours"}
	if got, want := f.Error(), "kms:DescribeKey: denied: AccessDeniedException: not yours"; got != want {
		t.Errorf("Error = %q, want %q", got, want)
	}
	f.Code = ""
	if got, want := f.Error(), "kms:DescribeKey: denied: not yours"; got != want {
		t.Errorf("Error without a code = %q, want %q", got, want)
	}
}

func TestMode(t *testing.T) {
	t.Parallel()
	tests := map[resource.Mode]struct{ recognised, encrypts bool }{
		"":                     {true, false},
		resource.ModeDisabled:  {true, false},
		resource.ModeSSES3:     {true, true},
		resource.ModeSSEKMS:    {true, true},
		resource.ModeCSEKMS:    {true, true},
		"SSE-KMS-TWICE":        {false, false},
		"sse-kms":              {false, false},
		resource.Mode("DSSE-"): {false, false},
	}
	for mode, want := range tests {
		if mode.Recognised() != want.recognised || mode.Encrypts() != want.encrypts {
			t.Errorf("%q: recognised %t, encrypts %t; want %t, %t", mode, mode.Recognised(), mode.Encrypts(), want.recognised, want.encrypts)
		}
	}
}

func TestKeyRefsNamesEachKeyOnce(t *testing.T) {
	t.Parallel()
	c := resource.SecurityConfiguration{
		S3:           []resource.Encryption{{Mode: resource.ModeSSEKMS, KMSKey: "b"}, {Mode: resource.ModeSSES3}, {Mode: resource.ModeSSEKMS, KMSKey: "a"}},
		CloudWatch:   &resource.Encryption{Mode: resource.ModeSSEKMS, KMSKey: "a"},
		JobBookmarks: &resource.Encryption{Mode: resource.ModeCSEKMS, KMSKey: "c"},
	}
	if diff := cmp.Diff([]string{"b", "a", "c"}, c.KeyRefs()); diff != "" {
		t.Errorf("KeyRefs (-want +got):\n%s", diff)
	}
	if got := (resource.SecurityConfiguration{}).KeyRefs(); len(got) != 0 {
		t.Errorf("an empty configuration names keys: %v", got)
	}
}

func TestSnapshotNeverReadIsUnknown(t *testing.T) {
	t.Parallel()
	var s resource.Snapshot
	if !s.SecurityConfiguration("c").IsUnknown() || !s.Key("k").IsUnknown() || !s.DevEndpoints.IsUnknown() || !s.MLTransforms.IsUnknown() {
		t.Error("what was never read must be unknown")
	}
}

func TestPartitionOf(t *testing.T) {
	t.Parallel()
	tests := map[string]string{ // the regions of botocore's and the SDK's lists of partitions, one or two of each
		"us-east-1": "aws", "us-west-2": "aws", "eu-central-1": "aws", "il-central-1": "aws", "mx-central-1": "aws",
		"cn-north-1": "aws-cn", "cn-northwest-1": "aws-cn",
		"us-gov-east-1": "aws-us-gov", "us-gov-west-1": "aws-us-gov",
		"us-iso-east-1": "aws-iso", "us-iso-west-1": "aws-iso",
		"us-isob-east-1": "aws-iso-b", "us-isob-west-1": "aws-iso-b",
		"eu-isoe-west-1": "aws-iso-e",
		"us-isof-east-1": "aws-iso-f", "us-isof-south-1": "aws-iso-f",
		"eusc-de-east-1": "aws-eusc",
		"":               "aws", // what is global
	}
	for region, want := range tests {
		if got := resource.PartitionOf(region); got != want {
			t.Errorf("PartitionOf(%q) = %q, want %q", region, got, want)
		}
	}
}
