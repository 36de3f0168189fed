package diag_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/glueguard/glueguard/internal/change"
	"github.com/glueguard/glueguard/internal/diag"
	"github.com/glueguard/glueguard/internal/engine"
	"github.com/glueguard/glueguard/internal/execute"
	"github.com/glueguard/glueguard/internal/plan"
	"github.com/glueguard/glueguard/internal/repair"
	"github.com/glueguard/glueguard/internal/resource"
	"github.com/glueguard/glueguard/internal/store"
)

func TestErrorsOfRepairsSayWhatToDo(t *testing.T) {
	t.Parallel()
	const arn = "arn:aws:glue:eu-west-1:111122223333:devEndpoint/etl"
	for name, c := range map[string]struct {
		err        error
		line, hint string
	}{
		"tampered": {
			&plan.TamperedError{File: "plan.json", Digest: "sha256:1", Actual: "sha256:2"},
			"plan.json: the plan was changed after it was made, so nothing of it is carried out", "make it again",
		},
		"another schema": {
			&plan.FormatError{File: "plan.json", Fault: plan.WrongSchema, Schema: "glueguard.plan/v9"},
			`plan.json: it is "glueguard.plan/v9", and this release reads "glueguard.plan/v1"`, "--out FILE",
		},
		"no schema":     {&plan.FormatError{File: "plan.json", Fault: plan.WrongSchema}, "plan.json: not a plan: it does not say that it is one", ""},
		"no JSON":       {&plan.FormatError{File: "plan.json", Fault: plan.NotJSON, Line: 3}, "plan.json:3: not a plan: it is no JSON", ""},
		"unknown field": {&plan.FormatError{File: "p", Fault: plan.UnknownField, Line: 3, Err: errors.New("unknown\nfield x")}, "p:3: not a plan of this release: unknown field x", ""},
		"wrong type":    {&plan.FormatError{File: "p", Fault: plan.WrongType}, "p: not a plan of this release", ""},
		"held": {
			&store.HeldError{Resource: arn, Holder: store.Holder{Host: "here", PID: 7, Since: time.Date(2026, 11, 23, 8, 0, 0, 0, time.UTC)}},
			arn + " is being worked on by process 7 on here since 2026-11-23T08:00:00Z", "let that process finish",
		},
		"open": {&store.OpenError{Resource: arn, Change: "c1", State: change.Waiting}, "change c1 of " + arn + " is waiting", "glueguard resume c1`, or `glueguard backout c1`"},
		"state": {
			&execute.StateError{Change: "c1", Verb: execute.VerbResume, State: change.Done, Why: "it is done", Possible: []execute.Verb{execute.VerbVerify}},
			"change c1 is done: resume is not possible, since it is done", "possible now: `glueguard verify c1`",
		},
		"over":      {&execute.StateError{Change: "c1", Verb: execute.VerbResume, State: change.BackedOut, Why: "it is over"}, "change c1 is backed out", ""},
		"refused":   {&repair.RefusedError{Resource: arn, Reason: repair.ResourceChanged, Differences: []change.Difference{{Attribute: "tags.team", Want: "a", Got: "b"}}}, "has changed since the plan was made: tags.team was", "plan again"},
		"ambiguous": {&store.AmbiguousError{What: "c", Candidates: []string{"c1", "c2"}}, `"c" is ambiguous: it may be c1, c2`, "say more of it"},
		"no change": {&diag.MissingError{What: "change", Name: "c1"}, `there is no change "c1"`, "glueguard changes"},
		"no audit":  {&diag.MissingError{What: "audit", Name: "abcd"}, `there is no audit "abcd"`, "`glueguard audit` makes one"},
		"no plan":   {&diag.MissingError{What: "plan", Name: "abcd"}, `there is no plan "abcd"`, "`glueguard plan` makes one"},
		"no answer": {&diag.UnaskedError{Command: "glueguard apply"}, "nothing was done", "--auto-approve"},
		"declined":  {diag.ErrDeclined, "nothing was done", ""},
		"no daemon": {diag.ErrNoDaemon, "no daemon is running", "leave --detach away"},
		"errored":   {&diag.PlanError{Digest: "sha256:1"}, "went wrong", "glueguard plan show sha256:1"},
		"volatile":  {fmt.Errorf("open: %w", store.ErrNotDurable), "does not make its writes durable", "--state"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			d := diag.Of(fmt.Errorf("wrapped: %w", c.err))
			if d.Status != diag.Error {
				t.Errorf("status %d", d.Status)
			}
			if !strings.Contains(strings.Join(d.Lines, "\n"), c.line) {
				t.Errorf("lines %q, want %q", d.Lines, c.line)
			}
			if !strings.Contains(d.Hint, c.hint) {
				t.Errorf("hint %q, want %q", d.Hint, c.hint)
			}
			if line, _ := diag.Line(c.err); strings.Contains(line, "\n") || line == "" {
				t.Errorf("line %q", line)
			}
		})
	}
}

