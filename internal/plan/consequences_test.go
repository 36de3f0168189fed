package plan_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/glueguard/glueguard/internal/plan"
	"github.com/glueguard/glueguard/internal/resource"
)

func TestWarnings(t *testing.T) {
	t.Parallel()
	type list = []string
	for name, tt := range map[string]struct {
		w    plan.Wanted
		s    resource.Surroundings
		want list
	}{
		"stronger":                 {wants("SSE-KMS"), endpoint(), nil},
		"another key":              {wants("SSE-KMS"), with(endpoint(), configuration(kms(other))), nil},
		"KMS to S3":                {wants("SSE-S3"), with(endpoint(), configuration(kms(other))), list{"weaker-mode"}},
		"S3 to nothing":            {wants("NONE"), with(endpoint(), configuration(sseS3())), list{"weaker-mode"}},
		"transform to task runs":   {wants("SSE-S3"), transform(func(d *resource.TransformDetail) { d.Definition.UserData = ptr(kms(other)) }), list{"weaker-mode"}},
		"weaker task runs":         {wants("SSE-S3"), with(transform(), configuration(kms(other))), list{"weaker-mode"}},
		"retired on Glue 1.0":      {wants("", strategy(plan.Retire)), endpoint(), list{"irreversible"}},
		"retired, no version":      {wants("", strategy(plan.Retire)), endpoint(func(d *resource.EndpointDetail) { d.Definition.GlueVersion = "" }), list{"irreversible"}},
		"retired on Glue 3.0":      {wants("", strategy(plan.Retire)), transform(func(d *resource.TransformDetail) { d.Definition.GlueVersion = "3.0" }), nil},
		"twin first on Glue 1.0":   {wants("SSE-S3"), endpoint(), nil},
		"side by side on Glue 2.0": {wants("SSE-KMS", strategy(plan.SideBySide)), transform(), nil},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			for _, accept := range []bool{false, true} {
				tt.w.AcceptWeaker, tt.w.AcceptIrreversible = accept, accept
				var got list
				for _, w := range plan.Propose(tt.w, tt.s).Warnings {
					got = append(got, w.Code)
					if w.Accepted != accept || w.Text == "" || !strings.HasPrefix(w.Flag, "--accept-") {
						t.Errorf("warning: %+v", w)
					}
				}
				if diff := cmp.Diff(tt.want, got); diff != "" {
					t.Errorf("warnings (-want +got):\n%s", diff)
				}
			}
		})
	}
}

