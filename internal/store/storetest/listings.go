package storetest

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"testing"

	"github.com/glueguard/glueguard/internal/change"
	"github.com/glueguard/glueguard/internal/store"
)

func pagesOfChanges(t *testing.T, h Changes) {
	s := h.Open(t)
	// More than an implementation is likely to read at a time.
	const n = 103
	var all []string
	for i := range n {
		id, name := fmt.Sprintf("c%03d", i), fmt.Sprintf("dev-%d-%d", i%10, i)
		l := got[store.Lease](t)(s.Lease(t.Context(), ARN(name), holder()))
		h := Head(id, name)
		h.PlanDigest = fmt.Sprintf("sha256:%d", i%2)
		must(t, s.OpenChange(t.Context(), l, opened(h, i)))
		must(t, l.Release())
		all = append(all, id)
	}
	slices.Reverse(all)
	for name, test := range map[string]struct {
		filter store.ChangeFilter
		want   []string
	}{
		"first":          {store.ChangeFilter{Limit: 2}, all[:2]},
		"next":           {store.ChangeFilter{Limit: 3, Offset: 2}, all[2:5]},
		"all but one":    {store.ChangeFilter{Limit: n - 1}, all[:n-1]},
		"all but first":  {store.ChangeFilter{Offset: 1}, all[1:]},
		"across a page":  {store.ChangeFilter{Offset: 1, Limit: 101}, all[1:102]},
		"last":           {store.ChangeFilter{Offset: n - 1, Limit: 9}, all[n-1:]},
		"past the end":   {store.ChangeFilter{Offset: n, Limit: 9}, []string{}},
		"of what chosen": {store.ChangeFilter{Plan: "sha256:0", Search: "DEV-4-", Offset: 1, Limit: 2}, []string{"c084", "c074"}},
	} {
		same(t, name, test.want, ids(t, s, test.filter))
	}
}

func countedChanges(t *testing.T, h Changes) {
	s := h.Open(t)
	whole(t, s, "a", "dev-a", "sha256:one", 1)
	whole(t, s, "b", "dev-b", "sha256:two", 2)
	begin(t, s, take(t, s, "dev-c"), "c", "dev-c", 4)
	for name, test := range map[string]struct {
		filter store.ChangeFilter
		want   map[change.State]int
	}{
		"all":    {store.ChangeFilter{}, map[change.State]int{change.Done: 2, change.Running: 1}},
		"plan":   {store.ChangeFilter{Plan: "sha256:one"}, map[change.State]int{change.Done: 1}},
		"search": {store.ChangeFilter{Search: "DEV-C"}, map[change.State]int{change.Running: 1}},
		"states": {store.ChangeFilter{States: []change.State{change.Done}}, map[change.State]int{change.Done: 2}},
		"page":   {store.ChangeFilter{Limit: 1, Offset: 1}, map[change.State]int{change.Done: 2, change.Running: 1}},
		"none":   {store.ChangeFilter{Plan: "sha256:none"}, map[change.State]int{}},
	} {
		same(t, name, test.want, got[map[change.State]int](t)(s.CountChanges(t.Context(), test.filter)))
	}
}

func searchedChanges(t *testing.T, h Changes) {
	s := h.Open(t)
	whole(t, s, "ab12", "Nightly-ÉTL", "sha256:feed", 1)
	begin(t, s, take(t, s, "other"), "cd34", "other", 1)
	for text, want := range map[string][]string{
		"AB1": {"ab12"}, "nightly-étl": {"ab12"}, "NIGHTLY-étl-gg": {"ab12"}, "feed": {"ab12"}, "devendpoint/OTHER": {"cd34"}, "sha256": {"cd34", "ab12"},
		"other-gg": {}, "%": {}, "_": {}, "": {"cd34", "ab12"},
	} {
		same(t, fmt.Sprintf("search for %q", text), want, ids(t, s, store.ChangeFilter{Search: text}))
	}
}

func plansListed(t *testing.T, h Changes) {
	s := h.Open(t)
	heads := map[string]store.PlanHead{}
	for i, digest := range []string{"sha256:a", "sha256:b", "sha256:c"} {
		must(t, s.SavePlan(t.Context(), digest, Start(9-i), []byte("{}")))
		heads[digest] = store.PlanHead{Digest: digest, CreatedAt: Start(9 - i)}
	}
	whole(t, s, "c1", "dev", "sha256:b", 1)
	whole(t, s, "c2", "dev", "sha256:b", 2)
	b := heads["sha256:b"]
	b.Changes = 2
	heads["sha256:b"] = b
	newest := slices.SortedFunc(maps.Values(heads), func(a, b store.PlanHead) int { return b.CreatedAt.Compare(a.CreatedAt) })
	for limit, want := range map[int][]store.PlanHead{0: newest, 2: newest[:2], 9: newest} {
		list := listed(t, func(yield func(store.PlanHead) error) error { return s.EachPlan(t.Context(), limit, yield) })
		same(t, fmt.Sprintf("at most %d", limit), want, list)
	}
	stop := errors.New("stop")
	if err := s.EachPlan(t.Context(), 0, func(store.PlanHead) error { return stop }); !errors.Is(err, stop) {
		t.Errorf("the callback's error did not come back: %v", err)
	}
}

// Opened opens a change of the dev endpoint with that name.
func Opened(t testing.TB, s store.Store, id, name string) {
	t.Helper()
	l := got[store.Lease](t)(s.Lease(t.Context(), ARN(name), holder()))
	must(t, s.OpenChange(t.Context(), l, opened(Head(id, name), 0)))
	must(t, l.Release())
}
