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

// Idle counts the changes that nothing was done about.
type Idle struct {
	NotBegun int
	Settled  int // what they ask for was there already
}

// Ending says how changes ended that were just worked on: a count by state and of those that were not begun, why some
// are not as they should be and what can be done about each, and what follows for those that are.
func Ending(w io.Writer, l Look, list []*change.Change, idle Idle) error {
	out := bufio.NewWriter(w)
	all := len(list) + idle.NotBegun + idle.Settled
	if all == 0 {
		return nil
	}
	p := planPage{out: out, look: l, ink: newInk(l.Color)}
	counts := byState(p.ink, list)
	if idle.Settled > 0 {
		counts = append(counts, p.ink.good(fmt.Sprintf("%d done before", idle.Settled)))
	}
	if idle.NotBegun > 0 {
		counts = append(counts, p.ink.doubt(fmt.Sprintf("%d not begun", idle.NotBegun)))
	}
	fmt.Fprintf(out, "\n%s: %s.\n", p.ink.strong(plural(all, "change")), strings.Join(counts, ", "))
	shown := 0
	var kept, done []string
	var unfinished []*change.Change
	for _, c := range pressing(list) {
		switch {
		case c.State == change.Done && c.Trouble == nil && c.KeepsOriginal():
			kept = append(kept, c.Head.ID)
		case c.State == change.Done && c.Trouble == nil:
			done = append(done, c.Head.ID)
		case settled(c):
		case c.Trouble == nil && (c.State == change.Running || c.State == change.BackingOut):
			unfinished = append(unfinished, c)
		default:
			if shown++; shown <= endingShown {
				p.troubled(c)
			}
		}
	}
	if shown > endingShown {
		fmt.Fprintf(out, "\nand %d more: glueguard changes\n", shown-endingShown)
	}
	p.unfinished(unfinished)
	if shown+len(unfinished) > 0 && len(kept)+len(done) > 0 {
		fmt.Fprintln(out)
	}
	p.follows("finalize", "To let go of the originals that were kept", kept)
	p.follows("backout", "To take a change back", append(done, kept...))
	return out.Flush()
}

// whereLeft is leftWhere, with the step at which an unfinished change stands.
func whereLeft(c *change.Change) string {
	if c.State == change.Running || c.State == change.BackingOut {
		return leftWhere(c) + ", at " + at(c)
	}
	return leftWhere(c)
}

// settled tells whether a change is over and needs no word.
func settled(c *change.Change) bool {
	return c.Trouble == nil && (c.State == change.Finalized || c.State == change.BackedOut || c.State == change.RefusedAt)
}

// troubled says of one change what is wrong, and which commands can follow.
func (p *planPage) troubled(c *change.Change) {
	i := c.Head.Item
	fmt.Fprintf(p.out, "\n%s (%s): %s\n", Thing(i.Resource), i.Location, stateInk(p.ink, leftWhere(c))(whereLeft(c)))
	if t := c.Trouble; t != nil {
		p.wrapped("  ", t.Message, p.ink.plain)
		p.differences(t.Differences)
		if t.Advice != "" {
			p.wrapped("  hint: ", t.Advice, p.ink.plain)
		}
	}
	if c.State == change.RefusedAt || c.State == change.BackedOut {
		p.wrapped("  ", "The original is as it was.", p.ink.good)
	}
	for _, line := range Next(c) {
		fmt.Fprintf(p.out, "  %s\n", line)
	}
}

// follows names a command that can follow on several changes alike.
func (p *planPage) follows(verb, what string, ids []string) {
	switch {
	case len(ids) == 0:
		return
	case verb == "finalize" && len(ids) <= endingShown:
		fmt.Fprintf(p.out, "%s: glueguard %s %s\n", what, verb, strings.Join(ids, " "))
	case len(ids) == 1:
		fmt.Fprintf(p.out, "%s: glueguard %s %s\n", what, verb, ids[0])
	default:
		fmt.Fprintf(p.out, "%s: glueguard %s CHANGE (glueguard changes lists them)\n", what, verb)
	}
}

// unfinished says where changes were left, and how to go on: each for itself, or all at once.
func (p *planPage) unfinished(list []*change.Change) {
	if len(list) == 0 {
		return
	}
	if len(list) == 1 {
		p.troubled(list[0])
		return
	}
	fmt.Fprintln(p.out)
	for _, c := range list[:min(len(list), endingShown)] {
		i := c.Head.Item
		p.wrapped("  ", fmt.Sprintf("%s  %s (%s): %s", c.Head.ID, Thing(i.Resource), i.Location, whereLeft(c)), p.ink.plain)
	}
	if more := len(list) - endingShown; more > 0 {
		fmt.Fprintf(p.out, "  and %d more: glueguard changes\n", more)
	}
	fmt.Fprintln(p.out, "To go on with all of them: glueguard resume --all")
}

// leftWhere is a change's state once nobody works on it any more: what still runs has been left where it stands.
func leftWhere(c *change.Change) string {
	switch c.State {
	case change.Running:
		return "unfinished"
	case change.BackingOut:
		return "not yet taken back"
	}
	return stateWords(c)
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
		s := leftWhere(c)
		if counts[s]++; counts[s] == 1 {
			states = append(states, s)
		}
	}
	for i, s := range states {
		states[i] = stateInk(k, s)(fmt.Sprintf("%d %s", counts[s], s))
	}
	return states
}

// Verified says what a fresh look at a change found.
func Verified(w io.Writer, l Look, c *change.Change, differences []change.Difference) error {
	out := bufio.NewWriter(w)
	p := planPage{out: out, look: l, ink: newInk(l.Color)}
	i := c.Head.Item
	if len(differences) == 0 {
		fmt.Fprintf(out, "%s (%s): %s\n", Thing(i.Resource), i.Location, p.ink.good("as promised"))
		return out.Flush()
	}
	fmt.Fprintf(out, "%s (%s): %s\n", Thing(i.Resource), i.Location, p.ink.bad(plural(len(differences), "difference")))
	p.differences(differences)
	if c.State == change.Regressed {
		p.wrapped("  ", "It is not encrypted any more as the change had left it: the change is now "+change.Regressed.Words()+".", p.ink.plain)
	}
	return out.Flush()
}

func (p *planPage) differences(list []change.Difference) {
	for _, d := range list {
		p.wrapped("  ", fmt.Sprintf("%s: wanted %s, is %s", clean(d.Attribute), orNone(d.Want), orNone(d.Got)), p.ink.plain)
	}
}
