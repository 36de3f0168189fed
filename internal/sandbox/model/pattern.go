package model

import (
	"fmt"
	"regexp"
	"regexp/syntax"
	"strings"
	"sync"
	"unicode/utf8"
)

// pattern is a shape's regular expression, compiled when it is first asked. The whole text must match, as it must for
// the Java matchers that the service models were written for.
type pattern struct {
	once  sync.Once
	any   bool      // nothing is refused
	ascii [128]bool // of a repeated class: its members
	class bool      // the pattern is one class, repeated: most are
	least int       // how often a class must be there
	whole *regexp.Regexp
}

// Matches says whether a text is what the shape's pattern demands; a shape without pattern takes any.
func (s *Shape) Matches(text string) bool {
	if s.Pattern == "" {
		return true
	}
	p := &s.compiled
	p.once.Do(func() { p.compile(s.Pattern) })
	if p.any {
		return true
	}
	if p.class {
		if len(text) < p.least {
			return false
		}
		for i := 0; ; i++ {
			if i == len(text) {
				return true
			}
			if c := text[i]; c >= utf8.RuneSelf {
				break
			} else if !p.ascii[c] {
				return false
			}
		}
	}
	return p.whole.MatchString(text)
}

// compile leaves a pattern that Go can't read unheld; modelgen keeps such out of the facts.
func (p *pattern) compile(source string) {
	whole, err := CompilePattern(source)
	if err != nil {
		p.any = true
		return
	}
	p.whole = whole
	if p.least, p.class = repeatedClass(whole.String()); p.class {
		for c := range p.ascii {
			p.ascii[c] = whole.MatchString(string(rune(c)))
		}
	}
}

// repeatedClass tells whether an expression is one class of characters repeated from zero or one times on.
func repeatedClass(source string) (least int, ok bool) {
	tree, err := syntax.Parse(source, syntax.Perl)
	if err != nil {
		return 0, false
	}
	for {
		switch tree.Op {
		case syntax.OpConcat: // what stands between the anchors
			var inner []*syntax.Regexp
			for _, sub := range tree.Sub {
				switch sub.Op {
				case syntax.OpBeginText, syntax.OpEndText:
				default:
					inner = append(inner, sub)
				}
			}
			if len(inner) != 1 {
				return 0, false
			}
			tree = inner[0]
		case syntax.OpCapture:
			tree = tree.Sub[0]
		case syntax.OpStar, syntax.OpPlus:
			if tree.Op == syntax.OpPlus {
				least = 1
			}
			inner := tree.Sub[0]
			for inner.Op == syntax.OpCapture {
				inner = inner.Sub[0]
			}
			return least, inner.Op == syntax.OpCharClass || inner.Op == syntax.OpAnyChar || inner.Op == syntax.OpAnyCharNotNL
		default:
			return 0, false
		}
	}
}

// CompilePattern turns a pattern of the service models, which are Java's, into an expression that a whole text must
// match. Characters beyond 16 bits, which Java writes in halves, are written whole.
//
// Some patterns know only the partitions that there were when they were written, though the services take the others'
// ARNs too: those are loosened.
func CompilePattern(source string) (*regexp.Regexp, error) {
	text := strings.NewReplacer(
		`\uD800\uDC00-\uDBFF\uDFFF`, `\x{10000}-\x{10FFFF}`,
		`arn:aws:`, `arn:aws[a-z0-9-]*:`,
		`arn:aws(-(cn|us-gov|iso(-[bef])?))?:`, `arn:aws[a-z0-9-]*:`,
	).Replace(source)
	text = regexp.MustCompile(`\\u([0-9A-Fa-f]{4})`).ReplaceAllString(text, `\x{$1}`)
	whole, err := regexp.Compile(`\A(?:` + text + `)\z`)
	if err != nil {
		return nil, fmt.Errorf("pattern %q: %w", source, err)
	}
	return whole, nil
}
