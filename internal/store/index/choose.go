package index

import (
	"bytes"
	"cmp"
	"slices"

	"github.com/glueguard/glueguard/internal/store"
)

// filter says which values of a column a query allows.
type filter struct {
	of      field
	codes   []uint32
	allowed []bool // by code
}

// selection is a query made ready to be asked of each row.
type selection struct {
	filters []filter
	tags    [][]bool // by tag: one of each list's must be there
	found   []bool   // by row, where a text is searched
}

func (x *Index) selection(q store.FindingQuery) selection {
	var s selection
	s.filters = x.filter(s.filters, controlID, texts(q.Controls))
	s.filters = x.filter(s.filters, resourceType, texts(q.Types))
	s.filters = x.filter(s.filters, account, q.Accounts)
	s.filters = x.filter(s.filters, region, q.Regions)
	s.filters = x.filter(s.filters, status, texts(q.Statuses))
	s.filters = x.filter(s.filters, mode, texts(q.Modes))
	s.filters = x.filter(s.filters, reason, texts(q.Reasons))
	if q.Resource != "" {
		s.filters = x.filter(s.filters, arn, []string{q.Resource})
	}
	for _, wanted := range q.Tags {
		allowed := make([]bool, len(x.tags))
		for i, t := range x.tags {
			allowed[i] = t.Key == wanted || t.String() == wanted
		}
		s.tags = append(s.tags, allowed)
	}
	if q.Search != "" {
		s.found = x.search(q.Search)
	}
	return s
}

func texts[T ~string](list []T) []string {
	values := make([]string, len(list))
	for i, v := range list {
		values[i] = string(v)
	}
	return values
}

func (x *Index) filter(filters []filter, of field, values []string) []filter {
	if len(values) == 0 {
		return filters
	}
	c := &x.columns[of]
	f := filter{of: of, codes: c.Codes, allowed: make([]bool, len(c.Values))}
	for i, v := range c.Values {
		f.allowed[i] = slices.Contains(values, v)
	}
	return append(filters, f)
}

// search tells which rows have the text in one of theirs.
func (x *Index) search(text string) []bool {
	needle := []byte(folded(text))
	found := make([]bool, len(x.places))
	for at, row := 0, 0; ; {
		i := bytes.Index(x.text.All[at:], needle)
		if i < 0 {
			return found
		}
		for at += i; int(x.text.Ends[row]) <= at; {
			row++
		}
		found[row] = true
		at = int(x.text.Ends[row])
	}
}

// choose returns the rows that the query chooses.
func (x *Index) choose(q store.FindingQuery) []uint32 {
	s := x.selection(q)
	rows := make([]uint32, 0, len(x.places))
next:
	for row := range x.places {
		if s.found != nil && !s.found[row] {
			continue
		}
		for i := range s.filters {
			if f := &s.filters[i]; !f.allowed[f.codes[row]] {
				continue next
			}
		}
		if len(s.tags) > 0 && !s.tagged(x, row) {
			continue
		}
		rows = append(rows, uint32(row))
	}
	return rows
}

// tagged tells whether a row has all the tags that are asked for.
func (s *selection) tagged(x *Index, row int) bool {
	for _, allowed := range s.tags {
		if !slices.ContainsFunc(x.tagged.of(row), func(code uint32) bool { return allowed[code] }) {
			return false
		}
	}
	return true
}

// mostTags is how many tags the facet of tags has at most.
const mostTags = 50

// none and several stand for what keeps a row from being chosen, beside the fields.
const (
	none    = -1
	several = -2
	byTags  = int(fields)
)

// Facets counts the values of each field over what the query chooses with that field's own filter left out.
func (x *Index) Facets(q store.FindingQuery) []store.Facet {
	s := x.selection(q)
	var counts [counted][]int
	for f := range counts {
		counts[f] = make([]int, len(x.columns[f].Values))
	}
	tags := make([]int, len(x.tags))
	for row := range x.places {
		if s.found != nil && !s.found[row] {
			continue
		}
		refusedBy := s.refusedBy(x, row)
		for f := range counts {
			if refusedBy == none || refusedBy == f {
				counts[f][x.columns[f].Codes[row]]++
			}
		}
		if refusedBy == none || refusedBy == byTags {
			for _, code := range x.tagged.of(row) {
				tags[code]++
			}
		}
	}
	return x.facets(counts, tags)
}

// refusedBy returns the one field whose filter refuses the row, none, or several.
func (s *selection) refusedBy(x *Index, row int) int {
	by := none
	for i := range s.filters {
		f := &s.filters[i]
		if f.allowed[f.codes[row]] {
			continue
		}
		if by != none {
			return several
		}
		by = int(f.of)
	}
	if len(s.tags) > 0 && !s.tagged(x, row) {
		if by != none {
			return several
		}
		by = byTags
	}
	return by
}

func (x *Index) facets(counts [counted][]int, tags []int) []store.Facet {
	var list []store.Facet
	for f := range counts {
		for code, n := range counts[f] {
			if n > 0 {
				list = append(list, store.Facet{Field: field(f).facet(), Value: x.columns[f].Values[code], Count: n})
			}
		}
	}
	var frequent []store.Facet
	for code, n := range tags {
		if n > 0 {
			frequent = append(frequent, store.Facet{Field: tagFacet, Value: x.tags[code].String(), Count: n})
		}
	}
	slices.SortStableFunc(frequent, func(a, b store.Facet) int { return cmp.Compare(b.Count, a.Count) })
	return append(list, frequent[:min(mostTags, len(frequent))]...)
}
