package cli

import (
	"cmp"
	"context"
	"os"
	"os/user"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/glueguard/glueguard/internal/audit"
	"github.com/glueguard/glueguard/internal/awsapi"
	"github.com/glueguard/glueguard/internal/change"
	"github.com/glueguard/glueguard/internal/diag"
	"github.com/glueguard/glueguard/internal/engine"
	"github.com/glueguard/glueguard/internal/leftover"
	"github.com/glueguard/glueguard/internal/plan"
	"github.com/glueguard/glueguard/internal/repair"
	"github.com/glueguard/glueguard/internal/store"
)

// What the command line writes to the audit trail. What it changes in the state is written with its deed. A command that
// changes something at AWS writes a deed before it begins, so that one that was killed has left a trace, and one for each
// change that it moved.
const (
	deedAudit         = "audit.run"            // of the audit's id
	deedPlan          = "plan.propose"         // of the plan's digest
	deedVerify        = "change.verify"        // of the change's id
	deedAdopt         = "change.adopt"         // of the change's id
	deedMark          = "change.mark"          // of the change's id
	deedConfiguration = "configuration.delete" // of the security configuration's name
	deedCleanup       = "cleanup.begin"        // of nothing
	deedEvidence      = "evidence.export"      // of an audit's or a change's id
	deedBegin         = ".begin"               // after a verb: of the plan's digest or the change's id
	deedChange        = "change."              // before a verb: of the change's id, or the resource's ARN where it was not begun
)

// systemOperator is the operating system's user, and who they were before sudo.
func systemOperator(lookup func(string) (string, bool)) store.Actor {
	a := store.Actor{Kind: store.ActorCommand, Name: "uid " + strconv.Itoa(os.Getuid())}
	if u, err := user.Current(); err == nil { // without an entry for it, as in many a container, the number is all there is
		a.Name = u.Username
	}
	if by, ok := lookup("SUDO_USER"); ok && os.Getuid() == 0 && by != "" {
		a.Via = "sudo by " + by
	}
	if host, err := os.Hostname(); err == nil { // a machine without a name has none to tell
		a.Address = host
	}
	return a
}

// record writes to the audit trail what this command did, where it changes nothing in the state. It goes through even when
// the command was interrupted.
func (e Env) record(ctx context.Context, t store.Trail, d store.Deed) error {
	_, err := t.Record(context.WithoutCancel(ctx), e.deed(d))
	return err
}

// told changes the state, and writes to the audit trail that this command did: both or neither. It goes through even when
// the command was interrupted.
func (e Env) told(ctx context.Context, t store.Trail, d store.Deed, change func(ctx context.Context, w store.Writes) error) error {
	d = e.deed(d)
	return t.Together(context.WithoutCancel(ctx), func(ctx context.Context, w store.Writes) error {
		if err := change(ctx, w); err != nil {
			return err
		}
		_, err := w.Record(ctx, d)
		return err
	})
}

// deed is what this command does now. Of the deed's actor, only the role is taken.
func (e Env) deed(d store.Deed) store.Deed {
	role := d.Actor.Role
	d.Actor = e.operator()
	d.Actor.Role = role
	d.At = e.Now()
	for name, value := range d.Detail {
		if value == "" {
			delete(d.Detail, name)
		}
	}
	return d
}

// roleOf is the ARN under which a session calls AWS, empty where AWS did not say.
func roleOf(ctx context.Context, session *awsapi.Session) string {
	return whoCalls(ctx, func(ctx context.Context) (string, error) {
		caller, err := session.Caller(ctx)
		return caller.ARN, err
	})
}

// aMoment is how long the trail waits for AWS to say who called: nothing where it was asked before, as each session
// has, unless it was interrupted before that.
const aMoment = 2 * time.Second

// whoCalls is empty where AWS does not say who calls: what needs AWS fails for the same reason, and says so.
func whoCalls(ctx context.Context, ask func(context.Context) (string, error)) string {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), aMoment)
	defer cancel()
	arn, err := ask(ctx)
	if err != nil {
		return ""
	}
	return arn
}

