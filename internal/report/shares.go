package report

import (
	"cmp"
	"maps"
	"slices"

	"github.com/glueguard/glueguard/internal/control"
	"github.com/glueguard/glueguard/internal/finding"
	"github.com/glueguard/glueguard/internal/store"
)

// share is how many findings there are of each status.
type share struct {
	name string
	store.Summary
}

func (c *share) total() int { return c.Pass + c.Fail + c.Unknown + c.Exempt + c.NotApplicable }

// shares sums up an audit's findings for reports that begin with a summary: by control, by account, and what to do.
type shares struct {
	all       share
	byControl []*share // in the order of the catalogue, others last
	byAccount []*share // the most failing first
	todo      *todo
	first     []finding.Finding // of those that fail or are unknown, as many as a page shows without its script
}

func sharesOf(b *book, audit Source) (*shares, error) {
	c, controls, accounts := &shares{todo: newTodo()}, map[control.ID]*share{}, map[string]*share{}
	err := audit.EachFinding(func(f finding.Finding) error {
		c.all.Add(f.Status, 1)
		of := controls[f.Control]
		if of == nil {
			of = &share{name: string(f.Control)}
			controls[f.Control] = of
		}
		of.Add(f.Status, 1)
		in := accounts[f.Resource.Account]
		if in == nil {
			in = &share{name: f.Resource.Account}
			accounts[f.Resource.Account] = in
		}
		in.Add(f.Status, 1)
		if f.Status == control.Fail || f.Status == control.Unknown {
			c.todo.count(f)
			if len(c.first) < pageStatic {
				c.first = append(c.first, f)
			}
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	for _, d := range b.documents {
		if of := controls[d.ID]; of != nil {
			c.byControl = append(c.byControl, of)
			delete(controls, d.ID)
		}
	}
	c.byControl = append(c.byControl, worstFirst(controls)...)
	c.byAccount = worstFirst(accounts)
	return c, nil
}

func worstFirst[K comparable](all map[K]*share) []*share {
	return slices.SortedFunc(maps.Values(all), func(a, b *share) int {
		return cmp.Or(cmp.Compare(b.Fail, a.Fail), cmp.Compare(b.Unknown, a.Unknown), cmp.Compare(a.name, b.name))
	})
}
