package view

import (
	"bytes"
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/glueguard/glueguard/internal/change"
	"github.com/glueguard/glueguard/internal/engine"
	"github.com/glueguard/glueguard/internal/plan"
	"github.com/glueguard/glueguard/internal/report"
	"github.com/glueguard/glueguard/internal/resource"
)

const etl = "arn:aws:glue:eu-west-1:111122223333:devEndpoint/etl"

// history returns a change as it stands after each entry of its journal.
func history(t *testing.T, entries ...change.Entry) []*change.Change {
	t.Helper()
	start := time.Date(2026, 11, 23, 8, 0, 0, 0, time.UTC)
	steps := []plan.Step{
		{Name: "save-definition", Kind: plan.SaveDefinition, Role: plan.Original},
		{Name: "create-twin", Kind: plan.CreateEndpoint, Role: plan.Twin},
		{Name: "wait-twin", Kind: plan.WaitReady, Role: plan.Twin},
	}
	all := append([]change.Entry{
		{Kind: change.Opened, Head: &change.Head{ID: "c-1", Item: plan.Item{Resource: resource.Ref{Type: resource.TypeDevEndpoint, ARN: etl, Name: "etl"}, Steps: steps}}},
		{Kind: change.Began, Phase: change.Apply, State: change.Done, Steps: steps},
	}, entries...)
	var states []*change.Change
	for i := range all {
		all[i].Seq, all[i].At = i+1, start.Add(time.Duration(i)*time.Second)
		c, err := change.Fold(all[:i+1])
		if err != nil {
			t.Fatal(err)
		}
		states = append(states, c)
	}
	return states
}

// newChanges returns a view whose clock stands still unless the test moves it.
func newChanges(terminal bool) (*Changes, *bytes.Buffer, *time.Time) {
	var out bytes.Buffer
	now := time.Date(2026, 11, 23, 8, 0, 0, 0, time.UTC)
	return &Changes{
		Out: &out, Terminal: terminal, Width: 100, Now: func() time.Time { return now }, Total: 1,
		Label: func(j engine.Job) string { return report.Label(j.Resource) },
		Why:   func(err error) (string, string) { return err.Error(), "" },
	}, &out, &now
}

func TestLogsTellEachStepOnce(t *testing.T) {
	t.Parallel()
	v, out, now := newChanges(false)
	job := engine.Job{Verb: engine.Apply, Resource: etl}
	states := history(t,
		change.Entry{Kind: change.Succeeded, Step: "save-definition"},
		change.Entry{Kind: change.Intended, Step: "create-twin"},
		change.Entry{Kind: change.Succeeded, Step: "create-twin"},
		change.Entry{Kind: change.Refused, Step: "wait-twin", Trouble: &change.Trouble{Code: "X", Message: "it came up FAILED"}},
		change.Entry{Kind: change.Began, Phase: change.Unwind, State: change.RefusedAt, Trouble: &change.Trouble{Message: "it came up FAILED"}, Steps: []plan.Step{
			{Name: "delete-twin", Kind: plan.DeleteEndpoint, Role: plan.Twin},
		}},
		change.Entry{Kind: change.Succeeded, Step: "delete-twin"},
		change.Entry{Kind: change.Ended, State: change.RefusedAt, Trouble: &change.Trouble{Message: "it came up FAILED"}},
	)
	v.Watch(engine.Event{Job: job})
	for _, c := range states[:5] {
		v.Watch(engine.Event{Job: job, Change: c, Detail: "PROVISIONING"})
	}
	v.tick()
	*now = now.Add(90 * time.Second)
	v.tick()
	v.tick()
	for _, c := range states[5:8] {
		v.Watch(engine.Event{Job: job, Change: c})
	}
	v.Watch(engine.Event{Job: job, Change: states[8], Done: true})
	want := `glueguard: dev endpoint etl (111122223333/eu-west-1): save-definition done (1 of 3, 0 s)
glueguard: dev endpoint etl (111122223333/eu-west-1): create-twin done (2 of 3, 0 s)
glueguard: dev endpoint etl (111122223333/eu-west-1): still at 3/3 wait-twin: PROVISIONING, 1:30 min
glueguard: dev endpoint etl (111122223333/eu-west-1): taking back what was done: it came up FAILED
glueguard: dev endpoint etl (111122223333/eu-west-1): delete-twin done (1 of 1, 1:30 min)
glueguard: dev endpoint etl (111122223333/eu-west-1): refused: it came up FAILED
`
	if d := cmp.Diff(want, out.String()); d != "" {
		t.Errorf("-want +got:\n%s", d)
	}
}

func TestWhatIsNotBegunSaysWhy(t *testing.T) {
	t.Parallel()
	v, out, _ := newChanges(false)
	job := engine.Job{Verb: engine.Apply, Resource: etl}
	v.Watch(engine.Event{Job: job})
	v.Watch(engine.Event{Job: job, Done: true, Err: errors.New("somebody else holds it")})
	v.Watch(engine.Event{Job: engine.Job{Resource: "other"}, Done: true, Skipped: true, Err: engine.ErrCanary})
	v.Interrupting()
	v.Interrupting()
	want := `glueguard: dev endpoint etl (111122223333/eu-west-1): not begun: somebody else holds it
glueguard: interrupted: finishing the current call of each change; nothing is lost, and resume goes on from there
`
	if d := cmp.Diff(want, out.String()); d != "" {
		t.Errorf("-want +got:\n%s", d)
	}
}

