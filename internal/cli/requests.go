package cli

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"text/tabwriter"
	"time"
	"unicode"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/glueguard/glueguard/internal/auth"
	"github.com/glueguard/glueguard/internal/diag"
	"github.com/glueguard/glueguard/internal/report"
	"github.com/glueguard/glueguard/internal/store"
	"github.com/glueguard/glueguard/internal/store/sqlite"
)

type requestsOptions struct {
	states        []string
	output, state string
}

const jsonFormat = "json"

func addRequestsOutput(flags *pflag.FlagSet, to *string) {
	flags.StringVarP(to, "output", "o", tableFormat, "`FORMAT`: table, json")
}

func checkRequestsOutput(format string) error {
	if format != tableFormat && format != jsonFormat {
		return fmt.Errorf("-o %s: want table or json", format)
	}
	return nil
}

// requestStates are the states of requests, as --status takes them.
func requestStates() []string {
	return []string{
		string(store.RequestPending), string(store.RequestApproved), string(store.RequestQueued), string(store.RequestRunning),
		string(store.RequestEnded), string(store.RequestRejected), string(store.RequestWithdrawn), string(store.RequestExpired),
	}
}

func newRequests(env Env) *cobra.Command {
	var o requestsOptions
	cmd := &cobra.Command{
		Use:   "requests",
		Short: "List what was asked for, and approve or reject it",
		Long: `Lists requests, newest first: what somebody asked for in the console, or on a command line where
the policy demands an approval. Each is in one state:
  pending    waits for an approver
  approved   may be carried out, once
  queued     waits for the daemon
  running    under way
  ended      over; requests show tells what became of it
  rejected   an approver said no
  withdrawn  whoever asked for it wants it no more
  expired    nobody approved or used it in time

An approval is good for exactly what was asked for: the plan of that digest, or the changes as they
were then.

EXIT STATUS
  0  listed
  1  error, or bad usage`,
		Example: `  glueguard requests
  glueguard requests --status pending -o json
  glueguard requests show 0197d2f0
  glueguard requests approve 0197d2f0 --note "as agreed on Monday"`,
		Args: cobra.ArbitraryArgs, // so that a wrong command is told of in our words
		RunE: func(cmd *cobra.Command, args []string) error {
			if len(args) > 0 {
				return helpOrUnknown(cmd, args)
			}
			if err := o.check(); err != nil {
				return usage(cmd, err)
			}
			return env.withStore(cmd.Context(), o.state, func(s *sqlite.Store) error { return listRequests(cmd.Context(), env, o, s) })
		},
	}
	flags := cmd.Flags()
	flags.SortFlags = false
	flags.StringSliceVar(&o.states, "status", nil, "only those in this `STATE` (repeatable)")
	addRequestsOutput(flags, &o.output)
	addState(flags, &o.state)
	cmd.AddCommand(newRequestsShow(env), newRequestsDecide(env, true), newRequestsDecide(env, false), newRequestsWithdraw(env))
	return cmd
}

func (o *requestsOptions) check() error {
	for _, s := range o.states {
		if !slices.Contains(requestStates(), s) {
			return fmt.Errorf("--status %q: want one of %s", s, strings.Join(requestStates(), ", "))
		}
	}
	if err := checkRequestsOutput(o.output); err != nil {
		return err
	}
	return stateIsFile(o.state)
}

// requestsJSON is the form of requests -o json and requests show -o json.
type requestsJSON struct {
	Schema   string        `json:"schema"`
	Requests []requestJSON `json:"requests"`
}

type requestJSON struct {
	ID            string                `json:"id"`
	State         store.RequestState    `json:"state"`
	Work          store.Work            `json:"work"`
	Digest        string                `json:"digest"`
	NeedsApproval bool                  `json:"needs_approval"`
	Reason        string                `json:"reason,omitempty"`
	ProposedBy    store.Actor           `json:"proposed_by"`
	ProposedAt    time.Time             `json:"proposed_at"`
	ExpiresAt     time.Time             `json:"expires_at,omitzero"`
	DecidedBy     *store.Actor          `json:"decided_by,omitempty"`
	DecidedAt     time.Time             `json:"decided_at,omitzero"`
	Note          string                `json:"note,omitempty"`
	StartedBy     *store.Actor          `json:"started_by,omitempty"`
	StartedAt     time.Time             `json:"started_at,omitzero"`
	EndedAt       time.Time             `json:"ended_at,omitzero"`
	Results       []store.RequestResult `json:"results,omitempty"`
	Command       string                `json:"command,omitempty"` // that carries it out
}

