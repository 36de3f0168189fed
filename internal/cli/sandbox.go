package cli

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"github.com/glueguard/glueguard/internal/diag"
	"github.com/glueguard/glueguard/internal/sandbox"
	"github.com/glueguard/glueguard/internal/sandbox/scenario"
)

type sandboxOptions struct {
	sandbox.Options
	listen   string
	regions  string
	faults   string
	addrFile string
}

func newSandbox(env Env) *cobra.Command {
	var o sandboxOptions
	cmd := &cobra.Command{
		Use:   "sandbox",
		Short: "Run a simulated AWS for trials and tests",
		Long: `Serves an AWS that lives in memory. It speaks AWS's own protocols: the AWS CLI and any SDK
work with AWS_ENDPOINT_URL. An access key id of 12 digits selects that account, any other is
the management account. Everything is gone when it ends.

While it runs, its controls (all POST but calls):
  /_sandbox/calls      what was called, how often, where
  /_sandbox/faults     [{"operation":"glue:GetMLTransforms","error":"AccessDeniedException","times":3}]; [] ends them
  /_sandbox/clock      {"advance":"10m"}
  /_sandbox/settings   {"latency":"200ms","provisioning":"2s","rate":5,"end_of_life":true}
  /_sandbox/write      {"account":"111111111111","region":"us-east-1","endpoint":"E","path":"s3://B/K"}: E writes an object
  /_sandbox/reset      as at the start

EXIT STATUS
  0  it was stopped (Ctrl-C)
  1  error, or bad usage`,
		Example: `  glueguard sandbox --scenario small
  glueguard sandbox --scenario org --accounts 100 --regions 17 --latency 50ms
  glueguard sandbox --listen 127.0.0.1:0 --addr-file /tmp/sandbox.addr --faults faults.json
  curl -d '{"latency":"200ms"}' http://127.0.0.1:4566/_sandbox/settings`,
		Args: noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := o.complete(); err != nil {
				return &diag.UsageError{Command: cmd.CommandPath(), Err: err}
			}
			return runSandbox(cmd.Context(), env, o)
		},
	}
	f := cmd.Flags()
	f.SortFlags = false
	f.StringVar(&o.listen, "listen", "127.0.0.1:4566", "`ADDRESS` to listen at; port 0 takes a free one")
	f.StringVar(&o.Scenario, "scenario", scenario.Empty, "what it holds: `empty|small|org`")
	f.IntVar(&o.Accounts, "accounts", 0, "number of accounts (scenario org)")
	f.StringVar(&o.regions, "regions", "", "number of regions, or their names: `N|a,b`")
	f.IntVar(&o.Resources, "resources", 0, "number of resources (scenario org)")
	f.Uint64Var(&o.Seed, "seed", 0, "another estate of the same size (scenario org)")
	f.DurationVar(&o.Latency, "latency", 0, "added to every call, e.g. 50ms")
	f.DurationVar(&o.Provisioning, "provisioning", 0, "how long a development endpoint takes to be ready, e.g. 2s")
	f.Float64Var(&o.RatePerLocation, "rate", 0, "calls per second in one account and region before throttling (0: no limit)")
	f.BoolVar(&o.EndOfLife, "end-of-life", false, "refuse creates on Glue versions past their end of life")
	f.StringVar(&o.faults, "faults", "", "JSON `FILE` with a list of faults")
	f.StringVar(&o.addrFile, "addr-file", "", "`FILE` to write the address (host:port) to once it listens")
	return cmd
}

// complete checks the flags and turns those that have two forms into what the sandbox takes.
func (o *sandboxOptions) complete() error {
	switch o.Scenario {
	case scenario.Empty, scenario.Small, scenario.Org:
	default:
		return fmt.Errorf("--scenario %q: want empty, small or org", o.Scenario)
	}
	if o.Accounts < 0 || o.Resources < 0 || o.Latency < 0 || o.Provisioning < 0 || o.RatePerLocation < 0 {
		return errors.New("numbers and durations must not be negative")
	}
	if o.regions == "" {
		return nil
	}
	if n, err := strconv.Atoi(o.regions); err == nil {
		if n < 1 {
			return fmt.Errorf("--regions %d: want at least 1", n)
		}
		o.RegionCount = n
		return nil
	}
	for r := range strings.SplitSeq(o.regions, ",") {
		if r = strings.TrimSpace(r); r == "" {
			return fmt.Errorf("--regions %q: want a number, or names between commas", o.regions)
		}
		o.Regions = append(o.Regions, r)
	}
	return nil
}

func runSandbox(ctx context.Context, env Env, o sandboxOptions) (err error) {
	if o.faults != "" {
		if o.Faults, err = readFaults(o.faults); err != nil {
			return err
		}
	}
	ctx, stop := env.Interruptible(ctx)
	defer stop()
	env.TuneMemory(sandboxMemory)
	server, err := sandbox.Start(o.listen, o.Options)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, server.Close()) }()
	_, err = fmt.Fprintf(env.Stdout, `A simulated AWS (scenario %s) listens at %s

  export AWS_ENDPOINT_URL=%[2]s AWS_REGION=%[3]s AWS_DEFAULT_REGION=%[3]s
  export AWS_ACCESS_KEY_ID=sandbox AWS_SECRET_ACCESS_KEY=sandbox   # a key id of 12 digits: that account
  aws glue get-dev-endpoints
  glueguard audit%[4]s

Ctrl-C ends it.
`, o.Scenario, server.URL, o.firstRegion(), o.auditFlags())
	if err != nil {
		return err
	}
	if o.addrFile != "" {
		if err := writeAddress(o.addrFile, strings.TrimPrefix(server.URL, "http://")); err != nil {
			return err
		}
		defer func() { err = errors.Join(err, os.Remove(o.addrFile)) }()
	}
	<-ctx.Done()
	return nil
}

func (o *sandboxOptions) firstRegion() string {
	if len(o.Regions) > 0 {
		return o.Regions[0]
	}
	return "us-east-1"
}

func (o *sandboxOptions) auditFlags() string {
	if o.Scenario == scenario.Org {
		return " --organization --role " + scenario.AuditRole
	}
	return ""
}

// writeAddress writes the file in one step, since whoever waits for it reads it at once.
func writeAddress(path, address string) error {
	temporary := fmt.Sprintf("%s.%d", path, os.Getpid())
	if err := os.WriteFile(temporary, []byte(address+"\n"), 0o600); err != nil {
		return fmt.Errorf("write the address: %w", err)
	}
	if err := os.Rename(temporary, path); err != nil {
		return errors.Join(fmt.Errorf("write the address: %w", err), os.Remove(temporary))
	}
	return nil
}

// readFaults reads a list of faults, or one alone.
func readFaults(path string) ([]sandbox.Fault, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("read the faults: %w", err)
	}
	faults, err := sandbox.DecodeFaults(text)
	if err != nil {
		return nil, fmt.Errorf("read the faults: %s: %w", path, err)
	}
	return faults, nil
}