func TestStatusOfChanges(t *testing.T) {
	t.Parallel()
	at := func(s change.State) *change.Change { return &change.Change{State: s} }
	event := func(v engine.Verb, s change.State, err error) engine.Event {
		return engine.Event{Job: engine.Job{Verb: v}, Change: at(s), Err: err, Done: true}
	}
	done, refused := event(engine.Apply, change.Done, nil), event(engine.Apply, change.RefusedAt, nil)
	waiting := event(engine.Apply, change.Waiting, nil)
	for name, c := range map[string]struct {
		ended []engine.Event
		want  int
	}{
		"nothing":               {nil, diag.OK},
		"as asked":              {[]engine.Event{done, event(engine.Backout, change.BackedOut, nil), event(engine.Finalize, change.Finalized, nil)}, diag.OK},
		"refused":               {[]engine.Event{done, refused}, diag.Failing},
		"backed itself out":     {[]engine.Event{event(engine.Apply, change.BackedOut, nil)}, diag.Failing},
		"settled before":        {[]engine.Event{{Done: true, Err: &repair.RefusedError{Reason: repair.AppliedBefore, State: change.Done}}, done}, diag.OK},
		"regressed since":       {[]engine.Event{{Done: true, Err: &repair.RefusedError{Reason: repair.AppliedBefore, State: change.Regressed}}, done}, diag.Failing},
		"not begun":             {[]engine.Event{{Done: true, Err: &repair.RefusedError{}}, done}, diag.Failing},
		"held":                  {[]engine.Event{{Done: true, Err: &store.HeldError{}}}, diag.Error},
		"waiting":               {[]engine.Event{waiting, refused}, diag.Error},
		"failed":                {[]engine.Event{event(engine.Apply, change.FailedAt, nil)}, diag.Error},
		"an error on the way":   {[]engine.Event{event(engine.Apply, change.Running, errors.New("disk full"))}, diag.Error},
		"skipped":               {[]engine.Event{done, {Done: true, Skipped: true, Err: engine.ErrCanary}}, diag.Failing},
		"interrupted":           {[]engine.Event{waiting, event(engine.Apply, change.Running, context.Canceled)}, diag.Interrupted},
		"interrupted in line":   {[]engine.Event{{Done: true, Skipped: true, Err: context.Canceled}}, diag.Interrupted},
		"a backout that failed": {[]engine.Event{event(engine.Backout, change.Done, nil)}, diag.Failing},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if got := diag.Of(diag.ForChanges(c.ended)).Status; got != c.want {
				t.Errorf("status %d, want %d", got, c.want)
			}
		})
	}
}

func TestStatusOfPlans(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		plan plan.Plan
		want int
	}{
		"complete":   {plan.Plan{Complete: true}, diag.OK},
		"incomplete": {plan.Plan{}, diag.Incomplete},
		"unread":     {plan.Plan{Complete: true, Unread: make([]resource.Coverage, 1)}, diag.Incomplete},
		"errored":    {plan.Plan{Errored: true}, diag.Error},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if got := diag.Of(diag.ForPlan(c.plan)).Status; got != c.want {
				t.Errorf("status %d, want %d", got, c.want)
			}
		})
	}
	if got := diag.Of(diag.ForUnread(slices.Repeat([]resource.Coverage{{}}, 1))).Status; got != diag.Incomplete {
		t.Errorf("status %d", got)
	}
}