func TestConsequences(t *testing.T) {
	t.Parallel()
	fixed := endpoint(func(d *resource.EndpointDetail) {
		d.AWSTags = map[string]string{"aws:createdBy": "ann"}
		d.Status, d.FailureReason = "FAILED", "no route"
	})
	fixed.ElasticIP = resource.Known("203.0.113.7")
	fixed.Dependents = resource.Known([]resource.Dependent{{Kind: "notebook", Name: "zeppelin", Where: "its tags"}})
	used := transform()
	used.Dependents = resource.Known(jobs())
	unread := endpoint()
	unread.Dependents = resource.Unknown[[]resource.Dependent](resource.Failure{})
	fresh := endpoint()
	fresh.WantedKey = noKey()
	for name, tt := range map[string]struct {
		w     plan.Wanted
		s     resource.Surroundings
		codes string
		texts []string
	}{
		"endpoint": {
			wants("SSE-KMS"), endpoint(), "name-kept addresses-change overlap-cost lost-on-cluster old-objects readers way-back code-unseen",
			[]string{"For about 30 minutes there are two endpoints; the twin costs about 2 DPU-hours.", "kms:Decrypt on the key " + keyARN, "twin first"},
		},
		"endpoint with everything": {
			wants("SSE-S3", func(w *plan.Wanted) { w.ProvisioningMinutes = 2 }), fixed,
			"name-kept addresses-change overlap-cost lost-on-cluster elastic-ip-lost original-failed refers old-objects way-back aws-tags-dropped code-unseen",
			[]string{"about 10 minutes", "0.6667 DPU-hours", "203.0.113.7", "no route", "zeppelin", "aws:createdBy"},
		},
		"endpoint side by side": {
			wants("SSE-S3", strategy(plan.SideBySide)), endpoint(func(d *resource.EndpointDetail) { d.Definition.WorkerType = "G.2X" }),
			"new-name addresses-change overlap-cost lost-on-cluster old-objects way-back code-unseen",
			[]string{"8 DPU-hours an hour"},
		},
		"endpoint retired": {
			wants("", strategy(plan.Retire)), unread, "retired lost-on-cluster dependents-unknown way-back code-unseen", nil,
		},
		"endpoint, shared configuration": {
			wants("SSE-S3"), with(endpoint(), rich()), "name-kept addresses-change overlap-cost lost-on-cluster old-objects configuration-kept way-back code-unseen",
			[]string{`"old" is neither changed nor deleted`},
		},
		"endpoint, dangling configuration": {
			wants("SSE-S3"), dangling(endpoint()), "name-kept addresses-change overlap-cost lost-on-cluster old-objects configuration-missing way-back code-unseen",
			[]string{`"lost", which does not exist`},
		},
		"endpoint, key made": {
			wants("SSE-KMS", creating), fresh, "name-kept addresses-change overlap-cost lost-on-cluster old-objects readers key-made way-back code-unseen",
			[]string{"the key that is made"},
		},
		"transform": {
			wants("SSE-KMS", func(w *plan.Wanted) { w.RepointJobs = true }), used,
			"new-id name-kept original-kept history-lost labels-exported taught-again overlap-cost jobs-repointed use-ml-transforms refers old-objects readers way-back code-unseen",
			[]string{"tfm-1", "6 DPUs", "120 labels", labels, "0.05", "job nightly", "weekly", "glue:UseMLTransforms"},
		},
		"transform, task runs only": {
			wants("SSE-S3", strategy(plan.SideBySide)), transform(),
			"new-id new-name original-kept history-lost labels-exported taught-again overlap-cost task-runs-only old-objects way-back code-unseen",
			[]string{"Glue.3 stays red"},
		},
		"transform retired": {wants("", strategy(plan.Retire)), transform(), "retired labels-exported way-back code-unseen", nil},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			i := plan.Propose(tt.w, tt.s)
			var codes, all []string
			for _, c := range i.Consequences {
				codes, all = append(codes, c.Code), append(all, c.Text)
				if strings.Contains(c.Text, "%!") || c.Text == "" {
					t.Errorf("%s: %q", c.Code, c.Text)
				}
			}
			if diff := cmp.Diff(strings.Fields(tt.codes), codes); diff != "" {
				t.Errorf("consequences (-want +got):\n%s", diff)
			}
			for _, text := range tt.texts {
				if !strings.Contains(strings.Join(all, "\n"), text) {
					t.Errorf("nothing says %q in:\n%s", text, strings.Join(all, "\n"))
				}
			}
		})
	}
}

// DPUs by worker type, for what the overlap costs.
func TestOverlapCost(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		definition resource.EndpointDefinition
		want       string
	}{
		"nodes":    {resource.EndpointDefinition{NumberOfNodes: 3}, "1.5 DPU-hours"},
		"nothing":  {resource.EndpointDefinition{}, "2.5 DPU-hours"},
		"Standard": {resource.EndpointDefinition{WorkerType: "Standard", NumberOfWorkers: 2, NumberOfNodes: 9}, "1 DPU-hour"},
		"G.025X":   {resource.EndpointDefinition{WorkerType: "G.025X", NumberOfWorkers: 4}, "0.5 DPU-hours"},
		"G.2X":     {resource.EndpointDefinition{WorkerType: "G.2X", NumberOfWorkers: 2}, "2 DPU-hours"},
		"G.4X":     {resource.EndpointDefinition{WorkerType: "G.4X", NumberOfWorkers: 2}, "4 DPU-hours"},
		"G.8X":     {resource.EndpointDefinition{WorkerType: "G.8X", NumberOfWorkers: 2}, "8 DPU-hours"},
		"no type":  {resource.EndpointDefinition{NumberOfWorkers: 2}, "1 DPU-hour"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			tt.definition.Name = "etl"
			i := plan.Propose(wants("SSE-S3"), endpoint(func(d *resource.EndpointDetail) { d.Definition = tt.definition }))
			for _, c := range i.Consequences {
				if c.Code == "overlap-cost" && !strings.Contains(c.Text, "about "+tt.want+".") {
					t.Errorf("%s, want %s", c.Text, tt.want)
				}
			}
		})
	}
}

