package change

import (
	"time"

	"github.com/glueguard/glueguard/internal/plan"
	"github.com/glueguard/glueguard/internal/resource"
)

// leastBilled is what AWS bills of a dev endpoint at least.
const leastBilled = 10 * time.Minute

// TwinCost is what the change's twins have cost so far, in DPU-hours: each from when AWS was told to make it until it
// was told to delete it, or until the twin was accepted for good. Transforms cost nothing by being there. AWS bills a
// dev endpoint by the second, and for ten minutes at least.
func (c *Change) TwinCost(now time.Time) float64 {
	var hours float64
	for p := range c.All() {
		made := p.Step.Kind == plan.CreateEndpoint && p.Step.Endpoint != nil && (p.Status == StepDone || p.Status == StepUndone && p.Facts != nil)
		if !made || (p.Step.Role != plan.Twin && p.Step.Role != plan.RestoredTwin) {
			continue
		}
		lived := max(c.twinEnd(p, now).Sub(p.FinishedAt), leastBilled)
		hours += DPUs(*p.Step.Endpoint) * lived.Hours()
	}
	return hours
}

// twinEnd is when the twin that a step made stopped being one.
func (c *Change) twinEnd(made Progress, now time.Time) time.Time {
	for p := range c.All() {
		if p.Step.Kind == plan.DeleteEndpoint && p.Step.Role == made.Step.Role && p.Status == StepDone && p.FinishedAt.After(made.FinishedAt) {
			return p.FinishedAt
		}
	}
	if c.State == Finalized {
		return c.UpdatedAt
	}
	return now
}

// DPUs is the size of a dev endpoint in data processing units, by which AWS bills.
func DPUs(d resource.EndpointDefinition) float64 {
	if d.WorkerType == "" {
		if d.NumberOfNodes == 0 {
			return 5 // what AWS makes where nothing sizes it
		}
		return float64(d.NumberOfNodes)
	}
	return float64(d.NumberOfWorkers) * perWorker(d.WorkerType)
}

func perWorker(kind string) float64 {
	switch kind {
	case "G.025X":
		return 0.25
	case "G.2X", "Z.2X":
		return 2
	case "G.4X":
		return 4
	case "G.8X":
		return 8
	}
	return 1 // Standard, G.1X
}
