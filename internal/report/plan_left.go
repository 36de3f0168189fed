package report

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/glueguard/glueguard/internal/control"
	"github.com/glueguard/glueguard/internal/plan"
	"github.com/glueguard/glueguard/internal/resource"
)

// left is what a plan leaves alone for one reason, with one thing to do instead.
type left struct {
	code    string
	instead string
	items   []plan.Item
}

// leftAlone gathers blocked items by what would have to be done about them. What only lacks a word of the reader's comes
// last, next to the count line. Keys, which no plan repairs, are returned apart.
func leftAlone(blocked []plan.Item) (groups []*left, keys []plan.Item) {
	known := map[[2]string]*left{}
	for _, i := range blocked {
		if i.Resource.Type == resource.TypeKey {
			keys = append(keys, i)
			continue
		}
		by := [2]string{i.Blocked.Code, i.Blocked.Instead}
		if i.Blocked.Code == plan.BlockedUnderWay || i.Blocked.Code == plan.BlockedExcepted {
			by[1] = "" // it names the change, or the exception: each item says its own
		}
		g := known[by]
		if g == nil {
			g = &left{code: i.Blocked.Code, instead: i.Blocked.Instead}
			known[by] = g
			groups = append(groups, g)
		}
		g.items = append(g.items, i)
	}
	slices.SortStableFunc(groups, func(a, b *left) int { return cmp.Compare(leftRank(a.code), leftRank(b.code)) })
	return groups, keys
}

// leftRank orders the reasons: the later, the easier for the reader to change.
func leftRank(code string) int {
	switch code {
	case plan.BlockedAlready, plan.BlockedGone:
		return 0
	case plan.BlockedExcepted, plan.BlockedUnderWay:
		return 1
	case plan.BlockedNoLabels:
		return 3
	case plan.BlockedNoKey:
		return 4
	case plan.BlockedNoMode:
		return 5
	}
	return 2
}

// leftWords says of one resource, and of several, why they are left alone.
func leftWords(code string) (one, many string) {
	switch code {
	case plan.BlockedNoMode:
		return "needs --mode", "need --mode"
	case plan.BlockedNoKey:
		return "needs a KMS key", "need a KMS key"
	case plan.BlockedNoLabels:
		return "needs --labels-s3", "need --labels-s3"
	case plan.BlockedUnknown:
		return "can't be judged", "can't be judged"
	case plan.BlockedAlready:
		return "is already as wanted", "are already as wanted"
	case plan.BlockedGone:
		return "is gone", "are gone"
	case plan.BlockedExcepted:
		return "is excepted", "are excepted"
	case plan.BlockedUnderWay:
		return "has a change already", "have a change already"
	}
	return "can't be repaired", "can't be repaired"
}

// leftCounts counts what is left alone, in the words of the count line, and the keys apart.
func leftCounts(blocked []plan.Item) (counts []string, keys int) {
	groups, keyItems := leftAlone(blocked)
	var codes []string // one for each of the words
	n := map[string]int{}
	for _, g := range groups {
		one, _ := leftWords(g.code)
		if n[one] == 0 {
			codes = append(codes, g.code)
		}
		n[one] += len(g.items)
	}
	for _, code := range codes {
		one, many := leftWords(code)
		if n[one] == 1 {
			many = one
		}
		counts = append(counts, fmt.Sprintf("%d %s", n[one], many))
	}
	return counts, len(keyItems)
}

// kinds counts items by kind: "2 dev endpoints and 1 ML transform".
func kinds(items []plan.Item) string {
	var order []string
	n := map[string]int{}
	for _, i := range items {
		kind := KindOf(i.Resource.Type)
		if n[kind]++; n[kind] == 1 {
			order = append(order, kind)
		}
	}
	slices.Sort(order)
	slices.Reverse(order)
	for k, kind := range order {
		order[k] = plural(n[kind], kind)
	}
	return strings.Join(order, " and ")
}

// sameMessage is the message that all the items have; empty where they differ.
func (g *left) sameMessage() string {
	message := g.items[0].Blocked.Message
	for _, i := range g.items {
		if i.Blocked.Message != message || i.Blocked.Instead != g.instead {
			return ""
		}
	}
	return message
}

