package cli

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/glueguard/glueguard/internal/auth"
	"github.com/glueguard/glueguard/internal/awsapi"
	"github.com/glueguard/glueguard/internal/config"
	"github.com/glueguard/glueguard/internal/daemon"
	"github.com/glueguard/glueguard/internal/policy"
	"github.com/glueguard/glueguard/internal/sandbox"
	"github.com/glueguard/glueguard/internal/sandbox/scenario"
	"github.com/glueguard/glueguard/internal/store"
	"github.com/glueguard/glueguard/internal/store/sqlite"
	"github.com/glueguard/glueguard/internal/telemetry"
)

type serveOptions struct {
	listen, tlsCert, tlsKey   string
	behindProxy               bool
	externalURL               string
	sandbox                   bool
	role, externalID, profile string
	key                       string
	config, state             string
	logFormat, addrFile       string
	oidc                      oidcFlags
}

// oidcFlags name the organisation's identity provider.
type oidcFlags struct {
	issuer, client, secretFile, groups string
	scopes, roles                      []string
}

func (f *oidcFlags) add(flags *pflag.FlagSet) {
	flags.StringVar(&f.issuer, "oidc-issuer", "", "`URL` of an OpenID Connect issuer to sign in with")
	flags.StringVar(&f.client, "oidc-client-id", "", "`ID` that the issuer knows this console by")
	flags.StringVar(&f.secretFile, "oidc-client-secret-file", "", "`FILE` that holds the secret that goes with it (public clients have none)")
	flags.StringVar(&f.groups, "oidc-groups-claim", "", "`CLAIM` that names a user's groups (default: groups)")
	flags.StringSliceVar(&f.scopes, "oidc-scope", nil, "`SCOPE` to ask for beside openid, profile and email (repeatable)")
	flags.StringArrayVar(&f.roles, "oidc-role", nil, "`GROUP=ROLE`: what members of a group may do (repeatable)")
}

// provider is what the flags name; nil: none.
func (f *oidcFlags) provider() (*auth.OIDCConfig, error) {
	if f.issuer == "" {
		if f.client != "" || f.secretFile != "" || f.groups != "" || len(f.scopes)+len(f.roles) > 0 {
			return nil, errors.New("the other --oidc flags go with --oidc-issuer")
		}
		return nil, nil
	}
	if f.client == "" || len(f.roles) == 0 {
		return nil, errors.New("--oidc-issuer goes with --oidc-client-id and at least one --oidc-role")
	}
	c := &auth.OIDCConfig{Issuer: f.issuer, ClientID: f.client, GroupsClaim: f.groups, Scopes: f.scopes}
	for _, text := range f.roles {
		role, err := auth.ParseGroupRole(text)
		if err != nil {
			return nil, err
		}
		c.Roles = append(c.Roles, role)
	}
	if f.secretFile != "" {
		secret, err := os.ReadFile(f.secretFile)
		if err != nil {
			return nil, fmt.Errorf("--oidc-client-secret-file %s: %w", f.secretFile, bare(err))
		}
		c.ClientSecret = strings.TrimSpace(string(secret))
	}
	return c, nil
}

