package execute

import (
	"time"

	"github.com/glueguard/glueguard/internal/change"
	"github.com/glueguard/glueguard/internal/plan"
)

const (
	shortestLook = 50 * time.Millisecond
	longestLook  = 5 * time.Second

	firstRetry   = 500 * time.Millisecond
	longestRetry = 30 * time.Second

	// readsFail is how long nothing but failing reads are borne, and calls that never get through.
	readsFail = 10 * time.Minute
	// notYet is how long AWS may say "not yet": roles take minutes to be known everywhere.
	notYet = 5 * time.Minute
	// mostTries is how often a call is sent that AWS answers with server errors, or not at all.
	mostTries = 5
	// waitLimit is how long a step waits that doesn't say.
	waitLimit = 60 * time.Minute
	// settle is how long a lost answer is looked for where Deps doesn't say.
	settle = 2 * time.Minute
	// doubt is how long a verification that finds differences looks again: what AWS was told shows late in its reads.
	doubt = 10 * time.Second
)

// nextLook is when to look again at something that has been waited for since a time: the longer it takes, the rarer: a twentieth later than needed at most.
func nextLook(since, now time.Time) time.Time {
	return now.Add(min(max(now.Sub(since)/20, shortestLook), longestLook))
}

// nextRead is when to try reads again that have failed since a time.
func nextRead(since, now time.Time) time.Time {
	return now.Add(min(max(now.Sub(since), firstRetry), longestRetry))
}

// nextTry is when a call may be sent again after so many in vain, the last at a time.
func nextTry(last time.Time, tries int) time.Time {
	if tries < 1 {
		return last
	}
	return last.Add(min(firstRetry<<min(tries-1, 10), longestRetry))
}

// limit is how long a step may wait.
func limit(s plan.Step) time.Duration {
	if s.LimitMinutes > 0 {
		return time.Duration(s.LimitMinutes) * time.Minute
	}
	return waitLimit
}

// settle is how long a lost answer is looked for.
func (d Deps) settle() time.Duration {
	if d.Settle > 0 {
		return d.Settle
	}
	return settle
}

// shadow is until when an effect may be there without showing: a step that finds nothing to take back, though a call
// was sent that it is there to take back, does not believe so before. The zero time: nothing can be hidden.
func shadow(c *change.Change, s plan.Step, settle time.Duration) time.Time {
	if s.Kind == plan.DeleteEndpoint || s.Kind == plan.DeleteTransform {
		if at, ok := c.MadeAt(s.Role); ok {
			return at.Add(settle)
		}
		return time.Time{}
	}
	var until time.Time
	for _, p := range c.Past {
		same := p.Step.Kind == s.Kind && p.Step.Role == s.Role && p.Step.Job == s.Job
		if same && p.Loose > 0 && p.IntendedAt.Add(settle).After(until) {
			until = p.IntendedAt.Add(settle)
		}
	}
	return until
}
