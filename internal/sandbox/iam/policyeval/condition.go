package policyeval

import (
	"net/netip"
	"sort"
	"strconv"
	"strings"
	"time"
)

// Context answers what a request says about a condition key. Keys are asked for in lower case.
type Context interface {
	Values(key string) ([]string, bool)
}

// Map is a Context of fixed values; its keys are in lower case.
type Map map[string][]string

// NewMap makes a Map from keys in any case.
func NewMap(values map[string][]string) Map {
	m := make(Map, len(values))
	for k, v := range values {
		m[fold(k)] = v
	}
	return m
}

// Values implements Context.
func (m Map) Values(key string) ([]string, bool) {
	v, ok := m[key]
	return v, ok
}

type quantifier int

const (
	plain quantifier = iota
	forAllValues
	forAnyValue
)

// condition is one key of one operator.
type condition struct {
	key      string // lower case
	written  string
	set      quantifier
	ifExists bool
	negated  bool
	null     bool
	compare  compare
	values   []wanted
}

// wanted is a value that a policy asks for; number, moment and network are set where the operator needs them.
type wanted struct {
	text    pattern
	number  float64
	moment  time.Time
	network netip.Prefix
	bad     bool // the text is no such value, so it matches nothing
}

type compare func(have string, w *wanted, ctx Context) bool

// operator finds an operator's comparison; names are not case-sensitive.
func operator(name string) (f compare, negated, ok bool) {
	base := name
	if i := strings.Index(name, "not"); i >= 0 {
		base, negated = name[:i]+name[i+3:], true
	}
	switch base {
	case "stringequals", "binaryequals":
		f = textEquals
	case "stringequalsignorecase":
		f = textEqualsFold
	case "stringlike":
		f = textLike
	case "arnequals", "arnlike":
		f = arnLike
	case "bool":
		f = textEqualsFold
	case "ipaddress":
		f = inNetwork
	case "numericequals", "dateequals":
		f = ordered(func(c int) bool { return c == 0 })
	case "numericlessthan", "datelessthan":
		f = ordered(func(c int) bool { return c < 0 })
	case "numericlessthanequals", "datelessthanequals":
		f = ordered(func(c int) bool { return c <= 0 })
	case "numericgreaterthan", "dategreaterthan":
		f = ordered(func(c int) bool { return c > 0 })
	case "numericgreaterthanequals", "dategreaterthanequals":
		f = ordered(func(c int) bool { return c >= 0 })
	}
	if negated && (strings.Contains(base, "than") || base == "bool" || base == "binaryequals") {
		return nil, false, false
	}
	return f, negated, f != nil
}

func parseConditions(blocks map[string]map[string]oneOrMany, variables bool) ([]condition, error) {
	var all []condition
	for name, keys := range blocks {
		op := condition{}
		rest := fold(name)
		if after, ok := strings.CutPrefix(rest, "forallvalues:"); ok {
			rest, op.set = after, forAllValues
		} else if after, ok := strings.CutPrefix(rest, "foranyvalue:"); ok {
			rest, op.set = after, forAnyValue
		}
		rest, op.ifExists = strings.CutSuffix(rest, "ifexists")
		if rest == "null" && !op.ifExists {
			op.null, op.compare = true, textEqualsFold
		} else {
			var ok bool
			if op.compare, op.negated, ok = operator(rest); !ok {
				return nil, malformed("Invalid Condition type : " + name + ".")
			}
		}
		for key, values := range keys {
			if !strings.Contains(key, ":") {
				return nil, malformed("Actions/Conditions must be prefaced by a vendor, e.g., iam, sdb, ec2, etc.")
			}
			c := op
			c.key, c.written = fold(key), key
			for _, v := range values {
				c.values = append(c.values, newWanted(v, rest, variables))
			}
			all = append(all, c)
		}
	}
	sort.Slice(all, func(i, j int) bool { return all[i].key < all[j].key })
	return all, nil
}

