package cli

import (
	"context"
	"errors"
	"fmt"
	"regexp"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/glueguard/glueguard/internal/audit"
	"github.com/glueguard/glueguard/internal/awsapi"
	"github.com/glueguard/glueguard/internal/cli/view"
	"github.com/glueguard/glueguard/internal/config"
	"github.com/glueguard/glueguard/internal/control"
	"github.com/glueguard/glueguard/internal/diag"
	"github.com/glueguard/glueguard/internal/finding"
	"github.com/glueguard/glueguard/internal/policy"
	"github.com/glueguard/glueguard/internal/report"
	"github.com/glueguard/glueguard/internal/resource"
	"github.com/glueguard/glueguard/internal/store"
	"github.com/glueguard/glueguard/internal/store/sqlite"
)

// scopeFlags say what a command covers and with which credentials: the same for every command.
type scopeFlags struct {
	accounts, regions, controls, resources []string
	organization                           bool
	role, externalID, profile              string
	policyProfile                          string
}

func (f *scopeFlags) add(flags *pflag.FlagSet) {
	f.addPlaces(flags)
	flags.StringSliceVar(&f.controls, "control", nil, "only this control's `ID` (repeatable)")
	flags.StringArrayVar(&f.resources, "resource", nil, "only the resource of this `ARN`, or of a name that is unique in scope (repeatable)")
	flags.StringVar(&f.policyProfile, "policy-profile", "", "what to demand: `sop|strict` (default: the policy's, else sop)")
}

// addPlaces adds the flags that say where to look, and with which credentials.
func (f *scopeFlags) addPlaces(flags *pflag.FlagSet) {
	flags.StringSliceVar(&f.accounts, "account", nil, "only this `ACCOUNT` (12 digits; repeatable)")
	flags.StringSliceVar(&f.regions, "region", nil, "only this `REGION` (repeatable; default: every enabled one)")
	flags.BoolVar(&f.organization, "organization", false, "every account of the caller's organization")
	flags.StringVar(&f.role, "role", "", "`NAME` of the role to assume in other accounts")
	flags.StringVar(&f.externalID, "external-id", "", "external `ID` that the role's trust policy asks for")
	flags.StringVar(&f.profile, "profile", "", "AWS `PROFILE` (default: AWS_PROFILE)")
}

// notEmpty refuses a scope that was given and is empty, as of a shell variable that is not set: it would mean everything.
func notEmpty(flags *pflag.FlagSet) error {
	for _, name := range []string{"account", "region", "control", "resource"} {
		f := flags.Lookup(name)
		if f == nil {
			continue
		}
		if list, ok := f.Value.(pflag.SliceValue); ok && f.Changed && len(list.GetSlice()) == 0 {
			return fmt.Errorf("--%s: the value is empty", name)
		}
	}
	return nil
}

// check refuses what can be seen to be wrong without asking AWS.
func (f *scopeFlags) check() error {
	account, region := regexp.MustCompile(`^\d{12}$`), regexp.MustCompile(`^[a-z]{2,}(-[a-z]+)+-\d+$`)
	for _, a := range f.accounts {
		if !account.MatchString(a) {
			return fmt.Errorf("--account %q: want 12 digits", a)
		}
	}
	for _, r := range f.regions {
		if !region.MatchString(r) {
			return fmt.Errorf("--region %q: want a region's name, such as eu-west-1", r)
		}
	}
	for _, r := range f.resources {
		if strings.HasPrefix(r, "arn:") {
			if _, err := resource.ParseARN(r); err != nil {
				return fmt.Errorf("--resource: %w", err)
			}
		} else if r == "" {
			return errors.New("--resource: want an ARN or a name")
		}
	}
	switch policy.Profile(f.policyProfile) {
	case "", policy.SOP, policy.Strict:
	default:
		return fmt.Errorf("--policy-profile %q: want sop or strict", f.policyProfile)
	}
	if f.externalID != "" && f.role == "" {
		return errors.New("--external-id goes with --role")
	}
	return f.checkControls()
}

