package action

import (
	"strings"

	"github.com/glueguard/glueguard/internal/plan"
)

// settledByLooking tells whether a refusal says that the step's effect may be there already: a create of what exists, a
// delete of what is gone.
func (t *task) settledByLooking(code string) bool {
	switch t.s.Kind {
	case plan.CreateAlias, plan.CreateConfiguration, plan.CreateEndpoint, plan.CreateTransform:
		return kindOf(code) == refusedAsThere
	case plan.DeleteEndpoint, plan.DeleteTransform, plan.DeleteConfiguration:
		return kindOf(code) == refusedAsGone
	}
	return false
}

// advice says what to do about a refusal. AWS's codes tell little apart, so it names what of this very step AWS may have
// meant; AWS's own words stand beside it.
func (t *task) advice(why refusedFor) string {
	switch why {
	case refusedForPermission:
		return t.permissionAdvice()
	case refusedForQuota:
		return "ask for more in Service Quotas, or delete what is not needed there, and plan again; strategy retire needs no room for a second one"
	case refusedAsGone:
		return "something that the step needs does not exist any more: plan again"
	case refusedForKey:
		return "see that the key is enabled, is a symmetric one, and that its policy lets this role and the resource's role use it"
	}
	switch t.s.Kind {
	case plan.CreateEndpoint:
		return t.endpointAdvice()
	case plan.CreateTransform:
		return t.transformAdvice()
	case plan.ExportLabels, plan.ImportLabels:
		return "see that the S3 prefix is in the transform's region and that the transform's role may read and write it"
	case plan.Evaluate:
		return "see that the transform is READY and that its other task runs have ended"
	case plan.RepointJob:
		return "see that the caller may pass the job's role; otherwise change the job's argument by hand"
	}
	return ""
}

func (t *task) permissionAdvice() string {
	var role string
	switch {
	case t.s.Endpoint != nil:
		role = t.s.Endpoint.RoleARN
	case t.s.Transform != nil:
		role = t.s.Transform.RoleARN
	}
	advice := "give the caller the permission that AWS names, and see whether a service control policy or a permissions boundary denies it"
	if role != "" {
		advice += "; a create also needs glue:TagResource, and iam:PassRole on " + role + " for glue.amazonaws.com"
	}
	return advice
}

func (t *task) endpointAdvice() string {
	d := t.s.Endpoint
	if d == nil {
		return ""
	}
	var parts []string
	if ended(d.GlueVersion) {
		parts = append(parts, endedAdvice(d.GlueVersion, "an interactive session or a job of a newer version; strategy retire removes it"))
	}
	parts = append(parts, "see that "+d.RoleARN+" exists and trusts glue.amazonaws.com")
	if d.SubnetID != "" {
		parts = append(parts, "see that "+d.SubnetID+" and its security groups exist and that S3 can be reached from it (a gateway endpoint or NAT)")
	}
	if d.SecurityConfiguration != "" {
		parts = append(parts, "see that security configuration "+d.SecurityConfiguration+" exists and that the role may use its keys")
	}
	return strings.Join(parts, "; ")
}

func (t *task) transformAdvice() string {
	d := t.s.Transform
	if d == nil {
		return ""
	}
	var parts []string
	if ended(d.GlueVersion) {
		parts = append(parts, endedAdvice(d.GlueVersion, "a job with matching of its own on a newer version; strategy retire removes it"))
	}
	parts = append(parts, "see that "+d.RoleARN+" exists and trusts glue.amazonaws.com, and that the input table exists")
	return strings.Join(parts, "; ")
}

// ended tells whether a Glue version had its end of life on 2026-04-01; none named means 0.9.
func ended(version string) bool {
	switch version {
	case "", "0.9", "1.0", "2.0":
		return true
	}
	return false
}

func endedAdvice(version, instead string) string {
	if version == "" {
		version = "0.9"
	}
	return "Glue " + version + " ended on 2026-04-01, and AWS may make nothing on it any more: then this can't be repaired; migrate to " + instead
}
