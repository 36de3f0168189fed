package index

import (
	"cmp"
	"maps"
	"slices"
	"strings"

	"github.com/glueguard/glueguard/internal/control"
	"github.com/glueguard/glueguard/internal/finding"
	"github.com/glueguard/glueguard/internal/store"
)

// Builder gathers an audit's findings.
type Builder struct {
	columns [fields]gathered
	tags    map[tag]uint32
	tagged  lists[uint32]
	text    lists[byte]
}

// gathered is a column whose values are in the order in which they came.
type gathered struct {
	codes  []uint32
	values map[string]uint32
}

func (g *gathered) add(value string) {
	code, ok := g.values[value]
	if !ok {
		code = uint32(len(g.values))
		g.values[value] = code
	}
	g.codes = append(g.codes, code)
}

// NewBuilder returns a Builder without findings.
func NewBuilder() *Builder {
	b := &Builder{tags: map[tag]uint32{}}
	for f := range b.columns {
		b.columns[f].values = map[string]uint32{}
	}
	return b
}

// Add adds a finding. Its place is the number of those that were added before.
func (b *Builder) Add(f finding.Finding) {
	for field, value := range [fields]string{
		account: f.Resource.Account, region: f.Resource.Region, status: string(f.Status), mode: string(f.Encryption.Mode),
		reason: string(f.Reason), controlID: string(f.Control), resourceType: string(f.Resource.Type), name: f.Resource.Name,
		arn: f.Resource.ARN, id: f.ID,
	} {
		b.columns[field].add(value)
	}
	for key, value := range f.Resource.Tags {
		t := tag{key, value}
		code, ok := b.tags[t]
		if !ok {
			code = uint32(len(b.tags))
			b.tags[t] = code
		}
		b.tagged.All = append(b.tagged.All, code)
	}
	b.tagged.Ends = append(b.tagged.Ends, uint32(len(b.tagged.All)))
	for _, text := range []string{f.Resource.Name, f.Resource.ARN, f.Resource.ID, f.ID, f.Message} {
		b.text.All = append(append(b.text.All, folded(text)...), '\n')
	}
	b.text.Ends = append(b.text.Ends, uint32(len(b.text.All)))
}

// folded is a text as it is searched: in one line, without regard to case.
func folded(text string) string {
	return strings.ReplaceAll(store.Fold(text), "\n", " ")
}

// Build makes the index. The builder is of no use afterwards.
func (b *Builder) Build() *Index {
	x := &Index{}
	for f := range b.columns {
		x.columns[f] = b.columns[f].sorted(orderOf(field(f)))
	}
	rows := x.inOrder(len(b.text.Ends))
	for f := range x.columns {
		x.columns[f].Codes = picked(x.columns[f].Codes, rows)
	}
	x.setTags(b, rows)
	x.text = rearranged(b.text, rows)
	x.places = rows
	x.findByID()
	return x
}

// orderOf is how a field's values are ordered.
func orderOf(f field) func(values []string) {
	switch f {
	case status:
		return func(values []string) {
			slices.SortFunc(values, func(a, b string) int { return cmp.Or(cmp.Compare(pressing(a), pressing(b)), cmp.Compare(a, b)) })
		}
	case name:
		return sortFolded
	}
	return slices.Sort[[]string]
}

// pressing is the rank of a status: the most pressing first.
func pressing(status string) int {
	order := []control.Status{control.Fail, control.Unknown, control.Exempt, control.Pass, control.NotApplicable}
	if i := slices.Index(order, control.Status(status)); i >= 0 {
		return i
	}
	return len(order)
}

// sortFolded sorts names whatever their case, and those that differ in case alone by what they are.
func sortFolded(names []string) {
	type both struct{ folded, name string }
	list := make([]both, len(names))
	for i, n := range names {
		list[i] = both{store.Fold(n), n}
	}
	slices.SortFunc(list, func(a, b both) int { return cmp.Or(cmp.Compare(a.folded, b.folded), cmp.Compare(a.name, b.name)) })
	for i, n := range list {
		names[i] = n.name
	}
}

func (g *gathered) sorted(order func([]string)) column {
	c := column{Values: slices.Collect(maps.Keys(g.values)), Codes: g.codes}
	order(c.Values)
	recode := make([]uint32, len(c.Values))
	for i, v := range c.Values {
		recode[g.values[v]] = uint32(i)
	}
	for i, code := range c.Codes {
		c.Codes[i] = recode[code]
	}
	return c
}

// inOrder returns the rows by account, region, control and name.
func (x *Index) inOrder(n int) []uint32 {
	rows := make([]uint32, n)
	for i := range rows {
		rows[i] = uint32(i)
	}
	compare := func(a, b uint32) int {
		for _, f := range []field{account, region, controlID, name, arn, id} {
			if c := cmp.Compare(x.columns[f].Codes[a], x.columns[f].Codes[b]); c != 0 {
				return c
			}
		}
		return cmp.Compare(a, b)
	}
	if !slices.IsSortedFunc(rows, compare) {
		slices.SortFunc(rows, compare)
	}
	return rows
}

func (x *Index) setTags(b *Builder, rows []uint32) {
	x.tags = slices.SortedFunc(maps.Keys(b.tags), func(s, t tag) int { return cmp.Or(cmp.Compare(s.Key, t.Key), cmp.Compare(s.Value, t.Value)) })
	recode := make([]uint32, len(x.tags))
	for i, t := range x.tags {
		recode[b.tags[t]] = uint32(i)
	}
	for i, code := range b.tagged.All {
		b.tagged.All[i] = recode[code]
	}
	x.tagged = rearranged(b.tagged, rows)
}

func picked(list, rows []uint32) []uint32 {
	moved := make([]uint32, len(rows))
	for i, row := range rows {
		moved[i] = list[row]
	}
	return moved
}

func rearranged[T any](l lists[T], rows []uint32) lists[T] {
	moved := lists[T]{All: make([]T, 0, len(l.All)), Ends: make([]uint32, 0, len(rows))}
	for _, row := range rows {
		moved.All = append(moved.All, l.of(int(row))...)
		moved.Ends = append(moved.Ends, uint32(len(moved.All)))
	}
	return moved
}

// findByID makes ids lead to rows; where two have the same, to the first.
func (x *Index) findByID() {
	c := &x.columns[id]
	x.byID = make([]uint32, len(c.Values))
	for row := range slices.Backward(c.Codes) {
		x.byID[c.Codes[row]] = uint32(row)
	}
}

// find returns the code of a value. It is for columns whose values are in plain order.
func (c *column) find(value string) (uint32, bool) {
	i, ok := slices.BinarySearch(c.Values, value)
	return uint32(i), ok
}
