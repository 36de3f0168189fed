package crash

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"
)

// trial is one story with processes that die on the way.
type trial struct {
	story   story
	stops   []*stop         // where they die, one after the other
	delays  []time.Duration // or when, after their start
	turn    bool            // the first that dies while applying is followed by backout, not by resume
	faults  []fault
	box     *sandbox
	program *program
	eye     eye
	tally   *tally
	// learned is told the places of a story without kills.
	learned func([]place)

	original thing
	around   around
	journal  *journal
	log      []string
	died     int
	longest  time.Duration // of the program's runs
	verb     string
	hostile  bool // calls were to go wrong
	from     int  // calls before the present faults
}

// fault is one of the sandbox's.
type fault struct {
	Operation string `json:"operation,omitempty"`
	Error     string `json:"error,omitempty"`
	Status    int    `json:"status,omitempty"`
	Times     int    `json:"times"`
	After     int    `json:"after"`
}

// most is how many runs of the program one verb may take, each ended by a kill or by waiting for a person.
const most = 25

func newTrial(t *testing.T, binary string, box *sandbox, s story, counted *tally) *trial {
	t.Helper()
	return &trial{story: s, box: box, program: newProgram(t, binary, box.proxy.server.URL), eye: newEye(box.url), tally: counted, verb: "plan"}
}

// lookAtRest looks from outside at a change that is at rest.
func (t *trial) lookAtRest(ctx context.Context, state string) error {
	err := t.peace(ctx)
	if err == nil {
		err = errors.Join(t.told(ctx, state), t.atRest(ctx, state))
	}
	if err != nil {
		return fmt.Errorf("%s: %w", state, err)
	}
	return t.mischief(ctx)
}

// run tells the story and checks it at every stop and at its end.
func (t *trial) run(ctx context.Context) error {
	t.hostile = len(t.faults) > 0
	if err := t.prepare(ctx); err != nil {
		return t.explain(err)
	}
	defer t.journal.close()
	state := ""
	for _, verb := range t.story.verbs {
		t.verb = verb
		var err error
		if state, err = t.carry(ctx); err != nil {
			return t.explain(err)
		}
		if state != restOf(verb) {
			break // it was refused, or turned back
		}
		if err := t.lookAtRest(ctx, state); err != nil {
			return t.explain(err)
		}
	}
	if err := t.lookAtRest(ctx, state); err != nil {
		return t.explain(err)
	}
	t.tally.end(state)
	if t.learned != nil {
		lines, err := t.journal.lines(ctx)
		if err != nil {
			return err
		}
		t.learned(places(lines, t.box.proxy.calledAfter))
	}
	if state != restOf(t.verb) && !t.turn && !t.hostile {
		return t.explain(fmt.Errorf("nothing but kill -9 went wrong, and %s ended as %s", t.verb, state))
	}
	return nil
}

func restOf(verb string) string {
	return map[string]string{"apply": "done", "backout": "backed_out", "finalize": "finalized"}[verb]
}

// explain says what led to an error.
func (t *trial) explain(err error) error {
	var text strings.Builder
	for _, s := range t.stops {
		fmt.Fprintf(&text, "  dies at: %s (answered: %t, hit: %t)\n", s.at, s.answered, s.hit)
	}
	for _, f := range t.faults {
		fmt.Fprintf(&text, "  fault: %+v\n", f)
	}
	for _, l := range t.log {
		fmt.Fprintf(&text, "  | %s\n", strings.ReplaceAll(strings.TrimSpace(l), "\n", "\n  |   "))
	}
	return fmt.Errorf("%s: %w\n%s", t.story.name, err, text.String())
}

// prepare resets the simulated AWS, looks around, and plans.
func (t *trial) prepare(ctx context.Context) error {
	if err := t.look(ctx); err != nil {
		return err
	}
	return t.plan(ctx)
}

// look resets the simulated AWS and remembers how everything is.
func (t *trial) look(ctx context.Context) error {
	t.box.proxy.watch(nil)
	t.box.proxy.arm(nil, nil)
	for _, what := range []string{"faults", "reset"} {
		if err := t.box.control(ctx, what, []fault{}); err != nil {
			return err
		}
	}
	list, err := t.story.related(ctx, t.eye)
	if err != nil || len(list) != 1 {
		return fmt.Errorf("%d resources %s before: %w", len(list), t.story.resource, err)
	}
	t.original = list[0]
	t.around, err = t.eye.survey(ctx, t.story.ours)
	return err
}

