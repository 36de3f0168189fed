package sandbox

import (
	"errors"
	"fmt"
	"net/http"
	"sync"
	"sync/atomic"
	"time"
)

// Duration is a time.Duration that is written in Go's way in JSON: "150ms".
type Duration time.Duration

// UnmarshalText reads "150ms".
func (d *Duration) UnmarshalText(text []byte) error {
	parsed, err := time.ParseDuration(string(text))
	if err != nil {
		return fmt.Errorf("reading a duration: %w", err)
	}
	*d = Duration(parsed)
	return nil
}

// MarshalText writes "150ms".
func (d Duration) MarshalText() ([]byte, error) { return []byte(time.Duration(d).String()), nil }

// The faults that are not an AWS error code.
const (
	FaultDropRequest      = "drop-request"      // the connection is closed before the call takes effect
	FaultDropResponse     = "drop-response"     // the call takes effect, its answer is lost
	FaultTruncate         = "truncate"          // half of the answer's body, then the connection is closed
	FaultHTML             = "html"              // a proxy's error page instead of an answer
	FaultIgnoreEncryption = "ignore-encryption" // a create silently makes its resource unencrypted
)

// Fault is one way in which calls go wrong. Empty filters match any call.
type Fault struct {
	Account   string `json:"account,omitempty"`
	Region    string `json:"region,omitempty"`
	Operation string `json:"operation,omitempty"` // "glue:GetDevEndpoints"
	// Error is an AWS error code or one of the constants above; empty only delays, unless there is a status to fail with.
	Error   string `json:"error,omitempty"`
	Message string `json:"message,omitempty"`
	Status  int    `json:"status,omitempty"` // HTTP; zero is what AWS has for the code
	// Times is how many calls go wrong; 0 or less is all. After is how many matching calls are let through before.
	Times   int      `json:"times,omitempty"`
	After   int      `json:"after,omitempty"`
	Latency Duration `json:"latency,omitempty"`
}

func (f Fault) check() error {
	switch {
	case f.After < 0:
		return errors.New("a fault's after must not be negative")
	case f.Latency < 0:
		return errors.New("a fault's latency must not be negative")
	case f.Status != 0 && (f.Status < 100 || f.Status > 599):
		return fmt.Errorf("a fault's status %d is not an HTTP status", f.Status)
	case f.Error == "" && f.Latency == 0 && f.Status < http.StatusBadRequest:
		return errors.New("a fault needs an error, a latency, or a status from 400 on")
	}
	return nil
}

// code is the error of the fault: where only a status is given, the code that AWS has for that in general.
func (f *Fault) code() string {
	switch {
	case f.Error != "" || f.Status < http.StatusBadRequest:
		return f.Error
	case f.Status == http.StatusForbidden, f.Status == http.StatusUnauthorized:
		return "AccessDeniedException"
	case f.Status == http.StatusTooManyRequests:
		return "ThrottlingException"
	case f.Status == http.StatusServiceUnavailable:
		return "ServiceUnavailable"
	case f.Status >= http.StatusInternalServerError:
		return "InternalFailure"
	}
	return "ValidationException"
}

func (f *Fault) matches(l location, operation string) bool {
	return (f.Account == "" || f.Account == l.account) && (f.Region == "" || f.Region == l.region) &&
		(f.Operation == "" || f.Operation == operation)
}

// faults is the present script. Most calls see an empty one and pay an atomic load.
type faults struct {
	mu     sync.Mutex // held to change the script
	script atomic.Pointer[[]*scripted]
}

type scripted struct {
	Fault
	met atomic.Int64 // matching calls so far
}

// set replaces the script and forgets what its faults have met.
func (f *faults) set(list []Fault) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.store(nil, list)
}

// add appends to the script, leaving counts alone.
func (f *faults) add(list []Fault) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.store(*f.script.Load(), list)
}

func (f *faults) store(old []*scripted, more []Fault) {
	script := append([]*scripted(nil), old...)
	for _, fault := range more {
		script = append(script, &scripted{Fault: fault})
	}
	f.script.Store(&script)
}

// list returns the script.
func (f *faults) list() []Fault {
	script := *f.script.Load()
	list := make([]Fault, len(script))
	for i, s := range script {
		list[i] = s.Fault
	}
	return list
}

// strike tells what happens to one call: the latencies of the faults that it meets, up to the first with an error.
func (f *faults) strike(l location, operation string) (struck Fault) {
	for _, s := range *f.script.Load() {
		if !s.matches(l, operation) {
			continue
		}
		n := s.met.Add(1) - int64(s.After)
		if n < 1 || s.Times > 0 && n > int64(s.Times) {
			continue
		}
		latency := struck.Latency + s.Latency
		if code := s.code(); code != "" {
			struck = s.Fault
			struck.Error = code
			struck.Latency = latency
			return struck
		}
		struck.Latency = latency
	}
	return struck
}
