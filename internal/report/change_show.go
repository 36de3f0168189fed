package report

import (
	"bufio"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/glueguard/glueguard/internal/change"
	"github.com/glueguard/glueguard/internal/execute"
	"github.com/glueguard/glueguard/internal/plan"
)

// changePage writes all there is to say of one change.
type changePage struct {
	planPage
	change *change.Change
}

func showChange(w io.Writer, l Look, c *change.Change) error {
	out := bufio.NewWriter(w)
	p := changePage{planPage: planPage{out: out, look: l, ink: newInk(l.Color)}, change: c}
	p.head()
	p.phases()
	p.resources()
	p.next()
	return out.Flush()
}

func (p changePage) head() {
	c, i := p.change, p.change.Head.Item
	fmt.Fprintln(p.out, p.ink.strong(fmt.Sprintf("%s (%s): %s, %s", Thing(i.Resource), i.Location, i.Strategy, transition(i))))
	p.field("state", stateInk(p.ink, stateWords(c))(stateWords(c)))
	p.field("change", c.Head.ID)
	p.field("resource", clean(i.Resource.ARN))
	if c.Head.PlanDigest != "" {
		p.field("plan", c.Head.PlanDigest)
	}
	if other := c.Head.Policy; other != nil { // than the plan's
		p.field("policy", fmt.Sprintf("since the plan another had come into force: profile %s, %s", clean(other.Profile), ShortDigest(other.Digest)))
	}
	p.field("opened", clock(c.OpenedAt)+" by "+clean(c.Head.By))
	p.field("updated", clock(c.UpdatedAt))
	if c.Head.Adopted {
		p.field("adopted", "rebuilt from the tags of what it made")
	}
	if list := slices.Concat(c.Head.AcceptedUnchecked, c.Head.AcceptedWarnings); len(list) > 0 {
		p.field("accepted", strings.Join(list, ", "))
	}
	if cost := c.TwinCost(p.look.Now); cost > 0 {
		text := fmt.Sprintf("%.2f DPU-hours", cost)
		if c.Open() {
			text += " so far"
		}
		p.field("twins", text)
	}
	p.trouble()
}

func (p changePage) field(name, value string) { fmt.Fprintf(p.out, "  %-9s %s\n", name, value) }

func (p changePage) trouble() {
	t := p.change.Trouble
	if t == nil {
		return
	}
	what := t.Code + ": " + t.Message
	if t.Operation != "" {
		what = t.Operation + ": " + what
	}
	switch p.change.WaitingFor() {
	case change.ForPerson:
		p.field("waits for", "a person to decide")
	case change.ForTime:
		p.field("waits for", "AWS, which takes longer than it should")
	}
	p.wrapped("  trouble   ", what, p.ink.bad)
	for _, d := range t.Differences {
		p.wrapped("            ", fmt.Sprintf("%s: wanted %s, is %s", d.Attribute, orNone(d.Want), orNone(d.Got)), p.ink.plain)
	}
	if t.Advice != "" {
		p.wrapped("  advice    ", t.Advice, p.ink.plain)
	}
}

// phases shows every step there was, phase by phase.
func (p changePage) phases() {
	phase := change.Phase("")
	all := slices.Concat(p.change.Past, p.change.Steps)
	name := 0
	for _, s := range all {
		name = max(name, len(s.Step.Name))
	}
	for _, s := range all {
		if s.Phase != phase {
			phase = s.Phase
			fmt.Fprintf(p.out, "\n%s\n", p.ink.strong(string(phase)))
		}
		p.step(s, name)
	}
}

func (p changePage) step(s change.Progress, name int) {
	times, took := pad("", len("2006-01-02 15:04:05Z")), ""
	if !s.StartedAt.IsZero() {
		times = clock(s.StartedAt)
	}
	if !s.FinishedAt.IsZero() && !s.StartedAt.IsZero() {
		took = duration(s.FinishedAt.Sub(s.StartedAt))
	}
	calls := ""
	if s.Calls > 0 {
		calls = plural(s.Calls, "call")
	}
	line := fmt.Sprintf("  %s  %s  %s  %s  %s", p.statusInk(s.Status)(pad(string(s.Status), 7)), pad(s.Step.Name, name), times, pad(took, 8), calls)
	fmt.Fprintln(p.out, strings.TrimRight(line, " "))
	if s.Trouble != nil && s.Status != change.StepDone {
		p.wrapped("           ", s.Trouble.Code+": "+s.Trouble.Message, p.ink.plain)
	}
}

func (p changePage) statusInk(s change.StepStatus) func(string) string {
	switch s {
	case change.StepDone:
		return p.ink.good
	case change.StepFailed:
		return p.ink.bad
	case change.StepRunning:
		return p.ink.doubt
	}
	return p.ink.dim
}

// resources names what the change knows by role.
func (p changePage) resources() {
	roles := []plan.Role{plan.Original, plan.Twin, plan.Replacement, plan.RestoredTwin, plan.Restored}
	fmt.Fprintf(p.out, "\n%s\n", p.ink.strong("resources"))
	for _, r := range roles {
		id, known := p.change.Resources[r]
		if !known {
			continue
		}
		name := id.Name
		if id.ID != "" {
			name += " (" + id.ID + ")"
		}
		fmt.Fprintf(p.out, "  %-14s %s\n", r, clean(name))
	}
	if l := p.change.Labels; l != nil {
		fmt.Fprintf(p.out, "  %-14s %s, %s, at %s\n", "labels", plural(l.Rows, "row"), plural(l.Files, "file"), clean(l.S3))
	}
}

func (p changePage) next() {
	lines := Next(p.change)
	if len(lines) == 0 {
		return
	}
	fmt.Fprintf(p.out, "\n%s\n", p.ink.strong("What next"))
	for _, l := range lines {
		fmt.Fprintf(p.out, "  %s\n", l)
	}
}

// Next lists the commands that can follow on where a change stands, each with what it is for.
func Next(c *change.Change) []string {
	var lines []string
	for _, v := range execute.Possible(c) {
		verb := "glueguard " + string(v) + " " + c.Head.ID
		if v == execute.VerbFinalize && !c.KeepsOriginal() {
			if c.State == change.Done {
				continue // there is nothing that it would let go
			}
			verb += " --keep-twin"
		}
		lines = append(lines, fmt.Sprintf("%s  %s", pad(verb, len("glueguard finalize ")+len(c.Head.ID)), purpose(c, v)))
	}
	if c.State == change.Regressed {
		lines = append(lines, "glueguard plan  repair it anew")
	}
	return lines
}

// purpose says what a verb is for, as a change stands.
func purpose(c *change.Change, v execute.Verb) string {
	switch v {
	case execute.VerbResume:
		if c.State == change.Waiting {
			return "go on, once what it waits for is settled"
		}
		return "go on from here"
	case execute.VerbBackout:
		return "take it back"
	case execute.VerbFinalize:
		if c.State == change.Done {
			return "let the original go"
		}
		return "accept the twin under its own name"
	case execute.VerbVerify:
	}
	return "look at it again"
}
