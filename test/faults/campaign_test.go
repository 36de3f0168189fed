package faults

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/glueguard/glueguard/internal/audit"
	"github.com/glueguard/glueguard/internal/control"
	"github.com/glueguard/glueguard/internal/finding"
	"github.com/glueguard/glueguard/internal/resource"
	"github.com/glueguard/glueguard/internal/sandbox"
)

// atOnce is how many worlds are tried at once: most of a run is waiting.
const atOnce = 12

// way is one way in which a call fails.
type way struct {
	name  string
	fault sandbox.Fault
	class resource.FailureClass
}

func ways() []way {
	return []way{
		{"denied", sandbox.Fault{Error: "AccessDeniedException"}, resource.Denied},
		{"throttled", sandbox.Fault{Error: "ThrottlingException", Message: "Rate exceeded"}, resource.Throttled},
		{"server error", sandbox.Fault{Error: "InternalServiceException", Status: 500}, resource.Errored},
		{"timeout", sandbox.Fault{Latency: sandbox.Duration(time.Minute)}, resource.Errored},
		{"request lost", sandbox.Fault{Error: sandbox.FaultDropRequest}, resource.Errored},
		{"answer lost", sandbox.Fault{Error: sandbox.FaultDropResponse}, resource.Errored},
		{"answer cut", sandbox.Fault{Error: sandbox.FaultTruncate}, resource.Errored},
		{"html", sandbox.Fault{Error: sandbox.FaultHTML}, resource.Errored},
	}
}

// trial is one run: a call that fails in one way, once or for ever.
type trial struct {
	operations []string // several: an operation and the one that would stand in for it
	account    string   // a letter
	region     string
	way
	once bool
}

func (r trial) String() string {
	often := "for ever"
	if r.once {
		often = "once"
	}
	return fmt.Sprintf("%s in %s %s: %s %s", strings.Join(r.operations, " and "), r.account, r.region, r.name, often)
}

// trials lists all: each call of a clean audit, in each way. A refusal is not tried again, so that once is for ever.
func (w *world) trials(calls []call, all bool) []trial {
	var list []trial
	for _, c := range calls {
		for i, way := range ways() {
			if !all && i > 0 && way.class == resource.Errored && way.name != "answer cut" {
				continue
			}
			one := trial{operations: []string{c.Operation}, account: w.letter[c.Account], region: c.Region, way: way}
			list = append(list, one)
			if c.Operation == "account:ListRegions" {
				both := one
				both.operations = []string{c.Operation, "ec2:DescribeRegions"}
				list = append(list, both)
			}
			if way.class != resource.Denied {
				one.once = true
				list = append(list, one)
			}
		}
	}
	return list
}

// TestAnySingleCallMayFail is the campaign.
func TestAnySingleCallMayFail(t *testing.T) {
	t.Parallel()
	started := time.Now()
	runs := 0
	for _, failing := range []bool{false, true} {
		first := newWorld(t, failing)
		calls := first.begin(t)
		list := first.trials(calls, !testing.Short())
		if failing { // the other verdict; the ways make no difference to it
			list = slices.DeleteFunc(list, func(r trial) bool { return r.class != resource.Denied })
		}
		// The longest first, so that none is left over at the end.
		slices.SortStableFunc(list, func(a, b trial) int { return weight(b) - weight(a) })
		campaign(t, first, list)
		runs += len(list)
		t.Logf("%d calls of %d operations in a clean audit, %d runs", total(calls), len(calls), len(list))
	}
	t.Logf("%d runs in %v", runs, time.Since(started).Round(time.Millisecond))
}

func weight(r trial) int {
	if r.name == "timeout" || r.class == resource.Throttled {
		return 1
	}
	return 0
}

func total(calls []call) (n int) {
	for _, c := range calls {
		n += c.Calls
	}
	return n
}

func campaign(t *testing.T, first *world, list []trial) {
	t.Helper()
	todo := make(chan trial)
	var workers sync.WaitGroup
	for i := range atOnce {
		w := first
		if i > 0 {
			w = newWorld(t, first.failing)
		}
		workers.Go(func() {
			if i > 0 {
				w.begin(t)
			}
			for r := range todo {
				for _, wrong := range w.try(t.Context(), r) {
					t.Errorf("%s: %s", r, wrong)
				}
			}
		})
	}
	for _, r := range list {
		todo <- r
	}
	close(todo)
	workers.Wait()
}

