package storetest

import (
	"fmt"
	"sync"
	"testing"

	"github.com/glueguard/glueguard/internal/store"
)

// BenchmarkChanges writes whole changes, several at once: one operation is a change of six entries.
func BenchmarkChanges(b *testing.B, h Changes, parallel int) {
	b.Helper()
	s := h.Open(b)
	next := make(chan int)
	var wg sync.WaitGroup
	for range parallel {
		wg.Go(func() {
			for i := range next {
				whole(b, s, fmt.Sprintf("c%d", i), fmt.Sprintf("dev%d", i), "sha256:plan", i)
			}
		})
	}
	for i := 0; b.Loop(); i++ {
		next <- i
	}
	close(next)
	wg.Wait()
}

// BenchmarkListing lists n changes in short.
func BenchmarkListing(b *testing.B, h Changes, n int) {
	b.Helper()
	s := h.Open(b)
	for i := range n {
		whole(b, s, fmt.Sprintf("c%d", i), fmt.Sprintf("dev%d", i), "sha256:plan", i)
	}
	for b.Loop() {
		listed := 0
		must(b, s.EachSummary(b.Context(), store.ChangeFilter{}, func(store.Summarized) error { listed++; return nil }))
		if listed != n {
			b.Fatalf("%d changes listed, want %d", listed, n)
		}
	}
}
