package browser

import (
	"bytes"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strconv"
	"testing"

	"github.com/chromedp/cdproto/emulation"

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
	site := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != "/report.html" { // there is nothing beside it
			http.NotFound(w, r)
			return
		}
		http.ServeFile(w, r, file)
	}))
	t.Cleanup(site.Close)
	p := newPage(t, site.URL)
	p.expect("favicon.ico") // browsers ask for it by themselves
	p.open("/report.html")
	p.sees("Where it stands", "By control")
	if told[int](p, `[...document.querySelectorAll("svg")].filter((e) => e.getBoundingClientRect().width > 40).length`) == 0 {
		t.Error("there is no chart")
	}
	all := told[int](p, `document.querySelectorAll("#list tbody tr").length`)
	p.fill("Search in names", "stack-owned")
	p.is("the search leaves a few", `(() => { const n = document.querySelectorAll("#list tbody tr").length; return n > 0 && n < `+strconv.Itoa(all)+`; })()`)
	told[bool](p, `(() => { const e = document.getElementById("f-text"); e.value = ""; e.dispatchEvent(new Event("input", {bubbles: true})); return true; })()`)
	told[bool](p, `(() => { const e = document.getElementById("f-status"); e.selectedIndex = 1; e.dispatchEvent(new Event("input", {bubbles: true})); e.dispatchEvent(new Event("change", {bubbles: true})); return true; })()`)
	p.is("the filter leaves a part", `(() => { const n = document.querySelectorAll("#list tbody tr").length; return n > 0 && n < `+strconv.Itoa(all)+`; })()`)
	call(p, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{Media: "print"})
	if told[bool](p, `[...document.querySelectorAll("#list input")].some((e) => e.checkVisibility())`) {
		t.Error("fields are printed, which nobody can fill in on paper")
	}
}
