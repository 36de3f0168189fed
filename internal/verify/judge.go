package verify

import (
	"github.com/glueguard/glueguard/internal/control"
	"github.com/glueguard/glueguard/internal/policy"
	"github.com/glueguard/glueguard/internal/resource"
)

// encryption is what is in force for one part of a resource, as users are shown it.
type encryption struct {
	mode resource.Mode // NONE, SSE-S3, SSE-KMS; what the control says of it where it does not know the mode
	key  string
}

// The judgements below are the audit's own: a resource that verification passes is one that the next audit passes.

// judgeEndpoint judges what an endpoint writes to S3 and its logs, by the configuration that it names.
func judgeEndpoint(l resource.Location, d resource.EndpointDetail, configuration resource.Fact[resource.SecurityConfiguration]) (s3, logs encryption) {
	s := snapshot(l, d.Definition.SecurityConfiguration, configuration)
	s.DevEndpoints = resource.Known([]resource.DevEndpoint{{
		Name: d.Definition.Name, SecurityConfiguration: d.Definition.SecurityConfiguration, GlueVersion: d.Definition.GlueVersion,
	}})
	p := policy.Default(policy.SOP)
	return inForce(s, p, control.DevEndpointS3), inForce(s, p, control.DevEndpointLogs)
}

// judgeTransform judges the two halves of a transform's encryption apart: its user data under a policy that takes
// nothing else, and its task runs as if there were no user-data encryption.
func judgeTransform(l resource.Location, d resource.TransformDetail, configuration resource.Fact[resource.SecurityConfiguration]) (userData, taskRuns encryption) {
	s := snapshot(l, d.Definition.TaskRunSecurityConfiguration, configuration)
	transform := resource.MLTransform{
		ID: d.ID, Name: d.Definition.Name, UserData: d.Definition.UserData, EncryptionPresent: true,
		TaskRunSecurityConfiguration: d.Definition.TaskRunSecurityConfiguration, GlueVersion: d.Definition.GlueVersion,
	}
	s.MLTransforms = resource.Known([]resource.MLTransform{transform})
	p := policy.Default(policy.SOP)
	p.Require.MLTransform = policy.MLTransformMode(resource.ModeSSEKMS)
	userData = inForce(s, p, control.MLTransform)

	transform.UserData = nil
	s.MLTransforms = resource.Known([]resource.MLTransform{transform})
	return userData, inForce(s, policy.Default(policy.SOP), control.MLTransform)
}

// snapshot is that of a location in which nothing but one resource was looked at.
func snapshot(l resource.Location, name string, configuration resource.Fact[resource.SecurityConfiguration]) *resource.Snapshot {
	s := &resource.Snapshot{Location: l}
	if name != "" {
		s.SecurityConfigurations = map[string]resource.Fact[resource.SecurityConfiguration]{name: configuration}
	}
	return s
}

func inForce(s *resource.Snapshot, p policy.Policy, id control.ID) encryption {
	o := control.Evaluate(s, p, id)[0]
	if o.Status == control.Unknown {
		return encryption{mode: resource.Mode(o.Reason)}
	}
	return encryption{mode: o.Encryption.Mode, key: o.Encryption.KMSKey}
}
