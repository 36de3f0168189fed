package browser

import (
	_ "embed"
	"encoding/json"
	"fmt"
	"net/url"
	"strconv"
	"strings"
	"testing"

	"github.com/chromedp/cdproto/emulation"
	cdppage "github.com/chromedp/cdproto/page"
	"github.com/chromedp/chromedp/kb"
)

//go:embed testdata/axe/axe.min.js
var axe string

// TestEveryPage looks at each page in light and in dark: axe finds nothing serious, nothing is wider than a phone, the
// browser complains of nothing, and nobody else is asked for anything.
func TestEveryPage(t *testing.T) {
	t.Parallel()
	s := newScene(t)
	for _, look := range s.looks(4) {
		t.Run(look.views[0].name, func(t *testing.T) {
			t.Parallel()
			p := s.tab(t, look)
			call(p, cdppage.SetBypassCSP, cdppage.SetBypassCSPParams{Enabled: true})
			for _, at := range look.views {
				p.open(at.path)
				p.is("the page is there", `document.querySelector("main h1")`)
				told[bool](p, axe+"; true")
				for _, scheme := range []string{"light", "dark"} {
					p.scheme(scheme)
					p.accessible(at.name + " " + scheme)
				}
				p.fitsPhone(at.name)
			}
		})
	}
}

// scheme is what the tab's user prefers.
func (p *page) scheme(name string) {
	p.t.Helper()
	call(p, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{Features: []*emulation.MediaFeature{
		{Name: "prefers-color-scheme", Value: name}, {Name: "prefers-reduced-motion", Value: "reduce"},
	}})
}

// violation is what axe finds.
type violation struct {
	ID, Impact, Help string
	Nodes            []struct {
		HTML           string
		FailureSummary string
	}
}

// accessible demands that axe finds nothing serious or critical.
func (p *page) accessible(where string) {
	p.t.Helper()
	found := told[json.RawMessage](p, `axe.run(document, {resultTypes: ["violations"]}).then((r) => r.violations
		.filter((v) => v.impact === "serious" || v.impact === "critical")
		.map(({id, impact, help, nodes}) => ({id, impact, help, nodes: nodes.slice(0, 3).map(({html, failureSummary}) => ({html, failureSummary}))})))`)
	var all []violation
	if err := json.Unmarshal(found, &all); err != nil {
		p.t.Fatalf("%v: %s", err, found)
	}
	for _, v := range all {
		var nodes strings.Builder
		for _, n := range v.Nodes {
			fmt.Fprintf(&nodes, "\n  %s\n  %s", n.HTML, n.FailureSummary)
		}
		p.t.Errorf("%s: %s: %s (%s)%s", where, v.Impact, v.Help, v.ID, nodes.String())
	}
}

// fitsPhone demands that a phone need not scroll sideways.
func (p *page) fitsPhone(where string) {
	p.t.Helper()
	p.do(phone())
	wide := told[int](p, "document.documentElement.scrollWidth")
	if wide > phoneWidth {
		p.t.Errorf("%s is %d pixels wide on a phone of %d: %s", where, wide, phoneWidth, told[string](p, `[...document.querySelectorAll("main *")]
			.filter((e) => e.getBoundingClientRect().right > `+strconv.Itoa(phoneWidth)+` && !e.closest(".scroll, .diff, pre")).slice(0, 4).map((e) => e.outerHTML.slice(0, 160)).join("\n")`))
	}
	p.do(wideScreen())
}

// TestWithoutScripts reads every page in a browser that runs no script: all that scripts improve is there without them.
func TestWithoutScripts(t *testing.T) {
	t.Parallel()
	s := newScene(t)
	p := s.visit(t, s.admin)
	p.expect("404")
	call(p, emulation.SetScriptExecutionDisabled, emulation.SetScriptExecutionDisabledParams{Value: true})
	for _, at := range s.pages() {
		p.open(at.path)
		if text := told[string](p, `document.querySelector("main")?.innerText || ""`); len(text) < 40 || !strings.Contains(text, at.shows) {
			t.Errorf("%s shows %q, and not %q", at.name, text, at.shows)
		}
	}
	w := &walk{page: p}
	p.open("/resource/edit?arn=" + url.QueryEscape(s.endpoints[8]))
	w.choosesSSES3()
	w.plans()
	w.follow("button", "Send for approval", "/requests/")
	w.sees("Waits for approval")
}

// TestKeyboard goes to the encryption of an endpoint by keys alone, and sees at each step where it is.
func TestKeyboard(t *testing.T) {
	t.Parallel()
	s := newStage(t)
	p := s.visit(t, s.admin)
	p.open("/endpoints")
	p.key("\t")
	p.focused("Skip to the content")
	p.key("\r")
	p.is("the content has the focus", `document.activeElement.id === "main"`)
	p.tabTo("Search in names")
	p.key(bare + "\r")
	p.is("the list is filtered", `document.querySelectorAll("tbody tr").length === 1`)
	p.tabTo(bare)
	p.key("\r")
	p.arrives("/resource")
	p.tabTo("Edit encryption")
	p.key("\r")
	p.arrives("/resource/edit")
	p.tabTo("None")
	p.key(kb.ArrowDown)
	p.focused("SSE-S3")
	p.tabTo("Save: show the plan")
	p.key("\r")
	p.arrives("/plans/")
	p.tabTo("Why")
	p.key("by keys alone")
	p.tabTo("Apply")
	p.key("\r")
	p.arrives("/requests/")
	p.sees("by keys alone")
}

// focused demands that what has the focus has a name, and that people see that it has it.
func (p *page) focused(name string) {
	p.t.Helper()
	p.is(fmt.Sprintf("%q has the focus, visibly", name), `(() => {
		const e = document.activeElement, s = getComputedStyle(e);
		return (e.computedName || "").trim().startsWith(`+quote(name)+`) && e.checkVisibility() && (s.outlineStyle !== "none" && parseFloat(s.outlineWidth) >= 2 || s.boxShadow !== "none");
	})()`)
}

// tabTo presses Tab until what has the focus has a name.
func (p *page) tabTo(name string) {
	p.t.Helper()
	told[bool](p, "window.left = true")
	for range 150 {
		p.key("\t")
		if strings.HasPrefix(strings.TrimSpace(told[string](p, `document.activeElement.computedName || ""`)), name) {
			p.focused(name)
			return
		}
	}
	p.t.Fatalf("no Tab leads to %q at %s", name, told[string](p, "location.href"))
}
