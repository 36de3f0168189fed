package cli

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/glueguard/glueguard/internal/change"
	"github.com/glueguard/glueguard/internal/diag"
	"github.com/glueguard/glueguard/internal/engine"
	"github.com/glueguard/glueguard/internal/repair"
	"github.com/glueguard/glueguard/internal/report"
	"github.com/glueguard/glueguard/internal/store"
)

type finalizeOptions struct {
	changeFlags
	keepTwin, deleteLabels bool
	acceptIrreversible     bool
}

func newFinalize(env Env) *cobra.Command {
	var o finalizeOptions
	cmd := &cobra.Command{
		Use:   "finalize CHANGE...",
		Short: "Let go of what changes kept as their way back",
		Long: `Retires the originals that changes kept: those of ML transforms, and of development endpoints
replaced side by side. It refuses while anything still refers to an original, or has used it
in the last 7 days. Afterwards a backout is still attempted, from the saved definition, but not
promised.

It asks, unless --auto-approve is given.

EXIT STATUS
  0    every change is finalized
  1    error, bad usage, or a question that nobody could answer; a change waits for a person, has
       failed, or is held by another process
  2    it was refused: nothing was let go
  130  interrupted; resume goes on`,
		Example: `  glueguard finalize 0197d2f0
  glueguard finalize 0197d2f0 --accept-irreversible
  glueguard finalize 0197d2f0 --delete-labels --auto-approve
  glueguard finalize 0197d2f0 --keep-twin`,
		Args: changeArgs(nil),
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := o.check(); err != nil {
				return usage(cmd, err)
			}
			if err := o.begin(cmd.CommandPath(), o.output); err != nil {
				return err
			}
			return runFinalize(cmd.Context(), env, o, args)
		},
	}
	flags := cmd.Flags()
	flags.SortFlags = false
	o.add(flags)
	flags.BoolVar(&o.keepTwin, "keep-twin", false, "accept the twin under its own name, where AWS refused the one under the original's")
	flags.BoolVar(&o.deleteLabels, "delete-labels", false, "remove the exported labels too")
	flags.BoolVar(&o.acceptIrreversible, "accept-irreversible", false, "accept what may not be possible to take back")
	o.addRun(flags)
	return cmd
}

func runFinalize(ctx context.Context, env Env, o finalizeOptions, ids []string) error {
	return env.withChanges(ctx, o.changeFlags, func(ctx context.Context, r *repairs) error {
		list, err := r.changes(ctx, ids)
		if err != nil {
			return err
		}
		job := engine.Job{
			Verb: engine.Finalize, KeepTwin: o.keepTwin, DeleteLabels: o.deleteLabels,
			AcceptWarnings: acceptedWarnings(false, o.acceptIrreversible),
		}
		refused := r.refusals(job, list)
		if len(refused) == len(list) {
			return r.refuse(ctx, refused)
		}
		if err := o.askable(env); err != nil {
			return err
		}
		fmt.Fprintln(env.Stderr, finalizeLines(list, refused, o))
		w := changesWork(store.RequestFinalize, list)
		w.KeepTwin, w.DeleteLabels, w.Parallel = o.keepTwin, o.deleteLabels, o.parallel
		w.AcceptWarnings = job.AcceptWarnings
		if err := r.leave(ctx, w); err != nil {
			return err
		}
		if err := o.get(ctx, env, "Finalize "+theseChanges(len(list))+"?"); err != nil {
			return err
		}
		if o.detach {
			return r.detach(ctx, w)
		}
		return r.move(ctx, job, list)
	})
}

// refusals are the ends of the jobs that would be refused.
func (r *repairs) refusals(job engine.Job, list []*change.Change) []engine.Event {
	var refused []engine.Event
	for _, c := range list {
		if err := repair.Refuses(job, c); err != nil {
			r.call(c.Head.Item)
			j, _ := repair.ChangeJob(job, c)
			refused = append(refused, engine.Event{Job: j, Done: true, Err: err})
		}
	}
	return refused
}

// refuse tells of jobs that would all be refused: nothing is asked for.
func (r *repairs) refuse(ctx context.Context, refused []engine.Event) error {
	for _, e := range refused {
		line, hint := diag.Line(e.Err)
		line = r.label(e.Job) + ": not begun: " + strings.TrimPrefix(line, e.Job.Resource+": ")
		diag.Diagnosis{Lines: []string{line}, Hint: hint}.Print(r.env.Stderr)
		if err := r.ended(ctx, e); err != nil {
			return err
		}
	}
	if err := r.tell(refused, r.flags.output); err != nil {
		return err
	}
	return diag.ForChanges(refused)
}

// finalizeLines say what goes.
func finalizeLines(list []*change.Change, refused []engine.Event, o finalizeOptions) string {
	var lines []string
	for _, c := range list {
		i := c.Head.Item
		goes := "nothing is deleted; the change is closed"
		switch {
		case slices.ContainsFunc(refused, func(e engine.Event) bool { return e.Job.Change == c.Head.ID }):
			lines = append(lines, fmt.Sprintf("%s (%s): refused, without --accept-irreversible", report.Thing(i.Resource), i.Location))
			continue
		case c.State == change.BackedOut, c.State == change.RefusedAt, c.State == change.Finalized:
			goes = "nothing; it is " + c.State.Words() + " already"
		case o.keepTwin:
			goes = "the encrypted twin stays under its own name"
		case c.KeepsOriginal():
			goes = "its original, not encrypted as wanted, will be DELETED"
		}
		lines = append(lines, fmt.Sprintf("%s (%s): %s", report.Thing(i.Resource), i.Location, goes))
		if o.deleteLabels && c.Labels != nil {
			lines = append(lines, "  and its exported labels at "+c.Labels.S3)
		}
	}
	return strings.Join(lines, "\n")
}
