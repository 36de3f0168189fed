// Package index answers questions about one audit's findings: which ones a query chooses, in which order, and how many
// have which value. It keeps a few numbers and a searchable text of each finding in memory, where looking at all of
// 100,000 takes a few milliseconds whatever is asked; the findings themselves stay where the store has them.
package index

import (
	"fmt"

	"github.com/glueguard/glueguard/internal/control"
	"github.com/glueguard/glueguard/internal/store"
)

// field is one value that each finding has. The first ones are what findings are counted by.
type field int

const (
	account field = iota
	region
	status
	mode
	reason
	controlID
	resourceType
	name
	arn
	id
	fields

	counted = resourceType + 1 // the fields before are facets
)

// facet is what a facet of the field is called.
func (f field) facet() string {
	switch f {
	case account:
		return "account"
	case region:
		return "region"
	case status:
		return "status"
	case mode:
		return "mode"
	case reason:
		return "reason"
	case controlID:
		return "control"
	case resourceType:
		return "type"
	}
	return ""
}

// tagFacet is what the facet of tags is called.
const tagFacet = "tag"

// column is one field of all findings. The order of its values is the one that findings are sorted in.
type column struct {
	Values []string
	Codes  []uint32 // by row, into Values
}

// lists are several values, or a text, for each row: those of row i end before Ends[i].
type lists[T any] struct {
	All  []T
	Ends []uint32
}

func (l *lists[T]) of(row int) []T {
	start := uint32(0)
	if row > 0 {
		start = l.Ends[row-1]
	}
	return l.All[start:l.Ends[row]]
}

// Index is what one audit's findings are chosen, sorted and counted by. Its rows are in the order of account, region,
// control and name. It does not change, so that any number may ask at once.
type Index struct {
	columns [fields]column
	tags    []tag         // in order
	tagged  lists[uint32] // into tags
	text    lists[byte]   // folded: name, ARN, ids and message
	places  []uint32      // by row
	byID    []uint32      // row, by the code of the id
}

// tag is one tag of a resource.
type tag struct{ Key, Value string }

func (t tag) String() string { return t.Key + "=" + t.Value }

// Len is how many findings there are.
func (x *Index) Len() int { return len(x.places) }

// Place returns where the finding of that id is.
func (x *Index) Place(findingID string) (place uint32, ok bool) {
	code, ok := x.columns[id].find(findingID)
	if !ok {
		return 0, false
	}
	return x.places[x.byID[code]], true
}

// Find returns the places of the findings on the query's page, in its order, and how many it chooses in all.
func (x *Index) Find(q store.FindingQuery) (places []uint32, total int, err error) {
	order, err := sortedBy(q.Sort)
	if err != nil {
		return nil, 0, err
	}
	rows := x.sort(x.choose(q), order, q.Reverse)
	limit := q.Limit
	if limit <= 0 {
		limit = 50
	}
	first := min(max(q.Offset, 0), len(rows))
	for _, row := range rows[first:min(first+min(limit, len(rows)), len(rows))] {
		places = append(places, x.places[row])
	}
	return places, len(rows), nil
}

func sortedBy(s store.FindingSort) (field, error) {
	switch s {
	case store.ByAccount, "":
		return account, nil
	case store.ByResource:
		return name, nil
	case store.ByRegion:
		return region, nil
	case store.ByStatus:
		return status, nil
	case store.ByMode:
		return mode, nil
	case store.ByReason:
		return reason, nil
	}
	return 0, fmt.Errorf("findings can't be sorted by %q: %w", s, store.ErrState)
}

// sort orders rows by one field, and those that are equal as they were.
func (x *Index) sort(rows []uint32, by field, reverse bool) []uint32 {
	c := &x.columns[by]
	starts := make([]uint32, len(c.Values))
	for _, row := range rows {
		starts[c.Codes[row]]++
	}
	next := uint32(0)
	for i := range starts {
		if reverse {
			i = len(starts) - 1 - i
		}
		starts[i], next = next, next+starts[i]
	}
	sorted := make([]uint32, len(rows))
	for _, row := range rows {
		at := &starts[c.Codes[row]]
		sorted[*at] = row
		*at++
	}
	return sorted
}

// Posture counts the findings by place, control and status.
func (x *Index) Posture() []store.PostureCell {
	var cells []store.PostureCell
	accounts, regions, controls, statuses := &x.columns[account], &x.columns[region], &x.columns[controlID], &x.columns[status]
	counts := make([]int, len(statuses.Values))
	for row := range x.places {
		counts[statuses.Codes[row]]++
		next := row + 1
		if next < len(x.places) && accounts.Codes[next] == accounts.Codes[row] && regions.Codes[next] == regions.Codes[row] &&
			controls.Codes[next] == controls.Codes[row] {
			continue
		}
		for code, n := range counts {
			if n > 0 {
				cells = append(cells, store.PostureCell{
					Account: accounts.value(row), Region: regions.value(row), Control: control.ID(controls.value(row)),
					Status: control.Status(statuses.Values[code]), Count: n,
				})
			}
		}
		clear(counts)
	}
	return cells
}

func (c *column) value(row int) string { return c.Values[c.Codes[row]] }
