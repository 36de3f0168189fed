package action

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/glueguard/glueguard/internal/change"
	"github.com/glueguard/glueguard/internal/execute"
	"github.com/glueguard/glueguard/internal/plan"
	"github.com/glueguard/glueguard/internal/resource"
	"github.com/glueguard/glueguard/internal/sandbox"
)

// deed is one changing step on the eve of its call.
type deed struct {
	operation string
	// set brings the world there, with a change whose next step is the one returned.
	set func(w *world) (*change.Change, plan.Step)
}

func deeds() map[plan.Kind]deed {
	return map[plan.Kind]deed{
		plan.CreateKey: {"kms:CreateKey", func(w *world) (*change.Change, plan.Step) {
			return w.change(w.endpoint(original)), plan.Step{Kind: plan.CreateKey, Key: aKey()}
		}},
		plan.CreateAlias: {"kms:CreateAlias", func(w *world) (*change.Change, plan.Step) {
			c := w.change(w.endpoint(original))
			w.run(c, plan.Step{Kind: plan.CreateKey, Key: aKey()})
			return c, plan.Step{Kind: plan.CreateAlias, Key: aKey()}
		}},
		plan.EnableRotation: {"kms:EnableKeyRotation", func(w *world) (*change.Change, plan.Step) {
			c := w.change(w.endpoint(original))
			w.run(c, plan.Step{Kind: plan.CreateKey, Key: aKey()})
			return c, plan.Step{Kind: plan.EnableRotation, Key: aKey()}
		}},
		plan.CreateGrant: {"kms:CreateGrant", func(w *world) (*change.Change, plan.Step) {
			d := w.endpoint(original)
			return w.change(d), plan.Step{Kind: plan.CreateGrant, Grant: &plan.Grant{
				Name: "glueguard", KeyARN: w.key, Grantee: d.Definition.RoleARN, Operations: []string{"Decrypt", "GenerateDataKey"},
			}}
		}},
		plan.CreateConfiguration: {"glue:CreateSecurityConfiguration", func(w *world) (*change.Change, plan.Step) {
			return w.change(w.endpoint(original)), plan.Step{Kind: plan.CreateConfiguration, Configuration: w.configuration()}
		}},
		plan.DeleteConfiguration: {"glue:DeleteSecurityConfiguration", func(w *world) (*change.Change, plan.Step) {
			c := w.change(w.endpoint(original))
			w.run(c, plan.Step{Kind: plan.CreateConfiguration, Configuration: w.configuration()})
			return c, plan.Step{Kind: plan.DeleteConfiguration, Configuration: w.configuration()}
		}},
		plan.CreateEndpoint: {"glue:CreateDevEndpoint", func(w *world) (*change.Change, plan.Step) {
			d := w.endpoint(original)
			return w.change(d), plan.Step{Kind: plan.CreateEndpoint, Role: plan.Twin, Endpoint: twinOf(d)}
		}},
		plan.DeleteEndpoint: {"glue:DeleteDevEndpoint", func(w *world) (*change.Change, plan.Step) {
			return w.change(w.endpoint(original)), plan.Step{Kind: plan.DeleteEndpoint, Role: plan.Original, Irrevocable: true}
		}},
		plan.CreateTransform: {"glue:CreateMLTransform", func(w *world) (*change.Change, plan.Step) {
			d := w.transform(taught)
			return w.change(d), plan.Step{Kind: plan.CreateTransform, Role: plan.Twin, Transform: w.encryptedTwinOf(d)}
		}},
		plan.RenameTransform: {"glue:UpdateMLTransform", func(w *world) (*change.Change, plan.Step) {
			return w.change(w.transform(taught)), plan.Step{Kind: plan.RenameTransform, Role: plan.Original, NewName: "out-of-the-way"}
		}},
		plan.DeleteTransform: {"glue:DeleteMLTransform", func(w *world) (*change.Change, plan.Step) {
			return w.change(w.transform(taught)), plan.Step{Kind: plan.DeleteTransform, Role: plan.Original, Irrevocable: true}
		}},
		plan.ExportLabels: {"glue:StartExportLabelsTaskRun", func(w *world) (*change.Change, plan.Step) {
			return w.change(w.transform(taught)), exporting()
		}},
		plan.ImportLabels: {"glue:StartImportLabelsTaskRun", func(w *world) (*change.Change, plan.Step) {
			c := w.exported()
			w.run(c, plan.Step{Kind: plan.CreateTransform, Role: plan.Twin, Transform: w.encryptedTwinOf(*c.SavedTransform)})
			return c, plan.Step{Kind: plan.ImportLabels, Role: plan.Twin, S3: labelsS3, After: "export-labels"}
		}},
		plan.Evaluate: {"glue:StartMLEvaluationTaskRun", func(w *world) (*change.Change, plan.Step) {
			return w.change(w.transform(taught)), plan.Step{Kind: plan.Evaluate, Role: plan.Original}
		}},
		plan.DeleteLabels: {"s3:DeleteObjects", func(w *world) (*change.Change, plan.Step) {
			c := w.exported()
			return c, plan.Step{Kind: plan.DeleteLabels, S3: c.Labels.S3}
		}},
		plan.RepointJob: {"glue:UpdateJob", func(w *world) (*change.Change, plan.Step) {
			c := w.change(w.transform(taught))
			w.run(c, plan.Step{Kind: plan.CreateTransform, Role: plan.Twin, Transform: w.encryptedTwinOf(*c.SavedTransform)})
			return c, plan.Step{Kind: plan.RepointJob, Job: "customer-match-nightly", From: plan.Original, Role: plan.Twin}
		}},
		plan.EnsureTags: {"glue:TagResource", func(w *world) (*change.Change, plan.Step) {
			c := w.change(w.endpoint(original))
			twin := twinOf(*c.SavedEndpoint)
			w.run(c, plan.Step{Kind: plan.CreateEndpoint, Role: plan.Twin, Endpoint: twin})
			w.untag(c.Resources[plan.Twin].ARN, "team", tagOriginal)
			return c, plan.Step{Kind: plan.EnsureTags, Role: plan.Twin, Endpoint: twin}
		}},
		plan.RemoveTags: {"glue:UntagResource", func(w *world) (*change.Change, plan.Step) {
			c := w.change(w.endpoint(original))
			w.run(c, plan.Step{Kind: plan.CreateEndpoint, Role: plan.Twin, Endpoint: twinOf(*c.SavedEndpoint)})
			return c, plan.Step{Kind: plan.RemoveTags, Role: plan.Twin}
		}},
	}
}

