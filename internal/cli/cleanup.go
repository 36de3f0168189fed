package cli

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/glueguard/glueguard/internal/action"
	"github.com/glueguard/glueguard/internal/awsapi"
	"github.com/glueguard/glueguard/internal/config"
	"github.com/glueguard/glueguard/internal/diag"
	"github.com/glueguard/glueguard/internal/inventory"
	"github.com/glueguard/glueguard/internal/leftover"
	"github.com/glueguard/glueguard/internal/resource"
	"github.com/glueguard/glueguard/internal/store"
	"github.com/glueguard/glueguard/internal/store/sqlite"
)

// placeFlags say where a command looks that goes by location, not by resource.
type placeFlags struct {
	scopeFlags
	state string
}

func (f *placeFlags) add(flags *pflag.FlagSet) {
	f.addPlaces(flags)
	addState(flags, &f.state)
}

func (f *placeFlags) check(flags *pflag.FlagSet) error {
	return firstOf(errors.Join(notEmpty(flags), f.scopeFlags.check(), stateIsFile(f.state)))
}

type cleanupOptions struct {
	placeFlags
	consent
	config string
}

func newCleanup(env Env) *cobra.Command {
	var o cleanupOptions
	cmd := &cobra.Command{
		Use:   "cleanup",
		Short: "Remove security configurations of Glueguard's that nothing names any more",
		Long: `Lists the security configurations that changes have made, with what names each: development
endpoints, jobs, crawlers, triggers and everything else that can name one, open changes, and the
definitions that changes have saved. It asks, and then removes those that nothing names, looking at
all of that once more right before each.

Where any of that could not be read, nothing is removed. Configurations that Glueguard did not
make are never touched, and nor are keys: what was written under them must stay readable. Keys
that a change made and never named are listed all the same.

EXIT STATUS
  0    done, or there was nothing to remove
  1    error, bad usage, or a question that nobody could answer
  3    something could not be read, so there may be more
  130  interrupted`,
		Example: `  glueguard cleanup
  glueguard cleanup --organization --role GlueRepair --auto-approve`,
		Args: noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := o.placeFlags.check(cmd.Flags()); err != nil {
				return usage(cmd, err)
			}
			return runCleanup(cmd.Context(), env, o)
		},
	}
	flags := cmd.Flags()
	flags.SortFlags = false
	o.placeFlags.add(flags)
	o.consent.add(flags)
	addPolicy(flags, &o.config)
	return cmd
}

// withPlaces opens the state and AWS for a command that goes by location.
func (e Env) withPlaces(ctx context.Context, f placeFlags, use func(context.Context, *awsapi.Session, *sqlite.Store) error) error {
	ctx, stop := e.Interruptible(ctx)
	defer stop()
	return e.withStore(ctx, f.state, func(s *sqlite.Store) error {
		session, err := awsapi.Open(ctx, awsapi.Options{Profile: f.profile, Role: f.role, ExternalID: f.externalID})
		if err != nil {
			return err
		}
		defer session.Close()
		if err := use(ctx, session, s); err != nil {
			if ctx.Err() != nil && errors.Is(err, ctx.Err()) {
				return awsapi.ErrInterrupted
			}
			return err
		}
		return nil
	})
}

func runCleanup(ctx context.Context, env Env, o cleanupOptions) error {
	demands, err := config.Policy(o.config, "")
	if err != nil {
		return err
	}
	return env.withPlaces(ctx, o.placeFlags, func(ctx context.Context, session *awsapi.Session, s *sqlite.Store) error {
		locations, unread, err := o.locations(ctx, session, "glueguard cleanup")
		if err != nil {
			return err
		}
		inspector := inventory.NewInspector(session)
		found, failed, err := leftover.Configurations(ctx, inspector, s, locations)
		if err != nil {
			return err
		}
		orphans, unseen, err := leftover.Orphans(ctx, inspector, s, locations)
		if err != nil {
			return err
		}
		unread = append(append(unread, failed...), unseen...)
		env.listKeys(orphans)
		unused := env.listConfigurations(found)
		env.tellUnread(unread)
		if len(unused) > 0 {
			if err := o.consent.check(env, "glueguard cleanup", tableFormat); err != nil {
				return err
			}
			leave, err := env.permitted(ctx, s, demands, cleanupWork(unused))
			if err != nil {
				return err
			}
			if err := o.get(ctx, env, fmt.Sprintf("Remove %s?", count(len(unused), "security configuration"))); err != nil {
				return err
			}
			if err := env.cleanUp(ctx, session, s, unused, leave); err != nil {
				return err
			}
		}
		return diag.ForUnread(unread)
	})
}

