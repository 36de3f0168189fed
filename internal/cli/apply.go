package cli

import (
	"context"
	"errors"
	"fmt"
	"os"
	"regexp"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/glueguard/glueguard/internal/diag"
	"github.com/glueguard/glueguard/internal/engine"
	"github.com/glueguard/glueguard/internal/plan"
	"github.com/glueguard/glueguard/internal/preflight"
	"github.com/glueguard/glueguard/internal/repair"
	"github.com/glueguard/glueguard/internal/report"
	"github.com/glueguard/glueguard/internal/store"
)

// changeFlags are those of every command that moves changes on.
type changeFlags struct {
	consent
	role, externalID, profile string
	parallel                  int
	detach                    bool
	output                    string
	config, state             string
}

// addRun adds the flags of commands that do not ask.
func (f *changeFlags) addRun(flags *pflag.FlagSet) {
	flags.IntVar(&f.parallel, "parallel", 0, "at most `N` changes at once (default: the policy's, else 4)")
	flags.BoolVar(&f.detach, "detach", false, "return at once and let the daemon do it")
	f.addCommon(flags)
}

// addCommon adds what also the commands have that change nothing.
func (f *changeFlags) addCommon(flags *pflag.FlagSet) {
	flags.StringVar(&f.role, "role", "", "`NAME` of the role to assume in other accounts (default: the plan's)")
	flags.StringVar(&f.externalID, "external-id", "", "external `ID` that the role's trust policy asks for")
	flags.StringVar(&f.profile, "profile", "", "AWS `PROFILE` (default: AWS_PROFILE)")
	addChangesOutput(flags, &f.output)
	addPolicy(flags, &f.config)
	addState(flags, &f.state)
}

func addChangesOutput(flags *pflag.FlagSet, to *string) {
	flags.StringVarP(to, "output", "o", tableFormat, "`FORMAT`: "+strings.Join(report.ChangesFormatNames(), ", "))
}

func (f *changeFlags) check() error {
	if f.parallel < 0 {
		return fmt.Errorf("--parallel %d: want a number above 0", f.parallel)
	}
	if _, err := report.LookupChanges(f.output); err != nil {
		return err
	}
	return stateIsFile(f.state)
}

// usage makes a UsageError of what is wrong with a command line, and leaves other errors as they are.
func usage(cmd *cobra.Command, err error) error {
	if err == nil || errors.Is(err, diag.ErrNoDaemon) {
		return err
	}
	return &diag.UsageError{Command: cmd.CommandPath(), Err: err}
}

type applyOptions struct {
	changeFlags
	canary, maxFailures              int
	acceptUnchecked                  []string
	acceptWeaker, acceptIrreversible bool
}

func newApply(env Env) *cobra.Command {
	var o applyOptions
	cmd := &cobra.Command{
		Use:   "apply PLAN",
		Short: "Carry a plan out",
		Long: `Carries out a plan: a file that plan wrote with --out, or the digest (or its beginning) of a
plan in the state; latest is the newest. It shows what will be done and asks, unless
--auto-approve is given.

Everything is looked at again first. A resource that is not any more as the plan saw it is
refused, and the others go on. Each step is written down before AWS is asked for it, so the work
may be interrupted at any moment and goes on with resume: Ctrl-C finishes the current calls.

No original is deleted before its encrypted twin is there and proven.

EXIT STATUS
  0    every change is done, now or when this plan was applied before
  1    error, bad usage, or a question that nobody could answer; a change waits for a person, has
       failed, or is held by another process
  2    a change was refused, or took itself back; its original is as it was
  130  interrupted; resume goes on`,
		Example: `  glueguard apply plan.json
  glueguard apply 3f9a21c47e0b --auto-approve --parallel 10
  glueguard apply latest --canary 1 --max-failures 2
  glueguard apply plan.json --auto-approve -o json > changes.json`,
		Args: oneArg("a plan: a file, or a digest"),
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := o.check(); err != nil {
				return usage(cmd, err)
			}
			if err := o.begin(cmd.CommandPath(), o.output); err != nil {
				return err
			}
			return runApply(cmd.Context(), env, o, args[0])
		},
	}
	flags := cmd.Flags()
	flags.SortFlags = false
	o.add(flags)
	flags.IntVar(&o.canary, "canary", 0, "begin with `N` changes, and go on only if all of them end well")
	flags.IntVar(&o.maxFailures, "max-failures", 0, "start no more once `N` changes did not end well (default: no limit)")
	addAcceptUnchecked(flags, &o.acceptUnchecked)
	flags.BoolVar(&o.acceptWeaker, "accept-weaker", false, "accept a weaker encryption than there is now")
	flags.BoolVar(&o.acceptIrreversible, "accept-irreversible", false, "accept what may not be possible to take back")
	o.addRun(flags)
	return cmd
}

func (o *applyOptions) check() error {
	if o.canary < 0 || o.maxFailures < 0 {
		return errors.New("--canary and --max-failures must not be negative")
	}
	return o.changeFlags.check()
}

