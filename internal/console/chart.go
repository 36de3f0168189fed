package console

import (
	"strconv"
	"time"

	"github.com/glueguard/glueguard/internal/control"
	"github.com/glueguard/glueguard/internal/store"
)

// Charts are drawn by the server: templates only write what is computed here. Bars are stretched to the room that there
// is, and their words stand beside them as HTML, so that they can be read on a phone.

// segment is a part of a bar, column or ring.
type segment struct {
	Tone, Word string
	N          int
	At, Size   string // in the chart's own units
	Rest       string // of a ring: what is not this part
}

// bar is one row of a chart, divided by status.
type bar struct {
	Name, Title, Link string
	Summary           store.Summary
	Total             int
	Segments          []segment
}

// barChart is a list of bars of equal length, each showing shares.
type barChart struct {
	ID, Title, Heading string
	Bars               []bar
	More               int // that are not shown
}

// column is one audit of the trend.
type column struct {
	Link     string
	At       time.Time
	Summary  store.Summary
	X, Width string
	Segments []segment
}

// trendChart is columns over audits, the oldest first.
type trendChart struct {
	Columns  []column
	Most     int
	From, To time.Time
}

// donut is a ring of what is encrypted, what is not, and what could not be read.
type donut struct {
	Total    int
	Percent  string // of what is encrypted; empty where there is nothing
	Segments []segment
	// Arcs are the segments, the last first: each begins at the top and is as long as all up to it, so that the next covers
	// its beginning and no gap is left between them.
	Arcs []segment
}

// statuses lists the statuses in the order of charts: what asks for something first.
func statuses() []control.Status {
	return []control.Status{control.Fail, control.Unknown, control.Exempt, control.Pass, control.NotApplicable}
}

// of is how many findings have a status.
func of(s store.Summary, status control.Status) int {
	switch status {
	case control.Pass:
		return s.Pass
	case control.Fail:
		return s.Fail
	case control.Unknown:
		return s.Unknown
	case control.Exempt:
		return s.Exempt
	case control.NotApplicable:
		return s.NotApplicable
	}
	return 0
}

func totalOf(s store.Summary) int { return s.Pass + s.Fail + s.Unknown + s.Exempt + s.NotApplicable }

const chartUnits = 1000.0

func unit(v float64) string { return strconv.FormatFloat(v, 'f', 2, 64) }

// divide makes a bar's segments; even the smallest can be seen.
func divide(s store.Summary) []segment {
	total := totalOf(s)
	if total == 0 {
		return nil
	}
	const least = 6.0
	var all []segment
	at := 0.0
	for _, status := range statuses() {
		n := of(s, status)
		if n == 0 {
			continue
		}
		size := max(chartUnits*float64(n)/float64(total), least)
		size = min(size, max(chartUnits-at, least))
		m := statusMark(status)
		all = append(all, segment{Tone: m.Tone, Word: m.Word, N: n, At: unit(at), Size: unit(size)})
		at += size
	}
	return all
}

// trendOf draws audits as columns.
func trendOf(audits []column) *trendChart {
	if len(audits) < 2 {
		return nil
	}
	t := &trendChart{Columns: audits, From: audits[0].At, To: audits[len(audits)-1].At}
	for _, c := range audits {
		t.Most = max(t.Most, totalOf(c.Summary))
	}
	const high = 150.0
	step := chartUnits / float64(len(audits))
	for i := range t.Columns {
		c := &t.Columns[i]
		c.X, c.Width = unit(float64(i)*step), unit(min(step*0.82, 60))
		y := high
		for _, status := range statuses() {
			n := of(c.Summary, status)
			if n == 0 {
				continue
			}
			size := max(float64(n)*high/float64(max(t.Most, 1)), 1)
			y -= size
			m := statusMark(status)
			c.Segments = append(c.Segments, segment{Tone: m.Tone, Word: m.Word, N: n, At: unit(max(y, 0)), Size: unit(size)})
		}
	}
	return t
}

// ringOf draws what is encrypted of all that should be. What is exempt is not encrypted; it is only accepted.
func ringOf(s store.Summary) donut {
	d := donut{Total: s.Pass + s.Fail + s.Exempt + s.Unknown}
	if d.Total == 0 {
		return d
	}
	d.Percent = strconv.Itoa(s.Pass*100/d.Total) + " %"
	sum := 0
	for _, part := range []segment{
		{Tone: "pass", Word: "encrypted", N: s.Pass},
		{Tone: "fail", Word: "not encrypted", N: s.Fail},
		{Tone: "exempt", Word: "not encrypted, accepted by an exception", N: s.Exempt},
		{Tone: "unknown", Word: "not read", N: s.Unknown},
	} {
		if part.N == 0 {
			continue
		}
		sum += part.N
		size := float64(sum) * 100 / float64(d.Total)
		part.Size, part.Rest = unit(size), unit(100-size)
		d.Segments = append(d.Segments, part)
		d.Arcs = append([]segment{part}, d.Arcs...)
	}
	return d
}
