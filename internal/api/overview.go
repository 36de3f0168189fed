package api

import (
	"cmp"
	"context"
	"maps"
	"slices"
	"sync"
	"time"

	"github.com/glueguard/glueguard/internal/api/openapi"
	"github.com/glueguard/glueguard/internal/auth"
	"github.com/glueguard/glueguard/internal/change"
	"github.com/glueguard/glueguard/internal/resource"
	"github.com/glueguard/glueguard/internal/store"
)

const (
	trendAudits  = 30 // how many audits the trend has
	shownShares  = 50 // how many accounts and regions the overview has
	shownWaiting = 10 // how many of each that waits
	shownChanged = 10 // how many findings of those that changed
	soon         = 14 * 24 * time.Hour
)

// posture is what an audit says at a glance. A stored audit doesn't change, so neither does this.
type posture struct {
	byControl, byAccount, byRegion []openapi.Share
	accounts, regions              int
	unread, unreadLocations        int
	changed                        openapi.Comparison // since the audit before; without one it is empty
}

// postures keeps the posture of the newest audit, since each look at the overview needs it.
type postures struct {
	mu    sync.Mutex
	audit string
	kept  posture
}

// posture returns that of an audit. One that is not the kept one is made while others wait for it.
func (s *Server) posture(ctx context.Context, a store.Audit, before *store.Audit) (posture, error) {
	s.overview.mu.Lock()
	defer s.overview.mu.Unlock()
	if s.overview.audit == a.ID {
		return s.overview.kept, nil
	}
	p, err := s.lookAt(ctx, a, before)
	if err == nil {
		s.overview.audit, s.overview.kept = a.ID, p
	}
	return p, err
}

func (s *Server) lookAt(ctx context.Context, a store.Audit, before *store.Audit) (posture, error) {
	cells, err := s.o.Store.Posture(ctx, a.ID)
	if err != nil {
		return posture{}, err
	}
	controls, accounts, regions := map[string]store.Summary{}, map[string]store.Summary{}, map[string]store.Summary{}
	for _, c := range cells {
		add(controls, string(c.Control), c)
		add(accounts, c.Account, c)
		add(regions, c.Region, c)
	}
	p := posture{byAccount: shares(accounts), byRegion: shares(regions), accounts: len(accounts), regions: len(regions)}
	p.byAccount, p.byRegion = p.byAccount[:min(shownShares, len(p.byAccount))], p.byRegion[:min(shownShares, len(p.byRegion))]
	p.byControl = shares(controls)
	places := map[resource.Location]bool{}
	err = s.o.Store.EachCoverage(ctx, a.ID, func(c resource.Coverage) error {
		if c.Unread() {
			p.unread++
			places[resource.Location{Account: c.Account, Region: c.Region}] = true
		}
		return nil
	})
	if err != nil {
		return posture{}, err
	}
	p.unreadLocations = len(places)
	if before != nil {
		p.changed, err = s.compare(ctx, a, *before, nil, 0, shownChanged)
	}
	return p, err
}

func add(to map[string]store.Summary, name string, c store.PostureCell) {
	sum := to[name]
	sum.Add(c.Status, c.Count)
	to[name] = sum
}

// shares lists sums by name, the most failing first.
func shares(sums map[string]store.Summary) []openapi.Share {
	list := []openapi.Share{}
	for name, sum := range maps.All(sums) {
		list = append(list, openapi.Share{
			Name: name, Pass: sum.Pass, Fail: sum.Fail, Unknown: sum.Unknown, Exempt: sum.Exempt, NotApplicable: sum.NotApplicable,
		})
	}
	slices.SortFunc(list, func(a, b openapi.Share) int {
		return cmp.Or(cmp.Compare(b.Fail, a.Fail), cmp.Compare(b.Unknown, a.Unknown), cmp.Compare(a.Name, b.Name))
	})
	return list
}