func (t *trial) plan(ctx context.Context) error {
	e, err := t.program.run(ctx, t.story.planArgs(t.original)...)
	if err != nil {
		return err
	}
	t.log = append(t.log, e.String())
	if e.status != 0 {
		return errors.New("it could not be planned")
	}
	if t.journal, err = openJournal(ctx, t.program.state()); err != nil {
		return err
	}
	t.box.proxy.watch(t.journal.now)
	return t.mischief(ctx)
}

// told is that the program says of the change what the campaign takes it to be.
func (t *trial) told(ctx context.Context, state string) error {
	list, err := t.program.changes(ctx)
	if err == nil && (len(list) != 1 || list[0].State != state) {
		err = fmt.Errorf("the program tells of %+v, want one change in state %s", list, state)
	}
	return err
}

// mischief lets calls go wrong from here on, as far as they have not yet.
func (t *trial) mischief(ctx context.Context) error {
	if len(t.faults) == 0 {
		return nil
	}
	t.from = t.box.proxy.total()
	return t.box.control(ctx, "faults", t.faults)
}

// peace lets all calls go well, so that whoever looks from outside meets no fault that was meant for the program.
func (t *trial) peace(ctx context.Context) error {
	if len(t.faults) == 0 {
		return nil
	}
	met := t.box.proxy.total() - t.from
	var left []fault
	for _, f := range t.faults {
		if f.Times -= max(0, met-f.After); f.Times > 0 {
			f.After = max(0, f.After-met)
			left = append(left, f)
		}
	}
	t.faults = left
	return t.box.control(ctx, "faults", []fault{})
}

// carry runs the program until the verb's change is at rest, and returns its state.
func (t *trial) carry(ctx context.Context) (string, error) {
	for range most {
		change, ok, err := t.journal.newest(ctx)
		if err != nil {
			return "", err
		}
		args, rest := t.next(change, ok)
		if rest {
			return change.State, nil
		}
		if err := t.step(ctx, args); err != nil {
			return "", err
		}
	}
	return "", fmt.Errorf("it was not at rest after %d runs", most)
}

// next says how to go on, or that there is nothing more to do for the verb.
func (t *trial) next(c change, ok bool) (args []string, rest bool) {
	switch {
	case !ok && t.verb == "apply":
		return []string{"apply", "plan.json", "--auto-approve"}, false
	case c.State == restOf(t.verb), c.State == "refused", c.State == "backed_out":
		return nil, true
	case c.State == "backing_out", c.State == "running", c.State == "waiting", c.State == "failed":
		if t.turn && t.died > 0 && t.verb == "apply" {
			t.verb = "backout"
		} else {
			return []string{"resume", c.ID}, false
		}
	}
	args = []string{t.verb, c.ID, "--auto-approve"}
	if t.verb == "finalize" {
		args = append(args, "--accept-irreversible")
	}
	return args, false
}

// step runs the program once and kills it where it shall die.
func (t *trial) step(ctx context.Context, args []string) error {
	r, err := t.program.start(ctx, args...)
	if err != nil {
		return err
	}
	started := time.Now()
	stopped := t.arm(ctx, r)
	e, err := r.wait()
	t.longest = max(t.longest, time.Since(started))
	stopped()
	t.box.proxy.arm(nil, nil)
	if err := errors.Join(err, t.box.proxy.settle()); err != nil {
		return err
	}
	l, err := t.journal.now(ctx)
	if err != nil {
		return err
	}
	at := l.where(t.box.proxy.calledAfter(l))
	t.log = append(t.log, e.String()+fmt.Sprintf("\n(the journal is at %s)", at))
	if !e.killed() {
		return nil
	}
	t.died++
	t.tally.add(t.story.name, at)
	if err := t.peace(ctx); err != nil {
		return err
	}
	if err := t.alive(ctx, slices.Contains([]string{"restore", "unwind"}, l.phase)); err != nil {
		return fmt.Errorf("killed at %s: %w", at, err)
	}
	return t.mischief(ctx)
}

// arm lets the process die at the next stop or after the next delay, and returns what disarms it.
func (t *trial) arm(ctx context.Context, r *running) (disarm func()) {
	if t.died < len(t.delays) {
		timer := time.AfterFunc(t.delays[t.died], r.kill)
		return func() { timer.Stop() }
	}
	for _, s := range t.stops {
		if s.hit {
			continue
		}
		if !s.polled {
			t.box.proxy.arm(s, r.kill)
			return func() {}
		}
		watching, stop := context.WithCancel(ctx)
		over := make(chan struct{})
		go func() {
			defer close(over)
			if t.journal.reach(watching, s.at) {
				s.hit = true
				r.kill()
			}
		}()
		return func() { stop(); <-over }
	}
	return func() {}
}
