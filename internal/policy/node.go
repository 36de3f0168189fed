package policy

import (
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/goccy/go-yaml/ast"
)

// What a text must look like, in the words of an error message.
const (
	accountHint   = "an account id: twelve digits, in quotes"
	regionHint    = "a region such as eu-west-1, with * for any text"
	arnHint       = "an ARN (arn:…), with * for any text"
	operationHint = "an operation such as glue:GetMLTransforms, with * for any text"
	textHint      = "text, which must not be empty"
)

// decoder walks the YAML tree and notes every error that it meets.
type decoder struct {
	file  string
	errs  []*Error
	rules map[string]*regexp.Regexp // compiled when first used
}

// follows tells whether the text keeps the rule.
func (d *decoder) follows(rule, text string) bool {
	r, ok := d.rules[rule]
	if !ok {
		r = regexp.MustCompile(rule)
		d.rules[rule] = r
	}
	return r.MatchString(text)
}

// field is one key that a mapping may have.
type field struct {
	name     string
	required bool
	read     func(ast.Node)
}

func (d *decoder) errorAt(line, column int, format string, args ...any) {
	d.errs = append(d.errs, &Error{File: d.file, Line: line, Column: column, Message: fmt.Sprintf(format, args...)})
}

func (d *decoder) errorf(n ast.Node, format string, args ...any) {
	line, column := position(n)
	d.errorAt(line, column, format, args...)
}

// position is where a node begins. A block mapping begins at its first key, not at the colon that the parser reports.
func position(n ast.Node) (line, column int) {
	switch m := n.(type) {
	case nil:
		return 1, 1
	case *ast.MappingNode:
		if !m.IsFlowStyle && len(m.Values) > 0 {
			return position(m.Values[0].Key)
		}
	case *ast.MappingValueNode:
		return position(m.Key)
	}
	if tok := n.GetToken(); tok != nil && tok.Position != nil {
		return tok.Position.Line, tok.Position.Column
	}
	return 1, 1
}

// pairs returns the keys and values of a mapping, or false for any other node.
func pairs(n ast.Node) ([]*ast.MappingValueNode, bool) {
	switch m := n.(type) {
	case *ast.MappingNode:
		return m.Values, true
	case *ast.MappingValueNode:
		return []*ast.MappingValueNode{m}, true
	}
	return nil, false
}

// find returns the value of a key in a mapping, nil when there is none.
func find(n ast.Node, name string) ast.Node {
	values, _ := pairs(n)
	for _, v := range values {
		if key, ok := v.Key.(*ast.StringNode); ok && key.Value == name {
			return v.Value
		}
	}
	return nil
}

// mapping reads each known key once and notes unknown, repeated and missing ones.
func (d *decoder) mapping(n ast.Node, what string, fields []field) {
	values, ok := pairs(n)
	if !ok {
		d.wrongType(n, what, "a mapping (key: value)")
		return
	}
	seen := map[string]int{}
	for _, v := range values {
		key, ok := v.Key.(*ast.StringNode)
		if !ok {
			d.errorf(v.Key, "%s has a key that is not plain text: %s", what, describe(v.Key))
			continue
		}
		line, _ := position(key)
		if first, again := seen[key.Value]; again {
			d.errorf(key, "%q is given twice; the first is on line %d", key.Value, first)
			continue
		}
		seen[key.Value] = line
		i := slices.IndexFunc(fields, func(f field) bool { return f.name == key.Value })
		if i < 0 {
			d.unknownField(key, what, fields)
			continue
		}
		fields[i].read(v.Value)
	}
	for _, f := range fields {
		if _, ok := seen[f.name]; f.required && !ok {
			d.errorf(n, "%s must have %q", what, f.name)
		}
	}
}

func (d *decoder) unknownField(key *ast.StringNode, what string, fields []field) {
	var names []string
	for _, f := range fields {
		names = append(names, f.name)
	}
	if meant, ok := nearest(key.Value, names); ok {
		d.errorf(key, "%s has no field %q; did you mean %q?", what, key.Value, meant)
		return
	}
	d.errorf(key, "%s has no field %q; it has %s", what, key.Value, strings.Join(names, ", "))
}

// list reads each entry of a sequence.
func (d *decoder) list(n ast.Node, what string, read func(ast.Node)) {
	s, ok := n.(*ast.SequenceNode)
	if !ok {
		d.wrongType(n, what, "a list")
		return
	}
	for _, v := range s.Values {
		read(v)
	}
}

// texts reads a list of texts that all keep one rule.
func texts[T ~string](d *decoder, n ast.Node, what, rule, hint string) []T {
	var all []T
	d.list(n, what, func(n ast.Node) { all = append(all, T(d.text(n, "an entry of "+what, rule, hint))) })
	return all
}

// text reads a text that keeps the rule; the hint says in words what is wanted.
func (d *decoder) text(n ast.Node, what, rule, hint string) string {
	s, ok := d.scalar(n, what, hint)
	if ok && !d.follows(rule, s) {
		d.errorf(n, "%s is %q; it must be %s", what, s, hint)
	}
	return s
}

// scalar reads a plain, quoted or block text.
func (d *decoder) scalar(n ast.Node, what, hint string) (string, bool) {
	switch s := n.(type) {
	case *ast.StringNode:
		return s.Value, true
	case *ast.LiteralNode:
		return s.Value.Value, true
	}
	d.wrongType(n, what, hint)
	return "", false
}

// choice reads one of a few words.
func (d *decoder) choice(n ast.Node, what string, words []string, into *string) {
	hint := "one of " + strings.Join(words, ", ")
	s, ok := d.scalar(n, what, hint)
	switch {
	case !ok:
	case slices.Contains(words, s):
		*into = s
	default:
		if meant, ok := nearest(s, words); ok {
			d.errorf(n, "%s is %q; did you mean %q?", what, s, meant)
			return
		}
		d.errorf(n, "%s is %q; it must be %s", what, s, hint)
	}
}

// date reads a day that is in the calendar.
func (d *decoder) date(n ast.Node, what string) Date {
	const hint = "a date, YYYY-MM-DD"
	s, ok := d.scalar(n, what, hint)
	switch {
	case !ok:
	case !d.follows(dateRule, s):
		d.errorf(n, "%s is %q; it must be %s", what, s, hint)
	case !Date(s).valid():
		d.errorf(n, "%s is %s, which is not in the calendar", what, s)
	}
	return Date(s)
}

func (d *decoder) wrongType(n ast.Node, what, want string) {
	if _, ok := n.(*ast.NullNode); ok || n == nil {
		d.errorf(n, "%s has no value; it must be %s, or be left out", what, want)
		return
	}
	d.errorf(n, "%s is %s; it must be %s", what, describe(n), want)
}

// describe names a node of the wrong kind to a person.
func describe(n ast.Node) string {
	switch n.(type) {
	case *ast.MappingNode, *ast.MappingValueNode:
		return "a mapping"
	case *ast.SequenceNode:
		return "a list"
	case *ast.IntegerNode, *ast.FloatNode, *ast.InfinityNode, *ast.NanNode:
		return "the number " + n.GetToken().Value
	case *ast.BoolNode:
		return "the boolean " + n.GetToken().Value
	case *ast.NullNode:
		return "null"
	case *ast.AnchorNode, *ast.AliasNode, *ast.MergeKeyNode:
		return "a YAML anchor or alias, which policies don't use"
	case *ast.TagNode:
		return "a YAML tag, which policies don't use"
	case *ast.StringNode, *ast.LiteralNode:
		return fmt.Sprintf("the text %q", n.GetToken().Value)
	}
	return "YAML of a kind that policies don't use"
}
