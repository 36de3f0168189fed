package cli

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/spf13/pflag"

	"github.com/glueguard/glueguard/internal/config"
	"github.com/glueguard/glueguard/internal/store/sqlite"
)

// addPolicy adds the flag of every command that goes by a policy.
func addPolicy(flags *pflag.FlagSet, to *string) {
	flags.StringVar(to, "config", "", "policy `FILE` (default: ./"+config.PolicyFile+" where there is one)")
}

// addState adds the flag of every command that remembers something.
func addState(flags *pflag.FlagSet, to *string) {
	flags.StringVar(to, "state", "", "SQLite `FILE` that remembers audits, plans and changes (default: in the XDG state directory)")
}

// stateIsFile refuses a URL: a file of that name would be made, and nobody would find the state in it.
func stateIsFile(state string) error {
	if strings.Contains(state, "://") {
		return fmt.Errorf("--state %q: want the name of a SQLite file, not a URL", state)
	}
	return nil
}

// openStore opens the state that was asked for, or the one in its usual place.
func (e Env) openStore(ctx context.Context, asked string) (*sqlite.Store, error) {
	path, err := config.StatePath(asked, e.LookupEnv)
	if err != nil {
		return nil, err
	}
	return sqlite.Open(ctx, path)
}

// withStore opens the state for a command that needs nothing else.
func (e Env) withStore(ctx context.Context, asked string, use func(*sqlite.Store) error) (err error) {
	s, err := e.openStore(ctx, asked)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, s.Close()) }()
	return use(s)
}
