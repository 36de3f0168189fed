package sqlite

import (
	"bytes"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"time"

	"github.com/glueguard/glueguard/internal/finding"
	"github.com/glueguard/glueguard/internal/store"
	"github.com/glueguard/glueguard/internal/store/index"
)

// buildIndex reads the index of an audit, or builds it where it is missing. Of several processes one builds it, and
// the others wait; a lock that its process's death releases tells them apart.
func (s *Store) buildIndex(ctx context.Context, audit int64) (*index.Index, error) {
	x, err := s.readIndex(ctx, audit)
	if x != nil || err != nil {
		return x, err
	}
	l, err := s.lockIndex(ctx, audit)
	if err != nil {
		return nil, err
	}
	if x, err = s.readIndex(ctx, audit); x == nil && err == nil { // another may have built it meanwhile
		x, err = s.writeIndex(ctx, audit)
	}
	if err := errors.Join(err, l.release()); err != nil {
		return nil, err
	}
	return x, s.dropIndexes(ctx)
}

// readIndex returns nil where there is no complete index in the form that this build knows.
func (s *Store) readIndex(ctx context.Context, audit int64) (x *index.Index, err error) {
	tx, err := s.db.BeginTx(ctx, &sql.TxOptions{ReadOnly: true})
	if err != nil {
		return nil, fmt.Errorf("%s: %w", s.path, classify(err))
	}
	defer func() { err = errors.Join(err, ignoreDone(tx.Rollback())) }()
	var complete bool
	err = tx.QueryRowContext(ctx, `SELECT complete = 1 AND format = ? FROM finding_index WHERE audit = ?`, index.Format, audit).Scan(&complete)
	if errors.Is(err, sql.ErrNoRows) || err == nil && !complete {
		return nil, nil //nolint:nilnil // there is none, which is no error
	}
	if err != nil {
		return nil, fmt.Errorf("%s: %w", s.path, classify(err))
	}
	rows, err := tx.QueryContext(ctx, `SELECT bytes FROM finding_columns WHERE audit = ? ORDER BY piece`, audit)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", s.path, classify(err))
	}
	defer rows.Close()
	x, err = index.Decode(&pieces{rows: rows})
	if err := rows.Err(); err != nil {
		return nil, fmt.Errorf("%s: %w", s.path, classify(err))
	}
	if err != nil {
		return nil, nil //nolint:nilnil // it is not what was written: it is built anew
	}
	return x, nil
}

// pieces reads the rows of finding_columns one after the other.
type pieces struct {
	rows *sql.Rows
	left []byte
}

// Read implements io.Reader.
func (p *pieces) Read(to []byte) (int, error) {
	for len(p.left) == 0 {
		if !p.rows.Next() {
			return 0, errors.Join(p.rows.Err(), io.EOF)
		}
		if err := p.rows.Scan((*sql.RawBytes)(&p.left)); err != nil {
			return 0, err
		}
	}
	n := copy(to, p.left)
	p.left = p.left[n:]
	return n, nil
}

// lockPoll is how often a process looks whether another has built the index that it waits for.
const lockPoll = 20 * time.Millisecond

// lockIndex takes the right to build or drop the index of an audit.
func (s *Store) lockIndex(ctx context.Context, audit int64) (*lock, error) {
	for {
		l, err := s.tryLockIndex(ctx, audit)
		var held *store.HeldError
		if !errors.As(err, &held) {
			return l, err
		}
		select {
		case <-ctx.Done():
			return nil, ctx.Err()
		case <-time.After(lockPoll):
		}
	}
}

// tryLockIndex returns *store.HeldError where another process is at it.
func (s *Store) tryLockIndex(ctx context.Context, audit int64) (*lock, error) {
	dir := s.path + ".locks"
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, fmt.Errorf("%s: %w: %w", dir, store.ErrUnusable, err)
	}
	return acquire(ctx, filepath.Join(dir, fmt.Sprintf("index-%d", audit)), store.Holder{PID: os.Getpid(), Since: s.indexes.now()})
}

const (
	// indexBatch is how many findings are written in one transaction: others wait for it some 25 ms.
	indexBatch = 1024
	// indexPiece is how many bytes of the columns are.
	indexPiece = 1 << 20
)

