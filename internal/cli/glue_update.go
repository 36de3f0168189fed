package cli

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/glueguard/glueguard/internal/awsapi"
	"github.com/glueguard/glueguard/internal/change"
	"github.com/glueguard/glueguard/internal/diag"
	"github.com/glueguard/glueguard/internal/engine"
	"github.com/glueguard/glueguard/internal/plan"
	"github.com/glueguard/glueguard/internal/policy"
	"github.com/glueguard/glueguard/internal/procedure"
	"github.com/glueguard/glueguard/internal/propose"
	"github.com/glueguard/glueguard/internal/repair"
	"github.com/glueguard/glueguard/internal/resource"
	"github.com/glueguard/glueguard/internal/store"
)

// updateFlags are those of an update: what plan and apply need to be told beside the wanted mode.
type updateFlags struct {
	glueFlags
	consent
	config, createKey, labelsS3                            string
	grantRole, repointJobs, unencrypted, acceptIrrevocable bool
	acceptUnchecked                                        []string
}

func (f *updateFlags) addUpdate(flags *pflag.FlagSet) {
	f.consent.add(flags)
	flags.BoolVar(&f.unencrypted, "allow-unencrypted", false, "take an encryption away that Glueguard has not made")
	flags.StringVar(&f.createKey, "create-key", "", "make a KMS key of this `ALIAS` where there is none yet")
	flags.Lookup("create-key").NoOptDefVal = policy.DefaultAlias
	flags.BoolVar(&f.grantRole, "grant-role", false, "make a KMS grant for the resource's role where only that is missing")
	addAcceptUnchecked(flags, &f.acceptUnchecked)
	flags.BoolVar(&f.acceptIrrevocable, "accept-irreversible", false, "accept what may not be possible to take back")
	addPolicy(flags, &f.config)
	f.glueFlags.add(flags)
}

const updateSays = `

AWS can't do this to a resource that is there already. So it is replaced by one that is as wanted:
the plan is shown, and carried out once you agree (or with --yes); what was made is read again, and
the new state is printed. {"…": "NONE"} takes Glueguard's own changes back, the newest first, until
the resource is unencrypted again; an encryption that Glueguard has not made is taken away only
with --allow-unencrypted. KmsKeyId is an id, an ARN or an alias. The plan, the questions and the
progress go to stderr.`

func newUpdateEndpoint(env Env) *cobra.Command {
	var f updateFlags
	var name, wanted string
	cmd := &cobra.Command{
		Use:   "update-dev-endpoint",
		Short: "Give a development endpoint another S3 encryption",
		Long:  `Gives a development endpoint the S3 encryption SSE-KMS or SSE-S3, or takes it away (NONE).` + updateSays + glueExits,
		Example: `  glueguard glue update-dev-endpoint --endpoint-name etl --security-configuration '{"S3EncryptionMode": "SSE-KMS", "KmsKeyId": "alias/data"}'
  glueguard glue update-dev-endpoint --endpoint-name etl --security-configuration '{"S3EncryptionMode": "NONE"}' --yes`,
		RunE: func(cmd *cobra.Command, args []string) error {
			needs := []string{"endpoint-name", "security-configuration"}
			return runUpdate(cmd, env, f, "UpdateDevEndpoint", args, needs, &wanted, func(ctx context.Context, u *update) error {
				u.show = func(ctx context.Context) (procedure.Document, procedure.Encryption, error) {
					return u.endpoint(ctx, name)
				}
				u.arn = u.at.ARN("glue", "devEndpoint/"+name).String()
				u.why = "AWS can't change the security configuration of a development endpoint: it is replaced, under its own name"
				return u.run(ctx)
			})
		},
	}
	cmd.Flags().StringVar(&name, "endpoint-name", "", "`NAME` of the endpoint")
	cmd.Flags().StringVar(&wanted, "security-configuration", "", "`JSON`: S3EncryptionMode, and KmsKeyId with SSE-KMS")
	f.addUpdate(cmd.Flags())
	return cmd
}

func newUpdateTransform(env Env) *cobra.Command {
	var f updateFlags
	var id, wanted string
	cmd := &cobra.Command{
		Use:   "update-ml-transform",
		Short: "Give an ML transform another encryption at rest",
		Long: `Gives an ML transform the encryption at rest SSE-KMS or SSE-S3, or takes it away (None). A
transform's labels are carried over by --labels-s3, by repair.labels_s3 in glueguard.yaml, or beside the
file that they were imported from last.
The transform gets a new id; get-ml-transform answers under the old one too.` + updateSays + glueExits,
		Example: `  glueguard glue update-ml-transform --transform-id tfm-0123 --transform-input '{"EncryptionMode": "SSE-S3"}' --labels-s3 s3://labels/glue/
  glueguard glue update-ml-transform --transform-id tfm-0123 --transform-input '{"EncryptionMode": "None"}' --yes`,
		RunE: func(cmd *cobra.Command, args []string) error {
			needs := []string{"transform-id", "transform-input"}
			return runUpdate(cmd, env, f, "UpdateMLTransform", args, needs, &wanted, func(ctx context.Context, u *update) error {
				now, _, err := u.successor(ctx, id)
				if err != nil {
					return err
				}
				u.show = func(ctx context.Context) (procedure.Document, procedure.Encryption, error) {
					return u.transform(ctx, id)
				}
				u.arn = u.transformARN(now)
				u.why = "AWS can't change the encryption of an ML transform: it is replaced by one of the same name, with a new id"
				return u.run(ctx)
			})
		},
	}
	cmd.Flags().StringVar(&id, "transform-id", "", "`ID` of the transform")
	cmd.Flags().StringVar(&wanted, "transform-input", "", "`JSON`: EncryptionMode, and KmsKeyId with SSE-KMS")
	cmd.Flags().StringVar(&f.labelsS3, "labels-s3", "", "export labels to this `s3://BUCKET/PREFIX/`")
	cmd.Flags().BoolVar(&f.repointJobs, "repoint-jobs", false, "rewrite job arguments that name the transform")
	f.addUpdate(cmd.Flags())
	return cmd
}