func requestOf(q store.Request, now time.Time) requestJSON {
	someone := func(a store.Actor) *store.Actor {
		if a == (store.Actor{}) {
			return nil
		}
		return &a
	}
	return requestJSON{
		ID: q.ID, State: auth.StateOf(q, now), Work: q.Work, Digest: q.Digest, NeedsApproval: q.NeedsApproval, Reason: q.Reason,
		ProposedBy: q.ProposedBy, ProposedAt: q.ProposedAt, ExpiresAt: q.ExpiresAt, DecidedBy: someone(q.DecidedBy), DecidedAt: q.DecidedAt,
		Note: q.Note, StartedBy: someone(q.StartedBy), StartedAt: q.StartedAt, EndedAt: q.EndedAt, Results: q.Results, Command: commandFor(q.Work),
	}
}

func writeRequests(w io.Writer, list []requestJSON) error {
	if list == nil {
		list = []requestJSON{}
	}
	e := json.NewEncoder(w)
	e.SetIndent("", "  ")
	e.SetEscapeHTML(false)
	return e.Encode(requestsJSON{Schema: "glueguard.requests/v1", Requests: list})
}

func listRequests(ctx context.Context, env Env, o requestsOptions, s store.Requests) error {
	var list []requestJSON
	now := env.Now()
	err := s.EachRequest(ctx, store.RequestFilter{}, func(q store.Request) error { // expiry is no state that is stored
		r := requestOf(q, now)
		if len(o.states) == 0 || slices.Contains(o.states, string(r.State)) {
			list = append(list, r)
		}
		return nil
	})
	switch {
	case err != nil:
		return err
	case o.output == jsonFormat:
		return writeRequests(env.Stdout, list)
	case len(list) == 0 && len(o.states) == 0:
		_, err := fmt.Fprintln(env.Stdout, "Nothing was asked for yet.")
		return err
	case len(list) == 0:
		_, err := fmt.Fprintln(env.Stdout, "There are no such requests.")
		return err
	}
	w := tabwriter.NewWriter(env.Stdout, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "REQUEST\tSTATE\tWHAT\tASKED BY\tASKED AT (UTC)")
	for _, r := range list {
		fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%s\n", r.ID, r.State, workLine(r.Work), actorName(r.ProposedBy), utc(r.ProposedAt))
	}
	return w.Flush()
}

func utc(t time.Time) string { return t.UTC().Format("2006-01-02 15:04") }

// workLine says in a few words what is asked for.
func workLine(w store.Work) string {
	switch w.Kind {
	case store.RequestApply:
		if len(w.Resources) > 0 {
			return fmt.Sprintf("apply plan %s to %s", report.ShortDigest(w.Plan), count(len(w.Resources), "resource"))
		}
		return "apply plan " + report.ShortDigest(w.Plan)
	case store.RequestCleanup:
		return "remove " + count(len(w.Configurations), "security configuration")
	case store.RequestBackout, store.RequestFinalize, store.RequestResume:
		if len(w.Changes) == 1 {
			return string(w.Kind) + " change " + w.Changes[0].ID
		}
		return fmt.Sprintf("%s %d changes", w.Kind, len(w.Changes))
	case store.RequestAudit:
	}
	return string(w.Kind)
}

// actorName names somebody, and where they were.
func actorName(a store.Actor) string {
	name := a.Name
	if a.Via != "" {
		name += " (" + a.Via + ")"
	}
	if a.Address != "" {
		name += "@" + a.Address
	}
	return visible(name)
}

// visible is text that somebody else wrote, without what would do something to the terminal.
func visible(text string) string {
	return strings.Map(func(r rune) rune {
		if !unicode.IsPrint(r) {
			return ' '
		}
		return r
	}, text)
}

