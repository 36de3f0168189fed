package cli

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"github.com/spf13/cobra"

	"github.com/glueguard/glueguard/internal/audit"
	"github.com/glueguard/glueguard/internal/awsapi"
	"github.com/glueguard/glueguard/internal/diag"
	"github.com/glueguard/glueguard/internal/policy"
	"github.com/glueguard/glueguard/internal/sandbox"
	"github.com/glueguard/glueguard/internal/sandbox/scenario"
	"github.com/glueguard/glueguard/internal/store/sqlite"
)

// The demonstration's estate: small enough to be read at a glance.
const (
	demoAccounts  = 4
	demoResources = 24
)

func newDemo(env Env) *cobra.Command {
	return &cobra.Command{
		Use:   "demo",
		Short: "See it work on a simulated AWS: no account needed",
		Long: `Starts an AWS in memory with a small organization, audits it over HTTP as it would audit
the real one, and shows the report. Nothing is kept.

EXIT STATUS
  0  the demonstration worked, whatever the audit found
  1  error`,
		Example: "  glueguard demo",
		Args:    noArgs,
		RunE:    func(cmd *cobra.Command, _ []string) error { return runDemo(cmd.Context(), env) },
	}
}

func runDemo(ctx context.Context, env Env) (err error) {
	ctx, stop := env.Interruptible(ctx)
	defer stop()
	server, err := sandbox.Start("127.0.0.1:0", sandbox.Options{
		Scenario: scenario.Org, Accounts: demoAccounts, Regions: scenario.DefaultRegions(scenario.Org), Resources: demoResources, Seed: 1,
	})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, server.Close()) }()
	dir, err := os.MkdirTemp("", "glueguard-demo-")
	if err != nil {
		return fmt.Errorf("make a temporary state: %w", err)
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	s, err := sqlite.Open(ctx, filepath.Join(dir, "state.db"))
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, s.Close()) }()
	session, err := awsapi.Open(ctx, awsapi.Options{
		Role: scenario.AuditRole, Region: "us-east-1", EndpointURL: server.URL,
		Keys: &awsapi.Keys{AccessKeyID: "demo", SecretAccessKey: "demo"},
	})
	if err != nil {
		return err
	}
	defer session.Close()

	fmt.Fprintf(env.Stdout, demoIntroduction, demoAccounts, scenario.AuditRole)
	outs, err := parseOutputs(nil)
	if err != nil {
		return err
	}
	err = env.audit(ctx, audit.Options{
		Scanner: audit.NewScanner(session), Store: s, Policy: policy.Default(policy.SOP), Organization: true,
		Now: env.Now, NewID: env.NewID,
	}, s, outs)
	var verdict diag.Status
	if err != nil && (!errors.As(err, &verdict) || verdict == diag.Interrupted) {
		return err
	}
	_, err = fmt.Fprint(env.Stdout, demoNext)
	return err
}

const demoIntroduction = `AWS Glue development endpoints (Spark clusters to develop on) and ML transforms (models that
match records) write your data to S3 and to logs. Whether it is encrypted there is settled when
they are made, and AWS can't change it later. Glueguard finds those that do not encrypt, and
says what to do.

A simulated organization of %d accounts, audited as the real one would be:
  glueguard audit --organization --role %s

`

const demoNext = `
What to try next
  glueguard audit                        your own account, with your usual AWS credentials; it only reads
  glueguard audit -o json=audit.json     the same, with every detail for programs
  glueguard sandbox --scenario small     a simulated AWS, to try glueguard and the aws command on
`
