package crash

import (
	"context"
	"errors"
	"maps"
	"slices"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/glue"
	"github.com/aws/aws-sdk-go-v2/service/glue/types"
	"github.com/aws/aws-sdk-go-v2/service/kms"
)

// sabotage does to the simulated AWS what a broken program might.
type sabotage struct {
	name  string
	state string // what is reported; empty: a process was just killed
	do    func(context.Context, *trial) error
}

// twin makes an endpoint like the original, under a name that only a twin can have, and waits for it.
func (t *trial) twin(ctx context.Context, name, configuration string) error {
	out, err := t.eye.glue.GetDevEndpoint(ctx, &glue.GetDevEndpointInput{EndpointName: &t.original.name})
	if err != nil {
		return err
	}
	d, tags := out.DevEndpoint, maps.Clone(t.original.tags)
	tags["glueguard:change"] = "c"
	_, err = t.eye.glue.CreateDevEndpoint(ctx, &glue.CreateDevEndpointInput{
		EndpointName: aws.String(t.original.name + "-gg-" + name), RoleArn: d.RoleArn, SubnetId: d.SubnetId, SecurityGroupIds: d.SecurityGroupIds,
		WorkerType: d.WorkerType, NumberOfWorkers: d.NumberOfWorkers, GlueVersion: d.GlueVersion, Tags: tags, SecurityConfiguration: &configuration,
	})
	if err != nil {
		return err
	}
	return t.box.control(ctx, "clock", map[string]string{"advance": "1m"})
}

func another(ctx context.Context, t *trial) error { return t.twin(ctx, "other", "pass-sse-s3") }

func remove(names func(*trial) []string) func(context.Context, *trial) error {
	return func(ctx context.Context, t *trial) error {
		for _, name := range names(t) {
			if _, err := t.eye.glue.DeleteDevEndpoint(ctx, &glue.DeleteDevEndpointInput{EndpointName: &name}); err != nil {
				return err
			}
		}
		return nil
	}
}

func (t *trial) twins(ctx context.Context) []string {
	list, err := t.story.related(ctx, t.eye)
	if err != nil {
		return nil
	}
	var names []string
	for _, r := range list {
		if !r.itself(t.original) {
			names = append(names, r.name)
		}
	}
	return names
}

func arnOf(name string) *string {
	return aws.String("arn:aws:glue:" + region + ":" + account + ":devEndpoint/" + name)
}

func sabotages(ctx context.Context) []sabotage {
	original := func(t *trial) []string { return []string{t.original.name} }
	twins := func(t *trial) []string { return t.twins(ctx) }
	addKey := func(names func(*trial) []string) func(context.Context, *trial) error {
		return func(ctx context.Context, t *trial) error {
			_, err := t.eye.glue.UpdateDevEndpoint(ctx, &glue.UpdateDevEndpointInput{EndpointName: &names(t)[0], AddPublicKeys: []string{"ssh-rsa AAAAB3NzaC1yc2E mallory"}})
			return err
		}
	}
	untag := func(names func(*trial) []string) func(context.Context, *trial) error {
		return func(ctx context.Context, t *trial) error {
			_, err := t.eye.glue.UntagResource(ctx, &glue.UntagResourceInput{ResourceArn: arnOf(names(t)[0]), TagsToRemove: []string{"team"}})
			return err
		}
	}
	return []sabotage{
		{"both are gone", "", remove(func(t *trial) []string { return append(original(t), twins(t)...) })},
		{"both are altered", "", func(ctx context.Context, t *trial) error {
			if err := addKey(original)(ctx, t); err != nil {
				return err
			}
			return addKey(twins)(ctx, t)
		}},
		{"the original is gone before finalize", "done", remove(original)},
		{"the twin is gone", "done", remove(twins)},
		{"there is a second twin", "done", another},
		{"the twin is altered", "done", addKey(twins)},
		{"the original is altered", "done", addKey(original)},
		{"the twin has lost a tag", "done", untag(twins)},
		{"the original has lost a tag", "done", untag(original)},
		{"the original is still there after finalize", "finalized", nil},
		{"the twin has the change's tags after finalize", "finalized", remove(original)},
		{"the twin is left after backout", "backed_out", nil},
		{"the original is gone after backout", "backed_out", remove(original)},
		{"the twin is not encrypted", "done", func(ctx context.Context, t *trial) error {
			if err := remove(twins)(ctx, t); err != nil {
				return err
			}
			return t.twin(ctx, "plain", "fail-s3-encryption-disabled")
		}},
		{"a bystander is gone", "done", remove(func(*trial) []string { return []string{"pass-sse-kms"} })},
		{"a configuration is gone", "done", func(ctx context.Context, t *trial) error {
			_, err := t.eye.glue.DeleteSecurityConfiguration(ctx, &glue.DeleteSecurityConfigurationInput{Name: aws.String("pass-sse-s3")})
			return err
		}},
		{"a job is altered", "done", func(ctx context.Context, t *trial) error {
			_, err := t.eye.glue.UpdateJob(ctx, &glue.UpdateJobInput{JobName: aws.String("customer-load"), JobUpdate: &types.JobUpdate{
				Role: aws.String("arn:aws:iam::" + account + ":role/AWSGlueServiceRole-dev"), Command: &types.JobCommand{Name: aws.String("glueetl")},
			}})
			return err
		}},
		{"two keys are made", "done", func(ctx context.Context, t *trial) error {
			_, first := t.eye.kms.CreateKey(ctx, &kms.CreateKeyInput{})
			_, second := t.eye.kms.CreateKey(ctx, &kms.CreateKeyInput{})
			return errors.Join(first, second)
		}},
		{"a key is disabled", "done", func(ctx context.Context, t *trial) error {
			for id, state := range t.around.Keys {
				if state == "Enabled" {
					_, err := t.eye.kms.DisableKey(ctx, &kms.DisableKeyInput{KeyId: &id})
					return err
				}
			}
			return nil
		}},
	}
}

// TestTheCheckerNotices shows that the campaign would fail: it breaks by hand what a program could break.
func TestTheCheckerNotices(t *testing.T) {
	t.Parallel()
	binary := build(t)
	box := startSandbox(t, binary)
	list := stories()
	s := list[slices.IndexFunc(list, func(s story) bool { return s.name == "endpoint side-by-side, finalize" })]
	ctx := t.Context()
	tr := newTrial(t, binary, box, s, newTally())
	done := func() error { // as the program would have left it
		return errors.Join(tr.look(ctx), tr.twin(ctx, "1", "pass-sse-s3"))
	}
	if err := errors.Join(tr.look(ctx), tr.alive(ctx, false)); err != nil {
		t.Fatal(err)
	}
	if err := tr.atRest(ctx, "done"); err == nil {
		t.Error("what was never begun passes for done")
	}
	if err := errors.Join(done(), tr.alive(ctx, false), tr.atRest(ctx, "done")); err != nil {
		t.Fatalf("what is done does not pass for it: %v", err)
	}
	for _, c := range sabotages(ctx) {
		if err := done(); err != nil {
			t.Fatal(err)
		}
		if c.do != nil {
			if err := c.do(ctx, tr); err != nil {
				t.Fatalf("%s: %v", c.name, err)
			}
		}
		err := tr.alive(ctx, false)
		if c.state != "" {
			err = tr.atRest(ctx, c.state)
		}
		if err == nil {
			t.Errorf("%s: not noticed", c.name)
		}
	}
}
