package model

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"math"
	"strings"

	"github.com/google/go-cmp/cmp"

	"github.com/glueguard/glueguard/internal/change"
	"github.com/glueguard/glueguard/internal/plan"
	"github.com/glueguard/glueguard/internal/resource"
)

// ask is what is asked for one resource.
type ask struct {
	Mode     resource.Mode
	Strategy plan.Strategy
	NewKey   bool // made by the change, else one that is there
	Logs     bool
	Repoint  bool
}

const (
	alias    = "alias/glueguard" // of the key that changes make
	wellKept = "alias/key-pass"  // of a key that is there
)

// family is an original with all that was made in its place: everything whose name begins as its own does.
type family struct {
	prefix    string
	transform bool
	ask       ask
	original  thing
	encrypted block // S3, or user data, as it was
	logs      block
	jobs      map[string]string
	planned   bool     // there are steps for it
	digest    string   // of the plan
	arn       string   // of the original
	ids       []string // of its changes, the newest last
	past      int      // so many of them are over, and none of this plan's
	back      bool     // a person asked for a backout
	made      map[string]bool
}

func (f *family) members(ctx context.Context, e eye) ([]thing, error) {
	if f.transform {
		return e.transforms(ctx, f.prefix)
	}
	return e.endpoints(ctx, f.prefix)
}

// works tells whether a resource does what the original did.
func (f *family) works(r thing) error {
	o := f.original
	if r.status != o.status {
		return fmt.Errorf("%s is not %s", r, o.status)
	}
	if d := cmp.Diff(o.attributes, r.attributes); d != "" {
		return fmt.Errorf("attributes of %s (-original +now):\n%s", r, d)
	}
	if r.labels != o.labels {
		return fmt.Errorf("%s has %d labels; the original had %d", r, r.labels, o.labels)
	}
	if o.metrics == nil {
		return nil
	}
	if r.metrics == nil {
		return fmt.Errorf("%s was never evaluated", r)
	}
	for _, pair := range [][2]*float64{
		{o.metrics.AreaUnderPRCurve, r.metrics.AreaUnderPRCurve},
		{o.metrics.Precision, r.metrics.Precision},
		{o.metrics.Recall, r.metrics.Recall},
		{o.metrics.F1, r.metrics.F1},
	} {
		if math.Abs(*pair[0]-*pair[1]) > 0.0500001 {
			return fmt.Errorf("%s has other metrics than the original: %v, %v", r, *pair[1], *pair[0])
		}
	}
	return nil
}

// asAsked tells whether a resource is encrypted as was asked for.
func (f *family) asAsked(ctx context.Context, e eye, r thing) error {
	s3, logs, err := e.blocks(ctx, r.configuration)
	if err != nil {
		return err
	}
	key := e.key(ctx, wellKept)
	if f.ask.NewKey {
		key = e.key(ctx, alias)
	}
	want := block{mode: string(f.ask.Mode)}
	if f.ask.Mode == resource.ModeSSEKMS {
		want.key = key
	}
	got := s3
	if f.transform && f.ask.Mode == resource.ModeSSEKMS {
		got = block{r.userMode, r.userKey}
		if s3.mode != "SSE-KMS" {
			return fmt.Errorf("the task runs of %s are encrypted with %s", r, s3.mode)
		}
	}
	if got != want {
		return fmt.Errorf("%s is encrypted with %+v, not with %+v", r, got, want)
	}
	switch {
	case f.transform:
	case f.logs.mode == "SSE-KMS" && logs != f.logs:
		return fmt.Errorf("logs of %s are encrypted with %+v; the original's with %+v", r, logs, f.logs)
	case f.ask.Logs && f.logs.mode != "SSE-KMS" && logs != (block{"SSE-KMS", key}):
		return fmt.Errorf("logs of %s are encrypted with %+v", r, logs)
	}
	return nil
}

// asItWas tells whether a resource is encrypted as the original was.
func (f *family) asItWas(r thing) error {
	o := f.original
	if o.configuration == missing && r.configuration == "" {
		r.configuration = missing // AWS makes nothing that names what is not there
	}
	if o.userMode == "DISABLED" && r.userMode == "" {
		r.userMode = o.userMode // says the same
	}
	if r.configuration != o.configuration || r.userMode != o.userMode || r.userKey != o.userKey {
		return fmt.Errorf("%s has not the original's encryption: %q %q %q, was %q %q %q",
			r, r.configuration, r.userMode, r.userKey, o.configuration, o.userMode, o.userKey)
	}
	return nil
}

