package control

import (
	"fmt"
	"strconv"

	"github.com/glueguard/glueguard/internal/policy"
	"github.com/glueguard/glueguard/internal/resource"
)

// judgeTransform judges an ML transform by its user data, and where the policy takes any encryption, by its task runs.
func judgeTransform(s *resource.Snapshot, t *resource.MLTransform, p policy.Policy) Outcome {
	v := demanded(s, p, transform(s, t, p))
	arn := t.ARN
	if arn == (resource.ARN{}) {
		arn = s.Location.ARN("glue", "mlTransform/"+t.ID)
	}
	called := "ML transform " + t.ID
	if t.Name != "" { // AWS may return none
		called = "ML transform " + strconv.Quote(t.Name) + " (" + t.ID + ")"
	}
	o := Outcome{
		Status: v.status, Reason: v.reason,
		Message:    called + " " + v.message + ".",
		Resource:   ref(s, resource.TypeMLTransform, arn, t.ID, t.Name, t.Tags),
		Encryption: Encryption{Mode: v.mode, KMSKey: v.key, SecurityConfiguration: t.TaskRunSecurityConfiguration},
		Advisories: []Advisory{},
	}
	if t.Status == "DELETING" {
		o.Status, o.Reason = NotApplicable, BeingDeleted
		o.Message = called + " is being deleted."
		return o
	}
	o.Advisories = append(o.Advisories, v.advisories()...)
	o.Advisories = append(o.Advisories, keyAdvisories(s, v)...)
	o.Advisories = append(o.Advisories, taskRunAdvisories(s, t, v)...)
	o.Advisories = append(o.Advisories, runtimeAdvisories(t.GlueVersion)...)
	o.Advisories = append(o.Advisories, ownerAdvisories(o.Resource.Tags)...)
	return o
}

func transform(s *resource.Snapshot, t *resource.MLTransform, p policy.Policy) verdict {
	if t.UserData != nil {
		switch t.UserData.Mode {
		case resource.ModeSSEKMS:
			return verdict{
				status: Pass, reason: EncryptedSSEKMS, mode: resource.ModeSSEKMS, key: t.UserData.KMSKey, keys: kmsKeys(*t.UserData),
				message: "keeps its user data with SSE-KMS",
			}
		case "", resource.ModeDisabled:
		default:
			return verdict{
				status: Unknown, reason: ModeUnrecognised,
				message: fmt.Sprintf("keeps its user data in the encryption mode %q, which this version does not know", t.UserData.Mode),
			}
		}
	}
	if required := p.MLTransformMode(); required == resource.ModeSSEKMS {
		return verdict{
			status: Fail, reason: BelowRequiredMode, mode: resource.ModeNone,
			message: fmt.Sprintf("does not encrypt its user data, but the policy requires %s", required),
		}
	}
	return taskRuns(s, t)
}

// taskRuns judges a transform without user-data encryption by its task runs: where every S3 entry of their
// configuration encrypts, that is what the procedure accepts.
func taskRuns(s *resource.Snapshot, t *resource.MLTransform) verdict {
	off := verdict{
		status: Fail, reason: UserDataDisabled, mode: resource.ModeNone,
		message: "encrypts neither its user data nor its task runs",
	}
	name := t.TaskRunSecurityConfiguration
	c, v, ok := named(s, name)
	switch {
	case name == "":
		return off
	case !ok:
		v.message = "does not encrypt its user data, and for its task runs " + v.message
		return v
	case len(c.S3) == 0:
		return off
	}
	w, unknown := weakest(c.S3)
	switch {
	case w.Mode == resource.ModeNone:
		return off
	case unknown != "":
		return verdict{
			status: Unknown, reason: ModeUnrecognised,
			message: fmt.Sprintf("does not encrypt its user data, and its task runs' security configuration %q has the S3 encryption mode %q, which this version does not know", name, unknown),
		}
	}
	return verdict{
		status: Pass, reason: TaskRunOnly, mode: w.Mode, key: w.KMSKey, keys: kmsKeys(c.S3...),
		message: fmt.Sprintf("encrypts its task runs with %s by the security configuration %q, but not its user data", w.Mode, name),
	}
}

// taskRunAdvisories says what the other half of a transform's encryption lacks.
func taskRunAdvisories(s *resource.Snapshot, t *resource.MLTransform, v verdict) []Advisory {
	if v.reason == TaskRunOnly {
		return []Advisory{{"security-hub-glue-3", "Security Hub's control Glue.3 looks at the user data only and stays failed"}}
	}
	if t.UserData == nil || t.UserData.Mode != resource.ModeSSEKMS {
		return nil
	}
	name := t.TaskRunSecurityConfiguration
	c, _, ok := named(s, name)
	switch {
	case name == "":
		return []Advisory{{"task-run-encryption-absent", "no security configuration encrypts what the task runs write to S3"}}
	case s.SecurityConfiguration(name).IsUnknown():
		return nil // nothing is known that could be said
	case !ok:
		return []Advisory{{"task-run-encryption-absent", fmt.Sprintf("the task runs' security configuration %q does not exist", name)}}
	}
	if len(c.S3) > 0 {
		if w, _ := weakest(c.S3); w.Mode != resource.ModeNone {
			return nil
		}
	}
	return []Advisory{{"task-run-encryption-absent", fmt.Sprintf("the task runs' security configuration %q does not encrypt what they write to S3", name)}}
}
