package plan

import (
	"slices"
	"strings"

	"github.com/glueguard/glueguard/internal/resource"
)

const glueService = "glue.amazonaws.com"

// permissions lists what the caller needs for these steps, for taking them back and for finalizing, each once with the
// first step that needs it. Actions that know no resource are asked for on "*".
func (p *proposal) permissions(steps []Step) []Permission {
	asked := asking{p: p}
	for _, s := range steps {
		asked.step(s)
	}
	for _, s := range steps {
		for _, back := range s.Inverse {
			asked.step(back)
		}
	}
	i := p.outline()
	i.Steps = steps
	later, err := FinalizeSteps(Kept{
		Item: i, SavedEndpoint: p.endpoint, SavedTransform: p.transform, Current: map[Role]resource.Identity{Twin: {}},
	})
	if err == nil {
		for _, s := range later {
			asked.step(s)
		}
	}
	return asked.all
}

type asking struct {
	p   *proposal
	all []Permission
}

func (a *asking) need(step, on string, actions ...string) {
	for _, action := range actions {
		a.add(Permission{Action: action, Resource: on, Step: step})
	}
}

func (a *asking) pass(step, role string) {
	a.add(Permission{Action: "iam:PassRole", Resource: role, Step: step, Passed: glueService})
}

func (a *asking) add(p Permission) {
	known := func(o Permission) bool {
		return o.Action == p.Action && o.Resource == p.Resource && o.Passed == p.Passed
	}
	if !slices.ContainsFunc(a.all, known) {
		a.all = append(a.all, p)
	}
}

// step asks for what a step's calls need, its looks included. Source: the service authorization reference; it names no
// resource for CreateDevEndpoint, CreateMLTransform and security configurations.
func (a *asking) step(s Step) {
	switch s.Kind {
	case CreateKey, CreateAlias, EnableRotation, CreateGrant:
		a.keyStep(s)
	case CreateConfiguration:
		a.need(s.Name, "*", "glue:GetSecurityConfiguration", "glue:CreateSecurityConfiguration")
	case CreateEndpoint:
		a.need(s.Name, "*", "glue:CreateDevEndpoint")
		a.need(s.Name, a.glue("devEndpoint/"+s.Endpoint.Name), "glue:GetDevEndpoint", "glue:TagResource")
		a.pass(s.Name, s.Endpoint.RoleARN)
	case CreateTransform:
		a.need(s.Name, "*", "glue:CreateMLTransform", "glue:GetMLTransforms")
		a.need(s.Name, a.arn(s.Role), "glue:TagResource")
		a.pass(s.Name, s.Transform.RoleARN)
	case DeleteEndpoint:
		a.need(s.Name, a.glue("devEndpoint/"+s.Promise.Endpoint.Name), "glue:DeleteDevEndpoint")
	case DeleteTransform:
		a.need(s.Name, a.arn(s.Role), "glue:DeleteMLTransform")
	case RenameTransform:
		a.need(s.Name, a.arn(s.Role), "glue:UpdateMLTransform")
	case ExportLabels, ImportLabels, Evaluate, WaitTaskRun, DeleteLabels, WaitProof:
		a.dataStep(s)
	case RepointJob:
		a.need(s.Name, a.glue("job/"+s.Job), "glue:GetJob", "glue:UpdateJob")
		a.pass(s.Name, "arn:"+a.p.s.Location.Partition+":iam::"+a.p.s.Location.Account+":role/*") // the job's own role, which UpdateJob is given again
	case EnsureTags:
		a.need(s.Name, a.arn(s.Role), "glue:GetTags", "glue:TagResource")
	case RemoveTags:
		a.need(s.Name, a.arn(s.Role), "glue:GetTags", "glue:UntagResource")
	case SaveDefinition, WaitReady, WaitGone, Verify:
		a.look(s)
	case CheckUnreferenced:
		a.need(s.Name, "*", "glue:GetJobs")
		if a.p.transform != nil {
			a.need(s.Name, a.arn(s.Role), "glue:GetMLTaskRuns")
		}
	}
}

func (a *asking) look(s Step) {
	if a.p.endpoint != nil {
		a.need(s.Name, "*", "glue:GetDevEndpoints")
		a.need(s.Name, a.arn(s.Role), "glue:GetDevEndpoint")
	} else {
		a.need(s.Name, a.arn(s.Role), "glue:GetMLTransform")
	}
	if s.Kind == SaveDefinition || s.Kind == Verify {
		a.need(s.Name, a.arn(s.Role), "glue:GetTags")
		a.need(s.Name, "*", "glue:GetSecurityConfiguration")
	}
}

func (a *asking) keyStep(s Step) {
	anyKey := a.p.s.Location.ARN("kms", "key/*").String()
	switch s.Kind {
	case CreateKey:
		a.need(s.Name, "*", "kms:ListAliases", "tag:GetResources", "kms:CreateKey", "kms:TagResource", "kms:PutKeyPolicy")
		a.need(s.Name, anyKey, "kms:DescribeKey", "kms:GetKeyPolicy", "kms:ListResourceTags")
	case CreateAlias:
		a.need(s.Name, a.p.s.Location.ARN("kms", s.Key.Alias).String(), "kms:CreateAlias")
		a.need(s.Name, anyKey, "kms:CreateAlias")
	case EnableRotation:
		a.need(s.Name, anyKey, "kms:GetKeyRotationStatus", "kms:EnableKeyRotation")
	case CreateGrant:
		a.need(s.Name, s.Grant.KeyARN, "kms:ListGrants", "kms:CreateGrant")
	}
}

// dataStep asks for what labels and proofs need: runs of the transform, and the objects that AWS writes.
func (a *asking) dataStep(s Step) {
	switch s.Kind {
	case ExportLabels:
		a.need(s.Name, a.arn(s.Role), "glue:StartExportLabelsTaskRun", "glue:GetMLTaskRuns")
	case ImportLabels:
		a.need(s.Name, a.arn(s.Role), "glue:StartImportLabelsTaskRun", "glue:GetMLTaskRuns")
		a.objects(s, "s3:GetObject")
	case Evaluate:
		a.need(s.Name, a.arn(s.Role), "glue:StartMLEvaluationTaskRun", "glue:GetMLTaskRuns")
	case WaitTaskRun:
		a.need(s.Name, a.arn(s.Role), "glue:GetMLTaskRun")
		if s.S3 != "" { // what was exported is counted
			a.objects(s, "s3:GetObject")
		}
	case DeleteLabels:
		a.objects(s, "s3:DeleteObject")
	case WaitProof:
		a.objects(s, "s3:GetObject")
	}
}

func (a *asking) objects(s Step, action string) {
	bucket, prefix, _ := strings.Cut(strings.TrimPrefix(s.S3, "s3://"), "/")
	arn := "arn:" + a.p.s.Location.Partition + ":s3:::" + bucket
	a.need(s.Name, arn, "s3:ListBucket")
	a.need(s.Name, arn+"/"+prefix+"*", action)
}

// arn is the ARN of the resource in a role; a transform's is not known before it is made.
func (a *asking) arn(r Role) string {
	id := a.p.identity()
	switch {
	case r == Original:
		return id.ARN
	case a.p.transform != nil:
		return a.glue("mlTransform/*")
	case r == Twin:
		return a.glue("devEndpoint/" + twinName(a.p.w.Strategy, id))
	}
	return id.ARN // of the same name, so of the same ARN
}

func (a *asking) glue(what string) string { return a.p.s.Location.ARN("glue", what).String() }
