package local

import (
	"slices"

	"github.com/glueguard/glueguard/internal/engine"
)

// parallel is how many changes are under way at once unless told otherwise.
const parallel = 4

// schedule decides which job starts next. It belongs to one goroutine.
type schedule struct {
	limits  engine.Limits
	pending []engine.Job
	skipped []engine.Event // to be reported

	active   int
	busy     map[string]bool // resources, or changes, under way
	twins    map[string]int  // places left for twins, by location
	started  int
	failed   int
	canaries int // of those started, not ended

	canaryFailed bool
	interrupted  error
}

func newSchedule(jobs []engine.Job, l engine.Limits) *schedule {
	if l.Parallel <= 0 {
		l.Parallel = parallel
	}
	s := &schedule{limits: l, pending: slices.Clone(jobs), busy: map[string]bool{}, twins: map[string]int{}}
	for location, n := range l.Twins {
		s.twins[location] = n
	}
	return s
}

// next returns a job to start now, and counts it as started.
func (s *schedule) next() (engine.Job, bool) {
	if s.active >= s.limits.Parallel || s.interrupted != nil {
		return engine.Job{}, false
	}
	if s.started >= s.limits.Canary && s.canaries > 0 { // the canary is not over
		return engine.Job{}, false
	}
	for i, job := range s.pending {
		if s.busy[key(job)] || !s.roomFor(job) {
			continue
		}
		s.pending = slices.Delete(s.pending, i, i+1)
		s.busy[key(job)] = true
		if _, limited := s.twins[job.Twin]; limited {
			s.twins[job.Twin]--
		}
		if s.started < s.limits.Canary {
			s.canaries++
		}
		s.started++
		s.active++
		return job, true
	}
	return engine.Job{}, false
}

func (s *schedule) roomFor(job engine.Job) bool {
	left, limited := s.twins[job.Twin]
	return !limited || left > 0
}

// key is what no two jobs under way may share.
func key(job engine.Job) string {
	if job.Resource != "" {
		return job.Resource
	}
	return job.Change
}

// ended takes in a job's last event.
func (s *schedule) ended(e engine.Event) {
	s.active--
	delete(s.busy, key(e.Job))
	if _, limited := s.twins[e.Job.Twin]; limited && !keepsTwin(e) {
		s.twins[e.Job.Twin]++
	}
	ok := e.AsAsked()
	if !ok {
		s.failed++
	}
	if s.canaries > 0 {
		s.canaries--
		s.canaryFailed = s.canaryFailed || !ok
	}
	switch {
	case s.interrupted != nil:
	case s.canaryFailed:
		s.skip(engine.ErrCanary)
	case s.limits.MaxFailures > 0 && s.failed >= s.limits.MaxFailures:
		s.skip(engine.ErrMaxFailures)
	}
}

func (s *schedule) interrupt(err error) {
	s.interrupted = err
	s.skip(err)
}

// skip gives up whatever has not been started.
func (s *schedule) skip(why error) {
	for _, job := range s.pending {
		s.skipped = append(s.skipped, engine.Event{Job: job, Done: true, Skipped: true, Err: why})
	}
	s.pending = nil
}

// given returns the jobs given up since it was last asked. With nothing under way, what is still pending never will be.
func (s *schedule) given() []engine.Event {
	if s.active == 0 {
		s.skip(engine.ErrNoTwin)
	}
	list := s.skipped
	s.skipped = nil
	return list
}

func (s *schedule) idle() bool { return s.active == 0 && len(s.pending) == 0 }