func (f *scopeFlags) checkControls() error {
	var known []string
	ids := map[string]bool{}
	for _, c := range control.All() {
		known = append(known, string(c.ID))
		ids[string(c.ID)] = true
	}
	for _, c := range f.controls {
		if !ids[c] {
			return fmt.Errorf("--control %q: want one of %s", c, strings.Join(known, ", "))
		}
	}
	return nil
}

func (f *scopeFlags) controlIDs() []control.ID {
	var ids []control.ID
	for _, c := range f.controls {
		ids = append(ids, control.ID(c))
	}
	return ids
}

type auditOptions struct {
	scopeFlags
	outputs []string
	state   string
	config  string
	since   string
	failOn  string
	send    []string
	to      []destination
}

// check refuses what can be seen to be wrong without looking at files or asking AWS.
func (o *auditOptions) check(flags *pflag.FlagSet) error {
	if err := notEmpty(flags); err != nil {
		return err
	}
	if err := o.scopeFlags.check(); err != nil {
		return err
	}
	if err := checkSince(flags); err != nil {
		return err
	}
	if err := checkFailOn(o.failOn, o.since); err != nil {
		return err
	}
	var err error
	if o.to, err = parseSend(o.send); err != nil {
		return err
	}
	return stateIsFile(o.state)
}

func newAudit(env Env) *cobra.Command {
	var o auditOptions
	cmd := &cobra.Command{
		Use:   "audit",
		Short: "Tell which resources are not encrypted at rest; reads only",
		Long: `Reads development endpoints, ML transforms, and the security configurations and KMS keys
that they name, and judges each of them. Nothing at AWS is changed.

A read that fails makes its resources unknown, never compliant; the report names each one.
Without flags it covers the caller's account in all its enabled regions.

With --since the report also tells what became of the findings since an earlier audit, the new ones
first. With --fail-on new, findings that failed then already don't set the exit status: for CI.

--send securityhub tells each account's Security Hub, in each region, of its findings, and archives those
sent earlier whose resource is gone; --send s3://… stores the reports of -o (json, if none).

EXIT STATUS
  0    everything was read and complies
  1    error, or bad usage; something was not delivered to where --send says
  2    findings fail; with --fail-on new: findings that are new or reopened
  3    nothing fails, but something could not be read
  130  interrupted; what was read until then is reported`,
		Example: `  glueguard audit
  glueguard audit --region eu-west-1 --region eu-central-1 --policy-profile strict
  glueguard audit --organization --role SecurityAudit -o table -o json=audit.json
  glueguard audit --resource arn:aws:glue:eu-west-1:111122223333:devEndpoint/etl
  glueguard audit --since latest --fail-on new -o junit=glueguard.xml
  glueguard audit --organization --role SecurityAudit --send securityhub --send s3://audits/glue/
  glueguard audit -o jsonl | jq 'select(.type == "finding" and .status == "fail")'`,
		Args: noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := o.check(cmd.Flags()); err != nil {
				return &diag.UsageError{Command: cmd.CommandPath(), Err: err}
			}
			outs, err := parseOutputs(o.outputs, auditFormat)
			if err != nil {
				return &diag.UsageError{Command: cmd.CommandPath(), Err: err}
			}
			return runAudit(cmd.Context(), env, o, outs)
		},
	}
	flags := cmd.Flags()
	flags.SortFlags = false
	o.add(flags)
	flags.StringArrayVarP(&o.outputs, "output", "o", nil,
		"`FORMAT[=FILE]`: "+strings.Join(report.Names(), ", ")+" (repeatable, one without FILE; default: table)")
	addSince(flags, &o.since)
	flags.StringVar(&o.failOn, "fail-on", failOnAll, "which failing findings set exit status 2: `all|new`; new goes with --since")
	addSend(flags, &o.send)
	addPolicy(flags, &o.config)
	addState(flags, &o.state)
	return cmd
}

