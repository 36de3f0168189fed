package browser

import (
	"encoding/csv"
	"fmt"
	"net/url"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"
	"github.com/google/go-cmp/cmp"

	"github.com/glueguard/glueguard/internal/sandbox"
	"github.com/glueguard/glueguard/internal/sandbox/scenario"
)

// TestTables searches, filters, sorts and turns pages, and finds each view again by its address.
func TestTables(t *testing.T) {
	t.Parallel()
	s := newStage(t, func(p *props) {
		p.sandbox = sandbox.Options{Scenario: scenario.Org, Accounts: 1, Regions: []string{"eu-west-1", region}, Resources: 240, Seed: 1}
	})
	p := s.visit(t, s.admin)
	p.open("/endpoints")
	all := p.counted()
	first := p.rows()
	if len(first) >= all {
		t.Fatalf("all %d are on one page", all)
	}

	p.press("link", "Next")
	p.is("the next page", `new URLSearchParams(location.search).get("offset") > 0 && document.querySelector("tbody tr").innerText !== `+quote(first)+`[0]`)
	second := p.rows()
	p.do(chromedp.Reload())
	p.has("after a reload", second)
	p.back()
	p.is("the first page's address again", `!new URLSearchParams(location.search).get("offset")`)
	p.has("and its rows:", first)

	p.press("summary", "Region")
	p.press("checkbox", region)
	p.is("one region is left", `[...document.querySelectorAll("tbody tr")].every((e) => e.innerText.includes("us-east-1")) && location.search.includes("region=us-east-1")`)
	p.key("\x1b") // closes what the filter is in
	filtered := p.counted()
	if filtered == 0 || filtered >= all {
		t.Errorf("%d of %d are in one region", filtered, all)
	}
	p.press("link", "Name")
	p.is("the names are sorted", `document.querySelector("th[aria-sort]")?.innerText.trim() === "Name"`)
	up := p.rows()
	p.press("link", "Name")
	p.is("the other way round", `document.querySelector("th[aria-sort]").ariaSort === "descending"`)
	if down := p.rows(); up[0] == down[0] {
		t.Errorf("both ways begin with %q", up[0])
	}
	shared := told[string](p, "location.pathname + location.search")

	p.fill("Search in names", "explore")
	p.key("\r")
	p.is("all are found by their name", `[...document.querySelectorAll("tbody th")].every((e) => e.innerText.includes("explore")) && location.search.includes("q=explore")`)
	found := p.counted()
	p.sameAsCSV(found)

	other := s.visit(t, s.admin) // whoever is sent the address sees the same
	other.open(shared)
	other.is("it is filtered and sorted", `document.querySelector("th[aria-sort]").ariaSort === "descending"`)
	if n := other.counted(); n != filtered {
		t.Errorf("whoever follows the address sees %d, not %d", n, filtered)
	}
	other.press("link", "Clear all")
	other.is("all again", `location.search === ""`)
}

const allRows = `[...document.querySelectorAll("tbody tr")].map((e) => e.innerText)`

// rows are the table's, as they are.
func (p *page) rows() []string {
	p.t.Helper()
	return told[[]string](p, allRows)
}

// has waits until the table shows rows, and says which differ where it never does.
func (p *page) has(when string, rows []string) {
	p.t.Helper()
	p.until(when+" the same rows", func() error {
		now, err := ask[[]string](p, allRows)
		if err != nil {
			return err
		}
		if d := cmp.Diff(rows, now); d != "" {
			return fmt.Errorf("%w: %s", errNotYet, d)
		}
		return nil
	})
}

// counted is the number that stands above the table.
func (p *page) counted() int {
	p.t.Helper()
	return told[int](p, `parseInt(document.querySelector("caption").innerText.replace(",", ""))`)
}

// sameAsCSV demands that the file has what is shown, all pages of it.
func (p *page) sameAsCSV(rows int) {
	p.t.Helper()
	link := told[string](p, `[...document.querySelectorAll("a")].find((e) => e.innerText.includes("CSV of these")).href`)
	if u, err := url.Parse(link); err != nil || !strings.Contains(u.RawQuery, "explore") {
		p.t.Errorf("the file's address is %s: %v", link, err)
	}
	text := told[string](p, `fetch(`+quote(link)+`).then((r) => r.text())`)
	lines, err := csv.NewReader(strings.NewReader(text)).ReadAll()
	if err != nil || len(lines) != rows+1 {
		p.t.Errorf("the file has %d lines for %d rows: %v", len(lines), rows, err)
	}
}
