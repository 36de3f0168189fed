package cli

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/glueguard/glueguard/internal/audit"
	"github.com/glueguard/glueguard/internal/awsapi"
	"github.com/glueguard/glueguard/internal/change"
	"github.com/glueguard/glueguard/internal/control"
	"github.com/glueguard/glueguard/internal/diag"
	"github.com/glueguard/glueguard/internal/engine"
	"github.com/glueguard/glueguard/internal/plan"
	"github.com/glueguard/glueguard/internal/policy"
	"github.com/glueguard/glueguard/internal/repair"
	"github.com/glueguard/glueguard/internal/report"
	"github.com/glueguard/glueguard/internal/resource"
	"github.com/glueguard/glueguard/internal/sandbox"
	"github.com/glueguard/glueguard/internal/sandbox/scenario"
	"github.com/glueguard/glueguard/internal/store"
	"github.com/glueguard/glueguard/internal/store/sqlite"
)

// The demonstration's estate: small enough to be read at a glance, and with an AWS that makes an endpoint in a second.
const (
	demoAccounts     = 4
	demoResources    = 24
	demoProvisioning = time.Second
	demoParallel     = 16
)

func newDemo(env Env) *cobra.Command {
	var o demoOptions
	cmd := &cobra.Command{
		Use:   "demo",
		Short: "See it work on a simulated AWS: no account needed",
		Long: `Starts an AWS in memory with a small organization, and tells the whole story on it, over HTTP as
on the real one: audit, plan, apply, audit, backout of one change, finalize of the rest, audit.
It takes about ten seconds. Nothing is kept. With --serve the console is open on it afterwards, in a
browser, until Ctrl-C.

EXIT STATUS
  0    the demonstration worked, whatever the audits found
  1    error
  130  interrupted`,
		Example: "  glueguard demo\n  glueguard demo --serve",
		Args:    noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if o.listen != "" && !o.serve {
				return diag.Usagef(cmd.CommandPath(), "--listen goes with --serve")
			}
			return runDemo(cmd.Context(), env, o)
		},
	}
	flags := cmd.Flags()
	flags.SortFlags = false
	flags.BoolVar(&o.serve, "serve", false, "leave the console open afterwards, with all of the story in it")
	flags.StringVar(&o.listen, "listen", "", "with --serve: `ADDRESS` to listen at (default: 127.0.0.1, at a free port)")
	return cmd
}

type demoOptions struct {
	serve  bool
	listen string
}

func runDemo(ctx context.Context, env Env, o demoOptions) (err error) {
	ctx, stop := env.Interruptible(ctx)
	defer stop()
	server, err := sandbox.Start("127.0.0.1:0", sandbox.Options{
		Scenario: scenario.Org, Accounts: demoAccounts, Regions: scenario.DefaultRegions(scenario.Org), Resources: demoResources, Seed: 1,
		Provisioning: demoProvisioning,
	})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, server.Close()) }()
	dir, err := os.MkdirTemp("", "glueguard-demo-")
	if err != nil {
		return fmt.Errorf("make a temporary state: %w", err)
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	state := filepath.Join(dir, "state.db")
	s, err := sqlite.Open(ctx, state)
	if err != nil {
		return err
	}
	session, err := demoSession(ctx, server.URL)
	if err != nil {
		return err
	}
	defer session.Close()
	r := &repairs{env: env, policy: policy.Default(policy.SOP), store: s, flags: changeFlags{output: tableFormat}}
	defer func() { err = errors.Join(err, r.Close()) }()
	r.use(repair.Using(session))
	fmt.Fprintf(env.Stdout, demoIntroduction, demoAccounts)
	if err := (&demo{repairs: r, session: session, url: server.URL}).tell(ctx); err != nil || !o.serve {
		return err
	}
	fmt.Fprint(env.Stdout, demoServe)
	serving := sandboxDaemon(server.URL)
	serving.Policy = func() (policy.Policy, error) { return r.policy, nil }
	return env.serve(ctx, serveOptions{
		listen: cmp.Or(o.listen, "127.0.0.1:0"), sandbox: true, state: state, logFormat: "text",
	}, s, serving)
}

