package action

import (
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/kms"

	"github.com/glueguard/glueguard/internal/change"
	"github.com/glueguard/glueguard/internal/execute"
	"github.com/glueguard/glueguard/internal/plan"
	"github.com/glueguard/glueguard/internal/sandbox"
)

func (w *world) kms() *kms.Client {
	return kms.NewFromConfig(aws.Config{
		Region: region, BaseEndpoint: &w.server.URL, Credentials: credentials.NewStaticCredentialsProvider("test", "test", ""),
	})
}

// another is a change of another id.
func (w *world) another(id string) *change.Change {
	c := w.change(w.endpoint(original))
	c.Head.ID = id
	return c
}

// A change that came to its end between making a key and naming it leaves a spare one: the next takes it.
func TestSpareKey(t *testing.T) {
	t.Parallel()
	make1 := plan.Step{Kind: plan.CreateKey, Key: aKey()}
	for name, c := range map[string]struct {
		change func(w *world, keys *kms.Client, id *string) error
		want   plan.NewKey
		open   bool // another key must be made
	}{
		"as it was left": {},
		"written in other words": {change: func(w *world, keys *kms.Client, id *string) error {
			policy := "\n " + aKey().Policy + " "
			_, err := keys.PutKeyPolicy(w.Context(), &kms.PutKeyPolicyInput{KeyId: id, Policy: &policy})
			return err
		}},
		"another alias is wanted":  {want: plan.NewKey{Alias: "alias/others", Policy: aKey().Policy}, open: true},
		"another policy is wanted": {want: plan.NewKey{Alias: aKey().Alias, Policy: plan.KeyPolicy(here())}, open: true},
		"somebody opened it to others": {open: true, change: func(w *world, keys *kms.Client, id *string) error {
			policy := strings.Replace(aKey().Policy, `"arn:aws:iam::111111111111:root"`, `"*"`, 1)
			_, err := keys.PutKeyPolicy(w.Context(), &kms.PutKeyPolicyInput{KeyId: id, Policy: &policy})
			return err
		}},
		"somebody uses it by another name": {open: true, change: func(w *world, keys *kms.Client, id *string) error {
			_, err := keys.CreateAlias(w.Context(), &kms.CreateAliasInput{AliasName: aws.String("alias/mine"), TargetKeyId: id})
			return err
		}},
		"somebody disabled it": {open: true, change: func(w *world, keys *kms.Client, id *string) error {
			_, err := keys.DisableKey(w.Context(), &kms.DisableKeyInput{KeyId: id})
			return err
		}},
		"somebody scheduled its deletion": {open: true, change: func(w *world, keys *kms.Client, id *string) error {
			_, err := keys.ScheduleKeyDeletion(w.Context(), &kms.ScheduleKeyDeletionInput{KeyId: id})
			return err
		}},
		"somebody took its tags": {open: true, change: func(w *world, keys *kms.Client, id *string) error {
			_, err := keys.UntagResource(w.Context(), &kms.UntagResourceInput{KeyId: id, TagKeys: []string{tagAlias}})
			return err
		}},
		"its policy may not be read": {open: true, change: func(w *world, _ *kms.Client, _ *string) error {
			w.fault("kms:GetKeyPolicy", "AccessDeniedException", "", 0)
			return nil
		}},
		"tags may not be listed": {open: true, change: func(w *world, _ *kms.Client, _ *string) error {
			w.fault("tag:GetResources", "AccessDeniedException", "", 0)
			return nil
		}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, sandbox.Options{})
			left := w.run(w.another("gone"), make1)
			if c.change != nil {
				w.must(c.change(w, w.kms(), &left.KeyARN))
			}
			next, step := w.another("next"), make1
			if c.want.Alias != "" {
				step.Key = &c.want
			}
			if step.Key.Alias == aKey().Alias {
				w.want(next, step, execute.Pending)
				w.advance(lively)
			}
			if c.open {
				w.advance(claimed)
				w.want(next, step, execute.Open)
				return
			}
			w.at(next, step)
			took(next, w.want(next, step, execute.Settled).Facts)
			equal(t, "key", left.KeyARN, next.KeyARN)
			w.run(next, plan.Step{Kind: plan.CreateAlias, Key: aKey()})
			out, err := w.kms().DescribeKey(t.Context(), &kms.DescribeKeyInput{KeyId: &aKey().Alias})
			w.must(err)
			equal(t, "alias", left.KeyARN, *out.KeyMetadata.Arn)
			equal(t, "keys made", 1, w.calls("kms:CreateKey"))
		})
	}
}

// A list of tags that could not be read is no empty one.
func TestSpareKeyUnread(t *testing.T) {
	t.Parallel()
	w := newWorld(t, sandbox.Options{})
	w.run(w.another("gone"), plan.Step{Kind: plan.CreateKey, Key: aKey()})
	w.advance(2 * claimed)
	w.fault("tag:GetResources", "InternalServiceException", "", 0)
	next := w.another("next")
	if _, err := w.actor.Observe(t.Context(), next, plan.Step{Kind: plan.CreateKey, Key: aKey()}); err == nil {
		t.Error("a list that could not be read passes for an empty one")
	}
}

// Keys carry what they are for, from the start.
func TestKeyTags(t *testing.T) {
	t.Parallel()
	w := newWorld(t, sandbox.Options{})
	made := w.run(w.another("mine"), plan.Step{Kind: plan.CreateKey, Key: aKey()})
	out, err := w.kms().ListResourceTags(t.Context(), &kms.ListResourceTagsInput{KeyId: &made.KeyARN})
	w.must(err)
	tags := map[string]string{}
	for _, tag := range out.Tags {
		tags[*tag.TagKey] = *tag.TagValue
	}
	equal(t, "tags", map[string]string{tagChange: "mine", tagAlias: "alias/glueguard"}, tags)
}
