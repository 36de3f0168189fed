package cli

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/glueguard/glueguard/internal/change"
	"github.com/glueguard/glueguard/internal/report"
	"github.com/glueguard/glueguard/internal/store"
	"github.com/glueguard/glueguard/internal/store/sqlite"
)

type changesOptions struct {
	states         []string
	plan, resource string
	output, state  string
}

// states are the states of changes, as --status takes them.
func states() []string {
	return []string{
		string(change.Running), string(change.Waiting), string(change.Done), string(change.Finalized), string(change.RefusedAt),
		string(change.BackingOut), string(change.BackedOut), string(change.FailedAt), string(change.Regressed),
	}
}

func newChanges(env Env) *cobra.Command {
	var o changesOptions
	cmd := &cobra.Command{
		Use:   "changes",
		Short: "List the changes that were made, are under way, or wait",
		Long: `Lists changes, newest first, each with its state:
  running      under way, or left where it stands: resume goes on
  waiting      needs a person, or time; changes show says for what
  done         the encrypted resource is in place and proven; an original may await finalize
  finalized    what was kept as the way back is gone
  refused      AWS would not make the encrypted one; the original is untouched
  backing_out  being taken back
  backed_out   taken back: the original is as it was
  failed       an error that resume may get past
  regressed    it was done, and is not encrypted any more

EXIT STATUS
  0  listed
  1  error, or bad usage`,
		Example: `  glueguard changes
  glueguard changes --status waiting --status failed
  glueguard changes -o json | jq '.changes[] | select(.state == "waiting") | .id'
  glueguard changes show 0197d2f0`,
		Args: cobra.ArbitraryArgs, // so that a wrong command is told of in our words
		RunE: func(cmd *cobra.Command, args []string) error {
			if len(args) > 0 {
				return helpOrUnknown(cmd, args)
			}
			if err := o.check(); err != nil {
				return usage(cmd, err)
			}
			return env.withStore(cmd.Context(), o.state, func(s *sqlite.Store) error { return listChanges(cmd.Context(), env, o, s) })
		},
	}
	flags := cmd.Flags()
	flags.SortFlags = false
	flags.StringSliceVar(&o.states, "status", nil, "only those in this `STATE` (repeatable)")
	flags.StringVar(&o.plan, "plan", "", "only those of the plan of this `DIGEST`")
	flags.StringVar(&o.resource, "resource", "", "only those of the resource of this `ARN`")
	addChangesOutput(flags, &o.output)
	addState(flags, &o.state)
	cmd.AddCommand(newChangesShow(env))
	return cmd
}

func (o *changesOptions) check() error {
	for _, s := range o.states {
		if !slices.Contains(states(), s) {
			return fmt.Errorf("--status %q: want one of %s", s, strings.Join(states(), ", "))
		}
	}
	if _, err := report.LookupChanges(o.output); err != nil {
		return err
	}
	return stateIsFile(o.state)
}

func listChanges(ctx context.Context, env Env, o changesOptions, s store.Store) error {
	f, err := report.LookupChanges(o.output)
	if err != nil {
		return err
	}
	filter := store.ChangeFilter{Resource: o.resource}
	for _, state := range o.states {
		filter.States = append(filter.States, change.State(state))
	}
	if o.plan != "" {
		p, err := readPlan(ctx, s, o.plan)
		if err != nil {
			return err
		}
		filter.Plan = p.Digest
	}
	look := env.look()
	look.Filtered = len(o.states) > 0 || o.plan != "" || o.resource != ""
	return f.List(env.Stdout, look, func(yield func(*change.Change) error) error { return s.EachChange(ctx, filter, yield) })
}

func newChangesShow(env Env) *cobra.Command {
	var output, state string
	cmd := &cobra.Command{
		Use:   "show CHANGE",
		Short: "Show a change: its steps, times, calls and errors",
		Long: `Shows one change, named by its id or the beginning of it: where it stands and why, every step
with its times and the calls that it took, what was made, what the twins have cost so far, and
which commands can follow.

EXIT STATUS
  0  shown
  1  error, bad usage, or no such change`,
		Example: `  glueguard changes show 0197d2f0
  glueguard changes show 0197d2f0 -o json`,
		Args: oneArg("the id of a change"),
		RunE: func(cmd *cobra.Command, args []string) error {
			f, err := report.LookupChanges(output)
			if err == nil {
				err = stateIsFile(state)
			}
			if err != nil {
				return usage(cmd, err)
			}
			return env.withStore(cmd.Context(), state, func(s *sqlite.Store) error {
				c, err := readChange(cmd.Context(), s, args[0])
				if err != nil {
					return err
				}
				return f.Show(env.Stdout, env.look(), c)
			})
		},
	}
	cmd.Flags().SortFlags = false
	addChangesOutput(cmd.Flags(), &output)
	addState(cmd.Flags(), &state)
	return cmd
}