// update is one update at work.
type update struct {
	*glueRun
	f       updateFlags
	command string
	wanted  procedure.Request
	arn     string // of the resource as it is now
	why     string // AWS needs a replacement
	show    func(context.Context) (procedure.Document, procedure.Encryption, error)
	repairs *repairs
}

func runUpdate(
	cmd *cobra.Command, env Env, f updateFlags, operation string, args, needs []string, wanted *string, work func(context.Context, *update) error,
) error {
	return runGlue(cmd, env, f.glueFlags, operation, args, needs, func(ctx context.Context, g *glueRun) error {
		asked, err := procedure.ParseRequest(*wanted)
		if err == nil && f.labelsS3 != "" {
			err = (&planOptions{labelsS3: f.labelsS3}).checkPlaces(cmd.Flags())
		}
		if err != nil {
			return &diag.UsageError{Command: cmd.CommandPath(), Err: fmt.Errorf("Error parsing parameter '--%s': %w", needs[1], err)}
		}
		g.quiet = true // until there is a new state to print
		return work(ctx, &update{glueRun: g, f: f, command: cmd.CommandPath(), wanted: asked})
	})
}

// run does what the request asks for, and prints the new state.
func (u *update) run(ctx context.Context) (err error) {
	_, before, err := u.show(ctx)
	if err != nil {
		return err
	}
	if u.wanted.Mode == resource.ModeNone && before.Mode == resource.ModeNone {
		fmt.Fprintln(u.env.Stderr, "glueguard: it is not encrypted, so there is nothing to take away")
		return u.settle(ctx)
	}
	if err := u.f.begin(u.command, tableFormat); err != nil {
		return err
	}
	if err := u.open(ctx); err != nil {
		return err
	}
	defer func() { err = errors.Join(err, u.repairs.Close()) }()
	if u.wanted.Mode == resource.ModeNone {
		err = u.takeAway(ctx)
	} else {
		err = u.replace(ctx)
	}
	if err != nil {
		return err
	}
	return u.settle(ctx)
}

// open makes ready to carry out changes with the session of this command. What apply and backout print for people goes
// to stderr, since the new state goes to stdout.
func (u *update) open(ctx context.Context) error {
	env := u.env
	env.Stdout, env.StdoutTerminal = env.Stderr, env.StderrTerminal
	r, err := env.openState(ctx, changeFlags{consent: u.f.consent, output: tableFormat, config: u.f.config, state: u.f.state, profile: u.f.profile})
	if err != nil {
		return err
	}
	r.use(func(ctx context.Context, a plan.Access) (repair.Session, error) {
		session, err := awsapi.Open(ctx, awsapi.Options{Profile: u.f.profile, Role: a.Role, Region: u.f.region, EndpointURL: u.f.endpointURL})
		if err != nil {
			return repair.Session{}, err
		}
		over := repair.Over(session)
		actor := over.Close
		over.Close = func() {
			actor()
			session.Close()
		}
		return over, nil
	})
	u.repairs = r
	return nil
}

// replace plans the wanted mode for the resource, and applies the plan.
func (u *update) replace(ctx context.Context) error {
	r := u.repairs
	stop := u.env.working("looking at the resource and all around it")
	p, err := propose.Run(ctx, propose.Options{
		Inspector: u.inspector, Store: r.store, Policy: r.policy, Resources: []string{u.arn},
		Wanted: plan.Wanted{
			Mode: u.wanted.Mode, LabelsS3: u.f.labelsS3, RepointJobs: u.f.repointJobs,
			AcceptWeaker: true, AcceptIrreversible: u.f.acceptIrrevocable, // the mode was asked for by its name
		},
		KeyRef: u.wanted.Key, CreateKey: u.f.createKey, GrantRole: u.f.grantRole, AcceptUnchecked: u.f.acceptUnchecked, Now: u.env.Now,
		Keep: u.env.keeps(r.store, func(ctx context.Context) string { return roleOf(ctx, u.session) }),
	})
	stop()
	if err != nil {
		return err
	}
	if len(p.Changes) == 1 {
		switch b := p.Changes[0].Blocked; {
		case b != nil && b.Code == plan.BlockedAlready:
			_, err := fmt.Fprintf(u.env.Stderr, "glueguard: %s\n", b.Message)
			return err
		case b != nil:
			fmt.Fprintf(u.env.Stderr, "glueguard: nothing was done: %s\n  hint: %s\n", b.Message, insteadHere(b))
			return diag.Status(diag.AWSGeneral)
		}
	}
	fmt.Fprintf(u.env.Stderr, "%s.\n%s\n", u.why, labelsGo(p))
	o := applyOptions{
		changeFlags: r.flags, acceptUnchecked: u.f.acceptUnchecked, acceptWeaker: true, acceptIrreversible: u.f.acceptIrrevocable,
	}
	if err := r.apply(ctx, o, p); err != nil {
		return err
	}
	return u.verify(ctx)
}

