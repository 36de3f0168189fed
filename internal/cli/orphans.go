package cli

import (
	"context"
	"encoding/json"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/glueguard/glueguard/internal/awsapi"
	"github.com/glueguard/glueguard/internal/diag"
	"github.com/glueguard/glueguard/internal/inventory"
	"github.com/glueguard/glueguard/internal/leftover"
	"github.com/glueguard/glueguard/internal/report"
	"github.com/glueguard/glueguard/internal/store/sqlite"
)

type orphansOptions struct {
	placeFlags
	adopt    bool
	labelsS3 string
	output   string
}

func newOrphans(env Env) *cobra.Command {
	var o orphansOptions
	cmd := &cobra.Command{
		Use:   "orphans",
		Short: "List what carries a change's tags and belongs to none",
		Long: `Lists everything that carries the tags of a change while no change answers for it: what is left
when the state was lost, or when somebody else removed a part of a change's work. KMS keys are
among it which a change made and, since it ended there, never named: no key is ever deleted, but
the next change that makes a key of that name takes the one that is there.

With --adopt it rebuilds the changes from the tags. Each of them then waits for a person: resume
goes on with it, backout takes it back. Nothing at AWS is changed here.

EXIT STATUS
  0    there are none, or all were adopted
  1    error, or bad usage
  2    there are some
  3    there are none, but something could not be read
  130  interrupted`,
		Example: `  glueguard orphans
  glueguard orphans --region eu-west-1 --adopt
  glueguard orphans -o json | jq '.orphans[].arn'`,
		Args: noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			err := o.check(cmd.Flags())
			if _, unknown := report.LookupChanges(o.output); err == nil {
				err = unknown
			}
			if err != nil {
				return usage(cmd, err)
			}
			return runOrphans(cmd.Context(), env, o)
		},
	}
	flags := cmd.Flags()
	flags.SortFlags = false
	o.add(flags)
	flags.BoolVar(&o.adopt, "adopt", false, "rebuild the changes from the tags")
	flags.StringVar(&o.labelsS3, "labels-s3", "", "with --adopt: where labels of ML transforms were exported to: `s3://BUCKET/PREFIX/`")
	addChangesOutput(flags, &o.output)
	return cmd
}

func runOrphans(ctx context.Context, env Env, o orphansOptions) error {
	return env.withPlaces(ctx, o.placeFlags, func(ctx context.Context, session *awsapi.Session, s *sqlite.Store) error {
		locations, unread, err := o.locations(ctx, session, "glueguard orphans")
		if err != nil {
			return err
		}
		inspector := inventory.NewInspector(session)
		found, failed, err := leftover.Orphans(ctx, inspector, s, locations)
		if err != nil {
			return err
		}
		unread = append(unread, failed...)
		if err := env.listOrphans(found, o.output); err != nil {
			return err
		}
		env.tellUnread(unread)
		left := len(found)
		if o.adopt {
			if left, err = env.adopt(ctx, o, session, s, found); err != nil {
				return err
			}
		}
		if left > 0 {
			return diag.Status(diag.Failing)
		}
		return diag.ForUnread(unread)
	})
}

func (e Env) listOrphans(found []leftover.Orphan, format string) error {
	if format != tableFormat {
		if found == nil {
			found = []leftover.Orphan{}
		}
		return json.NewEncoder(e.Stdout).Encode(map[string]any{"orphans": found})
	}
	if len(found) == 0 {
		_, err := fmt.Fprintln(e.Stdout, "There is nothing that carries a change's tags and belongs to none.")
		return err
	}
	for _, o := range found {
		why := "the state knows no such change"
		if o.State != "" {
			why = "the change is over (" + o.State.Words() + ")"
		}
		if o.Key() {
			why += "; " + spareKey(o)
		}
		if _, err := fmt.Fprintf(e.Stdout, "%s  %s  change %s: %s\n", o.Location, o.ARN, o.Change, why); err != nil {
			return err
		}
	}
	return nil
}

// spareKey says what becomes of a key that was made and never named.
func spareKey(o leftover.Orphan) string {
	if o.Alias == "" {
		return "the key stays"
	}
	return "the key stays, and the next change that makes " + o.Alias + " takes it"
}

// adopt rebuilds the changes, and returns how many orphans are left.
func (e Env) adopt(ctx context.Context, o orphansOptions, session *awsapi.Session, s *sqlite.Store, found []leftover.Orphan) (left int, err error) {
	caller, err := session.Caller(ctx)
	if err != nil {
		return 0, err
	}
	adopter := leftover.Adopter{
		Reader: inventory.NewInspector(session), Store: s, Now: e.Now, By: caller.ARN, Role: o.role, LabelsS3: o.labelsS3,
		Open: e.adopts(s, caller.ARN),
	}
	for _, group := range leftover.Group(found) {
		c, err := adopter.Adopt(ctx, group)
		if err != nil {
			why, _ := diag.Line(err)
			fmt.Fprintf(e.Stderr, "glueguard: change %s can't be rebuilt: %s\n", group[0].Change, why)
			left += len(group)
			continue
		}
		fmt.Fprintf(e.Stderr, "glueguard: rebuilt change %s of %s; it waits: resume goes on, backout takes it back\n", c.Head.ID, report.Thing(c.Head.Item.Resource))
	}
	return left, nil
}
