package report

import (
	"bufio"
	"cmp"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/glueguard/glueguard/internal/change"
)

// endingShown is how many changes are named with the commands that can follow.
const endingShown = 10

// Ending says how changes ended that were just worked on: a count by state, why some are not as they should be, and
// which commands follow.
func Ending(w io.Writer, l Look, list []*change.Change) error {
	out := bufio.NewWriter(w)
	if len(list) == 0 {
		return nil
	}
	p := planPage{out: out, look: l, ink: newInk(l.Color)}
	fmt.Fprintf(out, "\n%s: %s.\n", p.ink.strong(plural(len(list), "change")), strings.Join(byState(p.ink, list), ", "))
	shown := 0
	for _, c := range pressing(list) {
		next := Next(c)
		if len(next) == 0 && c.Trouble == nil {
			continue
		}
		if shown++; shown > endingShown {
			continue
		}
		i := c.Head.Item
		fmt.Fprintf(out, "\n%s (%s): %s\n", Thing(i.Resource), i.Location, stateInk(p.ink, stateWords(c))(stateWords(c)))
		if t := c.Trouble; t != nil {
			p.wrapped("  ", t.Message, p.ink.plain)
			for _, d := range t.Differences {
				p.wrapped("  ", fmt.Sprintf("%s: wanted %s, is %s", d.Attribute, orNone(d.Want), orNone(d.Got)), p.ink.plain)
			}
			if t.Advice != "" {
				p.wrapped("  hint: ", t.Advice, p.ink.plain)
			}
		}
		for _, line := range next {
			fmt.Fprintf(out, "  %s\n", line)
		}
	}
	if shown > endingShown {
		fmt.Fprintf(out, "\nand %d more: glueguard changes\n", shown-endingShown)
	}
	return out.Flush()
}

// pressing sorts changes by how much they need somebody.
func pressing(list []*change.Change) []*change.Change {
	return slices.SortedStableFunc(slices.Values(list), func(a, b *change.Change) int { return cmp.Compare(rank(a), rank(b)) })
}

func rank(c *change.Change) int {
	switch c.State {
	case change.Waiting, change.FailedAt, change.Regressed:
		return 0
	case change.Running, change.BackingOut:
		return 1
	case change.RefusedAt, change.BackedOut:
		return 2
	case change.Done, change.Finalized:
	}
	return 3
}

// byState counts changes by their states, in the order in which they are met.
func byState(k ink, list []*change.Change) []string {
	var states []string
	counts := map[string]int{}
	for _, c := range pressing(list) {
		s := stateWords(c)
		if counts[s]++; counts[s] == 1 {
			states = append(states, s)
		}
	}
	for i, s := range states {
		states[i] = stateInk(k, s)(fmt.Sprintf("%d %s", counts[s], s))
	}
	return states
}
