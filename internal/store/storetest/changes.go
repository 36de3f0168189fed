package storetest

import (
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/glueguard/glueguard/internal/change"
	"github.com/glueguard/glueguard/internal/plan"
	"github.com/glueguard/glueguard/internal/resource"
	"github.com/glueguard/glueguard/internal/store"
)

// Changes is how the suite of plans and changes comes by stores.
type Changes struct {
	// Open returns an empty store that is closed when the test ends.
	Open func(t testing.TB) store.Store
	// Again opens what s keeps once more, as another process would; it is closed when the test ends.
	Again func(t testing.TB, s store.Store) store.Store
	// Steal makes s forget who holds leases, as a lost session or a removed lock does, but not their tokens.
	Steal func(t testing.TB, s store.Store)
	// Hold starts another process that leases the resource in s, and returns its id and what kills it as kill -9 does.
	Hold func(t testing.TB, s store.Store, resource string) (pid int, kill func())
}

// TestChanges runs the suite of plans and changes, in parallel.
func TestChanges(t *testing.T, h Changes) {
	t.Helper()
	t.Parallel()
	for name, test := range map[string]func(*testing.T, Changes){
		"a plan comes back as it was":                      planComesBack,
		"plans are found by a beginning of their digest":   planByBeginning,
		"a change is the fold of its journal":              changeFolds,
		"a journal's order is kept, gaps are refused":      journalOrder,
		"an entry that can't follow is refused":            journalSense,
		"what was done is told after the context's end":    journalOutlivesContext,
		"changes are found by a beginning of their id":     changeByBeginning,
		"a resource has one open change":                   oneOpen,
		"a resource that an open change made is its own":   oneOpenMade,
		"changes are listed newest first":                  newestFirst,
		"changes are listed as the filter says":            filters,
		"a callback's error stops the listing":             listingStops,
		"summaries say what the journals say":              summaries,
		"changes are listed page by page":                  pagesOfChanges,
		"changes are counted by state":                     countedChanges,
		"changes are searched":                             searchedChanges,
		"plans are listed newest first":                    plansListed,
		"a lease is held by one":                           leaseHeld,
		"a lease is free when its process is dead":         leaseDies,
		"a lease that was lost can't write":                fenced,
		"a lease that was given up can't write":            fencedReleased,
		"a lease serves its own resource":                  leaseOfOther,
		"two stores on one place see the same":             twoStores,
		"many changes are written at once":                 manyAtOnce,
		"what is not there is not found, by any beginning": changeNotFound,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			test(t, h)
		})
	}
}

// ARN is the ARN of the suite's dev endpoint of that name.
func ARN(name string) string {
	return location("111111111111", "eu-west-1").ARN("glue", "devEndpoint/"+name).String()
}

// Head makes the head of a change of the dev endpoint with that name.
func Head(id, name string) change.Head {
	original := resource.Identity{Type: resource.TypeDevEndpoint, ARN: ARN(name), Name: name, CreatedAt: Start(0)}
	return change.Head{
		ID: id, PlanDigest: "sha256:plan", AcceptedUnchecked: []string{}, AcceptedWarnings: []string{}, By: "arn:aws:iam::111111111111:user/me",
		Item: plan.Item{
			Resource: resource.Ref{Type: resource.TypeDevEndpoint, ARN: original.ARN, ID: name, Name: name, Account: "111111111111", Region: "eu-west-1"},
			Location: location("111111111111", "eu-west-1"), Identity: original, Strategy: plan.Replace, From: resource.ModeNone, To: resource.ModeSSES3,
		},
	}
}

// opened is the first entry of a change that was opened n hours after the suite's start.
func opened(h change.Head, n int) change.Entry {
	return change.Entry{Seq: 1, At: Start(n), Kind: change.Opened, Head: &h}
}

// steps are those of a small apply: make a twin, and look at it.
func steps(name string) []plan.Step {
	return []plan.Step{
		{Name: "create-twin", Kind: plan.CreateEndpoint, Role: plan.Twin, Endpoint: &resource.EndpointDefinition{Name: name + "-gg"}},
		{Name: "verify-twin", Kind: plan.Verify, Role: plan.Twin},
	}
}

