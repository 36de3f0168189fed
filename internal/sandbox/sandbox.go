// Package sandbox is AWS in memory, over HTTP: each service speaks its own wire protocol, so that the AWS CLI and any
// SDK work with AWS_ENDPOINT_URL. It answers what AWS would, refusals included, and can be made slow, throttled or
// faulty while it runs.
//
// The signature of a request tells its service, region and access key; the signature itself is not verified, since
// secrets are not known here. An access key id of 12 digits is that account's root user.
package sandbox

import (
	"fmt"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

// Options is what a sandbox starts with. The zero value is an empty AWS with no delays.
type Options struct {
	// Scenario is what it holds at the start: "empty" (also ""), "small" or "org".
	Scenario string
	// Accounts, Regions or RegionCount, and Resources size the scenario "org"; zero takes the scenario's own sizes.
	Accounts, Resources int
	Regions             []string
	RegionCount         int
	// Seed makes another estate of the same sizes.
	Seed uint64
	// Latency is added to each call. Provisioning is how long a dev endpoint takes to be READY.
	Latency, Provisioning time.Duration
	// RatePerLocation is how many calls a second one account may make in one region before it is throttled; 0 is no limit.
	RatePerLocation float64
	// EndOfLife refuses creates on Glue versions past their end of life.
	EndOfLife bool
	Faults    []Fault
	// Now is the start of the sandbox's clock, which then moves with real time and can be advanced; zero is the wall clock.
	Now time.Time
}

// Sandbox is a simulated AWS. It is an http.Handler, safe for concurrent use.
type Sandbox struct {
	options  Options
	assemble assembler
	estate   atomic.Pointer[estate]
	clock    *clock
	faults   *faults
	throttle *throttle
	calls    *calls
	settings settings
	buffers  sync.Pool // of *[]byte
}

// settings can be changed while calls are served.
type settings struct {
	latency      atomic.Int64 // nanoseconds
	provisioning atomic.Int64 // nanoseconds
	endOfLife    atomic.Bool
}

// New makes a sandbox in the state that its scenario describes.
func New(o Options) (*Sandbox, error) { return newSandbox(o, assemble) }

func newSandbox(o Options, assemble assembler) (*Sandbox, error) {
	s := &Sandbox{options: o, assemble: assemble, clock: new(clock), faults: new(faults), throttle: newThrottle(), calls: newCalls()}
	s.buffers.New = func() any { b := make([]byte, 0, 16<<10); return &b }
	if err := s.reset(); err != nil {
		return nil, err
	}
	return s, nil
}

// reset brings everything back to the start: state, clock, settings, faults and counters.
func (s *Sandbox) reset() error {
	for _, f := range s.options.Faults {
		if err := f.check(); err != nil {
			return err
		}
	}
	s.clock.start(s.options.Now)
	e, err := newEstate(s.options, s.clock.now(), s.assemble)
	if err != nil {
		return fmt.Errorf("setting up the sandbox: %w", err)
	}
	s.settings.latency.Store(int64(s.options.Latency))
	s.throttle.setRate(s.options.RatePerLocation)
	s.faults.set(s.options.Faults)
	s.calls.reset()
	s.estate.Store(e)
	s.setProvisioning(s.options.Provisioning)
	s.setEndOfLife(s.options.EndOfLife)
	return nil
}

func (s *Sandbox) setProvisioning(d time.Duration) {
	s.settings.provisioning.Store(int64(d))
	for _, a := range s.estate.Load().adjust {
		a.SetProvisioning(d)
	}
}

func (s *Sandbox) setEndOfLife(on bool) {
	s.settings.endOfLife.Store(on)
	for _, a := range s.estate.Load().adjust {
		a.SetEndOfLife(on)
	}
}

// ServeHTTP answers one AWS call, or one of the sandbox's own controls under /_sandbox/.
func (s *Sandbox) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if strings.HasPrefix(r.URL.Path, controlPath) {
		s.control(w, r)
		return
	}
	buffer := s.buffers.Get().(*[]byte)
	x := exchange{sandbox: s, estate: s.estate.Load(), w: w, r: r, buffer: (*buffer)[:0]}
	defer func() {
		// Bodies of requests are decoded into copies, so the buffer can be used again. Huge ones are let go.
		if cap(x.buffer) <= 1<<20 {
			*buffer = x.buffer[:0]
			s.buffers.Put(buffer)
		}
	}()
	x.serve()
}
