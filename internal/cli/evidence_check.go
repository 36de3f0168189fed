package cli

import (
	"context"
	"errors"
	"fmt"
	"os"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/glueguard/glueguard/internal/config"
	"github.com/glueguard/glueguard/internal/diag"
	"github.com/glueguard/glueguard/internal/evidence"
	"github.com/glueguard/glueguard/internal/store"
	"github.com/glueguard/glueguard/internal/store/sqlite"
)

type checkOptions struct {
	key     string
	state   string
	ofState bool // the state's audit trail is to be checked
}

func newEvidenceCheck(env Env) *cobra.Command {
	var o checkOptions
	cmd := &cobra.Command{
		Use:   "check [FILE] [--state [FILE]]",
		Short: "Check that evidence, or the state's audit trail, is as it was made",
		Long: `Checks evidence offline, with nothing but the file and the key: the signature, the digests, the chain of
records, and every byte around them. It names the first record that is not as it was made.

Without --key the key in the file is used. That finds damage, but not somebody who changed the records
and signed them anew: compare the key's id, or give the key that you got by another way.

With --state it checks the audit trail that the state keeps: that no entry was changed, moved, added
or taken away. It names the first one. Whoever can write the state can also cut its trail and make
the end fit: with evidence that was made before, it tells whether the trail still holds the entry
with which it ended then. --state takes the usual state where nothing comes after it.

EXIT STATUS
  0  it is as it was made
  1  it was changed; or error, or bad usage`,
		Example: `  glueguard evidence check evidence.tar --key evidence-key.pub.pem
  glueguard evidence check --state
  glueguard evidence check evidence.tar --state state.db`,
		Args: cobra.ArbitraryArgs, // looked at with the flags
		RunE: func(cmd *cobra.Command, args []string) error {
			o.ofState = o.ofState || cmd.Flags().Changed("state")
			return runCheck(cmd, env, o, args)
		},
	}
	flags := cmd.Flags()
	flags.SortFlags = false
	flags.StringVar(&o.key, "key", "", "the public key in this `PEM` file, got by another way than the evidence")
	flags.StringVar(&o.state, "state", "", "check the audit trail of this SQLite `FILE` (without a name: of the one in the XDG state directory)")
	wrong := cmd.FlagErrorFunc()
	cmd.SetFlagErrorFunc(func(cmd *cobra.Command, err error) error {
		var bare *pflag.ValueRequiredError
		if !errors.As(err, &bare) || bare.GetSpecifiedName() != "state" {
			return wrong(cmd, err)
		}
		o.ofState = true // it was the last word, so all others are known
		return runCheck(cmd, env, o, cmd.Flags().Args())
	})
	return cmd
}

func runCheck(cmd *cobra.Command, env Env, o checkOptions, args []string) error {
	ctx := cmd.Context()
	switch {
	case cmd.Flags().Changed("key") && o.key == "":
		return diag.Usagef(cmd.CommandPath(), "--key: the value is empty")
	case len(args) > 1:
		return diag.Usagef(cmd.CommandPath(), "unexpected argument %q: want one evidence file", args[1])
	case len(args) == 0 && !o.ofState:
		return diag.Usagef(cmd.CommandPath(), "want one evidence file, or --state")
	case len(args) == 0 && o.key != "":
		return diag.Usagef(cmd.CommandPath(), "--key goes with an evidence file")
	}
	if err := stateIsFile(o.state); err != nil {
		return usage(cmd, err)
	}
	if len(args) == 0 {
		return env.checkTrail(ctx, o.state, nil)
	}
	got, err := checkEvidence(ctx, env, args[0], o.key)
	if err != nil || !o.ofState {
		return err
	}
	return env.checkTrail(ctx, o.state, &got.Trail)
}

