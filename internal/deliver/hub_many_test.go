package deliver_test

import (
	"context"
	"errors"
	"fmt"
	"testing"

	"github.com/glueguard/glueguard/internal/awsapi"
	"github.com/glueguard/glueguard/internal/control"
	"github.com/glueguard/glueguard/internal/deliver"
	"github.com/glueguard/glueguard/internal/finding"
	"github.com/glueguard/glueguard/internal/sandbox"
)

func manyFindings(n int) []finding.Finding {
	var many []finding.Finding
	for i := range n {
		many = append(many, of(fmt.Sprintf("e%03d", i), main, control.Fail))
	}
	return many
}

// What is gone is found page by page, and archived while it is; what was just sent is not read back.
func TestManyAreArchived(t *testing.T) {
	t.Parallel()
	server, session := world(t, sandbox.Options{})
	const find = "securityhub:GetFindings"
	here := []string{main}
	same(t, "sent first", deliver.Sent{Findings: 250, Locations: 1}, send(t, session, on(10, here, manyFindings(250)...)))
	same(t, "looks for what was sent before", 1, calls(t, server)[find])
	same(t, "sent again", deliver.Sent{Findings: 250, Locations: 1}, send(t, session, on(11, here, manyFindings(250)...)))
	same(t, "looks for what was sent before", 2, calls(t, server)[find])
	same(t, "gone", deliver.Sent{Findings: 1, Resolved: 249, Locations: 1}, send(t, session, on(12, here, manyFindings(1)...)))
	if n := calls(t, server)[find]; n > 2+3+1 {
		t.Errorf("%d looks for 249 that are gone, want the pages and one more", n-2)
	}
	archived := 0
	for _, is := range held(t, server, main) {
		if is == "PASSED ARCHIVED NEW" {
			archived++
		}
	}
	same(t, "archived", 249, archived)
}

// interrupting is an audit whose reader is interrupted once something of it has arrived.
type interrupting struct {
	audit
	at int
	do func()
}

func (i interrupting) EachFinding(yield func(finding.Finding) error) error {
	n := 0
	return i.audit.EachFinding(func(f finding.Finding) error {
		if n++; n == i.at {
			i.do()
		}
		return yield(f)
	})
}

// Whoever interrupts is not told of more than has arrived, and sending all again completes it.
func TestInterruptedInTheMiddle(t *testing.T) {
	t.Parallel()
	server, session := world(t, sandbox.Options{})
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	a := on(10, []string{main}, manyFindings(350)...)
	partly := interrupting{a, 250, func() {
		for len(held(t, server, main)) < 100 {
			continue
		}
		cancel()
	}}
	sent, err := deliver.Hubs{Session: session, Memory: a}.Send(ctx, partly)
	if !errors.Is(err, awsapi.ErrInterrupted) {
		t.Fatalf("error %v, want an interruption", err)
	}
	if there := len(held(t, server, main)); sent.Findings < 100 || sent.Findings > there || there == 350 {
		t.Errorf("said to have taken %d, and holds %d", sent.Findings, there)
	}
	same(t, "sent again", deliver.Sent{Findings: 350, Locations: 1}, send(t, session, a))
	same(t, "held", 350, len(held(t, server, main)))
}
