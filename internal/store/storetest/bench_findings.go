package storetest

import (
	"context"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/glueguard/glueguard/internal/control"
	"github.com/glueguard/glueguard/internal/store"
)

// BenchmarkFindings asks an audit of n findings what the console's pages ask, and reports the median, the 99th of 100
// and the worst of each question's times.
func BenchmarkFindings(b *testing.B, s store.Store, n int) {
	b.Helper()
	list := Various(n)
	id := Keep(b, s, 1, list)
	must(b, s.IndexAudit(b.Context(), id))
	some := list[n/2]
	for name, q := range map[string]store.FindingQuery{
		"all":                 {},
		"all, deep":           {Offset: n - 60},
		"by name, deep":       {Sort: store.ByResource, Reverse: true, Offset: n / 2},
		"by status":           {Sort: store.ByStatus},
		"failing":             {Statuses: []control.Status{control.Fail}, Sort: store.ByReason},
		"account and control": {Accounts: []string{some.Resource.Account}, Controls: []control.ID{some.Control}},
		"tags":                {Tags: []string{"stage", "team=" + list[1].Resource.Tags["team"]}, Sort: store.ByResource},
		"search, many":        {Search: "ENCRYPTED", Sort: store.ByResource},
		"search, few":         {Search: some.Resource.Name},
		"search, none":        {Search: "nothing like it"},
		"500 at once":         {Limit: 500, Sort: store.ByResource, Offset: n / 3},
		"resource":            {Resource: some.Resource.ARN},
	} {
		q.Audit = id
		b.Run("find/"+name, func(b *testing.B) {
			timed(b, func(ctx context.Context) error { _, err := s.FindFindings(ctx, q); return err })
		})
		b.Run("facets/"+name, func(b *testing.B) {
			timed(b, func(ctx context.Context) error { _, err := s.Facets(ctx, q); return err })
		})
	}
	b.Run("posture", func(b *testing.B) {
		timed(b, func(ctx context.Context) error { _, err := s.Posture(ctx, "latest"); return err })
	})
	b.Run("finding", func(b *testing.B) {
		timed(b, func(ctx context.Context) error { _, err := s.Finding(ctx, id, some.ID); return err })
	})
}

// timed reports how the times of one operation are spread.
func timed(b *testing.B, do func(context.Context) error) {
	b.Helper()
	var times []time.Duration
	for b.Loop() {
		start := time.Now()
		must(b, do(b.Context()))
		times = append(times, time.Since(start))
	}
	slices.Sort(times)
	milliseconds := func(d time.Duration) float64 { return float64(d.Microseconds()) / 1000 }
	b.ReportMetric(milliseconds(times[len(times)/2]), "ms/median")
	b.ReportMetric(milliseconds(times[len(times)*99/100]), "ms/p99")
	b.ReportMetric(milliseconds(times[len(times)-1]), "ms/worst")
}

// BenchmarkIndex builds the index of n findings, and reports how long others wait at worst to write meanwhile.
func BenchmarkIndex(b *testing.B, open Open, n int) {
	b.Helper()
	list := Various(n)
	var worst time.Duration
	for b.Loop() {
		b.StopTimer()
		s := open(b)
		id := Keep(b, s, 1, list)
		ended := make(chan struct{})
		b.StartTimer()
		go func() {
			defer close(ended)
			if err := s.IndexAudit(b.Context(), id); err != nil {
				b.Error(err)
			}
		}()
		worst = max(worst, writeUntil(b, s, ended))
	}
	b.ReportMetric(float64(worst.Milliseconds()), "ms/write-at-worst")
}

// writeUntil writes small things until the channel is closed, and returns the longest time that one took.
func writeUntil(b *testing.B, s store.Store, ended chan struct{}) (worst time.Duration) {
	b.Helper()
	for n := 0; ; n++ {
		select {
		case <-ended:
			return worst
		default:
		}
		start := time.Now()
		must(b, s.SavePlan(b.Context(), fmt.Sprintf("sha256:%d", n), Start(1), []byte("{}")))
		worst = max(worst, time.Since(start))
	}
}
