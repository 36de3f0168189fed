package action

import (
	"context"
	"errors"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/glue"

	"github.com/glueguard/glueguard/internal/awsapi"
	"github.com/glueguard/glueguard/internal/resource"
)

// board holds, per location, the last listing of dev endpoints for all changes that wait there. What it shows may be as
// old as its reader allows, so it only ever says "not yet" or "ready": whatever else it seems to show is read again.
type board struct {
	mu sync.Mutex
	of map[resource.Location]*listing
}

func newBoard() *board { return &board{of: map[resource.Location]*listing{}} }

type listing struct {
	mu      sync.Mutex
	reading chan struct{} // closed when the read under way ends; nil: none is
	begun   time.Time     // when the last read that succeeded began
	seen    map[string]sighting
	err     error // of the last read
}

// sighting is what a listing shows of an endpoint.
type sighting struct {
	status  string
	created time.Time
}

func (b *board) listing(l resource.Location) *listing {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.of[l] == nil {
		b.of[l] = &listing{}
	}
	return b.of[l]
}

// endpoints returns the location's endpoints by name, from a listing that began no longer than age before now.
func (a *Actor) endpoints(ctx context.Context, t *task, age time.Duration) (map[string]sighting, error) {
	l := a.board.listing(t.location())
	for joined := false; ; joined = true {
		seen, mine, reading, err := l.take(t.now, age, joined)
		switch {
		case seen != nil || err != nil:
			return seen, err
		case mine:
			return a.readBoard(ctx, t, l, reading)
		}
		select {
		case <-ctx.Done():
			return nil, failed("glue:GetDevEndpoints", context.Cause(ctx))
		case <-reading:
		}
	}
}

// take returns what is held where it is fresh enough, or whose turn it is to read: the caller's, or that of who reads
// already. To who has joined a read that failed it returns that read's error, unless only its reader was interrupted.
func (l *listing) take(now time.Time, age time.Duration, joined bool) (seen map[string]sighting, mine bool, reading chan struct{}, err error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	switch {
	case l.seen != nil && now.Sub(l.begun) <= age:
		return l.seen, false, nil, nil
	case joined && l.err != nil && !errors.Is(l.err, awsapi.ErrInterrupted):
		return nil, false, nil, l.err
	case l.reading != nil:
		return nil, false, l.reading, nil
	}
	l.reading = make(chan struct{})
	return nil, true, l.reading, nil
}

func (a *Actor) readBoard(ctx context.Context, t *task, l *listing, reading chan struct{}) (map[string]sighting, error) {
	begun := a.now()
	seen, err := a.listEndpoints(ctx, t)
	l.mu.Lock()
	defer l.mu.Unlock()
	if err == nil {
		l.seen, l.begun = seen, begun
	}
	l.err, l.reading = err, nil
	close(reading)
	return seen, err
}

// listEndpoints reads all pages.
func (a *Actor) listEndpoints(ctx context.Context, t *task) (map[string]sighting, error) {
	const perPage = 200 // the service refuses more
	seen := map[string]sighting{}
	in := &glue.GetDevEndpointsInput{MaxResults: aws.Int32(perPage)}
	for {
		out, err := read(ctx, t, "glue:GetDevEndpoints", a.session.Glue.GetDevEndpoints, in, t.place.Glue)
		if err != nil {
			return nil, err
		}
		for i := range out.DevEndpoints {
			e := &out.DevEndpoints[i]
			seen[aws.ToString(e.EndpointName)] = sighting{aws.ToString(e.Status), aws.ToTime(e.CreatedTimestamp)}
		}
		if awsapi.LastPage(in.NextToken, out.NextToken) {
			return seen, nil
		}
		in.NextToken = out.NextToken
	}
}