// begins writes down that jobs are about to be moved.
func (r *repairs) begins(ctx context.Context, jobs []engine.Job) error {
	if len(jobs) == 0 {
		return nil
	}
	first := jobs[0]
	d := store.Deed{
		Action: string(first.Verb) + deedBegin, Subject: first.Change, Outcome: store.DeedOK, Actor: store.Actor{Role: r.caller.arn(ctx)},
		Detail: map[string]string{"count": strconv.Itoa(len(jobs)), "accepted": strings.Join(slices.Concat(first.AcceptUnchecked, first.AcceptWarnings), " ")},
	}
	if first.Verb == engine.Apply {
		d.Subject, d.Digest = first.Plan, first.Plan
	} else if len(jobs) > 1 {
		var ids []string
		for _, j := range jobs {
			ids = append(ids, j.Change)
		}
		d.Subject, d.Detail["changes"] = "", strings.Join(ids, " ")
	}
	return r.env.record(ctx, r.store, d)
}

// ended writes down how a job ended.
func (r *repairs) ended(ctx context.Context, e engine.Event) error {
	d := store.Deed{
		Action: deedChange + string(e.Job.Verb), Subject: e.Job.Change, Digest: e.Job.Plan, Outcome: diag.Outcome(e),
		Actor: store.Actor{Role: r.caller.arn(ctx)}, Detail: map[string]string{"resource": e.Job.Resource, "reason": diag.Reason(e.Err)},
	}
	if d.Subject == "" {
		d.Subject = cmp.Or(e.ID, e.Job.Resource) // a change that was not begun has no id
	}
	if c := e.Change; c != nil {
		d.Subject, d.Digest = c.Head.ID, c.Head.PlanDigest
		d.Detail["state"] = string(c.State)
		if c.Trouble != nil && d.Detail["reason"] == "" {
			d.Detail["reason"] = c.Trouble.Code
		}
	}
	return r.env.record(ctx, r.store, d)
}

// caller is who the sessions of a command call AWS as: the identity behind any role that they assume from there.
type caller struct {
	mu  sync.Mutex
	ask func(context.Context) (string, error) // of the first session; nil before there is one
}

// noting keeps the first session that is opened.
func (c *caller) noting(open func(context.Context, plan.Access) (repair.Session, error)) func(context.Context, plan.Access) (repair.Session, error) {
	return func(ctx context.Context, a plan.Access) (repair.Session, error) {
		s, err := open(ctx, a)
		if err == nil {
			c.mu.Lock()
			defer c.mu.Unlock()
			if c.ask == nil {
				c.ask = s.Caller
			}
		}
		return s, err
	}
}

// arn is empty where AWS was not asked yet, or did not say.
func (c *caller) arn(ctx context.Context) string {
	c.mu.Lock()
	ask := c.ask
	c.mu.Unlock()
	if ask == nil {
		return ""
	}
	return whoCalls(ctx, ask)
}

// keeps keeps a plan, and writes down that it was made.
func (e Env) keeps(t store.Trail, role func(context.Context) string) func(context.Context, plan.Plan, []byte) error {
	return func(ctx context.Context, p plan.Plan, document []byte) error {
		return e.told(ctx, t, planDeed(p, role(ctx)), func(ctx context.Context, w store.Writes) error {
			return w.SavePlan(ctx, p.Digest, p.CreatedAt, document)
		})
	}
}

func planDeed(p plan.Plan, role string) store.Deed {
	d := store.Deed{
		Action: deedPlan, Subject: p.Digest, Digest: p.Policy.Digest, Outcome: store.DeedOK, Actor: store.Actor{Role: role},
		Detail: map[string]string{"changes": strconv.Itoa(len(p.Changes)), "audit": p.AuditID},
	}
	if p.Errored {
		d.Outcome = store.DeedFailed
	}
	return d
}

