package control

import (
	"fmt"
	"strconv"

	"github.com/glueguard/glueguard/internal/policy"
	"github.com/glueguard/glueguard/internal/resource"
)

// judgeEndpointS3 judges what an endpoint writes to S3. What is certain comes first: an entry that is off fails even
// beside one in a mode that is not known.
func judgeEndpointS3(s *resource.Snapshot, e *resource.DevEndpoint, p policy.Policy) Outcome {
	return endpointOutcome(s, e, demanded(s, p, endpointS3(s, e, p)))
}

func endpointS3(s *resource.Snapshot, e *resource.DevEndpoint, p policy.Policy) verdict {
	c, v, ok := named(s, e.SecurityConfiguration)
	if !ok {
		if v.reason == NoConfiguration {
			v.message += ", so nothing makes it encrypt what it writes to S3"
		}
		return v
	}
	name := e.SecurityConfiguration
	if len(c.S3) == 0 {
		return verdict{
			status: Fail, reason: S3EncryptionAbsent, mode: resource.ModeNone,
			message: fmt.Sprintf("names the security configuration %q, which says nothing of S3 encryption", name),
		}
	}
	w, unknown := weakest(c.S3)
	switch {
	case w.Mode == resource.ModeNone:
		message := fmt.Sprintf("names the security configuration %q, whose S3 encryption is off", name)
		if len(c.S3) > 1 {
			message = fmt.Sprintf("names the security configuration %q, one of whose %d S3 entries is off", name, len(c.S3))
		}
		return verdict{status: Fail, reason: S3EncryptionDisabled, mode: resource.ModeNone, message: message}
	case unknown != "":
		return verdict{
			status: Unknown, reason: ModeUnrecognised,
			message: fmt.Sprintf("names the security configuration %q, whose S3 encryption mode %q this version does not know", name, unknown),
		}
	}
	v = verdict{status: Pass, reason: EncryptedSSEKMS, mode: w.Mode, key: w.KMSKey, keys: kmsKeys(c.S3...)}
	v.message = "writes to S3 with " + string(w.Mode) + " by the security configuration " + strconv.Quote(name)
	if w.Mode == resource.ModeSSES3 {
		v.reason = EncryptedSSES3
	}
	if required := p.DevEndpointMode(); required == resource.ModeSSEKMS && w.Mode == resource.ModeSSES3 {
		v.status, v.reason = Fail, BelowRequiredMode
		v.message += fmt.Sprintf(", but the policy requires %s", required)
	}
	return v
}

// judgeEndpointLogs judges the encryption of an endpoint's CloudWatch logs, which can only be SSE-KMS.
func judgeEndpointLogs(s *resource.Snapshot, e *resource.DevEndpoint, p policy.Policy) Outcome {
	return endpointOutcome(s, e, demanded(s, p, endpointLogs(s, e)))
}

func endpointLogs(s *resource.Snapshot, e *resource.DevEndpoint) verdict {
	c, v, ok := named(s, e.SecurityConfiguration)
	if !ok {
		if v.reason == NoConfiguration {
			v.message += ", so nothing makes it encrypt its logs"
		}
		return v
	}
	names := fmt.Sprintf("names the security configuration %q", e.SecurityConfiguration)
	switch {
	case c.CloudWatch == nil || c.CloudWatch.Mode == "":
		return verdict{status: Fail, reason: LogEncryptionAbsent, mode: resource.ModeNone, message: names + ", which says nothing of log encryption"}
	case c.CloudWatch.Mode == resource.ModeDisabled:
		return verdict{status: Fail, reason: LogEncryptionDisabled, mode: resource.ModeNone, message: names + ", whose log encryption is off"}
	case c.CloudWatch.Mode != resource.ModeSSEKMS:
		return verdict{
			status: Unknown, reason: ModeUnrecognised,
			message: fmt.Sprintf("%s, whose log encryption mode %q this version does not know", names, c.CloudWatch.Mode),
		}
	}
	return verdict{
		status: Pass, reason: EncryptedSSEKMS, mode: resource.ModeSSEKMS, key: c.CloudWatch.KMSKey, keys: kmsKeys(*c.CloudWatch),
		message: fmt.Sprintf("writes its logs with SSE-KMS by the security configuration %q", e.SecurityConfiguration),
	}
}

// endpointOutcome dresses a verdict on an endpoint. One that is being deleted is not judged, whatever its facts.
func endpointOutcome(s *resource.Snapshot, e *resource.DevEndpoint, v verdict) Outcome {
	arn := e.ARN
	if arn == (resource.ARN{}) {
		arn = s.Location.ARN("glue", "devEndpoint/"+e.Name)
	}
	o := Outcome{
		Status: v.status, Reason: v.reason,
		Message:    "Development endpoint " + strconv.Quote(e.Name) + " " + v.message + ".",
		Resource:   ref(s, resource.TypeDevEndpoint, arn, e.Name, e.Name, e.Tags),
		Encryption: Encryption{Mode: v.mode, KMSKey: v.key, SecurityConfiguration: e.SecurityConfiguration},
		Advisories: []Advisory{},
	}
	if e.Status == "TERMINATING" || e.Status == "TERMINATED" {
		o.Status, o.Reason = NotApplicable, BeingDeleted
		o.Message = fmt.Sprintf("Development endpoint %q is being deleted.", e.Name)
		return o
	}
	o.Advisories = append(o.Advisories, v.advisories()...)
	o.Advisories = append(o.Advisories, keyAdvisories(s, v)...)
	if e.Status == "FAILED" {
		message := "the endpoint is in state FAILED"
		if e.FailureReason != "" {
			message += ": " + e.FailureReason
		}
		o.Advisories = append(o.Advisories, Advisory{"endpoint-failed", message})
	}
	o.Advisories = append(o.Advisories, runtimeAdvisories(e.GlueVersion)...)
	o.Advisories = append(o.Advisories, ownerAdvisories(o.Resource.Tags)...)
	return o
}