// byPlace lists the names of items, by kind and location.
func byPlace(items []plan.Item) (lines []string) {
	var order []string
	names := map[string][]string{}
	for _, i := range items {
		where := KindOf(i.Resource.Type) + "\x00" + i.Location.String()
		if names[where] == nil {
			order = append(order, where)
		}
		names[where] = append(names[where], clean(nameOf(i.Resource)))
	}
	for _, where := range order {
		kind, place, _ := strings.Cut(where, "\x00")
		if len(names[where]) > 1 {
			kind += "s"
		}
		lines = append(lines, fmt.Sprintf("%s in %s: %s", kind, place, strings.Join(names[where], ", ")))
	}
	return lines
}

// blocked shows what is left alone, each reason once: why, what to do instead, and what it is.
func (p *planPage) blocked(items []plan.Item) {
	groups, keys := leftAlone(items)
	p.keys(keys)
	for _, g := range groups {
		if len(g.items) == 1 {
			p.header(g.items[0])
		} else {
			_, many := leftWords(g.code)
			fmt.Fprintln(p.out, p.ink.strong(fmt.Sprintf("  # %s %s", kinds(g.items), many)))
		}
		p.group(g)
		fmt.Fprintln(p.out)
	}
}

func (p *planPage) group(g *left) {
	message := g.sameMessage()
	if message != "" {
		p.wrapped("    ", message+" ("+g.code+")", p.ink.plain)
		if g.instead != "" {
			p.wrapped("    instead: ", g.instead, p.ink.plain)
		}
		if len(g.items) > 1 {
			p.listed(byPlace(g.items))
		}
		return
	}
	alike := !slices.ContainsFunc(g.items, func(i plan.Item) bool { return i.Blocked.Instead != g.instead })
	if alike && g.instead != "" {
		p.wrapped("    instead: ", g.instead+" ("+g.code+")", p.ink.plain)
	}
	var lines []string
	for _, i := range g.items {
		line := fmt.Sprintf("%s (%s): %s", Thing(i.Resource), i.Location, i.Blocked.Message)
		if !alike && i.Blocked.Instead != "" {
			line += " " + i.Blocked.Instead
		}
		lines = append(lines, line)
	}
	p.listed(lines)
}

// listed writes lines, on a terminal no more than anybody reads.
func (p *planPage) listed(lines []string) {
	shown := lines
	if p.look.Terminal && len(lines) > terminalPlaces {
		shown = lines[:terminalPlaces]
	}
	for _, l := range shown {
		p.wrapped("    - ", l, p.ink.plain)
	}
	if more := len(lines) - len(shown); more > 0 {
		fmt.Fprintf(p.out, "      %s\n", p.ink.dim(fmt.Sprintf("and %d more", more)))
	}
}

// keys names the KMS keys that have findings of their own, by what is wrong with them.
func (p *planPage) keys(items []plan.Item) {
	if len(items) == 0 {
		return
	}
	fmt.Fprintln(p.out, p.ink.strong("  # "+keysWords(len(items))))
	p.listed(keyLines(items))
	p.wrapped("    instead: ", "Settle them at the keys: `glueguard audit --control "+string(control.KeyManagement)+"` says how.", p.ink.plain)
	fmt.Fprintln(p.out)
}

func keysWords(n int) string {
	if n == 1 {
		return "1 KMS key has a finding of its own, which replacing a resource does not settle"
	}
	return fmt.Sprintf("%d KMS keys have findings of their own, which replacing a resource does not settle", n)
}

// keyLines lists keys by what is wrong with them.
func keyLines(items []plan.Item) (lines []string) {
	var order []string
	names := map[string][]string{}
	for _, i := range items {
		var reasons []string
		for _, f := range i.Findings {
			reasons = append(reasons, reasonWords(reasonOf(f)))
		}
		why := cmp.Or(strings.Join(reasons, ", "), "does not fail")
		if names[why] == nil {
			order = append(order, why)
		}
		names[why] = append(names[why], fmt.Sprintf("%s (%s)", clean(nameOf(i.Resource)), i.Location))
	}
	for _, why := range order {
		lines = append(lines, why+": "+strings.Join(names[why], ", "))
	}
	return lines
}
