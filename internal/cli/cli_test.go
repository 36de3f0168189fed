package cli

import (
	"bytes"
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/spf13/cobra"

	"github.com/glueguard/glueguard/internal/finding"
	"github.com/glueguard/glueguard/internal/report"
	"github.com/glueguard/glueguard/internal/resource"
	"github.com/glueguard/glueguard/internal/store"
)

// harness runs command lines with everything injected.
type harness struct {
	Env
	out, err bytes.Buffer
}

func newHarness(environment map[string]string) *harness {
	h := &harness{}
	h.Env = Env{
		Stdin: strings.NewReader(""), Stdout: &h.out, Stderr: &h.err,
		LookupEnv:     func(name string) (string, bool) { v, ok := environment[name]; return v, ok },
		Now:           time.Now,
		NewID:         func() string { return "audit-1" },
		Interruptible: context.WithCancel,
		TuneMemory:    func(int64) {},
	}
	return h
}

func (h *harness) run(ctx context.Context, args ...string) int {
	h.Args = args
	return Main(ctx, h.Env)
}

func TestEveryCommandHelps(t *testing.T) {
	t.Parallel()
	var walk func(*cobra.Command)
	walk = func(c *cobra.Command) {
		if c.Name() == "help" || c.Name() == "completion" {
			return
		}
		if c.Example == "" || !strings.Contains(c.Long, "EXIT STATUS") || c.Short == "" {
			t.Errorf("%s: its help lacks an example, EXIT STATUS or a short description", c.CommandPath())
		}
		for _, sub := range c.Commands() {
			walk(sub)
		}
	}
	walk(newRoot(newHarness(nil).Env))
}