func TestAnInterruptSaysWhereEachStands(t *testing.T) {
	t.Parallel()
	v, out, _ := newChanges(false)
	job := engine.Job{Verb: engine.Apply, Resource: etl}
	states := history(t, change.Entry{Kind: change.Succeeded, Step: "save-definition"})
	v.Watch(engine.Event{Job: job, Change: states[2], Detail: "PROVISIONING"})
	v.Watch(engine.Event{Job: job, Change: states[2], Done: true, Err: context.Canceled})
	v.Watch(engine.Event{Job: engine.Job{Resource: "other"}, Done: true, Err: context.Canceled})
	v.Interrupting()
	want := `glueguard: dev endpoint etl (111122223333/eu-west-1): save-definition done (1 of 3, 0 s)
glueguard: interrupted: finishing the current call of each change; nothing is lost, and resume goes on from there
glueguard: dev endpoint etl (111122223333/eu-west-1): left at 2/3 create-twin
glueguard: other: not begun
`
	if d := cmp.Diff(want, out.String()); d != "" {
		t.Errorf("-want +got:\n%s", d)
	}
}

// screen is what a terminal shows after it has obeyed: lines, cursor up, and erase.
func screen(t *testing.T, raw string) []string {
	t.Helper()
	lines, at := []string{""}, 0
	for raw != "" {
		switch {
		case strings.HasPrefix(raw, "\x1b[K"):
			raw = raw[3:]
		case strings.HasPrefix(raw, "\x1b[J"):
			lines, raw = append(lines[:at:at], ""), raw[3:]
		case strings.HasPrefix(raw, "\x1b["):
			up, rest, _ := strings.Cut(raw[2:], "A")
			at, raw = at-int(up[0]-'0'), rest
		case raw[0] == '\r':
			lines[at], raw = "", raw[1:]
		case raw[0] == '\n':
			if at++; at == len(lines) {
				lines = append(lines, "")
			} else {
				lines[at] = ""
			}
			raw = raw[1:]
		default:
			end := strings.IndexAny(raw, "\r\n\x1b")
			lines[at], raw = lines[at]+raw[:end], raw[end:]
		}
	}
	return lines[:len(lines)-1]
}

func TestTerminalsShowALineForEachChange(t *testing.T) {
	t.Parallel()
	v, out, now := newChanges(true)
	v.Total = 2
	one, two := engine.Job{Resource: etl}, engine.Job{Resource: strings.Replace(etl, "etl", "lab", 1)}
	states := history(t, change.Entry{Kind: change.Succeeded, Step: "save-definition"}, change.Entry{Kind: change.Succeeded, Step: "create-twin"})
	v.Watch(engine.Event{Job: one})
	v.Watch(engine.Event{Job: two})
	v.Watch(engine.Event{Job: one, Change: states[3], Detail: "PROVISIONING"})
	*now = now.Add(3 * time.Second)
	v.tick()
	want := []string{
		"⠋      3 s  dev endpoint etl (111122223333/eu-west-1)  3/3 wait-twin: PROVISIONING",
		"⠋      3 s  dev endpoint lab (111122223333/eu-west-1)  beginning",
		"  0 of 2 ended, 2 running",
	}
	if d := cmp.Diff(want, screen(t, out.String())); d != "" {
		t.Errorf("-want +got:\n%s", d)
	}
	v.Watch(engine.Event{Job: two, Done: true, Err: errors.New("held")})
	want = []string{
		"dev endpoint lab (111122223333/eu-west-1): not begun: held",
		"⠋      3 s  dev endpoint etl (111122223333/eu-west-1)  3/3 wait-twin: PROVISIONING",
		"  1 of 2 ended, 1 running",
	}
	if d := cmp.Diff(want, screen(t, out.String())); d != "" {
		t.Errorf("-want +got:\n%s", d)
	}
	quit := make(chan struct{})
	close(quit)
	v.run(quit)
	if d := cmp.Diff(want[:1], screen(t, out.String())); d != "" {
		t.Errorf("the block is not taken away: -want +got:\n%s", d)
	}
}

// On a narrow terminal the label gives way to the step, and a log names a resource once.
func TestNarrowTerminalsShowTheStep(t *testing.T) {
	t.Parallel()
	v, out, _ := newChanges(true)
	v.Width = 60
	states := history(t, change.Entry{Kind: change.Succeeded, Step: "save-definition"})
	v.Watch(engine.Event{Job: engine.Job{Resource: etl}, Change: states[2]})
	v.tick()
	want := []string{"⠋      0 s  dev endpoint etl (11112222333…  2/3 create-twin"}
	if d := cmp.Diff(want, screen(t, out.String())); d != "" {
		t.Errorf("-want +got:\n%s", d)
	}
}

func TestWhyNamesTheResourceOnce(t *testing.T) {
	t.Parallel()
	for said, want := range map[string]string{
		etl + ": it has changed":     "it has changed",
		etl + " is being worked on":  "it is being worked on",
		"change c-1 of it is opened": "change c-1 of it is opened",
	} {
		v, out, _ := newChanges(false)
		v.Watch(engine.Event{Job: engine.Job{Resource: etl}, Done: true, Err: errors.New(said)})
		if d := cmp.Diff("glueguard: dev endpoint etl (111122223333/eu-west-1): not begun: "+want+"\n", out.String()); d != "" {
			t.Errorf("-want +got:\n%s", d)
		}
	}
}
