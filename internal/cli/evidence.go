package cli

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/glueguard/glueguard/internal/evidence"
	"github.com/glueguard/glueguard/internal/report"
	"github.com/glueguard/glueguard/internal/store"
	"github.com/glueguard/glueguard/internal/store/sqlite"
)

func newEvidence(env Env) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "evidence",
		Short: "Hand out signed evidence, check it, and look at the audit trail",
		Long: `Hands out what was read, judged and changed as one signed file, and checks such files. Every record
in it is bound to the one before it by its digest, and nothing in it is secret.

The state keeps an audit trail, too: who did what with which command, as whom at AWS, and how it
ended. Its entries are bound together in the same way: trail lists them, and check --state looks at
every one.

EXIT STATUS
  as of its commands`,
		Example: `  glueguard evidence export --out evidence.tar --public-key evidence-key.pub.pem
  glueguard evidence check evidence.tar --key evidence-key.pub.pem
  glueguard evidence check --state
  glueguard evidence trail`,
		Args: cobra.ArbitraryArgs, // so that a wrong command is told of in our words
		RunE: helpOrUnknown,
	}
	cmd.AddCommand(newEvidenceExport(env), newEvidenceCheck(env), newEvidenceTrail(env))
	return cmd
}

type evidenceOptions struct {
	audit, change, since      string
	out, public, state        string
	key                       string // a file, or a KMS key
	role, externalID, profile string
}

