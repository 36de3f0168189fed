package policyeval

import "strings"

// Wildcards are kept as bytes that no ARN or key value holds, so that a "*" that came out of a variable stays a star.
const (
	anyText = '\x00' // "*"
	anyByte = '\x01' // "?"
)

// pattern is text with wildcards and, in documents of version 2012-10-17, variables.
type pattern struct {
	text  string // sentinels for wildcards; complete when there are no parts
	parts []part // set when the text has variables
}

type part struct {
	text     string // literal text with sentinels
	variable string // context key, lower case; then text is its default
	written  string // the key as written
	fallback bool   // the variable has a default
}

func newPattern(s string, variables bool) pattern {
	if !variables || !strings.Contains(s, "${") {
		return pattern{text: sentinels(s)}
	}
	var parts []part
	for s != "" {
		start := strings.Index(s, "${")
		if start < 0 {
			break
		}
		length := strings.IndexByte(s[start:], '}')
		if length < 0 {
			break
		}
		if start > 0 {
			parts = append(parts, part{text: sentinels(s[:start])})
		}
		parts = append(parts, newVariable(s[start+2:start+length]))
		s = s[start+length+1:]
	}
	if s != "" {
		parts = append(parts, part{text: sentinels(s)})
	}
	return pattern{parts: parts}
}

// newVariable reads the inside of ${…}: a key, a key with a default in single quotes, or an escaped *, ? or $.
func newVariable(inside string) part {
	switch inside {
	case "*", "?", "$":
		return part{text: inside}
	}
	key, fallback, has := strings.Cut(inside, ",")
	key = strings.TrimSpace(key)
	return part{
		variable: fold(key),
		written:  key,
		text:     strings.Trim(strings.TrimSpace(fallback), "'"),
		fallback: has,
	}
}

func (p *pattern) variables(visit func(string)) {
	for _, part := range p.parts {
		if part.variable != "" {
			visit(part.written)
		}
	}
}

// expand fills in variables; false when one has neither a single value nor a default, and then nothing matches.
func (p *pattern) expand(ctx Context) (string, bool) {
	if p.parts == nil {
		return p.text, true
	}
	var b strings.Builder
	for _, part := range p.parts {
		if part.variable == "" {
			b.WriteString(part.text)
			continue
		}
		values, ok := ctx.Values(part.variable)
		switch {
		case ok && len(values) == 1:
			b.WriteString(values[0])
		case part.fallback:
			b.WriteString(part.text)
		default:
			return "", false
		}
	}
	return b.String(), true
}

func (p *pattern) match(s string, ctx Context) bool {
	text, ok := p.expand(ctx)
	return ok && glob(text, s)
}

func sentinels(s string) string {
	if !strings.ContainsAny(s, "*?") {
		return s
	}
	return strings.NewReplacer("*", string(rune(anyText)), "?", string(rune(anyByte))).Replace(s)
}

// glob matches without allocating and in time proportional to len(p)*len(s) at worst.
func glob(p, s string) bool {
	star, mark := -1, 0
	i, j := 0, 0
	for j < len(s) {
		switch {
		case i < len(p) && p[i] == anyText:
			if i == len(p)-1 {
				return true
			}
			star, mark = i, j
			i++
		case i < len(p) && (p[i] == s[j] || p[i] == anyByte):
			i++
			j++
		case star >= 0:
			mark++
			i, j = star+1, mark
		default:
			return false
		}
	}
	for i < len(p) && p[i] == anyText {
		i++
	}
	return i == len(p)
}

// actionSet holds action patterns by service, since lists such as SecurityAudit's name a thousand actions.
type actionSet struct {
	all       bool
	byService map[string][]string // action part, lower case, with sentinels
	loose     []string            // wildcards in the service part
}

func newActionSet(actions []string) actionSet {
	set := actionSet{byService: map[string][]string{}}
	for _, a := range actions {
		service, name, _ := strings.Cut(fold(a), ":")
		switch {
		case a == "*":
			set.all = true
		case strings.ContainsAny(service, "*?"):
			set.loose = append(set.loose, sentinels(fold(a)))
		default:
			set.byService[service] = append(set.byService[service], sentinels(name))
		}
	}
	return set
}

// match takes an action in lower case, whole and cut at its colon.
func (a *actionSet) match(action, service, name string) bool {
	if a.all {
		return true
	}
	for _, p := range a.byService[service] {
		if glob(p, name) {
			return true
		}
	}
	for _, p := range a.loose {
		if glob(p, action) {
			return true
		}
	}
	return false
}

// fold makes action names and condition keys comparable: neither is case-sensitive.
func fold(s string) string { return strings.ToLower(s) }
