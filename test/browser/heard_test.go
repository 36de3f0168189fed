package browser

import (
	"slices"
	"strings"
	"sync"

	"github.com/chromedp/cdproto/log"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"
)

// heard is what the browser has told about a tab: what went wrong in its pages, and where they sent requests.
type heard struct {
	mu        sync.Mutex
	wrong     []string
	elsewhere []string
	expected  []string // parts of what may be wrong
}

// listen hears of everything from now on. At the end of the test nothing may have been wrong: no message of the content
// security policy, no exception, no answer that says no, and no request to another site.
func (p *page) listen() {
	p.t.Helper()
	if err := chromedp.Listen(p.ctx, p.hear); err != nil {
		p.t.Fatal(err)
	}
	p.t.Cleanup(func() {
		p.heard.mu.Lock()
		defer p.heard.mu.Unlock()
		for _, w := range p.heard.wrong {
			if !slices.ContainsFunc(p.heard.expected, func(part string) bool { return strings.Contains(w, part) }) {
				p.t.Errorf("the browser says: %s", w)
			}
		}
		for _, url := range p.heard.elsewhere {
			p.t.Errorf("a page asked another site: %s", url)
		}
	})
}

// expect lets something be wrong in this test.
func (p *page) expect(part string) {
	p.heard.mu.Lock()
	defer p.heard.mu.Unlock()
	p.heard.expected = append(p.heard.expected, part)
}

func (p *page) hear(event any) {
	h := p.heard
	h.mu.Lock()
	defer h.mu.Unlock()
	switch e := event.(type) {
	case *log.EventEntryAdded:
		h.entry(e.Entry)
	case *runtime.EventExceptionThrown:
		h.wrong = append(h.wrong, e.ExceptionDetails.Text)
	case *network.EventRequestWillBeSent:
		h.asked(p.site, e.Request.URL)
	}
}

func (h *heard) entry(e *log.Entry) {
	if e.Level == log.EntryLevelError || e.Level == log.EntryLevelWarning {
		h.wrong = append(h.wrong, e.Text+" "+e.URL)
	}
}

func (h *heard) asked(site, url string) {
	if !strings.HasPrefix(url, site+"/") && !strings.HasPrefix(url, "data:") {
		h.elsewhere = append(h.elsewhere, url)
	}
}
