package sqlite

import (
	"context"
	"database/sql"
	"fmt"

	"github.com/glueguard/glueguard/internal/store"
)

// CreateSchedule implements store.Schedules.
func (s *writes) CreateSchedule(ctx context.Context, x store.Schedule) error {
	scope, err := packed(x.Scope)
	if err != nil {
		return fmt.Errorf("schedule %s: %w", x.Name, err)
	}
	return s.exec(ctx, "create schedule "+x.Name, `INSERT INTO schedule
		(id, name, folded, every, next_at, scope, paused, last_audit, last_error, version) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
		x.ID, x.Name, store.Fold(x.Name), int64(x.Every), nanos(x.NextAt), scope, x.Paused, x.LastAudit, x.LastError, x.Version)
}

// UpdateSchedule implements store.Schedules.
func (s *writes) UpdateSchedule(ctx context.Context, x store.Schedule) error {
	scope, err := packed(x.Scope)
	if err != nil {
		return fmt.Errorf("schedule %s: %w", x.Name, err)
	}
	err = s.durable.do(ctx, func(ctx context.Context, tx *sql.Tx) error {
		return update(ctx, tx, "schedule", x.ID, x.Version, `UPDATE schedule SET name = ?, folded = ?, every = ?, next_at = ?, scope = ?,
			paused = ?, last_audit = ?, last_error = ?`,
			x.Name, store.Fold(x.Name), int64(x.Every), nanos(x.NextAt), scope, x.Paused, x.LastAudit, x.LastError)
	})
	if err != nil {
		return fmt.Errorf("update schedule %s: %w", x.Name, err)
	}
	return nil
}

// DropSchedule implements store.Schedules.
func (s *writes) DropSchedule(ctx context.Context, id string) error {
	return s.execOne(ctx, "drop schedule "+id, `DELETE FROM schedule WHERE id = ?`, id)
}

func scanSchedule(scan func(...any) error) (store.Schedule, error) {
	var x store.Schedule
	var next int64
	err := scan(&x.ID, &x.Name, &x.Every, &next, jsonOf{&x.Scope}, &x.Paused, &x.LastAudit, &x.LastError, &x.Version)
	x.NextAt = instant(next)
	return x, err
}

// EachSchedule implements store.Schedules.
func (s *Store) EachSchedule(ctx context.Context, yield func(store.Schedule) error) error {
	return each(ctx, s, "schedules", scanSchedule, yield,
		`SELECT id, name, every, next_at, scope, paused, last_audit, last_error, version FROM schedule ORDER BY folded`)
}
