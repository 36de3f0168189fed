package report

import (
	"bufio"
	"fmt"

	"github.com/glueguard/glueguard/internal/finding"
)

// sinceHead is the member that a comparison adds to the audit document, but for its list of what is gone.
type sinceHead struct {
	Audit      string      `json:"audit"`
	StartedAt  string      `json:"started_at"`
	FinishedAt string      `json:"finished_at"`
	Policy     auditPolicy `json:"policy"`
	Counts     FateCounts  `json:"counts"`
}

func sinceOf(c *Comparison) sinceHead {
	then := c.Then()
	return sinceHead{
		Audit: then.ID, StartedAt: timestamp(then.StartedAt), FinishedAt: timestamp(then.FinishedAt),
		Policy: auditPolicy{Profile: then.PolicyProfile, Digest: then.PolicyDigest}, Counts: c.Counts,
	}
}

// comparedFinding is a finding of the document, with what became of it where that was asked for.
type comparedFinding struct {
	finding.Finding
	Change Fate `json:"change,omitempty"`
}

// writeSince writes the member since behind the list of findings.
func writeSince(out *bufio.Writer, c *Comparison) error {
	head, err := newEncoder().marshal(sinceOf(c))
	if err != nil {
		return err
	}
	fmt.Fprintf(out, ",\n \"since\": %s,\n  \"gone\": [\n", head[:len(head)-1])
	err = writeList(out, func(yield func(comparedFinding) error) error {
		return c.EachGone(func(f finding.Finding, fate Fate) error { return yield(comparedFinding{complete(f), fate}) })
	})
	if err != nil {
		return fmt.Errorf("write what is gone: %w", err)
	}
	_, err = out.WriteString("]}")
	return err
}

// writeSinceLines writes a comparison for jsonl: its head, and what is gone.
func (e *encoder) writeSinceLines(out *bufio.Writer, c *Comparison) error {
	err := e.writeLine(out, struct {
		Type string `json:"type"`
		sinceHead
	}{"since", sinceOf(c)})
	if err != nil {
		return err
	}
	return c.EachGone(func(f finding.Finding, fate Fate) error {
		return e.writeLine(out, struct {
			Type string `json:"type"`
			comparedFinding
		}{"gone", comparedFinding{complete(f), fate}})
	})
}
