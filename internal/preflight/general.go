package preflight

import (
	"slices"

	"github.com/glueguard/glueguard/internal/iampolicy"
	"github.com/glueguard/glueguard/internal/plan"
	"github.com/glueguard/glueguard/internal/resource"
)

func (v *subject) credentials() plan.Check {
	caller, ok := v.s.Caller.Value()
	if !ok {
		return unread(Credentials, "who is calling", v.s.Caller)
	}
	return passed(Credentials, "%s would carry it out", caller)
}

// permissions is advice only: the simulator sees no policies of resources, and a key policy decides on its own.
func (v *subject) permissions(simulated map[plan.Permission]resource.Fact[Decision]) plan.Check {
	const advice = "Allow them to whoever applies the plan."
	var denied, unknown []string
	reason := "IAM was not asked"
	for _, p := range v.item.Permissions {
		fact := simulated[p]
		d, ok := fact.Value()
		switch {
		case ok && d == Allowed:
		case ok:
			denied = append(denied, p.Action)
		default:
			unknown = append(unknown, p.Action)
			if f := fact.Failure(); f.Operation != "" {
				reason = why(f)
			}
		}
	}
	slices.Sort(denied)
	slices.Sort(unknown)
	denied, unknown = slices.Compact(denied), slices.Compact(unknown)
	switch {
	case len(denied) > 0:
		return advisory(failed(Permissions, advice, "IAM's simulation denies %s", list(denied)))
	case len(unknown) > 0:
		return advisory(unchecked(Permissions, "Allow iam:SimulatePrincipalPolicy to have it checked.",
			"whether %s would be allowed could not be simulated: %s", list(unknown), reason))
	}
	return advisory(passed(Permissions, "IAM's simulation allows all %d", len(v.item.Permissions)))
}

func (v *subject) ownerStack() plan.Check {
	stack, ok := v.s.Stack.Value()
	switch {
	case ok:
		return failed(OwnerStack, "Change the stack's template.", "the CloudFormation stack %q owns it", stack)
	case v.s.Stack.IsAbsent():
		return passed(OwnerStack, "no CloudFormation stack owns it")
	}
	return unread(OwnerStack, "whether a CloudFormation stack owns it", v.s.Stack)
}

// AWS takes 50 tags, and a change needs one to find again what it has made, three to say all.
const (
	mostTags = 50
	ownTags  = 3
)

func (v *subject) tags() plan.Check {
	n := 0
	if v.endpoint != nil {
		n = len(v.endpoint.Tags)
	} else if v.transform != nil {
		n = len(v.transform.Tags)
	}
	switch {
	case n >= mostTags:
		return failed(Tags, "Take one tag off it and plan again.", "it has %d tags, and AWS takes no more: none of the change's own would fit", n)
	case n+ownTags > mostTags:
		return passed(Tags, "it has %d tags, so only %d of the change's own %d fit", n, mostTags-n, ownTags)
	}
	return passed(Tags, "it has %d tags; the change's own fit beside them", n)
}

// runtime is advice only. Whether AWS still makes resources of versions whose life has ended is not documented: a twin
// is made first and proves it, and what proves nothing first is a warning of its own, to be accepted.
func (v *subject) runtime() []plan.Check {
	version := ""
	if v.endpoint != nil {
		version = v.endpoint.GlueVersion
	} else if v.transform != nil {
		version = v.transform.GlueVersion
	}
	switch version {
	case "":
		version = "0.9 (none is named)"
	case "0.9", "1.0", "2.0":
	default:
		return []plan.Check{advisory(passed(Runtime, "Glue %s is in support", version))}
	}
	doubt := "the twin proves it before the original is touched"
	if v.item.Strategy == plan.Retire {
		doubt = "it may be impossible to make it again"
	}
	return []plan.Check{advisory(unchecked(Runtime, "Move it to interactive sessions or a newer Glue version.",
		"Glue %s reached its end of life on 2026-04-01, and AWS may refuse to make it: %s", version, doubt))}
}

const glueService = "glue.amazonaws.com"

func (v *subject) roleTrust() plan.Check {
	const advice = "Let " + glueService + " assume the role in its trust policy."
	role, ok := v.s.Role.Value()
	switch {
	case v.s.Role.IsAbsent():
		return failed(RoleTrust, "Make the role again, or give the resource another one.", "its role %s does not exist", v.roleARN)
	case !ok:
		return unread(RoleTrust, "its role "+v.roleARN, v.s.Role)
	}
	d, err := iampolicy.Parse(role.TrustPolicy)
	if err != nil {
		return unchecked(RoleTrust, advice, "the trust policy of %s can't be understood: %v", role.ARN, err)
	}
	switch d.TrustsService(glueService, role.ARN, nil) {
	case iampolicy.Yes:
		return passed(RoleTrust, "%s trusts Glue", role.ARN)
	case iampolicy.No:
		return failed(RoleTrust, advice, "%s does not trust Glue, so AWS refuses to make anything with it", role.ARN)
	case iampolicy.CantTell:
	}
	return unchecked(RoleTrust, advice, "whether %s trusts Glue depends on conditions that can't be told", role.ARN)
}

func (v *subject) quota(planned int) plan.Check {
	const advice = "Delete a resource that nobody needs, or ask AWS for a higher quota."
	if v.endpoint == nil {
		return advisory(unchecked(Quota, "", "AWS tells no quota of ML transforms beforehand: where it is used up, AWS refuses the twin and the original stays as it is"))
	}
	q, ok := v.s.Endpoints.Value()
	if !ok {
		return unread(Quota, "how many development endpoints there are", v.s.Endpoints)
	}
	left, known := q.Left()
	switch {
	case !known && q.Limit.IsAbsent():
		return advisory(unchecked(Quota, "", "AWS names no quota of development endpoints here: where it is used up, AWS refuses the twin and the original stays as it is"))
	case !known:
		return unread(Quota, "the quota of development endpoints", q.Limit)
	case left < 1:
		return failed(Quota, advice, "%d development endpoints are there already, so the twin does not fit in", q.Used)
	case left < planned:
		return passed(Quota, "%d of the %d twins planned here fit in at once, so they take turns", left, planned)
	}
	return passed(Quota, "there is room for %d more, and %d planned here", left, max(planned, 1))
}
