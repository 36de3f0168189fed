package cli

import (
	"context"
	"errors"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/glueguard/glueguard/internal/change"
	"github.com/glueguard/glueguard/internal/diag"
	"github.com/glueguard/glueguard/internal/report"
)

func newVerify(env Env) *cobra.Command {
	var o changeFlags
	cmd := &cobra.Command{
		Use:   "verify CHANGE...",
		Short: "Look again whether changes are as they were promised",
		Long: `Reads what changes have made again, and compares all of it with what their plans promised: the
encryption, the key, every attribute and tag, and of ML transforms labels and quality. A change
whose resource is not encrypted any more becomes regressed. Nothing at AWS is changed.

EXIT STATUS
  0    everything is as promised
  1    error, or bad usage; something could not be read
  2    something differs
  130  interrupted`,
		Example: `  glueguard verify 0197d2f0
  glueguard verify 0197d2f0 -o json`,
		Args: changeArgs(nil),
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := o.check(); err != nil {
				return usage(cmd, err)
			}
			return runVerify(cmd.Context(), env, o, args)
		},
	}
	cmd.Flags().SortFlags = false
	o.addCommon(cmd.Flags())
	return cmd
}

func runVerify(ctx context.Context, env Env, o changeFlags, ids []string) error {
	return env.withChanges(ctx, o, func(ctx context.Context, r *repairs) error {
		list, err := r.changes(ctx, ids)
		if err != nil {
			return err
		}
		r.connect()
		var verified []*change.Change
		differing := false
		for _, c := range list {
			now, differences, err := r.verifyOne(ctx, c)
			if err != nil {
				return err
			}
			verified = append(verified, now)
			differing = differing || len(differences) > 0
			if o.output == tableFormat {
				if err := report.Verified(env.Stdout, env.look(), now, differences); err != nil {
					return err
				}
			}
		}
		if err := r.tellVerified(verified, o.output); err != nil {
			return err
		}
		if differing {
			return diag.Status(diag.Failing)
		}
		return nil
	})
}

// verifyOne looks at one change again, and writes to the audit trail that it did: the change may be regressed by it.
func (r *repairs) verifyOne(ctx context.Context, c *change.Change) (*change.Change, []change.Difference, error) {
	now, differences, err := r.worker.Verify(ctx, c.Head.ID)
	return now, differences, errors.Join(err, r.verified(ctx, c, now, differences, err))
}

// tellVerified writes the changes for programs; people have been told one by one.
func (r *repairs) tellVerified(list []*change.Change, format string) error {
	if format == tableFormat {
		return nil
	}
	f, err := report.LookupChanges(format)
	if err != nil {
		return fmt.Errorf("output: %w", err)
	}
	return f.List(r.env.Stdout, r.env.look(), report.ChangesOf(list...))
}