func newRequestsShow(env Env) *cobra.Command {
	var output, state string
	cmd := &cobra.Command{
		Use:   "show REQUEST",
		Short: "Show a request: what it asks for, who decided, and what became of it",
		Long: `Shows one request, named by its id or the beginning of it.

EXIT STATUS
  0  shown
  1  error, bad usage, or no such request`,
		Example: `  glueguard requests show 0197d2f0`,
		Args:    oneArg("the id of a request"),
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := errors.Join(checkRequestsOutput(output), stateIsFile(state)); err != nil {
				return usage(cmd, firstOf(err))
			}
			return env.withStore(cmd.Context(), state, func(s *sqlite.Store) error {
				q, err := findRequest(cmd.Context(), s, args[0])
				if err != nil {
					return err
				}
				r := requestOf(q, env.Now())
				if output == jsonFormat {
					return writeRequests(env.Stdout, []requestJSON{r})
				}
				return showRequest(env.Stdout, r)
			})
		},
	}
	cmd.Flags().SortFlags = false
	addRequestsOutput(cmd.Flags(), &output)
	addState(cmd.Flags(), &state)
	return cmd
}

// showRequest writes a request for people.
func showRequest(out io.Writer, r requestJSON) error {
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	line := func(name, value string) {
		if value != "" {
			fmt.Fprintf(w, "%s\t%s\n", name, visible(value))
		}
	}
	line("Request", r.ID)
	line("State", string(r.State))
	line("Asks for", workLine(r.Work))
	line("Digest", r.Digest)
	line("Plan", r.Work.Plan)
	for _, a := range r.Work.Resources {
		line("Resource", a)
	}
	for _, c := range r.Work.Changes {
		line("Change", fmt.Sprintf("%s, as it was at entry %d of its journal", c.ID, c.At))
	}
	for _, c := range r.Work.Configurations {
		line("Configuration", fmt.Sprintf("%s in %s", c.Name, c.Location))
	}
	line("Asked by", fmt.Sprintf("%s, %s UTC", actorName(r.ProposedBy), utc(r.ProposedAt)))
	line("Reason", r.Reason)
	if r.DecidedBy != nil {
		line("Decided by", fmt.Sprintf("%s, %s UTC", actorName(*r.DecidedBy), utc(r.DecidedAt)))
	}
	line("Note", r.Note)
	switch r.State {
	case store.RequestPending, store.RequestApproved, store.RequestQueued:
		line("Expires", utc(r.ExpiresAt)+" UTC")
		line("Command", r.Command)
	}
	switch {
	case r.StartedBy == nil:
	case r.StartedAt.IsZero():
		line("Left to the daemon by", actorName(*r.StartedBy))
	default:
		line("Started by", fmt.Sprintf("%s, %s UTC", actorName(*r.StartedBy), utc(r.StartedAt)))
	}
	for _, x := range r.Results {
		what := "done"
		if !x.OK {
			what = "not as asked: " + x.Message
		}
		line("Result", strings.TrimSpace(fmt.Sprintf("%s %s: %s", x.Subject, x.Change, what)))
	}
	return w.Flush()
}

// findRequest finds a request by its id or the beginning of it.
func findRequest(ctx context.Context, s store.Requests, id string) (store.Request, error) {
	q, err := s.Request(ctx, id)
	if !errors.Is(err, store.ErrNotFound) {
		return q, err
	}
	var found []store.Request
	err = s.EachRequest(ctx, store.RequestFilter{}, func(q store.Request) error {
		if strings.HasPrefix(q.ID, id) {
			found = append(found, q)
		}
		return nil
	})
	switch {
	case err != nil:
		return store.Request{}, err
	case len(found) == 0:
		return store.Request{}, &diag.MissingError{What: "request", Name: id}
	case len(found) > 1:
		ambiguous := &store.AmbiguousError{What: id}
		for _, q := range found {
			ambiguous.Candidates = append(ambiguous.Candidates, q.ID)
		}
		return store.Request{}, ambiguous
	}
	return found[0], nil
}
