package evidence

import (
	"bytes"
	"encoding/json"
	"fmt"
	"iter"
	"math"
	"slices"
	"strings"
)

// document is a JSON text that was taken apart into its values, without a copy of any. It is used again for the next
// text.
type document struct {
	text    string
	nodes   []node   // each before its members, the text's own value first
	decoded []string // what strings say that are not written as they read
}

// node is a value, and the name that it is a member by. There are millions in a large plan.
type node struct {
	from, to    int32 // where it begins and ends in the text
	name, named int32 // and its name, with the quotes
	next        int32 // the node after all of its members
	says, said  int32 // where in decoded stands what it says, and its name; 0: it is written as it reads
	hidden      bool  // a user's own value, which is left out
	open        bool  // what stands openly in a record
}

// largest is how long a document may be.
const largest = math.MaxInt32

// deepest is how many values deep a document may be, as in encoding/json.
const deepest = 10_000

// documentError says where a text is no JSON.
type documentError struct{ at int }

func (e documentError) Error() string { return fmt.Sprintf("it is not JSON at byte %d", e.at) }

// parse takes a text apart.
func (d *document) parse(text string) error {
	if len(text) > largest {
		return fmt.Errorf("it is larger than %d bytes", largest)
	}
	d.text, d.decoded = text, append(d.decoded[:0], "")
	d.nodes = slices.Grow(d.nodes[:0], strings.Count(text, ",")+strings.Count(text, "{")+strings.Count(text, "[")+1) // or fewer
	end, err := d.value(d.space(0), node{}, 0)
	if err != nil {
		return err
	}
	if end = d.space(end); end < len(text) {
		return documentError{end}
	}
	return nil
}

// at is the character there; 0, which stands nowhere in JSON, behind the end.
func (d *document) at(i int) byte {
	if i < len(d.text) {
		return d.text[i]
	}
	return 0
}

func (d *document) space(i int) int {
	for c := d.at(i); c == ' ' || c == '\n' || c == '\t' || c == '\r'; c = d.at(i) {
		i++
	}
	return i
}

// value takes in the value that begins there, whose name n has, and returns where it ends.
func (d *document) value(from int, n node, depth int) (end int, err error) {
	n.from = int32(from)
	self := len(d.nodes)
	d.nodes = append(d.nodes, n)
	says := int32(0)
	switch c := d.at(from); {
	case depth > deepest:
		err = documentError{from}
	case c == '{':
		end, err = d.members(from, depth)
	case c == '[':
		end, err = d.elements(from, depth)
	case c == '"':
		end, says, err = d.quoted(from)
	default:
		end, err = d.literal(from)
	}
	d.nodes[self].to, d.nodes[self].says, d.nodes[self].next = int32(end), says, int32(len(d.nodes))
	return end, err
}

func (d *document) members(from, depth int) (end int, err error) {
	i := d.space(from + 1)
	if d.at(i) == '}' {
		return i + 1, nil
	}
	for {
		n := node{name: int32(i)}
		if i, n.said, err = d.quoted(i); err != nil {
			return 0, err
		}
		n.named = int32(i)
		if i = d.space(i); d.at(i) != ':' {
			return 0, documentError{i}
		}
		if i, err = d.value(d.space(i+1), n, depth+1); err != nil {
			return 0, err
		}
		switch i = d.space(i); d.at(i) {
		case ',':
			i = d.space(i + 1)
		case '}':
			return i + 1, nil
		default:
			return 0, documentError{i}
		}
	}
}

func (d *document) elements(from, depth int) (end int, err error) {
	i := d.space(from + 1)
	if d.at(i) == ']' {
		return i + 1, nil
	}
	for {
		if i, err = d.value(i, node{}, depth+1); err != nil {
			return 0, err
		}
		switch i = d.space(i); d.at(i) {
		case ',':
			i = d.space(i + 1)
		case ']':
			return i + 1, nil
		default:
			return 0, documentError{i}
		}
	}
}

// quoted returns where a string ends, and where in decoded stands what it says. Nearly all are printable ASCII without
// escapes, and say what is written.
func (d *document) quoted(from int) (end int, says int32, err error) {
	if d.at(from) != '"' {
		return 0, 0, documentError{from}
	}
	plain := true
	for i := from + 1; i < len(d.text); i++ {
		switch c := d.text[i]; {
		case c == '"' && plain:
			return i + 1, 0, nil
		case c == '"':
			says, err = d.decode(from, i+1)
			return i + 1, says, err
		case c == '\\':
			plain = false
			i++
		case c < ' ', c > '~':
			plain = false
		}
	}
	return 0, 0, documentError{from}
}

func (d *document) decode(from, to int) (says int32, err error) {
	var s string
	if err := json.Unmarshal([]byte(d.text[from:to]), &s); err != nil {
		return 0, documentError{from}
	}
	d.decoded = append(d.decoded, s)
	return int32(len(d.decoded) - 1), nil
}

// literal returns where a number, true, false or null ends.
func (d *document) literal(from int) (end int, err error) {
	end = from
	for end < len(d.text) && !strings.ContainsRune(",]} \n\t\r", rune(d.text[end])) {
		end++
	}
	switch d.text[from:end] {
	case "true", "false", "null", "0":
		return end, nil
	}
	if json.Valid([]byte(d.text[from:end])) {
		return end, nil
	}
	return 0, documentError{from}
}

// kind is the character that a value begins with.
func (d *document) kind(i int32) byte { return d.text[d.nodes[i].from] }

// written is a value as it is written.
func (d *document) written(i int32) string { return d.text[d.nodes[i].from:d.nodes[i].to] }

// says returns what a string says.
func (d *document) says(i int32) string {
	n := &d.nodes[i]
	if n.says > 0 {
		return d.decoded[n.says]
	}
	return d.text[n.from+1 : n.to-1]
}

// name returns by which name a value is a member.
func (d *document) name(i int32) string {
	n := &d.nodes[i]
	if n.said > 0 {
		return d.decoded[n.said]
	}
	return d.text[n.name+1 : n.named-1]
}

// inside goes through the values that an object or a list holds, by their nodes.
func (d *document) inside(of int32) iter.Seq[int32] {
	return func(yield func(int32) bool) {
		for i := of + 1; i < d.nodes[of].next; i = d.nodes[i].next {
			if !yield(i) {
				return
			}
		}
	}
}

// quote appends a string in JSON.
func quote(dst []byte, s string) []byte {
	for i := range len(s) {
		if c := s[i]; c < ' ' || c > '~' || c == '"' || c == '\\' {
			return quoteOther(dst, s)
		}
	}
	return append(append(append(dst, '"'), s...), '"')
}

func quoteOther(dst []byte, s string) []byte {
	b := bytes.NewBuffer(dst)
	_ = encodeTo(b, s) // a string can always be encoded, and a buffer written to
	return bytes.TrimSuffix(b.Bytes(), []byte("\n"))
}
