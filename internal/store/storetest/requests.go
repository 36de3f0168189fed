package storetest

import (
	"errors"
	"testing"

	"github.com/glueguard/glueguard/internal/store"
)

// request asks for a plan to be applied, n hours after the suite's start.
func request(t testing.TB, id string, n int, w store.Work) store.Request {
	t.Helper()
	digest, err := w.Digest()
	must(t, err)
	return store.Request{
		ID: id, Work: w, Digest: digest, State: store.RequestPending, NeedsApproval: true, Start: true,
		ProposedBy: actor("ada"), ProposerID: "id-ada", ProposedAt: Start(n), Reason: "the audit is near", ExpiresAt: Start(n + 24),
	}
}

func applying(plan string) store.Work {
	return store.Work{Kind: store.RequestApply, Plan: plan, Resources: []string{ARN("dev")}, Canary: 1}
}

func requestComesBack(t *testing.T, s store.Store) {
	ctx := t.Context()
	w := store.Work{
		Kind: store.RequestBackout, Changes: []store.ChangeAt{{ID: "c1", At: 7}}, Configurations: []store.ConfigurationAt{{Name: "x"}},
		Audit: &store.AuditScope{Regions: []string{"eu-west-1"}}, AcceptWarnings: []string{"w"}, KeepTwin: true, Parallel: 3,
	}
	r := request(t, "r1", 1, w)
	r.ProposedAt = zoned(1)
	must(t, s.CreateRequest(ctx, r))
	r.ProposedAt = Start(1)
	same(t, "filed", r, got[store.Request](t)(s.Request(ctx, "r1")))
	r.State, r.DecidedBy, r.DecidedAt, r.Note, r.Start = store.RequestEnded, actor("bob"), Start(2), "go on", false
	r.StartedBy, r.StartedAt, r.EndedAt, r.ExpiresAt = actor("carl"), Start(3), Start(4), Start(5)
	r.Results = []store.RequestResult{{Subject: ARN("dev"), Change: "c2", OK: false, Message: "no", Hint: "do"}}
	must(t, s.UpdateRequest(ctx, r))
	r.Version++
	same(t, "ended", r, got[store.Request](t)(s.Request(ctx, "r1")))
	if err := s.CreateRequest(ctx, request(t, "r1", 1, w)); !errors.Is(err, store.ErrConflict) {
		t.Errorf("filed under an id that is taken: %v, want ErrConflict", err)
	}
}

func requestStays(t *testing.T, s store.Store) {
	ctx := t.Context()
	r := request(t, "r1", 1, applying("sha256:one"))
	must(t, s.CreateRequest(ctx, r))
	other := request(t, "r1", 9, applying("sha256:two"))
	other.State, other.ProposedBy, other.ProposerID, other.Reason = store.RequestApproved, actor("eve"), "id-eve", "none"
	other.NeedsApproval, other.ExpiresAt = false, r.ExpiresAt
	must(t, s.UpdateRequest(ctx, other))
	r.State, r.Version = store.RequestApproved, 1
	same(t, "updated with other work", r, got[store.Request](t)(s.Request(ctx, "r1")))
	wrong := request(t, "r2", 1, applying("sha256:one"))
	wrong.Work.Plan = "sha256:two"
	if err := s.CreateRequest(ctx, wrong); !errors.Is(err, store.ErrState) {
		t.Errorf("filed with a digest of other work: %v, want ErrState", err)
	}
}

func requestClaimed(t *testing.T, s store.Store) {
	ctx := t.Context()
	must(t, s.CreateRequest(ctx, request(t, "r1", 1, applying("sha256:one"))))
	read := got[store.Request](t)(s.Request(ctx, "r1"))
	read.State = store.RequestRunning
	if n := winners(t, func() error { return s.UpdateRequest(ctx, read) }); n != 1 {
		t.Errorf("%d have claimed it, want 1", n)
	}
}

func requestFilters(t *testing.T, s store.Store) {
	ctx := t.Context()
	a := request(t, "a", 3, applying("sha256:one"))
	b := request(t, "b", 1, store.Work{Kind: store.RequestBackout, Changes: []store.ChangeAt{{ID: "c1", At: 7}}}) // after a, though the clock was set back
	c := request(t, "c", 2, applying("sha256:two"))
	b.State = store.RequestApproved
	for _, r := range []store.Request{a, b, c} {
		must(t, s.CreateRequest(ctx, r))
	}
	c.State, c.Results = store.RequestEnded, []store.RequestResult{{Change: "c1", OK: true}, {Change: ""}}
	must(t, s.UpdateRequest(ctx, c))
	for name, test := range map[string]struct {
		filter store.RequestFilter
		want   []string
		counts map[store.RequestState]int
	}{
		"all": {
			store.RequestFilter{},
			[]string{"c", "b", "a"},
			map[store.RequestState]int{store.RequestPending: 1, store.RequestApproved: 1, store.RequestEnded: 1},
		},
		"states": {
			store.RequestFilter{States: []store.RequestState{store.RequestPending, store.RequestApproved}},
			[]string{"b", "a"},
			map[store.RequestState]int{store.RequestPending: 1, store.RequestApproved: 1},
		},
		"kinds":  {store.RequestFilter{Kinds: []store.RequestKind{store.RequestBackout}}, []string{"b"}, map[store.RequestState]int{store.RequestApproved: 1}},
		"change": {store.RequestFilter{Change: "c1"}, []string{"c", "b"}, map[store.RequestState]int{store.RequestApproved: 1, store.RequestEnded: 1}},
		"plan":   {store.RequestFilter{Plan: "sha256:two"}, []string{"c"}, map[store.RequestState]int{store.RequestEnded: 1}},
		"digest": {store.RequestFilter{Digest: a.Digest}, []string{"a"}, map[store.RequestState]int{store.RequestPending: 1}},
		"page": {
			store.RequestFilter{Offset: 1, Limit: 1},
			[]string{"b"},
			map[store.RequestState]int{store.RequestPending: 1, store.RequestApproved: 1, store.RequestEnded: 1},
		},
		"offset alone": {store.RequestFilter{Offset: 2, Plan: ""}, []string{"a"}, map[store.RequestState]int{
			store.RequestPending: 1, store.RequestApproved: 1, store.RequestEnded: 1,
		}},
		"none": {store.RequestFilter{Plan: "sha256:two", Kinds: []store.RequestKind{store.RequestBackout}}, []string{}, map[store.RequestState]int{}},
	} {
		list := listed(t, func(yield func(store.Request) error) error { return s.EachRequest(ctx, test.filter, yield) })
		same(t, name, test.want, namesOf(list, func(r store.Request) string { return r.ID }))
		same(t, name+", counted", test.counts, got[map[store.RequestState]int](t)(s.CountRequests(ctx, test.filter)))
	}
}