// listKeys shows the keys that changes made and never named.
func (e Env) listKeys(orphans []leftover.Orphan) {
	for _, o := range orphans {
		if o.Key() {
			fmt.Fprintf(e.Stdout, "%s  %s  made by change %s; %s\n", o.Location, o.ARN, o.Change, spareKey(o))
		}
	}
}

// cleanupWork is the removal of exactly these.
func cleanupWork(unused []leftover.Configuration) store.Work {
	w := store.Work{Kind: store.RequestCleanup}
	for _, u := range unused {
		w.Configurations = append(w.Configurations, store.ConfigurationAt{Location: u.Location, Name: u.Configuration.Name})
	}
	return w
}

// cleanUp removes configurations, and tells the audit trail of it.
func (e Env) cleanUp(ctx context.Context, session *awsapi.Session, s *sqlite.Store, unused []leftover.Configuration, leave *permit) (err error) {
	if err := leave.begin(ctx); err != nil {
		return err
	}
	defer func() { err = errors.Join(err, leave.end(ctx)) }()
	told := removal{s, roleOf(ctx, session)}
	if err := e.cleans(ctx, told, len(unused)); err != nil {
		return err
	}
	remover := leftover.Remover{Reader: inventory.NewInspector(session), Changes: s, Actor: action.New(session, action.Options{Now: e.Now})}
	return e.removeConfigurations(ctx, remover, unused, told, leave)
}

// listConfigurations shows them all, and returns those that nothing names.
func (e Env) listConfigurations(found []leftover.Configuration) []leftover.Configuration {
	var unused []leftover.Configuration
	for _, c := range found {
		use := "named by " + strings.Join(c.UsedBy, ", ")
		if len(c.UsedBy) == 0 {
			unused = append(unused, c)
			use = "named by nothing"
		}
		fmt.Fprintf(e.Stdout, "%s  %s  %s\n", c.Location, c.Configuration.Name, use)
	}
	if len(unused) == 0 {
		fmt.Fprintln(e.Stdout, nothingUnused(len(found)))
	}
	return unused
}

func nothingUnused(found int) string {
	if found == 0 {
		return "There are no security configurations of Glueguard's: nothing to remove."
	}
	return "Each of Glueguard's security configurations is in use: nothing to remove."
}

// removeConfigurations deletes one after another; each, and what may name it, is looked at again right before.
func (e Env) removeConfigurations(ctx context.Context, remover leftover.Remover, unused []leftover.Configuration, told removal, leave *permit) error {
	for _, u := range unused {
		removed, why, err := remover.Remove(ctx, u)
		leave.removed(u, removed, why, err)
		if err := errors.Join(err, e.removed(ctx, told, u, removed, err)); err != nil {
			return err
		}
		switch {
		case removed:
			fmt.Fprintf(e.Stdout, "Removed %s in %s.\n", u.Configuration.Name, u.Location)
		case why != "":
			fmt.Fprintf(e.Stderr, "glueguard: %s: %s is left alone: %s\n", u.Location, u.Configuration.Name, why)
		}
	}
	return nil
}

// tellUnread says what could not be read.
func (e Env) tellUnread(unread []resource.Coverage) {
	for _, c := range unread {
		place := strings.TrimSpace(c.Account + " " + c.Region)
		fmt.Fprintf(e.Stderr, "glueguard: could not be read: %s in %s: %s %s\n", c.Operation, place, c.ErrorCode, c.Message)
	}
}

func count(n int, word string) string {
	if n == 1 {
		return "1 " + word
	}
	return fmt.Sprintf("%d %ss", n, word)
}
