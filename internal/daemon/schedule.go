package daemon

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/glueguard/glueguard/internal/auth"
	"github.com/glueguard/glueguard/internal/store"
)

// scheduler files a request for each audit that is due. A schedule whose last audit is not over yet waits for its next
// turn, and turns that were missed while no daemon ran are made up for once.
type scheduler struct {
	store scheduleStore
	rules func(context.Context) (auth.Rules, error)
	clock Clock
	newID func() string
	log   *slog.Logger
	host  string
	wake  func()
}

// scheduleStore is where schedules and requests are.
type scheduleStore interface {
	store.Schedules
	store.Requests
	store.Trail
}

// byName is the actor of what a schedule asks for. Via is the schedule's id.
const byName = "schedule"

// look files what is due, and notes what became of what was.
func (s *scheduler) look(ctx context.Context) error {
	var list []store.Schedule
	err := s.store.EachSchedule(ctx, func(one store.Schedule) error {
		list = append(list, one)
		return nil
	})
	if err != nil {
		return fmt.Errorf("list the schedules: %w", err)
	}
	if len(list) == 0 {
		return nil
	}
	newest, err := s.newest(ctx)
	if err != nil {
		return err
	}
	now := s.clock.Now()
	var failed error
	for _, one := range list {
		last, asked := newest[one.ID]
		failed = errors.Join(failed, s.one(ctx, one, last, asked, now))
	}
	return failed
}

// newest are the last requests of each schedule.
func (s *scheduler) newest(ctx context.Context) (map[string]store.Request, error) {
	const enough = 500 // of the newest audits: one further back is over
	found := map[string]store.Request{}
	f := store.RequestFilter{Kinds: []store.RequestKind{store.RequestAudit}, Limit: enough}
	err := s.store.EachRequest(ctx, f, func(q store.Request) error {
		if id := q.ProposedBy.Via; q.ProposedBy.Kind == store.ActorDaemon && q.ProposedBy.Name == byName {
			if _, newer := found[id]; !newer {
				found[id] = q
			}
		}
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("list the requests of schedules: %w", err)
	}
	return found, nil
}

// one brings one schedule up to date, and files its audit where that is due. The audit is filed first: where the turn can't
// be noted then, the next look finds that it was taken.
func (s *scheduler) one(ctx context.Context, one store.Schedule, last store.Request, asked bool, now time.Time) error {
	changed, due := false, !one.Paused && !one.NextAt.After(now)
	busy := asked && (last.State == store.RequestQueued || last.State == store.RequestRunning)
	taken := asked && !last.ProposedAt.Before(one.NextAt) && !last.ProposedAt.After(now)
	if asked && last.State == store.RequestEnded {
		changed = outcome(&one, last)
	}
	if asked && last.ProposedAt.After(now) && one.NextAt.Sub(now) > 2*one.Every { // the clock was ahead, and is not any more
		one.NextAt, changed = now.Add(one.NextAt.Sub(now)%one.Every), true
	}
	if due {
		turn := one
		one.NextAt, changed = nextTurn(one, now), true
		switch {
		case taken:
		case busy:
			one.LastError = "its turn of " + turn.NextAt.UTC().Format(time.RFC3339) + " was left out: the audit before it was not over"
		default:
			if err := s.file(ctx, one, now); err != nil {
				return err
			}
		}
	}
	if !changed {
		return nil
	}
	err := s.store.UpdateSchedule(ctx, one)
	if err != nil && !errors.Is(err, store.ErrConflict) && !errors.Is(err, store.ErrNotFound) { // somebody has just changed it: the next look sees how
		return fmt.Errorf("schedule %s: %w", one.Name, err)
	}
	return nil
}

// outcome notes what became of a schedule's last audit; it tells whether that is news.
func outcome(one *store.Schedule, last store.Request) bool {
	for _, r := range last.Results {
		if r.Audit != "" && r.Audit == one.LastAudit {
			return false
		}
	}
	before := *one
	one.LastError = ""
	for _, r := range last.Results {
		if r.Audit != "" {
			one.LastAudit = r.Audit
		}
		if !r.OK {
			one.LastError = r.Message
		}
	}
	return one.LastAudit != before.LastAudit || one.LastError != before.LastError
}

// nextTurn is the first of a schedule's turns that is yet to come.
func nextTurn(one store.Schedule, now time.Time) time.Time {
	if one.Every <= 0 {
		return now.Add(time.Hour) // never from a checked schedule; a loop without a pause would be worse
	}
	sinceTurn := now.Sub(one.NextAt) % one.Every
	return now.Add(one.Every - sinceTurn)
}

// file asks for a schedule's audit.
func (s *scheduler) file(ctx context.Context, one store.Schedule, now time.Time) error {
	rules, err := s.rules(ctx)
	if err != nil {
		return fmt.Errorf("schedule %s: %w", one.Name, err)
	}
	scope := one.Scope
	by := store.Actor{Kind: store.ActorDaemon, Name: byName, Via: one.ID, Address: s.host}
	q, err := rules.Ask(s.newID(), store.Work{Kind: store.RequestAudit, Audit: &scope}, auth.Principal{Actor: by}, "schedule "+one.Name, true, now)
	if err != nil {
		return fmt.Errorf("schedule %s: %w", one.Name, err)
	}
	if err := fileRequest(ctx, s.store, q, now); err != nil {
		return fmt.Errorf("schedule %s: %w", one.Name, err)
	}
	s.log.Info("a scheduled audit is due", "schedule", one.Name, "request", q.ID, "next_at", one.NextAt)
	s.wake()
	return nil
}
