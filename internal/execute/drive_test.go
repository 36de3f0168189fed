package execute_test

import (
	"context"
	"errors"
	"reflect"
	"slices"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/glueguard/glueguard/internal/change"
	"github.com/glueguard/glueguard/internal/execute"
	"github.com/glueguard/glueguard/internal/plan"
)

const changeID = "chg-1"

// journal keeps entries in memory, and dies where it is told to.
type journal struct {
	entries []change.Entry
	dies    func(e change.Entry) (before, after bool) // nil: never
	fails   func(e change.Entry) (before, after bool) // nil: never; an error instead of a crash
}

var errDisk = errors.New("the disk is full")

func (j *journal) Entries(context.Context) ([]change.Entry, error) {
	return append([]change.Entry(nil), j.entries...), nil
}

func (j *journal) Append(_ context.Context, e change.Entry) error {
	var diesBefore, diesAfter, failsBefore, failsAfter bool
	if j.dies != nil {
		diesBefore, diesAfter = j.dies(e)
	}
	if j.fails != nil {
		failsBefore, failsAfter = j.fails(e)
	}
	switch {
	case diesBefore:
		panic(crash{"before entry " + string(e.Kind)})
	case failsBefore:
		return errDisk
	}
	if len(j.entries)+1 != e.Seq {
		return errors.New("a gap in the journal")
	}
	j.entries = append(j.entries, e)
	switch {
	case diesAfter:
		panic(crash{"after entry " + string(e.Kind)})
	case failsAfter:
		return errDisk
	}
	return nil
}

// teller is what a rig tells of failures: a test, or a property's.
type teller interface {
	Helper()
	Fatalf(format string, args ...any)
}

// rig is a change in a world, with all that it needs to run.
type rig struct {
	*scene
	t       teller
	actor   *actor
	journal *journal
	stepper *execute.Stepper
	folded  *change.Change // the journal's newest fold
	agreed  int            // entries up to which Advance said the same
}

const settleTime = 2 * time.Minute

func newRig(t teller, s *scene) *rig {
	t.Helper()
	r := &rig{scene: s, t: t, actor: newActor(s.world), journal: &journal{}}
	if err := execute.Start(context.Background(), r.deps(), change.Head{ID: changeID, Item: s.item}); err != nil {
		t.Fatalf("Start: %v", err)
	}
	r.restart()
	return r
}

func (r *rig) deps() execute.Deps {
	return execute.Deps{
		Journal: r.journal, Actor: r.actor, Verifier: r.actor, Now: func() time.Time { return r.now }, Settle: settleTime,
	}
}

// restart is what a new process does.
func (r *rig) restart() { r.stepper = execute.NewStepper(r.deps()) }

// advance makes one move and holds it to the rules. A crash starts a new process, some time later.
func (r *rig) advance() (next execute.Next, err error) {
	r.t.Helper()
	r.actor.observed, r.actor.sent = "", nil
	defer func() {
		if died := recover(); died != nil {
			if _, ok := died.(crash); !ok {
				panic(died)
			}
			r.restart()
			r.now = r.now.Add(time.Second)
			next, err = execute.Next{Change: r.fold(), Again: r.now}, nil
		}
		r.check()
	}()
	return r.stepper.Advance(context.Background())
}

func (r *rig) fold() *change.Change {
	r.t.Helper()
	if r.folded != nil && r.folded.Seq == len(r.journal.entries) {
		return r.folded
	}
	c, err := change.Fold(r.journal.entries)
	if err != nil {
		r.t.Fatalf("the journal does not fold: %v", err)
	}
	r.folded = c
	return c
}

// run advances until the change is at rest, and lets time pass as it asks.
func (r *rig) run() *change.Change {
	r.t.Helper()
	c := r.runFor(5000)
	if !c.AtRest() {
		r.t.Fatalf("the change never comes to rest: %s", r.story())
	}
	return c
}

// runFor advances so many times at most.
func (r *rig) runFor(moves int) *change.Change {
	r.t.Helper()
	for range moves {
		next, err := r.advance()
		if errors.Is(err, errDisk) {
			next = execute.Next{Change: r.fold(), Again: r.now}
		} else if err != nil {
			r.t.Fatalf("Advance: %v", err)
		}
		if folded := r.fold(); folded.Seq != r.agreed && !reflect.DeepEqual(folded, next.Change) {
			r.t.Fatalf("the journal does not replay to what Advance said (-journal +said):\n%s", cmp.Diff(folded, next.Change))
		}
		r.agreed = next.Change.Seq
		if next.Again.IsZero() {
			return next.Change
		}
		if next.Again.After(r.now) {
			r.now = next.Again
		}
	}
	return r.fold()
}

func (r *rig) resume() *change.Change {
	r.t.Helper()
	return r.must(r.ask(execute.VerbResume, execute.FinalizeOptions{}), execute.VerbResume)
}

func (r *rig) backout() *change.Change {
	r.t.Helper()
	return r.must(r.ask(execute.VerbBackout, execute.FinalizeOptions{}), execute.VerbBackout)
}

func (r *rig) finalize(o execute.FinalizeOptions) *change.Change {
	r.t.Helper()
	return r.must(r.ask(execute.VerbFinalize, o), execute.VerbFinalize)
}

func (r *rig) must(err error, v execute.Verb) *change.Change {
	r.t.Helper()
	if err != nil {
		r.t.Fatalf("%s: %v\n%s", v, err, r.story())
	}
	return r.run()
}

