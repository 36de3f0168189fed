package cli

import (
	"context"
	"errors"
	"fmt"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/glueguard/glueguard/internal/diag"
)

// Main runs a command line and returns its exit status.
func Main(ctx context.Context, env Env) int {
	root := newRoot(env)
	refuseOtherShells(root)
	root.SetArgs(pasted(env.Args))
	root.SetIn(env.Stdin)
	root.SetOut(env.Stdout)
	root.SetErr(env.Stderr)
	d := diag.Of(root.ExecuteContext(ctx))
	d.Print(env.Stderr)
	return d.Status
}

func newRoot(env Env) *cobra.Command {
	var showVersion bool
	root := &cobra.Command{
		Use:   "glueguard",
		Short: "Find and repair AWS Glue resources whose data is not encrypted at rest",
		Long: `Glueguard reads the AWS Glue development endpoints and ML transforms of one account or a
whole organization, and tells which of them are not encrypted at rest, why, and what to do.
It says what it could not read, and never takes that for compliant.

AWS can't encrypt what is there already, so a repair makes an encrypted replacement, proves it,
and retires the original: plan, apply, verify, and finalize, or backout.

EXIT STATUS
  0    done as asked; after an audit: everything was read and complies
  1    error, or bad usage; a change waits for a person, or has failed
  2    findings fail; a change was refused, or took itself back
  3    nothing fails, but something could not be read
  130  interrupted`,
		Example: `  glueguard demo                          try it now, without an AWS account
  glueguard audit                         this account, all its regions
  glueguard audit --organization --role SecurityAudit -o table -o json=audit.json
  glueguard plan --mode SSE-KMS --kms-key alias/data --out plan.json
  glueguard apply plan.json`,
		SilenceErrors: true,
		SilenceUsage:  true,
		Args:          cobra.ArbitraryArgs, // so that a wrong command is told of in our words
		RunE: func(cmd *cobra.Command, args []string) error {
			if showVersion {
				_, err := fmt.Fprintln(cmd.OutOrStdout(), version())
				return err
			}
			return helpOrUnknown(cmd, args)
		},
	}
	// Not cobra's own: its templates look methods up by name, which makes the linker keep every method of every AWS
	// client, and the program twice as large.
	root.Flags().BoolVarP(&showVersion, "version", "v", false, "version for glueguard")
	root.SetFlagErrorFunc(func(cmd *cobra.Command, err error) error {
		var unknown *pflag.NotExistError
		var invalid *pflag.InvalidValueError
		switch {
		case errors.As(err, &unknown):
			err = fmt.Errorf("%w%s", err, flagSuggestion(cmd, unknown.GetSpecifiedName()))
		case errors.As(err, &invalid):
			err = wrongValue(invalid)
		}
		return &diag.UsageError{Command: cmd.CommandPath(), Err: err}
	})
	root.SetHelpCommand(newHelp())
	addGroups(root, env)
	return root
}

// addGroups adds the commands, sorted by what one wants to do.
func addGroups(root *cobra.Command, env Env) {
	for _, g := range []struct {
		id, title string
		commands  []*cobra.Command
	}{
		{"try", "Try it", []*cobra.Command{newDemo(env), newSandbox(env)}},
		{"find", "Find", []*cobra.Command{newAudit(env), newReport(env), newControls(env), newPolicy(env)}},
		{"repair", "Repair", []*cobra.Command{
			newPlan(env), newApply(env), newChanges(env), newResume(env), newVerify(env), newBackout(env), newFinalize(env),
			newGlue(env), newOrphans(env), newCleanup(env),
		}},
		{"answer", "Approve, prove, serve", []*cobra.Command{newRequests(env), newEvidence(env), newServe(env)}},
		{"other", "Other", []*cobra.Command{newVersion(env)}},
	} {
		root.AddGroup(&cobra.Group{ID: g.id, Title: g.title + ":"})
		for _, c := range g.commands {
			c.GroupID = g.id
			root.AddCommand(c)
		}
	}
	root.SetHelpCommandGroupID("other")
	root.SetCompletionCommandGroupID("other")
}

// newHelp is cobra's help command, except that it does not take a mistyped command for none.
func newHelp() *cobra.Command {
	return &cobra.Command{
		Use:   "help [command]",
		Short: "Help about any command",
		RunE: func(cmd *cobra.Command, args []string) error {
			about, rest, err := cmd.Root().Find(args)
			if err != nil {
				return &diag.UsageError{Command: cmd.Root().CommandPath(), Err: err}
			}
			if len(rest) > 0 {
				return diag.Usagef(about.CommandPath(), "unknown command %q%s", rest[0], suggestion(about, rest[0]))
			}
			about.InitDefaultHelpFlag()
			return about.Help()
		},
	}
}

// helpOrUnknown is what a command does that only has others below it.
func helpOrUnknown(cmd *cobra.Command, args []string) error {
	if len(args) == 0 {
		return cmd.Help()
	}
	return diag.Usagef(cmd.CommandPath(), "unknown command %q%s", args[0], suggestion(cmd, args[0]))
}

func suggestion(cmd *cobra.Command, word string) string {
	cmd.SuggestionsMinimumDistance = 2
	if s := cmd.SuggestionsFor(word); len(s) > 0 {
		return fmt.Sprintf(": did you mean %q?", s[0])
	}
	return ""
}

// wrongValue says in our words what a flag's value should have been.
func wrongValue(e *pflag.InvalidValueError) error {
	var want string
	switch e.GetFlag().Value.Type() {
	case "int":
		want = "a whole number"
	case "bool":
		want = "true or false"
	case "duration":
		want = "a number with a unit, such as 500ms, 30s or 15m"
	default:
		return e
	}
	return fmt.Errorf("--%s %q: want %s", e.GetFlag().Name, e.GetValue(), want)
}

// refuseOtherShells makes an error of a shell that there is no completion for: cobra's own command shows its help then.
func refuseOtherShells(root *cobra.Command) {
	root.InitDefaultCompletionCmd()
	for _, c := range root.Commands() {
		if c.Name() == "completion" {
			c.Args, c.RunE = cobra.ArbitraryArgs, helpOrUnknown
		}
	}
}

// flagSuggestion names the command's flag that was probably meant. cobra looks for likely commands only, so the flags
// are shown to it as such. A short word is like too many others: most of its letters must be right.
func flagSuggestion(cmd *cobra.Command, word string) string {
	flags := &cobra.Command{SuggestionsMinimumDistance: min(2, (len(word)+1)/3)}
	cmd.Flags().VisitAll(func(f *pflag.Flag) {
		flags.AddCommand(&cobra.Command{Use: f.Name, Run: func(*cobra.Command, []string) {}})
	})
	if s := flags.SuggestionsFor(word); len(s) > 0 {
		return fmt.Sprintf(": did you mean --%s?", s[0])
	}
	return ""
}

// noArgs refuses arguments, in one line.
func noArgs(cmd *cobra.Command, args []string) error {
	if len(args) > 0 {
		return diag.Usagef(cmd.CommandPath(), "unexpected argument %q", args[0])
	}
	return nil
}
