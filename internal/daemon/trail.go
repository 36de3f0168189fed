package daemon

import (
	"context"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/glueguard/glueguard/internal/change"
	"github.com/glueguard/glueguard/internal/diag"
	"github.com/glueguard/glueguard/internal/engine"
	"github.com/glueguard/glueguard/internal/plan"
	"github.com/glueguard/glueguard/internal/policy"
	"github.com/glueguard/glueguard/internal/store"
)

// fileRequest keeps a request that the daemon makes of its own accord, and the deed that tells of it.
func fileRequest(ctx context.Context, s store.Trail, q store.Request, now time.Time) error {
	return s.Together(ctx, func(ctx context.Context, w store.Writes) error {
		if err := w.CreateRequest(ctx, q); err != nil {
			return err
		}
		_, err := w.Record(ctx, store.Deed{
			At: now, Actor: q.ProposedBy, Action: deedCreate, Subject: q.ID, Digest: q.Digest, Outcome: store.DeedOK,
			Detail: map[string]string{"kind": string(q.Work.Kind), "why": q.Reason},
		})
		return err
	})
}

// demand leaves in the store what the policy demands of approvals, for command lines that are given another one. It is
// written whether or not it has changed, which shows as well that the store can be written to; a change is in the trail.
func demand(ctx context.Context, s Store, p policy.Policy, by store.Actor, now time.Time) error {
	before, err := s.Approvals(ctx)
	switch {
	case err == nil && before == p.Approvals:
		return s.SaveApprovals(ctx, p.Approvals)
	case err != nil && !isMissing(err):
		return err
	}
	return s.Together(ctx, func(ctx context.Context, w store.Writes) error {
		if err := w.SaveApprovals(ctx, p.Approvals); err != nil {
			return err
		}
		_, err := w.Record(ctx, store.Deed{
			At: now, Actor: by, Action: "approvals.demand", Digest: p.Digest(), Outcome: store.DeedOK, Detail: map[string]string{
				"required": string(p.Approvals.Required), "four_eyes": string(p.Approvals.FourEyes), "expires": string(p.Approvals.Expires),
			},
		})
		return err
	})
}

// begins writes to the audit trail that changes are about to be moved.
func (w *work) begins(ctx context.Context, r *running, todo jobs, again bool) error {
	q := r.head()
	d := store.Deed{
		Action: string(q.Work.Kind) + ".begin", Subject: q.Work.Plan, Digest: q.Work.Plan, Outcome: store.DeedOK,
		Detail: map[string]string{"request": q.ID, "request_digest": q.Digest, "count": strconv.Itoa(len(todo.list))},
	}
	if len(q.Work.Changes) > 0 {
		var ids []string
		for _, c := range q.Work.Changes {
			ids = append(ids, c.ID)
		}
		d.Detail["changes"] = strings.Join(ids, " ")
		if len(ids) == 1 {
			d.Subject = ids[0]
		}
	}
	actor := q.StartedBy
	if again {
		actor = daemonActor(w.holder)
		d.Detail["again"] = "after the daemon before this one ended"
	}
	return w.record(ctx, actor, todo.access, d)
}

// deed writes to the audit trail how a change ended.
func (c *changesRun) deed(e engine.Event) {
	q := c.request.head()
	d := store.Deed{
		Action: "change." + string(q.Work.Kind), Subject: e.Job.Change, Digest: e.Job.Plan, Outcome: diag.Outcome(e),
		Detail: map[string]string{"resource": e.Job.Resource, "request": q.ID},
	}
	if d.Subject == "" {
		d.Subject = e.ID
	}
	if why := diag.Reason(e.Err); why != "" {
		d.Detail["reason"] = why
	}
	access := plan.Access{}
	if e.Change != nil {
		d.Subject, d.Digest, access = e.Change.Head.ID, e.Change.Head.PlanDigest, e.Change.Head.Access
		d.Detail["state"] = string(e.Change.State)
		if t := e.Change.Trouble; t != nil && d.Detail["reason"] == "" {
			d.Detail["reason"] = t.Code
		}
	}
	if err := c.record(context.Background(), q.StartedBy, access, d); err != nil {
		c.log.Error("writing to the audit trail", "request", q.ID, "error", err.Error())
	}
}

// marks writes down that a change is about to be marked as regressed or as it was before: before it is, since its journal
// is written elsewhere.
func (w *work) marks(ctx context.Context, c *change.Change, to change.State) error {
	return w.record(ctx, daemonActor(w.holder), plan.Access{}, store.Deed{
		Action: "change.mark", Subject: c.Head.ID, Digest: c.Head.PlanDigest, Outcome: store.DeedOK,
		Detail: map[string]string{"resource": c.Head.Item.Resource.ARN, "state": string(to)},
	})
}

// record writes a deed of whoever started a request, with the identity that AWS was asked as.
func (w *work) record(ctx context.Context, by store.Actor, a plan.Access, d store.Deed) error {
	d.Actor, d.At = by, w.clock.Now()
	if w.worker.role != "" {
		a.Role = w.worker.role
	}
	if e, err := w.sessions.get(ctx, a.Role); err == nil { // where it can't be opened, what needs AWS says so
		defer e.done()
		if caller, err := e.session.Caller(ctx); err == nil {
			d.Actor.Role = caller.ARN
		}
	}
	if _, err := w.store.Record(context.WithoutCancel(ctx), d); err != nil {
		return fmt.Errorf("write to the audit trail: %w", err)
	}
	return nil
}
