package cli

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
	"unicode"

	"github.com/spf13/cobra"

	"github.com/glueguard/glueguard/internal/report"
	"github.com/glueguard/glueguard/internal/store"
	"github.com/glueguard/glueguard/internal/store/sqlite"
)

// trailSchema names the JSON of `evidence trail`.
const trailSchema = "glueguard.trail/v1"

type trailOptions struct {
	limit         int
	output, state string
}

func newEvidenceTrail(env Env) *cobra.Command {
	var o trailOptions
	cmd := &cobra.Command{
		Use:   "trail",
		Short: "List what the audit trail tells: who did what, and how it ended",
		Long: `Lists the entries of the state's audit trail, newest first: when, who, what was done to what, and how
it ended. A command that changes something at AWS has an entry from before it began (apply.begin) and
one for each change that it moved (change.apply); the journal of the change tells the rest.

Each entry that is listed is one that fits its hash; evidence check --state looks at the whole trail.

EXIT STATUS
  0  listed
  1  error, bad usage, or an entry that was changed`,
		Example: `  glueguard evidence trail
  glueguard evidence trail --limit 0 -o json | jq '.deeds[] | select(.outcome != "ok")'`,
		Args: noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			err := stateIsFile(o.state)
			switch {
			case o.limit < 0:
				err = fmt.Errorf("--limit %d: want a number, or 0 for all", o.limit)
			case o.output != tableFormat && o.output != "json":
				err = &report.UnknownFormatError{Name: o.output, Known: []string{tableFormat, "json"}}
			}
			if err != nil {
				return usage(cmd, err)
			}
			return env.withStore(cmd.Context(), o.state, func(s *sqlite.Store) error { return listTrail(cmd.Context(), env, o, s) })
		},
	}
	flags := cmd.Flags()
	flags.SortFlags = false
	flags.IntVar(&o.limit, "limit", 50, "at most `N` entries; 0: all")
	flags.StringVarP(&o.output, "output", "o", tableFormat, "`FORMAT`: table, json")
	addState(flags, &o.state)
	return cmd
}

func listTrail(ctx context.Context, env Env, o trailOptions, t store.Trail) error {
	each := func(yield func(store.Deed) error) error { return t.EachDeed(ctx, 0, o.limit, yield) }
	if o.output == "json" {
		return trailJSON(env.Stdout, each)
	}
	return trailTable(env.Stdout, env.look(), each)
}

// trailJSON writes {"schema": …, "deeds": […]}, one deed to a line.
func trailJSON(w io.Writer, each func(func(store.Deed) error) error) error {
	out := bufio.NewWriter(w)
	fmt.Fprintf(out, `{"schema":%q,"deeds":[`, trailSchema)
	separator := "\n"
	err := each(func(d store.Deed) error {
		text, err := json.Marshal(d)
		if err != nil {
			return err
		}
		_, err = fmt.Fprintf(out, "%s%s", separator, text)
		separator = ",\n"
		return err
	})
	fmt.Fprintln(out, "\n]}")
	return errors.Join(err, out.Flush())
}

// printable is a text without what a terminal would take for a command: names are their owners' to choose.
func printable(s string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsPrint(r) {
			return r
		}
		return unicode.ReplacementChar
	}, s)
}

func whoDid(a store.Actor) string {
	who := a.Name
	if a.Via != "" {
		who += " (" + a.Via + ")"
	}
	if a.Address != "" {
		who += "@" + a.Address
	}
	if who == "" {
		return string(a.Kind)
	}
	return who
}

func howEnded(d store.Deed) string {
	if reason := d.Detail["reason"]; reason != "" {
		return d.Outcome + " (" + reason + ")"
	}
	return d.Outcome
}

// ofWhat is what a deed was done to, with the resource's name where a change's id says too little.
func ofWhat(d store.Deed) string {
	of := d.Subject
	switch {
	case strings.HasPrefix(of, "sha256:"):
		return "plan " + report.ShortDigest(of)
	case strings.HasPrefix(of, "arn:"):
		return report.Label(of)
	case of == "" && d.Detail["since"] != "":
		return "everything since " + d.Detail["since"]
	case of == "" && d.Detail["changes"] != "":
		return d.Detail["count"] + " changes"
	case d.Detail["resource"] != "":
		return of + "  " + report.Label(d.Detail["resource"])
	}
	return of
}
