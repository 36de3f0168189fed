package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"sync"
)

// committer runs writes durably. Those that come while another is being brought to the disk are committed together, in
// the order in which they came: 200 changes at once pay for a few flushes, not for 200.
type committer struct {
	db   *sql.DB // one connection
	path string

	mu    sync.Mutex
	queue []*write
	busy  bool // somebody is committing, and takes the queue after that
}

// write is one write that waits for its commit.
type write struct {
	run  func(context.Context, *sql.Tx) error
	err  error
	done chan struct{}
}

// most is how many writes are committed together at most.
const most = 256

// do runs f in a transaction that holds the write lock from its start, and returns when what it wrote is on the disk. f
// gets a context that does not end: SQLite answers an interruption by rolling back the whole transaction, and others'
// writes are in it.
func (c *committer) do(ctx context.Context, f func(context.Context, *sql.Tx) error) error {
	w := &write{run: f, done: make(chan struct{})}
	c.mu.Lock()
	c.queue = append(c.queue, w)
	lead := !c.busy
	c.busy = true
	c.mu.Unlock()
	if lead {
		c.lead(context.WithoutCancel(ctx))
	}
	<-w.done
	return w.err
}

// lead commits what is queued until nothing is.
func (c *committer) lead(ctx context.Context) {
	for {
		c.mu.Lock()
		batch := c.queue[:min(most, len(c.queue))]
		c.queue = c.queue[len(batch):]
		c.busy = len(batch) > 0
		c.mu.Unlock()
		if len(batch) == 0 {
			return
		}
		if err := c.commit(ctx, batch); err != nil {
			for _, w := range batch {
				if w.err == nil {
					w.err = fmt.Errorf("%s: %w", c.path, classify(err))
				}
			}
		}
		for _, w := range batch {
			close(w.done)
		}
	}
}

// commit runs a batch in one transaction. The error of one write takes back that one alone.
func (c *committer) commit(ctx context.Context, batch []*write) error {
	tx, err := c.db.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	if len(batch) == 1 {
		if err := batch[0].run(ctx, tx); err != nil {
			return errors.Join(err, ignoreDone(tx.Rollback()))
		}
		return tx.Commit()
	}
	for _, w := range batch {
		if err := c.one(ctx, tx, w); err != nil {
			// The cause is what matters; a rollback that fails as well leaves it to SQLite's own recovery.
			return errors.Join(err, ignoreDone(tx.Rollback()))
		}
	}
	return tx.Commit()
}

// one runs one write of a batch. Its own error is kept with it; what is returned ends the batch.
func (c *committer) one(ctx context.Context, tx *sql.Tx, w *write) error {
	if _, err := tx.ExecContext(ctx, `SAVEPOINT one`); err != nil {
		return err
	}
	if err := w.run(ctx, tx); err != nil {
		w.err = fmt.Errorf("%s: %w", c.path, classify(err))
		// After errors such as a full disk the transaction is gone, and the savepoint with it: then nothing was written.
		if _, err := tx.ExecContext(ctx, `ROLLBACK TO one`); err != nil {
			return err
		}
	}
	_, err := tx.ExecContext(ctx, `RELEASE one`)
	return err
}
