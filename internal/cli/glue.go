package cli

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/glueguard/glueguard/internal/awsapi"
	"github.com/glueguard/glueguard/internal/change"
	"github.com/glueguard/glueguard/internal/cli/awsview"
	"github.com/glueguard/glueguard/internal/config"
	"github.com/glueguard/glueguard/internal/diag"
	"github.com/glueguard/glueguard/internal/inventory"
	"github.com/glueguard/glueguard/internal/procedure"
	"github.com/glueguard/glueguard/internal/resource"
	"github.com/glueguard/glueguard/internal/store"
	"github.com/glueguard/glueguard/internal/store/sqlite"
)

// glueExits is what the help of each of these commands says of how it ends.
const glueExits = `

EXIT STATUS
  0    done
  130  interrupted
  252  the command line can't be understood
  253  no credentials
  254  AWS answered with an error
  255  any other error`

func newGlue(env Env) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "glue",
		Short: "The operating procedures' commands, as printed there for the AWS CLI",
		Long: `The commands that the procedures on encryption print for the AWS CLI, with "aws" replaced by
"glueguard". They take the AWS CLI's flags, print as it does, and end with its exit statuses.

AWS itself has no such updates, and shows no encryption mode where the procedures look for it.
Here SecurityConfiguration of an endpoint is the S3 mode in force, Transform.EncryptionMode that
of an ML transform, and an update replaces the resource by an encrypted one, safely.` + glueExits,
		Example: `  glueguard glue get-dev-endpoints --query 'DevEndpoints[*].{Name:EndpointName,S3EncryptionMode:SecurityConfiguration}'
  glueguard glue get-ml-transform --transform-id tfm-0123 --query 'Transform.EncryptionMode'`,
		SilenceErrors: true,
		SilenceUsage:  true,
		Args:          cobra.ArbitraryArgs, // so that a wrong command is told of in our words
		RunE: func(cmd *cobra.Command, args []string) error {
			if slices.Equal(args, []string{"help"}) {
				return cmd.Help()
			}
			return diag.ForAWS(env.Stderr, helpOrUnknown(cmd, args))
		},
	}
	cmd.SetFlagErrorFunc(func(cmd *cobra.Command, err error) error {
		var unknown *pflag.NotExistError
		var invalid *pflag.InvalidValueError
		switch {
		case errors.As(err, &invalid):
			f := invalid.GetFlag()
			err = fmt.Errorf("argument --%s: invalid %s value: '%s'", f.Name, f.Value.Type(), invalid.GetValue())
		case errors.As(err, &unknown):
			err = fmt.Errorf("Unknown options: --%s%s", unknown.GetSpecifiedName(), flagSuggestion(cmd, unknown.GetSpecifiedName())) //nolint:staticcheck // as the AWS CLI says it
		}
		return diag.ForAWS(env.Stderr, &diag.UsageError{Command: cmd.CommandPath(), Err: err})
	})
	cmd.AddCommand(
		newGetEndpoint(env), newGetEndpoints(env), newGetTransform(env), newGetTransforms(env), newUpdateEndpoint(env), newUpdateTransform(env),
	)
	return cmd
}

// pasted takes the arguments of a procedure's command as they come out of a shell. The procedures print line continuations
// within a line ("\ --endpoint-name"), which a shell takes for a blank at the beginning of the flag.
func pasted(args []string) []string {
	if len(args) == 0 || args[0] != "glue" {
		return args
	}
	args = slices.Clone(args)
	for n, a := range args {
		if flag := strings.TrimLeft(a, " "); strings.HasPrefix(flag, "--") {
			args[n] = flag
		}
	}
	return args
}

// glueFlags are the AWS CLI's own, and where the state is.
type glueFlags struct {
	query, output                string
	region, profile, endpointURL string
	noPager                      bool
	cliInput, color              string
	state                        string
}

func (f *glueFlags) add(flags *pflag.FlagSet) {
	flags.SortFlags = false
	flags.StringVar(&f.query, "query", "", "`JMESPATH` expression that chooses what is printed")
	flags.StringVar(&f.output, "output", "", "`FORMAT`: "+strings.Join(awsview.Formats(), ", ")+" (default: AWS_DEFAULT_OUTPUT, else json)")
	flags.StringVar(&f.region, "region", "", "`REGION` (default: the profile's, AWS_REGION, AWS_DEFAULT_REGION)")
	flags.StringVar(&f.profile, "profile", "", "AWS `PROFILE` (default: AWS_PROFILE)")
	flags.StringVar(&f.endpointURL, "endpoint-url", "", "`URL` to call instead of AWS's own (default: AWS_ENDPOINT_URL)")
	flags.StringVar(&f.cliInput, "cli-input-json", "", "take what is not given by flags from this `JSON`, by the API's names")
	flags.StringVar(&f.color, "color", "", "taken for the AWS CLI's sake: `on|off|auto`; nothing is coloured here")
	flags.BoolVar(&f.noPager, "no-cli-pager", false, "taken for the AWS CLI's sake: there is no pager here")
	addState(flags, &f.state)
}

// view refuses, before AWS is asked, what could not be printed.
func (f *glueFlags) view(env Env, operation string) (*awsview.View, error) {
	format := f.output
	if format == "" {
		format, _ = env.LookupEnv("AWS_DEFAULT_OUTPUT")
	}
	format = cmp.Or(format, "json")
	if !slices.Contains(awsview.Formats(), format) {
		return nil, fmt.Errorf("argument --output: Invalid choice %q, valid choices are: %s", format, strings.Join(awsview.Formats(), ", "))
	}
	if err := stateIsFile(f.state); err != nil {
		return nil, err
	}
	return awsview.New(format, f.query, operation, env.Width)
}

