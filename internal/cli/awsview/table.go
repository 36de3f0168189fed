package awsview

import (
	"fmt"
	"math"
	"slices"
	"strings"
	"unicode/utf8"
)

const (
	cellPadding  = 4  // blanks and edges of a cell
	defaultWidth = 80 // of a terminal whose width is not known
)

// section is a part of a table with columns of its own.
type section struct {
	title  string
	indent int
	header []string
	rows   [][]string
}

// table is built of sections, one for each object or list that is not a scalar of another.
type table struct{ sections []*section }

// writeTable draws a value under a title. A table that is too wide for the terminal has its single rows turned upright.
func writeTable(out *strings.Builder, title string, width int, v any) error {
	t := &table{}
	if err := t.build(title, v, 0); err != nil {
		return err
	}
	if len(t.sections) == 0 {
		return nil
	}
	if width <= 0 {
		width = defaultWidth
	}
	if t.width() > width {
		for _, s := range t.sections {
			s.turn()
		}
	}
	most := t.width()
	out.WriteString(strings.Repeat("-", most) + "\n")
	for _, s := range t.sections {
		s.draw(out, most)
	}
	return nil
}

func (t *table) last() *section { return t.sections[len(t.sections)-1] }

func (t *table) begin(title string, indent int) {
	t.sections = append(t.sections, &section{title: title, indent: indent})
}

func nothing(v any) bool {
	switch v := v.(type) {
	case nil:
		return true
	case map[string]any:
		return len(v) == 0
	case []any:
		return len(v) == 0
	case string:
		return v == ""
	case bool:
		return !v
	case float64:
		return v == 0
	}
	return false
}

func (t *table) build(title string, v any, indent int) error {
	if nothing(v) {
		return nil
	}
	if title != "" || len(t.sections) == 0 {
		t.begin(title, indent)
	}
	switch v := v.(type) {
	case map[string]any:
		return t.object(v, indent)
	case []any:
		if _, ok := v[0].(map[string]any); ok {
			return t.objects(v, title, indent)
		}
		return t.list(v, indent)
	}
	return nil
}

