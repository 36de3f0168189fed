package awsview

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
)

// scalar tells whether a value is neither an object nor a list.
func scalar(v any) bool {
	switch v.(type) {
	case map[string]any, []any:
		return false
	}
	return true
}

// word is a scalar as text and tables show it.
func word(v any) string {
	switch v := v.(type) {
	case nil:
		return "None"
	case string:
		return v
	case bool:
		if v {
			return "True"
		}
		return "False"
	case float64:
		return number(v)
	}
	return fmt.Sprint(v)
}

func number(v float64) string {
	if v == math.Trunc(v) && math.Abs(v) < 1e15 {
		return strconv.FormatInt(int64(v), 10)
	}
	format := byte('g')
	if size := math.Abs(v); size >= 1e-4 && size < 1e16 {
		format = 'f'
	}
	return strconv.FormatFloat(v, format, -1, 64)
}

// writeJSON prints with four blanks for each level.
func writeJSON(out *strings.Builder, o order, v any) error {
	if m, ok := v.(map[string]any); ok && len(m) == 0 {
		return nil
	}
	if err := jsonValue(out, o, v, "\n"); err != nil {
		return err
	}
	out.WriteByte('\n')
	return nil
}

func jsonValue(out *strings.Builder, o order, v any, line string) error {
	inner := line + "    "
	switch v := v.(type) {
	case map[string]any:
		return jsonItems(out, "{", "}", line, o.keys(v), func(key string) error {
			if err := jsonString(out, key); err != nil {
				return err
			}
			out.WriteString(": ")
			return jsonValue(out, o, v[key], inner)
		})
	case []any:
		return jsonItems(out, "[", "]", line, v, func(item any) error { return jsonValue(out, o, item, inner) })
	case float64:
		out.WriteString(number(v))
		return nil
	}
	return jsonString(out, v)
}

func jsonItems[T any](out *strings.Builder, begin, end, line string, items []T, each func(T) error) error {
	out.WriteString(begin)
	for i, item := range items {
		if i > 0 {
			out.WriteByte(',')
		}
		out.WriteString(line + "    ")
		if err := each(item); err != nil {
			return err
		}
	}
	if len(items) > 0 {
		out.WriteString(line)
	}
	out.WriteString(end)
	return nil
}

// jsonString writes a scalar without replacing characters that are special in HTML only.
func jsonString(out *strings.Builder, v any) error {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(v); err != nil {
		return fmt.Errorf("write JSON: %w", err)
	}
	out.Write(bytes.TrimRight(b.Bytes(), "\n"))
	return nil
}

// text prints lines of fields between tabs: an object's scalars in one line, sorted by their names, and what is below it
// in lines of its own that begin with its name.
type text struct{ out *strings.Builder }

// value prints one value. columns are the names whose scalars make a line, where a list has set them.
func (t text) value(v any, name string, columns []string) {
	switch v := v.(type) {
	case map[string]any:
		t.object(v, name, columns)
	case []any:
		t.list(v, name)
	default:
		t.out.WriteString(word(v) + "\n")
	}
}

func (t text) list(all []any, name string) {
	is := func(v any, object bool) bool {
		_, m := v.(map[string]any)
		return !scalar(v) && m == object
	}
	switch {
	case len(all) == 0:
	case slices.ContainsFunc(all, func(v any) bool { return is(v, true) }):
		columns := columnsOf(all)
		for _, v := range all {
			t.value(v, name, columns)
		}
	case slices.ContainsFunc(all, func(v any) bool { return is(v, false) }):
		var scalars []any
		for _, v := range all {
			if scalar(v) {
				scalars = append(scalars, v)
			}
		}
		if len(scalars) > 0 {
			t.scalars(scalars, name)
		}
		for _, v := range all {
			if !scalar(v) {
				t.value(v, name, nil)
			}
		}
	default:
		t.scalars(all, name)
	}
}

func (t text) scalars(all []any, name string) {
	words := make([]string, 0, len(all))
	for _, v := range all {
		words = append(words, word(v))
	}
	if name == "" {
		t.out.WriteString(strings.Join(words, "\t") + "\n")
		return
	}
	for _, w := range words {
		t.out.WriteString(strings.ToUpper(name) + "\t" + w + "\n")
	}
}

func (t text) object(m map[string]any, name string, columns []string) {
	if columns == nil {
		columns = columnsOf([]any{m})
	}
	var line []string
	for _, c := range columns {
		v, ok := m[c]
		switch {
		case !ok:
			line = append(line, "")
		case scalar(v):
			line = append(line, word(v))
		}
	}
	if len(line) > 0 {
		if name != "" {
			line = append([]string{strings.ToUpper(name)}, line...)
		}
		t.out.WriteString(strings.Join(line, "\t") + "\n")
	}
	for _, key := range (order{}).keys(m) {
		if !scalar(m[key]) {
			t.value(m[key], key, nil)
		}
	}
}

// columnsOf are the names of the scalars of all objects in a list, sorted.
func columnsOf(all []any) []string {
	columns := []string{}
	for _, v := range all {
		m, _ := v.(map[string]any)
		for key, of := range m {
			if scalar(of) && !slices.Contains(columns, key) {
				columns = append(columns, key)
			}
		}
	}
	slices.Sort(columns)
	return columns
}
