package report_test

import (
	"bytes"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"testing"

	"github.com/glueguard/glueguard/internal/finding"
	"github.com/glueguard/glueguard/internal/report"
)

// BenchmarkFormats writes a hundred thousand findings in each format, and in all of them. The figures are in
// docs/performance.md.
func BenchmarkFormats(b *testing.B) {
	audit := varied(100_000)
	write := func(b *testing.B, name string) {
		b.Helper()
		format, err := report.Lookup(name)
		if err != nil {
			b.Fatal(err)
		}
		var size counter
		if err := format.New(report.Look{Version: "1.2.3"}).Write(&size, audit); err != nil {
			b.Fatal(err)
		}
		b.ReportMetric(float64(size)/1e6, "MB")
	}
	for _, name := range report.Names() {
		b.Run(name, func(b *testing.B) {
			for b.Loop() {
				write(b, name)
			}
		})
	}
	b.Run("all", func(b *testing.B) {
		for b.Loop() {
			for _, name := range report.Names() {
				write(b, name)
			}
		}
	})
}

// counter counts what is written.
type counter int

func (c *counter) Write(p []byte) (int, error) {
	*c += counter(len(p))
	return len(p), nil
}

// peak is a source that measures how much its reader keeps, at the end of each reading.
type peak struct {
	source
	heap *uint64
}

func (p peak) EachFinding(yield func(finding.Finding) error) error {
	err := p.source.EachFinding(yield)
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	*p.heap = max(*p.heap, m.HeapAlloc)
	return err
}

// A report keeps no findings: ten times as many cost it the same memory, but for the accounts that it sums up.
func TestMemoryIsFlat(t *testing.T) { //nolint:paralleltest // it measures the whole process's heap
	keeps := func(name string, audit source) uint64 {
		format, err := report.Lookup(name)
		if err != nil {
			t.Fatal(err)
		}
		var before runtime.MemStats
		runtime.GC()
		runtime.ReadMemStats(&before)
		var heap uint64
		if err := format.New(report.Look{}).Write(io.Discard, peak{audit, &heap}); err != nil {
			t.Fatal(err)
		}
		return max(heap, before.HeapAlloc) - before.HeapAlloc
	}
	small, large := varied(3_000), varied(30_000)
	for _, name := range report.Names() {
		a, b := keeps(name, small), keeps(name, large)
		if b > a+2<<20 {
			t.Errorf("%s keeps %d kB of 3,000 findings, and %d kB of 30,000", name, a>>10, b>>10)
		}
	}
	runtime.KeepAlive(small)
	runtime.KeepAlive(large)
}

// GLUEGUARD_PAGE=FILE writes the page of a hundred thousand findings, to be looked at in a browser.
func TestWritePage(t *testing.T) {
	t.Parallel()
	path := os.Getenv("GLUEGUARD_PAGE")
	if path == "" {
		t.Skip("GLUEGUARD_PAGE names no file")
	}
	if err := os.WriteFile(filepath.Clean(path), bytes.Clone(render(t, "html", varied(100_000))), 0o600); err != nil {
		t.Fatal(err)
	}
}