// story is a journal from its second entry to the end of its apply.
func story(name string) []change.Entry {
	twin := resource.Identity{Type: resource.TypeDevEndpoint, ARN: ARN(name + "-gg"), Name: name + "-gg", CreatedAt: Start(1)}
	list := []change.Entry{
		{Kind: change.Began, Phase: change.Apply, Steps: steps(name)},
		{Kind: change.Intended, Step: "create-twin", Calls: 1},
		{Kind: change.Succeeded, Step: "create-twin", Facts: &change.Facts{Resource: &twin}, Calls: 2},
		{Kind: change.Succeeded, Step: "verify-twin", Calls: 3},
		{Kind: change.Ended, State: change.Done},
	}
	for i := range list {
		list[i].Seq, list[i].At = i+2, Start(1).Add(time.Duration(i)*time.Second)
	}
	return list
}

func holder() store.Holder {
	return store.Holder{Host: "here", PID: os.Getpid(), Since: Start(0)}
}

// take leases a resource for the test's length.
func take(t testing.TB, s store.Store, name string) store.Lease {
	t.Helper()
	l, err := s.Lease(t.Context(), ARN(name), holder())
	must(t, err)
	t.Cleanup(func() {
		if err := l.Release(); err != nil {
			t.Error(err)
		}
	})
	return l
}

// begin opens a change and writes the first n entries of its story.
func begin(t testing.TB, s store.Store, l store.Lease, id, name string, n int) store.Journal {
	t.Helper()
	must(t, s.OpenChange(t.Context(), l, opened(Head(id, name), 0)))
	j := l.Journal(id)
	for _, e := range story(name)[:n] {
		must(t, j.Append(t.Context(), e))
	}
	return j
}

// whole writes a change that is done, opened n hours after the suite's start.
func whole(t testing.TB, s store.Store, id, name, digest string, n int) {
	t.Helper()
	l, err := s.Lease(t.Context(), ARN(name), holder())
	must(t, err)
	h := Head(id, name)
	h.PlanDigest = digest
	must(t, s.OpenChange(t.Context(), l, opened(h, n)))
	j := l.Journal(id)
	for _, e := range story(name) {
		e.At = Start(n).Add(time.Minute)
		must(t, j.Append(t.Context(), e))
	}
	must(t, l.Release())
}

func planComesBack(t *testing.T, h Changes) {
	s := h.Open(t)
	document := []byte(`{"schema": "glueguard.plan/v1",  "é": "\u0000"}`)
	must(t, s.SavePlan(t.Context(), "sha256:abc", Start(1), document))
	must(t, s.SavePlan(t.Context(), "sha256:abc", Start(2), document))
	got, err := s.Plan(t.Context(), "sha256:abc")
	must(t, err)
	if d := cmp.Diff(string(document), string(got)); d != "" {
		t.Errorf("plan (-want +got):\n%s", d)
	}
}

func planByBeginning(t *testing.T, h Changes) {
	s := h.Open(t)
	for i, digest := range []string{"sha256:abc1", "sha256:abc2", "sha256:ff", "sha256:ff00", "sha256:0_%"} {
		must(t, s.SavePlan(t.Context(), digest, Start(9-i), []byte(digest)))
	}
	for asked, want := range map[string]string{
		"sha256:abc1": "sha256:abc1", "abc2": "sha256:abc2", "ff": "sha256:ff", "ff0": "sha256:ff00", "0": "sha256:0_%", "latest": "sha256:abc1",
	} {
		got, err := s.Plan(t.Context(), asked)
		if err != nil || string(got) != want {
			t.Errorf("%s: %q, %v, want %s", asked, got, err, want)
		}
	}
	_, err := s.Plan(t.Context(), "abc")
	var several *store.AmbiguousError
	if !errors.As(err, &several) || !slices.Equal(several.Candidates, []string{"sha256:abc1", "sha256:abc2"}) {
		t.Errorf("abc: %v, want both candidates", err)
	}
}

