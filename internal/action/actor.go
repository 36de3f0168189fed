package action

import (
	"context"
	"fmt"
	"sync"
	"time"

	"github.com/glueguard/glueguard/internal/awsapi"
	"github.com/glueguard/glueguard/internal/change"
	"github.com/glueguard/glueguard/internal/execute"
	"github.com/glueguard/glueguard/internal/inventory"
	"github.com/glueguard/glueguard/internal/plan"
	"github.com/glueguard/glueguard/internal/resource"
)

// Reader reads what steps are judged by: *inventory.Inspector does.
type Reader interface {
	Endpoint(ctx context.Context, l resource.Location, name string) resource.Fact[resource.EndpointDetail]
	Transform(ctx context.Context, l resource.Location, id string) resource.Fact[resource.TransformDetail]
	UntaggedEndpoint(ctx context.Context, l resource.Location, name string) resource.Fact[resource.EndpointDetail]
	UntaggedTransform(ctx context.Context, l resource.Location, id string) resource.Fact[resource.TransformDetail]
	Configuration(ctx context.Context, l resource.Location, name string) resource.Fact[resource.SecurityConfiguration]
	Inspect(ctx context.Context, targets []inventory.Target) ([]resource.Surroundings, error)
}

// Options of an Actor. The zero Options are for real use.
type Options struct {
	Now    func() time.Time // nil: the clock
	Reader Reader           // nil: an inventory.Inspector
}

// Actor looks at and changes AWS for execute. It is safe for concurrent use; make one per process, since it shares what
// changes of one location wait for.
type Actor struct {
	session *awsapi.Session
	reader  Reader
	now     func() time.Time
	board   *board
	claims  *claims
	kinds   map[plan.Kind]work

	mu    sync.Mutex
	sites map[resource.Location]site
}

// site is a location with the account whose credentials are used there.
type site struct {
	place   *awsapi.Place
	account *awsapi.Account
}

// work is how steps of one kind are seen and done. Kinds that only look have no do.
type work struct {
	observe func(*Actor, context.Context, *task) (execute.Observation, error)
	do      func(*Actor, context.Context, *task) (change.Facts, error)
}

// New makes an Actor.
func New(session *awsapi.Session, o Options) *Actor {
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Reader == nil {
		o.Reader = inventory.NewInspector(session)
	}
	return &Actor{
		session: session, reader: o.Reader, now: o.Now, board: newBoard(), claims: newClaims(), kinds: kinds(),
		sites: map[resource.Location]site{},
	}
}

// Close gives up the accounts that were entered.
func (a *Actor) Close() {
	a.mu.Lock()
	defer a.mu.Unlock()
	for l, s := range a.sites {
		s.account.Release()
		delete(a.sites, l)
	}
}

// kinds lists what an Actor can do. Verify is a Verifier's.
func kinds() map[plan.Kind]work {
	return map[plan.Kind]work{
		plan.CreateKey:      {(*Actor).seeKey, (*Actor).createKey},
		plan.CreateAlias:    {(*Actor).seeAlias, (*Actor).createAlias},
		plan.EnableRotation: {(*Actor).seeRotation, (*Actor).enableRotation},
		plan.CreateGrant:    {(*Actor).seeGrant, (*Actor).createGrant},

		plan.CreateConfiguration: {(*Actor).seeConfiguration, (*Actor).createConfiguration},
		plan.DeleteConfiguration: {(*Actor).seeConfigurationGone, (*Actor).deleteConfiguration},

		plan.CreateEndpoint: {(*Actor).seeEndpoint, (*Actor).createEndpoint},
		plan.DeleteEndpoint: {(*Actor).seeEndpointDeleted, (*Actor).deleteEndpoint},

		plan.CreateTransform: {(*Actor).seeTransform, (*Actor).createTransform},
		plan.RenameTransform: {(*Actor).seeName, (*Actor).renameTransform},
		plan.DeleteTransform: {(*Actor).seeTransformDeleted, (*Actor).deleteTransform},

		plan.ExportLabels: {(*Actor).seeExport, (*Actor).exportLabels},
		plan.ImportLabels: {(*Actor).seeImport, (*Actor).importLabels},
		plan.Evaluate:     {(*Actor).seeEvaluation, (*Actor).evaluate},
		plan.DeleteLabels: {(*Actor).seeLabelsGone, (*Actor).deleteLabels},

		plan.RepointJob: {(*Actor).seeJob, (*Actor).repointJob},
		plan.EnsureTags: {(*Actor).seeTags, (*Actor).addTags},
		plan.RemoveTags: {(*Actor).seeTagsGone, (*Actor).removeTags},

		plan.SaveDefinition:    {observe: (*Actor).saveDefinition},
		plan.WaitReady:         {observe: (*Actor).waitReady},
		plan.WaitGone:          {observe: (*Actor).waitGone},
		plan.WaitTaskRun:       {observe: (*Actor).waitTaskRun},
		plan.WaitProof:         {observe: (*Actor).waitProof},
		plan.CheckUnreferenced: {observe: (*Actor).checkUnreferenced},
	}
}

