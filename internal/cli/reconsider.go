package cli

import (
	"context"
	"fmt"

	"github.com/glueguard/glueguard/internal/audit"
	"github.com/glueguard/glueguard/internal/awsapi"
	"github.com/glueguard/glueguard/internal/change"
	"github.com/glueguard/glueguard/internal/diag"
	"github.com/glueguard/glueguard/internal/repair"
	"github.com/glueguard/glueguard/internal/report"
	"github.com/glueguard/glueguard/internal/store"
)

// reconsider looks again at changes whose work an audit has found undone, and says which are regressed now. The audit is
// good whether or not they can be looked at.
func (e Env) reconsider(ctx context.Context, o audit.Options, session *awsapi.Session, s store.Store, r audit.Result) {
	worker := repair.New(repair.Options{
		Store: s, Sessions: repair.Using(session), Now: e.Now, Policy: &o.Policy,
		Marks: func(ctx context.Context, c *change.Change, to change.State) error {
			return e.marks(ctx, s, roleOf(ctx, session), c, to)
		},
	})
	defer worker.Close()
	moved, err := worker.Reconsider(ctx, s, r.Audit.ID)
	if err != nil {
		why, _ := diag.Line(err)
		fmt.Fprintf(e.Stderr, "glueguard: what was repaired earlier could not be looked at again: %s\n", why)
	}
	for _, c := range moved {
		what := "is as promised again"
		if c.State == change.Regressed {
			what = "is not encrypted any more, although change " + c.Head.ID + " had encrypted it: that change is regressed now"
		}
		fmt.Fprintf(e.Stderr, "glueguard: %s (%s) %s\n", report.Thing(c.Head.Item.Resource), c.Head.Item.Location, what)
		d := store.Deed{
			Action: deedVerify, Subject: c.Head.ID, Digest: c.Head.PlanDigest, Outcome: store.DeedOK, Actor: store.Actor{Role: roleOf(ctx, session)},
			Detail: map[string]string{"resource": c.Head.Item.Resource.ARN, "state": string(c.State), "audit": r.Audit.ID},
		}
		if err := e.record(ctx, s, d); err != nil {
			why, _ := diag.Line(err)
			fmt.Fprintf(e.Stderr, "glueguard: the audit trail could not be written: %s\n", why)
		}
	}
}