func changeFolds(t *testing.T, h Changes) {
	s := h.Open(t)
	j := begin(t, s, take(t, s, "dev"), "c1", "dev", 5)
	entries, err := j.Entries(t.Context())
	must(t, err)
	if d := cmp.Diff(append([]change.Entry{opened(Head("c1", "dev"), 0)}, story("dev")...), entries); d != "" {
		t.Errorf("entries (-want +got):\n%s", d)
	}
	want, err := change.Fold(entries)
	must(t, err)
	got, err := s.Change(t.Context(), "c1")
	must(t, err)
	if d := cmp.Diff(want, got); d != "" {
		t.Errorf("change (-want +got):\n%s", d)
	}
	if got.State != change.Done {
		t.Errorf("it is %s, want done", got.State)
	}
}

func journalOrder(t *testing.T, h Changes) {
	s := h.Open(t)
	l := take(t, s, "dev")
	j := begin(t, s, l, "c1", "dev", 1)
	next := story("dev")[1:]
	again, gap := story("dev")[0], next[1]
	for name, e := range map[string]change.Entry{"one again": again, "one left out": gap, "the first": opened(Head("c1", "dev"), 0), "no number": {}} {
		if err := j.Append(t.Context(), e); !errors.Is(err, store.ErrState) {
			t.Errorf("%s: %v, want ErrState", name, err)
		}
	}
	for _, e := range next[:2] {
		must(t, j.Append(t.Context(), e))
	}
	// Another handle goes on where this one stands, and this one sees that it was overtaken.
	must(t, l.Journal("c1").Append(t.Context(), next[2]))
	if err := j.Append(t.Context(), next[2]); !errors.Is(err, store.ErrState) {
		t.Errorf("written twice: %v, want ErrState", err)
	}
	must(t, j.Append(t.Context(), next[3]))
	entries, err := j.Entries(t.Context())
	must(t, err)
	if len(entries) != 6 {
		t.Errorf("%d entries, want 6", len(entries))
	}
	if err := l.Journal("none").Append(t.Context(), next[0]); !errors.Is(err, store.ErrNotFound) {
		t.Errorf("a change that was never opened: %v, want ErrNotFound", err)
	}
}

func journalSense(t *testing.T, h Changes) {
	s := h.Open(t)
	l := take(t, s, "dev")
	j := begin(t, s, l, "c1", "dev", 1)
	senseless := change.Entry{Seq: 3, At: Start(2), Kind: change.Succeeded, Step: "no-such-step"}
	if err := j.Append(t.Context(), senseless); !errors.Is(err, store.ErrState) {
		t.Errorf("an entry of another step: %v, want ErrState", err)
	}
	if c, err := s.Change(t.Context(), "c1"); err != nil || c.Seq != 2 {
		t.Errorf("after the refusal: %+v, %v", c, err)
	}
	if err := s.OpenChange(t.Context(), l, change.Entry{Seq: 1, At: Start(1), Kind: change.Opened}); !errors.Is(err, store.ErrState) {
		t.Errorf("opened without a head: %v, want ErrState", err)
	}
}

func journalOutlivesContext(t *testing.T, h Changes) {
	s := h.Open(t)
	j := begin(t, s, take(t, s, "dev"), "c1", "dev", 2)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	must(t, j.Append(ctx, story("dev")[2]))
	if c, err := s.Change(t.Context(), "c1"); err != nil || c.Seq != 4 {
		t.Errorf("after it: %+v, %v", c, err)
	}
}

func changeByBeginning(t *testing.T, h Changes) {
	s := h.Open(t)
	for i, id := range []string{"ab12", "ab34", "cd", "cd56"} {
		whole(t, s, id, fmt.Sprintf("dev%d", i), "sha256:plan", i)
	}
	for asked, want := range map[string]string{"ab12": "ab12", "ab3": "ab34", "cd": "cd", "cd5": "cd56"} {
		c, err := s.Change(t.Context(), asked)
		if err != nil || c.Head.ID != want {
			t.Errorf("%s: %v, want %s", asked, err, want)
		}
	}
	_, err := s.Change(t.Context(), "ab")
	var several *store.AmbiguousError
	if !errors.As(err, &several) || several.What != "ab" || !slices.Equal(several.Candidates, []string{"ab12", "ab34"}) {
		t.Errorf("ab: %v, want both candidates", err)
	}
}

