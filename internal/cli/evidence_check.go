package cli

import (
	"context"
	"errors"
	"fmt"
	"os"
	"time"

	"github.com/glueguard/glueguard/internal/evidence"
)

func checkEvidence(ctx context.Context, env Env, path, keyPath string) (err error) {
	var trusted *evidence.PublicKey
	if keyPath != "" {
		src, err := os.ReadFile(keyPath)
		if err != nil {
			return fmt.Errorf("--key %s: %w", keyPath, bare(err))
		}
		key, err := evidence.ParsePublicKey(src)
		if err != nil {
			return fmt.Errorf("--key %s: %w", keyPath, err)
		}
		trusted = &key
	}
	f, err := os.Open(path)
	if err != nil {
		return fmt.Errorf("%s: %w", path, bare(err))
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	got, err := evidence.Check(ctx, f, trusted)
	var broken *evidence.BrokenError
	if errors.As(err, &broken) {
		return fmt.Errorf("%s: the evidence is not as it was made: %w", path, broken)
	}
	if err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	fmt.Fprintf(env.Stdout, "%s is as it was made: %s, the chain unbroken.\n%s, at %s, by %s\nhead %s\n",
		path, counted(got.Records, got.Kinds), asked(got.Request), got.MadeAt.Format(time.RFC3339), got.Tool, got.Head)
	if got.Trusted {
		fmt.Fprintf(env.Stdout, "signed with the key that was given, %s\n", got.KeyID)
		return nil
	}
	fmt.Fprintf(env.Stdout, "signed with the key in it, %s\n", got.KeyID)
	fmt.Fprintln(env.Stderr, "glueguard: whoever signs anew puts another key in: compare its id, or give --key PUB, the key that you got by another way")
	return nil
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
