package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/glueguard/glueguard/internal/diag"
	"github.com/glueguard/glueguard/internal/evidence"
	"github.com/glueguard/glueguard/internal/report"
	"github.com/glueguard/glueguard/internal/store"
	"github.com/glueguard/glueguard/internal/store/sqlite"
)

func newEvidence(env Env) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "evidence",
		Short: "Hand out what was read, judged and changed as a signed file, and check such files",
		Long: `Hands out what was read, judged and changed as one signed file, and checks such files. Every record
in it is bound to the one before it by its digest, and nothing in it is secret.

EXIT STATUS
  as of its commands`,
		Example: `  glueguard evidence export --out evidence.tar
  glueguard evidence check evidence.tar --key evidence-key.pub.pem`,
		Args: cobra.ArbitraryArgs, // so that a wrong command is told of in our words
		RunE: helpOrUnknown,
	}
	cmd.AddCommand(newEvidenceExport(env), newEvidenceCheck(env))
	return cmd
}

type evidenceOptions struct {
	audit, change, since string
	out, key, state      string
}

func newEvidenceExport(env Env) *cobra.Command {
	o := evidenceOptions{}
	cmd := &cobra.Command{
		Use:   "export",
		Short: "Write the evidence of an audit, of a change, or of everything since a day",
		Long: `Writes evidence to one file (tar): coverage and findings with the facts that they rest on, the policy's
profile and digest, plans, and the journals of changes with who approved what. A README in it tells
an auditor how to check it with sha256sum and openssl. Nothing is asked of AWS.

Values of arguments, of table options and of tags may be secret, so they are left out, and so is
what looks like a password, a token or a private key in any text. The README says how.

It is signed with the Ed25519 key of --key, or else with one in the state's directory, which is made
when it is first needed. Hand the public key to the auditor by another way than the file.

EXIT STATUS
  0  written
  1  error, bad usage, or no such audit or change`,
		Example: `  glueguard evidence export --out evidence.tar
  glueguard evidence export --change 0197d2f0 --out change.tar
  glueguard evidence export --since 2026-10-01 --out quarter.tar --key signing.pem
  openssl genpkey -algorithm ed25519 -out signing.pem`,
		Args: noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			selection, err := o.check()
			if err != nil {
				return usage(cmd, err)
			}
			return env.withStore(cmd.Context(), o.state, func(s *sqlite.Store) error {
				return exportEvidence(cmd.Context(), env, o, selection, s)
			})
		},
	}
	flags := cmd.Flags()
	flags.SortFlags = false
	flags.StringVar(&o.audit, "audit", "", "the audit of this `ID` (default: latest, the newest that came to its end)")
	flags.StringVar(&o.change, "change", "", "the change of this `ID`, or the beginning of it, with its plan")
	flags.StringVar(&o.since, "since", "", "every finished audit begun, and every change touched, since this `DATE` (2026-10-01, UTC, or RFC 3339)")
	flags.StringVar(&o.out, "out", "", "write it to this `FILE`")
	flags.StringVar(&o.key, "key", "", "sign with the Ed25519 key in this `PEM` file (default: evidence-key.pem beside the state)")
	addState(flags, &o.state)
	return cmd
}

func (o *evidenceOptions) check() (evidence.Selection, error) {
	if err := stateIsFile(o.state); err != nil {
		return evidence.Selection{}, err
	}
	given := 0
	for _, v := range []string{o.audit, o.change, o.since} {
		if v != "" {
			given++
		}
	}
	switch {
	case o.out == "":
		return evidence.Selection{}, errors.New("--out FILE is missing: say where to write the evidence")
	case given > 1:
		return evidence.Selection{}, errors.New("--audit, --change and --since: want one of them")
	case given == 0:
		return evidence.Selection{Audit: latest}, nil
	case o.since == "":
		return evidence.Selection{Audit: o.audit, Change: o.change}, nil
	}
	for _, layout := range []string{time.DateOnly, time.RFC3339} {
		if since, err := time.Parse(layout, o.since); err == nil {
			return evidence.Selection{Since: since.UTC()}, nil
		}
	}
	return evidence.Selection{}, fmt.Errorf("--since %q: want a date as 2026-10-01, or a time as 2026-10-01T08:00:00Z", o.since)
}

