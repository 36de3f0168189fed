package console

import (
	"cmp"
	"net/http"
	"net/url"
	"time"

	"github.com/glueguard/glueguard/internal/api/openapi"
	"github.com/glueguard/glueguard/internal/auth"
	"github.com/glueguard/glueguard/internal/control"
	"github.com/glueguard/glueguard/internal/finding"
	"github.com/glueguard/glueguard/internal/report"
	"github.com/glueguard/glueguard/internal/store"
)

// overviewPage is the posture at a glance.
type overviewPage struct {
	openapi.Overview
	Audited     bool
	Verdict     string
	Tiles       []tile
	Rings       []ring
	Changed     []tile
	ChangedLink string
	// ChangedItems are the first few that fail now and did not, or could not be read any more.
	ChangedItems []changedItem
	Trend        *trendChart
	Charts       []barChart
	Waits        []wait
	MoreWaits    []wait
}

// tile is a number that leads to what it counts.
type tile struct {
	N    int
	Mark mark
	Link string
}

type ring struct {
	Name, Link string
	Donut      donut
}

type changedItem struct {
	Finding finding.Finding
	Mark    mark
}

// wait is something that waits for whoever looks at the page.
type wait struct {
	Icon, What, Detail, Link string
	At                       time.Time
}

func (c *console) overviewRoutes() {
	c.page("GET /{$}", auth.See, c.overview)
}

func (c *console) overview(r *http.Request) (view, error) {
	o, err := answered[openapi.GetOverview200JSONResponse](c.ask.GetOverview(r.Context(), openapi.GetOverviewRequestObject{}))
	if err != nil {
		return view{}, err
	}
	page := overviewPage{Overview: openapi.Overview(o), Audited: o.Audit != nil}
	page.waits()
	if page.Audited {
		page.posture()
		page.compare()
	}
	return view{page: "overview", title: "Overview", data: &page}, nil
}

func (p *overviewPage) posture() {
	s := p.Audit.Summary
	p.Verdict = verdictOf(s)
	for _, status := range statuses() {
		if n := of(s, status); n > 0 || status == control.Fail || status == control.Pass {
			p.Tiles = append(p.Tiles, tile{n, statusMark(status), "/findings?status=" + string(status)})
		}
	}
	byControl := barChart{ID: "by-control", Title: "By control", Heading: "Control"}
	for _, share := range p.ByControl {
		id := control.ID(share.Name)
		byControl.Bars = append(byControl.Bars, barOf(share, controlWord(id), share.Name, "/findings?"+url.Values{"control": {share.Name}}.Encode()))
		switch id {
		case control.DevEndpointS3:
			p.Rings = append(p.Rings, ring{"Development endpoints", "/endpoints", ringOf(summaryOf(share))})
		case control.MLTransform:
			p.Rings = append(p.Rings, ring{"ML transforms", "/transforms", ringOf(summaryOf(share))})
		}
	}
	p.Charts = []barChart{byControl, places("account", "Account", p.ByAccount, p.Accounts), places("region", "Region", p.ByRegion, p.Regions)}
	var audits []column
	for _, point := range p.Overview.Trend {
		audits = append(audits, column{Link: "/audits/" + url.PathEscape(point.Audit), At: point.At, Summary: point.Summary})
	}
	p.Trend = trendOf(audits)
}

// verdictOf is the answer to the first question, in a sentence.
func verdictOf(s store.Summary) string {
	switch {
	case s.Fail > 0:
		return count(s.Fail, "finding") + " fail."
	case s.Unknown > 0:
		return "Nothing that could be read fails, but " + count(s.Unknown, "finding") + " could not be judged."
	case s.Exempt > 0:
		return "Nothing fails but what exceptions accept."
	case s.Pass > 0:
		return "Everything complies."
	}
	return "There was nothing to judge."
}

const mostBars = 10

func places(name, heading string, shares []openapi.Share, total int) barChart {
	chart := barChart{ID: "by-" + name, Title: "By " + name, Heading: heading}
	for _, share := range shares[:min(len(shares), mostBars)] {
		chart.Bars = append(chart.Bars, barOf(share, share.Name, "", "/findings?"+url.Values{name: {share.Name}}.Encode()))
	}
	chart.More = max(0, total-len(chart.Bars))
	return chart
}

func summaryOf(s openapi.Share) store.Summary {
	return store.Summary{Pass: s.Pass, Fail: s.Fail, Unknown: s.Unknown, Exempt: s.Exempt, NotApplicable: s.NotApplicable}
}