// runAudit prepares everything that can fail early, then audits AWS as the environment and the flags name it.
func runAudit(ctx context.Context, env Env, o auditOptions, outs outputs) (err error) {
	p, err := config.Policy(o.config, policy.Profile(o.policyProfile))
	if err != nil {
		return err
	}
	path, err := config.StatePath(o.state, env.LookupEnv)
	if err != nil {
		return err
	}
	if err := outs.open(); err != nil {
		return err
	}
	defer func() { err = errors.Join(err, outs.discard()) }()
	s, err := sqlite.Open(ctx, path)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, s.Close()) }()
	if p, err = config.InForce(ctx, p, s); err != nil {
		return err
	}
	then, err := o.then(ctx, s)
	if err != nil {
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
	then.send = o.sending(ctx, env, session, s)
	err = env.audit(ctx, audit.Options{
		Scanner: audit.NewScanner(session), Store: s, Policy: p,
		Accounts: o.accounts, Regions: o.regions, Organization: o.organization,
		Controls: o.controlIDs(), Resources: o.resources,
		Now: env.Now, NewID: env.NewID,
	}, session, s, outs, then)
	var verdict diag.Status
	if ended := session.Ended(); ended != nil && errors.As(err, &verdict) {
		diag.CredentialsEnded(ended).Print(env.Stderr)
	}
	var region *audit.RegionError
	if errors.As(err, &region) {
		return &diag.UsageError{Command: "glueguard audit", Err: region}
	}
	return err
}

// audit runs an audit under a live status, does what is asked for then, and returns its verdict as a diag.Status.
func (e Env) audit(ctx context.Context, o audit.Options, session *awsapi.Session, stored store.Store, outs outputs, t then) error {
	r, err := e.scan(ctx, o, session, stored)
	if err != nil {
		return err
	}
	if r.Interrupted {
		fmt.Fprintln(e.Stderr, "glueguard: interrupted; this is what was read until then")
	} else {
		e.reconsider(ctx, o, session, stored, r)
	}
	return t.finish(context.WithoutCancel(ctx), e, r, stored, outs)
}

// scan runs an audit under a live status, and writes to the audit trail that it did.
func (e Env) scan(ctx context.Context, o audit.Options, session *awsapi.Session, s store.Store) (audit.Result, error) {
	var err error
	if o.Kept, err = audit.KeptBy(ctx, s); err != nil {
		return audit.Result{}, err
	}
	status := view.Status{Out: e.Stderr, Terminal: e.StderrTerminal, Width: e.Width, Now: e.Now, Progress: o.Scanner.Progress}
	stop := status.Start()
	defer stop()
	o.Tell = func(r audit.Result) store.Deed { return e.audited(r, roleOf(ctx, session)) }
	return audit.Run(ctx, o)
}

// storedAudit is an audit in the store as reports read it.
type storedAudit struct {
	ctx    context.Context //nolint:containedctx // reports stream and know of no context
	reader store.AuditReader
	head   store.Audit
	since  *report.Comparison // nil: none was asked for
}

func (s storedAudit) Head() store.Audit { return s.head }

func (s storedAudit) EachCoverage(yield func(resource.Coverage) error) error {
	return s.reader.EachCoverage(s.ctx, s.head.ID, yield)
}

func (s storedAudit) EachFinding(yield func(finding.Finding) error) error {
	return s.reader.EachFinding(s.ctx, s.head.ID, yield)
}

// EachAudit implements report.Trend: the audits up to this one, where the store can list them.
func (s storedAudit) EachAudit(yield func(store.Audit) error) error {
	lister, ok := s.reader.(store.AuditLister)
	if !ok {
		return nil
	}
	return lister.EachAudit(s.ctx, func(a store.Audit) error {
		if a.StartedAt.After(s.head.StartedAt) {
			return nil
		}
		return yield(a)
	})
}
