package cli

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/spf13/pflag"

	"github.com/glueguard/glueguard/internal/audit"
	"github.com/glueguard/glueguard/internal/diag"
	"github.com/glueguard/glueguard/internal/report"
	"github.com/glueguard/glueguard/internal/store"
	"github.com/glueguard/glueguard/internal/store/sqlite"
)

func addSince(flags *pflag.FlagSet, to *string) {
	flags.StringVar(to, "since", "", "also tell what is new, reopened, resolved and unchanged since the audit of this `ID`, the beginning of one, or latest (the newest before)")
}

// The values of --fail-on.
const (
	failOnAll = "all"
	failOnNew = "new"
)

// checkFailOn refuses what --fail-on can't be.
func checkFailOn(failOn, since string) error {
	switch {
	case failOn != failOnAll && failOn != failOnNew:
		return fmt.Errorf("--fail-on %q: want %s or %s", failOn, failOnAll, failOnNew)
	case failOn == failOnNew && since == "":
		return errors.New("--fail-on new goes with --since ID: new since which audit? (--since latest: the newest before this one)")
	}
	return nil
}

// checkSince refuses a --since that was given and is empty, as of a shell variable that is not set.
func checkSince(flags *pflag.FlagSet) error {
	if f := flags.Lookup("since"); f.Changed && f.Value.String() == "" {
		return errors.New("--since: the value is empty")
	}
	return nil
}

// baseline finds the audit that --since names, among those that came to their end. now is the audit to be compared with
// it; its zero value is one that is yet to begin.
func baseline(ctx context.Context, s store.AuditLister, asked string, now store.Audit) (store.Audit, error) {
	var found []store.Audit
	err := s.EachAudit(ctx, func(a store.Audit) error {
		switch {
		case asked == latest:
			if a.ID != now.ID && (now.ID == "" || !a.StartedAt.After(now.StartedAt)) {
				found = []store.Audit{a}
			}
		case a.ID == asked:
			found = []store.Audit{a}
			return errExact
		case strings.HasPrefix(a.ID, asked):
			found = append(found, a)
		}
		return nil
	})
	switch {
	case err != nil && !errors.Is(err, errExact):
		return store.Audit{}, err
	case len(found) == 0 && asked == latest:
		return store.Audit{}, errors.New("--since latest: the state has no earlier audit that came to its end; " +
			"`glueguard audit` makes one to compare with, and --state names another state")
	case len(found) == 0:
		return store.Audit{}, fmt.Errorf("--since %q: the state has no such audit that came to its end", asked)
	case len(found) > 1:
		ids := make([]string, 0, len(found))
		for _, a := range found {
			ids = append(ids, a.ID)
		}
		return store.Audit{}, fmt.Errorf("--since: %w", &store.AmbiguousError{What: asked, Candidates: ids})
	case found[0].ID == now.ID:
		return store.Audit{}, fmt.Errorf("--since %s: an audit can't be compared with itself", asked)
	case now.ID != "" && found[0].StartedAt.After(now.StartedAt):
		return store.Audit{}, fmt.Errorf("--since %s: that audit began after the one to be shown (%s): exchange them", asked, now.ID)
	}
	return found[0], nil
}

// errExact ends a search that nothing better can follow.
var errExact = errors.New("found")

// comparing is what a comparison needs of the state.
type comparing interface {
	store.AuditReader
	report.Memory
}

// compare adds to a stored audit what became of its findings since an earlier one.
func (s storedAudit) compare(ctx context.Context, in comparing, then store.Audit) (storedAudit, error) {
	before := storedAudit{ctx: s.ctx, reader: in, head: then}
	c, err := report.Compare(ctx, s, before, in)
	if err != nil {
		return s, fmt.Errorf("compare with audit %s: %w", then.ID, err)
	}
	s.since = c
	return s, nil
}

// Since implements report.Compared.
func (s storedAudit) Since() *report.Comparison { return s.since }

// onlyNew is an audit's verdict where findings that failed before count no more.
func onlyNew(r audit.Result, c *report.Comparison) audit.Verdict {
	if r.Verdict() == audit.Failing && c != nil && c.Counts.New+c.Counts.Reopened == 0 {
		r.Audit.Summary.Fail = 0
	}
	return r.Verdict()
}

// then is what is done with an audit once it has run. The zero value only writes its reports.
type then struct {
	since   store.Audit // compared with; no ID: with nothing
	in      comparing
	onlyNew bool // what failed then does not count
	send    func(storedAudit) error
}

// then prepares for what the flags ask for beside the audit itself.
func (o *auditOptions) then(ctx context.Context, s *sqlite.Store) (t then, err error) {
	t = then{in: s, onlyNew: o.failOn == failOnNew}
	if o.since != "" {
		t.since, err = baseline(ctx, s, o.since, store.Audit{})
	}
	return t, err
}

// finish writes the reports of an audit and sends them, and returns its verdict as a diag.Status.
func (t then) finish(ctx context.Context, e Env, r audit.Result, stored store.Store, outs outputs) (err error) {
	source := storedAudit{ctx: ctx, reader: stored, head: r.Audit}
	if t.since.ID != "" {
		if source, err = source.compare(ctx, t.in, t.since); err != nil {
			return err
		}
	}
	if err := outs.write(e.Stdout, e.look(), auditRenderer(source)); err != nil {
		return err
	}
	if t.send != nil && r.Interrupted {
		fmt.Fprintln(e.Stderr, "glueguard: interrupted; nothing was sent (`glueguard report --send` would send it)")
	} else if t.send != nil {
		if err := t.send(source); err != nil {
			return err
		}
	}
	if t.onlyNew {
		return diag.ForVerdict(onlyNew(r, source.since))
	}
	return diag.ForVerdict(r.Verdict())
}