// KindError means that a step of a kind that an Actor does not look at, or does not do, came to it.
type KindError struct {
	Kind  plan.Kind
	Doing bool
}

func (e *KindError) Error() string {
	if e.Doing {
		return fmt.Sprintf("steps of kind %q make no call", e.Kind)
	}
	return fmt.Sprintf("steps of kind %q are not looked at here", e.Kind)
}

// Observe tells whether the effect of a step is there, and if not, whether its call may be made. Its errors are reads
// that failed: a resource.Failure, wrapped, unless ctx ended.
func (a *Actor) Observe(ctx context.Context, c *change.Change, s plan.Step) (execute.Observation, error) {
	w, ok := a.kinds[s.Kind]
	if !ok {
		return execute.Observation{}, &KindError{Kind: s.Kind}
	}
	t, err := a.task(ctx, c, s)
	if err != nil {
		return execute.Observation{}, err
	}
	seen, err := w.observe(a, ctx, t)
	seen.Calls = t.calls
	return seen, err
}

// Do makes the step's one changing call. Its errors are *execute.CallError.
func (a *Actor) Do(ctx context.Context, c *change.Change, s plan.Step) (change.Facts, error) {
	w := a.kinds[s.Kind]
	if w.do == nil {
		err := &KindError{Kind: s.Kind, Doing: true}
		return change.Facts{}, &execute.CallError{Effect: execute.NotDone, Err: err, Trouble: change.Trouble{Code: change.TroubleFailed, Message: err.Error()}}
	}
	t, err := a.task(ctx, c, s)
	if err != nil {
		return change.Facts{}, unsent(err, string(s.Kind))
	}
	return w.do(a, ctx, t)
}

// task is one step of one change, and where it happens.
type task struct {
	c *change.Change
	s plan.Step
	site
	now   time.Time
	calls int // made so far
}

func (a *Actor) task(ctx context.Context, c *change.Change, s plan.Step) (*task, error) {
	at, err := a.enter(ctx, c.Head.Item.Location)
	if err != nil {
		return nil, err
	}
	return &task{c: c, s: s, site: at, now: a.now()}, nil
}

// enter returns a location's site. Who calls must be known before an account can be told from the caller's own; the
// credentials themselves are renewed by each call that finds them about to end.
func (a *Actor) enter(ctx context.Context, l resource.Location) (site, error) {
	if _, err := a.session.Caller(ctx); err != nil {
		return site{}, failed("sts:GetCallerIdentity", err)
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	at, ok := a.sites[l]
	if !ok {
		account := a.session.Acquire(l.Account)
		at = site{place: account.At(l.Region), account: account}
		a.sites[l] = at
	}
	return at, nil
}

// location is where the step's resource is.
func (t *task) location() resource.Location { return t.c.Head.Item.Location }
