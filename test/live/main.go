// Command live tells Glueguard's stories on a real AWS account, and finds out which facts about AWS that no public text
// settles hold there. It costs money, so it is never part of a test run: see docs/live.md. With -endpoint it runs
// against a simulated AWS.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"
	"time"

	"github.com/glueguard/glueguard/internal/cli"
)

// glueguardWord makes this program be glueguard, so that its stories need no other binary.
const glueguardWord = "glueguard"

func main() {
	beGlueguard()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	err := run(ctx, os.Args[1:], os.Stdout, os.Stderr)
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, "live:", err)
		os.Exit(1)
	}
}

// beGlueguard is glueguard and does not return, where the command line says so.
func beGlueguard() {
	if len(os.Args) > 1 && os.Args[1] == glueguardWord {
		env := cli.System()
		env.Args = os.Args[2:]
		os.Exit(cli.Main(context.Background(), env))
	}
}

type options struct {
	account, region, endpoint string
	role, kmsKey              string
	database, table, rowKey   string
	s3                        string // s3://bucket/prefix/ for labels
	limit, price              float64
	worst                     time.Duration // of one part
	poll                      time.Duration
}

// usageError is a command line that can't be run.
type usageError struct{ problem string }

func (e *usageError) Error() string { return e.problem + " (-help tells more)" }

func parse(args []string, stderr io.Writer) (options, error) {
	var o options
	flags := flag.NewFlagSet("live", flag.ContinueOnError)
	flags.SetOutput(stderr)
	flags.StringVar(&o.account, "account", "", "`ID` of the account (12 digits) that may be used; must be the caller's")
	flags.Float64Var(&o.limit, "i-accept-cost-up-to", 0, "`USD` that the run may cost at most")
	flags.StringVar(&o.region, "region", "us-east-1", "the one `REGION` to work in")
	flags.StringVar(&o.role, "role", "", "`ARN` of a role that Glue may assume for endpoints and transforms")
	flags.StringVar(&o.kmsKey, "kms-key", "", "`ALIAS` (alias/name) of a KMS key that the role may use; without it, what takes a key is left out")
	flags.StringVar(&o.database, "database", "", "`DATABASE` of a catalog table for ML transforms; without it, they are left out")
	flags.StringVar(&o.table, "table", "", "that `TABLE`")
	flags.StringVar(&o.rowKey, "row-key", "", "its `COLUMN` that tells rows apart")
	flags.StringVar(&o.s3, "s3", "", "`s3://BUCKET/PREFIX/` for labels, which the role may read and write; without it, labels are left out")
	flags.Float64Var(&o.price, "dpu-hour", 0.44, "`USD` that a DPU-hour costs in the region")
	flags.DurationVar(&o.worst, "part-limit", 4*time.Hour, "give a part up after this `TIME`")
	flags.DurationVar(&o.poll, "poll", 15*time.Second, "`TIME` between looks at what AWS is at")
	flags.StringVar(&o.endpoint, "endpoint", "", "`URL` of a simulated AWS to run against")
	if err := flags.Parse(args); err != nil {
		return o, err
	}
	switch {
	case flags.NArg() > 0:
		return o, &usageError{fmt.Sprintf("unexpected argument %q", flags.Arg(0))}
	case len(o.account) != 12:
		return o, &usageError{"name the account that may be used: -account 123456789012"}
	case o.limit <= 0:
		return o, &usageError{"say what it may cost: -i-accept-cost-up-to USD"}
	case o.role == "":
		return o, &usageError{"name a role that Glue may assume: -role ARN"}
	case o.price <= 0 || o.worst <= 0 || o.poll <= 0:
		return o, &usageError{"-dpu-hour, -part-limit and -poll must be above 0"}
	}
	return o, nil
}

// run tells all the stories and always cleans up. Its error says what went wrong, and what is left.
func run(ctx context.Context, args []string, stdout, stderr io.Writer) (err error) {
	o, err := parse(args, stderr)
	if errors.Is(err, flag.ErrHelp) {
		return nil
	}
	if err != nil {
		return err
	}
	l, err := open(ctx, o, stderr)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(l.dir)) }()
	fmt.Fprintf(stderr, "Account %s, region %s. Everything is named and tagged %s. At most %.2f USD.\n", o.account, o.region, l.id, o.limit)
	err = l.tell(ctx)
	left, cleaning := l.cleanUp(ctx)
	err = errors.Join(err, cleaning)
	fmt.Fprintf(stdout, "\nIt cost %.2f USD at most.\n", l.meter.spent)
	if len(left) == 0 && cleaning == nil {
		fmt.Fprintln(stdout, "Nothing is left.")
	}
	for _, one := range left {
		fmt.Fprintln(stdout, "LEFT:", one)
	}
	if len(left) > 0 {
		err = errors.Join(err, fmt.Errorf("%d things are left: delete them by hand", len(left)))
	}
	fmt.Fprintf(stdout, "\nOf %d facts %d held, %d did not, the others were not tried:\n\n", len(facts()), l.count(held), l.count(notHeld))
	return errors.Join(err, l.table(stdout))
}

// story is one part and how it is told.
type story struct {
	part
	tell func(context.Context) error
}

func (l *live) stories() []story {
	return []story{
		{part{"configurations", 0, 0, l.o.worst}, l.configurations},
		{part{"transforms without labels", 0, 0, l.o.worst}, l.bareTransforms},
		{part{"an endpoint's facts", 3, 2, l.o.worst}, l.endpointFacts},
		{part{"replace and back out", 5, 2, l.o.worst}, l.replace},
		{part{"side by side and finalize", 2, 2, l.o.worst}, l.sideBySide},
		{part{"an ML transform with labels", 12, 2, l.o.worst}, l.transform},
	}
}

// tell tells the stories, the cheap ones first. One that fails does not keep the others from being told.
func (l *live) tell(ctx context.Context) error {
	var errs []error
	for _, story := range l.stories() {
		if err := l.meter.begin(story.part); err != nil {
			errs = append(errs, err)
			break
		}
		fmt.Fprintf(l.stderr, "\n== %s (up to %.2f USD)\n", story.name, l.meter.bound(story.part, story.worst))
		began := time.Now()
		err := within(ctx, story.worst, story.tell)
		l.meter.end(story.part, time.Since(began))
		if err != nil {
			fmt.Fprintf(l.stderr, "   %v\n", err)
			errs = append(errs, fmt.Errorf("%s: %w", story.name, err))
		}
		if ctx.Err() != nil {
			break
		}
		// What a story leaves would be billed on.
		if _, err := l.cleanUp(ctx); err != nil {
			errs = append(errs, err)
			break
		}
	}
	return errors.Join(errs...)
}

func within(ctx context.Context, limit time.Duration, do func(context.Context) error) error {
	ctx, stop := context.WithTimeout(ctx, limit)
	defer stop()
	return do(ctx)
}