// labelsGo says where a plan's labels go: the procedure does not speak of them, and they are somebody's data.
func labelsGo(p plan.Plan) string {
	var b strings.Builder
	for _, i := range p.Changes {
		for _, c := range i.Consequences {
			if c.Code == plan.LabelsExported {
				b.WriteString(c.Text + "\n")
			}
		}
	}
	return b.String()
}

// insteadHere is what to do about what blocks an update, in the words of its own command line.
func insteadHere(b *plan.Blocked) string {
	if b.Code == plan.BlockedNoKey {
		return `Name the key beside the mode, as "KmsKeyId" (an alias, an id or an ARN of this region), or have one made with --create-key.`
	}
	return b.Instead
}

// verify reads what the newest change has made once more.
func (u *update) verify(ctx context.Context) error {
	all, err := changesOf(ctx, u.repairs.store, u.at)
	if err != nil {
		return err
	}
	for _, c := range all {
		if c.Head.Item.Identity.ARN != u.arn {
			continue
		}
		_, differences, err := u.repairs.verifyOne(ctx, c)
		if err != nil {
			return err
		}
		for _, d := range differences {
			fmt.Fprintf(u.env.Stderr, "glueguard: %s is %q, and %q was promised\n", d.Attribute, d.Got, d.Want)
		}
		if len(differences) > 0 {
			return diag.Status(diag.AWSGeneral)
		}
		return nil
	}
	return fmt.Errorf("the change of %s is not in the state", u.arn)
}

// takeAway makes the resource unencrypted: by taking back what was done to it, or, where that is allowed, by a plan.
func (u *update) takeAway(ctx context.Context) error {
	history, err := changesOf(ctx, u.repairs.store, u.at)
	if err != nil {
		return err
	}
	list, ok := procedure.Undo(u.arn, history)
	switch {
	case !ok && u.f.unencrypted:
		return u.replace(ctx)
	case !ok:
		fmt.Fprintln(u.env.Stderr, "glueguard: nothing was done: Glueguard has not made this encryption, so there is nothing of its own to take back")
		fmt.Fprintln(u.env.Stderr, "  hint: --allow-unencrypted makes an unencrypted replacement all the same")
		return diag.Status(diag.AWSGeneral)
	}
	if err := u.f.askable(u.env); err != nil {
		return err
	}
	fmt.Fprintf(u.env.Stderr, "%s.\n%s\n", u.why, backoutLines(list))
	w := changesWork(store.RequestBackout, list)
	w.AcceptUnchecked, w.AcceptWarnings = u.f.acceptUnchecked, acceptedWarnings(false, u.f.acceptIrrevocable)
	if err := u.repairs.permitted(ctx, w); err != nil {
		return err
	}
	if err := u.f.get(ctx, u.env, "Take "+theseChanges(len(list))+" back?"); err != nil {
		return err
	}
	job := engine.Job{
		Verb: engine.Backout, AcceptUnchecked: u.f.acceptUnchecked, AcceptWarnings: acceptedWarnings(true, u.f.acceptIrrevocable),
	}
	for _, c := range list { // one after another: only the newest can be taken back
		if err := u.repairs.takeBack(ctx, job, c); err != nil {
			return err
		}
	}
	return nil
}

// takeBack takes one change back by this command's own sessions.
func (r *repairs) takeBack(ctx context.Context, job engine.Job, c *change.Change) error {
	r.call(c.Head.Item)
	job.Change, job.Resource = c.Head.ID, c.Head.Item.Resource.ARN
	var restored []plan.Item
	if c.Touched() {
		job.Twin, restored = repair.TwinIn(c.Head.Item), []plan.Item{c.Head.Item}
	}
	limits, err := r.limits(ctx, 0, c.Head.Access, restored)
	if err != nil {
		return err
	}
	return r.run(ctx, []engine.Job{job}, limits, tableFormat)
}

// settle reads the resource anew, holds it to what was asked for, and prints it.
func (u *update) settle(ctx context.Context) error {
	u.quiet, u.unread = false, nil
	document, e, err := u.show(ctx)
	if err != nil {
		return err
	}
	if err := u.print(document); err != nil {
		return err
	}
	if e.Mode != u.wanted.Mode {
		return fmt.Errorf("%s has encryption %s, and %s was asked for", u.arn, e.Mode, u.wanted.Mode)
	}
	return nil
}