func barOf(share openapi.Share, name, title, link string) bar {
	s := summaryOf(share)
	return bar{Name: name, Title: title, Link: link, Summary: s, Total: totalOf(s), Segments: divide(s)}
}

// fateMark is what became of a finding from one audit to the next.
func fateMark(f report.Fate) mark {
	switch f {
	case report.New:
		return mark{"Newly failing", "fail", "fail"}
	case report.Reopened:
		return mark{"Failing again", "undo", "fail"}
	case report.NotRead:
		return mark{"Not readable any more", "unknown", "unknown"}
	case report.Resolved:
		return mark{"Resolved", "pass", "pass"}
	case report.Exempted:
		return mark{"Exempt now", "exempt", "exempt"}
	case report.Unchanged:
		return mark{"Failing as before", "dot", "none"}
	}
	return mark{sentence(string(f)), "dot", "none"}
}

func fateCount(c report.FateCounts, f report.Fate) int {
	switch f {
	case report.New:
		return c.New
	case report.Reopened:
		return c.Reopened
	case report.NotRead:
		return c.NotRead
	case report.Resolved:
		return c.Resolved
	case report.Exempted:
		return c.Exempted
	case report.Unchanged:
		return c.Unchanged
	}
	return 0
}

// fateTiles counts each fate, with a link to what has it.
func fateTiles(path string, c report.FateCounts) []tile {
	var all []tile
	for _, f := range report.Fates() {
		all = append(all, tile{fateCount(c, f), fateMark(f), path + "?" + url.Values{"fate": {string(f)}}.Encode()})
	}
	return all
}

func (p *overviewPage) compare() {
	d := p.Overview.Changed
	if d == nil {
		return
	}
	p.ChangedLink = sinceURL(d.Audit.ID, d.Since.ID)
	p.Changed = fateTiles(p.ChangedLink, d.Counts)
	for _, item := range d.Items[:min(len(d.Items), 5)] {
		p.ChangedItems = append(p.ChangedItems, changedItem{item.Finding, fateMark(item.Fate)})
	}
}

func sinceURL(audit, since string) string {
	return "/audits/" + url.PathEscape(audit) + "/since/" + url.PathEscape(since)
}

func (p *overviewPage) waits() {
	w := p.Waiting
	for _, r := range w.Decide {
		p.Waits = append(p.Waits, wait{"request", "Decide: " + kindWord(r.Work.Kind), "asked for by " + r.ProposedBy.Name, "/requests/" + r.ID, r.ProposedAt})
	}
	for _, r := range w.Start {
		p.Waits = append(p.Waits, wait{"run", "Start: " + kindWord(r.Work.Kind), "it is approved", "/requests/" + r.ID, r.DecidedAt})
	}
	for _, ch := range w.Changes {
		detail := changeMark(ch.State).Word
		if ch.Trouble != nil {
			detail += ": " + ch.Trouble.Message
		}
		p.Waits = append(p.Waits, wait{changeMark(ch.State).Icon, "Change of " + cmp.Or(ch.Resource.Name, ch.Resource.ID), detail, "/changes/" + ch.ID, ch.UpdatedAt})
	}
	for _, e := range w.Exceptions {
		p.Waits = append(p.Waits, wait{"exception", "Decide on an exception", e.Reason, "/exceptions?state=proposed", e.ProposedAt})
	}
	for _, e := range w.Expiring {
		p.Waits = append(p.Waits, wait{"clock", "An exception ends on " + e.Expires, e.Reason, "/exceptions", time.Time{}})
	}
	for _, m := range []struct {
		shown, total int
		noun, link   string
	}{
		{len(w.Decide), w.DecideTotal, "request to decide", "/requests?state=pending"},
		{len(w.Start), w.StartTotal, "request to start", "/requests?state=approved"},
		{len(w.Changes), w.ChangesTotal, "change that needs a decision", "/changes?state=waiting&state=failed&state=regressed"},
		{len(w.Exceptions), w.ExceptionsTotal, "exception to decide", "/exceptions?state=proposed"},
		{len(w.Expiring), w.ExpiringTotal, "exception about to end", "/exceptions"},
	} {
		if more := m.total - m.shown; more > 0 {
			p.MoreWaits = append(p.MoreWaits, wait{What: number(more) + " more: " + m.noun, Link: m.link})
		}
	}
}
