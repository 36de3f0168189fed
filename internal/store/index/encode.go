package index

import (
	"encoding/gob"
	"errors"
	"fmt"
	"io"
)

// Format is the number of the form that Encode writes. Whoever keeps what it wrote keeps the number too, and makes
// the index anew where it is another.
const Format = 1

// errDamaged is returned by Decode for what can't have been written by Encode.
var errDamaged = errors.New("the index is damaged")

// written is an Index as it is kept.
type written struct {
	Columns [fields]column
	Tags    []tag
	Tagged  lists[uint32]
	Text    lists[byte]
	Places  []uint32
}

// Encode writes the index.
func (x *Index) Encode(w io.Writer) error {
	return gob.NewEncoder(w).Encode(written{x.columns, x.tags, x.tagged, x.text, x.places})
}

// Decode reads what Encode wrote.
func Decode(r io.Reader) (*Index, error) {
	var w written
	if err := gob.NewDecoder(r).Decode(&w); err != nil {
		return nil, fmt.Errorf("%w: %w", errDamaged, err)
	}
	rows := len(w.Places)
	if !sound(w.Tagged, rows) || !sound(w.Text, rows) || !within(w.Tagged.All, len(w.Tags)) {
		return nil, errDamaged
	}
	for _, c := range w.Columns {
		if len(c.Codes) != rows || !within(c.Codes, len(c.Values)) {
			return nil, errDamaged
		}
	}
	x := &Index{columns: w.Columns, tags: w.Tags, tagged: w.Tagged, text: w.Text, places: w.Places}
	x.findByID()
	return x, nil
}

func within(codes []uint32, values int) bool {
	for _, code := range codes {
		if int(code) >= values {
			return false
		}
	}
	return true
}

// sound tells whether lists are as many as there are rows, one after the other.
func sound[T any](l lists[T], rows int) bool {
	if len(l.Ends) != rows {
		return false
	}
	last := uint32(0)
	for _, end := range l.Ends {
		if end < last {
			return false
		}
		last = end
	}
	return int(last) == len(l.All)
}
