package crash

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net/url"
	"os"
	"strings"
	"time"

	_ "modernc.org/sqlite" // the journal is watched from outside, by its file
)

// interval is a place in a journal where a process can die: between two entries, or before the first.
type interval struct {
	phase string // apply, unwind, restore, finalize
	step  string
	at    position
}

// position says which side of a step's entries an interval is on.
type position string

const (
	unopened position = "not begun"        // the change is not in the journal yet
	opened   position = "opened"           // it is, and no phase of it has begun
	began    position = "began"            // a phase has begun, and nothing was called for it
	before   position = "before intent"    // the step has looked at AWS, and nothing was intended
	intent   position = "intent to result" // the call was intended, and its outcome is not in the journal
	result   position = "result"           // the outcome is in the journal, and nothing was called since
	ended    position = "ended"            // the phase is over
)

func (i interval) String() string {
	return strings.TrimSpace(strings.Trim(i.phase+"/"+i.step, "/") + " " + string(i.at))
}

// journal reads the state file of the program under test. It only looks.
type journal struct {
	db   *sql.DB
	last *sql.Stmt
	wal  string // where SQLite writes first
}

func openJournal(ctx context.Context, path string) (*journal, error) {
	if _, err := os.Stat(path); err != nil {
		return nil, err
	}
	db, err := sql.Open("sqlite", "file:"+(&url.URL{Path: path}).EscapedPath()+"?_pragma=busy_timeout(2000)&_pragma=query_only(1)")
	if err != nil {
		return nil, err
	}
	db.SetMaxOpenConns(1)
	last, err := db.PrepareContext(ctx, newestEntry)
	if err != nil {
		return nil, errors.Join(err, db.Close())
	}
	return &journal{db, last, path + "-wal"}, nil
}

func (j *journal) close() {
	if j != nil {
		_ = j.db.Close() // nothing was written, and this closes the statement too
	}
}

// line is one entry of the journal, as far as the campaign needs it.
type line struct {
	change            int64
	seq               int
	kind, phase, step string
}

// newestEntry is the newest entry that says where the newest change stands: without what people and waits add to it.
const newestEntry = `
SELECT change, seq, json_extract(entry, '$.kind'), coalesce(json_extract(entry, '$.step'), ''),
       coalesce((SELECT json_extract(b.entry, '$.phase') FROM entry b
                 WHERE b.change = e.change AND b.seq <= e.seq AND json_extract(b.entry, '$.kind') = 'began'
                 ORDER BY b.seq DESC LIMIT 1), '')
FROM entry e
WHERE change = (SELECT max(seq) FROM change)
  AND json_extract(entry, '$.kind') NOT IN ('halted', 'resumed', 'noted', 'refused')
ORDER BY seq DESC LIMIT 1`

// now returns the newest entry that counts; the zero line when there is none yet.
func (j *journal) now(ctx context.Context) (line, error) {
	var l line
	err := j.last.QueryRowContext(ctx).Scan(&l.change, &l.seq, &l.kind, &l.step, &l.phase)
	switch {
	case errors.Is(err, sql.ErrNoRows):
		return line{}, nil
	case err != nil:
		return line{}, fmt.Errorf("look at the journal: %w", err)
	}
	return l, nil
}

// reach waits until the journal is in an interval, and is false when ctx ends before. It asks only when something was
// written.
func (j *journal) reach(ctx context.Context, at interval) bool {
	tick := time.NewTicker(50 * time.Microsecond)
	defer tick.Stop()
	var seen time.Time
	var size int64
	for ctx.Err() == nil {
		if info, err := os.Stat(j.wal); err == nil && (!info.ModTime().Equal(seen) || info.Size() != size) {
			seen, size = info.ModTime(), info.Size()
			if l, err := j.now(ctx); err == nil && l.where(false) == at {
				return true
			}
		}
		<-tick.C
	}
	return false
}

// where names the interval after the newest entry; called tells whether AWS was called since it was written. The step
// after a result is not known from the entry, so that "before intent" carries the step that was last settled.
func (l line) where(called bool) interval {
	switch l.kind {
	case "":
		return interval{at: unopened}
	case "opened":
		return interval{at: opened}
	case "began":
		if called {
			return interval{l.phase, "(first)", before}
		}
		return interval{l.phase, "", began}
	case "intended", "uncertain":
		return interval{l.phase, l.step, intent}
	case "retried":
		return interval{l.phase, l.step, before}
	case "succeeded":
		if called {
			return interval{l.phase, "after " + l.step, before}
		}
		return interval{l.phase, l.step, result}
	}
	return interval{l.phase, "", ended}
}

// newest is the change that was opened last; false when there is none.
func (j *journal) newest(ctx context.Context) (change, bool, error) {
	var c change
	err := j.db.QueryRowContext(ctx, `SELECT id, state FROM change ORDER BY seq DESC LIMIT 1`).Scan(&c.ID, &c.State)
	if errors.Is(err, sql.ErrNoRows) {
		return c, false, nil
	}
	return c, err == nil, err
}

// lines returns the whole journal of the newest change, in order.
func (j *journal) lines(ctx context.Context) ([]line, error) {
	rows, err := j.db.QueryContext(ctx, `SELECT change, seq, json_extract(entry, '$.kind'), coalesce(json_extract(entry, '$.step'), ''),
		coalesce(json_extract(entry, '$.phase'), '') FROM entry WHERE change = (SELECT max(seq) FROM change) ORDER BY seq`)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var all []line
	phase := ""
	for rows.Next() {
		var l line
		if err := rows.Scan(&l.change, &l.seq, &l.kind, &l.step, &l.phase); err != nil {
			return nil, err
		}
		if l.kind == "began" {
			phase = l.phase
		}
		l.phase = phase
		all = append(all, l)
	}
	return all, rows.Err()
}

// place is an interval of a story without kills.
type place struct {
	interval

	// quiet means that nothing is called there, so that the proxy does not come by.
	quiet bool
}

// places are where a process can die in a journal: each once, in order. Where nothing is called between two entries
// there is no "before intent".
func places(lines []line, called func(line) bool) []place {
	all := []place{{interval: interval{at: unopened}}}
	for _, l := range lines {
		switch l.kind {
		case "opened", "ended", "halted", "resumed", "noted", "refused", "retried", "uncertain":
			continue // written at one go with what follows, or of no change that goes well
		}
		all = append(all, place{l.where(false), !called(l)})
		if l.kind != "intended" && called(l) {
			all = append(all, place{interval: l.where(true)})
		}
	}
	return all
}
