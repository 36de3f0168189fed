package api

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/glueguard/glueguard/internal/api/openapi"
	"github.com/glueguard/glueguard/internal/auth"
	"github.com/glueguard/glueguard/internal/store"
)

func scheduleOf(x store.Schedule) openapi.Schedule {
	return openapi.Schedule{
		ID: x.ID, Name: x.Name, EveryMinutes: int(x.Every / time.Minute), NextAt: x.NextAt, Scope: x.Scope, Paused: x.Paused,
		LastAudit: x.LastAudit, LastError: x.LastError, Version: x.Version,
	}
}

func (s *Server) schedules(ctx context.Context) ([]store.Schedule, error) {
	var all []store.Schedule
	err := s.o.Store.EachSchedule(ctx, func(x store.Schedule) error {
		all = append(all, x)
		return nil
	})
	return all, err
}

// schedule finds a schedule by its id.
func (s *Server) schedule(ctx context.Context, id string) (store.Schedule, error) {
	all, err := s.schedules(ctx)
	if err != nil {
		return store.Schedule{}, err
	}
	for _, x := range all {
		if x.ID == id {
			return x, nil
		}
	}
	return store.Schedule{}, missing("schedule", id)
}

// ListSchedules implements openapi.StrictServerInterface.
func (s *Server) ListSchedules(ctx context.Context, _ openapi.ListSchedulesRequestObject) (openapi.ListSchedulesResponseObject, error) {
	if _, err := s.allow(ctx, "listSchedules"); err != nil {
		return nil, err
	}
	all, err := s.schedules(ctx)
	out := openapi.ListSchedules200JSONResponse{Items: []openapi.Schedule{}, Total: len(all)}
	for _, x := range all {
		out.Items = append(out.Items, scheduleOf(x))
	}
	return out, err
}

// The bounds of how often a schedule runs.
const (
	leastMinutes = 5
	mostMinutes  = 366 * 24 * 60
)

// checkSchedule refuses a schedule that makes no sense, or has another's name.
func (s *Server) checkSchedule(ctx context.Context, x store.Schedule) error {
	if x.Name = strings.TrimSpace(x.Name); x.Name == "" {
		return sense("A schedule needs a name.")
	}
	if x.Every < leastMinutes*time.Minute || x.Every > mostMinutes*time.Minute {
		return sense("A schedule runs every %d minutes at the most often, and once a year at the least.", leastMinutes)
	}
	if err := checkScope(x.Scope); err != nil {
		return err
	}
	all, err := s.schedules(ctx)
	if err != nil {
		return err
	}
	for _, other := range all {
		if other.ID != x.ID && store.Fold(other.Name) == store.Fold(x.Name) {
			return problem(http.StatusConflict, CodeConflict, "There is a schedule of that name already.")
		}
	}
	return nil
}

// keep checks a schedule and stores it.
func (s *Server) keep(
	ctx context.Context, who auth.Principal, action string, x store.Schedule, write func(store.Writes, context.Context, store.Schedule) error,
) error {
	s.filing.Lock()
	defer s.filing.Unlock()
	if err := s.checkSchedule(ctx, x); err != nil {
		return err
	}
	return s.told(ctx, who, scheduleDeed(action, x), func(ctx context.Context, w store.Writes) error { return write(w, ctx, x) })
}

// CreateSchedule implements openapi.StrictServerInterface.
func (s *Server) CreateSchedule(ctx context.Context, r openapi.CreateScheduleRequestObject) (openapi.CreateScheduleResponseObject, error) {
	who, err := s.take(ctx, "createSchedule", r.Body)
	if err != nil {
		return nil, err
	}
	b := r.Body
	x := store.Schedule{
		ID: s.o.NewID(), Name: strings.TrimSpace(b.Name), Every: time.Duration(b.EveryMinutes) * time.Minute, NextAt: b.NextAt, Scope: b.Scope,
		Paused: b.Paused,
	}
	if x.NextAt.IsZero() {
		x.NextAt = s.o.Now()
	}
	if err := s.keep(ctx, who, "schedule.create", x, store.Writes.CreateSchedule); err != nil {
		return nil, err
	}
	s.o.Worker.Wake()
	x, err = s.schedule(ctx, x.ID)
	return openapi.CreateSchedule201JSONResponse(scheduleOf(x)), err
}

func scheduleDeed(action string, x store.Schedule) store.Deed {
	return store.Deed{Action: action, Subject: x.ID, Detail: map[string]string{
		"name": x.Name, "every": x.Every.String(), "paused": fmt.Sprint(x.Paused),
	}}
}

// UpdateSchedule implements openapi.StrictServerInterface.
func (s *Server) UpdateSchedule(ctx context.Context, r openapi.UpdateScheduleRequestObject) (openapi.UpdateScheduleResponseObject, error) {
	who, err := s.take(ctx, "updateSchedule", r.Body)
	if err != nil {
		return nil, err
	}
	x, err := s.schedule(ctx, r.ID)
	if err != nil {
		return nil, err
	}
	b := r.Body
	if x.Version != b.Version {
		return nil, fmt.Errorf("schedule %s: %w", x.ID, store.ErrConflict)
	}
	if b.Name != "" {
		x.Name = strings.TrimSpace(b.Name)
	}
	if b.EveryMinutes != 0 {
		x.Every = time.Duration(b.EveryMinutes) * time.Minute
	}
	if !b.NextAt.IsZero() {
		x.NextAt = b.NextAt
	}
	if b.Scope != nil {
		x.Scope = *b.Scope
	}
	if b.Paused != nil {
		x.Paused = *b.Paused
	}
	if err := s.keep(ctx, who, "schedule.update", x, store.Writes.UpdateSchedule); err != nil {
		return nil, err
	}
	s.o.Worker.Wake()
	x, err = s.schedule(ctx, x.ID)
	return openapi.UpdateSchedule200JSONResponse(scheduleOf(x)), err
}

// DeleteSchedule implements openapi.StrictServerInterface.
func (s *Server) DeleteSchedule(ctx context.Context, r openapi.DeleteScheduleRequestObject) (openapi.DeleteScheduleResponseObject, error) {
	who, err := s.allow(ctx, "deleteSchedule")
	if err != nil {
		return nil, err
	}
	x, err := s.schedule(ctx, r.ID)
	if err != nil {
		return nil, err
	}
	err = s.told(ctx, who, scheduleDeed("schedule.delete", x), func(ctx context.Context, w store.Writes) error {
		return w.DropSchedule(ctx, x.ID)
	})
	if errors.Is(err, store.ErrNotFound) {
		return nil, missing("schedule", r.ID)
	}
	if err != nil {
		return nil, err
	}
	return openapi.DeleteSchedule204Response{}, nil
}