func TestBadUsageTakesOneLine(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		args string
		want string
	}{
		"unknown command":    {"audt", `unknown command "audt": did you mean "audit"?`},
		"unknown subcommand": {"policy chek x", `unknown command "chek": did you mean "check"?`},
		"unknown flag":       {"audit --acount 1", "unknown flag: --acount: did you mean --account? (see glueguard audit --help)"},
		"unlike any flag":    {"audit --quick", "unknown flag: --quick (see glueguard audit --help)"},
		"a short word":       {"apply --nope x", "unknown flag: --nope (see glueguard apply --help)"},
		"nearly a flag":      {"audit --reigon a", "unknown flag: --reigon: did you mean --region?"},
		"no number":          {"apply --parallel x p.json", `--parallel "x": want a whole number (see glueguard apply --help)`},
		"no boolean":         {"apply --yes=maybe p.json", `--yes "maybe": want true or false`},
		"no shell":           {"completion tcsh", `unknown command "tcsh"`},
		"help on a typo":     {"help audt", `unknown command "audt"`},
		"help below a typo":  {"help policy chek", `unknown command "chek": did you mean "check"?`},
		"state elsewhere":    {"audit --state postgres://db/glueguard", "a SQLite file"},
		"empty region":       {"audit --region=", "--region: the value is empty"},
		"empty account":      {"audit --account=", "--account: the value is empty"},
		"mode":               {"plan --mode SSE-S4", `--mode "SSE-S4": want SSE-S3 or SSE-KMS`},
		"mode NONE":          {"plan --mode NONE", "name the resources with --resource"},
		"strategy":           {"plan --strategy swap", "want replace, side-by-side or retire"},
		"two keys":           {"plan --kms-key alias/a --create-key", "name one of them"},
		"empty key":          {"plan --kms-key=", "--kms-key: the value is empty"},
		"alias":              {"plan --create-key=glueguard", "want an alias, such as alias/glueguard"},
		"labels":             {"plan --labels-s3 bucket", "want s3://BUCKET/PREFIX/"},
		"proof":              {"plan --prove=", "want s3://BUCKET/PREFIX/"},
		"empty out":          {"plan --out=", "--out: the file's name is missing"},
		"audit and region":   {"plan --audit latest --region eu-west-1", "--audit takes the scope of that audit"},
		"plan format":        {"plan -o csv", "want one of table, json, markdown"},
		"plan for nobody":    {"plan shwo x", `unknown command "shwo": did you mean "show"?`},
		"no plan":            {"apply", "want a plan"},
		"two plans":          {"apply a b", `unexpected argument "b"`},
		"parallel":           {"apply p --auto-approve --parallel -1", "want a number above 0"},
		"canary":             {"apply p --auto-approve --canary -1", "must not be negative"},
		"change format":      {"apply p --auto-approve -o csv", "want one of table, json"},
		"json asks nobody":   {"backout c -o json", "add --auto-approve"},
		"no change":          {"resume", "want the id of a change, or --all"},
		"all and one":        {"resume --all c", "--all goes without"},
		"backout of nothing": {"backout", "want the id of a change"},
		"status":             {"changes --status asleep", "want one of running, waiting"},
		"argument":           {"audit now", `unexpected argument "now"`},
		"account":            {"audit --account 12", "want 12 digits"},
		"region":             {"audit --region Ireland", "want a region's name"},
		"control":            {"audit --control s3", "want one of glue-dev-endpoint-s3-encryption"},
		"resource":           {"audit --resource arn:aws", "not an ARN"},
		"profile":            {"audit --policy-profile lax", "want sop or strict"},
		"external id alone":  {"audit --external-id x", "goes with --role"},
		"format":             {"audit -o pdf", "want one of table, json"},
		"two to stdout":      {"audit -o json -o table", "only one output"},
		"twice to one file":  {"audit -o json=x -o jsonl=./x", "two outputs"},
		"no file name":       {"audit -o json=", "name is missing"},
		"policy file":        {"policy check", "want one policy file"},
		"scenario":           {"sandbox --scenario large", "want empty, small or org"},
		"regions":            {"sandbox --regions 0", "at least 1"},
		"negative":           {"sandbox --accounts -1", "must not be negative"},
		"not a duration":     {"sandbox --latency fast", `--latency "fast": want a number with a unit, such as 500ms, 30s or 15m`},
		"argument of demo":   {"demo now", "unexpected argument"},
		"regions, one empty": {"sandbox --regions eu-west-1,,eu-west-2", "names between commas"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h := newHarness(nil)
			if status := h.run(t.Context(), strings.Fields(c.args)...); status != 1 {
				t.Errorf("status %d, want 1", status)
			}
			if got := h.err.String(); strings.Count(got, "\n") != 1 || !strings.Contains(got, c.want) || !strings.Contains(got, "--help)") {
				t.Errorf("got %q, want one line with %q", got, c.want)
			}
			if h.out.Len() > 0 {
				t.Errorf("standard output: %q", h.out.String())
			}
		})
	}
}

func TestVersion(t *testing.T) {
	t.Parallel()
	for _, arg := range []string{"version", "--version"} {
		h := newHarness(nil)
		if status := h.run(t.Context(), arg); status != 0 || !strings.HasPrefix(h.out.String(), "glueguard ") {
			t.Errorf("%s: status %d, %q", arg, status, h.out.String())
		}
	}
}

func TestColor(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		terminal bool
		env      map[string]string
		want     bool
	}{
		"a pipe":           {false, nil, false},
		"a terminal":       {true, nil, true},
		"NO_COLOR":         {true, map[string]string{"NO_COLOR": "1"}, false},
		"an empty one":     {true, map[string]string{"NO_COLOR": ""}, true},
		"a dumb terminal":  {true, map[string]string{"TERM": "dumb"}, false},
		"a usual terminal": {true, map[string]string{"TERM": "xterm-256color"}, true},
	} {
		h := newHarness(c.env)
		h.StdoutTerminal = c.terminal
		if got := h.look().Color; got != c.want {
			t.Errorf("%s: colour %t, want %t", name, got, c.want)
		}
	}
}

// empty is an audit that found nothing.
type empty struct{}

func (empty) Head() store.Audit                                { return store.Audit{ID: "a"} }
func (empty) EachCoverage(func(resource.Coverage) error) error { return nil }
func (empty) EachFinding(func(finding.Finding) error) error    { return nil }