func aKey() *plan.NewKey {
	return &plan.NewKey{Alias: "alias/glueguard", Description: "Glue at rest", Policy: plan.KeyPolicy(here(), "arn:aws:iam::"+account+":role/AWSGlueServiceRole-dev")}
}

func (w *world) configuration() *resource.SecurityConfiguration {
	c := resource.SecurityConfiguration{
		S3: []resource.Encryption{{Mode: resource.ModeSSEKMS, KMSKey: w.key}}, CloudWatch: &resource.Encryption{Mode: resource.ModeSSEKMS, KMSKey: w.key},
		JobBookmarks: &resource.Encryption{Mode: resource.ModeCSEKMS, KMSKey: w.key},
	}
	c.Name = plan.ConfigurationName(c)
	return &c
}

func exporting() plan.Step {
	return plan.Step{Name: "export-labels", Kind: plan.ExportLabels, Role: plan.Original, S3: labelsS3}
}

// exported is a change that has exported the labels of its transform.
func (w *world) exported() *change.Change {
	w.Helper()
	c := w.change(w.transform(taught))
	w.run(c, exporting())
	wait := plan.Step{Name: "wait-export", Kind: plan.WaitTaskRun, Role: plan.Original, After: "export-labels"}
	w.at(c, wait)
	w.advance(provisioning)
	took(c, w.want(c, wait, execute.Settled).Facts)
	return c
}

// TestEveryKindHasWork: no kind is forgotten, and only those that change something do.
func TestEveryKindHasWork(t *testing.T) {
	t.Parallel()
	all := kinds()
	for kind := range deeds() {
		if all[kind].observe == nil || all[kind].do == nil || !kind.Changes() {
			t.Errorf("%s: no way to see or do it", kind)
		}
	}
	for kind, w := range all {
		if (w.do != nil) != kind.Changes() {
			t.Errorf("%s: does something: %t", kind, w.do != nil)
		}
		if _, tested := deeds()[kind]; kind.Changes() && !tested {
			t.Errorf("%s is not tested", kind)
		}
	}
}

// TestDeeds goes with every changing kind through all that can happen to its one call.
func TestDeeds(t *testing.T) {
	t.Parallel()
	for kind, d := range deeds() {
		t.Run(string(kind), func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, sandbox.Options{})
			c, s := d.set(w)
			w.at(c, s)
			w.want(c, s, execute.Open)
			before := w.calls(d.operation)
			w.intended(c)

			for fault, effect := range map[string]execute.Effect{
				"InternalServiceException": execute.ServerError, "drop-request": execute.Unknown,
				"AccessDeniedException": execute.NotDone, "OperationTimeoutException": execute.Unknown, "ConcurrentModificationException": execute.NotYet,
			} {
				if kind == plan.DeleteLabels && fault == "ConcurrentModificationException" {
					continue // S3 knows no such thing
				}
				w.fault(d.operation, fault, "", 1)
				e := w.refused(c, s, effect)
				if e.Effect == execute.NotDone && e.Trouble.Advice == "" {
					t.Errorf("%s: no advice", fault)
				}
				w.post("faults", "[]")
				w.want(c, s, execute.Open)
			}
			w.fault(d.operation, "drop-response", "", 1)
			w.refused(c, s, execute.Unknown)
			w.post("faults", "[]")
			found := w.want(c, s, execute.Settled)
			again := w.want(c, s, execute.Settled)
			equal(t, "a second look", found.Facts, again.Facts)
			if made := w.calls(d.operation) - before; made != 6 && kind != plan.DeleteLabels {
				t.Errorf("%d calls of %s, want one for each Do", made, d.operation)
			}
		})
	}
}

// TestDone does every changing kind once, undisturbed: what doing says is what looking finds.
func TestDone(t *testing.T) {
	t.Parallel()
	for kind, d := range deeds() {
		t.Run(string(kind), func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, sandbox.Options{})
			c, s := d.set(w)
			w.at(c, s)
			w.intended(c)
			did := w.do(c, s)
			found := w.want(c, s, execute.Settled).Facts
			if did.Resource != nil && found.Resource != nil && !did.Resource.Same(*found.Resource) {
				t.Errorf("did %+v, found %+v", did.Resource, found.Resource)
			}
			did.Resource, found.Resource, did.Changed = nil, nil, nil
			if diff := cmp.Diff(did, found); diff != "" {
				t.Errorf("did and found (-did +found):\n%s", diff)
			}
		})
	}
}