func TestPermissions(t *testing.T) {
	t.Parallel()
	used := transform()
	used.Dependents, used.WantedKey = resource.Known(jobs()), noKey()
	type p = plan.Permission
	twin := plan.TwinName(plan.Propose(wants("SSE-S3"), endpoint()).Identity)
	for name, tt := range map[string]struct {
		w    plan.Wanted
		s    resource.Surroundings
		want []plan.Permission
	}{
		"endpoint": {
			wants("SSE-KMS", func(w *plan.Wanted) { w.Grant, w.Prove = &plan.Grant{}, "s3://proof/in/" }), endpoint(),
			[]p{
				{Action: "kms:CreateGrant", Resource: keyARN, Step: "create-grant"},
				{Action: "glue:CreateSecurityConfiguration", Resource: "*", Step: "create-security-configuration"},
				{Action: "glue:CreateDevEndpoint", Resource: "*", Step: "create-twin"},
				{Action: "glue:TagResource", Resource: "arn:aws:glue:eu-west-1:111122223333:devEndpoint/" + twin, Step: "create-twin"},
				{Action: "iam:PassRole", Resource: roleARN, Step: "create-twin", Passed: "glue.amazonaws.com"},
				{Action: "glue:DeleteDevEndpoint", Resource: "arn:aws:glue:eu-west-1:111122223333:devEndpoint/etl", Step: "delete-original"},
				{Action: "glue:DeleteDevEndpoint", Resource: "arn:aws:glue:eu-west-1:111122223333:devEndpoint/" + twin, Step: "delete-twin"},
				{Action: "glue:UntagResource", Resource: "arn:aws:glue:eu-west-1:111122223333:devEndpoint/etl", Step: "remove-change-tags"},
				{Action: "s3:GetObject", Resource: "arn:aws:s3:::proof/in/*", Step: "prove-twin"},
				{Action: "s3:ListBucket", Resource: "arn:aws:s3:::proof", Step: "prove-twin"},
			},
		},
		"side by side needs the original's delete later": {
			wants("SSE-S3", strategy(plan.SideBySide)), endpoint(),
			[]p{
				{Action: "glue:DeleteDevEndpoint", Resource: "arn:aws:glue:eu-west-1:111122223333:devEndpoint/etl", Step: "delete-original"},
				{Action: "glue:UntagResource", Resource: "arn:aws:glue:eu-west-1:111122223333:devEndpoint/" + plan.SideBySideName(plan.Propose(wants("SSE-S3"), endpoint()).Identity), Step: "remove-change-tags"},
			},
		},
		"transform": {
			wants("SSE-KMS", creating, func(w *plan.Wanted) { w.RepointJobs = true }), used,
			[]p{
				{Action: "kms:CreateKey", Resource: "*", Step: "create-key"},
				{Action: "kms:CreateAlias", Resource: "arn:aws:kms:eu-west-1:111122223333:alias/glueguard", Step: "create-alias"},
				{Action: "kms:EnableKeyRotation", Resource: "arn:aws:kms:eu-west-1:111122223333:key/*", Step: "enable-key-rotation"},
				{Action: "glue:StartExportLabelsTaskRun", Resource: "arn:aws:glue:eu-west-1:111122223333:mlTransform/tfm-1", Step: "export-labels"},
				{Action: "glue:CreateMLTransform", Resource: "*", Step: "create-twin"},
				{Action: "glue:StartImportLabelsTaskRun", Resource: "arn:aws:glue:eu-west-1:111122223333:mlTransform/*", Step: "import-labels"},
				{Action: "glue:UpdateMLTransform", Resource: "arn:aws:glue:eu-west-1:111122223333:mlTransform/tfm-1", Step: "rename-original"},
				{Action: "glue:UpdateJob", Resource: "arn:aws:glue:eu-west-1:111122223333:job/nightly", Step: "repoint-job-nightly"},
				{Action: "iam:PassRole", Resource: "arn:aws:iam::111122223333:role/*", Step: "repoint-job-nightly", Passed: "glue.amazonaws.com"},
				{Action: "glue:DeleteMLTransform", Resource: "arn:aws:glue:eu-west-1:111122223333:mlTransform/*", Step: "delete-twin"},
				{Action: "glue:DeleteMLTransform", Resource: "arn:aws:glue:eu-west-1:111122223333:mlTransform/tfm-1", Step: "delete-original"},
			},
		},
		"retired": {
			wants("", strategy(plan.Retire)), transform(),
			[]p{{Action: "glue:DeleteMLTransform", Resource: "arn:aws:glue:eu-west-1:111122223333:mlTransform/tfm-1", Step: "delete-original"}},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			seen := map[plan.Permission]bool{}
			once := map[plan.Permission]bool{}
			for _, have := range plan.Propose(tt.w, tt.s).Permissions {
				seen[have] = true
				have.Step = ""
				if once[have] {
					t.Errorf("twice: %+v", have)
				}
				once[have] = true
			}
			for _, want := range tt.want {
				if !seen[want] {
					t.Errorf("missing: %+v", want)
				}
			}
			if tt.w.Strategy == plan.Retire && once[plan.Permission{Action: "glue:CreateMLTransform", Resource: "*"}] {
				t.Error("retiring asks to create")
			}
		})
	}
}