func checkEvidence(ctx context.Context, env Env, path, keyPath string) (got evidence.Checked, err error) {
	var trusted *evidence.PublicKey
	if keyPath != "" {
		src, err := os.ReadFile(keyPath)
		if err != nil {
			return got, fmt.Errorf("--key %s: %w", keyPath, bare(err))
		}
		key, err := evidence.ParsePublicKey(src)
		if err != nil {
			return got, fmt.Errorf("--key %s: %w", keyPath, err)
		}
		trusted = &key
	}
	f, err := os.Open(path)
	if err != nil {
		return got, fmt.Errorf("%s: %w", path, bare(err))
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	got, err = evidence.Check(ctx, f, trusted)
	var broken *evidence.BrokenError
	if errors.As(err, &broken) {
		return got, fmt.Errorf("%s: the evidence is not as it was made: %w", path, broken)
	}
	if err != nil {
		return got, fmt.Errorf("%s: %w", path, err)
	}
	env.tellChecked(path, got)
	return got, nil
}

// tellChecked says what intact evidence claims.
func (e Env) tellChecked(path string, got evidence.Checked) {
	fmt.Fprintf(e.Stdout, "%s is as it was made: %s, the chain unbroken.\n%s, at %s, by %s\nhead %s\n",
		path, counted(got.Records, got.Kinds), asked(got.Request), got.MadeAt.Format(time.RFC3339), got.Tool, got.Head)
	if got.Trail.Broken != "" {
		fmt.Fprintf(e.Stderr, "glueguard: when it was made, %s\n", got.Trail.Broken)
	}
	if got.Trusted {
		fmt.Fprintf(e.Stdout, "signed with the key that was given, %s\n", got.KeyID)
		return
	}
	fmt.Fprintf(e.Stdout, "signed with the key in it, %s\n", got.KeyID)
	fmt.Fprintln(e.Stderr, "glueguard: whoever signs anew puts another key in: compare its id, or give --key PUB, the key that you got by another way")
}

// asked says what evidence is of.
func asked(e evidence.Selection) string {
	switch {
	case e.Audit != "":
		return "audit " + e.Audit
	case e.Change != "":
		return "change " + e.Change
	}
	return "everything since " + e.Since.Format(time.RFC3339)
}

// checkTrail checks the audit trail of a state, and that it still holds the entry that evidence has noted.
func (e Env) checkTrail(ctx context.Context, state string, then *evidence.Mark) error {
	path, err := config.StatePath(state, e.LookupEnv)
	if err != nil {
		return err
	}
	if _, err := os.Stat(path); err != nil { // looking must not make one
		return fmt.Errorf("state %s: %w", path, bare(err))
	}
	return e.readStore(ctx, path, func(s *sqlite.Store) error {
		now, err := s.CheckTrail(ctx)
		if err != nil {
			return err
		}
		fmt.Fprintf(e.Stdout, "The audit trail of %s is as it was written: %s.\nhead %s\n", path, entries(now.Entries), now.Head)
		if now.Entries > 0 {
			fmt.Fprintf(e.Stdout, "last entry at %s\n", now.LastAt.Format(time.RFC3339))
		}
		if then == nil {
			return nil
		}
		if err := holds(ctx, s, *then); err != nil {
			return fmt.Errorf("%s: %w", path, err)
		}
		_, err = fmt.Fprintf(e.Stdout, "It still holds what it held when the evidence was made: %s.\n", entries(then.Entries))
		return err
	})
}

// readStore opens a state to look at it, also where it can't be written.
func (e Env) readStore(ctx context.Context, path string, use func(*sqlite.Store) error) (err error) {
	s, err := e.openStore(ctx, path)
	if errors.Is(err, store.ErrUnusable) {
		read, unreadable := sqlite.OpenToRead(ctx, path)
		s, err = read, unreadable
	}
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, s.Close()) }()
	return use(s)
}

// holds tells whether a trail still has the last entry of a time before.
func holds(ctx context.Context, t store.Trail, then evidence.Mark) error {
	if then.Entries == 0 {
		return nil // any trail begins so
	}
	found := ""
	err := t.EachDeed(ctx, then.Entries+1, 1, func(d store.Deed) error {
		if d.Seq == then.Entries {
			found = d.Hash
		}
		return nil
	})
	switch {
	case err != nil:
		return err
	case found == "":
		return &store.TrailError{Seq: then.Entries, Reason: "it was there when the evidence was made, and is not any more: the trail was cut, or is another state's"}
	case found != then.Head:
		return &store.TrailError{Seq: then.Entries, Reason: "it was another one when the evidence was made: the trail was written anew, or is another state's"}
	}
	return nil
}

func entries(n int64) string {
	if n == 1 {
		return "1 entry"
	}
	return fmt.Sprintf("%d entries", n)
}
