package procedure

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/glueguard/glueguard/internal/change"
	"github.com/glueguard/glueguard/internal/plan"
	"github.com/glueguard/glueguard/internal/resource"
)

func read() Configurations {
	entries := func(all ...resource.Encryption) resource.Fact[resource.SecurityConfiguration] {
		return resource.Known(resource.SecurityConfiguration{S3: all})
	}
	kms := resource.Encryption{Mode: resource.ModeSSEKMS, KMSKey: "key"}
	return Configurations{
		"kms":    entries(kms),
		"s3":     entries(resource.Encryption{Mode: resource.ModeSSES3}),
		"off":    entries(resource.Encryption{Mode: resource.ModeDisabled}),
		"empty":  entries(),
		"mixed":  entries(kms, resource.Encryption{Mode: resource.ModeDisabled}),
		"new":    entries(resource.Encryption{Mode: "SSE-NEW"}),
		"gone":   resource.Absent[resource.SecurityConfiguration](),
		"denied": resource.Unknown[resource.SecurityConfiguration](resource.Failure{Class: resource.Denied}),
		"logs": resource.Known(resource.SecurityConfiguration{
			S3: []resource.Encryption{kms}, CloudWatch: &resource.Encryption{Mode: resource.ModeSSEKMS},
		}),
	}
}

func TestEndpoint(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		configuration, mode, logs, key string
	}{
		"none named":   {"", "NONE", "NONE", ""},
		"SSE-KMS":      {"kms", "SSE-KMS", "NONE", "key"},
		"logs too":     {"logs", "SSE-KMS", "SSE-KMS", "key"},
		"SSE-S3":       {"s3", "SSE-S3", "NONE", ""},
		"disabled":     {"off", "NONE", "NONE", ""},
		"empty":        {"empty", "NONE", "NONE", ""},
		"mixed":        {"mixed", "NONE", "NONE", ""},
		"unrecognised": {"new", "SSE-NEW", "NONE", ""},
		"missing":      {"gone", "NONE", "NONE", ""},
		"unreadable":   {"denied", "UNKNOWN", "UNKNOWN", ""},
		"never read":   {"other", "UNKNOWN", "UNKNOWN", ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			members := Document{"EndpointName": "etl"}
			put(members, "SecurityConfiguration", c.configuration)
			want := Document{"EndpointName": "etl", "SecurityConfiguration": c.mode, "S3EncryptionMode": c.mode, "LogEncryptionMode": c.logs}
			put(want, "SecurityConfigurationName", c.configuration)
			put(want, "KmsKeyId", c.key)
			if d := cmp.Diff(want, Endpoint(members, EndpointEncryption(members, read()))); d != "" {
				t.Errorf("-want +got:\n%s", d)
			}
		})
	}
}

func TestTransform(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		userData, configuration string
		mode, runs              string
	}{
		"no block":              {"", "", "None", "None"},
		"disabled":              {"DISABLED", "", "None", "None"},
		"user data":             {"SSE-KMS", "", "SSE-KMS", "None"},
		"user data, unreadable": {"SSE-KMS", "denied", "SSE-KMS", "UNKNOWN"},
		"task runs":             {"DISABLED", "s3", "SSE-S3", "SSE-S3"},
		"unreadable":            {"DISABLED", "denied", "UNKNOWN", "UNKNOWN"},
		"unrecognised":          {"NEW", "", "NEW", "None"},
		"missing":               {"", "gone", "None", "None"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			block := Document{"TaskRunSecurityConfigurationName": c.configuration}
			if c.userData != "" {
				block["MlUserDataEncryption"] = Document{"MlUserDataEncryptionMode": c.userData}
			}
			members := Document{"TransformId": "tfm-1", "TransformEncryption": block}
			e := TransformEncryption(members, read())
			inner, _ := Transform(members, e, nil)["Transform"].(Document)
			listed := ListedTransform(members, e)
			for _, d := range []Document{inner, listed} {
				if d["EncryptionMode"] != c.mode || d["TaskRunEncryptionMode"] != c.runs {
					t.Errorf("got %v and %v, want %s and %s", d["EncryptionMode"], d["TaskRunEncryptionMode"], c.mode, c.runs)
				}
			}
		})
	}
}

func TestSuccessor(t *testing.T) {
	t.Parallel()
	d := Transform(Document{"TransformId": "tfm-2"}, Encryption{Mode: resource.ModeSSEKMS}, &Successor{Original: "tfm-1", StillExists: true, Jobs: []string{"job"}})
	inner, _ := d["Transform"].(Document)
	for _, d := range []Document{d, inner} {
		if d["TransformId"] != "tfm-2" || d["OriginalTransformId"] != "tfm-1" || d["OriginalStillExists"] != true || !cmp.Equal(d["JobsUsingOriginal"], []any{"job"}) {
			t.Errorf("got %v", d)
		}
	}
}

func TestSuccessorOfWhatIsGone(t *testing.T) {
	t.Parallel()
	d := Transform(Document{"TransformId": "tfm-2"}, Encryption{}, &Successor{Original: "tfm-1"})
	inner, _ := d["Transform"].(Document)
	for _, d := range []Document{d, inner} {
		if d["OriginalStillExists"] != false || !cmp.Equal(d["JobsUsingOriginal"], []any{}) {
			t.Errorf("got %v", d)
		}
	}
}

