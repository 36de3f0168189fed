package repair

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/glueguard/glueguard/internal/action"
	"github.com/glueguard/glueguard/internal/awsapi"
	"github.com/glueguard/glueguard/internal/inventory"
	"github.com/glueguard/glueguard/internal/plan"
	"github.com/glueguard/glueguard/internal/verify"
)

// Using has every change work with one session, whatever access it was made with.
func Using(session *awsapi.Session) func(context.Context, plan.Access) (Session, error) {
	return func(context.Context, plan.Access) (Session, error) { return Over(session), nil }
}

// Over is the Session that works through a session of AWS's, which stays the caller's to close.
func Over(session *awsapi.Session) Session { return OverAt(session, nil) }

// OverAt is Over with a clock that tells how long something has been waited for; nil is the machine's.
func OverAt(session *awsapi.Session, now func() time.Time) Session {
	actor := action.New(session, action.Options{Now: now})
	inspector := inventory.NewInspector(session)
	return Session{
		Actor: actor, Verifier: verify.New(inspector), Inspector: newTogether(inspector), Close: actor.Close,
		Caller: func(ctx context.Context) (string, error) {
			caller, err := session.Caller(ctx)
			return caller.ARN, err
		},
	}
}

// Room is how many dev endpoints may be made, beside those there, in each location where the items make any:
// engine.Limits.Twins. A location whose quota or use could not be read has no entry, and so no limit but AWS's own.
func (w *Worker) Room(ctx context.Context, a plan.Access, items []plan.Item) (map[string]int, error) {
	s, err := w.session(ctx, a)
	if err != nil {
		return nil, err
	}
	room := map[string]int{}
	var targets []inventory.Target
	for _, i := range items {
		if _, asked := room[i.Location.String()]; !asked && makesEndpoint(i) {
			room[i.Location.String()] = 0
			targets = append(targets, inventory.Target{Location: i.Location, Type: i.Resource.Type, Name: i.Resource.Name})
		}
	}
	all, err := s.Inspector.Inspect(ctx, targets)
	if err != nil {
		return nil, fmt.Errorf("read the quotas: %w", err)
	}
	for _, around := range all {
		quota, ok := around.Endpoints.Value()
		if left, known := quota.Left(); ok && known {
			room[around.Location.String()] = max(left, 0)
		} else {
			delete(room, around.Location.String())
		}
	}
	return room, nil
}

func makesEndpoint(i plan.Item) bool {
	return slices.ContainsFunc(i.Steps, func(s plan.Step) bool { return s.Kind == plan.CreateEndpoint })
}
