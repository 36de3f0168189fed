package daemon

import (
	"context"
	"fmt"
	"slices"
	"sync"

	"github.com/glueguard/glueguard/internal/api"
	"github.com/glueguard/glueguard/internal/config"
	"github.com/glueguard/glueguard/internal/finding"
	"github.com/glueguard/glueguard/internal/inventory"
	"github.com/glueguard/glueguard/internal/leftover"
	"github.com/glueguard/glueguard/internal/plan"
	"github.com/glueguard/glueguard/internal/policy"
	"github.com/glueguard/glueguard/internal/propose"
	"github.com/glueguard/glueguard/internal/resource"
	"github.com/glueguard/glueguard/internal/store"
)

// worker implements api.Worker: what needs AWS, or goes on after the answer.
type worker struct {
	store    Store
	sessions *sessions
	role     string // in other accounts; empty: that of the plan or change
	file     func() (policy.Policy, error)
	clock    Clock
	runner   *runner
}

var _ api.Worker = (*worker)(nil)

// Policy implements api.Worker.
func (w *worker) Policy(ctx context.Context) (policy.Policy, error) {
	p, err := w.file()
	if err != nil {
		return policy.Policy{}, err
	}
	return config.InForce(ctx, p, w.store)
}

// Propose implements api.Worker.
func (w *worker) Propose(ctx context.Context, p api.Proposal) (plan.Plan, error) {
	rules, err := w.Policy(ctx)
	if err != nil {
		return plan.Plan{}, err
	}
	e, err := w.sessions.get(ctx, w.role)
	if err != nil {
		return plan.Plan{}, err
	}
	defer e.done()
	return propose.Run(ctx, propose.Options{
		Inspector: inventory.NewInspector(e.session), Store: w.store, AuditID: p.Audit, Policy: rules, Resources: p.Resources,
		Wanted: plan.Wanted{
			Mode: p.Mode, Strategy: p.Strategy, LabelsS3: p.LabelsS3, Prove: p.Prove, RepointJobs: p.RepointJobs,
			AcceptWeaker: p.AcceptWeaker, AcceptIrreversible: p.AcceptIrreversible,
		},
		KeyRef: p.Key, CreateKey: p.CreateKey, GrantRole: p.GrantRole, AcceptUnchecked: p.AcceptUnchecked,
		Access: plan.Access{Role: w.role}, Now: w.clock.Now, Keep: p.Keep,
	})
}

// Wake implements api.Worker.
func (w *worker) Wake() { w.runner.Wake() }

// Interrupt implements api.Worker.
func (w *worker) Interrupt(ctx context.Context, requestID string, note func(context.Context) error) error {
	return w.runner.Interrupt(ctx, requestID, note)
}

// Leftovers implements api.Worker. It looks where the newest audit has found resources, and where changes were made.
func (w *worker) Leftovers(ctx context.Context) (api.Leftovers, error) {
	e, err := w.sessions.get(ctx, w.role)
	if err != nil {
		return api.Leftovers{}, err
	}
	defer e.done()
	locations, err := w.places(ctx)
	if err != nil {
		return api.Leftovers{}, err
	}
	reader := inventory.NewInspector(e.session)
	var orphans []leftover.Orphan
	var unused []leftover.Configuration
	var unread, unreadToo []resource.Coverage
	var orphansErr, unusedErr error
	var looking sync.WaitGroup
	looking.Go(func() { orphans, unread, orphansErr = leftover.Orphans(ctx, reader, w.store, locations) })
	looking.Go(func() { unused, unreadToo, unusedErr = leftover.Configurations(ctx, reader, w.store, locations) })
	looking.Wait()
	for _, err := range []error{orphansErr, unusedErr} {
		if err != nil {
			return api.Leftovers{}, fmt.Errorf("look for what is left over: %w", err)
		}
	}
	found := api.Leftovers{Orphans: []api.Orphan{}, Configurations: []api.UnusedConfiguration{}, Unread: slices.Concat(unread, unreadToo)}
	for _, o := range orphans {
		found.Orphans = append(found.Orphans, api.Orphan{ARN: o.ARN, Name: nameOf(o.ARN), Change: o.Change, Alias: o.Alias})
	}
	for _, c := range unused {
		found.Configurations = append(found.Configurations, api.UnusedConfiguration{
			ConfigurationAt: store.ConfigurationAt{Location: c.Location, Name: c.Configuration.Name}, UsedBy: c.UsedBy,
		})
	}
	return found, nil
}

// nameOf is the last part of an ARN.
func nameOf(arn string) string {
	a, err := resource.ParseARN(arn)
	if err != nil {
		return arn
	}
	return a.Resource
}

// places are the locations that hold anything of ours.
func (w *worker) places(ctx context.Context) ([]resource.Location, error) {
	var list []resource.Location
	add := func(arn string) {
		a, err := resource.ParseARN(arn)
		if err != nil || a.Service != "glue" { // a location that could not be listed has findings without a resource
			return
		}
		l := resource.Location{Partition: a.Partition, Account: a.Account, Region: a.Region}
		if !slices.Contains(list, l) {
			list = append(list, l)
		}
	}
	head, err := w.store.Audit(ctx, store.LatestWhole)
	switch {
	case isMissing(err):
	case err != nil:
		return nil, fmt.Errorf("find the newest audit: %w", err)
	default:
		err = w.store.EachFinding(ctx, head.ID, func(f finding.Finding) error {
			add(f.Resource.ARN)
			return nil
		})
		if err != nil {
			return nil, fmt.Errorf("read the newest audit: %w", err)
		}
	}
	err = w.store.EachSummary(ctx, store.ChangeFilter{}, func(c store.Summarized) error {
		add(c.Resource.ARN)
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("read the changes: %w", err)
	}
	slices.SortFunc(list, resource.Location.Compare)
	return list, nil
}