func newServe(env Env) *cobra.Command {
	var o serveOptions
	cmd := &cobra.Command{
		Use:   "serve",
		Short: "Run the console and its API in a browser's reach",
		Long: `Serves the console, and the API that it is made of, over the same state as the command line. It
carries out what is asked for there and what commands leave to it with --detach, and runs scheduled
audits. The first start prints a link, good for once, to set the administrator's password.

It listens at this machine only, unless it has a TLS certificate, which is read again when its files
change, or is told that a proxy on this host does TLS. Ctrl-C lets each change finish its current
call and ends; what was not over goes on at the next start. A second Ctrl-C ends at once.

Paths beside the pages: /api/v1 (see /api/v1/openapi.yaml), /healthz, /readyz, and /metrics, which
other machines read with the API token of a viewer.

EXIT STATUS
  0  it was stopped (Ctrl-C, SIGTERM)
  1  error, or bad usage; another daemon runs on this state`,
		Example: `  glueguard serve --sandbox
  glueguard serve --config glueguard.yaml --role GlueRepair
  glueguard serve --listen :8443 --tls-cert cert.pem --tls-key key.pem --external-url https://glueguard.example.org`,
		Args: noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := o.check(); err != nil {
				return usage(cmd, err)
			}
			return runServe(cmd.Context(), env, o)
		},
	}
	flags := cmd.Flags()
	flags.SortFlags = false
	flags.StringVar(&o.listen, "listen", "127.0.0.1:8080", "`ADDRESS` to listen at; port 0 takes a free one")
	flags.BoolVar(&o.sandbox, "sandbox", false, "try it: on a simulated AWS, with a state that is gone when it ends")
	flags.StringVar(&o.tlsCert, "tls-cert", "", "`FILE` of the TLS certificate, PEM")
	flags.StringVar(&o.tlsKey, "tls-key", "", "`FILE` of its key, PEM")
	flags.BoolVar(&o.behindProxy, "insecure-behind-proxy", false, "listen anywhere without TLS, since a proxy before it does TLS and sets X-Forwarded-For")
	flags.StringVar(&o.externalURL, "external-url", "", "`URL` that browsers reach it at (default: where it listens)")
	flags.StringVar(&o.role, "role", "", "`NAME` of the role to assume in other accounts (default: the plan's)")
	flags.StringVar(&o.externalID, "external-id", "", "external `ID` that the role's trust policy asks for")
	flags.StringVar(&o.profile, "profile", "", "AWS `PROFILE` (default: AWS_PROFILE)")
	flags.StringVar(&o.key, "evidence-key", "", "sign evidence with this `KEY`: a PEM file, or a KMS key's ARN or alias (default: one beside the state)")
	o.oidc.add(flags)
	flags.StringVar(&o.logFormat, "log-format", "text", "`FORMAT` of the log on standard error: "+strings.Join(telemetry.LogFormats(), ", "))
	flags.StringVar(&o.addrFile, "addr-file", "", "write the address listened at to `FILE`")
	addPolicy(flags, &o.config)
	addState(flags, &o.state)
	return cmd
}

func (o *serveOptions) check() error {
	if o.sandbox && (o.state != "" || o.role != "" || o.externalID != "" || o.profile != "") {
		return errors.New("--sandbox has a state and an AWS of its own: leave --state, --role, --external-id and --profile away")
	}
	if !slices.Contains(telemetry.LogFormats(), o.logFormat) {
		return fmt.Errorf("--log-format %q: want %s", o.logFormat, strings.Join(telemetry.LogFormats(), " or "))
	}
	if _, err := o.oidc.provider(); err != nil {
		return err
	}
	listen := o.on(daemon.Options{})
	return firstOf(errors.Join(listen.Check(), stateIsFile(o.state)))
}

// on is where a daemon is to listen.
func (o *serveOptions) on(d daemon.Options) daemon.Options {
	d.Listen, d.TLSCert, d.TLSKey, d.BehindProxy, d.ExternalURL = o.listen, o.tlsCert, o.tlsKey, o.behindProxy, o.externalURL
	return d
}

func runServe(ctx context.Context, env Env, o serveOptions) error {
	if o.sandbox {
		return serveSandbox(ctx, env, o)
	}
	if _, err := config.Policy(o.config, ""); err != nil { // what is wrong with it is said now, and not by the first page
		return err
	}
	s, err := env.openStore(ctx, o.state)
	if err != nil {
		return err
	}
	ctx, stop := env.Interruptible(ctx)
	defer stop()
	err = env.serve(ctx, o, s, daemon.Options{
		Role: o.role,
		Open: func(ctx context.Context, role string, observe func(operation, outcome string)) (*awsapi.Session, error) {
			return awsapi.Open(ctx, awsapi.Options{Profile: o.profile, Role: role, ExternalID: o.externalID, Observe: observe})
		},
	})
	return errors.Join(err, s.Close())
}

// sandboxProvisioning is how long the simulated AWS takes to make an endpoint: long enough to be watched.
const sandboxProvisioning = 3 * time.Second

