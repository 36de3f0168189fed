package repair

import (
	"context"

	"github.com/glueguard/glueguard/internal/change"
	"github.com/glueguard/glueguard/internal/engine"
	"github.com/glueguard/glueguard/internal/plan"
	"github.com/glueguard/glueguard/internal/policy"
)

// TwinIn is the location in which an item needs room for a dev endpoint beside those there: engine.Job.Twin.
func TwinIn(i plan.Item) string {
	if makesEndpoint(i) {
		return i.Location.String()
	}
	return ""
}

// ApplyJobs are the jobs that carry out the items of a plan which are not blocked. job is what they have in common.
func ApplyJobs(job engine.Job, p plan.Plan) (jobs []engine.Job, items []plan.Item) {
	for _, i := range p.Changes {
		if i.Blocked != nil {
			continue
		}
		j := job
		j.Verb, j.Plan, j.Resource, j.Twin = engine.Apply, p.Digest, i.Resource.ARN, TwinIn(i)
		jobs, items = append(jobs, j), append(items, i)
	}
	return jobs, items
}

// ChangeJob is the job of a change: job is what is asked of it. It returns the item too where the job needs room for a twin.
func ChangeJob(job engine.Job, c *change.Change) (engine.Job, []plan.Item) {
	job.Change, job.Resource = c.Head.ID, c.Head.Item.Resource.ARN
	if job.Verb == engine.Backout && c.Touched() { // it needs room for a twin; what others make is there already
		job.Twin = TwinIn(c.Head.Item)
		return job, []plan.Item{c.Head.Item}
	}
	return job, nil
}

// Limits say how much is done at once: parallel, else what the policy says. No more twins are begun in a location than
// AWS's quota, or the policy, leaves room for.
func (w *Worker) Limits(ctx context.Context, rules policy.Repair, parallel int, a plan.Access, items []plan.Item) (engine.Limits, error) {
	if parallel == 0 {
		parallel = rules.AtOnce()
	}
	room, err := w.Room(ctx, a, items)
	if err != nil {
		return engine.Limits{}, err
	}
	if most := rules.Twins; most > 0 {
		for _, i := range items {
			if at := TwinIn(i); at != "" {
				if left, known := room[at]; !known || left > most {
					room[at] = most
				}
			}
		}
	}
	return engine.Limits{Parallel: parallel, Twins: room}, nil
}
