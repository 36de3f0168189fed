package daemon

import (
	"errors"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/glueguard/glueguard/internal/change"
	"github.com/glueguard/glueguard/internal/engine"
	"github.com/glueguard/glueguard/internal/store"
)

// TestLimitsOutliveADaemon shows that the next daemon knows what the one before has used of a request's limits.
func TestLimitsOutliveADaemon(t *testing.T) {
	t.Parallel()
	good, bad := store.RequestResult{Subject: "a", OK: true}, store.RequestResult{Subject: "b", Message: "failed"}
	begun := store.RequestResult{Subject: "c", Change: "1"}
	for _, c := range []struct {
		name    string
		limits  engine.Limits
		results []store.RequestResult
		want    engine.Limits
		stop    error
	}{
		{"none", engine.Limits{Parallel: 2}, []store.RequestResult{bad, bad}, engine.Limits{Parallel: 2}, nil},
		{"nothing has ended", engine.Limits{Canary: 1, MaxFailures: 1}, []store.RequestResult{begun}, engine.Limits{Canary: 1, MaxFailures: 1}, nil},
		{"the canary is well", engine.Limits{Canary: 1}, []store.RequestResult{good, begun}, engine.Limits{}, nil},
		{"one of two canaries is", engine.Limits{Canary: 2}, []store.RequestResult{begun, good}, engine.Limits{Canary: 1}, nil},
		{"the canary is not", engine.Limits{Canary: 1}, []store.RequestResult{bad}, engine.Limits{Canary: 1}, engine.ErrCanary},
		{"one after the canary is not", engine.Limits{Canary: 1}, []store.RequestResult{good, bad}, engine.Limits{}, nil},
		{"some failures are left", engine.Limits{MaxFailures: 2}, []store.RequestResult{bad, good}, engine.Limits{MaxFailures: 1}, nil},
		{"none are", engine.Limits{MaxFailures: 2}, []store.RequestResult{bad, good, bad}, engine.Limits{}, engine.ErrMaxFailures},
		{"what is about no change is no failure", engine.Limits{MaxFailures: 1, Canary: 1}, []store.RequestResult{{Message: "no"}}, engine.Limits{MaxFailures: 1, Canary: 1}, nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			got, stop := limitsLeft(c.limits, c.results)
			if diff := cmp.Diff(c.want, got); diff != "" || !errors.Is(stop, c.stop) {
				t.Errorf("%v, want %v: %s", stop, c.stop, diff)
			}
		})
	}
}

// TestWhatMovedAChange shows when a request that is taken up again may go on with a change that is not as it was.
func TestWhatMovedAChange(t *testing.T) {
	t.Parallel()
	of := func(kind store.RequestKind, results ...store.RequestResult) store.Request {
		return store.Request{Work: store.Work{Kind: kind}, Results: results}
	}
	for _, c := range []struct {
		name string
		q    store.Request
		c    change.Change
		want bool
	}{
		{"it is as it was done", of(store.RequestBackout), change.Change{State: change.Done}, false},
		{"somebody has resumed it", of(store.RequestBackout), change.Change{State: change.Running}, false},
		{"it is being taken back", of(store.RequestBackout), change.Change{State: change.BackingOut}, true},
		{"the request has said so", of(store.RequestBackout, store.RequestResult{Change: "c"}), change.Change{State: change.Waiting}, true},
		{"it is being finalized", of(store.RequestFinalize), change.Change{State: change.Running, Phase: change.Finalize}, true},
		{"it is being applied", of(store.RequestFinalize), change.Change{State: change.Running, Phase: change.Apply}, false},
		{"resume goes on from anywhere", of(store.RequestResume), change.Change{State: change.Waiting}, true},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			c.c.Head.ID = "c"
			if got := movedBy(c.q, &c.c); got != c.want {
				t.Errorf("%t, want %t", got, c.want)
			}
		})
	}
}

// TestChangesOfOneResource shows that of two changes of a resource the one that is over says nothing about the other.
func TestChangesOfOneResource(t *testing.T) {
	t.Parallel()
	r := &running{request: store.Request{Results: []store.RequestResult{
		{Subject: "arn", Change: "second", OK: true}, {Subject: "begun", Change: "third"}, {Subject: "refused", Message: "no"},
	}}}
	for _, c := range []struct {
		job            engine.Job
		settled, knows bool
	}{
		{engine.Job{Resource: "arn", Change: "second"}, true, true},
		{engine.Job{Resource: "arn", Change: "first"}, false, false},
		{engine.Job{Resource: "arn"}, true, true}, // to apply
		{engine.Job{Resource: "begun", Change: "third"}, false, true},
		{engine.Job{Resource: "refused"}, true, false},
		{engine.Job{Resource: "other"}, false, false},
	} {
		if settled, knows := r.settled(c.job.Resource, c.job.Change), r.knows(c.job); settled != c.settled || knows != c.knows {
			t.Errorf("%+v: settled %t, known %t, want %t and %t", c.job, settled, knows, c.settled, c.knows)
		}
	}
}

// TestOldAuditsGo shows that the daemon forgets an audit that was killed a day ago.
func TestOldAuditsGo(t *testing.T) {
	t.Parallel()
	s, clock := openStore(t), &settable{now: start}
	d := &Daemon{o: Options{Store: s, Clock: Clock{Time: clock.Now}}}
	d.o.complete()
	for id, ago := range map[string]int{"old": 25, "new": 23} {
		if err := s.BeginAudit(t.Context(), store.Audit{ID: id, StartedAt: start.Add(-time.Duration(ago) * time.Hour)}); err != nil {
			t.Fatal(err)
		}
	}
	if err := d.dropAudits(t.Context()); err != nil {
		t.Fatal(err)
	}
	for id, gone := range map[string]bool{"old": true, "new": false} {
		a := store.Audit{ID: id, StartedAt: start.Add(-24 * time.Hour), FinishedAt: start}
		if err := s.FinishAudit(t.Context(), a); errors.Is(err, store.ErrState) != gone {
			t.Errorf("%s: %v, want it gone: %t", id, err, gone)
		}
	}
}
