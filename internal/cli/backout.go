package cli

import (
	"cmp"
	"context"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"github.com/glueguard/glueguard/internal/change"
	"github.com/glueguard/glueguard/internal/engine"
	"github.com/glueguard/glueguard/internal/execute"
	"github.com/glueguard/glueguard/internal/plan"
	"github.com/glueguard/glueguard/internal/report"
	"github.com/glueguard/glueguard/internal/resource"
	"github.com/glueguard/glueguard/internal/store"
)

type backoutOptions struct {
	changeFlags
	acceptIrreversible bool
}

func newBackout(env Env) *cobra.Command {
	var o backoutOptions
	cmd := &cobra.Command{
		Use:   "backout CHANGE...",
		Short: "Take changes back: the original as it was, without the encryption",
		Long: `Takes changes back. While the original is still there, what was done is undone in reverse order.
When it is gone, it is made again from its saved definition: a twin first, proven before the
encrypted one is touched. Keys are never disabled, deleted or narrowed: what was written under
them stays readable.

It says what encryption will be removed, and asks, unless --auto-approve is given. Only the
newest change of a resource can be taken back. After finalize it is attempted, not promised.

EXIT STATUS
  0    every change is taken back, and the originals were looked at again
  1    error, bad usage, or a question that nobody could answer; a change waits for a person, has
       failed, or is held by another process
  2    it was refused: the encrypted one stays
  130  interrupted; resume goes on`,
		Example: `  glueguard backout 0197d2f0
  glueguard backout 0197d2f0 --auto-approve -o json`,
		Args: changeArgs(nil),
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := o.check(); err != nil {
				return usage(cmd, err)
			}
			if err := o.begin(cmd.CommandPath(), o.output); err != nil {
				return err
			}
			return runBackout(cmd.Context(), env, o, args)
		},
	}
	flags := cmd.Flags()
	flags.SortFlags = false
	o.add(flags)
	flags.BoolVar(&o.acceptIrreversible, "accept-irreversible", false, "accept what may not be possible to take back")
	o.addRun(flags)
	return cmd
}

func runBackout(ctx context.Context, env Env, o backoutOptions, ids []string) error {
	return env.withChanges(ctx, o.changeFlags, func(ctx context.Context, r *repairs) error {
		list, err := r.changes(ctx, ids)
		if err != nil {
			return err
		}
		if err := o.askable(env); err != nil {
			return err
		}
		fmt.Fprintln(env.Stderr, backoutLines(list))
		w := changesWork(store.RequestBackout, list)
		w.AcceptWarnings, w.Parallel = acceptedWarnings(false, o.acceptIrreversible), o.parallel
		if err := r.leave(ctx, w); err != nil {
			return err
		}
		if err := o.get(ctx, env, "Take "+theseChanges(len(list))+" back?"); err != nil {
			return err
		}
		if o.detach {
			return r.detach(ctx, w)
		}
		return r.move(ctx, engine.Job{Verb: engine.Backout, AcceptWarnings: acceptedWarnings(true, o.acceptIrreversible)}, list)
	})
}

// backoutLines say which encryption goes.
func backoutLines(list []*change.Change) string {
	var lines []string
	for _, c := range list {
		i := c.Head.Item
		lines = append(lines, fmt.Sprintf("%s (%s): %s", report.Thing(i.Resource), i.Location, encryptionGoes(c)))
	}
	return strings.Join(lines, "\n")
}

// encryptionGoes says what taking a change back does to the encryption.
func encryptionGoes(c *change.Change) string {
	i := c.Head.Item
	switch {
	case c.State == change.BackedOut, c.State == change.RefusedAt:
		return "nothing; it is " + c.State.Words() + " already"
	case execute.Bereft(c):
		return fmt.Sprintf("others deleted the original; it is made again with encryption %s, and then the one with %s goes", i.From, cmp.Or(i.To, "none"))
	case !c.Touched() && c.Rest == "":
		return "the original was not touched and stays as it is; what was made beside it goes"
	case !c.Touched() && i.Strategy == plan.SideBySide:
		return fmt.Sprintf("the one beside it, with encryption %s, will be DELETED; the original stays as it is, with %s", i.To, i.From)
	case i.To == "":
		return "it was retired; it is made again with encryption " + string(i.From)
	case i.From == resource.ModeNone:
		return fmt.Sprintf("its encryption (%s) will be REMOVED; it will be as before, unencrypted", i.To)
	}
	if report.OnlyLogs(i) {
		return fmt.Sprintf("the encryption of its logs will be REMOVED; its encryption for S3 stays %s", i.From)
	}
	return fmt.Sprintf("its encryption goes from %s back to %s", i.To, i.From)
}

func theseChanges(n int) string {
	if n == 1 {
		return "this change"
	}
	return fmt.Sprintf("these %d changes", n)
}