// demo is the story: each chapter does what the command does that it shows.
type demo struct {
	*repairs
	session *awsapi.Session
	url     string
}

// demoSession opens the simulated AWS.
func demoSession(ctx context.Context, url string) (*awsapi.Session, error) {
	return awsapi.Open(ctx, awsapi.Options{
		Role: scenario.RepairRole, Region: "us-east-1", EndpointURL: url,
		Keys: &awsapi.Keys{AccessKeyID: "demo", SecretAccessKey: "demo"},
	})
}

func (d *demo) tell(ctx context.Context) error {
	if err := d.audit(ctx, demoAudit); err != nil {
		return err
	}
	p, err := d.plan(ctx)
	if err != nil {
		return err
	}
	d.say(demoApply, report.ShortDigest(p.Digest))
	jobs := d.applyJobs(applyOptions{}, p)
	if err := d.do(ctx, jobs); err != nil {
		return err
	}
	if err := d.audit(ctx, demoAuditAgain); err != nil {
		return err
	}
	if err := d.afterwards(ctx); err != nil {
		return err
	}
	if err := d.audit(ctx, demoAuditLast); err != nil {
		return err
	}
	_, err = fmt.Fprint(d.env.Stdout, demoNext)
	return err
}

// say writes a chapter's heading, with what one would type for it.
func (d *demo) say(text string, args ...any) { fmt.Fprintf(d.env.Stdout, text, args...) }

// demoControls are those that a repair settles. What is wrong with keys is put right at the keys.
func demoControls() []control.ID {
	return []control.ID{control.DevEndpointS3, control.DevEndpointLogs, control.MLTransform}
}

func (d *demo) audit(ctx context.Context, heading string) error {
	d.say("%s", heading)
	outs, err := parseOutputs(nil, auditFormat)
	if err != nil {
		return err
	}
	session, err := demoSession(ctx, d.url) // one of its own, so that it counts its own calls
	if err != nil {
		return err
	}
	defer session.Close()
	err = d.env.audit(ctx, audit.Options{
		Scanner: audit.NewScanner(session), Store: d.store, Policy: d.policy, Organization: true, Controls: demoControls(),
		Now: d.env.Now, NewID: d.env.NewID,
	}, session, d.store, outs, then{})
	var verdict diag.Status
	if errors.As(err, &verdict) && verdict != diag.Interrupted {
		return nil // that something fails is what is to be seen
	}
	return err
}

func (d *demo) plan(ctx context.Context) (plan.Plan, error) {
	d.say(demoPlan)
	o := planOptions{
		mode: string(resource.ModeSSEKMS), createKey: policy.DefaultAlias, labelsS3: "s3://glue-labels-{account}-{region}/demo/",
		audit: "latest",
	}
	o.role = scenario.RepairRole
	for _, c := range demoControls() {
		o.controls = append(o.controls, string(c))
	}
	p, err := d.env.propose(ctx, o, d.policy, d.session, d.store)
	if err != nil {
		return p, err
	}
	look := d.env.look()
	look.Brief = true
	return p, planRenderer(p)(tableFormat, d.env.Stdout, look)
}

// do runs jobs; in a demonstration they must end as they were asked to.
func (d *demo) do(ctx context.Context, jobs []engine.Job) error {
	err := d.run(ctx, jobs, engine.Limits{Parallel: demoParallel}, tableFormat)
	var status diag.Status
	if errors.As(err, &status) && status != diag.Interrupted {
		return errors.New("the demonstration did not work: not every change ended as it was asked to")
	}
	return err
}