// writeIndex builds the index of an audit. The caller holds its lock. What is written before the mark that it is
// complete counts for nothing.
func (s *Store) writeIndex(ctx context.Context, audit int64) (*index.Index, error) {
	if err := s.clearIndex(ctx, audit); err != nil {
		return nil, err
	}
	var id string
	if err := s.db.QueryRowContext(ctx, `SELECT id FROM audit WHERE seq = ?`, audit).Scan(&id); err != nil {
		return nil, fmt.Errorf("%s: %w", s.path, classify(err))
	}
	err := s.exec(ctx, "begin the index", `INSERT INTO finding_index (audit, format, complete, built_at) VALUES (?, ?, 0, ?)`,
		audit, index.Format, nanos(s.indexes.now()))
	if err != nil {
		return nil, err
	}
	b := index.NewBuilder()
	w := findingWriter{store: s, audit: audit}
	err = s.EachFinding(ctx, id, func(f finding.Finding) error {
		b.Add(f)
		return w.add(ctx, f)
	})
	if err == nil {
		err = w.flush(ctx)
	}
	if err != nil {
		return nil, err
	}
	x := b.Build()
	return x, s.writeColumns(ctx, audit, x)
}

// findingWriter writes findings one by one, a batch to a transaction.
type findingWriter struct {
	store *Store
	audit int64
	n     uint32
	args  []any
}

func (w *findingWriter) add(ctx context.Context, f finding.Finding) error {
	b, err := packFinding(f)
	if err != nil {
		return err
	}
	w.args = append(w.args, place(w.audit, w.n), b)
	w.n++
	if w.n%indexBatch > 0 {
		return nil
	}
	return w.flush(ctx)
}

func (w *findingWriter) flush(ctx context.Context) error {
	args := w.args
	w.args = nil
	return w.store.durable.do(ctx, func(ctx context.Context, tx *sql.Tx) error {
		return insertRows(ctx, tx, `INSERT INTO indexed_finding (at, finding) VALUES `, 2, args, "")
	})
}

// writeColumns writes the columns and marks the index complete.
func (s *Store) writeColumns(ctx context.Context, audit int64, x *index.Index) error {
	var b bytes.Buffer
	if err := x.Encode(&b); err != nil {
		return err
	}
	for n := 0; b.Len() > 0; n++ {
		err := s.exec(ctx, "write the index", `INSERT INTO finding_columns (audit, piece, bytes) VALUES (?, ?, ?)`, audit, n, b.Next(indexPiece))
		if err != nil {
			return err
		}
	}
	return s.exec(ctx, "end the index", `UPDATE finding_index SET complete = 1 WHERE audit = ?`, audit)
}

// clearIndex removes the index of an audit, or what is left of one. The caller holds its lock.
func (s *Store) clearIndex(ctx context.Context, audit int64) error {
	if err := s.exec(ctx, "drop the index", `UPDATE finding_index SET complete = 0 WHERE audit = ?`, audit); err != nil {
		return err
	}
	for more := true; more; {
		err := s.durable.do(ctx, func(ctx context.Context, tx *sql.Tx) error {
			n, err := affected(tx.ExecContext(ctx, `DELETE FROM indexed_finding WHERE at IN
				(SELECT at FROM indexed_finding WHERE at >= ? AND at < ? LIMIT ?)`, place(audit, 0), place(audit+1, 0), indexBatch))
			more = n == indexBatch
			return err
		})
		if err != nil {
			return fmt.Errorf("drop the index: %w", err)
		}
	}
	if err := s.exec(ctx, "drop the index", `DELETE FROM finding_columns WHERE audit = ?`, audit); err != nil {
		return err
	}
	return s.exec(ctx, "drop the index", `DELETE FROM finding_index WHERE audit = ?`, audit)
}

// dropIndexes drops the indexes that are not of the newest audits, unless somebody has asked for them lately, and what
// is left of those whose builder died. The ones that others are at stay.
func (s *Store) dropIndexes(ctx context.Context) error {
	const old = `SELECT audit FROM finding_index WHERE built_at < ? AND audit NOT IN
		(SELECT seq FROM audit WHERE finished_at > 0 AND dropped = 0 ORDER BY started_at DESC, seq DESC LIMIT ?)`
	list, err := all(ctx, s, func(scan func(...any) error) (audit int64, err error) {
		err = scan(&audit)
		return audit, err
	}, old, nanos(s.indexes.now().Add(-indexRest)), indexedAudits)
	if err != nil {
		return fmt.Errorf("%s: %w", s.path, classify(err))
	}
	for _, audit := range list {
		if s.indexes.inUse(audit) {
			continue
		}
		if err := s.deleteIndex(ctx, audit); err != nil {
			return err
		}
	}
	return nil
}
