package sqlite

import (
	"context"
	"database/sql"
	"fmt"

	"github.com/glueguard/glueguard/internal/store"
)

// CreateUser implements store.Users.
func (s *writes) CreateUser(ctx context.Context, u store.User) error {
	roles, err := packed(u.Roles)
	if err != nil {
		return fmt.Errorf("pack the roles of user %s: %w", u.Name, err)
	}
	return s.exec(ctx, "create user "+u.Name, `INSERT INTO user
		(id, name, folded, roles, password_hash, subject, disabled, created_at, last_login_at, version) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
		u.ID, u.Name, store.Fold(u.Name), roles, u.PasswordHash, u.Subject, u.Disabled, nanos(u.CreatedAt), nanos(u.LastLoginAt), u.Version)
}

// UpdateUser implements store.Users.
func (s *writes) UpdateUser(ctx context.Context, u store.User) error {
	roles, err := packed(u.Roles)
	if err != nil {
		return fmt.Errorf("pack the roles of user %s: %w", u.Name, err)
	}
	err = s.durable.do(ctx, func(ctx context.Context, tx *sql.Tx) error {
		return update(ctx, tx, "user", u.ID, u.Version, `UPDATE user SET name = ?, folded = ?, roles = ?, password_hash = ?,
			subject = ?, disabled = ?, created_at = ?, last_login_at = ?`,
			u.Name, store.Fold(u.Name), roles, u.PasswordHash, u.Subject, u.Disabled, nanos(u.CreatedAt), nanos(u.LastLoginAt))
	})
	if err != nil {
		return fmt.Errorf("update user %s: %w", u.Name, err)
	}
	return nil
}

const userColumns = `SELECT id, name, roles, password_hash, subject, disabled, created_at, last_login_at, version FROM user `

func scanUser(scan func(...any) error) (store.User, error) {
	var u store.User
	var created, login int64
	err := scan(&u.ID, &u.Name, jsonOf{&u.Roles}, &u.PasswordHash, &u.Subject, &u.Disabled, &created, &login, &u.Version)
	u.CreatedAt, u.LastLoginAt = instant(created), instant(login)
	return u, err
}

// User implements store.Users.
func (s *Store) User(ctx context.Context, id string) (store.User, error) {
	return one(ctx, s, "user "+id, scanUser, userColumns+`WHERE id = ?`, id)
}

// UserByName implements store.Users.
func (s *Store) UserByName(ctx context.Context, name string) (store.User, error) {
	return one(ctx, s, "user "+name, scanUser, userColumns+`WHERE folded = ?`, store.Fold(name))
}

// UserBySubject implements store.Users.
func (s *Store) UserBySubject(ctx context.Context, subject string) (store.User, error) {
	return one(ctx, s, "user "+subject, scanUser, userColumns+`WHERE subject = ? AND subject <> ''`, subject)
}

// EachUser implements store.Users.
func (s *Store) EachUser(ctx context.Context, yield func(store.User) error) error {
	return each(ctx, s, "users", scanUser, yield, userColumns+`ORDER BY folded`)
}
