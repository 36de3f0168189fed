package report_test

import (
	"bytes"
	"errors"
	"io"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/glueguard/glueguard/internal/finding"
	"github.com/glueguard/glueguard/internal/report"
)

// counting counts how often its findings are read.
type counting struct {
	source
	readings *atomic.Int32
	fails    error // after the first finding
}

func (c counting) EachFinding(yield func(finding.Finding) error) error {
	c.readings.Add(1)
	return c.source.EachFinding(func(f finding.Finding) error {
		if err := yield(f); err != nil {
			return err
		}
		return c.fails
	})
}

// All formats at once give what each gives alone, for two readings.
func TestTogetherIsAsAlone(t *testing.T) {
	t.Parallel()
	for name, audit := range map[string]source{"full": full(), "empty": newSource(nil), "varied": varied(2000)} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var readings atomic.Int32
			formats := report.Names()
			outs, errs := writeTogether(counting{source: audit, readings: &readings}, nil)
			for i, format := range formats {
				if errs[i] != nil || !bytes.Equal(outs[i].Bytes(), render(t, format, audit)) {
					t.Errorf("%s differs from when it is written alone (%v)", format, errs[i])
				}
			}
			if n := readings.Load(); n != 2 {
				t.Errorf("%d readings of the findings, want 2", n)
			}
		})
	}
}

// A writer that can't go on ends alone; a source that can't go on ends all.
func TestTogetherFails(t *testing.T) {
	t.Parallel()
	audit := varied(2000)
	var readings atomic.Int32
	outs, errs := writeTogether(counting{source: audit, readings: &readings}, map[string]io.Writer{"json": brokenPipe{}, "html": brokenPipe{}})
	for i, format := range report.Names() {
		switch broken := format == "json" || format == "html"; {
		case broken && !errors.Is(errs[i], io.ErrClosedPipe):
			t.Errorf("%s: got %v", format, errs[i])
		case !broken && (errs[i] != nil || !bytes.Equal(outs[i].Bytes(), render(t, format, audit))):
			t.Errorf("%s suffers from the others' errors: %v", format, errs[i])
		}
	}
	gone := errors.New("the state is gone")
	_, errs = writeTogether(counting{source: audit, readings: &readings, fails: gone}, nil)
	for i, format := range report.Names() {
		if !errors.Is(errs[i], gone) {
			t.Errorf("%s: got %v", format, errs[i])
		}
	}
}

// writeTogether writes every format at once, with those writers that are given.
func writeTogether(audit report.Source, writers map[string]io.Writer) ([]*bytes.Buffer, []error) {
	formats := report.Formats()
	outs, errs := make([]*bytes.Buffer, len(formats)), make([]error, len(formats))
	var all sync.WaitGroup
	for i, reader := range report.Together(audit, len(formats)) {
		outs[i] = new(bytes.Buffer)
		w, ok := writers[formats[i].Name]
		if !ok {
			w = outs[i]
		}
		all.Go(func() {
			defer reader.Close()
			errs[i] = formats[i].New(report.Look{Version: "1.2.3"}).Write(w, reader)
		})
	}
	all.Wait()
	return outs, errs
}
