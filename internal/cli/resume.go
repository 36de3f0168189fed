package cli

import (
	"context"
	"errors"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/glueguard/glueguard/internal/change"
	"github.com/glueguard/glueguard/internal/diag"
	"github.com/glueguard/glueguard/internal/engine"
	"github.com/glueguard/glueguard/internal/plan"
	"github.com/glueguard/glueguard/internal/repair"
	"github.com/glueguard/glueguard/internal/store"
)

type resumeOptions struct {
	changeFlags
	all bool
}

func newResume(env Env) *cobra.Command {
	var o resumeOptions
	cmd := &cobra.Command{
		Use:   "resume CHANGE... | --all",
		Short: "Go on with changes that were interrupted, wait or have failed",
		Long: `Goes on with changes from where they stand, whatever stopped them: Ctrl-C, a crash, an error, or
a decision that had to wait for a person. Each step first looks whether its effect is already
there, so nothing is done twice.

EXIT STATUS
  0    every change ended as it was asked to
  1    error, or bad usage; a change waits for a person, has failed, or is held by another process
  2    a change was refused, or took itself back; its original is as it was
  130  interrupted; resume goes on`,
		Example: `  glueguard resume 0197d2f0
  glueguard resume --all`,
		Args: changeArgs(&o.all),
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := o.check(); err != nil {
				return usage(cmd, err)
			}
			return runResume(cmd.Context(), env, o, args)
		},
	}
	flags := cmd.Flags()
	flags.SortFlags = false
	flags.BoolVar(&o.all, "all", false, "every change that is not at rest")
	o.addRun(flags)
	return cmd
}

// changeArgs demands ids of changes, or --all where the command has it.
func changeArgs(all *bool) cobra.PositionalArgs {
	return func(cmd *cobra.Command, args []string) error {
		switch {
		case all != nil && *all && len(args) > 0:
			return diag.Usagef(cmd.CommandPath(), "--all goes without the id of a change")
		case all != nil && !*all && len(args) == 0:
			return diag.Usagef(cmd.CommandPath(), "want the id of a change, or --all")
		case all == nil && len(args) == 0:
			return diag.Usagef(cmd.CommandPath(), "want the id of a change")
		}
		return nil
	}
}

func runResume(ctx context.Context, env Env, o resumeOptions, ids []string) error {
	return env.withChanges(ctx, o.changeFlags, func(ctx context.Context, r *repairs) error {
		list, err := r.resumable(ctx, o.all, ids)
		if err != nil {
			return err
		}
		if len(list) == 0 {
			_, err := fmt.Fprintln(env.Stderr, "glueguard: every change is at rest: there is nothing to resume")
			return err
		}
		if o.detach {
			w := changesWork(store.RequestResume, list)
			w.Parallel = o.parallel
			return r.detach(ctx, w)
		}
		return r.move(ctx, engine.Job{Verb: engine.Resume}, list)
	})
}

// resumable finds the changes to go on with.
func (r *repairs) resumable(ctx context.Context, all bool, ids []string) ([]*change.Change, error) {
	if !all {
		return r.changes(ctx, ids)
	}
	var list []*change.Change
	open := store.ChangeFilter{States: []change.State{change.Running, change.Waiting, change.FailedAt, change.BackingOut}}
	err := r.store.EachChange(ctx, open, func(c *change.Change) error {
		list = append(list, c)
		return nil
	})
	return list, err
}

// withChanges opens the state for a command on changes, and hands it an interruptible context.
func (e Env) withChanges(ctx context.Context, f changeFlags, use func(context.Context, *repairs) error) (err error) {
	ctx, stop := e.Interruptible(ctx)
	defer stop()
	r, err := e.openState(ctx, f)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, r.Close()) }()
	return use(ctx, r)
}

// changes finds changes by their ids, each once.
func (r *repairs) changes(ctx context.Context, ids []string) ([]*change.Change, error) {
	var list []*change.Change
	seen := map[string]bool{}
	for _, id := range ids {
		c, err := readChange(ctx, r.store, id)
		if err != nil {
			return nil, err
		}
		if !seen[c.Head.ID] {
			seen[c.Head.ID] = true
			list = append(list, c)
		}
	}
	return list, nil
}

// move has the same done with each change: job is what is asked of them.
func (r *repairs) move(ctx context.Context, job engine.Job, list []*change.Change) error {
	r.connect()
	jobs := make([]engine.Job, 0, len(list))
	var restored []plan.Item
	for _, c := range list {
		r.call(c.Head.Item)
		j, twins := repair.ChangeJob(job, c)
		jobs, restored = append(jobs, j), append(restored, twins...)
	}
	limits, err := r.limits(ctx, r.flags.parallel, list[0].Head.Access, restored)
	if err != nil {
		return err
	}
	return r.run(ctx, jobs, limits, r.flags.output)
}
