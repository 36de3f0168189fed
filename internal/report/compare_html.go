package report

import (
	"errors"
	"fmt"
)

// pageSince is how many findings of one fate the page names in its summary; its list filters by all.
const pageSince = 100

// since tells what became of the findings since an earlier audit, the new ones first.
func (p *page) since(audit Source) error {
	c := comparisonOf(audit)
	if c == nil {
		return nil
	}
	p.raw("<section aria-labelledby=\"since\">\n<h2 id=\"since\">Since the audit of ", clock(c.Then().StartedAt), "</h2>\n",
		"<p class=\"soft\">Compared with audit <code>", esc(c.Then().ID), "</code>. ", esc(c.notes(audit.Head())), "</p>\n<ul class=\"cards\">\n")
	for _, f := range Fates() {
		p.raw("<li><a class=\"", cardOf(f), "\" href=\"#change=", string(f), "\"><b>", thousands(*c.Counts.of(f)), "</b>", f.words(), "</a></li>\n")
	}
	p.raw("</ul>\n")
	for _, fate := range listed() {
		if err := p.fate(c, audit, fate); err != nil {
			return err
		}
	}
	p.raw("</section>\n")
	return nil
}

// cardOf is the status whose colour a fate has.
func cardOf(f Fate) string {
	switch f {
	case New, Reopened, Unchanged:
		return "fail"
	case NotRead:
		return "unknown"
	case Exempted:
		return "exempt"
	}
	return "pass"
}

func (p *page) fate(c *Comparison, audit Source, fate Fate) error {
	n := *c.Counts.of(fate)
	if n == 0 {
		return nil
	}
	open := ""
	if fate == New || fate == Reopened {
		open = " open"
	}
	p.raw("<details", open, "><summary>", fate.title(), ": ", thousands(n), "</summary>\n<div class=\"scroll\"><table>\n<thead><tr><th scope=\"col\">Severity</th><th scope=\"col\">Resource</th>",
		"<th scope=\"col\">Control</th><th scope=\"col\">Account</th><th scope=\"col\">Region</th><th scope=\"col\">Why</th></tr></thead>\n<tbody>\n")
	shown := 0
	err := c.each(audit, fate, func(f compared) error {
		if shown == pageSince {
			return enough{}
		}
		shown++
		p.raw("<tr><td>", esc(string(f.Severity)), "</td><td>", esc(nameAndID(f.Resource)), "</td><td>", esc(kindOf(f.Control)), "</td><td>",
			esc(f.Resource.Account), "</td><td>", esc(f.Resource.Region), "</td><td>", esc(f.words()), "</td></tr>\n")
		return nil
	})
	if err != nil && !errors.As(err, &enough{}) {
		return err
	}
	p.raw("</tbody>\n</table></div>\n")
	if more := n - shown; more > 0 {
		p.raw("<p class=\"soft\">", fmt.Sprintf("And %s more.", thousands(more)), "</p>\n")
	}
	p.raw("</details>\n")
	return nil
}
