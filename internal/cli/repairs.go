package cli

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/glueguard/glueguard/internal/awsapi"
	"github.com/glueguard/glueguard/internal/change"
	"github.com/glueguard/glueguard/internal/cli/view"
	"github.com/glueguard/glueguard/internal/config"
	"github.com/glueguard/glueguard/internal/diag"
	"github.com/glueguard/glueguard/internal/engine"
	"github.com/glueguard/glueguard/internal/engine/local"
	"github.com/glueguard/glueguard/internal/plan"
	"github.com/glueguard/glueguard/internal/policy"
	"github.com/glueguard/glueguard/internal/repair"
	"github.com/glueguard/glueguard/internal/report"
	"github.com/glueguard/glueguard/internal/store"
	"github.com/glueguard/glueguard/internal/store/sqlite"
)

// repairs is what the commands work with that move changes on: the state, then AWS.
type repairs struct {
	env    Env
	flags  changeFlags
	policy policy.Policy
	store  *sqlite.Store
	worker *repair.Worker // nil before connect
	engine engine.Engine
	labels map[string]string // what resources are called, by ARN
	permit *permit           // somebody else's leave; nil where none is needed
	caller caller
}

// openState reads the policy and opens the state: what can fail without asking AWS.
func (e Env) openState(ctx context.Context, f changeFlags) (*repairs, error) {
	p, err := config.Policy(f.config, "")
	if err != nil {
		return nil, err
	}
	s, err := e.openStore(ctx, f.state)
	if err != nil {
		return nil, err
	}
	if p, err = config.InForce(ctx, p, s); err != nil {
		return nil, errors.Join(err, s.Close())
	}
	return &repairs{env: e, flags: f, policy: p, store: s}, nil
}

// Close ends the sessions and the state.
func (r *repairs) Close() error {
	if r.worker != nil {
		r.worker.Close()
	}
	return errors.Join(r.permit.end(context.Background()), r.store.Close())
}

// connect makes ready to work at AWS: a session for each role that a plan or a change was made with, opened when it is
// needed. A role on the command line wins over all of them.
func (r *repairs) connect() {
	r.use(func(ctx context.Context, a plan.Access) (repair.Session, error) {
		session, err := awsapi.Open(ctx, awsapi.Options{Profile: r.flags.profile, Role: a.Role, ExternalID: r.flags.externalID})
		if err != nil {
			return repair.Session{}, err
		}
		over := repair.Over(session)
		actor := over.Close
		over.Close = func() {
			actor()
			session.Close()
		}
		return over, nil
	})
}

// use works with sessions that are opened so.
func (r *repairs) use(sessions func(context.Context, plan.Access) (repair.Session, error)) {
	r.worker = repair.New(repair.Options{
		Store: r.store, Sessions: r.caller.noting(sessions), Now: r.env.Now, Access: plan.Access{Role: r.flags.role}, Settle: r.policy.Repair.SettleFor(),
		Policy: &r.policy,
		Marks: func(ctx context.Context, c *change.Change, to change.State) error {
			return r.env.marks(ctx, r.store, r.caller.arn(ctx), c, to)
		},
	})
	r.engine = local.New(r.worker, local.Options{Now: r.env.Now})
}

// run has jobs done under a live view, and says how they ended.
func (r *repairs) run(ctx context.Context, jobs []engine.Job, l engine.Limits, format string) error {
	if err := r.permit.begin(ctx); err != nil {
		return err
	}
	ended, untold := r.work(ctx, jobs, l)
	r.permit.ended(ended)
	if untold != nil && ended == nil {
		return untold
	}
	r.tellSkipped(ended)
	if err := errors.Join(r.tell(ended, format), untold); err != nil {
		return err
	}
	return diag.ForChanges(ended)
}

