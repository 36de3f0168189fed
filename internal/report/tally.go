package report

import (
	"cmp"
	"slices"

	"github.com/glueguard/glueguard/internal/resource"
)

// tally is the coverage of an audit, summed up for people.
type tally struct {
	accounts, regions map[string]struct{}
	read              bool     // something was
	unread            []*reads // what could not be read
	notes             []*reads // what was never to be read: unsupported, suspended, excluded
}

// reads are the entries of the coverage that failed in the same way.
type reads struct {
	status, operation, code string
	message                 string // the first entry's, as an example
	entries                 int
	places                  []string // each once, in order
}

func tallyOf(audit Source) (*tally, error) {
	t := &tally{accounts: map[string]struct{}{}, regions: map[string]struct{}{}}
	type key struct{ status, operation, code string }
	byKey := map[key]*reads{}
	err := audit.EachCoverage(func(c resource.Coverage) error {
		t.accounts[c.Account] = struct{}{}
		if c.Region != "" {
			t.regions[c.Region] = struct{}{}
		}
		if c.Status == resource.CoverageOK {
			t.read = true
			return nil
		}
		k := key{c.Status, c.Operation, c.ErrorCode}
		r := byKey[k]
		if r == nil {
			r = &reads{status: c.Status, operation: c.Operation, code: c.ErrorCode, message: c.Message}
			byKey[k] = r
			if c.Unread() {
				t.unread = append(t.unread, r)
			} else {
				t.notes = append(t.notes, r)
			}
		}
		r.entries++
		place := placeOf(c.Account, c.Region)
		if len(r.places) == 0 || r.places[len(r.places)-1] != place {
			r.places = append(r.places, place)
		}
		return nil
	})
	order := func(a, b *reads) int {
		return cmp.Or(cmp.Compare(a.status, b.status), cmp.Compare(a.operation, b.operation), cmp.Compare(a.code, b.code))
	}
	slices.SortFunc(t.unread, order)
	slices.SortFunc(t.notes, order)
	return t, err
}

// entries sums the entries of all.
func entries(all []*reads) int {
	n := 0
	for _, r := range all {
		n += r.entries
	}
	return n
}
