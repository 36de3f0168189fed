package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/glueguard/glueguard/internal/control"
	"github.com/glueguard/glueguard/internal/report"
	"github.com/glueguard/glueguard/internal/store"
	"github.com/glueguard/glueguard/internal/store/sqlite"
)

type reportOptions struct {
	audit, framework, since string
	outputs                 []string
	state                   string
	send                    []string
	to                      []destination
	access                  access
}

func newReport(env Env) *cobra.Command {
	o := reportOptions{}
	cmd := &cobra.Command{
		Use:   "report",
		Short: "Show a stored audit in any format, or by a framework's requirements",
		Long: `Writes an audit from the state in any format, as it was then. Nothing is asked of AWS, unless --send
says so: securityhub tells each account's Security Hub, in each region, of its findings, and archives
those sent earlier whose resource is gone; s3://… stores the reports of -o (json, if none).

With --since it also tells what became of the findings since an earlier audit, the new ones first.

With --framework the findings are grouped by the requirements that they have to do with. A
requirement passes only where everything was read. Glueguard judges a part of what it asks: a
pass is evidence for it, not the whole proof. With --since as well, what is new and resolved is
told for each requirement: a key that lets nobody in any more and still doesn't rotate is resolved
for one and unchanged for the other.

EXIT STATUS
  0  written, whatever the audit found
  1  error, bad usage, or no such audit; something was not delivered to where --send says`,
		Example: `  glueguard report
  glueguard report --audit 0197d2f0-0000-7000-8000-000000000001 -o json=audit.json
  glueguard report --since latest
  glueguard report --send securityhub --role SecurityAudit
  glueguard report --framework pci-dss-4.0
  glueguard report --framework pci-dss-4.0 --since latest
  glueguard report --framework hipaa -o markdown=hipaa.md -o json=hipaa.json`,
		Args: noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			c, err := control.ReadCatalogue()
			if err != nil {
				return err
			}
			outs, err := o.check(cmd.Flags(), c)
			if err != nil {
				return usage(cmd, err)
			}
			return env.withStore(cmd.Context(), o.state, func(s *sqlite.Store) error {
				return runReport(cmd.Context(), env, o, c, s, outs)
			})
		},
	}
	flags := cmd.Flags()
	flags.SortFlags = false
	flags.StringVar(&o.audit, "audit", latest, "the audit of this `ID` (latest: the newest that came to its end)")
	addSince(flags, &o.since)
	flags.StringVar(&o.framework, "framework", "", "by the requirements of this `FRAMEWORK`: pci-dss-4.0, hipaa, soc2 and others (see glueguard controls)")
	flags.StringArrayVarP(&o.outputs, "output", "o", nil, fmt.Sprintf(
		"`FORMAT[=FILE]`: %s; with --framework: %s (repeatable, one without FILE; default: table)",
		strings.Join(report.Names(), ", "), strings.Join(report.FrameworkFormatNames(), ", ")))
	addSend(flags, &o.send)
	flags.StringVar(&o.access.role, "role", "", "with --send: `NAME` of the role to assume in other accounts")
	flags.StringVar(&o.access.externalID, "external-id", "", "with --send: external `ID` that the role's trust policy asks for")
	flags.StringVar(&o.access.profile, "profile", "", "with --send: AWS `PROFILE` (default: AWS_PROFILE)")
	addState(flags, &o.state)
	return cmd
}

// latest stands for the newest audit that came to its end.
const latest = "latest"

func (o *reportOptions) check(flags *pflag.FlagSet, c control.Catalogue) (outputs, error) {
	if err := stateIsFile(o.state); err != nil {
		return nil, err
	}
	if err := checkSince(flags); err != nil {
		return nil, err
	}
	if err := o.checkSend(); err != nil {
		return nil, err
	}
	if o.audit == "" {
		return nil, errors.New("--audit: the value is empty")
	}
	if o.framework == "" {
		return parseOutputs(o.outputs, auditFormat)
	}
	if _, ok := c.FrameworkNamed(o.framework); !ok {
		var known []string
		for _, f := range c.Frameworks {
			known = append(known, string(f.ID))
		}
		return nil, fmt.Errorf("--framework %q: want one of %s", o.framework, strings.Join(known, ", "))
	}
	return parseOutputs(o.outputs, frameworkFormat)
}