func (t *table) list(all []any, indent int) error {
	for _, v := range all {
		inner, ok := v.([]any)
		var err error
		switch {
		case scalar(v):
			err = t.last().add(word(v))
		case ok && !slices.ContainsFunc(inner, func(v any) bool { return !scalar(v) }):
			err = t.last().add(words(inner)...)
		default:
			err = t.build("", v, indent)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

func words(all []any) []string {
	l := make([]string, 0, len(all))
	for _, v := range all {
		l = append(l, word(v))
	}
	return l
}

// object draws one object: its scalars as a row under their names, and the rest below.
func (t *table) object(m map[string]any, indent int) error {
	header, more := columnsOf([]any{m}), deeper([]any{m})
	if len(header) == 1 {
		if err := t.last().add(header[0], word(m[header[0]])); err != nil {
			return err
		}
	} else if len(header) > 1 {
		t.last().header = header
		if err := t.last().add(cells(m, header)...); err != nil {
			return err
		}
	}
	return t.below(m, more, indent)
}

func (t *table) below(m map[string]any, more []string, indent int) error {
	for _, name := range more {
		if of, ok := m[name]; ok {
			if err := t.build(name, of, indent+1); err != nil {
				return err
			}
		}
	}
	return nil
}

func (t *table) objects(all []any, title string, indent int) error {
	header, more := columnsOf(all), deeper(all)
	t.last().header = header
	for i, v := range all {
		m, _ := v.(map[string]any)
		if i > 0 && len(more) > 0 {
			t.begin(title, indent)
			t.last().header = header
		}
		if err := t.last().add(cells(m, header)...); err != nil {
			return err
		}
		if err := t.below(m, more, indent); err != nil {
			return err
		}
	}
	return nil
}

func cells(m map[string]any, header []string) []string {
	row := make([]string, 0, len(header))
	for _, name := range header {
		v, ok := m[name]
		if !ok {
			row = append(row, "")
			continue
		}
		row = append(row, word(v))
	}
	return row
}

// deeper are the names of what is not scalar in a list's objects, sorted.
func deeper(all []any) []string {
	names := []string{}
	for _, v := range all {
		m, _ := v.(map[string]any)
		for key, of := range m {
			if !scalar(of) && !slices.Contains(names, key) {
				names = append(names, key)
			}
		}
	}
	slices.Sort(names)
	return names
}

func (s *section) add(row ...string) error {
	columns := len(s.header)
	if columns == 0 && len(s.rows) > 0 {
		columns = len(s.rows[0])
	}
	if columns > 0 && columns != len(row) {
		return fmt.Errorf("--output table: row has %d elements, and the others %d", len(row), columns)
	}
	s.rows = append(s.rows, row)
	return nil
}

// turn makes a single row upright: each name beside its value.
func (s *section) turn() {
	if len(s.rows) != 1 || len(s.header) == 0 {
		return
	}
	var rows [][]string
	for i, name := range s.header {
		rows = append(rows, []string{name, s.rows[0][i]})
	}
	s.header, s.rows = nil, rows
}

func (s *section) widest() []int {
	var widths []int
	for _, row := range append([][]string{s.header}, s.rows...) {
		for i, cell := range row {
			if i == len(widths) {
				widths = append(widths, 0)
			}
			widths[i] = max(widths[i], utf8.RuneCountInString(cell))
		}
	}
	return widths
}

func (t *table) width() int {
	most := 0
	for _, s := range t.sections {
		total := 2 + 2*s.indent
		for _, w := range s.widest() {
			total += w + cellPadding
		}
		most = max(most, total, utf8.RuneCountInString(s.title)+2+2*s.indent)
	}
	return most
}

// columns stretches the columns to a width.
func (s *section) columns(width int) []int {
	widths, sum := s.widest(), 0
	for i := range widths {
		widths[i] += cellPadding
		sum += widths[i]
	}
	if sum == 0 {
		return nil
	}
	scale, off := float64(width)/float64(sum), -width
	for i, w := range widths {
		widths[i] = int(math.RoundToEven(scale * float64(w)))
		off += widths[i]
	}
	for off != 0 {
		for n := range widths {
			i, step := n, -1
			if off < 0 {
				i, step = len(widths)-1-n, 1
			}
			widths[i] += step
			if off += step; off == 0 {
				break
			}
		}
	}
	return widths
}

func (s *section) draw(out *strings.Builder, width int) {
	edge := strings.Repeat("|", s.indent)
	width -= 2 * s.indent
	line := func(text string) { out.WriteString(edge + text + edge + "\n") }
	if s.title != "" {
		line(centred(s.title, width, "|"))
		if len(s.header)+len(s.rows) == 0 {
			line("+" + strings.Repeat("-", width-2) + "+")
		}
	}
	widths := s.columns(width)
	if len(s.header) > 0 {
		line(rule(widths))
		text := ""
		for i, name := range s.header {
			text += centred(name, widths[i], leftEdge(i))
		}
		line(text)
	}
	if len(s.rows) == 0 || len(widths) == 0 {
		return
	}
	line(rule(widths))
	for _, row := range s.rows {
		text := ""
		for i, cell := range row {
			text += aligned(cell, widths[i], leftEdge(i))
		}
		line(text)
	}
	line(rule(widths))
}

// leftEdge is drawn by the first cell of a row only.
func leftEdge(column int) string {
	if column == 0 {
		return "|"
	}
	return ""
}

func rule(widths []int) string {
	text := ""
	for i, w := range widths {
		if i == 0 {
			text += "+" + strings.Repeat("-", max(w-2, 0)) + "+"
			continue
		}
		text += strings.Repeat("-", max(w-1, 0)) + "+"
	}
	return text
}

func centred(text string, width int, left string) string {
	n := utf8.RuneCountInString(text)
	before := max(width/2-n/2-1, 0)
	after := max(width-n-before-len(left)-1, 0)
	return left + strings.Repeat(" ", before) + text + strings.Repeat(" ", after) + "|"
}

func aligned(text string, width int, left string) string {
	n := utf8.RuneCountInString(text)
	before := 2
	if n+before+len(left)+1 > width {
		before = 0
	}
	return left + strings.Repeat(" ", before) + text + strings.Repeat(" ", max(width-n-before-len(left)-1, 0)) + "|"
}