// GetOverview implements openapi.StrictServerInterface.
func (s *Server) GetOverview(ctx context.Context, _ openapi.GetOverviewRequestObject) (openapi.GetOverviewResponseObject, error) {
	who, err := s.allow(ctx, "getOverview")
	if err != nil {
		return nil, err
	}
	audits, err := s.whole(ctx)
	if err != nil {
		return nil, err
	}
	out := openapi.GetOverview200JSONResponse{
		ByControl: []openapi.Share{}, ByAccount: []openapi.Share{}, ByRegion: []openapi.Share{}, Trend: []openapi.TrendPoint{},
	}
	for _, a := range slices.Backward(audits[:min(trendAudits, len(audits))]) {
		out.Trend = append(out.Trend, openapi.TrendPoint{Audit: a.ID, At: a.StartedAt, Summary: a.Summary})
	}
	if len(audits) > 0 {
		var before *store.Audit
		if len(audits) > 1 {
			before = &audits[1]
		}
		p, err := s.posture(ctx, audits[0], before)
		if err != nil {
			return nil, err
		}
		audit := auditOf(audits[0])
		out.Audit, out.ByControl, out.ByAccount, out.ByRegion = &audit, p.byControl, p.byAccount, p.byRegion
		out.Accounts, out.Regions, out.Unread, out.UnreadLocations = p.accounts, p.regions, p.unread, p.unreadLocations
		if before != nil {
			out.Changed = &p.changed
		}
	}
	out.Waiting, err = s.waiting(ctx, who)
	return out, err
}

// Prepare readies what the first look at a new audit would have to wait for: its index and its posture. The daemon calls
// it when it starts, and after each audit.
func (s *Server) Prepare(ctx context.Context) error {
	audits, err := s.whole(ctx)
	if err != nil || len(audits) == 0 {
		return err
	}
	if err := s.o.Store.IndexAudit(ctx, audits[0].ID); err != nil {
		return err
	}
	var before *store.Audit
	if len(audits) > 1 {
		before = &audits[1]
	}
	_, err = s.posture(ctx, audits[0], before)
	return err
}

// waiting is what waits for who asks.
func (s *Server) waiting(ctx context.Context, who auth.Principal) (openapi.Waiting, error) {
	w := openapi.Waiting{
		Decide: []openapi.Request{}, Start: []openapi.Request{}, Exceptions: []openapi.Exception{}, Expiring: []openapi.Exception{},
	}
	rules, p, err := s.rules(ctx)
	if err != nil {
		return w, err
	}
	f := store.RequestFilter{States: []store.RequestState{store.RequestPending, store.RequestApproved}}
	err = s.o.Store.EachRequest(ctx, f, func(q store.Request) error {
		switch r := s.requestOf(q, who, rules); {
		case slices.Contains(r.May, openapi.VerbDecide):
			w.Decide, w.DecideTotal = some(w.Decide, r), w.DecideTotal+1
		case slices.Contains(r.May, openapi.VerbStart):
			w.Start, w.StartTotal = some(w.Start, r), w.StartTotal+1
		}
		return nil
	})
	if err != nil {
		return w, err
	}
	w.Changes, w.ChangesTotal, err = s.changes(ctx, store.ChangeFilter{
		States: []change.State{change.Waiting, change.FailedAt, change.Regressed}, Limit: shownWaiting,
	})
	if err != nil {
		return w, err
	}
	exceptions, err := s.exceptions(ctx, who, rules, p)
	for _, e := range exceptions {
		if e.State == openapi.ExceptionStateProposed && e.MayDecide && !e.Expired {
			w.Exceptions, w.ExceptionsTotal = some(w.Exceptions, e), w.ExceptionsTotal+1
		}
		if holds(e) && s.endsSoon(e) {
			w.Expiring, w.ExpiringTotal = some(w.Expiring, e), w.ExpiringTotal+1
		}
	}
	return w, err
}

// some adds to a list that is shown, as long as it is short.
func some[T any](list []T, one T) []T {
	if len(list) >= shownWaiting {
		return list
	}
	return append(list, one)
}

func (s *Server) endsSoon(e openapi.Exception) bool {
	last, err := time.Parse(time.DateOnly, e.Expires)
	return err == nil && last.Sub(s.o.Now()) < soon
}
