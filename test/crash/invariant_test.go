package crash

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"math"
	"strings"

	"github.com/google/go-cmp/cmp"
)

// alive is what holds at every instant: there is a resource that does the original's work, and it is either the
// original itself, or encrypted as was asked for, or, while the change is being backed out, made as the original was.
func (t *trial) alive(ctx context.Context, backingOut bool) error {
	if t.story.strategy == "retire" {
		return nil // it was asked to go
	}
	list, err := t.story.related(ctx, t.eye)
	if err != nil {
		return err
	}
	problems := []error{errors.New("no working resource is left")}
	for _, r := range list {
		err := t.works(r)
		asItWas := r.itself(t.original) || backingOut && t.sameEncryption(r) == nil
		if err == nil && !asItWas {
			err = t.story.encrypted(ctx, t.eye, r)
		}
		if err == nil {
			return nil
		}
		problems = append(problems, err)
	}
	return errors.Join(problems...)
}

// works tells whether a resource does what the original did.
func (t *trial) works(r thing) error {
	if r.status != t.original.status {
		return fmt.Errorf("%s is %s; the original was %s", r.name, r.status, t.original.status)
	}
	if d := cmp.Diff(t.original.attributes, r.attributes); d != "" {
		return fmt.Errorf("attributes of %s (-original +now):\n%s", r.name, d)
	}
	if r.labels != t.original.labels {
		return fmt.Errorf("%s has %d labels; the original had %d", r.name, r.labels, t.original.labels)
	}
	if was, is := t.original.metrics, r.metrics; was != nil {
		if is == nil {
			return fmt.Errorf("%s was never evaluated", r.name)
		}
		for what, pair := range map[string][2]*float64{
			"area": {was.AreaUnderPRCurve, is.AreaUnderPRCurve}, "precision": {was.Precision, is.Precision}, "recall": {was.Recall, is.Recall}, "F1": {was.F1, is.F1},
		} {
			if math.Abs(*pair[0]-*pair[1]) > 0.0500001 {
				return fmt.Errorf("%s has %s %v; the original had %v", r.name, what, *pair[1], *pair[0])
			}
		}
	}
	return nil
}

func (t *trial) sameEncryption(r thing) error {
	o := t.original
	if r.configuration != o.configuration || r.userMode != o.userMode || r.userKey != o.userKey {
		return fmt.Errorf("%s has not the original's encryption: %q %q %q, was %q %q %q",
			r.name, r.configuration, r.userMode, r.userKey, o.configuration, o.userMode, o.userKey)
	}
	return nil
}

// sameTags compares tags; those of the change itself may be there only while it keeps something.
func (t *trial) sameTags(r thing, keeps bool) error {
	tags := maps.Clone(r.tags)
	if keeps {
		maps.DeleteFunc(tags, func(k, _ string) bool { return strings.HasPrefix(k, "glueguard:") })
	}
	if d := cmp.Diff(t.original.tags, tags); d != "" && len(t.original.tags)+len(tags) > 0 {
		return fmt.Errorf("tags of %s (-original +now):\n%s", r.name, d)
	}
	return nil
}

// atRest is what holds when a change has come to rest in a state.
func (t *trial) atRest(ctx context.Context, state string) error {
	list, err := t.story.related(ctx, t.eye)
	if err != nil {
		return err
	}
	err = t.elsewhere(ctx, state, list)
	switch state {
	case "done":
		return errors.Join(err, t.done(ctx, list))
	case "finalized":
		return errors.Join(err, t.finalized(ctx, list))
	case "backed_out", "refused":
		return errors.Join(err, t.back(list, state))
	}
	return errors.Join(err, fmt.Errorf("the change ended in state %q", state))
}

// split takes the original out of a list.
func (t *trial) split(list []thing) (original *thing, others []thing) {
	for _, r := range list {
		if r.itself(t.original) {
			original = &r
		} else {
			others = append(others, r)
		}
	}
	return original, others
}

// count is an error unless a list has this many.
func count(list []thing, want int, what string) error {
	if len(list) == want {
		return nil
	}
	var names []string
	for _, r := range list {
		names = append(names, r.name+" "+r.id+" "+r.status)
	}
	return fmt.Errorf("%d resources %s, want %d: %s", len(list), what, want, strings.Join(names, ", "))
}

func (t *trial) done(ctx context.Context, list []thing) error {
	original, others := t.split(list)
	keeps := t.story.strategy == "side-by-side" || t.story.kind == transform
	switch {
	case t.story.strategy == "retire":
		return count(list, 0, "are left of what was retired")
	case keeps && original == nil:
		return errors.New("the original is gone before finalize")
	case !keeps && original != nil:
		return errors.New("the original is still there")
	}
	if err := count(others, 1, "stand for the original"); err != nil {
		return err
	}
	if original != nil {
		if err := errors.Join(t.works(*original), t.sameEncryption(*original), t.sameTags(*original, false)); err != nil {
			return fmt.Errorf("the original that is kept: %w", err)
		}
	}
	if t.story.strategy == "replace" && others[0].name != t.original.name {
		return fmt.Errorf("the replacement is called %q", others[0].name)
	}
	return errors.Join(t.works(others[0]), t.sameTags(others[0], keeps), t.story.encrypted(ctx, t.eye, others[0]))
}

func (t *trial) finalized(ctx context.Context, list []thing) error {
	original, others := t.split(list)
	if original != nil {
		return errors.New("the original is still there")
	}
	if err := count(others, 1, "stand for the original"); err != nil {
		return err
	}
	return errors.Join(t.works(others[0]), t.sameTags(others[0], false), t.story.encrypted(ctx, t.eye, others[0]))
}

// back is what holds once a change was taken back, or refused.
func (t *trial) back(list []thing, state string) error {
	if err := count(list, 1, "are there in the end"); err != nil {
		return err
	}
	r := list[0]
	if state == "refused" && !r.itself(t.original) {
		return errors.New("the change was refused, but this is not the original any more")
	}
	if r.name != t.original.name {
		return fmt.Errorf("it is called %q, not %q", r.name, t.original.name)
	}
	return errors.Join(t.works(r), t.sameEncryption(r), t.sameTags(r, false))
}

// elsewhere is that nothing but the story's own resources has changed, except that jobs were pointed elsewhere where
// that was asked for.
func (t *trial) elsewhere(ctx context.Context, state string, list []thing) error {
	now, err := t.eye.survey(ctx, t.story.ours)
	if err != nil {
		return err
	}
	was := t.around
	if job := t.story.repoint; job != "" && state == "done" {
		_, others := t.split(list)
		if len(others) != 1 {
			return errors.New("there is no one replacement to point jobs at")
		}
		was.Jobs = maps.Clone(was.Jobs)
		j := maps.Clone(was.Jobs[job].(map[string]any))
		arguments := maps.Clone(j["DefaultArguments"].(map[string]any))
		arguments["--transform_id"] = others[0].id
		j["DefaultArguments"] = arguments
		was.Jobs[job] = j
	}
	if problems := was.kept(now); problems != "" {
		return errors.New(problems)
	}
	return nil
}
