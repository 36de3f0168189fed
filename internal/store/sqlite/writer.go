package sqlite

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/glueguard/glueguard/internal/control"
	"github.com/glueguard/glueguard/internal/resource"
	"github.com/glueguard/glueguard/internal/store"
)

// A batch is written when it has so many parts or findings, or when so much time has gone since its first part, so
// that a killed audit keeps all but its last moment and a quick one pays for few transactions.
const (
	batchParts    = 1024
	batchFindings = 4096
	batchWait     = 100 * time.Millisecond
	queueLength   = 64
)

// writer writes the parts of one audit from one goroutine, which also packs them.
type writer struct {
	store *Store
	audit int64 // the audit's row
	queue chan store.Part
	facts factPacker
	found findingPacker
	stop  chan struct{}
	done  chan struct{}
	err   error // valid when done is closed
}

func newWriter(s *Store, audit int64) *writer {
	w := &writer{
		store: s, audit: audit,
		queue: make(chan store.Part, queueLength), stop: make(chan struct{}), done: make(chan struct{}),
	}
	go w.run()
	return w
}

// add queues a part. It waits while the queue is full, and returns the error that ended the writer.
func (w *writer) add(ctx context.Context, p store.Part) error {
	select {
	case w.queue <- p:
		return nil
	case <-w.done:
		return errors.Join(w.err, store.ErrState)
	case <-ctx.Done():
		return ctx.Err()
	}
}

// close writes what is queued and returns what went wrong since the audit began. It is called once, when no add runs.
func (w *writer) close() error {
	close(w.stop)
	<-w.done
	return w.err
}

func (w *writer) run() {
	defer close(w.done)
	for {
		batch, more := w.collect()
		if w.err = w.write(batch); w.err != nil || !more {
			return
		}
	}
}

// collect gathers a batch; more is false when the writer was closed and the queue is empty.
func (w *writer) collect() (batch []store.Part, more bool) {
	var wait <-chan time.Time
	findings := 0
	take := func(p store.Part) {
		batch = append(batch, p)
		findings += len(p.Findings)
	}
	for len(batch) < batchParts && findings < batchFindings {
		select {
		case p := <-w.queue:
			take(p)
			if wait == nil {
				wait = time.After(batchWait)
			}
		case <-wait:
			return batch, true
		case <-w.stop:
			for len(w.queue) > 0 {
				take(<-w.queue)
			}
			return batch, false
		}
	}
	return batch, true
}

// rowsPerInsert is how many rows one INSERT carries: calls into SQLite cost more than rows do.
const rowsPerInsert = 64

func (w *writer) write(batch []store.Part) error {
	if len(batch) == 0 {
		return nil
	}
	const columns = 8
	args := make([]any, 0, columns*len(batch))
	for _, p := range batch {
		coverage, err := pack(p.Coverage)
		if err != nil {
			return fmt.Errorf("pack the coverage of %s: %w", p.Location, err)
		}
		findings, err := w.found.pack(p.Findings)
		if err != nil {
			return fmt.Errorf("pack the findings of %s: %w", p.Location, err)
		}
		seen, err := pack(seenOf(p))
		if err != nil {
			return fmt.Errorf("pack what was seen in %s: %w", p.Location, err)
		}
		facts, err := w.facts.pack(p.Facts)
		if err != nil {
			return fmt.Errorf("pack the facts of %s: %w", p.Location, err)
		}
		args = append(args, w.audit, p.Location.Account, p.Location.Region, joinControls(p.Settled), coverage, findings, seen, facts)
	}
	// The caller's context must not end a write half way: an interrupted audit keeps what it read.
	return w.store.inTx(context.Background(), func(tx *sql.Tx) error {
		return insertRows(context.Background(), tx,
			`INSERT INTO part (audit, account, region, settled, coverage, findings, seen, facts) VALUES `, columns, args, "")
	})
}

// seenOf is what the history needs of a part's findings.
func seenOf(p store.Part) []seen {
	list := make([]seen, len(p.Findings))
	for i, f := range p.Findings {
		list[i] = seen{
			ID: f.ID, Control: f.Control, Account: f.Resource.Account, Region: f.Resource.Region,
			Verdict: verdictOf(f.Status), SeenIn: joinLocations(p.SeenIn[f.ID]),
		}
	}
	return list
}

func pack[T any](list []T) ([]byte, error) {
	if len(list) == 0 {
		return []byte("[]"), nil
	}
	return json.Marshal(list)
}

func joinControls(ids []control.ID) string {
	if len(ids) == 0 {
		return ""
	}
	var b strings.Builder
	b.WriteByte(',')
	for _, id := range ids {
		b.WriteString(string(id))
		b.WriteByte(',')
	}
	return b.String()
}

// joinLocations writes locations as "account/region account/region".
func joinLocations(locations []resource.Location) string {
	var b strings.Builder
	for i, l := range locations {
		if i > 0 {
			b.WriteByte(' ')
		}
		b.WriteString(l.Account + "/" + l.Region)
	}
	return b.String()
}

// insertRows runs an INSERT for all the rows in args, several rows to a statement.
func insertRows(ctx context.Context, tx *sql.Tx, insert string, columns int, args []any, suffix string) error {
	one := "(?" + strings.Repeat(",?", columns-1) + ")"
	statement := func(rows int) string {
		return insert + one + strings.Repeat(","+one, rows-1) + suffix
	}
	var full *sql.Stmt
	for len(args) > 0 {
		n := min(rowsPerInsert, len(args)/columns)
		if n == rowsPerInsert {
			if full == nil {
				var err error
				if full, err = tx.PrepareContext(ctx, statement(n)); err != nil {
					return err
				}
				defer full.Close()
			}
			if _, err := full.ExecContext(ctx, args[:n*columns]...); err != nil {
				return err
			}
		} else if _, err := tx.ExecContext(ctx, statement(n), args[:n*columns]...); err != nil {
			return err
		}
		args = args[n*columns:]
	}
	return nil
}
