package crash

import (
	"context"
	"flag"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
)

var (
	full   = flag.Bool("full", false, "kill at every journal boundary and at a thousand random moments; takes many minutes")
	seed   = flag.Uint64("seed", 1, "chooses the moments")
	edges  = flag.Bool("boundaries", true, "kill at every journal boundary under -full")
	random = flag.Int("random", 1000, "random kills under -full")
	atOnce = flag.Int("at-once", 4, "sandboxes, and so trials, at once")
	given  = flag.String("binary", "", "the program under test (default: built from the source)")
	only   = flag.String("story", "", "only stories whose name contains this")
)

// shortKills is how many processes the short campaign kills.
const shortKills = 40

// tally counts kills by interval.
type tally struct {
	mu    sync.Mutex
	kills map[string]map[interval]int
	order map[string][]place // as a run without kills goes through them
	ends  map[string]int     // changes by the state in which they came to rest for good
}

func newTally() *tally {
	return &tally{kills: map[string]map[interval]int{}, order: map[string][]place{}, ends: map[string]int{}}
}

func (c *tally) add(story string, at interval) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.kills[story] == nil {
		c.kills[story] = map[interval]int{}
	}
	c.kills[story][at]++
}

func (c *tally) end(state string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.ends[state]++
}

func (c *tally) total() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	n := 0
	for _, m := range c.kills {
		for _, k := range m {
			n += k
		}
	}
	return n
}

// String is the table of kills, in the order of the stories and their steps.
func (c *tally) String() string {
	c.mu.Lock()
	defer c.mu.Unlock()
	var text strings.Builder
	for _, state := range slices.Sorted(maps.Keys(c.ends)) {
		fmt.Fprintf(&text, "%5d changes ended %s\n", c.ends[state], state)
	}
	for _, s := range stories() {
		var rows, others []interval
		for _, at := range c.order[s.name] {
			rows = append(rows, at.interval)
		}
		for at := range c.kills[s.name] {
			if !slices.Contains(rows, at) {
				others = append(others, at)
			}
		}
		if rows = append(rows, sorted(others)...); len(rows) == 0 {
			continue
		}
		fmt.Fprintf(&text, "%s\n", s.name)
		for _, at := range rows {
			fmt.Fprintf(&text, "  %5d  %s\n", c.kills[s.name][at], at)
		}
	}
	return text.String()
}

func sorted(list []interval) []interval {
	slices.SortFunc(list, func(a, b interval) int { return strings.Compare(a.String(), b.String()) })
	return list
}

// spared lists the intervals in which nothing died.
func (c *tally) spared() []string {
	c.mu.Lock()
	defer c.mu.Unlock()
	var names []string
	for story, order := range c.order {
		for _, at := range order {
			if c.kills[story][at.interval] == 0 {
				names = append(names, story+": "+at.String())
			}
		}
	}
	slices.Sort(names)
	return names
}

// campaign runs trials on a few sandboxes at once.
type campaign struct {
	t      *testing.T
	binary string
	boxes  chan *sandbox
	tally  *tally
	chance *rand.Rand
	took   map[string]time.Duration // by the longest run of the program in a story without kills
	mu     sync.Mutex
}

func newCampaign(t *testing.T) *campaign {
	t.Helper()
	c := &campaign{
		t: t, binary: build(t), boxes: make(chan *sandbox, *atOnce), tally: newTally(),
		chance: rand.New(rand.NewPCG(*seed, 0)), took: map[string]time.Duration{},
	}
	for range *atOnce {
		c.boxes <- startSandbox(t, c.binary)
	}
	return c
}

// all runs trials, each made by a function for the sandbox that it gets, and reports those that fail.
func (c *campaign) all(trials []func(box *sandbox) error) {
	var wait sync.WaitGroup
	for _, f := range trials {
		box := <-c.boxes
		wait.Go(func() {
			defer func() { c.boxes <- box }()
			if err := f(box); err != nil {
				c.t.Error(err)
			}
		})
	}
	wait.Wait()
}

// trial makes one that is given two minutes.
func (c *campaign) trial(s story, more func(*trial)) func(*sandbox) error {
	return func(box *sandbox) error {
		ctx, cancel := context.WithTimeout(c.t.Context(), 2*time.Minute)
		defer cancel()
		t := newTrial(c.t, c.binary, box, s, c.tally)
		more(t)
		return t.run(ctx)
	}
}

// learn tells every story once without kills, and finds the intervals where a process could die.
func (c *campaign) learn(list []story) {
	var trials []func(*sandbox) error
	for _, s := range list {
		trials = append(trials, func(box *sandbox) error {
			return c.trial(s, func(t *trial) {
				t.learned = func(order []place) {
					c.mu.Lock()
					defer c.mu.Unlock()
					c.tally.order[s.name], c.took[s.name] = order, t.longest
				}
			})(box)
		})
	}
	c.all(trials)
}

func chosen() []story {
	return slices.DeleteFunc(stories(), func(s story) bool { return !strings.Contains(s.name, *only) })
}

