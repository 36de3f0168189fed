package cli

import (
	"context"
	"errors"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/glueguard/glueguard/internal/auth"
	"github.com/glueguard/glueguard/internal/config"
	"github.com/glueguard/glueguard/internal/store"
	"github.com/glueguard/glueguard/internal/store/sqlite"
)

func newRequestsDecide(env Env, approve bool) *cobra.Command {
	var note, state, file string
	cmd := &cobra.Command{
		Use:   "reject REQUEST",
		Short: "Say no to what a request asks for",
		Long: `Rejects a request, as the operating system's user that you are.

EXIT STATUS
  0  rejected
  1  error, bad usage, or it can't be decided (any more)`,
		Example: `  glueguard requests reject 0197d2f0 --note "not before the release"`,
		Args:    oneArg("the id of a request"),
	}
	if approve {
		cmd.Use, cmd.Short = "approve REQUEST", "Agree to what a request asks for"
		cmd.Long = `Approves a request, as the operating system's user that you are. Under four eyes whoever asked for
it can't. The approval is good for once, and for exactly what the request asks for.

EXIT STATUS
  0  approved
  1  error, bad usage, or it can't be decided (any more)`
		cmd.Example = `  glueguard requests show 0197d2f0
  glueguard requests approve 0197d2f0 --note "as agreed on Monday"`
	}
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		if err := stateIsFile(state); err != nil {
			return usage(cmd, err)
		}
		p, err := config.Policy(file, "")
		if err != nil {
			return err
		}
		return env.withStore(cmd.Context(), state, func(s *sqlite.Store) error {
			rules, err := approvalRules(cmd.Context(), p, s)
			if err != nil {
				return err
			}
			return env.decide(cmd.Context(), s, rules, args[0], auth.Decision{Approve: approve, Note: note})
		})
	}
	flags := cmd.Flags()
	flags.SortFlags = false
	flags.StringVar(&note, "note", "", "`TEXT` that is kept with the decision")
	addPolicy(flags, &file)
	addState(flags, &state)
	return cmd
}

// decide approves or rejects a request.
func (e Env) decide(ctx context.Context, s approvals, rules auth.Rules, id string, d auth.Decision) error {
	q, err := findRequest(ctx, s, id)
	if err != nil {
		return err
	}
	d.Digest = q.Digest
	action := deedRequestReject
	if d.Approve {
		action = deedRequestApprove
	}
	decided, err := rules.Decide(q, d, auth.CommandLine(e.operator()), e.Now())
	if err != nil {
		return errors.Join(err, e.record(ctx, s, store.Deed{
			Action: action, Subject: q.ID, Digest: q.Digest, Outcome: store.DeedRefused, Detail: map[string]string{"reason": refusal(err)},
		}))
	}
	if err := e.moved(ctx, s, action, decided); err != nil {
		return conflict(q, err)
	}
	switch {
	case !d.Approve:
		_, err = fmt.Fprintf(e.Stdout, "Rejected: %s.\n", workLine(q.Work))
	case decided.State == store.RequestQueued:
		_, err = fmt.Fprintf(e.Stdout, "Approved until %s UTC: %s. The daemon does it.\n", utc(decided.ExpiresAt), workLine(q.Work))
	case commandFor(q.Work) == "":
		_, err = fmt.Fprintf(e.Stdout, "Approved until %s UTC: %s. It can be started in the console.\n", utc(decided.ExpiresAt), workLine(q.Work))
	default:
		_, err = fmt.Fprintf(e.Stdout, "Approved until %s UTC: %s. Now this does it:\n  %s\n", utc(decided.ExpiresAt), workLine(q.Work), commandFor(q.Work))
	}
	return err
}

// refusal is why a request could not be decided, as the audit trail says it.
func refusal(err error) string {
	var refused *auth.ApprovalError
	if errors.As(err, &refused) {
		return refused.Err.Error()
	}
	return "not allowed"
}

func newRequestsWithdraw(env Env) *cobra.Command {
	var state string
	cmd := &cobra.Command{
		Use:   "withdraw REQUEST",
		Short: "Take back what was asked for",
		Long: `Withdraws a request that nobody has begun to carry out, whether it is approved or not.

EXIT STATUS
  0  withdrawn
  1  error, bad usage, or it is over, or under way`,
		Example: `  glueguard requests withdraw 0197d2f0`,
		Args:    oneArg("the id of a request"),
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := stateIsFile(state); err != nil {
				return usage(cmd, err)
			}
			return env.withStore(cmd.Context(), state, func(s *sqlite.Store) error { return env.withdraw(cmd.Context(), s, args[0]) })
		},
	}
	cmd.Flags().SortFlags = false
	addState(cmd.Flags(), &state)
	return cmd
}

// withdraw takes a request back.
func (e Env) withdraw(ctx context.Context, s approvals, id string) error {
	q, err := findRequest(ctx, s, id)
	if err != nil {
		return err
	}
	gone, err := auth.Withdraw(q, auth.CommandLine(e.operator()), e.Now())
	if err != nil {
		return err
	}
	if err := e.moved(ctx, s, deedRequestWithdraw, gone); err != nil {
		return conflict(q, err)
	}
	_, err = fmt.Fprintf(e.Stdout, "Withdrawn: %s.\n", workLine(q.Work))
	return err
}
