package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"github.com/glueguard/glueguard/internal/store"
)

// SaveSession implements store.Credentials.
func (s *writes) SaveSession(ctx context.Context, x store.Session) error {
	if x.SeenAt.After(x.CreatedAt) {
		return s.execOne(ctx, "update a session", `UPDATE session SET seen_at = max(seen_at, ?), expires_at = ?, address = ? WHERE hash = ? AND user = ?`,
			nanos(x.SeenAt), nanos(x.ExpiresAt), x.Address, x.Hash, x.UserID)
	}
	return s.exec(ctx, "save a session", `INSERT INTO session (hash, user, created_at, seen_at, expires_at, address) VALUES (?, ?, ?, ?, ?, ?)
		ON CONFLICT (hash) DO UPDATE SET created_at = excluded.created_at, seen_at = excluded.seen_at, expires_at = excluded.expires_at, address = excluded.address
		WHERE user = excluded.user`,
		x.Hash, x.UserID, nanos(x.CreatedAt), nanos(x.SeenAt), nanos(x.ExpiresAt), x.Address)
}

func scanSession(scan func(...any) error) (store.Session, error) {
	var x store.Session
	var created, seen, expires int64
	err := scan(&x.Hash, &x.UserID, &created, &seen, &expires, &x.Address)
	x.CreatedAt, x.SeenAt, x.ExpiresAt = instant(created), instant(seen), instant(expires)
	return x, err
}

// Session implements store.Credentials.
func (s *Store) Session(ctx context.Context, hash string) (store.Session, error) {
	return one(ctx, s, "session", scanSession, `SELECT hash, user, created_at, seen_at, expires_at, address FROM session WHERE hash = ?`, hash)
}

// DropSession implements store.Credentials.
func (s *writes) DropSession(ctx context.Context, hash string) error {
	return s.exec(ctx, "drop a session", `DELETE FROM session WHERE hash = ?`, hash)
}

// DropSessions implements store.Credentials.
func (s *writes) DropSessions(ctx context.Context, userID string) error {
	return s.exec(ctx, "drop the sessions of user "+userID, `DELETE FROM session WHERE user = ?`, userID)
}

// SessionSeen implements store.Credentials.
func (s *Store) SessionSeen(ctx context.Context, hash string, at time.Time) error {
	return s.execOne(ctx, "note that a session is in use", `UPDATE session SET seen_at = max(seen_at, ?) WHERE hash = ?`, nanos(at), hash)
}

// TokenUsed implements store.Credentials.
func (s *Store) TokenUsed(ctx context.Context, hash string, at time.Time) error {
	return s.execOne(ctx, "note that a token is in use", `UPDATE token SET used_at = max(used_at, ?) WHERE hash = ?`, nanos(at), hash)
}

// SaveToken implements store.Credentials.
func (s *writes) SaveToken(ctx context.Context, t store.Token) error {
	if !t.UsedAt.IsZero() {
		return s.execOne(ctx, "update token "+t.ID, `UPDATE token SET used_at = max(used_at, ?) WHERE id = ? AND hash = ?`, nanos(t.UsedAt), t.ID, t.Hash)
	}
	roles, err := packed(t.Roles)
	if err != nil {
		return fmt.Errorf("pack the roles of token %s: %w", t.ID, err)
	}
	return s.exec(ctx, "save token "+t.ID, `INSERT INTO token (id, name, hash, user, roles, created_at, expires_at, used_at) VALUES (?, ?, ?, ?, ?, ?, ?, 0)`,
		t.ID, t.Name, t.Hash, t.UserID, roles, nanos(t.CreatedAt), nanos(t.ExpiresAt))
}

const tokenColumns = `SELECT id, name, hash, user, roles, created_at, expires_at, used_at FROM token `

func scanToken(scan func(...any) error) (store.Token, error) {
	var t store.Token
	var created, expires, used int64
	err := scan(&t.ID, &t.Name, &t.Hash, &t.UserID, jsonOf{&t.Roles}, &created, &expires, &used)
	t.CreatedAt, t.ExpiresAt, t.UsedAt = instant(created), instant(expires), instant(used)
	return t, err
}

// TokenByHash implements store.Credentials.
func (s *Store) TokenByHash(ctx context.Context, hash string) (store.Token, error) {
	return one(ctx, s, "token", scanToken, tokenColumns+`WHERE hash = ?`, hash)
}

// EachToken implements store.Credentials.
func (s *Store) EachToken(ctx context.Context, userID string, yield func(store.Token) error) error {
	return each(ctx, s, "tokens", scanToken, yield, tokenColumns+`WHERE user = ?1 OR ?1 = '' ORDER BY name, id`, userID)
}

// DropToken implements store.Credentials.
func (s *writes) DropToken(ctx context.Context, id string) error {
	return s.execOne(ctx, "drop token "+id, `DELETE FROM token WHERE id = ?`, id)
}

// SaveTicket implements store.Credentials.
func (s *writes) SaveTicket(ctx context.Context, t store.Ticket) error {
	return s.exec(ctx, "save a ticket", `INSERT INTO ticket (hash, user, expires_at) VALUES (?, ?, ?)`, t.Hash, t.UserID, nanos(t.ExpiresAt))
}

// TakeTicket implements store.Credentials.
func (s *writes) TakeTicket(ctx context.Context, hash string) (store.Ticket, error) {
	var t store.Ticket
	err := s.durable.do(ctx, func(ctx context.Context, tx *sql.Tx) error {
		var expires int64
		err := tx.QueryRowContext(ctx, `DELETE FROM ticket WHERE hash = ? RETURNING hash, user, expires_at`, hash).Scan(&t.Hash, &t.UserID, &expires)
		if errors.Is(err, sql.ErrNoRows) {
			return store.ErrNotFound
		}
		t.ExpiresAt = instant(expires)
		return err
	})
	if err != nil {
		return store.Ticket{}, fmt.Errorf("take a ticket: %w", err)
	}
	return t, nil
}

// DropTickets implements store.Credentials.
func (s *writes) DropTickets(ctx context.Context, userID string) error {
	return s.exec(ctx, "drop the tickets of user "+userID, `DELETE FROM ticket WHERE user = ?`, userID)
}

// DropExpired implements store.Credentials.
func (s *writes) DropExpired(ctx context.Context, now time.Time) error {
	err := s.durable.do(ctx, func(ctx context.Context, tx *sql.Tx) error {
		for _, table := range []string{"session", "token", "ticket"} {
			if _, err := tx.ExecContext(ctx, `DELETE FROM `+table+` WHERE expires_at > 0 AND expires_at <= ?`, nanos(now)); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("drop what has expired: %w", err)
	}
	return nil
}