// whole puts the ids in full into a selection: the signed statement says what it is of.
func whole(ctx context.Context, s *sqlite.Store, e evidence.Selection) (evidence.Selection, error) {
	switch {
	case e.Audit != "":
		a, err := s.Audit(ctx, e.Audit)
		if errors.Is(err, store.ErrNotFound) {
			return e, noAudit(e.Audit)
		}
		e.Audit = a.ID
		return e, err
	case e.Change != "":
		c, err := readChange(ctx, s, e.Change)
		if err != nil {
			return e, err
		}
		e.Change = c.Head.ID
	}
	return e, nil
}

func exportEvidence(ctx context.Context, env Env, o evidenceOptions, e evidence.Selection, s *sqlite.Store) (err error) {
	e, err = whole(ctx, s, e)
	if err != nil {
		return err
	}
	out := outputs{&output{format: "evidence", path: o.out}}
	if err := out.open(); err != nil {
		return err
	}
	defer func() { err = errors.Join(err, out.discard()) }()
	key, public, err := env.signingKey(o)
	if err != nil {
		return err
	}
	var made evidence.Exported
	err = out.writeFiles(renderer(func(_ string, w io.Writer, _ report.Look) error {
		var err error
		made, err = evidence.Export(ctx, w, s, evidence.Options{Selection: e, Tool: version(), Now: env.Now().UTC(), Signer: key})
		return err
	}))
	if err != nil {
		return err
	}
	fmt.Fprintf(env.Stdout, "Wrote %s: %s.\nhead %s\nsigned with key %s\n", o.out, counted(made.Records, made.Kinds), made.Head, made.KeyID)
	if public != "" {
		fmt.Fprintf(env.Stdout, "Its public key is %s: hand it to the auditor by another way than the evidence.\n", public)
	}
	return nil
}

// counted says how many records there are of what.
func counted(records int, kinds map[evidence.Kind]int) string {
	var parts []string
	for _, k := range []struct {
		kind      evidence.Kind
		one, many string
	}{
		{evidence.KindAudit, "audit", "audits"},
		{evidence.KindPolicy, "policy", "policies"},
		{evidence.KindCoverage, "coverage", "coverage"},
		{evidence.KindFact, "fact", "facts"},
		{evidence.KindFinding, "finding", "findings"},
		{evidence.KindPlan, "plan", "plans"},
		{evidence.KindChange, "change", "changes"},
		{evidence.KindEntry, "journal entry", "journal entries"},
	} {
		switch n := kinds[k.kind]; n {
		case 0:
		case 1:
			parts = append(parts, "1 "+k.one)
		default:
			parts = append(parts, fmt.Sprintf("%d %s", n, k.many))
		}
	}
	if records == 1 {
		return "1 record, and nothing to tell"
	}
	return fmt.Sprintf("%d records (%s)", records, strings.Join(parts, ", "))
}

func newEvidenceCheck(env Env) *cobra.Command {
	var key string
	cmd := &cobra.Command{
		Use:   "check FILE",
		Short: "Check that evidence is as it was made",
		Long: `Checks evidence offline, with nothing but the file and the key: the signature, the digests, the chain of
records, and every byte around them. It names the first record that is not as it was made.

Without --key the key in the file is used. That finds damage, but not somebody who changed the records
and signed them anew: compare the key's id, or give the key that you got by another way.

EXIT STATUS
  0  it is as it was made
  1  it was changed; or error, or bad usage`,
		Example: `  glueguard evidence check evidence.tar --key evidence-key.pub.pem
  glueguard evidence check evidence.tar`,
		Args: oneArg("one evidence file"),
		RunE: func(cmd *cobra.Command, args []string) error {
			if cmd.Flags().Changed("key") && key == "" {
				return diag.Usagef(cmd.CommandPath(), "--key: the value is empty")
			}
			return checkEvidence(cmd.Context(), env, args[0], key)
		},
	}
	cmd.Flags().StringVar(&key, "key", "", "the public key in this `PEM` file, got by another way than the evidence")
	return cmd
}
