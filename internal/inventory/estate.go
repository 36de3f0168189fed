package inventory

import (
	"context"
	"slices"
	"sync"

	"github.com/glueguard/glueguard/internal/awsapi"
	"github.com/glueguard/glueguard/internal/resource"
)

// run is one Scan.
type run struct {
	*Scanner
	scope  Scope
	caller awsapi.Identity
	roster *roster // keys of the accounts in it are read through them
	out    chan *resource.Snapshot
	slots  chan struct{} // one per location being read
}

// discovery is what is asked before any account is read, all at once to save round trips.
type discovery struct {
	homeRegions
	wrong error // a *RegionError: a region was asked for that does not exist
}

type homeRegions struct {
	regions []string
	err     error
	asked   bool
}

// estate reads every account of the scope, some at a time.
func (r *run) estate(ctx context.Context) error {
	ctx, cancel := context.WithCancel(ctx)
	var enrolling, accounts sync.WaitGroup
	r.roster = newRoster()
	enrolling.Go(func() { r.enrol(ctx) })
	defer enrolling.Wait()
	defer cancel()
	d, err := r.discover(ctx)
	if err == nil {
		err = d.wrong
	}
	if err != nil {
		return err
	}
	window := make(chan struct{}, accountsAtOnce)
	for {
		t, ok := r.roster.next()
		if !ok {
			break
		}
		window <- struct{}{} // never blocks for long: once ctx has ended, accounts end without a call
		accounts.Go(func() {
			r.account(ctx, t, d.homeRegions)
			<-window
		})
	}
	accounts.Wait()
	return nil
}

func (r *run) discover(ctx context.Context) (discovery, error) {
	var d discovery
	var asking sync.WaitGroup
	if len(r.scope.Regions) == 0 && len(r.scope.Accounts) == 0 {
		d.asked = true
		asking.Go(func() { d.regions, d.err = r.session.Home().Regions(ctx) })
	}
	if len(r.scope.Regions) > 0 {
		asking.Go(func() { d.wrong = checkRegions(ctx, r.session.Home(), r.scope.Regions) })
	}
	var err error
	r.caller, err = r.session.Caller(ctx)
	asking.Wait()
	return d, err
}

// account reads all locations of one account and gives its credentials up.
func (r *run) account(ctx context.Context, t target, home homeRegions) {
	if t.skip != nil {
		r.unreadable(t.account, *t.skip, nil)
		return
	}
	a := r.session.Acquire(t.account)
	defer a.Release()
	if err := a.Enter(ctx); err != nil {
		r.unreadable(t.account, awsapi.Classify(err, opAssumeRole), r.scope.Regions)
		return
	}
	regions, err := r.scope.Regions, error(nil)
	switch {
	case len(regions) > 0:
		regions = slices.Compact(slices.Sorted(slices.Values(regions)))
	case home.asked && t.account == r.caller.Account:
		regions, err = home.regions, home.err
	default:
		regions, err = a.Regions(ctx)
	}
	if err != nil {
		r.unreadable(t.account, awsapi.Classify(err, opListRegions), nil)
		return
	}
	r.count(len(regions))
	var locations sync.WaitGroup
	for _, region := range regions {
		r.slots <- struct{}{}
		locations.Go(func() {
			snapshot := r.location(ctx, a, region)
			<-r.slots
			r.out <- snapshot
		})
	}
	locations.Wait()
}

// count tells Progress how many locations an account turned out to have.
func (r *run) count(locations int) {
	r.locationsKnown.Add(int64(locations))
	r.accountsKnown.Add(1)
	r.accountsLeft.Add(-1)
}

// unreadable emits what stands for an account that could not be read at all: one snapshot for each region that was
// asked for, or one without a region.
func (r *run) unreadable(account string, f resource.Failure, regions []string) {
	if len(regions) == 0 {
		regions = []string{""}
	}
	r.count(len(regions))
	for _, region := range regions {
		s := &resource.Snapshot{
			Location: resource.Location{Partition: r.caller.Partition, Account: account, Region: region},
		}
		if r.scope.DevEndpoints {
			s.DevEndpoints = resource.Unknown[[]resource.DevEndpoint](f)
		}
		if r.scope.MLTransforms {
			s.MLTransforms = resource.Unknown[[]resource.MLTransform](f)
		}
		s.Coverage = []resource.Coverage{(&tally{operation: f.Operation, failure: &f}).row(s.Location)}
		r.out <- s
	}
}
