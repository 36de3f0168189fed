package report

import (
	"maps"
	"slices"
	"strconv"
	"unicode/utf8"
)

// jsonText is JSON that is put together by hand: what encoding/json makes of the large documents of other programs, at a
// fifth of its cost. A key comes with all that is before its value, such as `{"id":` or `,"id":`.
type jsonText []byte

// jsonAppender is what can be put together by hand.
type jsonAppender interface {
	appendTo(t jsonText) jsonText
}

// text appends a string.
func (t jsonText) text(key, value string) jsonText {
	return append(t, key...).quoted(value)
}

// optional appends a string that is left out where it is empty.
func (t jsonText) optional(key, value string) jsonText {
	if value == "" {
		return t
	}
	return t.text(key, value)
}

// number appends a number.
func (t jsonText) number(key string, value int64) jsonText {
	return strconv.AppendInt(append(t, key...), value, 10)
}

// texts appends a list.
func (t jsonText) texts(key string, values []string) jsonText {
	t = append(t, key...)
	if values == nil {
		return append(t, "null"...)
	}
	t = append(t, '[')
	for i, v := range values {
		if i > 0 {
			t = append(t, ',')
		}
		t = t.quoted(v)
	}
	return append(t, ']')
}

// pairs appends an object of strings, in the order of their names.
func (t jsonText) pairs(key string, values map[string]string) jsonText {
	t = append(append(t, key...), '{')
	var few [16]string
	names := slices.AppendSeq(few[:0], maps.Keys(values))
	slices.Sort(names)
	for i, name := range names {
		if i > 0 {
			t = append(t, ',')
		}
		t = append(t.quoted(name), ':').quoted(values[name])
	}
	return append(t, '}')
}

// quoted appends a string in quotes, as encoder does.
func (t jsonText) quoted(text string) jsonText {
	for i := range len(text) {
		if c := text[i]; c < ' ' || c >= utf8.RuneSelf || c == '"' || c == '\\' {
			return t.escaped(text)
		}
	}
	return append(append(append(t, '"'), text...), '"')
}

func (t jsonText) escaped(text string) jsonText {
	quoted, _ := newEncoder().marshal(text) // strings always have one
	return append(t, quoted...)
}
