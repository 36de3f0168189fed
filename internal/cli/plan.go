package cli

import (
	"errors"
	"fmt"
	"regexp"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/glueguard/glueguard/internal/diag"
	"github.com/glueguard/glueguard/internal/plan"
	"github.com/glueguard/glueguard/internal/policy"
	"github.com/glueguard/glueguard/internal/report"
	"github.com/glueguard/glueguard/internal/resource"
)

type planOptions struct {
	scopeFlags
	mode, kmsKey, createKey, strategy string
	labelsS3, prove                   string
	grantRole, repointJobs            bool
	acceptUnchecked                   []string
	acceptWeaker, acceptIrreversible  bool
	audit, out                        string
	outputs                           []string
	config, state                     string
}

// everything stands for every check in --accept-unchecked.
const everything = "*"

func (o *planOptions) addPlan(flags *pflag.FlagSet) {
	flags.StringVar(&o.mode, "mode", "", "the encryption wanted: `SSE-S3|SSE-KMS` (default: the policy's; NONE only with --resource)")
	flags.StringVar(&o.kmsKey, "kms-key", "", "encrypt with this `KEY`: an id, an ARN, or an alias that is looked up in each location")
	flags.StringVar(&o.createKey, "create-key", "", "make a KMS key of this `ALIAS` where there is none yet")
	flags.Lookup("create-key").NoOptDefVal = policy.DefaultAlias
	flags.StringVar(&o.strategy, "strategy", "", "`replace|side-by-side|retire` (default: the policy's, else replace)")
	flags.StringVar(&o.labelsS3, "labels-s3", "", "export labels of ML transforms to this `s3://BUCKET/PREFIX/`")
	flags.BoolVar(&o.grantRole, "grant-role", false, "make a KMS grant for a resource's role where only that is missing")
	flags.StringVar(&o.prove, "prove", "", "wait until an object written from the twin comes to this `s3://BUCKET/PREFIX/`, and check its encryption")
	flags.BoolVar(&o.repointJobs, "repoint-jobs", false, "rewrite job arguments that name a replaced ML transform")
	addAcceptUnchecked(flags, &o.acceptUnchecked)
	flags.BoolVar(&o.acceptWeaker, "accept-weaker", false, "accept a weaker encryption than there is now")
	flags.BoolVar(&o.acceptIrreversible, "accept-irreversible", false, "accept what may not be possible to take back")
	flags.StringVar(&o.audit, "audit", "", "plan from the stored audit of this `ID` (latest: the newest) instead of auditing now")
	flags.StringVar(&o.out, "out", "", "write the plan to this `FILE` for apply: the same as -o json=FILE")
	addPlanOutputs(flags, &o.outputs)
	addPolicy(flags, &o.config)
	addState(flags, &o.state)
}

func addPlanOutputs(flags *pflag.FlagSet, to *[]string) {
	flags.StringArrayVarP(to, "output", "o", nil,
		"`FORMAT[=FILE]`: "+strings.Join(report.PlanFormatNames(), ", ")+" (repeatable, one without FILE; default: table)")
}

func addAcceptUnchecked(flags *pflag.FlagSet, to *[]string) {
	flags.StringSliceVar(to, "accept-unchecked", nil, "go on although this `CHECK` could not be made (without a value: any but elastic-ip, a known loss; repeatable)")
	flags.Lookup("accept-unchecked").NoOptDefVal = everything
}

