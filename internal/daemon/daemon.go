// Package daemon is what `glueguard serve` runs: the console and the API over HTTP, and behind them what works on after an
// answer: requests that are carried out, schedules, and the hub that live pages hang on. It wires them by hand.
package daemon

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"os"
	"slices"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	"github.com/glueguard/glueguard/internal/api"
	"github.com/glueguard/glueguard/internal/auth"
	"github.com/glueguard/glueguard/internal/awsapi"
	"github.com/glueguard/glueguard/internal/console"
	"github.com/glueguard/glueguard/internal/evidence"
	"github.com/glueguard/glueguard/internal/policy"
	"github.com/glueguard/glueguard/internal/store"
	"github.com/glueguard/glueguard/internal/telemetry"
)

// Store is all that a daemon keeps.
type Store interface {
	store.Store
	api.Store
}

// Options say what a daemon serves, and with what.
type Options struct {
	Store Store
	// Open reaches AWS; role is the one to assume in other accounts than the caller's own. What is sent is counted by
	// observe.
	Open func(ctx context.Context, role string, observe func(operation, outcome string)) (*awsapi.Session, error)
	Role string // wins over the role that a plan, a change or an audit names; empty: theirs
	// Policy is the file's as it is now.
	Policy func() (policy.Policy, error)

	Listen          string // HOST:PORT; port 0 takes a free one
	TLSCert, TLSKey string // files in PEM; both or none
	BehindProxy     bool   // something before it on this host does TLS
	ExternalURL     string // where browsers reach it; empty: where it listens
	OIDC            *auth.OIDCConfig
	Hashing         auth.Hashing // of passwords; zero: auth's own
	Signer          evidence.Signer
	Sandbox         bool // AWS is a simulated one, and pages say so

	// FirstAudit is run at the start where the store has no audit; nil: none is.
	FirstAudit *store.AuditScope

	Version string
	Log     *slog.Logger
	Metrics *telemetry.Metrics
	Clock   Clock
	NewID   func() string
	AtOnce  int           // requests carried out at once; 0: 4
	Grace   time.Duration // for calls under way at the end; 0: 30 s
	Clients Patience      // with clients; what is 0 is the usual
}

// Patience is how long clients may take.
type Patience struct {
	Headers time.Duration // of a request; 0: 10 s
	Body    time.Duration // of a request; 0: 30 s
	Answer  time.Duration // that is no stream; 0: 5 min
	Part    time.Duration // of an answer that is a stream; 0: 30 s
	Idle    time.Duration // between two requests; 0: 2 min
}

func (p *Patience) complete() {
	p.Headers, p.Body = cmp.Or(p.Headers, 10*time.Second), cmp.Or(p.Body, 30*time.Second)
	p.Answer, p.Part = cmp.Or(p.Answer, 5*time.Minute), cmp.Or(p.Part, 30*time.Second)
	p.Idle = cmp.Or(p.Idle, 2*time.Minute)
}

// What is done when.
const (
	lookEvery   = 500 * time.Millisecond // for what is to be told to live pages
	claimEvery  = time.Second            // for requests that another process has queued, and for schedules
	tidyEvery   = time.Minute            // for what has expired, and for requests whose process has died
	dropEvery   = time.Hour              // for audits that are not kept
	verifyEvery = 30 * time.Minute       // for the whole audit trail
	stale       = time.Minute            // a loop that has not come round for so long has stopped
)

// RunningError means that the store has a daemon already.
type RunningError struct{ Holder store.Holder }

func (e *RunningError) Error() string {
	return fmt.Sprintf("a daemon is running already on this state: %s", e.Holder)
}

// Which audits are kept.
const (
	keepAudits = 200            // the newest
	keepKilled = 24 * time.Hour // those that never came to their end, in case that they still do
)

// Daemon is one that listens. Run serves until its context ends; Close gives back what Open took.
type Daemon struct {
	o          Options
	url        string
	listener   net.Listener
	server     *http.Server
	lease      store.Lease
	auth       *auth.Service
	operations *api.Server
	pages      *console.Handler
	patterns   []string // what mux serves
	sessions   *sessions
	hub        *Hub
	watcher    *watcher
	runner     *runner
	schedule   *scheduler
	worker     *worker
	health     *health
	beat       atomic.Int64 // Unix time at which the loops last came round
}

// Open takes the store's daemon lease, and listens. It returns *RunningError where another daemon has the lease, and
// *ExposedError for an address that must not be listened at.
func Open(ctx context.Context, o Options) (_ *Daemon, err error) {
	o.complete()
	if err := o.Check(); err != nil {
		return nil, err
	}
	var pair *certificate
	if o.TLSCert != "" {
		if pair, err = newCertificate(&o); err != nil {
			return nil, err
		}
	}
	d := &Daemon{o: o}
	defer func() {
		if err != nil {
			err = errors.Join(err, d.Close())
		}
	}()
	holder := holderOf(o.Clock.Now())
	if d.lease, err = takeLease(ctx, o.Store, holder); err != nil {
		return nil, err
	}
	if d.listener, d.url, err = o.listen(ctx, pair); err != nil {
		return nil, err
	}
	if err := d.wire(holder, pair != nil); err != nil {
		return nil, err
	}
	return d, nil
}

