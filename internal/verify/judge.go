package verify

import (
	"slices"
	"strings"

	"github.com/glueguard/glueguard/internal/control"
	"github.com/glueguard/glueguard/internal/policy"
	"github.com/glueguard/glueguard/internal/resource"
)

// encryption is what is in force for one part of a resource, as users are shown it.
type encryption struct {
	mode resource.Mode // NONE, SSE-S3, SSE-KMS, or one that is not recognised, as AWS wrote it
	key  string
}

// The judgements below are the audit's own: a resource that verification passes is one that the next audit passes. Only
// a mode that the audit does not know is taken as AWS wrote it, so that what was there before can be told to be there
// again.

// judgeEndpoint judges what an endpoint writes to S3 and its logs, by the configuration that it names.
func judgeEndpoint(l resource.Location, d resource.EndpointDetail, configuration resource.Fact[resource.SecurityConfiguration]) (s3, logs encryption) {
	s := snapshot(l, d.Definition.SecurityConfiguration, configuration)
	s.DevEndpoints = resource.Known([]resource.DevEndpoint{{
		Name: d.Definition.Name, SecurityConfiguration: d.Definition.SecurityConfiguration, GlueVersion: d.Definition.GlueVersion,
	}})
	p, c := policy.Default(policy.SOP), value(configuration)
	return inForce(s, p, control.DevEndpointS3, c.S3...), inForce(s, p, control.DevEndpointLogs, deref(c.CloudWatch))
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
	userData = inForce(s, p, control.MLTransform, deref(d.Definition.UserData))

	transform.UserData = nil
	s.MLTransforms = resource.Known([]resource.MLTransform{transform})
	return userData, inForce(s, policy.Default(policy.SOP), control.MLTransform, value(configuration).S3...)
}

// snapshot is that of a location in which nothing but one resource was looked at.
func snapshot(l resource.Location, name string, configuration resource.Fact[resource.SecurityConfiguration]) *resource.Snapshot {
	s := &resource.Snapshot{Location: l}
	if name != "" {
		s.SecurityConfigurations = map[string]resource.Fact[resource.SecurityConfiguration]{name: configuration}
	}
	return s
}

// inForce is a control's verdict on the one resource of a snapshot. The blocks are those that the verdict rests on.
func inForce(s *resource.Snapshot, p policy.Policy, id control.ID, blocks ...resource.Encryption) encryption {
	o := control.Evaluate(s, p, id)[0]
	if o.Status == control.Unknown {
		return unrecognised(o.Reason, blocks)
	}
	return encryption{mode: o.Encryption.Mode, key: o.Encryption.KMSKey}
}

// unrecognised is the block that made a verdict unknown, whatever the order of the blocks; without one, the reason
// stands for it, so that it is never equal to a mode.
func unrecognised(reason control.Reason, blocks []resource.Encryption) encryption {
	var odd []encryption
	for _, b := range blocks {
		if b.Mode != resource.ModeSSES3 && b.Mode != resource.ModeSSEKMS {
			odd = append(odd, encryption{b.Mode, b.KMSKey})
		}
	}
	if len(odd) == 0 {
		return encryption{mode: resource.Mode(reason)}
	}
	return slices.MinFunc(odd, func(a, b encryption) int {
		return strings.Compare(string(a.mode)+":"+a.key, string(b.mode)+":"+b.key)
	})
}

func value(fact resource.Fact[resource.SecurityConfiguration]) resource.SecurityConfiguration {
	c, _ := fact.Value()
	return c
}

func deref(e *resource.Encryption) resource.Encryption {
	if e == nil {
		return resource.Encryption{}
	}
	return *e
}