// oneArg demands one argument, in one line.
func oneArg(what string) cobra.PositionalArgs {
	return func(cmd *cobra.Command, args []string) error {
		switch {
		case len(args) == 0 || args[0] == "":
			return diag.Usagef(cmd.CommandPath(), "want %s", what)
		case len(args) > 1:
			return diag.Usagef(cmd.CommandPath(), "unexpected argument %q: want %s", args[1], what)
		}
		return nil
	}
}

// runApply reads the plan, asks, and carries it out.
func runApply(ctx context.Context, env Env, o applyOptions, name string) (err error) {
	ctx, stop := env.Interruptible(ctx)
	defer stop()
	r, err := env.openState(ctx, o.changeFlags)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, r.Close()) }()
	p, err := readPlan(ctx, r.store, name)
	if err != nil {
		return err
	}
	r.connect()
	return r.apply(ctx, o, p)
}

// apply carries a plan out once a person has agreed.
func (r *repairs) apply(ctx context.Context, o applyOptions, p plan.Plan) error {
	jobs := r.applyJobs(o, p)
	if len(jobs) > 0 && !p.Errored {
		if err := o.askable(r.env); err != nil {
			return err
		}
	}
	if o.output == tableFormat {
		look := r.env.look()
		look.Brief = o.given() // who approves reads the whole of it
		if err := planRenderer(o.accepting(p))(tableFormat, r.env.Stdout, look); err != nil {
			return err
		}
	}
	if p.Errored {
		return &diag.PlanError{Digest: p.Digest}
	}
	document, err := p.Encode()
	if err != nil {
		return err
	}
	if err := r.store.SavePlan(ctx, p.Digest, p.CreatedAt, document); err != nil { // first: who approves it reads it there
		return err
	}
	if len(jobs) > 0 {
		if err := r.leave(ctx, o.work(p.Digest)); err != nil {
			return err
		}
		question := fmt.Sprintf("Carry out %s of this plan?", changesWord(len(jobs)))
		if err := o.get(ctx, r.env, question); err != nil {
			return err
		}
	}
	if o.detach {
		return r.detach(ctx, o.work(p.Digest))
	}
	limits, err := r.limits(ctx, o.parallel, p.Access, p.Changes)
	if err != nil {
		return err
	}
	limits.Canary, limits.MaxFailures = o.canary, o.maxFailures
	return r.run(ctx, jobs, limits, o.output)
}

// accepting is a plan as it is shown where the command line accepts more than the plan does: that is not asked for again.
func (o *applyOptions) accepting(p plan.Plan) plan.Plan {
	warnings := acceptedWarnings(o.acceptWeaker, o.acceptIrreversible)
	p.Changes = slices.Clone(p.Changes)
	for n := range p.Changes {
		i := &p.Changes[n]
		i.Checks = preflight.Accept(i.Checks, slices.Concat(p.Accepted, o.acceptUnchecked))
		i.Warnings = slices.Clone(i.Warnings)
		for k, w := range i.Warnings {
			if slices.Contains(warnings, w.Code) {
				i.Warnings[k].Accepted = true
			}
		}
	}
	return p
}

func changesWord(n int) string {
	if n == 1 {
		return "the 1 change"
	}
	return fmt.Sprintf("the %d changes", n)
}

func (r *repairs) applyJobs(o applyOptions, p plan.Plan) []engine.Job {
	jobs, items := repair.ApplyJobs(engine.Job{
		AcceptUnchecked: o.acceptUnchecked, AcceptWarnings: acceptedWarnings(o.acceptWeaker, o.acceptIrreversible),
	}, p)
	for _, i := range items {
		r.call(i)
	}
	return jobs
}

func acceptedWarnings(weaker, irreversible bool) []string {
	var codes []string
	if weaker {
		codes = append(codes, plan.WarnWeaker)
	}
	if irreversible {
		codes = append(codes, plan.WarnIrreversible)
	}
	return codes
}

// readPlan reads a plan from the file of that name, else from the state by its digest.
func readPlan(ctx context.Context, plans store.Plans, name string) (plan.Plan, error) {
	text, err := os.ReadFile(name)
	if err == nil {
		return plan.Decode(name, text)
	}
	if !errors.Is(err, os.ErrNotExist) {
		return plan.Plan{}, fmt.Errorf("read the plan: %s: %w", name, bare(err))
	}
	if name != "latest" && !regexp.MustCompile(`^(sha256:)?[0-9a-f]{4,64}$`).MatchString(name) {
		return plan.Plan{}, &diag.MissingError{What: "plan file", Name: name}
	}
	text, err = plans.Plan(ctx, name)
	if errors.Is(err, store.ErrNotFound) {
		return plan.Plan{}, &diag.MissingError{What: "plan", Name: name}
	}
	if err != nil {
		return plan.Plan{}, err
	}
	return plan.Decode("plan "+name, text)
}