// afterwards takes one change back, and finalizes those that have kept an original.
func (d *demo) afterwards(ctx context.Context) error {
	var back, keep []*change.Change
	err := d.store.EachChange(ctx, store.ChangeFilter{States: []change.State{change.Done}}, func(c *change.Change) error {
		switch {
		case c.KeepsOriginal():
			keep = append(keep, c)
		case len(back) == 0:
			back = append(back, c)
		}
		return nil
	})
	if err != nil {
		return err
	}
	for _, part := range []struct {
		verb    engine.Verb
		heading string
		list    []*change.Change
	}{{engine.Backout, demoBackout, back}, {engine.Finalize, demoFinalize, keep}} {
		if len(part.list) == 0 {
			continue
		}
		var ids []string
		for _, c := range part.list {
			ids = append(ids, c.Head.ID)
		}
		d.say(part.heading, strings.Join(ids, " "))
		if part.verb == engine.Backout {
			d.say("%s\n", backoutLines(part.list))
		} else {
			d.say("%s\n", finalizeLines(part.list, nil, finalizeOptions{}))
		}
		var jobs []engine.Job
		for _, c := range part.list {
			d.call(c.Head.Item)
			jobs = append(jobs, engine.Job{
				Verb: part.verb, Change: c.Head.ID, Resource: c.Head.Item.Resource.ARN, AcceptWarnings: acceptedWarnings(true, true),
			})
		}
		if err := d.do(ctx, jobs); err != nil {
			return err
		}
	}
	return nil
}

// The texts of the story keep within the narrowest usual terminal, 80 columns.

const demoIntroduction = `AWS Glue development endpoints (Spark clusters to develop on) and ML transforms
(models that match records) write your data to S3 and to logs. Whether it is
encrypted there is settled when they are made, and AWS can't change it later.
Glueguard finds those that do not encrypt, replaces them without ever losing one
that works, proves it, and can take it back.

A simulated organization of %d accounts, treated as the real one would be. (AWS
takes 10 to 15 minutes to make an endpoint; here it takes a second.)
`

// demoAuditCommand is what each of the audits would be typed as: without the KMS keys, which are put right elsewhere.
const demoAuditCommand = `   glueguard audit --organization --role ` + scenario.RepairRole + ` \
     --control glue-dev-endpoint-s3-encryption \
     --control glue-dev-endpoint-log-encryption \
     --control glue-ml-transform-encryption-at-rest

`

const demoAudit = `
1. Audit: what is not encrypted? (Keys, judged by themselves, are left out.)
` + demoAuditCommand

const demoPlan = `
2. Plan: what would have to be done, and what does it mean? It changes nothing.
   glueguard plan --audit latest --role ` + scenario.RepairRole + ` \
     --mode SSE-KMS --create-key \
     --labels-s3 s3://glue-labels-{account}-{region}/demo/

`

const demoApply = `
3. Apply: an encrypted twin is made and proven before an original is touched.
   glueguard apply %s --auto-approve

`

const demoAuditAgain = `
4. Audit again: only the originals still fail that are kept until finalize.
` + demoAuditCommand

const demoBackout = `
5. Backout: one change is taken back. Its original is gone: it is made again.
   glueguard backout %s

`

const demoFinalize = `
6. Finalize: the originals that were kept as the way back go.
   glueguard finalize %s --accept-irreversible

`

const demoAuditLast = `
7. Audit: what was taken back fails again; the rest complies.
` + demoAuditCommand

const demoServe = `
8. All of this in the console, until Ctrl-C. Its AWS is the simulated one still.

`

const demoNext = `
What to try next
  glueguard audit                     your own account, as the AWS CLI finds it;
                                      it only reads
  glueguard plan --mode SSE-S3        what would have to be done there; it only
                                      reads, too
  glueguard serve --sandbox           the console, on a simulated AWS
  glueguard sandbox --scenario small  a simulated AWS, to try glueguard and the
                                      aws command on
`
