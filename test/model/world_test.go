package model

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/glue"
	"github.com/aws/aws-sdk-go-v2/service/kms"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	smithyhttp "github.com/aws/smithy-go/transport/http"

	"github.com/glueguard/glueguard/internal/awsapi"
	"github.com/glueguard/glueguard/internal/change"
	"github.com/glueguard/glueguard/internal/repair"
	"github.com/glueguard/glueguard/internal/resource"
	"github.com/glueguard/glueguard/internal/sandbox"
	"github.com/glueguard/glueguard/internal/store"
	"github.com/glueguard/glueguard/internal/store/sqlite"
)

const (
	account      = "111111111111"
	region       = "us-east-1"
	address      = "http://sandbox.test"
	provisioning = 10 * time.Minute
)

func here() resource.Location {
	return resource.Location{Partition: "aws", Account: account, Region: region}
}

// began is when stories begin: the simulated AWS knows of things that are older than a bubble's own start.
func began() time.Time { return time.Date(2026, 11, 23, 9, 0, 0, 0, time.UTC) }

// world is a simulated AWS, a state, and those who look at AWS from outside. It lives in a bubble of virtual time.
type world struct {
	ctx  context.Context
	box  *sandbox.Sandbox
	path string // of the state
	// state is for those who look; processes have their own.
	state *sqlite.Store
	eye   eye
	mu    sync.Mutex
	// broken is the first thing that was found wrong while calls were served.
	broken error
	family []*family
	// looking is held by who looks on while calls are served.
	looking sync.Mutex
	log     []string
	serial  int           // of changes
	late    time.Duration // so long AWS does not show what it made
}

// failure is what must panics with; inBubble turns it into an error.
type failure struct{ error }

func must(err error) {
	if err != nil {
		panic(failure{err})
	}
}

func have[T any](v T, err error) T {
	must(err)
	return v
}

// inBubble runs f with a world in a bubble of virtual time. The bubble's test must not fail by itself: what goes wrong
// is the story's error, which can be told in short.
func inBubble(t *testing.T, f func(w *world) error) (err error) {
	t.Helper()
	dir, err := os.MkdirTemp(memory(t), "model")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	synctest.Test(t, func(*testing.T) {
		defer func() {
			if v := recover(); v != nil {
				failed, ok := v.(failure)
				if !ok {
					failed.error = fmt.Errorf("panic: %v", v)
				}
				err = errors.Join(err, failed)
			}
		}()
		time.Sleep(time.Until(began()))
		box := have(sandbox.New(sandbox.Options{Scenario: "small", RegionCount: 1, Provisioning: provisioning}))
		w := &world{ctx: context.Background(), box: box, path: filepath.Join(dir, "state.db")}
		w.eye = newEye(box)
		w.state = have(sqlite.Open(w.ctx, w.path))
		defer func() { must(w.state.Close()) }()
		err = f(w)
		if err != nil {
			err = fmt.Errorf("%w\n%s", err, strings.Join(w.log, "\n"))
		}
	})
	return err
}

// memory is a folder that costs no disk where there is one, since durable writes are the most of a story's real time.
func memory(t *testing.T) string {
	t.Helper()
	const shared = "/dev/shm"
	if info, err := os.Stat(shared); err == nil && info.IsDir() {
		return shared
	}
	return t.TempDir()
}

func (w *world) say(format string, args ...any) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.log = append(w.log, time.Since(began()).Round(time.Millisecond).String()+" "+fmt.Sprintf(format, args...))
}

// blame keeps the first thing that was found wrong.
func (w *world) blame(err error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if err != nil && w.broken == nil {
		w.broken = fmt.Errorf("at %s: %w", time.Since(began()), err)
	}
}

func (w *world) found() error {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.broken
}

// control posts to one of the sandbox's own controls.
func (w *world) control(what, body string) {
	r := have(http.NewRequestWithContext(w.ctx, http.MethodPost, address+"/_sandbox/"+what, strings.NewReader(body)))
	response := have(serve(w.box, r))
	if response.StatusCode != http.StatusOK {
		must(fmt.Errorf("%s %s: %s", what, body, response.Status))
	}
}

// config is how an onlooker reaches AWS: past all faults.
func config(box *sandbox.Sandbox) aws.Config {
	c := aws.Config{
		Region: region, BaseEndpoint: aws.String(address), HTTPClient: &wire{box: box},
		Credentials: credentials.NewStaticCredentialsProvider(account, "outside", ""),
	}
	c.APIOptions = append(c.APIOptions, smithyhttp.AddHeaderValue(sandbox.OnlookerHeader, "yes"))
	return c
}

type eye struct {
	glue *glue.Client
	kms  *kms.Client
	s3   *s3.Client
}

func newEye(box *sandbox.Sandbox) eye {
	c := config(box)
	return eye{glue.NewFromConfig(c), kms.NewFromConfig(c), s3.NewFromConfig(c, func(o *s3.Options) { o.UsePathStyle = true })}
}

// process is glueguard, from its start to its end.
type process struct {
	*world
	life    *life
	session *awsapi.Session
	store   *mortal
	worker  *repair.Worker
}

// start starts a process that ends as told. What it leaves behind at AWS and in the state is for the next one.
func (w *world) start(end stop) *process {
	p := &process{world: w, life: &life{left: end, onEnd: func() {}}}
	line := &wire{box: w.box, life: p.life, served: w.serve, shows: w.shows}
	p.session = have(awsapi.Open(w.ctx, awsapi.Options{
		Keys: &awsapi.Keys{AccessKeyID: account, SecretAccessKey: "secret"}, Region: region, EndpointURL: address, HTTPClient: line,
	}))
	p.store = &mortal{Store: have(sqlite.Open(w.ctx, w.path)), life: p.life}
	p.worker = repair.New(repair.Options{
		Store: p.store, Sessions: repair.Using(p.session), Now: time.Now,
		NewID: func() string {
			w.mu.Lock()
			defer w.mu.Unlock()
			w.serial++
			return fmt.Sprintf("%016x", w.serial)
		},
	})
	return p
}

func (p *process) close() {
	p.worker.Close()
	p.session.Close()
	must(p.store.Close())
}

// mortal is the state as a process that may die has it.
type mortal struct {
	*sqlite.Store
	life *life
}

// Lease implements store.Changes.
func (m *mortal) Lease(ctx context.Context, arn string, h store.Holder) (store.Lease, error) {
	l, err := m.Store.Lease(ctx, arn, h)
	if err != nil {
		return nil, err
	}
	return &mortalLease{l, m.life}, nil
}

// OpenChange implements store.Changes.
func (m *mortal) OpenChange(ctx context.Context, l store.Lease, first change.Entry) error {
	return m.life.write(first, func() error { return m.Store.OpenChange(ctx, l.(*mortalLease).Lease, first) })
}

type mortalLease struct {
	store.Lease
	life *life
}

// Journal implements store.Lease.
func (l *mortalLease) Journal(id string) store.Journal {
	return &mortalJournal{l.Lease.Journal(id), l.life}
}

type mortalJournal struct {
	store.Journal
	life *life
}

// Append implements store.Journal.
func (j *mortalJournal) Append(ctx context.Context, e change.Entry) error {
	return j.life.write(e, func() error { return j.Journal.Append(ctx, e) })
}

func (l *life) write(e change.Entry, write func() error) error {
	done, learned := l.passes(&l.left.Writes, fmt.Sprintf("entry %d (%s %s)", e.Seq, e.Kind, e.Step))
	if !done {
		return errDead
	}
	if err := write(); err != nil {
		return err
	}
	if !learned {
		return errDead
	}
	return nil
}