func newPlan(env Env) *cobra.Command {
	var o planOptions
	cmd := &cobra.Command{
		Use:   "plan",
		Short: "Propose how to repair what fails; reads only",
		Long: `Audits, and proposes a change for each resource that fails: what becomes of each of its
attributes, in which steps, what that means to the people who use it, and what stands against it.
Nothing at AWS is changed until the plan is applied.

AWS can't encrypt a development endpoint or an ML transform that is there already. So each of
them is replaced: an encrypted twin is made and proven before the original is touched.

The plan is kept in the state, and with --out in a file. Apply carries out that plan and no
other: a resource that has changed since is refused.

EXIT STATUS
  0    the plan was made, whether there is something to do or not
  1    error, or bad usage
  3    the plan was made, but something could not be read, so it may lack something
  130  interrupted`,
		Example: `  glueguard plan --mode SSE-S3
  glueguard plan --mode SSE-KMS --kms-key alias/data --out plan.json
  glueguard plan --mode SSE-KMS --create-key --organization --role GlueRepair
  glueguard plan --resource etl --mode SSE-KMS --kms-key alias/data --strategy side-by-side
  glueguard plan --control glue-ml-transform-encryption-at-rest --kms-key alias/data --labels-s3 s3://labels/glue/
  glueguard plan -o markdown > ticket.md
  glueguard plan show plan.json`,
		Args: cobra.ArbitraryArgs, // so that a wrong command is told of in our words
		RunE: func(cmd *cobra.Command, args []string) error {
			if len(args) > 0 {
				return helpOrUnknown(cmd, args)
			}
			outs, err := o.check(cmd.Flags())
			if err != nil {
				return &diag.UsageError{Command: cmd.CommandPath(), Err: err}
			}
			return runPlan(cmd.Context(), env, o, outs)
		},
	}
	flags := cmd.Flags()
	flags.SortFlags = false
	o.add(flags)
	o.addPlan(flags)
	cmd.AddCommand(newPlanShow(env))
	return cmd
}

// check refuses what can be seen to be wrong without looking at files or asking AWS.
func (o *planOptions) check(flags *pflag.FlagSet) (outputs, error) {
	err := errors.Join(notEmpty(flags), o.scopeFlags.check(), stateIsFile(o.state), o.checkWanted(flags), o.checkPlaces(flags))
	if err != nil {
		return nil, firstOf(err)
	}
	values := o.outputs
	if o.out != "" {
		values = append([]string{"json=" + o.out}, values...)
	} else if flags.Changed("out") {
		return nil, errors.New("--out: the file's name is missing")
	}
	return planOutputs(values)
}

// firstOf is the first of joined errors: a command line is corrected one thing at a time.
func firstOf(err error) error {
	var joined interface{ Unwrap() []error }
	if errors.As(err, &joined) {
		return joined.Unwrap()[0]
	}
	return err
}

func (o *planOptions) checkWanted(flags *pflag.FlagSet) error {
	switch resource.Mode(o.mode) {
	case "", resource.ModeSSES3, resource.ModeSSEKMS:
	case resource.ModeNone:
		if len(o.resources) == 0 {
			return errors.New("--mode NONE takes encryption away: name the resources with --resource")
		}
	default:
		return fmt.Errorf("--mode %q: want SSE-S3 or SSE-KMS (NONE takes encryption away)", o.mode)
	}
	if o.audit != "" && (len(o.accounts)+len(o.regions) > 0 || o.organization) {
		return errors.New("--audit takes the scope of that audit: leave --account, --region and --organization away, or name resources with --resource")
	}
	switch plan.Strategy(o.strategy) {
	case "", plan.Replace, plan.SideBySide, plan.Retire:
	default:
		return fmt.Errorf("--strategy %q: want replace, side-by-side or retire", o.strategy)
	}
	switch {
	case o.kmsKey != "" && o.createKey != "":
		return errors.New("--kms-key and --create-key: name one of them")
	case o.kmsKey == "" && flags.Changed("kms-key"):
		return errors.New("--kms-key: the value is empty")
	case o.createKey != "" && !regexp.MustCompile(`^alias/[A-Za-z0-9/_-]+$`).MatchString(o.createKey):
		return fmt.Errorf("--create-key %q: want an alias, such as alias/glueguard", o.createKey)
	}
	return nil
}

func (o *planOptions) checkPlaces(flags *pflag.FlagSet) error {
	for name, value := range map[string]string{"labels-s3": o.labelsS3, "prove": o.prove} {
		if !flags.Changed(name) {
			continue
		}
		if !regexp.MustCompile(`^s3://[a-z0-9{}][a-z0-9{}.-]+(/[^ ]*)?$`).MatchString(value) {
			return fmt.Errorf("--%s %q: want s3://BUCKET/PREFIX/", name, value)
		}
	}
	return nil
}

// planFormat refuses formats that plans don't have.
func planFormat(name string) error {
	_, err := report.LookupPlan(name)
	return err
}