func changeNotFound(t *testing.T, h Changes) {
	s := h.Open(t)
	for _, empty := range []bool{true, false} {
		for _, asked := range []string{"", "x", "%", "_", "latest", "c12"} {
			if _, err := s.Change(t.Context(), asked); !errors.Is(err, store.ErrNotFound) {
				t.Errorf("change %q: %v, want ErrNotFound", asked, err)
			}
		}
		for _, asked := range []string{"", "sha256:", "x", "%", "sha256:x"} {
			if _, err := s.Plan(t.Context(), asked); !errors.Is(err, store.ErrNotFound) {
				t.Errorf("plan %q: %v, want ErrNotFound", asked, err)
			}
		}
		if empty {
			if _, err := s.Plan(t.Context(), "latest"); !errors.Is(err, store.ErrNotFound) {
				t.Errorf("latest plan: %v, want ErrNotFound", err)
			}
			whole(t, s, "c1", "dev", "sha256:plan", 0)
			must(t, s.SavePlan(t.Context(), "sha256:00", Start(1), []byte("{}")))
		}
	}
}

func oneOpen(t *testing.T, h Changes) {
	s := h.Open(t)
	l := take(t, s, "dev")
	j := begin(t, s, l, "c1", "dev", 4)
	err := s.OpenChange(t.Context(), l, opened(Head("c2", "dev"), 1))
	var open *store.OpenError
	if !errors.As(err, &open) || open.Change != "c1" || open.State != change.Running || !errors.Is(err, store.ErrState) {
		t.Errorf("a second one: %v, want *OpenError that names c1", err)
	}
	must(t, s.OpenChange(t.Context(), take(t, s, "other"), opened(Head("c3", "other"), 1)))
	must(t, j.Append(t.Context(), story("dev")[4]))
	must(t, s.OpenChange(t.Context(), l, opened(Head("c2", "dev"), 1)))
	must(t, l.Journal("c2").Append(t.Context(), story("dev")[0]))
	if err := s.OpenChange(t.Context(), take(t, s, "third"), opened(Head("c1", "third"), 2)); err == nil {
		t.Error("a change was opened under the id of another")
	}
}

func oneOpenMade(t *testing.T, h Changes) {
	s := h.Open(t)
	j := begin(t, s, take(t, s, "dev"), "c1", "dev", 4)
	twin := take(t, s, "dev-gg")
	var open *store.OpenError
	if err := s.OpenChange(t.Context(), twin, opened(Head("c2", "dev-gg"), 1)); !errors.As(err, &open) || open.Change != "c1" {
		t.Errorf("a change of the twin: %v, want *OpenError that names c1", err)
	}
	must(t, j.Append(t.Context(), story("dev")[4]))
	must(t, s.OpenChange(t.Context(), twin, opened(Head("c2", "dev-gg"), 1)))
}

func newestFirst(t *testing.T, h Changes) {
	s := h.Open(t)
	whole(t, s, "b", "dev", "sha256:plan", 2)
	whole(t, s, "c", "dev", "sha256:plan", 1) // after b, though the clock was set back
	whole(t, s, "a", "dev", "sha256:plan", 2) // at the same time as b
	if d := cmp.Diff([]string{"a", "c", "b"}, ids(t, s, store.ChangeFilter{})); d != "" {
		t.Errorf("changes (-want +got):\n%s", d)
	}
}

