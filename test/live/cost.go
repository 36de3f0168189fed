package main

import (
	"fmt"
	"time"
)

// What AWS bills: DPU-hours, and at least ten minutes of each endpoint and task run.
const (
	dpus         = 2 // of each endpoint and task run made here; AWS takes no fewer
	leastBilled  = 10 * time.Minute
	cleaningTime = 30 * time.Minute // until everything of a part is deleted, at worst
)

// part is what one part of the run may use at most.
type part struct {
	name  string
	made  int           // endpoints and task runs that are billed
	alive int           // of these at the same time
	worst time.Duration // it is given up after this
}

// meter adds up what the run may have cost. It never believes less than the worst case.
type meter struct {
	limit, spent float64 // USD
	price        float64 // USD for a DPU-hour
}

// overLimitError means that a part was not begun because it might have cost too much.
type overLimitError struct {
	part         string
	bound, spent float64
	limit        float64
}

func (e *overLimitError) Error() string {
	return fmt.Sprintf("%s may cost up to %.2f USD, which with %.2f so far is more than the %.2f accepted", e.part, e.bound, e.spent, e.limit)
}

// bound is what a part costs at most when it has taken a time.
func (m *meter) bound(p part, taken time.Duration) float64 {
	if p.made == 0 {
		return 0
	}
	billed := time.Duration(p.alive)*(taken+cleaningTime) + time.Duration(p.made)*leastBilled
	return billed.Hours() * dpus * m.price
}

// begin refuses a part that might go over the limit.
func (m *meter) begin(p part) error {
	if bound := m.bound(p, p.worst); m.spent+bound > m.limit {
		return &overLimitError{p.name, bound, m.spent, m.limit}
	}
	return nil
}

func (m *meter) end(p part, taken time.Duration) { m.spent += m.bound(p, min(taken, p.worst)) }