func TestParseRequest(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]Request{
		`{"S3EncryptionMode": "SSE-KMS", "KmsKeyId": "k"}`: {resource.ModeSSEKMS, "k"},
		`{"S3EncryptionMode": "SSE-KMS"}`:                  {Mode: resource.ModeSSEKMS},
		`{"EncryptionMode": "SSE-S3"}`:                     {Mode: resource.ModeSSES3},
		`{"S3EncryptionMode": "NONE"}`:                     {Mode: resource.ModeNone},
		`{"EncryptionMode": "None"}`:                       {Mode: resource.ModeNone},
		`S3EncryptionMode=SSE-S3`:                          {Mode: resource.ModeSSES3},
		`S3EncryptionMode="SSE-KMS", KmsKeyId=alias/a-b`:   {resource.ModeSSEKMS, "alias/a-b"},
		`EncryptionMode=None`:                              {Mode: resource.ModeNone},
	} {
		if got, err := ParseRequest(text); err != nil || got != want {
			t.Errorf("%s: %v, %v", text, got, err)
		}
	}
	for _, text := range []string{
		``, `SSE-S3`, `{}`, `null`, `[]`, `{"EncryptionMode": "SSE-S4"}`, `{"EncryptionMode": ""}`, `{"EncryptionMode": 1}`, `{"EncryptionMode": "SSE-S3"} x`,
		`{"EncryptionMode": "SSE-S3", "KmsKeyId": "k"}`, `{"EncryptionMode": "SSE-KMS", "KmsKeyId": ""}`, `{"EncryptionMode": "SSE-S3", "Role": "r"}`,
		`{"EncryptionMode": "SSE-S3", "S3EncryptionMode": "SSE-S3"}`, `EncryptionMode=SSE-S4`, `EncryptionMode=SSE-S3,`, `=SSE-S3`, `Mode=SSE-S3`,
		`EncryptionMode=SSE-S3,EncryptionMode=None`, `EncryptionMode=`,
	} {
		if got, err := ParseRequest(text); err == nil {
			t.Errorf("%s: %v", text, got)
		}
	}
}

func transformOf(id string) resource.Identity {
	return resource.Identity{Type: resource.TypeMLTransform, ARN: "arn/" + id, ID: id}
}

// moved is a change that has put one transform in the place of another.
func moved(id, from, to string, mode resource.Mode, state change.State) *change.Change {
	return &change.Change{
		Head:      change.Head{ID: id, Item: plan.Item{Identity: transformOf(from), From: mode}},
		State:     state,
		Resources: map[plan.Role]resource.Identity{plan.Original: transformOf(from), plan.Twin: transformOf(to)},
	}
}

func TestFollowAndUndo(t *testing.T) {
	t.Parallel()
	restored := moved("c1", "1", "2", resource.ModeNone, change.BackedOut)
	restored.Resources[plan.Restored] = transformOf("4")
	for name, c := range map[string]struct {
		newestFirst []*change.Change
		asked       string
		now         string // "": the one asked for
		undo        string // ids
		unencrypted bool
	}{
		"nothing happened": {nil, "1", "", "", false},
		"replaced":         {[]*change.Change{moved("c1", "1", "2", resource.ModeNone, change.Done)}, "1", "2", "c1", true},
		"by its new id":    {[]*change.Change{moved("c1", "1", "2", resource.ModeNone, change.Finalized)}, "2", "", "c1", true},
		"replaced twice": {[]*change.Change{
			moved("c2", "2", "3", resource.ModeSSEKMS, change.Done), moved("c1", "1", "2", resource.ModeNone, change.Done),
		}, "1", "3", "c2 c1", true},
		"others' encryption": {[]*change.Change{moved("c2", "2", "3", resource.ModeSSEKMS, change.Done)}, "2", "3", "c2", false},
		"the newest taken back": {[]*change.Change{
			moved("c2", "2", "3", resource.ModeSSEKMS, change.BackedOut), moved("c1", "1", "2", resource.ModeNone, change.Done),
		}, "1", "2", "c1", true},
		"taken back, by the id in between": {[]*change.Change{moved("c1", "1", "2", resource.ModeNone, change.BackedOut)}, "2", "1", "", false},
		"taken back":                       {[]*change.Change{moved("c1", "1", "2", resource.ModeNone, change.BackedOut)}, "1", "", "", false},
		"made again":                       {[]*change.Change{restored}, "1", "4", "", false},
		"under way":                        {[]*change.Change{moved("c1", "1", "2", resource.ModeNone, change.Running)}, "1", "", "", false},
		"another's":                        {[]*change.Change{moved("c1", "8", "9", resource.ModeNone, change.Done)}, "1", "", "", false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			at := transformOf(c.asked).ARN
			now, by := Follow(at, c.newestFirst)
			if now.ID != c.now || (by != nil) != (c.now != "") {
				t.Errorf("it is %q now, want %q", now.ID, c.now)
			}
			if by != nil {
				at = now.ARN
			}
			list, ok := Undo(at, c.newestFirst)
			ids := ""
			for i, c := range list {
				if i > 0 {
					ids += " "
				}
				ids += c.Head.ID
			}
			if ids != c.undo || ok != c.unencrypted {
				t.Errorf("to take back: %q, %v, want %q, %v", ids, ok, c.undo, c.unencrypted)
			}
		})
	}
}