// serveSandbox serves a simulated AWS with a fresh state, after a first audit.
func serveSandbox(ctx context.Context, env Env, o serveOptions) (err error) {
	ctx, stop := env.Interruptible(ctx)
	defer stop()
	server, err := sandbox.Start("127.0.0.1:0", sandbox.Options{
		Scenario: scenario.Org, Accounts: demoAccounts, Regions: scenario.DefaultRegions(scenario.Org), Resources: demoResources, Seed: 1,
		Provisioning: sandboxProvisioning,
	})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, server.Close()) }()
	dir, err := os.MkdirTemp("", "glueguard-serve-")
	if err != nil {
		return fmt.Errorf("make a temporary state: %w", err)
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	o.state = filepath.Join(dir, "state.db")
	s, err := sqlite.Open(ctx, o.state)
	if err != nil {
		return err
	}
	fmt.Fprintf(env.Stdout, sandboxIntroduction, demoAccounts, server.URL, o.state)
	err = env.serve(ctx, o, s, sandboxDaemon(server.URL))
	return errors.Join(err, s.Close())
}

// sandboxDaemon is how a daemon works with a simulated AWS.
func sandboxDaemon(url string) daemon.Options {
	return daemon.Options{
		Sandbox: true, Role: scenario.RepairRole, FirstAudit: &store.AuditScope{Organization: true, Role: scenario.RepairRole},
		Open: func(ctx context.Context, role string, observe func(operation, outcome string)) (*awsapi.Session, error) {
			return awsapi.Open(ctx, awsapi.Options{
				Role: role, Region: "us-east-1", EndpointURL: url, Observe: observe,
				Keys: &awsapi.Keys{AccessKeyID: "demo", SecretAccessKey: "demo"},
			})
		},
	}
}

const sandboxIntroduction = `A simulated organization of %d accounts at %s, with a state of its own in
%s. All of it is gone at the end. Commands of another shell share it with
  export AWS_ENDPOINT_URL=%[2]s AWS_REGION=us-east-1 AWS_ACCESS_KEY_ID=demo AWS_SECRET_ACCESS_KEY=demo
  glueguard changes --state %[3]s

`

// serve runs a daemon over a state until ctx ends. given holds what depends on which AWS it is.
func (e Env) serve(ctx context.Context, o serveOptions, s *sqlite.Store, given daemon.Options) (err error) {
	log, err := telemetry.NewLogger(e.Stderr, o.logFormat)
	if err != nil {
		return err
	}
	provider, err := o.oidc.provider()
	if err != nil {
		return err
	}
	key, err := e.signingKey(ctx, evidenceOptions{key: o.key, state: o.state, role: o.role, externalID: o.externalID, profile: o.profile})
	if err != nil {
		return err
	}
	defer key.close()
	if given.Store = s; given.Policy == nil {
		given.Policy = func() (policy.Policy, error) { return config.Policy(o.config, "") }
	}
	given = o.on(given)
	given.OIDC, given.Signer, given.Version, given.Log = provider, key, buildVersion(), log
	given.Clock, given.NewID = daemon.Clock{Time: e.Now}, e.NewID
	d, err := daemon.Open(ctx, given)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, d.Close()) }()
	if err := e.welcome(ctx, d); err != nil {
		return err
	}
	if o.addrFile != "" {
		if err := writeAddress(o.addrFile, d.Address()); err != nil {
			return err
		}
		defer func() { err = errors.Join(err, os.Remove(o.addrFile)) }()
	}
	return d.Run(ctx)
}

// welcome says where the console is, and how the first administrator gets in.
func (e Env) welcome(ctx context.Context, d *daemon.Daemon) error {
	link, err := d.SetupLink(ctx)
	if err != nil {
		return err
	}
	text := "Glueguard listens at " + d.URL() + "\n"
	if link != "" {
		text += "\nNobody can sign in yet. Whoever opens this link first, within a day, sets the administrator's\npassword (the name is admin):\n  " + link + "\n"
	}
	_, err = fmt.Fprintln(e.Stdout, text+"\nCtrl-C ends it.")
	return err
}