// ids lists changes both ways, which must agree.
func ids(t testing.TB, s store.Store, f store.ChangeFilter) []string {
	t.Helper()
	folded, short := []string{}, []string{}
	must(t, s.EachChange(t.Context(), f, func(c *change.Change) error { folded = append(folded, c.Head.ID); return nil }))
	must(t, s.EachSummary(t.Context(), f, func(c store.Summarized) error { short = append(short, c.ID); return nil }))
	if d := cmp.Diff(folded, short); d != "" {
		t.Errorf("the listings disagree (-changes +summaries):\n%s", d)
	}
	return folded
}

func filters(t *testing.T, h Changes) {
	s := h.Open(t)
	whole(t, s, "a", "dev", "sha256:one", 0)
	whole(t, s, "b", "dev", "sha256:two", 1)
	whole(t, s, "c", "other", "sha256:two", 2)
	begin(t, s, take(t, s, "third"), "d", "third", 2)
	for name, c := range map[string]struct {
		f    store.ChangeFilter
		want []string
	}{
		"all":                   {store.ChangeFilter{}, []string{"d", "c", "b", "a"}},
		"of a plan":             {store.ChangeFilter{Plan: "sha256:two"}, []string{"c", "b"}},
		"of a resource":         {store.ChangeFilter{Resource: ARN("dev")}, []string{"b", "a"}},
		"of one that they made": {store.ChangeFilter{Resource: ARN("other-gg")}, []string{"c"}},
		"in a state":            {store.ChangeFilter{States: []change.State{change.Running}}, []string{"d"}},
		"in one of two":         {store.ChangeFilter{States: []change.State{change.Running, change.Done}, Plan: "sha256:plan"}, []string{"d"}},
		"in none of them":       {store.ChangeFilter{States: []change.State{change.Waiting}}, []string{}},
		"of no such resource":   {store.ChangeFilter{Resource: "dev"}, []string{}},
	} {
		if d := cmp.Diff(c.want, ids(t, s, c.f)); d != "" {
			t.Errorf("%s (-want +got):\n%s", name, d)
		}
	}
}

func listingStops(t *testing.T, h Changes) {
	s := h.Open(t)
	for i := range 3 {
		whole(t, s, fmt.Sprint(i), "dev", "sha256:plan", i)
	}
	stop, n := errors.New("stop"), 0
	if err := s.EachChange(t.Context(), store.ChangeFilter{}, func(*change.Change) error { n++; return stop }); !errors.Is(err, stop) || n != 1 {
		t.Errorf("changes: %v after %d", err, n)
	}
	if err := s.EachSummary(t.Context(), store.ChangeFilter{}, func(store.Summarized) error { n++; return stop }); !errors.Is(err, stop) || n != 2 {
		t.Errorf("summaries: %v after %d", err, n-1)
	}
	// The callback may write.
	must(t, s.EachChange(t.Context(), store.ChangeFilter{}, func(c *change.Change) error {
		return s.SavePlan(t.Context(), "sha256:"+c.Head.ID, Start(1), []byte("{}"))
	}))
}

func summaries(t *testing.T, h Changes) {
	s := h.Open(t)
	l := take(t, s, "dev")
	check := func() {
		t.Helper()
		c, err := s.Change(t.Context(), "c1")
		must(t, err)
		must(t, s.EachSummary(t.Context(), store.ChangeFilter{States: []change.State{c.State}}, func(got store.Summarized) error {
			if d := cmp.Diff(store.Summarize(c), got); d != "" {
				t.Errorf("after entry %d (-journal +summary):\n%s", c.Seq, d)
			}
			return nil
		}))
	}
	j := begin(t, s, l, "c1", "dev", 0)
	check()
	for _, e := range story("dev") {
		must(t, j.Append(t.Context(), e))
		check()
	}
}

func manyAtOnce(t *testing.T, h Changes) {
	s := h.Open(t)
	const n = 50
	var wg sync.WaitGroup
	for i := range n {
		wg.Go(func() { whole(t, s, fmt.Sprintf("c%02d", i), fmt.Sprintf("dev%d", i), "sha256:plan", i) })
	}
	wg.Wait()
	if got := ids(t, s, store.ChangeFilter{States: []change.State{change.Done}}); len(got) != n {
		t.Errorf("%d changes are done, want %d", len(got), n)
	}
}