// required refuses a command line without a flag, in the AWS CLI's words.
func required(flags *pflag.FlagSet, names ...string) error {
	var missing []string
	for _, name := range names {
		if !flags.Changed(name) {
			missing = append(missing, "--"+name)
		}
	}
	if len(missing) > 0 {
		return errors.New("the following arguments are required: " + strings.Join(missing, ", "))
	}
	for _, name := range names {
		if f := flags.Lookup(name); f.Value.String() == "" {
			return fmt.Errorf("Parameter validation failed:\nInvalid length for parameter --%s, value: 0, valid min length: 1", name) //nolint:staticcheck // as the AWS CLI says it
		}
	}
	return nil
}

// glueRun is one command at work in one account and region.
type glueRun struct {
	env       Env
	flags     glueFlags
	view      *awsview.View
	session   *awsapi.Session
	inspector *inventory.Inspector
	at        resource.Location
	unread    []resource.Failure // configurations that could not be read
	quiet     bool               // what is read is not printed, so there is nothing to say of it
}

// runGlue checks the command line, opens a session, and has the command do its work. Its errors are told as the AWS CLI's.
func runGlue(
	cmd *cobra.Command, env Env, f glueFlags, operation string, args []string, needs []string, work func(context.Context, *glueRun) error,
) error {
	err := func() (err error) {
		usageOf := func(err error) error { return &diag.UsageError{Command: cmd.CommandPath(), Err: err} }
		if slices.Equal(args, []string{"help"}) {
			return cmd.Help()
		}
		if len(args) > 0 {
			return usageOf(fmt.Errorf("Unknown options: %s", strings.Join(args, ", "))) //nolint:staticcheck // as the AWS CLI says it
		}
		if err := parameters(cmd.Flags()); err != nil {
			return usageOf(err)
		}
		if err := required(cmd.Flags(), needs...); err != nil {
			return usageOf(err)
		}
		view, err := f.view(env, operation)
		if err != nil {
			return usageOf(err)
		}
		ctx, stop := env.Interruptible(cmd.Context())
		defer stop()
		session, err := awsapi.Open(ctx, awsapi.Options{Profile: f.profile, Region: f.region, EndpointURL: f.endpointURL})
		if err != nil {
			return err
		}
		defer session.Close()
		if !session.RegionNamed() {
			// The AWS CLI takes no region for granted, and the resources of another one than was meant prove nothing.
			fmt.Fprint(env.Stderr, "\nYou must specify a region. You can also configure your region by running \"aws configure\".\n")
			return diag.Status(diag.AWSConfig)
		}
		caller, err := session.Caller(ctx)
		if err != nil {
			return err
		}
		g := &glueRun{
			env: env, flags: f, view: view, session: session, inspector: inventory.NewInspector(session),
			at: resource.Location{Partition: caller.Partition, Account: caller.Account, Region: session.Region()},
		}
		if err := work(ctx, g); err != nil {
			return err
		}
		return g.tellUnread()
	}()
	return diag.ForAWS(env.Stderr, err)
}

// print writes what the query chooses.
func (g *glueRun) print(document procedure.Document) error {
	return g.view.Write(g.env.Stdout, document)
}

// tellUnread says which security configurations could not be read: their resources are printed as of unknown mode, and
// the command ends as one that AWS answered with an error.
func (g *glueRun) tellUnread() error {
	if len(g.unread) == 0 {
		return nil
	}
	for _, f := range g.unread {
		diag.ServiceError(g.env.Stderr, f)
	}
	fmt.Fprintf(g.env.Stderr, "glueguard: what could not be read is printed as %s, which does not mean that it is not encrypted\n", procedure.Unknown)
	return diag.Status(diag.AWSService)
}

// configurations reads the security configurations that are named.
func (g *glueRun) configurations(ctx context.Context, names []string) procedure.Configurations {
	names = slices.DeleteFunc(slices.Compact(slices.Sorted(slices.Values(names))), func(n string) bool { return n == "" })
	read := g.inspector.NamedConfigurations(ctx, g.at, names)
	for _, name := range names {
		switch fact := read[name]; {
		case fact.IsUnknown():
			g.unread = append(g.unread, fact.Failure())
		case fact.IsAbsent() && !g.quiet:
			fmt.Fprintf(g.env.Stderr, "glueguard: the security configuration %q is named, and does not exist in %s: nothing is encrypted by it\n", name, g.at)
		}
	}
	return read
}

// history lists the changes of the state, newest first; none where there is no state yet, which reading must not make.
func (g *glueRun) history(ctx context.Context) ([]*change.Change, error) {
	path, err := config.StatePath(g.flags.state, g.env.LookupEnv)
	if errors.Is(err, config.ErrNoHome) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	if _, err := os.Stat(path); errors.Is(err, os.ErrNotExist) {
		return nil, nil
	}
	var all []*change.Change
	err = g.env.withStore(ctx, g.flags.state, func(s *sqlite.Store) error {
		all, err = changesOf(ctx, s, g.at)
		return err
	})
	return all, err
}

// changesOf lists the changes of a location's resources, newest first.
func changesOf(ctx context.Context, s store.Changes, at resource.Location) ([]*change.Change, error) {
	var all []*change.Change
	err := s.EachChange(ctx, store.ChangeFilter{}, func(c *change.Change) error {
		if l := c.Head.Item.Location; l.Account == at.Account && l.Region == at.Region {
			all = append(all, c)
		}
		return nil
	})
	return all, err
}