// begin audits the estate while nothing fails, and returns the calls that this takes.
func (w *world) begin(t *testing.T) []call {
	t.Helper()
	if _, err := w.calls(t.Context()); err != nil {
		t.Error(err)
	}
	w.clean = w.audit(t.Context(), limitsOf(trial{once: true}))
	want := audit.Compliant
	if w.failing {
		want = audit.Failing
	}
	if w.clean.err != nil || w.clean.verdict != want {
		t.Errorf("the clean audit: verdict %d, %v", w.clean.verdict, w.clean.err)
	}
	for label, f := range w.clean.findings {
		if bad := strings.HasSuffix(label, "b-bad"); (f.Status == control.Fail) != bad || (f.Status == control.Pass) == bad {
			t.Errorf("the clean audit: %s: %s %s: %s", label, f.Status, f.Reason, f.Message)
		}
	}
	calls, err := w.calls(t.Context())
	if err != nil {
		t.Error(err)
	}
	return calls
}

// try makes one run and returns what is wrong with its outcome.
func (w *world) try(ctx context.Context, r trial) (wrong []string) {
	var script []sandbox.Fault
	for _, operation := range r.operations {
		f := r.fault
		f.Operation, f.Account, f.Region = operation, w.account[r.account], r.region
		if r.once {
			f.Times = 1
		}
		script = append(script, f)
	}
	if err := w.faults(ctx, script...); err != nil {
		return []string{err.Error()}
	}
	got := w.audit(ctx, limitsOf(r))
	place := w.place(w.account[r.account], r.region)
	e, err := w.effectOf(strings.Join(r.operations, " and "), place, r.class)
	switch {
	case err != nil:
		return []string{err.Error()}
	case r.once || e.heals:
		e = effect{}
	case e.ends:
		if got.err == nil {
			wrong = append(wrong, "it is an audit all the same")
		}
		if len(got.findings) > 0 {
			wrong = append(wrong, "there are findings all the same")
		}
		return wrong
	}
	if got.err != nil {
		return []string{got.err.Error()}
	}
	return slices.Concat(w.compareFindings(got, e), w.compareCoverage(got, e, r.class), w.compareVerdict(got, e))
}

// compareFindings holds the findings to those of the clean audit, except for what the effect names.
func (w *world) compareFindings(got outcome, e effect) (wrong []string) {
	for label, clean := range w.clean.findings {
		f, there := got.findings[label]
		switch {
		case slices.Contains(e.gone, label):
			if there {
				wrong = append(wrong, label+" can't be known, but is "+string(f.Status))
			}
		case !there:
			wrong = append(wrong, label+" is missing")
		case slices.Contains(e.unknown, label):
			if f.Status != control.Unknown {
				wrong = append(wrong, label+" must be unknown, but is "+string(f.Status))
			}
		default:
			if diff := cmp.Diff(w.loose(clean, e), w.loose(f, e)); diff != "" {
				wrong = append(wrong, label+" changed:\n"+diff)
			}
		}
	}
	for label, f := range got.findings {
		if _, before := w.clean.findings[label]; before {
			continue
		}
		if !slices.Contains(e.stands, label) || f.Status != control.Unknown {
			wrong = append(wrong, label+" came up as "+string(f.Status))
		}
	}
	for _, label := range e.stands {
		if _, there := got.findings[label]; !there {
			wrong = append(wrong, label+" does not stand for what could not be listed")
		}
	}
	return wrong
}

// loose leaves out of a finding what the effect lets differ.
func (w *world) loose(f finding.Finding, e effect) finding.Finding {
	place := w.place(f.Resource.Account, f.Resource.Region)
	if slices.Contains(e.tags, place) {
		f.Resource.Tags = nil
	}
	if slices.Contains(e.advisories, place) {
		f.Advisories = nil
	}
	return f
}

// compareCoverage wants each read that failed in the coverage, with its class, and no other.
func (w *world) compareCoverage(got outcome, e effect, class resource.FailureClass) (wrong []string) {
	want := map[string]string{}
	for _, row := range e.unread {
		where, skipped := strings.CutSuffix(row, ":skipped")
		want[where] = string(class)
		if skipped {
			want[where] = string(resource.Skipped)
		}
	}
	have := map[string]string{}
	for _, c := range got.coverage {
		if c.Status != resource.CoverageOK {
			have[c.Operation+" "+w.place(c.Account, c.Region)] = c.Status
		}
	}
	if !maps.Equal(want, have) {
		wrong = append(wrong, "what was not read (-want +got):\n"+cmp.Diff(want, have))
	}
	return wrong
}

// compareVerdict never takes an audit for whole in which something could not be read.
func (w *world) compareVerdict(got outcome, e effect) (wrong []string) {
	want := audit.Compliant
	if len(e.unread) > 0 {
		want = audit.Incomplete
	}
	if w.failing && !slices.Contains(e.gone, "s3 b us b-bad") {
		want = audit.Failing
	}
	if got.verdict != want {
		wrong = append(wrong, fmt.Sprintf("verdict %d, want %d", got.verdict, want))
	}
	return wrong
}