func (o *Options) complete() {
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	if o.Metrics == nil {
		o.Metrics = telemetry.NewMetrics(o.Version)
	}
	if o.AtOnce == 0 {
		o.AtOnce = 4
	}
	if o.Grace == 0 {
		o.Grace = 30 * time.Second
	}
	o.Clients.complete()
}

func holderOf(now time.Time) store.Holder {
	host, _ := os.Hostname() // a machine that does not know its name is told by its process alone
	return store.Holder{Host: host, PID: os.Getpid(), Since: now}
}

func takeLease(ctx context.Context, s Store, h store.Holder) (store.Lease, error) {
	lease, err := s.Lease(ctx, store.DaemonLease, h)
	var held *store.HeldError
	if errors.As(err, &held) {
		return nil, &RunningError{Holder: held.Holder}
	}
	return lease, err
}

// wire puts the parts together.
func (d *Daemon) wire(holder store.Holder, tls bool) (err error) {
	o := d.o
	d.health = newHealth()
	d.hub = newHub(o.Clock.Now, o.Metrics.Streams)
	d.watcher = newWatcher(o.Store, d.hub.Publish)
	d.sessions = newSessions(func(ctx context.Context, role string) (*awsapi.Session, error) {
		return o.Open(ctx, role, o.Metrics.Call)
	})
	d.sessions.clock = o.Clock.Now
	w := &worker{store: o.Store, sessions: d.sessions, role: o.Role, file: o.Policy, clock: o.Clock}
	rules := func(ctx context.Context) (auth.Rules, error) {
		p, err := w.Policy(ctx)
		if err != nil {
			return auth.Rules{}, err
		}
		return auth.RulesOf(ctx, p.Approvals, o.Store)
	}
	d.runner = &runner{
		store: o.Store, rules: rules, clock: o.Clock, log: o.Log, holder: holder, atOnce: o.AtOnce,
		wake: make(chan struct{}, 1), active: map[string]context.CancelCauseFunc{}, health: d.health,
		doer: &work{
			store: o.Store, sessions: d.sessions, worker: w, watcher: d.watcher, hub: d.hub, clock: o.Clock, log: o.Log, metrics: o.Metrics,
			newID: o.NewID, holder: holder, grace: o.Grace,
		},
	}
	w.runner, d.worker = d.runner, w
	d.schedule = &scheduler{
		store: o.Store, rules: rules, clock: o.Clock, newID: o.NewID, log: o.Log, host: holder.Host, wake: d.runner.Wake,
	}
	return d.serveWith(w, tls)
}

// URL is where browsers reach the daemon.
func (d *Daemon) URL() string { return d.url }

// Address is where it listens.
func (d *Daemon) Address() string { return d.listener.Addr().String() }

// Patterns are all that it serves, as http.ServeMux writes them. What is below api.BasePath is in the OpenAPI document.
func (d *Daemon) Patterns() []string { return slices.Concat(d.patterns, d.pages.Patterns()) }

// SetupLink is the one-time link to set the administrator's password; empty where somebody can sign in already.
func (d *Daemon) SetupLink(ctx context.Context) (string, error) {
	link, err := d.auth.Setup(ctx)
	if err != nil || link == nil {
		return "", err
	}
	return d.url + "/setup?ticket=" + link.Secret, nil
}

// Run serves until ctx ends. Then it takes nothing more in, has each change finish its current call, closes the streams,
// and returns. What was not over goes on under the next daemon.
func (d *Daemon) Run(ctx context.Context) error {
	work, stop := context.WithCancel(context.WithoutCancel(ctx))
	defer stop()
	if err := d.begin(work); err != nil {
		stop()
		d.runner.wait() // what was taken up before that
		return err
	}
	var loops sync.WaitGroup
	d.loops(work, &loops)
	failed := make(chan error, 1)
	go func() { failed <- d.server.Serve(d.listener) }()
	var err error
	select {
	case err = <-failed:
		err = fmt.Errorf("serve: %w", err)
	case <-ctx.Done():
	}
	d.o.Log.Info("stopping: running changes finish their current call")
	stop()
	d.hub.end() // open streams would keep the server from ending
	end, cancel := context.WithTimeout(context.WithoutCancel(ctx), d.o.Grace)
	defer cancel()
	if down := d.server.Shutdown(end); down != nil {
		err = errors.Join(err, d.server.Close())
	}
	loops.Wait()
	d.runner.wait()
	return err
}

// begin does what comes before the first request: it goes on with what the daemon before left.
func (d *Daemon) begin(ctx context.Context) error {
	d.beat.Store(d.o.Clock.Now().Unix())
	if err := d.watcher.look(ctx); err != nil {
		return err
	}
	if err := d.demand(ctx); err != nil {
		return err
	}
	if err := d.runner.takeUp(ctx); err != nil {
		return err
	}
	return d.firstAudit(ctx)
}

