package policy_test

import (
	"testing"
	"time"

	"github.com/glueguard/glueguard/internal/policy"
	"github.com/glueguard/glueguard/internal/resource"
)

func TestRepairMode(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		src                 string
		profile             policy.Profile // as given on the command line
		endpoint, transform resource.Mode
	}{
		"nothing said":         {"", policy.SOP, "", ""},
		"SSE-S3":               {"repair: {mode: SSE-S3}\n", policy.SOP, "SSE-S3", "SSE-S3"},
		"SSE-KMS":              {"repair: {mode: SSE-KMS}\n", policy.SOP, "SSE-KMS", "SSE-KMS"},
		"what is required":     {"require: {dev_endpoint: SSE-KMS}\n", policy.SOP, "SSE-KMS", ""},
		"required wins":        {"require: {ml_transform: SSE-KMS}\nrepair: {mode: SSE-S3}\n", policy.SOP, "SSE-S3", "SSE-KMS"},
		"the profile requires": {"repair: {mode: SSE-S3}\n", policy.Strict, "SSE-KMS", "SSE-KMS"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p, err := policy.Decode("f.yaml", []byte(test.src))
			if err != nil {
				t.Fatal(err)
			}
			p = p.WithProfile(test.profile)
			if e, m := p.RepairMode(resource.TypeDevEndpoint), p.RepairMode(resource.TypeMLTransform); e != test.endpoint || m != test.transform {
				t.Errorf("modes %q and %q, want %q and %q", e, m, test.endpoint, test.transform)
			}
		})
	}
}

func TestOwnedByCode(t *testing.T) {
	t.Parallel()
	p := policy.Policy{Repair: policy.Repair{OwnedByCode: []policy.TagPattern{"terraform", "managed-by=*code*", "team/*=x"}}}
	tests := map[string]struct {
		tags map[string]string
		want string
	}{
		"no tags":            {nil, ""},
		"another tag":        {map[string]string{"owner": "terraform"}, ""},
		"the key alone":      {map[string]string{"terraform": "yes"}, "terraform=yes"},
		"key and value":      {map[string]string{"managed-by": "our code base"}, "managed-by=our code base"},
		"another value":      {map[string]string{"managed-by": "hand"}, ""},
		"a pattern of keys":  {map[string]string{"team/a": "x"}, "team/a=x"},
		"the first of two":   {map[string]string{"terraform": "", "managed-by": "code"}, "managed-by=code"},
		"the key's own case": {map[string]string{"Terraform": "yes"}, ""},
	}
	for name, test := range tests {
		if got := p.OwnedByCode(test.tags); got != test.want {
			t.Errorf("%s: %q, want %q", name, got, test.want)
		}
	}
}

func TestRepairDefaults(t *testing.T) {
	t.Parallel()
	var none policy.Repair
	if none.AtOnce() != 4 || none.SettleFor() != 30*time.Second || none.WaitFor() != 30*time.Minute || none.Tolerance() != 0.05 {
		t.Errorf("defaults %d, %s, %s, %g", none.AtOnce(), none.SettleFor(), none.WaitFor(), none.Tolerance())
	}
	said := policy.Repair{Parallel: 9, Settle: "1m", WaitLimit: "1h", MetricTolerance: 0.2}
	if said.AtOnce() != 9 || said.SettleFor() != time.Minute || said.WaitFor() != time.Hour || said.Tolerance() != 0.2 {
		t.Errorf("said %d, %s, %s, %g", said.AtOnce(), said.SettleFor(), said.WaitFor(), said.Tolerance())
	}
	l := resource.Location{Partition: "aws", Account: "111122223333", Region: "eu-west-1"}
	if got := policy.S3Prefix("s3://labels-{account}-{region}/x/").In(l); got != "s3://labels-111122223333-eu-west-1/x/" {
		t.Errorf("prefix %q", got)
	}
}