// checkSend refuses what can't be sent.
func (o *reportOptions) checkSend() (err error) {
	if o.to, err = parseSend(o.send); err != nil {
		return err
	}
	switch {
	case len(o.to) == 0 && o.access != access{}:
		return errors.New("--role, --external-id and --profile go with --send: nothing else asks AWS")
	case o.access.externalID != "" && o.access.role == "":
		return errors.New("--external-id goes with --role")
	case o.framework != "" && slices.Contains(o.send, toHub):
		return errors.New("--send securityhub sends findings, which belong to no framework: leave --framework away")
	}
	return nil
}

// frameworkFormat refuses formats that reports by framework don't have.
func frameworkFormat(name string) error {
	_, err := report.LookupFramework(name)
	if err != nil && slices.Contains(report.Names(), name) {
		return fmt.Errorf("with --framework: %w", err)
	}
	return err
}

func runReport(ctx context.Context, env Env, o reportOptions, c control.Catalogue, s *sqlite.Store, outs outputs) (err error) {
	head, err := s.Audit(ctx, o.audit)
	if errors.Is(err, store.ErrNotFound) {
		return noAudit(o.audit)
	}
	if err != nil {
		return err
	}
	if o.audit == latest && head.Partial {
		if err := env.tellPartial(ctx, s); err != nil {
			return err
		}
	}
	source := storedAudit{ctx: ctx, reader: s, head: head}
	if o.since != "" {
		then, err := baseline(ctx, s, o.since, head)
		if err != nil {
			return err
		}
		if source, err = source.compare(ctx, s, then); err != nil {
			return err
		}
	}
	if err := outs.open(); err != nil {
		return err
	}
	defer func() { err = errors.Join(err, outs.discard()) }()
	if head.FinishedAt.IsZero() {
		fmt.Fprintf(env.Stderr, "glueguard: the audit %s never came to its end; this is what it had stored\n", head.ID)
	}
	render, name := auditRenderer(source), head.ID
	if f, ok := c.FrameworkNamed(o.framework); ok {
		render, name = frameworkRenderer(c, f, source), head.ID+"."+string(f.ID)
	}
	if err := outs.write(env.Stdout, env.look(), render); err != nil || len(o.to) == 0 {
		return err
	}
	ctx, stop := env.Interruptible(ctx)
	defer stop()
	return sending{
		env: env, to: o.to, access: o.access, state: s, audit: source, formats: formatsOf(o.outputs), as: render, name: name,
	}.send(ctx)
}

// tellPartial names the newest audit of everything, where the newest of all is of single resources.
func (e Env) tellPartial(ctx context.Context, s store.AuditReader) error {
	whole, err := s.Audit(ctx, store.LatestWhole)
	if err != nil || whole.Partial {
		return err
	}
	_, err = fmt.Fprintf(e.Stderr, "glueguard: the newest audit is of single resources only; the newest of everything is --audit %s\n", whole.ID)
	return err
}

func noAudit(id string) error {
	if id == latest || id == store.LatestWhole {
		return errors.New("no audit is stored yet: `glueguard audit` makes one, and --state names another state")
	}
	return fmt.Errorf("there is no audit %q in the state: leave --audit away for the newest, or name another state with --state", id)
}

// frameworkRenderer writes an audit by the requirements of a framework.
func frameworkRenderer(c control.Catalogue, of control.Framework, audit report.Source) renderer {
	return func(format string, w io.Writer, look report.Look) error {
		f, err := report.LookupFramework(format)
		if err != nil {
			return err
		}
		return f.Write(w, look, c, of, audit)
	}
}
