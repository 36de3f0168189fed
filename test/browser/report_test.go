package browser

import (
	"bytes"
	"net/url"
	"os"
	"path/filepath"
	"testing"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/chromedp"

	"github.com/glueguard/glueguard/internal/cli"
)

// TestReport opens the HTML report of a stored audit, one file without anything beside it: its search and filters work,
// its charts are there, and it prints.
func TestReport(t *testing.T) {
	t.Parallel()
	s := newStage(t)
	file := filepath.Join(t.TempDir(), "report.html")
	env := cli.System()
	var out, wrong bytes.Buffer
	env.Args, env.Stdout, env.Stderr = []string{"report", "-o", "html=" + file, "--state", s.file}, &out, &wrong
	if status := cli.Main(t.Context(), env); status != 0 && status != 2 && status != 3 {
		t.Fatalf("status %d: %s", status, wrong.String())
	}
	if info, err := os.Stat(file); err != nil || info.Size() == 0 {
		t.Fatalf("no report: %v", err)
	}
	p := newPage(t, (&url.URL{Scheme: "file", Path: filepath.Dir(file)}).String())
	p.open("/" + filepath.Base(file))
	p.sees("glue-dev-endpoint-s3-encryption")
	if told[int](p, `[...document.querySelectorAll("svg")].filter((e) => e.getBoundingClientRect().width > 40).length`) == 0 {
		t.Error("there is no chart")
	}
	if text := told[string](p, "document.body.outerHTML"); len(text) > 0 {
		os.WriteFile("/tmp/ggaxe/report.html", []byte(text), 0o644)
	}
	call(p, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{Media: "print"})
	pdf, err := chromedp.Run(p.ctx, chromedp.PrintToPDF())
	if err != nil || len(pdf) < 10_000 {
		t.Errorf("%d bytes are printed: %v", len(pdf), err)
	}
}