// tagged compares tags. Those of a change may be there only while it keeps something.
func (f *family) tagged(r thing, keeps bool) error {
	tags := maps.Clone(r.tags)
	if keeps {
		maps.DeleteFunc(tags, func(k, _ string) bool { return strings.HasPrefix(k, "glueguard:") })
	}
	if d := cmp.Diff(f.original.tags, tags); d != "" && len(f.original.tags)+len(tags) > 0 {
		return fmt.Errorf("tags of %s (-original +now):\n%s", r, d)
	}
	return nil
}

// alive is what holds at every instant: something does the original's work, and it is either the original itself, or
// encrypted as was asked for, or, once a person asked for a backout, as the original was.
func (f *family) alive(ctx context.Context, e eye) error {
	list, err := f.members(ctx, e)
	if err != nil {
		return err
	}
	problems := []error{fmt.Errorf("no working resource is left of %s", f.prefix)}
	for _, r := range list {
		if !r.itself(f.original) {
			f.made[r.id+r.name[:len(f.prefix)]+r.created.String()] = true
		}
		if err := f.works(r); err != nil {
			problems = append(problems, err)
			continue
		}
		if r.itself(f.original) || f.back && f.asItWas(r) == nil {
			return nil
		}
		err := f.asAsked(ctx, e, r)
		if err == nil {
			return nil
		}
		problems = append(problems, err)
	}
	if f.ask.Strategy == plan.Retire {
		return nil
	}
	return errors.Join(problems...)
}

// atRest is what holds of a change that has ended.
func (f *family) atRest(ctx context.Context, e eye, c *change.Change) error {
	list, err := f.members(ctx, e)
	if err != nil {
		return err
	}
	var original []thing
	var others []thing
	for _, r := range list {
		if r.itself(f.original) {
			original = append(original, r)
		} else {
			others = append(others, r)
		}
	}
	switch c.State {
	case change.Done:
		return f.done(ctx, e, original, others, c.Touched())
	case change.Finalized:
		return f.finalized(ctx, e, original, others)
	case change.RefusedAt:
		if len(original) == 0 {
			return fmt.Errorf("refused, and the original is not there: %v", list)
		}
		return f.back1(list)
	case change.BackedOut:
		return f.back1(list)
	}
	return nil
}

// done is what holds when a change is done. A backout of a finalize that was interrupted, and that comes to nothing, is
// done again, though the original has gone meanwhile.
func (f *family) done(ctx context.Context, e eye, original, others []thing, touched bool) error {
	tagged := f.ask.Strategy == plan.SideBySide || f.transform
	keeps := tagged && (!touched || len(original) == 1)
	if f.ask.Strategy == plan.Retire {
		if len(original)+len(others) > 0 {
			return fmt.Errorf("retired, and there are %v %v", original, others)
		}
		return nil
	}
	if keeps != (len(original) == 1) || len(others) != 1 {
		return fmt.Errorf("done, and there are the original %v, others %v", original, others)
	}
	r := others[0]
	if keeps {
		o := original[0]
		if err := errors.Join(f.works(o), f.asItWas(o), f.tagged(o, false)); err != nil {
			return fmt.Errorf("the original that is kept: %w", err)
		}
	}
	if (f.ask.Strategy == plan.Replace) != (r.name == f.original.name) {
		return fmt.Errorf("the replacement is called %q", r.name)
	}
	return errors.Join(f.works(r), f.asAsked(ctx, e, r), f.tagged(r, tagged))
}

func (f *family) finalized(ctx context.Context, e eye, original, others []thing) error {
	want := 1
	if f.ask.Strategy == plan.Retire {
		want = 0
	}
	if len(original) != 0 || len(others) != want {
		return fmt.Errorf("finalized, and there are the original %v, others %v", original, others)
	}
	for _, r := range others {
		return errors.Join(f.works(r), f.asAsked(ctx, e, r), f.tagged(r, false))
	}
	return nil
}

// back1 is that one is there, as the original was.
func (f *family) back1(list []thing) error {
	if len(list) != 1 {
		return fmt.Errorf("taken back, and there are %v", list)
	}
	r := list[0]
	if r.name != f.original.name {
		return fmt.Errorf("it is called %q, not %q", r.name, f.original.name)
	}
	return errors.Join(f.works(r), f.asItWas(r), f.tagged(r, false))
}