func newEvidenceExport(env Env) *cobra.Command {
	o := evidenceOptions{}
	cmd := &cobra.Command{
		Use:   "export",
		Short: "Write the evidence of an audit, of a change, or of everything since a day",
		Long: `Writes evidence to one file (tar): coverage and findings with the facts that they rest on, the policy's
profile and digest, plans, and the journals of changes with who approved what. A README in it tells
an auditor how to check it with sha256sum and openssl.

Values of arguments, of table options and of tags may be secret, so they are left out, and so is
what looks like a password, a token or a private key in any text. The README says how.

It is signed with the key of --key: an Ed25519 key in a PEM file, or a KMS key for signing
(SIGN_VERIFY; ECC_NIST_P256, ECC_NIST_EDWARDS25519, or RSA of 2048 to 4096 bits), which never leaves
KMS: kms:GetPublicKey and kms:Sign are all that is asked of AWS. Without --key, with an Ed25519 key
in the state's directory, which is made when it is first needed. Hand the public key to the auditor
by another way than the file; --public-key writes it.

It also says what the state's audit trail tells of what was asked for, and how long the trail was:
a trail that was cut or rewritten afterwards shows by it, so keep the file where nobody who can
write the state can reach it.

EXIT STATUS
  0    written
  1    error, bad usage, or no such audit or change; or the audit trail is not as it was written,
       and the evidence says so
  130  interrupted`,
		Example: `  glueguard evidence export --out evidence.tar
  glueguard evidence export --change 0197d2f0 --out change.tar
  glueguard evidence export --since 2026-10-01 --out quarter.tar --key signing.pem
  glueguard evidence export --out evidence.tar --key alias/evidence --public-key evidence-key.pub.pem
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
	flags.StringVar(&o.audit, "audit", "", "the audit of this `ID`; latest is the newest that came to its end (default: the newest of those that were not of single resources only)")
	flags.StringVar(&o.change, "change", "", "the change of this `ID`, or the beginning of it, with its plan")
	flags.StringVar(&o.since, "since", "", "every finished audit begun, and every change touched, since this `DATE` (2026-10-01, UTC, or RFC 3339)")
	flags.StringVar(&o.out, "out", "", "write it to this `FILE`")
	flags.StringVar(&o.key, "key", "", "sign with this `KEY`: an Ed25519 key in a PEM file, a KMS key's ARN, or alias/NAME (default: evidence-key.pem beside the state)")
	flags.StringVar(&o.public, "public-key", "", "write the key's public half to this `FILE`, in PEM")
	flags.StringVar(&o.role, "role", "", "`NAME` of the role to assume where the KMS key is another account's")
	flags.StringVar(&o.externalID, "external-id", "", "external `ID` that the role's trust policy asks for")
	flags.StringVar(&o.profile, "profile", "", "AWS `PROFILE` for the KMS key (default: AWS_PROFILE)")
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
	case o.public != "" && filepath.Clean(o.public) == filepath.Clean(o.out):
		return evidence.Selection{}, errors.New("--public-key and --out name the same file")
	case o.externalID != "" && o.role == "":
		return evidence.Selection{}, errors.New("--external-id goes with --role")
	case given > 1:
		return evidence.Selection{}, errors.New("--audit, --change and --since: want one of them")
	case given == 0:
		return evidence.Selection{Audit: store.LatestWhole}, nil
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
	ctx, stop := env.Interruptible(ctx)
	defer stop()
	e, err = whole(ctx, s, e)
	if err != nil {
		return err
	}
	out := outputs{&output{format: "evidence", path: o.out}}
	if o.public != "" {
		out = append(out, &output{format: "public key", path: o.public})
	}
	if err := out.open(); err != nil {
		return err
	}
	defer func() { err = errors.Join(err, out.discard()) }()
	key, err := env.signingKey(ctx, o)
	if err != nil {
		return err
	}
	defer key.close()
	var made evidence.Exported
	err = out.writeFiles(renderer(func(format string, w io.Writer, _ report.Look) error {
		if format != "evidence" {
			_, err := w.Write(key.PublicKey().PEM())
			return err
		}
		var err error
		made, err = env.writeEvidence(ctx, w, e, key, s)
		return err
	}))
	if err != nil {
		return err
	}
	return env.tellExported(o, key, made)
}

// writeEvidence writes a bundle, and to the audit trail that it did: not before there is a bundle, and before anybody
// can take it.
func (e Env) writeEvidence(ctx context.Context, w io.Writer, of evidence.Selection, key signingKey, s *sqlite.Store) (made evidence.Exported, err error) {
	scratch, err := os.CreateTemp("", "glueguard-evidence-")
	if err != nil {
		return made, fmt.Errorf("make a temporary file: %w", err)
	}
	defer func() { err = errors.Join(err, scratch.Close(), os.Remove(scratch.Name())) }()
	sum := sha256.New()
	made, err = evidence.Export(ctx, io.MultiWriter(w, sum), s, evidence.Options{
		Selection: of, Tool: version(), Now: e.Now().UTC(), Signer: key, Scratch: scratch,
	})
	if err != nil {
		return made, err
	}
	d := store.Deed{
		Action: deedEvidence, Subject: of.Audit + of.Change, Outcome: store.DeedOK, Actor: store.Actor{Role: key.role},
		Detail: map[string]string{
			"records": strconv.Itoa(made.Records), "sha256": hex.EncodeToString(sum.Sum(nil)), "key": cmp.Or(key.arn, made.KeyID),
		},
	}
	if !of.Since.IsZero() {
		d.Detail["since"] = of.Since.Format(time.RFC3339)
	}
	return made, e.record(ctx, s, d)
}

// tellExported says what was written, and how to hand it on.
func (e Env) tellExported(o evidenceOptions, key signingKey, made evidence.Exported) error {
	fmt.Fprintf(e.Stdout, "Wrote %s: %s.\nhead %s\nsigned with key %s\n", o.out, counted(made.Records, made.Kinds), made.Head, made.KeyID)
	if key.arn != "" {
		fmt.Fprintf(e.Stdout, "which is %s\n", key.arn)
	}
	if public := cmp.Or(o.public, key.public); public != "" {
		fmt.Fprintf(e.Stdout, "Its public key is %s: hand it to the auditor by another way than the evidence.\n", public)
	}
	if made.Trail.Broken != "" {
		return fmt.Errorf("%s; %s is written, and says so", made.Trail.Broken, o.out)
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
		{evidence.KindDeed, "deed", "deeds"},
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
