package cli

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"

	"github.com/spf13/cobra"

	"github.com/glueguard/glueguard/internal/control"
	"github.com/glueguard/glueguard/internal/diag"
)

// Every command that the catalogue prints is one of ours, with flags and arguments that it takes.
func TestCommandsOfTheCatalogueParse(t *testing.T) {
	t.Parallel()
	c, err := control.ReadCatalogue()
	if err != nil {
		t.Fatal(err)
	}
	seen := map[string]bool{}
	for _, d := range c.Documents {
		for _, i := range slices.Concat(d.Test, d.Repair, d.Backout) {
			for _, command := range i.Commands {
				words := strings.Fields(command)
				if words[0] != "glueguard" {
					continue
				}
				for n, word := range words {
					if inner := strings.Trim(word, "'"); len(inner) == len(word)-2 {
						words[n] = inner // in quotes, and without a blank in it
					}
				}
				if err := parse(words[1:]); err != nil {
					t.Errorf("%s: %q: %v", d.ID, command, err)
				}
				seen[words[1]] = true
			}
		}
	}
	for _, verb := range []string{"audit", "plan", "apply", "changes", "resume", "verify", "backout", "finalize"} {
		if !seen[verb] {
			t.Errorf("no control tells of glueguard %s", verb)
		}
	}
}

// What parse finds wrong with a command line.
func TestParseFindsWhatIsWrong(t *testing.T) {
	t.Parallel()
	for line, want := range map[string]string{
		"audti":                    "unknown command",
		"audit --contrl x":         "unknown flag",
		"audit --control s3":       "want one of",
		"audit now":                "unexpected argument",
		"plan --mode SSE-S4":       "want SSE-S3 or SSE-KMS",
		"plan --mode NONE":         "name the resources",
		"plan shwo plan.json":      "unknown command",
		"plan show":                "want a plan",
		"apply":                    "want a plan",
		"apply plan.json --canary": "flag needs an argument",
		"apply plan.json \"x\"":    "quote",
		"backout":                  "change",
		"changes":                  "",
		"backout CHANGE":           "",
	} {
		err := parse(strings.Fields(line))
		if (err == nil) != (want == "") || err != nil && !strings.Contains(err.Error(), want) {
			t.Errorf("%s: got %v, want %q", line, err, want)
		}
	}
}

// parse reads a command line as the program does, up to where it would begin to work.
func parse(words []string) error {
	if strings.ContainsAny(strings.Join(words, " "), `"'\$`) {
		return diag.Usagef("", "it has a quote, which this test does not read as a shell does")
	}
	var began bool
	root := newRoot(newHarness(nil).Env)
	cmd, rest, err := root.Find(words)
	if err != nil {
		return err
	}
	if cmd == root || !cmd.Runnable() {
		return diag.Usagef("", "unknown command %q", words[0])
	}
	checkOnly(cmd, &began)
	root.SetArgs(words)
	if err := root.Execute(); err != nil {
		return err
	}
	if !began && len(rest) > 0 {
		return diag.Usagef("", "it does nothing")
	}
	return nil
}

// checkOnly leaves of a command its flags, its arguments and, of an audit or plan, the check of what they say.
func checkOnly(cmd *cobra.Command, began *bool) {
	switch cmd.Name() {
	case "audit":
		var o auditOptions
		cmd.ResetFlags()
		o.add(cmd.Flags())
		cmd.Flags().StringArrayVarP(&o.outputs, "output", "o", nil, "")
		addSince(cmd.Flags(), &o.since)
		cmd.Flags().StringVar(&o.failOn, "fail-on", failOnAll, "")
		addSend(cmd.Flags(), &o.send)
		addPolicy(cmd.Flags(), &o.config)
		addState(cmd.Flags(), &o.state)
		cmd.RunE = func(cmd *cobra.Command, _ []string) error {
			*began = true
			_, err := parseOutputs(o.outputs, auditFormat)
			if err != nil {
				return err
			}
			return o.check(cmd.Flags())
		}
	case "plan":
		var o planOptions
		cmd.ResetFlags()
		o.add(cmd.Flags())
		o.addPlan(cmd.Flags())
		cmd.RunE = func(cmd *cobra.Command, args []string) error {
			*began = true
			if len(args) > 0 {
				return helpOrUnknown(cmd, args)
			}
			_, err := o.check(cmd.Flags())
			return err
		}
	default:
		cmd.RunE = func(*cobra.Command, []string) error {
			*began = true
			return nil
		}
	}
}

func TestControlsAndReportsBadUsage(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct{ args, want string }{
		"a mistyped show":            {"controls shwo x", `unknown command "shwo": did you mean "show"?`},
		"a format of others":         {"controls -o csv", "want one of table, json"},
		"no control":                 {"controls show", "want the id of a control"},
		"two controls":               {"controls show glue-ml glue-dev", "unexpected argument"},
		"no such control":            {"controls show s3", "want one of glue-dev-endpoint-s3-encryption"},
		"a beginning that many have": {"controls show glue-dev-endpoint", "want one of glue-dev-endpoint-s3-encryption"},
		"a table of one control":     {"controls show glue-ml -o table", "want one of text, json, markdown"},
		"an argument":                {"report latest", "unexpected argument"},
		"no framework":               {"report --framework pci", "want one of pci-dss-3.2.1, pci-dss-4.0, hipaa"},
		"lines of a framework":       {"report --framework hipaa -o jsonl", "with --framework: unknown output format"},
		"no format":                  {"report --framework hipaa -o pdf", "want one of table, json, markdown"},
		"no format of an audit":      {"report -o pdf", "want one of table, json"},
		"an empty audit":             {"report --audit=", "--audit: the value is empty"},
		"a state elsewhere":          {"report --state postgres://db/glueguard", "a SQLite file"},
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

func TestControls(t *testing.T) {
	t.Parallel()
	h := newHarness(nil)
	if status := h.run(t.Context(), "controls", "-o", "json"); status != 0 {
		t.Fatalf("status %d: %s", status, h.err.String())
	}
	var list struct {
		Schema   string
		Controls []struct{ ID string }
	}
	if err := json.Unmarshal(h.out.Bytes(), &list); err != nil || list.Schema != "glueguard.controls/v1" || len(list.Controls) != len(control.All()) {
		t.Errorf("%v: %+v", err, list)
	}
	for _, c := range control.All() {
		h := newHarness(nil)
		if status := h.run(t.Context(), "controls", "show", string(c.ID)); status != 0 || !strings.Contains(h.out.String(), c.Title) {
			t.Errorf("%s: status %d: %s", c.ID, status, h.out.String())
		}
	}
}