func TestAttributes(t *testing.T) {
	t.Parallel()
	find := func(i plan.Item, name string) plan.Attribute {
		for _, a := range i.Attributes {
			if a.Name == name {
				return a
			}
		}
		return plan.Attribute{}
	}
	e := plan.Propose(wants("SSE-KMS"), with(endpoint(), configuration(sseS3())))
	made := step(e.Steps, "create-security-configuration").Configuration.Name
	m := plan.Propose(wants("SSE-KMS"), transform())
	r := plan.Propose(wants("", strategy(plan.Retire)), endpoint())
	b := plan.Propose(wants("SSE-S3", strategy(plan.SideBySide)), endpoint())
	for name, tt := range map[string]struct {
		item plan.Item
		want plan.Attribute
	}{
		"forces":         {e, plan.Attribute{Name: "security_configuration", Before: "old", After: made, Forces: true}},
		"mode":           {e, plan.Attribute{Name: "encryption_configuration.s3_encryption.s3_encryption_mode", Before: "SSE-S3", After: "SSE-KMS"}},
		"key":            {e, plan.Attribute{Name: "encryption_configuration.s3_encryption.kms_key_arn", After: keyARN}},
		"kept":           {e, plan.Attribute{Name: "role_arn", Before: roleARN, After: roleARN}},
		"decided by AWS": {e, plan.Attribute{Name: "private_address", Before: "10.0.0.7", AfterUnknown: true}},
		"empty argument": {e, plan.Attribute{Name: "arguments.--enable-glue-datacatalog", Before: `""`, After: `""`}},
		"transform":      {m, plan.Attribute{Name: "transform_encryption.ml_user_data_encryption.mode", After: "SSE-KMS", Forces: true}},
		"transform's id": {m, plan.Attribute{Name: "id", Before: "tfm-1", AfterUnknown: true}},
		"labels":         {m, plan.Attribute{Name: "label_count", Before: "120", After: "120"}},
		"retired":        {r, plan.Attribute{Name: "glue_version", Before: "1.0"}},
		"side by side":   {b, plan.Attribute{Name: "name", Before: "etl", After: plan.SideBySideName(b.Identity)}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if diff := cmp.Diff(tt.want, find(tt.item, tt.want.Name)); diff != "" {
				t.Errorf("attribute (-want +got):\n%s", diff)
			}
		})
	}
	if find(e, "number_of_nodes").Name != "" {
		t.Error("the number of nodes is shown beside workers")
	}
}
