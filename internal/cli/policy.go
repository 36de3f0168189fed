package cli

import (
	"fmt"

	"github.com/spf13/cobra"

	"github.com/glueguard/glueguard/internal/config"
	"github.com/glueguard/glueguard/internal/diag"
	"github.com/glueguard/glueguard/internal/policy"
)

func newPolicy(env Env) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "policy",
		Short: "Work with policy files",
		Long: `Works with policy files: what an organization demands, and the exceptions it grants.

EXIT STATUS
  as of its commands`,
		Example: "  glueguard policy check glueguard.yaml",
		Args:    cobra.ArbitraryArgs, // so that a wrong command is told of in our words
		RunE:    helpOrUnknown,
	}
	cmd.AddCommand(newPolicyCheck(env))
	return cmd
}

func newPolicyCheck(env Env) *cobra.Command {
	return &cobra.Command{
		Use:   "check FILE",
		Short: "Check a policy file and say what it demands",
		Long: `Checks a policy file. Everything wrong with it is reported with line and column.

EXIT STATUS
  0  the file is valid
  1  it is not, or it can't be read`,
		Example: "  glueguard policy check glueguard.yaml",
		Args: func(cmd *cobra.Command, args []string) error {
			if len(args) != 1 {
				return diag.Usagef(cmd.CommandPath(), "want one policy file, got %d", len(args))
			}
			return nil
		},
		RunE: func(_ *cobra.Command, args []string) error { return checkPolicy(env, args[0]) },
	}
}

func checkPolicy(env Env, path string) error {
	p, err := config.Policy(path, "")
	if err != nil {
		return err
	}
	expired := 0
	now := env.Now()
	for _, e := range p.Exceptions {
		if e.Expires.Before(now) {
			expired++
		}
	}
	_, err = fmt.Fprintf(env.Stdout, "%s is valid.\nprofile %s; dev endpoints need %s, ML transforms %s\nexceptions: %d, of them expired: %d\ndigest %s\n",
		path, p.Profile, atLeast(p), modeOf(p), len(p.Exceptions), expired, p.Digest())
	return err
}

func atLeast(p policy.Policy) string { return string(p.DevEndpointMode()) + " at least" }

func modeOf(p policy.Policy) string {
	if m := p.MLTransformMode(); m != policy.Any {
		return string(m)
	}
	return "any encryption"
}