func TestKilled(t *testing.T) {
	t.Parallel()
	c := newCampaign(t)
	list := chosen()
	c.learn(list)
	if t.Failed() {
		t.Fatal("the stories do not end well even when nothing is killed")
	}
	if *full {
		if *edges {
			c.boundaries(list)
			c.again(list)
		}
		c.moments(list, *random)
	} else {
		c.sample(list)
	}
	t.Logf("%d processes were killed (seed %d):\n%s", c.tally.total(), *seed, c.tally)
	if spared := c.tally.spared(); *full && len(spared) > 0 && *edges {
		t.Errorf("in these intervals nothing was killed:\n%s", strings.Join(spared, "\n"))
	}
}

// boundaries kills once in each interval and resumes, and for those of applying kills again and backs out.
func (c *campaign) boundaries(list []story) {
	var trials []func(*sandbox) error
	for _, s := range list {
		for n, at := range c.tally.order[s.name] {
			here := stop{at: at.interval, answered: n%2 == 0, polled: at.quiet}
			trials = append(trials, c.stopped(s, false, here))
			if at.phase == "apply" {
				trials = append(trials, c.stopped(s, true, here))
			}
			if at.at == intent {
				here.answered = !here.answered
				trials = append(trials, c.stopped(s, false, here))
			}
		}
	}
	c.all(trials)
}

// again tries the intervals in which nothing was killed for a few times: where nothing is called a process is soon past.
func (c *campaign) again(list []story) {
	for range 10 {
		spared := c.tally.spared()
		if len(spared) == 0 {
			return
		}
		var trials []func(*sandbox) error
		for _, s := range list {
			for _, at := range c.tally.order[s.name] {
				if slices.Contains(spared, s.name+": "+at.String()) {
					trials = append(trials, c.stopped(s, false, stop{at: at.interval, polled: at.quiet}))
				}
			}
		}
		c.all(trials)
	}
}

// stopped is a trial that dies at these places.
func (c *campaign) stopped(s story, turn bool, stops ...stop) func(*sandbox) error {
	return c.trial(s, func(t *trial) {
		t.turn = turn
		for _, at := range stops {
			t.stops = append(t.stops, &at)
		}
	})
}

// moments kills this many processes at random moments, while calls go wrong. Some moments come too late for their
// process, so that it takes a few rounds.
func (c *campaign) moments(list []story, kills int) {
	const rounds = 20
	goal := c.tally.total() + kills
	for round := 0; round < rounds && c.tally.total() < goal && !c.t.Failed(); round++ {
		var trials []func(*sandbox) error
		for n := c.tally.total(); n < goal; {
			s := list[c.chance.IntN(len(list))]
			t := c.randomTrial(s, min(1+c.chance.IntN(3), goal-n))
			n += len(t.delays)
			trials = append(trials, c.trial(s, func(got *trial) { got.delays, got.turn, got.faults = t.delays, t.turn, t.faults }))
		}
		c.all(trials)
	}
	if n := c.tally.total(); n < goal && !c.t.Failed() {
		c.t.Errorf("only %d of %d processes were killed", n, goal)
	}
}

func (c *campaign) randomTrial(s story, kills int) trial {
	t := trial{turn: c.chance.IntN(3) == 0}
	for range kills {
		t.delays = append(t.delays, time.Duration(c.chance.Int64N(max(1, int64(c.took[s.name])))))
	}
	for range c.chance.IntN(4) {
		f := fault{Times: 1 + c.chance.IntN(2), After: c.chance.IntN(60)}
		switch c.chance.IntN(4) {
		case 0:
			f.Error = "drop-response"
		case 1:
			f.Error = "drop-request"
		case 2:
			f.Error = "ThrottlingException"
			f.Times = 1 + c.chance.IntN(6)
		case 3:
			f.Error, f.Status = "InternalServiceException", 500
		}
		t.faults = append(t.faults, f)
	}
	return t
}

// sample is the short campaign: kills spread evenly over all intervals, several in one story, and a few at random.
func (c *campaign) sample(list []story) {
	const atRandom = 6
	all := 0
	for _, s := range list {
		all += len(c.tally.order[s.name])
	}
	var trials []func(*sandbox) error
	for _, s := range list {
		order := c.tally.order[s.name]
		share := min(len(order), max(1, (shortKills-atRandom)*len(order)/all))
		var stops []stop
		for i := range share {
			// One of each stretch of the story, so that they come in the order in which they are reached.
			from, to := i*len(order)/share, (i+1)*len(order)/share
			at := order[from+c.chance.IntN(to-from)]
			stops = append(stops, stop{at: at.interval, polled: at.quiet, answered: c.chance.IntN(2) == 0})
		}
		for part := range slices.Chunk(stops, 5) {
			trials = append(trials, c.stopped(s, false, part...))
		}
	}
	c.all(trials)
	c.moments(list, max(atRandom, shortKills-c.tally.total()))
}
