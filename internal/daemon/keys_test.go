package daemon

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/glueguard/glueguard/internal/inventory"
	"github.com/glueguard/glueguard/internal/resource"
)

func TestKeyOf(t *testing.T) {
	t.Parallel()
	const arn = "arn:aws:kms:eu-west-1:111111111111:key/k"
	denied := resource.Failure{Operation: "kms:DescribeKey", Class: resource.Denied, Code: "AccessDeniedException"}
	good := func(change func(*resource.KeyDetail)) resource.Fact[resource.KeyDetail] {
		d := resource.KeyDetail{
			Key: resource.Key{
				State: "Enabled", Usage: "ENCRYPT_DECRYPT", Spec: "SYMMETRIC_DEFAULT", Manager: "CUSTOMER",
				Rotation: resource.Known(true), Policy: resource.Absent[string](),
			},
			Grants: resource.Known[[]resource.KeyGrant](nil),
		}
		if change != nil {
			change(&d)
		}
		return resource.Known(d)
	}
	policy := func(statements string) func(*resource.KeyDetail) {
		return func(d *resource.KeyDetail) {
			d.Key.Policy = resource.Known(`{"Version":"2012-10-17","Statement":[` + statements + `]}`)
		}
	}
	for _, c := range []struct {
		name   string
		detail resource.Fact[resource.KeyDetail]
		usable bool
		why    string
		may    []string
	}{
		{"good", good(nil), true, "", nil},
		{"disabled", good(func(d *resource.KeyDetail) { d.Key.State = "Disabled" }), false, "its state is Disabled", nil},
		{"to sign with", good(func(d *resource.KeyDetail) { d.Key.Usage = "SIGN_VERIFY" }), false, "it is for SIGN_VERIFY", nil},
		{"asymmetric", good(func(d *resource.KeyDetail) { d.Key.Spec = "RSA_2048" }), false, "it is no symmetric key", nil},
		{"gone", resource.Absent[resource.KeyDetail](), false, "it is gone", nil},
		{"denied", resource.Unknown[resource.KeyDetail](denied), false, "it could not be read: kms:DescribeKey", nil},
		{"policy denied", good(func(d *resource.KeyDetail) { d.Key.Policy = resource.Unknown[string](denied) }), true, "its policy could not be read", nil},
		{"grants denied", good(func(d *resource.KeyDetail) { d.Grants = resource.Unknown[[]resource.KeyGrant](denied) }), true, "its grants could not be read", nil},
		{"no policy at all", good(func(d *resource.KeyDetail) { d.Key.Policy = resource.Known("{") }), true, "can't be understood", nil},
		{
			"its account, and a role", good(policy(`
			{"Effect":"Allow","Principal":{"AWS":"arn:aws:iam::111111111111:root"},"Action":"kms:*","Resource":"*"},
			{"Effect":"Allow","Principal":{"AWS":"arn:aws:iam::222222222222:role/r"},"Action":["kms:GenerateDataKey*","kms:Decrypt"],"Resource":"*"},
			{"Effect":"Allow","Principal":{"AWS":"arn:aws:iam::222222222222:role/reader"},"Action":"kms:Decrypt","Resource":"*"}`)),
			true, "",
			[]string{"account 111111111111, by its own IAM policies", "arn:aws:iam::222222222222:role/r"},
		},
		{"everybody", good(policy(`{"Effect":"Allow","Principal":"*","Action":"kms:*","Resource":"*"}`)), true, "", []string{"anyone"}},
		{
			"everybody of an account", good(policy(`{"Effect":"Allow","Principal":"*","Action":"kms:*","Resource":"*","Condition":{"StringEquals":{"kms:CallerAccount":"333333333333"}}}`)),
			true, "",
			[]string{"anyone in 333333333333"},
		},
		{
			"a service under conditions", good(policy(`{"Effect":"Allow","Principal":{"Service":"glue.amazonaws.com"},"Action":"kms:*","Resource":"*","Condition":{"StringEquals":{"aws:SourceAccount":"111111111111"}}}`)),
			true, "",
			[]string{"glue.amazonaws.com (on conditions)"},
		},
		{"by grants", good(func(d *resource.KeyDetail) {
			d.Grants = resource.Known([]resource.KeyGrant{
				{Grantee: "arn:aws:iam::111111111111:role/w", Operations: []string{"GenerateDataKeyWithoutPlaintext"}},
				{Grantee: "arn:aws:iam::111111111111:role/r", Operations: []string{"Decrypt"}},
			})
		}), true, "", []string{"arn:aws:iam::111111111111:role/w (grant)"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			k := keyOf(inventory.KeyChoice{ARN: arn, Aliases: resource.Known([]string{"alias/a"}), Detail: c.detail})
			if k.ARN != arn || k.Usable != c.usable || !strings.Contains(k.Why, c.why) || c.why == "" && k.Why != "" {
				t.Errorf("usable %v, why %q; want %v, %q", k.Usable, k.Why, c.usable, c.why)
			}
			if diff := cmp.Diff(append([]string{}, c.may...), k.MayUse); diff != "" {
				t.Error(diff)
			}
			if diff := cmp.Diff([]string{"alias/a"}, k.Aliases); diff != "" {
				t.Error(diff)
			}
		})
	}
	if k := keyOf(inventory.KeyChoice{ARN: arn, Aliases: resource.Unknown[[]string](denied), Detail: good(nil)}); !strings.Contains(k.Why, "aliases") || !k.Usable {
		t.Errorf("unread aliases: %+v", k)
	}
}
