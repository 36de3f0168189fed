package main

import (
	"context"
	"fmt"
	"slices"
	"time"
)

// measured is what one row of the table shows. A zero means that the row does not measure it.
type measured struct {
	calls     int64 // that reached the sandbox
	floor     int64 // the fewest that can answer the question
	wall, cpu time.Duration
	peakBytes int64 // resident, of the audit's process
	relative  float64
	overhead  time.Duration // of the slowest change, beyond what AWS takes itself
	missed    int           // answers of a group that did not come in time
	p99       time.Duration // of how late live streams are told
	notes     []string      // printed below the table
}

// row is one promise of docs/performance.md.
type row struct {
	name    string
	promise string
	measure func(context.Context, bench) (measured, error)
	goal    func(measured) string // "" when the promise is kept, else why not
}

const repeats = 3 // the median of these is shown

func rows() []row { return slices.Concat(auditRows(), repairRows(), consoleRows(fullSize())) }

func auditRows() []row {
	return []row{
		{
			"empty location", "2 calls beside who and where",
			audited(estate{accounts: 1, regions: 1, resources: 0}), exactly,
		},
		{
			"34 regions x 100 resources, 80 ms", "under 0.6 s",
			audited(estate{accounts: 1, regions: 34, resources: 3400, latency: 80 * time.Millisecond}),
			all(atFloor, faster(600*time.Millisecond)),
		},
		{
			"1,000 accounts x 17 regions, 50 ms", "under 8 s, under 150 MB",
			audited(estate{accounts: 1000, regions: 17, resources: 20_000, latency: 50 * time.Millisecond}),
			all(atFloor, faster(8*time.Second), smaller(150_000_000)),
		},
		{
			"as many calls, the SDK alone", "for comparison",
			measureBare, func(measured) string { return "" },
		},
		{
			"throttled to 5 calls/s per location", "finishes at that rate, nothing lost",
			measureThrottled, func(m measured) string {
				if m.relative > 1.5 {
					return fmt.Sprintf("%.2f times what the rate allows", m.relative)
				}
				return ""
			},
		},
		{
			"memory at 1,000 accounts against 100", "within 20 %",
			measureMemory, func(m measured) string {
				if m.relative > 1.2 || m.relative < 0.8 {
					return fmt.Sprintf("%.0f %%", 100*m.relative)
				}
				return ""
			},
		},
		{"glueguard --version", "under 30 ms", measureStart, faster(30 * time.Millisecond)},
	}
}

func repairRows() []row {
	return []row{
		{
			"200 changes at once, one account", "under 1 s beyond AWS's own time",
			measureRepair(repair{estate: estate{accounts: 1, regions: 1, resources: 833}, provisioning: 5 * time.Second, changes: 200}),
			overheadUnder(time.Second),
		},
		{
			"200 changes at once, ten accounts", "under 1 s beyond AWS's own time",
			measureRepair(repair{estate: estate{accounts: 10, regions: 4, resources: 660}, provisioning: 5 * time.Second, changes: 200}),
			overheadUnder(time.Second),
		},
		{
			"one change", "under 1 s beyond AWS's own time",
			measureRepair(repair{
				estate: estate{accounts: 1, regions: 1, resources: 10}, provisioning: 5 * time.Second, changes: 1,
				only: "platform-ingest",
			}),
			overheadUnder(time.Second),
		},
	}
}

func audited(e estate) func(context.Context, bench) (measured, error) {
	return func(ctx context.Context, b bench) (measured, error) {
		return median(func() (measured, error) {
			run, err := b.audit(ctx, e)
			return run.measured, err
		})
	}
}

// median repeats a measurement and returns the run with the middle wall time.
func median(measure func() (measured, error)) (measured, error) {
	var runs []measured
	for range repeats {
		m, err := measure()
		if err != nil {
			return measured{}, err
		}
		runs = append(runs, m)
	}
	slices.SortFunc(runs, func(a, b measured) int { return int(a.wall - b.wall) })
	return runs[len(runs)/2], nil
}

// measureThrottled compares the time taken with what the allowed rate makes of the calls of the busiest location.
func measureThrottled(ctx context.Context, b bench) (measured, error) {
	free := estate{accounts: 1, regions: 3, resources: 60}
	want, err := b.audit(ctx, free)
	if err != nil {
		return measured{}, err
	}
	slow := free
	slow.rate = 5
	m, err := b.audit(ctx, slow)
	if err != nil {
		return measured{}, err
	}
	if want.findings != m.findings {
		return measured{}, fmt.Errorf("the throttled audit found %+v, the free one %+v", m.findings, want.findings)
	}
	m.relative = m.wall.Seconds() / (float64(m.busiest) / slow.rate)
	return m.measured, nil
}

func measureMemory(ctx context.Context, b bench) (measured, error) {
	few, err := b.audit(ctx, estate{accounts: 100, regions: 17, resources: 2000, latency: 50 * time.Millisecond})
	if err != nil {
		return measured{}, err
	}
	many, err := b.audit(ctx, estate{accounts: 1000, regions: 17, resources: 20_000, latency: 50 * time.Millisecond})
	if err != nil {
		return measured{}, err
	}
	many.relative = float64(many.peakBytes) / float64(few.peakBytes)
	return many.measured, nil
}

func measureStart(ctx context.Context, b bench) (measured, error) {
	var runs []measured
	for range 20 {
		m, err := b.version(ctx)
		if err != nil {
			return measured{}, err
		}
		runs = append(runs, m)
	}
	slices.SortFunc(runs, func(a, b measured) int { return int(a.wall - b.wall) })
	return runs[len(runs)/2], nil
}

func exactly(m measured) string {
	if m.calls != m.floor {
		return fmt.Sprintf("%d calls, %d at the floor", m.calls, m.floor)
	}
	return ""
}

func atFloor(m measured) string {
	if m.calls < m.floor {
		return fmt.Sprintf("%d calls can't have told what was found: at least %d", m.calls, m.floor)
	}
	if m.calls > m.floor {
		return fmt.Sprintf("%d calls more than the floor", m.calls-m.floor)
	}
	return ""
}

func faster(limit time.Duration) func(measured) string {
	return func(m measured) string {
		if m.wall > limit {
			return fmt.Sprintf("%s, not %s", round(m.wall), limit)
		}
		return ""
	}
}

func smaller(limit int64) func(measured) string {
	return func(m measured) string {
		if m.peakBytes > limit {
			return fmt.Sprintf("%s, not %s", megabytes(m.peakBytes), megabytes(limit))
		}
		return ""
	}
}

func all(goals ...func(measured) string) func(measured) string {
	return func(m measured) string {
		for _, g := range goals {
			if why := g(m); why != "" {
				return why
			}
		}
		return ""
	}
}
