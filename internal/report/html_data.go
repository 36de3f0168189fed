package report

import (
	"encoding/json"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/glueguard/glueguard/internal/control"
	"github.com/glueguard/glueguard/internal/finding"
)

// pageShared is how many texts are kept to be shared: enough for any estate's accounts, reasons and keys, and a bound on
// memory where every finding's text is its own.
const pageShared = 50_000

// pageData writes findings as JSON for the script. A page of a hundred thousand findings must stay small enough to be
// opened, and most of a finding is what others have as well: a text is written where it comes first, and by its number
// from then on. Within texts, what is the resource's own is left out, so that they can be shared: see own.
type pageData struct {
	numbers map[string]int
	row     []byte
}

// data writes the data block. It has neither < nor > nor &, so nothing in it ends its element.
func (p *page) data(audit Source) error {
	type about struct {
		Kind  string `json:"kind"`
		Title string `json:"title"`
	}
	controls := map[string]about{}
	for _, s := range p.shares.byControl {
		id := control.ID(s.name)
		controls[s.name] = about{kindOf(id), p.book.entry(id).Title}
	}
	head, err := json.Marshal(controls) // which escapes what HTML would read
	if err != nil {
		return err
	}
	p.raw("<script type=\"application/json\" id=\"data\">{\"controls\":", string(head), ",\n\"rows\":[\n")
	c := comparisonOf(audit)
	d, first := pageData{numbers: map[string]int{"": 0}}, true
	err = audit.EachFinding(func(f finding.Finding) error {
		d.row = d.row[:0]
		if !first {
			d.row = append(d.row, ",\n"...)
		}
		first = false
		d.finding(f)
		if c != nil {
			d.shared(string(c.Of(f.ID)))
		}
		d.row = append(d.row, ']')
		_, err := p.out.Write(d.row)
		return err
	})
	p.raw("\n]}</script>\n")
	return err
}

// finding appends a row, but for its end. The script has the list of its fields.
func (d *pageData) finding(f finding.Finding) {
	r, e, remedy := f.Resource, f.Encryption, control.RemedyOf(f.Outcome)
	own := ownOf(f)
	_, why := whyOf(f)
	d.row = append(d.row, '[')
	d.text(f.ID)
	d.shared(string(f.Control), string(f.Status), string(f.Severity), string(f.Reason), why, own.Replace(tidy(f.Message)),
		r.Account, r.Region, string(r.Type))
	d.next()
	d.text(tidy(r.Name))
	d.next()
	if r.ID == r.Name {
		d.row = append(d.row, '0')
	} else {
		d.text(tidy(r.ID))
	}
	arn := tidy(r.ARN)
	if id := tidy(r.ID); id != "" && strings.HasSuffix(arn, "/"+id) {
		arn = strings.TrimSuffix(arn, id) + "\x02"
	}
	d.shared(arn, string(e.Mode), tidy(e.KMSKey), tidy(e.SecurityConfiguration), remedy.Advice, own.Replace(tidy(remedy.Command)))
	d.lists(f, own)
}

// lists appends what most findings don't have: 0 stands for none.
func (d *pageData) lists(f finding.Finding, own *strings.Replacer) {
	d.list(len(f.Advisories), func() {
		for _, a := range f.Advisories {
			d.shared(a.Code, own.Replace(tidy(a.Message)))
		}
	})
	d.next()
	if x := f.Exception; x != nil {
		d.row = append(d.row, '[')
		for _, text := range []string{tidy(x.Reason), tidy(x.Owner), x.Expires} {
			d.text(text)
			d.next()
		}
		d.row = append(strconv.AppendBool(d.row, x.Expired), ']')
	} else {
		d.row = append(d.row, '0')
	}
	d.list(len(f.Resource.Tags), func() {
		for _, k := range slices.Sorted(maps.Keys(f.Resource.Tags)) {
			d.shared(tidy(k), tidy(f.Resource.Tags[k]))
		}
	})
}

func (d *pageData) list(n int, items func()) {
	d.next()
	if n == 0 {
		d.row = append(d.row, '0')
		return
	}
	begin := len(d.row)
	items()
	d.row[begin] = '[' // in place of the first comma
	d.row = append(d.row, ']')
}

func (d *pageData) next() { d.row = append(d.row, ',') }

// shared appends texts that other rows may have, each behind a comma: a number where it is known, a list of one where
// too many are known already.
func (d *pageData) shared(texts ...string) {
	for _, text := range texts {
		d.next()
		n, known := d.numbers[text]
		switch {
		case known:
			d.row = strconv.AppendInt(d.row, int64(n), 10)
		case len(d.numbers) < pageShared:
			d.numbers[text] = len(d.numbers)
			d.text(text)
		default:
			d.row = append(d.row, '[')
			d.text(text)
			d.row = append(d.row, ']')
		}
	}
}

// text appends a string as JSON that HTML does not read.
func (d *pageData) text(text string) {
	if plainJSON(text) {
		d.row = append(append(append(d.row, '"'), text...), '"')
		return
	}
	quoted, _ := json.Marshal(text) //nolint:errchkjson // strings always have one
	d.row = append(d.row, quoted...)
}

func plainJSON(text string) bool {
	for i := range len(text) {
		switch c := text[i]; {
		case c < ' ', c > '~', c == '"', c == '\\', c == '<', c == '>', c == '&':
			return false
		}
	}
	return true
}

// ownOf takes out of a finding's texts what is its resource's own; the script puts it back. None of these characters is
// left in a text that was tidied.
func ownOf(f finding.Finding) *strings.Replacer {
	var pairs []string
	put := func(text, quote, mark string) {
		if text = tidy(text); len(text) > 2 {
			pairs = append(pairs, quote+text+quote, quote+mark+quote)
		}
	}
	put(f.Resource.ARN, "", "\x04")
	put(f.Resource.Name, `"`, "\x01")
	put(f.Encryption.SecurityConfiguration, `"`, "\x03")
	if len(f.Resource.ID) > 8 { // a shorter one may be a part of any word
		put(f.Resource.ID, "", "\x02")
	}
	return strings.NewReplacer(pairs...)
}