// work runs jobs and returns the last event of each, in their order. The audit trail tells of their beginning before
// anything is changed, and of the end of each as it comes; where it could not be told, there is an error too.
func (r *repairs) work(ctx context.Context, jobs []engine.Job, l engine.Limits) ([]engine.Event, error) {
	if err := r.begins(ctx, jobs); err != nil {
		return nil, err
	}
	live := &view.Changes{
		Out: r.env.Stderr, Terminal: r.env.StderrTerminal, Width: r.env.Width, Now: r.env.Now,
		Label: r.label, Why: diag.Line, Total: len(jobs),
	}
	stop := live.Start()
	defer stop()
	quiet := context.AfterFunc(ctx, live.Interrupting)
	defer quiet()
	last := make(map[string]engine.Event, len(jobs))
	var untold error // the changes go on all the same: each has its journal
	err := r.engine.Run(ctx, jobs, l, func(e engine.Event) {
		live.Watch(e)
		if e.Done {
			last[jobKey(e.Job)] = e
			untold = errors.Join(untold, r.ended(ctx, e))
		}
	})
	if err != nil && ctx.Err() == nil {
		return nil, errors.Join(err, untold)
	}
	ended := make([]engine.Event, 0, len(jobs))
	for _, j := range jobs {
		if e, ok := last[jobKey(j)]; ok {
			ended = append(ended, e)
		}
	}
	return ended, untold
}

func jobKey(j engine.Job) string { return j.Change + " " + j.Resource }

// label names a job's resource as its report does.
func (r *repairs) label(j engine.Job) string {
	if name := r.labels[j.Resource]; name != "" {
		return name
	}
	return report.Label(j.Resource)
}

// call keeps what an item's resource is called.
func (r *repairs) call(i plan.Item) {
	if r.labels == nil {
		r.labels = map[string]string{}
	}
	r.labels[i.Resource.ARN] = fmt.Sprintf("%s (%s)", report.Thing(i.Resource), i.Location)
}

// limits say how much is done at once. No more twins are begun in a location than AWS's quota leaves room for.
func (r *repairs) limits(ctx context.Context, parallel int, access plan.Access, items []plan.Item) (engine.Limits, error) {
	return r.worker.Limits(ctx, r.policy.Repair, parallel, access, items)
}

// tellSkipped says why changes were not started, each reason once.
func (r *repairs) tellSkipped(ended []engine.Event) {
	var reasons []string
	names := map[string][]string{}
	for _, e := range ended {
		if !e.Skipped {
			continue
		}
		why := "not started"
		if e.Err != nil && !diag.Interruption(e.Err) {
			why, _ = diag.Line(e.Err)
		}
		if names[why] == nil {
			reasons = append(reasons, why)
		}
		names[why] = append(names[why], r.label(e.Job))
	}
	for _, why := range reasons {
		fmt.Fprintf(r.env.Stderr, "glueguard: %s: %s\n", someOf(names[why]), why)
	}
}

// someOf names the first few of many.
func someOf(names []string) string {
	const few = 5
	if len(names) <= few {
		return strings.Join(names, ", ")
	}
	return fmt.Sprintf("%s and %d more", strings.Join(names[:few], ", "), len(names)-few)
}

// tell says how the changes ended that were begun.
func (r *repairs) tell(ended []engine.Event, format string) error {
	f, err := report.LookupChanges(format)
	if err != nil {
		return err
	}
	var list []*change.Change
	var idle report.Idle
	for _, e := range ended {
		switch {
		case e.Change != nil:
			list = append(list, e.Change)
		case e.Settled():
			idle.Settled++
		default:
			idle.NotBegun++
		}
	}
	if format != tableFormat {
		return f.List(r.env.Stdout, r.env.look(), report.ChangesOf(list...))
	}
	return report.Ending(r.env.Stdout, r.env.look(), list, idle)
}

// readChange finds a change by its id or the beginning of it.
func readChange(ctx context.Context, changes store.Changes, id string) (*change.Change, error) {
	c, err := changes.Change(ctx, id)
	if errors.Is(err, store.ErrNotFound) {
		return nil, &diag.MissingError{What: "change", Name: id}
	}
	if err != nil {
		return nil, fmt.Errorf("change %s: %w", id, err)
	}
	return c, nil
}
