package report

import (
	"bufio"
	"crypto/sha256"
	_ "embed"
	"encoding/base64"
	"fmt"
	"html"
	"io"
	"strings"

	"github.com/glueguard/glueguard/internal/control"
	"github.com/glueguard/glueguard/internal/store"
)

//go:embed page/style.css
var pageStyle string

//go:embed page/script.js
var pageScript string

// What the page shows at most before its script has run, or without it.
const (
	pageAccounts = 12
	pageCommands = 5
	pageStatic   = 100 // findings in the list for readers without JavaScript
	pageAudits   = 30  // of the trend
)

// Trend is what a Source may offer beside an audit: what other audits in the same state found.
type Trend interface {
	// EachAudit streams finished audits up to the one that is written, the oldest first.
	EachAudit(yield func(store.Audit) error) error
}

// htmlWriter writes one page that needs nothing but itself: no network, no files. Its summary, charts and tables are
// there without JavaScript; the list of findings is drawn from data by a small script, a page of it at a time, so that
// browsers don't have to lay out a hundred thousand rows. Nothing of it is a template: package text/template would keep
// the linker from leaving out what nobody calls.
type htmlWriter struct{ version string }

func (h htmlWriter) Write(w io.Writer, audit Source) error {
	b, err := openBook()
	if err != nil {
		return err
	}
	p := page{out: bufio.NewWriterSize(w, 64<<10), book: b, version: h.version} // it keeps the first error for Flush
	if p.sum, err = tallyOf(audit); err != nil {
		return fmt.Errorf("read the coverage: %w", err)
	}
	if p.shares, err = sharesOf(b, audit); err != nil {
		return fmt.Errorf("count the findings: %w", err)
	}
	p.head(audit.Head())
	if err := p.since(audit); err != nil {
		return fmt.Errorf("compare the findings: %w", err)
	}
	if err := p.charts(audit); err != nil {
		return fmt.Errorf("read the audits before: %w", err)
	}
	p.todo()
	p.unread()
	p.list(comparisonOf(audit) != nil)
	p.static()
	p.ending(audit.Head())
	if err := p.data(audit); err != nil {
		return fmt.Errorf("write the findings: %w", err)
	}
	p.raw("<script>" + pageScript + "</script>\n</body>\n</html>\n")
	return p.out.Flush()
}

// page writes the parts of the page.
type page struct {
	out     *bufio.Writer
	book    *book
	sum     *tally
	shares  *shares
	version string
}

// raw writes what is HTML already; bufio keeps errors for Flush.
func (p *page) raw(parts ...string) {
	for _, s := range parts {
		p.out.WriteString(s) //nolint:errcheck // see above
	}
}

// esc makes text that others wrote safe within an element and within a quoted attribute.
func esc(text string) string { return html.EscapeString(tidy(text)) }

// integrity allows exactly this script or style, and no other.
func integrity(text string) string {
	sum := sha256.Sum256([]byte(text))
	return "'sha256-" + base64.StdEncoding.EncodeToString(sum[:]) + "'"
}

func (p *page) head(a store.Audit) {
	p.raw("<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n",
		`<meta http-equiv="Content-Security-Policy" content="default-src 'none'; script-src `, integrity(pageScript),
		"; style-src ", integrity(pageStyle), "; base-uri 'none'; form-action 'none'\">\n",
		"<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n<meta name=\"referrer\" content=\"no-referrer\">\n",
		"<title>Encryption at rest for AWS Glue: ", clock(a.StartedAt), "</title>\n<style>", pageStyle, "</style>\n</head>\n<body>\n",
		"<a class=\"skip\" href=\"#findings\">To the findings</a>\n<header>\n<h1>Encryption at rest for AWS Glue</h1>\n",
		"<p class=\"soft\">Audit <code>", esc(a.ID), "</code>, ", clock(a.StartedAt), ": ", esc(scopeOf(a, p.sum)), "</p>\n</header>\n<main>\n")
	p.raw("<section aria-labelledby=\"summary\">\n<h2 id=\"summary\">Summary</h2>\n<p class=\"verdict\">", esc(verdictSentence(a, p.sum)), p.complying(a.Summary), "</p>\n")
	p.raw("<ul class=\"cards\">\n")
	for _, s := range statuses() {
		if n := s.of(a.Summary); n > 0 || s.status == control.Fail || s.status == control.Pass {
			p.raw("<li><a class=\"", string(s.status), "\" href=\"#status=", string(s.status), "\"><b>", thousands(n), "</b>", s.words, "</a></li>\n")
		}
	}
	p.raw("</ul>\n")
	p.meanings()
	p.raw("</section>\n")
}