// audited is what the trail is told of an audit that has come to its end, or was interrupted.
func (e Env) audited(r audit.Result, role string) store.Deed {
	s := r.Audit.Summary
	d := store.Deed{
		Action: deedAudit, Subject: r.Audit.ID, Digest: r.Audit.PolicyDigest, Outcome: store.DeedOK, Actor: store.Actor{Role: role},
		Detail: map[string]string{
			"pass": strconv.Itoa(s.Pass), "fail": strconv.Itoa(s.Fail), "unknown": strconv.Itoa(s.Unknown), "exempt": strconv.Itoa(s.Exempt),
			"locations": strconv.Itoa(s.Locations),
		},
	}
	if r.Interrupted {
		d.Outcome, d.Detail["reason"] = store.DeedFailed, "interrupted"
	}
	return e.deed(d)
}

// marks writes down that a change is about to be marked as regressed or as it was before: before it is, since its journal
// is written elsewhere.
func (e Env) marks(ctx context.Context, t store.Trail, role string, c *change.Change, to change.State) error {
	return e.record(ctx, t, store.Deed{
		Action: deedMark, Subject: c.Head.ID, Digest: c.Head.PlanDigest, Outcome: store.DeedOK, Actor: store.Actor{Role: role},
		Detail: map[string]string{"resource": c.Head.Item.Resource.ARN, "state": string(to)},
	})
}

// verified writes down what looking at a change again has shown.
func (r *repairs) verified(ctx context.Context, before, now *change.Change, differences []change.Difference, err error) error {
	d := store.Deed{
		Action: deedVerify, Subject: before.Head.ID, Digest: before.Head.PlanDigest, Outcome: store.DeedOK, Actor: store.Actor{Role: r.caller.arn(ctx)},
		Detail: map[string]string{"resource": before.Head.Item.Resource.ARN, "reason": diag.Reason(err)},
	}
	if now != nil {
		d.Detail["state"] = string(now.State)
	}
	if len(differences) > 0 {
		d.Detail["reason"], d.Detail["differences"] = "differs", strconv.Itoa(len(differences))
	}
	if d.Detail["reason"] != "" {
		d.Outcome = store.DeedFailed
	}
	return r.env.record(ctx, r.store, d)
}

// adopts opens a change that is rebuilt from tags, and writes down that it was.
func (e Env) adopts(t store.Trail, role string) func(context.Context, store.Lease, change.Entry) error {
	return func(ctx context.Context, l store.Lease, first change.Entry) error {
		return e.told(ctx, t, store.Deed{
			Action: deedAdopt, Subject: first.Head.ID, Digest: first.Head.PlanDigest, Outcome: store.DeedOK, Actor: store.Actor{Role: role},
			Detail: map[string]string{"resource": first.Head.Item.Resource.ARN},
		}, func(ctx context.Context, w store.Writes) error { return w.OpenChange(ctx, l, first) })
	}
}

// removal is what the trail is told with of security configurations that are removed.
type removal struct {
	trail store.Trail
	role  string
}

// cleans writes down that security configurations are about to be removed.
func (e Env) cleans(ctx context.Context, r removal, n int) error {
	return e.record(ctx, r.trail, store.Deed{
		Action: deedCleanup, Outcome: store.DeedOK, Actor: store.Actor{Role: r.role}, Detail: map[string]string{"count": strconv.Itoa(n)},
	})
}

// removed writes down what became of one.
func (e Env) removed(ctx context.Context, r removal, c leftover.Configuration, removed bool, err error) error {
	d := store.Deed{
		Action: deedConfiguration, Subject: c.Configuration.Name, Outcome: store.DeedOK, Actor: store.Actor{Role: r.role},
		Detail: map[string]string{"location": c.Location.String(), "reason": diag.Reason(err)},
	}
	switch {
	case err != nil:
		d.Outcome = store.DeedFailed
	case !removed: // it has gone meanwhile, or something names it
		d.Outcome, d.Detail["reason"] = store.DeedRefused, "not-as-it-was"
	}
	return e.record(ctx, r.trail, d)
}
