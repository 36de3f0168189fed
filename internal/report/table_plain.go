package report

import (
	"fmt"
	"io"

	"github.com/glueguard/glueguard/internal/control"
	"github.com/glueguard/glueguard/internal/finding"
)

// plainLine lines up everything but the ARN and the message. The widths are those of the longest words there are, since
// what is streamed can't be measured first.
const plainLine = "  %-8s  %-36s  %-7s  %-33s  %-4s  %s  %s\n"

// stream writes findings for pipes and files: everything, one line each, with whole ARNs, so that grep works on it. It
// keeps no rows, so it reads the findings again for those that could not be judged.
func (t *table) stream(out io.Writer, audit Source, todo *todo) (*remainder, error) {
	rest := newRemainder()
	unjudged := 0
	lines := plainLines{out: out, todo: todo}
	failing := lines.below("Failing", audit.Head().Summary.Fail)
	err := audit.EachFinding(func(f finding.Finding) error {
		switch {
		case f.Status == control.Fail:
			todo.count(f)
			failing.add(f)
		case judgeable(f):
			todo.count(f)
			unjudged++
		}
		rest.add(f)
		return nil
	})
	failing.flush()
	if err != nil || unjudged == 0 {
		return rest, err
	}
	doubtful := lines.below("Could not be judged", unjudged)
	err = audit.EachFinding(func(f finding.Finding) error {
		if judgeable(f) {
			doubtful.add(f)
		}
		return nil
	})
	doubtful.flush()
	return rest, err
}

// plainLines writes findings down as they come.
type plainLines struct {
	out    io.Writer
	todo   *todo
	headed bool // the columns have been named
}

// below returns a grouping that writes its locations down at once, below a title.
func (l *plainLines) below(title string, n int) *grouping {
	begun := false
	return &grouping{emit: func(g group) {
		if !begun {
			begun = true
			fmt.Fprintf(l.out, "\n%s: %d\n", title, n)
		}
		if !l.headed {
			l.headed = true
			fmt.Fprintf(l.out, plainLine, "SEVERITY", "CONTROL", "MODE", "REASON", "NEXT", "RESOURCE", "MESSAGE")
		}
		fmt.Fprintln(l.out, g.place)
		for _, r := range g.rows {
			fmt.Fprintf(l.out, plainLine, r.severity, r.control, r.mode, r.reason, l.todo.mark(r.advice), r.arn, r.message)
		}
	}}
}
