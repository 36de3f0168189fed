package audit_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/glueguard/glueguard/internal/audit"
	"github.com/glueguard/glueguard/internal/policy"
	"github.com/glueguard/glueguard/internal/resource"
	"github.com/glueguard/glueguard/internal/store"
)

// recorded lists an audit's records, each as one line.
func recorded(t *testing.T, s store.FactReader, id string) []string {
	t.Helper()
	var lines []string
	err := s.EachFacts(t.Context(), id, func(r resource.Record) error {
		kind := strings.TrimPrefix(strings.TrimPrefix(string(r.Type), "AWS::Glue::"), "AWS::KMS::")
		line := strings.Join([]string{r.Account, r.Region, kind, r.ID, string(r.State)}, " ")
		if r.Failure != nil {
			line += " " + r.Failure.Error()
		}
		for _, u := range r.Uses {
			line += " uses " + u.ID
		}
		lines = append(lines, line+" "+string(r.Facts))
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return lines
}

// everything is an estate with one of each kind of record.
func everything() *estate {
	l := at(home, "a")
	key := resource.Key{
		ARN: l.ARN("kms", "key/k1"), ID: "k1", State: "Enabled", Usage: "ENCRYPT_DECRYPT", Spec: "SYMMETRIC_DEFAULT", Manager: "CUSTOMER", Origin: "AWS_KMS",
		Rotation: resource.Unknown[bool](resource.Failure{Operation: "kms:GetKeyRotationStatus", Class: resource.Denied}), Policy: resource.Known(`{"Statement":[]}`),
	}
	denied := resource.Failure{Operation: "kms:DescribeKey", Class: resource.Denied, Message: "token=tok-planted"}
	s := location(home, "a")
	s.DevEndpoints = resource.Known([]resource.DevEndpoint{{
		Name: "dev1", ARN: l.ARN("glue", "devEndpoint/dev1"), Status: "FAILED", FailureReason: "no such role; password=reason-planted", SecurityConfiguration: "sc",
		Tags: resource.Known(map[string]string{"team": "data", "db_password": "name-planted", "url": "mysql://joe:url-planted@db", "aws:secretsmanager:owner": "x"}),
	}})
	s.MLTransforms = resource.Known([]resource.MLTransform{{
		ID: "tfm-1", ARN: l.ARN("glue", "mlTransform/tfm-1"), Status: "READY", EncryptionPresent: true,
		UserData: &resource.Encryption{Mode: resource.ModeSSEKMS, KMSKey: key.ARN.String()}, TaskRunSecurityConfiguration: "gone",
	}})
	s.SecurityConfigurations = map[string]resource.Fact[resource.SecurityConfiguration]{
		"sc":   resource.Known(resource.SecurityConfiguration{Name: "sc", S3: []resource.Encryption{{Mode: resource.ModeSSEKMS, KMSKey: "alias/x"}}}),
		"gone": resource.Absent[resource.SecurityConfiguration](),
	}
	s.Keys = map[string]resource.Fact[resource.Key]{key.ARN.String(): resource.Known(key), "alias/x": resource.Unknown[resource.Key](denied)}
	return &estate{
		snapshots: []*resource.Snapshot{s, unlisted(location(other, "a"), resource.Denied)},
		keys: []resource.KeyUse{
			{Ref: key.ARN.String(), Key: resource.Known(key), UsedIn: []resource.Location{l}},
			{Ref: l.ARN("kms", "alias/x").String(), Key: resource.Unknown[resource.Key](denied), UsedIn: []resource.Location{l}},
		},
	}
}

func TestFactsAreKept(t *testing.T) {
	t.Parallel()
	s := open(t)
	r, err := audit.Run(t.Context(), options(s, everything(), 1))
	if err != nil {
		t.Fatal(err)
	}
	got := recorded(t, s, r.Audit.ID)
	const key = "arn:aws:kms:a:" + home + ":key/k1"
	want := []string{
		home + ` a DevEndpoint dev1 known uses sc {"name":"dev1","status":"FAILED","failure_reason":"no such role; password=(redacted)","security_configuration":"sc",` +
			`"role_arn":"","glue_version":"","tags":{"aws:secretsmanager:owner":"x","db_password":"(redacted)","team":"data","url":"mysql://(redacted)@db"}}`,
		home + ` a MLTransform tfm-1 known uses gone uses ` + key + ` {"id":"tfm-1","name":"","status":"READY","encryption_present":true,` +
			`"user_data":{"mode":"SSE-KMS","kms_key":"` + key + `"},"task_run_security_configuration":"gone","role_arn":"","glue_version":"","tags":null,` +
			`"tags_unread":{"operation":"","class":"error","message":"this fact was never read"}}`,
		home + ` a SecurityConfiguration gone absent `,
		home + ` a SecurityConfiguration sc known uses alias/x {"name":"sc","s3":[{"mode":"SSE-KMS","kms_key":"alias/x"}]}`,
		home + ` a Key alias/x unknown kms:DescribeKey: denied: token=(redacted) `,
		home + ` a Key alias/x unknown kms:DescribeKey: denied: token=(redacted) `,
		home + ` a Key ` + key + ` known `,
		home + ` a Key k1 known {"id":"k1","state":"Enabled","usage":"ENCRYPT_DECRYPT","spec":"SYMMETRIC_DEFAULT","manager":"CUSTOMER","origin":"AWS_KMS",` +
			`"multi_region":false,"rotation":null,"rotation_unread":{"operation":"kms:GetKeyRotationStatus","class":"denied"},"policy":"{\"Statement\":[]}","policy_unread":null}`,
		other + ` a DevEndpoint  unknown glue:GetDevEndpoints: denied: AccessDeniedException: no `,
	}
	want[7] = strings.Replace(want[7], `,"policy_unread":null`, "", 1)
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("records (-want +got):\n%s", diff)
	}
	for _, line := range got {
		if strings.Contains(line, "planted") {
			t.Errorf("a secret is kept: %s", line)
		}
	}
	document, err := s.Policy(t.Context(), r.Audit.PolicyDigest)
	if err != nil || string(document) != string(policy.Default(policy.SOP).Document()) {
		t.Errorf("the policy is kept as %s, %v", document, err)
	}
}

// What was not asked for is not kept, but for what that which was asked for rests on.
func TestFactsOfWhatWasAskedFor(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		resource string
		want     []string
	}{
		"an endpoint": {"dev1", []string{"DevEndpoint dev1", "SecurityConfiguration sc", "Key alias/x", "Key alias/x", "DevEndpoint "}},
		"a transform": {"tfm-1", []string{
			"MLTransform tfm-1", "SecurityConfiguration gone", "Key arn:aws:kms:a:" + home + ":key/k1", "Key k1", "DevEndpoint ",
		}},
		"a key": {"arn:aws:kms:a:" + home + ":key/k1", []string{"Key k1"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := open(t)
			o := options(s, everything(), 1)
			o.Resources = []string{test.resource}
			r, err := audit.Run(t.Context(), o)
			if err != nil {
				t.Fatal(err)
			}
			var got []string
			for _, line := range recorded(t, s, r.Audit.ID) {
				fields := strings.Split(line, " ")
				got = append(got, fields[2]+" "+fields[3])
			}
			if diff := cmp.Diff(test.want, got); diff != "" {
				t.Errorf("records (-want +got):\n%s", diff)
			}
		})
	}
}