// ask is what a person asks, in a new process. A word on what a person was told about lets calls be sent again.
func (r *rig) ask(v execute.Verb, o execute.FinalizeOptions) (err error) {
	c := r.fold()
	if c.AtRest() {
		clear(r.actor.doubtful)
	}
	r.restart()
	defer func() {
		if died := recover(); died != nil {
			if _, ok := died.(crash); !ok {
				panic(died)
			}
			r.restart()
		}
	}()
	switch v {
	case execute.VerbResume:
		return execute.Resume(context.Background(), r.deps())
	case execute.VerbBackout:
		return execute.Backout(context.Background(), r.deps())
	}
	return execute.Finalize(context.Background(), r.deps(), o)
}

// story tells the journal and the world, for a test that failed.
func (r *rig) story() string {
	text := "journal:\n"
	for _, e := range r.journal.entries {
		text += "  " + e.At.Format("15:04:05.000 ") + string(e.Kind) + " " + e.Step + string(e.Phase) + " " + string(e.State)
		if e.Trouble != nil {
			text += " [" + e.Trouble.Code + ": " + e.Trouble.Message + "]"
		}
		if e.Kind == change.Began {
			for _, s := range e.Steps {
				text += "\n      " + s.Name
			}
		}
		text += "\n"
	}
	text += "world at " + r.now.Format("15:04:05.000") + ":\n"
	for _, o := range r.there() {
		text += "  " + o.name() + " " + o.status(r.now) + " " + string(r.mode(o)) + " " + o.id + "\n"
	}
	return text
}

// check holds the world to the invariant of a repair, which must be true at every instant.
func (r *rig) check() {
	r.t.Helper()
	if len(r.actor.broken) > 0 {
		r.t.Fatalf("rules broken: %v\n%s", r.actor.broken, r.story())
	}
	c := r.fold()
	if c.State == change.Done || c.State == change.Finalized {
		r.checkDone(c)
	}
	if r.working(c) {
		return
	}
	saved := c.SavedEndpoint != nil || c.SavedTransform != nil
	if r.item.Strategy != plan.Retire || !saved || !c.Touched() {
		r.t.Fatalf("nothing works any more\n%s", r.story())
	}
}

// working tells whether the original works, or something with all of its definition that is encrypted as planned or,
// once a backout makes the original again, as it was.
func (r *rig) working(c *change.Change) bool {
	for _, o := range r.there() {
		if o == r.original && o.goneAt.IsZero() {
			return true
		}
		usable := !o.failed && o.goneAt.IsZero() && o.labels == r.original.labels
		if o.endpoint != nil {
			usable = usable && o.status(r.now) == "READY"
		}
		if usable && (r.mode(o).Encrypts() || c.Phase == change.Restore) {
			return true
		}
	}
	return false
}

// checkDone wants what a change says that it has done to be so.
func (r *rig) checkDone(c *change.Change) {
	r.t.Helper()
	if r.item.Strategy == plan.Retire {
		if r.original.goneAt.IsZero() {
			r.t.Fatalf("retired, and still there\n%s", r.story())
		}
		return
	}
	id, ok := c.Replacement()
	if !ok {
		r.t.Fatalf("%s without a replacement\n%s", c.State, r.story())
	}
	for _, o := range r.there() {
		if !o.identity().Same(id) {
			continue
		}
		if !r.mode(o).Encrypts() || o.status(r.now) == "FAILED" || o.labels != r.original.labels {
			r.t.Fatalf("%s, and %s is %s, %s\n%s", c.State, o.name(), r.mode(o), o.status(r.now), r.story())
		}
		return
	}
	r.t.Fatalf("%s, and the replacement is gone\n%s", c.State, r.story())
}

// checkRest wants nothing of the change to be left where it has ended.
func (r *rig) checkRest(c *change.Change) {
	r.t.Helper()
	stay := 0
	switch {
	case c.State == change.BackedOut || c.State == change.RefusedAt:
		stay = 1
		r.checkOriginal()
	case r.item.Strategy == plan.Retire:
	case c.State == change.Finalized, c.State == change.Done && !c.KeepsOriginal():
		stay = 1
	case c.State == change.Done:
		stay = 2
	default:
		r.t.Fatalf("%s is no end\n%s", c.State, r.story())
	}
	if got := len(r.there()); got != stay {
		r.t.Fatalf("%s, and %d resources are there, not %d\n%s", c.State, got, stay, r.story())
	}
	r.checkJobs()
	for _, o := range r.there() {
		_, mine := o.tags()[tagChange]
		if mine && (c.State != change.Done || !c.KeepsOriginal()) {
			r.t.Fatalf("%s, and %s still has the change's tag\n%s", c.State, o.name(), r.story())
		}
	}
}

// checkJobs wants every job to name a transform that is there.
func (r *rig) checkJobs() {
	r.t.Helper()
	if r.item.Strategy == plan.Retire {
		return
	}
	for job, id := range r.jobs {
		if !slices.ContainsFunc(r.there(), func(o *thing) bool { return o.id == id }) {
			r.t.Fatalf("%s names %s, which is gone\n%s", job, id, r.story())
		}
	}
}

// checkOriginal wants what the plan saw, or its very likeness.
func (r *rig) checkOriginal() {
	r.t.Helper()
	promise := plan.VerifyOriginal(r.item).Promise
	promise.Labels = r.original.labels
	for _, o := range r.there() {
		if len(r.differs(o, promise, "")) == 0 {
			return
		}
	}
	r.t.Fatalf("the original is not back: %+v\n%s", promise, r.story())
}
