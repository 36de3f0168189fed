package report

import (
	"fmt"
	"strconv"

	"github.com/glueguard/glueguard/internal/control"
	"github.com/glueguard/glueguard/internal/store"
)

// statusWords is a status as charts and cards show it.
type statusWords struct {
	status control.Status
	words  string
	of     func(store.Summary) int
}

// statuses lists them in the order of charts: what asks for something first.
func statuses() []statusWords {
	return []statusWords{
		{control.Fail, "fail", func(s store.Summary) int { return s.Fail }},
		{control.Unknown, "unknown", func(s store.Summary) int { return s.Unknown }},
		{control.Exempt, "exempt", func(s store.Summary) int { return s.Exempt }},
		{control.Pass, "pass", func(s store.Summary) int { return s.Pass }},
		{control.NotApplicable, "not applicable", func(s store.Summary) int { return s.NotApplicable }},
	}
}

// thousands writes a number as people read it.
func thousands(n int) string {
	digits := strconv.Itoa(n)
	for i := len(digits) - 3; i > 0; i -= 3 {
		digits = digits[:i] + "," + digits[i:]
	}
	return digits
}

// charts shows findings by control and by account, and the audits before where the source knows of them. Each chart is
// drawn once and told once more as a table.
func (p *page) charts(audit Source) error {
	if p.shares.all.total() == 0 {
		return nil
	}
	var controls []*share
	for _, s := range p.shares.byControl {
		controls = append(controls, &share{name: kindOf(control.ID(s.name)), Summary: s.Summary})
	}
	p.raw("<section aria-labelledby=\"charts\">\n<h2 id=\"charts\">Where it stands</h2>\n")
	p.legend()
	p.raw("<div class=\"charts\">\n")
	p.bars("By control", "control", "Control", controls)
	p.bars("By account, the most failing first", "account", "Account", p.fewAccounts())
	err := p.trend(audit)
	p.raw("</div>\n</section>\n")
	return err
}

func (p *page) legend() {
	p.raw("<ul class=\"legend\" aria-hidden=\"true\">")
	for _, s := range statuses() {
		p.raw("<li class=\"", string(s.status), "\">", s.words, "</li>")
	}
	p.raw("</ul>\n")
}

// fewAccounts sums up the accounts that have no bar of their own.
func (p *page) fewAccounts() []*share {
	all := p.shares.byAccount
	if len(all) <= pageAccounts+1 {
		return all
	}
	rest := &share{name: fmt.Sprintf("%d more", len(all)-pageAccounts)}
	for _, s := range all[pageAccounts:] {
		for _, status := range statuses() {
			rest.Add(status.status, status.of(s.Summary))
		}
	}
	return append(append([]*share{}, all[:pageAccounts]...), rest)
}

// bars draws a bar for each share, divided by status; how many there are of it stands beside it.
func (p *page) bars(title, id, heading string, all []*share) {
	const label, room, number, row = 130, 430, 160, 26
	p.figure(title, "chart-"+id, label+room+number, row*len(all)+4)
	for i, s := range all {
		y, total := i*row+4, max(s.total(), 1)
		p.raw(fmt.Sprintf("<g><title>%s: %s</title><text x=\"0\" y=\"%d\">%s</text>", esc(s.name), shareWords(s), y+15, esc(middle(tidy(s.name), 18))))
		x, sum := label, 0
		for _, status := range statuses() {
			n := status.of(s.Summary)
			if sum += n; n > 0 {
				end := max(label+sum*room/total, x+2) // nothing is too little to be seen
				p.raw(fmt.Sprintf(`<rect class="%s" x="%d" y="%d" width="%d" height="20"/>`, status.status, x, y, end-x))
				x = end
			}
		}
		p.raw(fmt.Sprintf("<text class=\"soft\" x=\"%d\" y=\"%d\">%s of %s fail</text></g>\n", label+room+8, y+15, thousands(s.Fail), thousands(s.total())))
	}
	p.raw("</svg>\n")
	p.told(heading, all)
}

// trend draws a column for each of the newest audits up to this one.
func (p *page) trend(audit Source) error {
	source, ok := audit.(Trend)
	if !ok {
		return nil
	}
	var all []*share
	err := source.EachAudit(func(a store.Audit) error {
		if a.Partial && a.ID != audit.Head().ID { // next to the whole ones its column would mean nothing
			return nil
		}
		all = append(all, &share{name: clock(a.StartedAt) + ", " + plural(a.Summary.Locations, "location"), Summary: a.Summary})
		if len(all) > pageAudits {
			all = all[1:]
		}
		return nil
	})
	if err != nil || len(all) < 2 {
		return err
	}
	const wide, high, foot = 720, 180, 24
	most := 1
	for _, s := range all {
		most = max(most, s.total())
	}
	p.figure("Audits over time", "chart-trend", wide, high+foot)
	step := wide / len(all)
	for i, s := range all {
		p.raw("<g><title>", esc(s.name), ": ", shareWords(s), "</title>")
		y := high
		for _, status := range statuses() {
			if n := status.of(s.Summary); n > 0 {
				tall := max(1, n*(high-10)/most)
				y -= tall
				p.raw(fmt.Sprintf(`<rect class="%s" x="%d" y="%d" width="%d" height="%d"/>`, status.status, i*step, y, max(step*4/5, 2), tall))
			}
		}
		p.raw("</g>\n")
	}
	p.raw(fmt.Sprintf("<text class=\"soft\" x=\"0\" y=\"%d\">%s</text><text class=\"soft\" x=\"%d\" y=\"%[1]d\" text-anchor=\"end\">%[4]s</text></svg>\n",
		high+18, esc(all[0].name), wide, esc(all[len(all)-1].name)))
	p.told("Audit", all)
	return nil
}

func shareWords(s *share) string {
	text := ""
	for _, status := range statuses() {
		if n := status.of(s.Summary); n > 0 {
			text += ", " + thousands(n) + " " + status.words
		}
	}
	return text[min(len(text), 2):]
}

func (p *page) figure(title, id string, wide, high int) {
	p.raw(fmt.Sprintf("<figure>\n<h3 id=\"%s\">%s</h3>\n<svg viewBox=\"0 0 %d %d\" role=\"img\" aria-labelledby=\"%[1]s\">\n", id, title, wide, high))
}

// told is a chart in figures: what screen readers read, and who wants to know exactly.
func (p *page) told(heading string, all []*share) {
	p.raw("<details><summary>In figures</summary>\n<table>\n<thead><tr><th scope=\"col\">", heading, "</th>")
	for _, s := range statuses() {
		p.raw("<th scope=\"col\" class=\"n\">", s.words, "</th>")
	}
	p.raw("</tr></thead>\n<tbody>\n")
	for _, s := range all {
		p.raw("<tr><th scope=\"row\">", esc(s.name), "</th>")
		for _, status := range statuses() {
			p.raw("<td class=\"n\">", thousands(status.of(s.Summary)), "</td>")
		}
		p.raw("</tr>\n")
	}
	p.raw("</tbody>\n</table></details>\n</figure>\n")
}