// newWanted keeps wildcards only for the operators that know them.
func newWanted(text, op string, variables bool) wanted {
	w := wanted{text: newPattern(text, variables)}
	var ok bool
	switch {
	case strings.HasPrefix(op, "numeric"):
		n, err := strconv.ParseFloat(text, 64)
		w.number, w.bad = n, err != nil
	case strings.HasPrefix(op, "date"):
		w.moment, ok = parseMoment(text)
		w.bad = !ok
	case strings.Contains(op, "ipaddress"):
		w.network, ok = parseNetwork(text)
		w.bad = !ok
	case !strings.HasSuffix(op, "like") && !strings.HasPrefix(op, "arn") && w.text.parts == nil:
		w.text.text = text
	}
	return w
}

func textEquals(have string, w *wanted, ctx Context) bool {
	text, ok := w.text.expand(ctx)
	return ok && text == have
}

func textEqualsFold(have string, w *wanted, ctx Context) bool {
	text, ok := w.text.expand(ctx)
	return ok && strings.EqualFold(text, have)
}

func textLike(have string, w *wanted, ctx Context) bool { return w.text.match(have, ctx) }

// arnLike compares the six fields of an ARN one by one, so that a wildcard never reaches over a colon, but in the last.
func arnLike(have string, w *wanted, ctx Context) bool {
	text, ok := w.text.expand(ctx)
	if !ok {
		return false
	}
	if text == string(rune(anyText)) {
		return true
	}
	for range 5 {
		p, restP, okP := strings.Cut(text, ":")
		s, restS, okS := strings.Cut(have, ":")
		if !okP || !okS || !glob(p, s) {
			return false
		}
		text, have = restP, restS
	}
	return glob(text, have)
}

func inNetwork(have string, w *wanted, _ Context) bool {
	address, err := netip.ParseAddr(have)
	return err == nil && !w.bad && w.network.Contains(address)
}

// ordered compares numbers, or moments where the wanted value is one.
func ordered(want func(int) bool) compare {
	return func(have string, w *wanted, _ Context) bool {
		if w.bad {
			return false
		}
		if w.moment.IsZero() {
			n, err := strconv.ParseFloat(have, 64)
			return err == nil && want(sign(n-w.number))
		}
		t, ok := parseMoment(have)
		return ok && want(t.Compare(w.moment))
	}
}

func sign(f float64) int {
	switch {
	case f < 0:
		return -1
	case f > 0:
		return 1
	default:
		return 0
	}
}

// parseMoment reads a W3C date of ISO 8601 or a count of seconds since 1970.
func parseMoment(s string) (time.Time, bool) {
	for _, layout := range []string{time.RFC3339, "2006-01-02T15:04Z07:00", "2006-01-02", "2006-01", "2006"} {
		if t, err := time.Parse(layout, s); err == nil {
			return t, true
		}
	}
	seconds, err := strconv.ParseInt(s, 10, 64)
	return time.Unix(seconds, 0), err == nil
}

func parseNetwork(s string) (netip.Prefix, bool) {
	if p, err := netip.ParsePrefix(s); err == nil {
		return p, true
	}
	a, err := netip.ParseAddr(s)
	if err != nil {
		return netip.Prefix{}, false
	}
	return netip.PrefixFrom(a, a.BitLen()), true
}

// holds decides one condition and notes the key that the request says nothing about.
func (c *condition) holds(ctx Context, explain *Explanation) bool {
	have, present := ctx.Values(c.key)
	present = present && len(have) > 0
	if c.null {
		absent := strconv.FormatBool(!present)
		return c.any(absent, ctx)
	}
	if !present {
		explain.missing(c.written)
		switch {
		case c.ifExists, c.set == forAllValues:
			return true
		case c.set == forAnyValue:
			return false
		default:
			return c.negated
		}
	}
	switch {
	case c.set == forAllValues, c.set == plain && c.negated:
		for _, v := range have {
			if c.any(v, ctx) == c.negated {
				return false
			}
		}
		return true
	default:
		for _, v := range have {
			if c.any(v, ctx) != c.negated {
				return true
			}
		}
		return false
	}
}

func (c *condition) any(have string, ctx Context) bool {
	for i := range c.values {
		if c.compare(have, &c.values[i], ctx) {
			return true
		}
	}
	return false
}