func TestOutputs(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	file := filepath.Join(dir, "audit.json")
	if err := os.WriteFile(file, []byte("old"), 0o600); err != nil {
		t.Fatal(err)
	}
	outs, err := parseOutputs([]string{"json=" + file, "jsonl=" + filepath.Join(dir, "audit.jsonl")}, auditFormat)
	if err != nil {
		t.Fatal(err)
	}
	all := outs
	if err := all.open(); err != nil {
		t.Fatal(err)
	}
	if old, _ := os.ReadFile(file); string(old) != "old" {
		t.Errorf("opening an output changed the file to %q", old)
	}
	var stdout bytes.Buffer
	if err := all.write(&stdout, report.Look{}, auditRenderer(empty{})); err != nil {
		t.Fatal(err)
	}
	if got, _ := os.ReadFile(file); !strings.Contains(string(got), `"schema":"glueguard.audit/v1"`) {
		t.Errorf("the file holds %q", got)
	}
	if !strings.Contains(stdout.String(), "Wrote "+file) {
		t.Errorf("with files only, the table must come and name them: %q", stdout.String())
	}
	if left, _ := os.ReadDir(dir); len(left) != 2 {
		t.Errorf("%d files are left, want the 2 reports: %v", len(left), left)
	}
}

func TestOutputsThatFailLeaveNothing(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	for name, second := range map[string]string{
		"a folder":         dir,
		"a missing folder": filepath.Join(dir, "none", "x"),
		"under a file":     filepath.Join(os.Args[0], "x"),
		"never got so far": "",
	} {
		values := []string{"json=" + filepath.Join(dir, "first")}
		if second != "" {
			values = append(values, "jsonl="+second)
		}
		outs, err := parseOutputs(values, auditFormat)
		if err != nil {
			t.Fatal(err)
		}
		err = outs.open()
		if (err == nil) != (second == "") {
			t.Errorf("%s: %v", name, err)
		}
		if err == nil {
			err = outs.discard()
		}
		if second == "" && err != nil {
			t.Errorf("%s: %v", name, err)
		}
		if left, _ := os.ReadDir(dir); len(left) != 0 {
			t.Errorf("%s: left %v", name, left)
		}
	}
}

func TestOutputToADevice(t *testing.T) {
	t.Parallel()
	outs, err := parseOutputs([]string{"json=" + os.DevNull}, auditFormat)
	if err != nil {
		t.Fatal(err)
	}
	all := outs
	if err := errors.Join(all.open(), all.write(&bytes.Buffer{}, report.Look{}, auditRenderer(empty{}))); err != nil {
		t.Fatal(err)
	}
	if info, err := os.Stat(os.DevNull); err != nil || info.Mode().IsRegular() {
		t.Errorf("%s was replaced: %v, %v", os.DevNull, info, err)
	}
}

func TestSandboxEndsWhenStopped(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	faults, addr := filepath.Join(dir, "faults.json"), filepath.Join(dir, "addr")
	if err := os.WriteFile(faults, []byte(`{"operation":"glue:GetDevEndpoints","error":"AccessDeniedException","latency":"1ms"}`), 0o600); err != nil {
		t.Fatal(err)
	}
	h := newHarness(nil)
	ctx, cancel := context.WithCancel(t.Context())
	h.Interruptible = func(ctx context.Context) (context.Context, context.CancelFunc) {
		return ctx, func() {}
	}
	cancel()
	if status := h.run(ctx, "sandbox", "--listen", "127.0.0.1:0", "--regions", "2", "--faults", faults, "--addr-file", addr); status != 0 {
		t.Errorf("status %d: %s", status, h.err.String())
	}
	if !strings.Contains(h.out.String(), "export AWS_ENDPOINT_URL=http://127.0.0.1:") {
		t.Errorf("got %q", h.out.String())
	}
	if _, err := os.Stat(addr); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("the address file is left: %v", err)
	}
	if err := os.WriteFile(faults, []byte(`[{"operatoin":"x"}]`), 0o600); err != nil {
		t.Fatal(err)
	}
	if status := h.run(ctx, "sandbox", "--faults", faults); status != 1 || !strings.Contains(h.err.String(), "operatoin") {
		t.Errorf("status %d: %s", status, h.err.String())
	}
}
