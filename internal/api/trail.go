package api

import (
	"context"
	"errors"
	"sync"
	"time"

	"github.com/glueguard/glueguard/internal/api/openapi"
	"github.com/glueguard/glueguard/internal/store"
)

// ListTrail implements openapi.StrictServerInterface.
func (s *Server) ListTrail(ctx context.Context, r openapi.ListTrailRequestObject) (openapi.ListTrailResponseObject, error) {
	if _, err := s.allow(ctx, "listTrail"); err != nil {
		return nil, err
	}
	out := openapi.ListTrail200JSONResponse{Items: []openapi.Deed{}}
	err := s.o.Store.EachDeed(ctx, 0, 1, func(d store.Deed) error {
		out.Total = d.Seq // they are numbered from 1, without gaps
		return nil
	})
	if err != nil {
		return nil, err
	}
	_, most := window(0, r.Params.Limit)
	err = s.o.Store.EachDeed(ctx, r.Params.Before, most, func(d store.Deed) error {
		out.Items = append(out.Items, d)
		return nil
	})
	return out, err
}

// CheckTrail implements openapi.StrictServerInterface.
func (s *Server) CheckTrail(ctx context.Context, r openapi.CheckTrailRequestObject) (openapi.CheckTrailResponseObject, error) {
	if _, err := s.allow(ctx, "checkTrail"); err != nil {
		return nil, err
	}
	found, err := s.trail.check(ctx, s.o.Store, s.o.Now, r.Params.Whole)
	out := openapi.CheckTrail200JSONResponse{
		Ok: err == nil, Entries: found.state.Entries, Head: found.state.Head, LastAt: found.state.LastAt,
		WholeAt: found.wholeAt, WholeEntries: found.wholeEntries,
	}
	var broken *store.TrailError
	if errors.As(err, &broken) {
		out.BrokenAt, out.Reason, err = broken.Seq, broken.Reason, nil
	}
	return out, err
}

// VerifyTrail reads the whole trail, so that pages need to read only what is added. It returns *store.TrailError where the
// trail is not as it was written.
func (s *Server) VerifyTrail(ctx context.Context) error {
	_, err := s.trail.check(ctx, s.o.Store, s.o.Now, true)
	return err
}

// wholeEvery is how long nobody looks at what was found to be as it was written.
const wholeEvery = time.Hour

// trailCheck remembers how far the trail was as it was written, so that a page needs not read a million entries.
type trailCheck struct {
	reading sync.Mutex // held while the whole trail is read

	mu     sync.Mutex
	known  trailFound // the zero value: nothing is, or it was found broken
	broken int        // how often it was: what was read before that says nothing after
}

// trailFound is what is known of the trail.
type trailFound struct {
	state        store.TrailState
	wholeAt      time.Time // when it was last read from its first entry on
	wholeEntries int64     // how many those were
}

// check reads what was added since the last check, or, where whole says so or that was too long ago, the whole trail.
// Where what was added is broken, the whole of it tells what is.
func (t *trailCheck) check(ctx context.Context, trail store.Trail, now func() time.Time, whole bool) (trailFound, error) {
	asked := now()
	if known, broken := t.get(); !whole && !known.wholeAt.IsZero() && asked.Sub(known.wholeAt) < wholeEvery {
		var err error
		known.state, err = trail.CheckTrailSince(ctx, known.state)
		t.learn(known, broken, err)
		if !errors.Is(err, store.ErrTrailBroken) {
			return known, err
		}
	}
	t.reading.Lock()
	defer t.reading.Unlock()
	known, broken := t.get()
	if known.wholeAt.After(asked) { // while this one waited
		return known, nil
	}
	found := trailFound{wholeAt: now()}
	var err error
	found.state, err = trail.CheckTrail(ctx)
	found.wholeEntries = found.state.Entries
	t.learn(found, broken, err)
	return found, err
}

func (t *trailCheck) get() (known trailFound, broken int) {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.known, t.broken
}

// learn keeps what a check has found that began when the trail had been broken so often. Of two at once the one that has
// read more counts, and a broken trail counts in any case.
func (t *trailCheck) learn(found trailFound, broken int, err error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	older := found.wholeAt.Before(t.known.wholeAt) || found.wholeAt.Equal(t.known.wholeAt) && found.state.Entries < t.known.state.Entries
	switch {
	case errors.Is(err, store.ErrTrailBroken):
		t.known = trailFound{}
		t.broken++
	case err == nil && broken == t.broken && !older:
		t.known = found
	}
}
