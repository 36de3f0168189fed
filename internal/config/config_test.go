package config_test

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"testing"

	"github.com/glueguard/glueguard/internal/config"
	"github.com/glueguard/glueguard/internal/policy"
)

func TestStatePath(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		asked string
		env   map[string]string
		want  string
		err   error
	}{
		"asked for":        {"x.db", map[string]string{"HOME": "/h"}, "x.db", nil},
		"home":             {"", map[string]string{"HOME": "/h"}, "/h/.local/state/glueguard/state.db", nil},
		"XDG":              {"", map[string]string{"HOME": "/h", "XDG_STATE_HOME": "/x"}, "/x/glueguard/state.db", nil},
		"XDG not absolute": {"", map[string]string{"HOME": "/h", "XDG_STATE_HOME": "x"}, "/h/.local/state/glueguard/state.db", nil},
		"nowhere":          {"", nil, "", config.ErrNoHome},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got, err := config.StatePath(c.asked, func(name string) (string, bool) { v, ok := c.env[name]; return v, ok })
			if got != filepath.FromSlash(c.want) || !errors.Is(err, c.err) {
				t.Errorf("got %q, %v", got, err)
			}
		})
	}
}

func TestPolicy(t *testing.T) {
	t.Chdir(t.TempDir())
	write := func(name, text string) {
		if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	expect := func(what, asked string, profile, want policy.Profile) {
		t.Helper()
		p, err := config.Policy(asked, profile)
		if err != nil || p.Profile != want {
			t.Errorf("%s: profile %q, %v, want %q", what, p.Profile, err, want)
		}
	}
	expect("no file", "", "", policy.SOP)
	if _, err := config.Policy("none.yaml", ""); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("a file that was asked for and is missing: %v", err)
	}
	write(config.PolicyFile, "profile: strict\n")
	write("other.yaml", "profile: sop\n")
	expect("found", "", "", policy.Strict)
	expect("asked for", "other.yaml", "", policy.SOP)
	expect("profile replaced", "", policy.SOP, policy.SOP)
	write("bad.yaml", "profile: strictest\n")
	var wrong *policy.Error
	if _, err := config.Policy("bad.yaml", ""); !errors.As(err, &wrong) || wrong.Line != 1 || wrong.Column != 10 {
		t.Errorf("a bad file: %v", err)
	}
}
