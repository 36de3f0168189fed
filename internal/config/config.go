// Package config finds a run's settings: the policy file and the place of the state. What is in the policy file is
// package policy's matter.
package config

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/glueguard/glueguard/internal/policy"
)

// PolicyFile is the name under which a policy is looked for in the working directory.
const PolicyFile = "glueguard.yaml"

// LookupEnv reads an environment variable, as os.LookupEnv does.
type LookupEnv func(name string) (value string, ok bool)

// ErrNoHome means that no place for the state is known because the environment names no home directory.
var ErrNoHome = errors.New("neither XDG_STATE_HOME nor HOME is set: name the state with --state")

// StatePath returns where the state is kept: the file asked for, or glueguard/state.db in the XDG state directory.
func StatePath(asked string, env LookupEnv) (string, error) {
	if asked != "" {
		return asked, nil
	}
	// The XDG base directory specification has relative paths ignored.
	if dir, ok := env("XDG_STATE_HOME"); ok && filepath.IsAbs(dir) {
		return filepath.Join(dir, "glueguard", "state.db"), nil
	}
	home, ok := env("HOME")
	if !ok || home == "" {
		return "", ErrNoHome
	}
	return filepath.Join(home, ".local", "state", "glueguard", "state.db"), nil
}

// Policy returns the policy in the file asked for, else in ./glueguard.yaml, else the default one. A file that was
// asked for must exist. profile, when not empty, replaces the file's. Errors of the file's content are *policy.Error
// values, joined.
func Policy(asked string, profile policy.Profile) (policy.Policy, error) {
	p := policy.Default(policy.SOP)
	path := asked
	if path == "" {
		path = PolicyFile
	}
	text, err := os.ReadFile(path)
	switch {
	case err == nil:
		if p, err = policy.Decode(path, text); err != nil {
			return policy.Policy{}, err
		}
	case asked == "" && errors.Is(err, fs.ErrNotExist):
	default:
		return policy.Policy{}, fmt.Errorf("read the policy: %s: %w", path, reason(err))
	}
	if profile != "" {
		p = p.WithProfile(profile)
	}
	return p, nil
}

// reason is an error without the path, which its reader has before it.
func reason(err error) error {
	var at *fs.PathError
	if errors.As(err, &at) {
		return at.Err
	}
	return err
}
