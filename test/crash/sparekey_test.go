package crash

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/kms"
)

// TestKilledBeforeAKeyIsNamed kills between the call that makes a key and the one that names it. Whoever goes on with the
// change, or takes it back and asks for the same again, ends with that one key.
func TestKilledBeforeAKeyIsNamed(t *testing.T) {
	t.Parallel()
	binary := build(t)
	box := startSandbox(t, binary)
	list := stories()
	s := list[slices.IndexFunc(list, func(s story) bool { return s.name == "endpoint replace" })]
	for _, c := range []struct {
		name string
		at   stop
	}{
		{"the key is made and not noted", stop{at: interval{"apply", "create-key", intent}, answered: true}},
		{"the key is noted", stop{at: interval{"apply", "after create-key", before}}},
		{"it was about to be named", stop{at: interval{"apply", "create-alias", intent}}},
	} {
		for _, back := range []bool{false, true} {
			ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
			tr := newTrial(t, binary, box, s, newTally())
			at := c.at
			tr.stops, tr.turn = []*stop{&at}, back
			if err := tr.spareKey(ctx, back); err != nil {
				t.Errorf("%s, backout %t: %v", c.name, back, tr.explain(err))
			}
			cancel()
		}
	}
}

// spareKey tells the story up to its stop, goes on from there, and wants one key to have been made.
func (t *trial) spareKey(ctx context.Context, back bool) error {
	if err := t.prepare(ctx); err != nil {
		return err
	}
	defer t.journal.close()
	t.verb = "apply"
	state, err := t.carry(ctx)
	if err != nil {
		return err
	}
	if t.died != 1 {
		return errors.New("nothing was killed")
	}
	if back {
		if state != "backed_out" {
			return fmt.Errorf("it is %s, want backed_out", state)
		}
		if err := t.spareIsTold(ctx); err != nil {
			return err
		}
		for _, args := range [][]string{t.story.planArgs(t.original), {"apply", "plan.json", "--auto-approve"}} {
			if err := t.says(ctx, 0, "", args...); err != nil {
				return err
			}
		}
	}
	if _, err := t.onlyKey(ctx, alias); err != nil {
		return err
	}
	return t.says(ctx, 0, "There is nothing", "orphans", "--region", region)
}

// spareIsTold is that the key which nobody named is listed, and left alone.
func (t *trial) spareIsTold(ctx context.Context) error {
	arn, err := t.onlyKey(ctx, "")
	if err != nil {
		return err
	}
	err = errors.Join(t.says(ctx, 2, arn, "orphans", "--region", region), t.says(ctx, 0, arn, "cleanup", "--region", region, "--auto-approve"))
	_, gone := t.onlyKey(ctx, "")
	return errors.Join(err, gone)
}

// says runs the program, and wants a status and words on stdout.
func (t *trial) says(ctx context.Context, status int, words string, args ...string) error {
	e, err := t.program.run(ctx, args...)
	if err != nil {
		return err
	}
	t.log = append(t.log, e.String())
	if e.status != status || !strings.Contains(e.stdout, words) {
		return fmt.Errorf("%s: status %d, want %d and %q", args[0], e.status, status, words)
	}
	return nil
}

// onlyKey is the ARN of the one key that was made, which has this name and no other; "": it has none.
func (t *trial) onlyKey(ctx context.Context, name string) (string, error) {
	now := map[string]string{}
	if err := t.eye.keys(ctx, now); err != nil {
		return "", err
	}
	var made []string
	for id := range now {
		if _, there := t.around.Keys[id]; !there {
			made = append(made, id)
		}
	}
	if len(made) != 1 {
		return "", fmt.Errorf("%d keys were made, want 1", len(made))
	}
	d, err := t.eye.kms.DescribeKey(ctx, &kms.DescribeKeyInput{KeyId: &made[0]})
	if err != nil {
		return "", err
	}
	names, err := t.eye.kms.ListAliases(ctx, &kms.ListAliasesInput{KeyId: &made[0]})
	if err != nil {
		return "", err
	}
	got := []string{}
	for _, a := range names.Aliases {
		got = append(got, aws.ToString(a.AliasName))
	}
	if want := strings.Fields(name); !slices.Equal(got, want) || string(d.KeyMetadata.KeyState) != "Enabled" {
		return "", fmt.Errorf("the key that was made is %s and called %v, want %v", d.KeyMetadata.KeyState, got, want)
	}
	return *d.KeyMetadata.Arn, nil
}