// BenchmarkRun audits an estate of 2,000 locations with ten resources each, in memory: what judging and storing cost.
func BenchmarkRun(b *testing.B) {
	for n := 0; b.Loop(); n++ {
		b.StopTimer()
		e := &estate{}
		for i := range 2000 {
			var names []string
			for j := range 10 {
				names = append(names, fmt.Sprintf("dev-%d", j))
			}
			l := encrypted(location(fmt.Sprintf("%012d", i), "eu-west-1", names...))
			endpoints, _ := l.DevEndpoints.Value()
			for j := range endpoints {
				endpoints[j].Tags = resource.Known(map[string]string{"env": "prod", "owner": "data-platform@example.com", "team": "platform"})
			}
			e.snapshots = append(e.snapshots, l)
		}
		s := open(b)
		b.StartTimer()
		if _, err := audit.Run(b.Context(), options(s, e, 1)); err != nil {
			b.Fatal(err)
		}
	}
}

// Facts of a record are an object that says itself what it is: any JSON reader can show it.
func TestFactsAreObjects(t *testing.T) {
	t.Parallel()
	s := open(t)
	r, err := audit.Run(t.Context(), options(s, everything(), 1))
	if err != nil {
		t.Fatal(err)
	}
	err = s.EachFacts(t.Context(), r.Audit.ID, func(r resource.Record) error {
		if r.Facts == nil {
			return nil
		}
		var members map[string]any
		return json.Unmarshal(r.Facts, &members)
	})
	if err != nil {
		t.Error(err)
	}
}
