package cli

import (
	"context"
	"errors"
	"fmt"
	"io"

	"github.com/spf13/cobra"

	"github.com/glueguard/glueguard/internal/audit"
	"github.com/glueguard/glueguard/internal/awsapi"
	"github.com/glueguard/glueguard/internal/cli/view"
	"github.com/glueguard/glueguard/internal/config"
	"github.com/glueguard/glueguard/internal/diag"
	"github.com/glueguard/glueguard/internal/inventory"
	"github.com/glueguard/glueguard/internal/plan"
	"github.com/glueguard/glueguard/internal/policy"
	"github.com/glueguard/glueguard/internal/propose"
	"github.com/glueguard/glueguard/internal/report"
	"github.com/glueguard/glueguard/internal/resource"
	"github.com/glueguard/glueguard/internal/store"
	"github.com/glueguard/glueguard/internal/store/sqlite"
)

// runPlan prepares everything that can fail early, then audits where no audit is named, and proposes.
func runPlan(ctx context.Context, env Env, o planOptions, outs outputs) (err error) {
	p, err := config.Policy(o.config, policy.Profile(o.policyProfile))
	if err != nil {
		return err
	}
	if err := outs.open(); err != nil {
		return err
	}
	defer func() { err = errors.Join(err, outs.discard()) }()
	s, err := env.openStore(ctx, o.state)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, s.Close()) }()
	if p, err = config.InForce(ctx, p, s); err != nil {
		return err
	}
	ctx, stop := env.Interruptible(ctx)
	defer stop()
	env.TuneMemory(auditMemory)
	session, err := awsapi.Open(ctx, awsapi.Options{Profile: o.profile, Role: o.role, ExternalID: o.externalID})
	if err != nil {
		return err
	}
	defer session.Close()
	proposed, err := env.propose(ctx, o, p, session, s)
	if err != nil {
		return err
	}
	if err := outs.write(env.Stdout, env.look(), planRenderer(proposed)); err != nil {
		return err
	}
	if outs.onScreen() == tableFormat {
		if err := env.tellApply(o, proposed); err != nil {
			return err
		}
	}
	return diag.ForPlan(proposed)
}

// propose makes a plan from a stored audit, or from one that it runs first.
func (e Env) propose(ctx context.Context, o planOptions, p policy.Policy, session *awsapi.Session, s store.Store) (plan.Plan, error) {
	id := o.audit
	if id == "" {
		r, err := e.scan(ctx, audit.Options{
			Scanner: audit.NewScanner(session), Store: s, Policy: p,
			Accounts: o.accounts, Regions: o.regions, Organization: o.organization,
			Controls: o.controlIDs(), Resources: o.resources,
			Now: e.Now, NewID: e.NewID,
		}, session, s)
		var region *audit.RegionError
		if errors.As(err, &region) {
			return plan.Plan{}, &diag.UsageError{Command: "glueguard plan", Err: region}
		}
		if err != nil {
			return plan.Plan{}, err
		}
		if r.Interrupted {
			return plan.Plan{}, fmt.Errorf("%w before the audit was complete: nothing was planned", awsapi.ErrInterrupted)
		}
		id = r.Audit.ID
	}
	stop := e.working("looking at the resources and all around them")
	defer stop()
	made, err := propose.Run(ctx, propose.Options{
		Inspector: inventory.NewInspector(session), Store: s, AuditID: id, Policy: p,
		Controls: o.controlIDs(), Resources: o.resources, Wanted: o.wanted(),
		KeyRef: o.kmsKey, CreateKey: o.createKey, GrantRole: o.grantRole,
		AcceptUnchecked: o.acceptUnchecked, Access: plan.Access{Role: o.role}, Now: e.Now,
		Keep: e.keeps(s, func(ctx context.Context) string { return roleOf(ctx, session) }),
	})
	switch {
	case err != nil && ctx.Err() != nil:
		return plan.Plan{}, fmt.Errorf("%w: nothing was planned", awsapi.ErrInterrupted)
	case errors.Is(err, store.ErrNotFound):
		return plan.Plan{}, &diag.MissingError{What: "audit", Name: id}
	case err != nil:
		return made, err
	}
	return made, nil
}

// working shows that something is under way, until the returned function is called.
func (e Env) working(what string) (stop func()) {
	return view.Status{Out: e.Stderr, Terminal: e.StderrTerminal, Width: e.Width, Now: e.Now, Text: what}.Start()
}

func (o *planOptions) wanted() plan.Wanted {
	return plan.Wanted{
		Mode: resource.Mode(o.mode), Strategy: plan.Strategy(o.strategy), LabelsS3: o.labelsS3, Prove: o.prove, RepointJobs: o.repointJobs,
		AcceptWeaker: o.acceptWeaker, AcceptIrreversible: o.acceptIrreversible,
	}
}

// planRenderer writes a plan in the formats of package report.
func planRenderer(p plan.Plan) renderer {
	return func(format string, w io.Writer, look report.Look) error {
		f, err := report.LookupPlan(format)
		if err != nil {
			return err
		}
		return f.Write(w, look, p)
	}
}

// tellApply says how the plan is carried out.
func (e Env) tellApply(o planOptions, p plan.Plan) error {
	if !p.Applyable {
		return nil
	}
	name := o.out
	if name == "" {
		name = report.ShortDigest(p.Digest)
	}
	flags := ""
	if o.state != "" && o.out == "" {
		flags = " --state " + o.state
	}
	_, err := fmt.Fprintf(e.Stdout, "\nThe plan is kept as %s. To carry out exactly this:\n  glueguard apply %s%s\n", report.ShortDigest(p.Digest), name, flags)
	return err
}

func newPlanShow(env Env) *cobra.Command {
	var outputs []string
	var state string
	cmd := &cobra.Command{
		Use:   "show PLAN",
		Short: "Show a plan that was made earlier",
		Long: `Shows a plan again: a file that plan wrote, or the digest (or its beginning) of a plan in the
state; latest is the newest. A file that was changed since is refused.

EXIT STATUS
  0  shown
  1  error, bad usage, or a plan that was changed after it was made`,
		Example: `  glueguard plan show plan.json
  glueguard plan show latest -o markdown > ticket.md`,
		Args: oneArg("a plan: a file, or a digest"),
		RunE: func(cmd *cobra.Command, args []string) error {
			outs, err := planOutputs(outputs)
			if err == nil {
				err = stateIsFile(state)
			}
			if err != nil {
				return usage(cmd, err)
			}
			return env.withStore(cmd.Context(), state, func(s *sqlite.Store) error {
				return showPlan(cmd.Context(), env, s, args[0], outs)
			})
		},
	}
	flags := cmd.Flags()
	flags.SortFlags = false
	addPlanOutputs(flags, &outputs)
	addState(flags, &state)
	return cmd
}

func showPlan(ctx context.Context, env Env, s store.Plans, name string, outs outputs) (err error) {
	p, err := readPlan(ctx, s, name)
	if err != nil {
		return err
	}
	if err := outs.open(); err != nil {
		return err
	}
	defer func() { err = errors.Join(err, outs.discard()) }()
	return outs.write(env.Stdout, env.look(), planRenderer(p))
}