// demand leaves in the store what the policy demands of approvals.
func (d *Daemon) demand(ctx context.Context) error {
	p, err := d.worker.Policy(ctx)
	if err != nil {
		return err
	}
	return demand(ctx, d.o.Store, p, daemonActor(d.runner.holder), d.o.Clock.Now())
}

// firstAudit asks for an audit where there is none, so that pages have something to show.
func (d *Daemon) firstAudit(ctx context.Context) error {
	if d.o.FirstAudit == nil {
		return nil
	}
	if _, err := d.o.Store.Audit(ctx, "latest"); !isMissing(err) {
		return err
	}
	open, err := d.o.Store.CountRequests(ctx, store.RequestFilter{Kinds: []store.RequestKind{store.RequestAudit}, States: openRequests()})
	if err != nil || len(open) > 0 { // it was asked for by the daemon before this one
		return err
	}
	scope := *d.o.FirstAudit
	by := auth.Principal{Actor: daemonActor(d.runner.holder)}
	q, err := (auth.Rules{Lasts: time.Hour}).Ask(d.o.NewID(), store.Work{Kind: store.RequestAudit, Audit: &scope}, by, "the first audit", true, d.o.Clock.Now())
	if err != nil {
		return err
	}
	if err := fileRequest(ctx, d.o.Store, q, d.o.Clock.Now()); err != nil {
		return fmt.Errorf("ask for the first audit: %w", err)
	}
	d.runner.Wake()
	return nil
}

// loops starts what is done again and again until ctx ends.
func (d *Daemon) loops(ctx context.Context, all *sync.WaitGroup) {
	loop := func(every time.Duration, wake <-chan struct{}, what string, f func(context.Context) error) {
		all.Go(func() {
			before := ""
			d.o.Clock.every(ctx, every, wake, func() {
				err := f(ctx)
				if ctx.Err() != nil {
					return
				}
				d.health.note(what, err)
				if err == nil {
					before = ""
				} else if text := err.Error(); text != before { // it is tried again at each turn, and told once
					before = text
					d.o.Log.Error(what, "error", text)
				}
			})
		})
	}
	loop(lookEvery, nil, "looking for what has moved", func(ctx context.Context) error {
		if !d.hub.Watched() {
			return nil
		}
		return d.watcher.look(ctx)
	})
	loop(claimEvery, d.runner.wake, "claiming requests", func(ctx context.Context) error {
		d.beat.Store(d.o.Clock.Now().Unix())
		return errors.Join(d.schedule.look(ctx), d.runner.claim(ctx))
	})
	loop(tidyEvery, nil, "dropping what has expired", func(ctx context.Context) error {
		return errors.Join(d.demand(ctx), d.runner.expire(ctx), d.runner.takeUp(ctx), d.o.Store.DropExpired(ctx, d.o.Clock.Now()))
	})
	loop(dropEvery, nil, "dropping old audits", d.dropAudits)
	first := make(chan struct{}, 1)
	first <- struct{}{}
	loop(verifyEvery, first, "reading the audit trail", d.verifyTrail)
}

// verifyTrail reads the whole audit trail, so that nobody who opens its page waits for that.
func (d *Daemon) verifyTrail(ctx context.Context) error {
	err := d.operations.VerifyTrail(ctx)
	if errors.Is(err, store.ErrTrailBroken) { // which the page says, and keeps nothing from going on
		d.o.Log.Error("the audit trail is not as it was written", "error", err.Error())
		return nil
	}
	return err
}

// dropAudits forgets audits that nobody needs any more.
func (d *Daemon) dropAudits(ctx context.Context) error {
	if err := d.o.Store.PurgeAudits(ctx); err != nil {
		return err
	}
	n, now := 0, d.o.Clock.Now()
	err := d.o.Store.Together(ctx, func(ctx context.Context, w store.Writes) (err error) {
		if n, err = w.DropAudits(ctx, keepAudits, now.Add(-keepKilled)); err != nil || n == 0 {
			return err
		}
		_, err = w.Record(ctx, store.Deed{
			At: now, Actor: daemonActor(holderOf(now)), Action: "audit.drop", Outcome: store.DeedOK, Detail: map[string]string{"count": strconv.Itoa(n)},
		})
		return err
	})
	if err == nil && n > 0 {
		d.o.Log.Info("old audits were dropped", "count", n)
	}
	return err
}

// Close gives back what Open took. Run must have returned, or never been called.
func (d *Daemon) Close() error {
	var errs []error
	if d.listener != nil {
		if err := d.listener.Close(); err != nil && !errors.Is(err, net.ErrClosed) {
			errs = append(errs, err)
		}
	}
	if d.sessions != nil {
		d.sessions.close()
	}
	if d.lease != nil {
		errs = append(errs, d.lease.Release())
	}
	return errors.Join(errs...)
}

func isMissing(err error) bool { return errors.Is(err, store.ErrNotFound) }

// requestEvent tells that a request moved.
func requestEvent(id string) api.Event { return api.Event{Kind: api.EventRequest, Request: id} }
