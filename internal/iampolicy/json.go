package iampolicy

import (
	"encoding/json"
	"errors"
	"strings"
)

// maxDepth is deeper than any policy document is nested.
const maxDepth = 16

// object is a JSON object with its members in order and with those that are repeated, which encoding/json would drop.
type object []member

type member struct {
	name  string
	value any // object, []any, string, json.Number, bool or nil
}

// parseJSON reads one JSON value and nothing after it.
func parseJSON(text string) (any, error) {
	if !json.Valid([]byte(text)) {
		return nil, errors.New("not valid JSON")
	}
	d := json.NewDecoder(strings.NewReader(text))
	d.UseNumber()
	return readValue(d, maxDepth)
}

// readValue reads the next value; the text is known to be valid JSON.
func readValue(d *json.Decoder, depth int) (any, error) {
	if depth == 0 {
		return nil, errors.New("nested too deeply")
	}
	token, err := d.Token()
	if err != nil {
		return nil, err
	}
	switch token {
	case json.Delim('{'):
		o := object{}
		for d.More() {
			name, err := d.Token()
			if err != nil {
				return nil, err
			}
			value, err := readValue(d, depth-1)
			if err != nil {
				return nil, err
			}
			o = append(o, member{name.(string), value})
		}
		_, err := d.Token()
		return o, err
	case json.Delim('['):
		list := []any{}
		for d.More() {
			value, err := readValue(d, depth-1)
			if err != nil {
				return nil, err
			}
			list = append(list, value)
		}
		_, err := d.Token()
		return list, err
	}
	return token, nil
}