// complying says how much of what can be judged complies, rounded down: 100 % only where it is all.
func (p *page) complying(s store.Summary) string {
	total := s.Pass + s.Fail + s.Unknown + s.Exempt
	if total == 0 || s.Pass == total {
		return ""
	}
	return fmt.Sprintf(" %d %% comply.", s.Pass*100/total)
}

// meanings says of each control what its counts mean, for readers who know none of them.
func (p *page) meanings() {
	if len(p.shares.byControl) == 0 {
		return
	}
	p.raw("<ul>\n")
	for _, s := range p.shares.byControl {
		e := p.book.entry(control.ID(s.name))
		text := fmt.Sprintf("%s of %s pass", thousands(s.Pass), thousands(s.total()-s.NotApplicable))
		for _, other := range []struct {
			n    int
			word string
		}{{s.Fail, "fail"}, {s.Unknown, "could not be judged"}, {s.Exempt, "exempt"}} {
			if other.n > 0 {
				text += ", " + thousands(other.n) + " " + other.word
			}
		}
		p.raw("<li><a href=\"#control=", esc(s.name), "\">", esc(e.Title), "</a>: ", text, ".</li>\n")
	}
	p.raw("</ul>\n")
}

func (p *page) todo() {
	all := p.shares.todo.sorted()
	if len(all) == 0 {
		return
	}
	p.raw("<section aria-labelledby=\"todo\">\n<h2 id=\"todo\">What to do</h2>\n<ol>\n")
	for _, r := range all {
		p.raw("<li><strong>", plural(r.findings, "finding"), ":</strong> ", esc(r.advice))
		shown := r.commands[:min(len(r.commands), pageCommands)]
		if len(shown) > 0 {
			p.raw("\n<pre>", esc(shown[0]))
			for _, c := range shown[1:] {
				p.raw("\n", esc(c))
			}
			if more := len(r.commands) - len(shown) + r.more; more > 0 {
				p.raw("\n", fmt.Sprintf("# and the same for %d more", more))
			}
			p.raw("</pre>\n")
		}
		p.raw("</li>\n")
	}
	p.raw("</ol>\n</section>\n")
}

func (p *page) unread() {
	for _, s := range []struct {
		id, title string
		reads     []*reads
	}{{"unread", "What could not be read", p.sum.unread}, {"notes", "What was not to be read", p.sum.notes}} {
		if len(s.reads) == 0 {
			continue
		}
		p.raw("<section aria-labelledby=\"", s.id, "\">\n<h2 id=\"", s.id, "\">", s.title, "</h2>\n<div class=\"scroll\"><table>\n",
			"<thead><tr><th scope=\"col\">Read</th><th scope=\"col\">How it failed</th><th scope=\"col\">Where</th><th scope=\"col\">For example</th></tr></thead>\n<tbody>\n")
		for _, u := range s.reads {
			places := strings.Join(u.places[:min(len(u.places), markdownPlaces)], ", ")
			if more := len(u.places) - markdownPlaces; more > 0 {
				places += fmt.Sprintf(" and %d more", more)
			}
			p.raw("<tr><td><code>", esc(u.operation), "</code></td><td>", esc(u.status+" "+u.code), "</td><td>", esc(places), "</td><td>", esc(u.message), "</td></tr>\n")
		}
		p.raw("</tbody>\n</table></div>\n</section>\n")
	}
}

