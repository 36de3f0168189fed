package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"time"
)

// full is a full state behind a daemon. It is made once, for the rows that ask it.
type full struct {
	size   size
	err    error
	state  string
	sample sample
	made   bool
}

// consoleRows are what the console promises over a full state.
func consoleRows(s size) []row {
	f := &full{size: s}
	return []row{
		{"console: pages, 100,000 findings", "each under 100 ms at the median, 300 ms at p99", f.with((*served).measurePages), answering},
		{"API: GET operations, the same state", "each under 100 ms at the median, 300 ms at p99", f.with((*served).measureOperations), answering},
		{"200 live streams, 4 changes", "told within 1 s", f.with((*served).watch), func(m measured) string {
			if m.p99 > time.Second {
				return "p99 " + round(m.p99)
			}
			return ""
		}},
		{"all report formats of that audit", "under 5 s", f.with0(measureReports), faster(5 * time.Second)},
		{"evidence of that audit", "under 150 MB", f.with0(measureEvidence), smaller(150_000_000)},
	}
}

func answering(m measured) string {
	if m.missed > 0 {
		return fmt.Sprintf("%d did not", m.missed)
	}
	return ""
}

// with measures on a daemon of its own over a copy of the full state.
func (f *full) with(measure func(*served, context.Context) (measured, error)) func(context.Context, bench) (measured, error) {
	return func(ctx context.Context, b bench) (m measured, err error) {
		url, stop, err := b.sandbox(ctx, f.size.estate, "--provisioning", (2 * time.Second).String())
		if err != nil {
			return measured{}, err
		}
		defer func() { err = errors.Join(err, stop()) }()
		if err := f.make(ctx, b, url); err != nil {
			return measured{}, err
		}
		copied := filepath.Join(b.dir, fmt.Sprintf("serve-%d.db", time.Now().UnixNano()))
		if err := copyFile(f.state, copied); err != nil {
			return measured{}, err
		}
		s, err := b.serve(ctx, copied, url)
		if err != nil {
			return measured{}, err
		}
		defer func() { err = errors.Join(err, s.stop()) }()
		s.sample = f.sample
		m, err = measure(s, ctx)
		if _, resident := s.taken(); m.peakBytes == 0 {
			m.peakBytes = resident
		}
		return m, err
	}
}

// with0 measures commands on the full state.
func (f *full) with0(measure func(context.Context, bench, *full) (measured, error)) func(context.Context, bench) (measured, error) {
	return func(ctx context.Context, b bench) (m measured, err error) {
		if !f.made {
			url, stop, err := b.sandbox(ctx, f.size.estate)
			if err != nil {
				return measured{}, err
			}
			if err := errors.Join(f.make(ctx, b, url), stop()); err != nil {
				return measured{}, err
			}
		}
		return measure(ctx, b, f)
	}
}

func (f *full) make(ctx context.Context, b bench, aws string) error {
	if !f.made {
		f.made = true
		f.state, f.sample, f.err = b.fill(ctx, f.size, aws)
	}
	return f.err
}

// measurePages asks for the first page when nothing has been asked yet, and then for every page of the console.
func (s *served) measurePages(ctx context.Context) (measured, error) {
	start := time.Now()
	if _, err := s.read(ctx, &question{path: "/"}); err != nil {
		return measured{}, err
	}
	cold := time.Since(start)
	list, err := consolePages(s.sample)
	if err != nil {
		return measured{}, err
	}
	m, err := s.measure(ctx, list)
	m.notes = append([]string{"the first page of all took " + round(cold)}, m.notes...)
	return m, err
}

func (s *served) measureOperations(ctx context.Context) (measured, error) {
	list, err := s.apiQuestions(ctx)
	if err != nil {
		return measured{}, err
	}
	if _, err := s.read(ctx, &question{path: "/"}); err != nil { // the other row has what is cold
		return measured{}, err
	}
	return s.measure(ctx, list)
}

func (s *served) measure(ctx context.Context, list []*question) (m measured, err error) {
	before, _ := s.taken()
	start := time.Now()
	if err := s.ask(ctx, list); err != nil {
		return measured{}, err
	}
	after, _ := s.taken()
	m.wall, m.cpu = time.Since(start), after-before
	for _, q := range list {
		m.calls += int64(len(q.times))
		if q.missed() {
			m.missed++
		}
	}
	m.notes = told(list)
	return m, nil
}

// measureReports writes each format by itself, and then all at once.
func measureReports(ctx context.Context, b bench, f *full) (measured, error) {
	var notes []string
	all := []string{"report", "--state", f.state}
	for _, format := range formats() {
		out := filepath.Join(b.dir, "report."+format)
		m, err := b.timed(ctx, nil, "report", "--state", f.state, "-o", format+"="+out)
		if err != nil {
			return measured{}, err
		}
		notes = append(notes, fmt.Sprintf("%-8s %s, %s CPU, %s", format, round(m.wall), round(m.cpu), megabytes(m.peakBytes)))
		all = append(all, "-o", format+"="+out)
	}
	m, err := median(func() (measured, error) { return b.timed(ctx, nil, all...) })
	m.notes = slices.Concat([]string{fmt.Sprintf("%d findings", f.sample.findings)}, notes)
	return m, err
}

// measureEvidence exports the evidence of the whole audit.
func measureEvidence(ctx context.Context, b bench, f *full) (measured, error) {
	out := filepath.Join(b.dir, fmt.Sprintf("evidence-%d.tar", time.Now().UnixNano()))
	m, err := b.timed(ctx, nil, "evidence", "export", "--audit", f.sample.audit, "--state", f.state, "--out", out)
	if err != nil {
		return measured{}, err
	}
	written, err := os.Stat(out)
	if err != nil {
		return measured{}, err
	}
	m.notes = []string{fmt.Sprintf("%d findings, %s", f.sample.findings, megabytes(written.Size()))}
	return m, nil
}

func copyFile(from, to string) error {
	text, err := os.ReadFile(filepath.Clean(from))
	if err != nil {
		return err
	}
	return os.WriteFile(to, text, 0o600)
}