// list is the frame that the script fills; without the script it stays hidden.
func (p *page) list(compared bool) {
	p.raw("<section aria-labelledby=\"findings\">\n<h2 id=\"findings\" tabindex=\"-1\">Findings</h2>\n<div id=\"list\" hidden>\n",
		"<form id=\"filters\" class=\"filters\" role=\"search\">\n",
		"<div class=\"wide\"><label for=\"f-text\">Search in names, ARNs, accounts, tags and texts</label><input type=\"search\" id=\"f-text\" autocomplete=\"off\"></div>\n")
	filters := [][2]string{{"status", "Status"}, {"control", "Control"}, {"severity", "Severity"}, {"account", "Account"}, {"region", "Region"}, {"why", "Reason"}}
	if compared {
		filters = append(filters, [2]string{"change", "Change"})
	}
	for _, f := range filters {
		p.raw("<div><label for=\"f-", f[0], "\">", f[1], "</label><select id=\"f-", f[0], "\"><option value=\"\">all</option></select></div>\n")
	}
	p.raw("<div><button type=\"reset\">Clear</button></div>\n</form>\n",
		"<div class=\"pager\"><span id=\"shown\" role=\"status\"></span><span class=\"soft\" id=\"where\"></span>\n",
		"<button type=\"button\" id=\"first\">First</button><button type=\"button\" id=\"back\">Previous</button><button type=\"button\" id=\"on\">Next</button><button type=\"button\" id=\"last\">Last</button>\n",
		"<label>Rows <select id=\"size\"><option>50</option><option selected>100</option><option>250</option></select></label></div>\n",
		"<p id=\"printed\" hidden></p>\n<div class=\"scroll\"><table>\n<caption class=\"soft noprint\">A heading sorts; a resource's name opens what was read and what to do.</caption>\n<thead><tr>")
	for _, h := range [][2]string{{"status", "Status"}, {"severity", "Severity"}, {"name", "Resource"}, {"control", "Control"}, {"account", "Account"}, {"region", "Region"}, {"why", "Reason"}} {
		p.raw("<th scope=\"col\"><button type=\"button\" data-sort=\"", h[0], "\">", h[1], "</button></th>")
	}
	p.raw("</tr></thead>\n<tbody id=\"rows\"></tbody>\n</table></div>\n</div>\n")
}

// static is the list for readers without JavaScript: the first that fail or are unknown.
func (p *page) static() {
	total, shown := p.shares.all.Fail+p.shares.all.Unknown, p.shares.first
	p.raw("<noscript>\n")
	if len(shown) == 0 {
		p.raw("<p>Nothing fails, and nothing is unknown. All findings can be seen with JavaScript, or in another format.</p>\n</noscript>\n</section>\n")
		return
	}
	p.raw("<p>", fmt.Sprintf("%s of %s that fail or are unknown. All can be seen with JavaScript, or in another format.", thousands(len(shown)), thousands(total)),
		"</p>\n<div class=\"scroll\"><table>\n<thead><tr><th scope=\"col\">Status</th><th scope=\"col\">Severity</th><th scope=\"col\">Resource</th>",
		"<th scope=\"col\">Account</th><th scope=\"col\">Region</th><th scope=\"col\">What was found</th></tr></thead>\n<tbody>\n")
	for _, f := range shown {
		p.raw("<tr><td class=\"status ", string(f.Status), "\">", string(f.Status), "</td><td>", string(f.Severity), "</td><td>", esc(kindOf(f.Control)+" "+nameAndID(f.Resource)),
			"</td><td>", esc(f.Resource.Account), "</td><td>", esc(f.Resource.Region), "</td><td>", esc(f.Message), "</td></tr>\n")
	}
	p.raw("</tbody>\n</table></div>\n</noscript>\n</section>\n")
}

func (p *page) ending(a store.Audit) {
	p.raw("</main>\n<footer>\n<p>Written by ", product)
	if p.version != "" {
		p.raw(" ", esc(p.version))
	}
	p.raw(". Policy profile ", esc(a.PolicyProfile), ", digest <code>", esc(a.PolicyDigest), "</code>. ")
	if a.FinishedAt.IsZero() {
		p.raw("This audit never came to its end: this is what it had stored. ")
	}
	p.raw("A resource that could not be read is unknown, never compliant.</p>\n</footer>\n")
}
