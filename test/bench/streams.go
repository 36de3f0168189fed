package main

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"
)

const (
	streams  = 200
	watchers = 10 // users that the streams belong to: one alone may not have so many
)

// heard is what all streams together were told.
type heard struct {
	mu      sync.Mutex
	delays  []time.Duration // from the server's clock, which is ours, to the stream's reader
	seconds []time.Duration // from a journal's entry to the stream's reader
	events  int
	ended   chan struct{} // closed when each stream was told of the end of each change
	left    int
}

// watch opens many live streams, lets changes run, and measures how late each stream is told.
func (s *served) watch(ctx context.Context) (measured, error) {
	ctx, cancel := context.WithTimeout(ctx, 3*time.Minute)
	defer cancel()
	clients, err := s.viewers(ctx, watchers)
	if err != nil {
		return measured{}, err
	}
	_, before := s.taken()
	h := &heard{ended: make(chan struct{}), left: streams * len(s.sample.unchanged)}
	open, failed := make(chan struct{}, streams), make(chan error, streams)
	for i := range streams {
		go func() { failed <- s.follow(ctx, clients[i%watchers], h, open) }()
	}
	for range streams {
		select {
		case <-open:
		case err := <-failed:
			return measured{}, err
		}
	}
	began, opened := s.taken()
	start := time.Now()
	work := map[string]any{
		"kind": "apply", "plan": s.sample.plan, "resources": s.sample.unchanged, "parallel": len(s.sample.unchanged),
		"accept_unchecked": []string{"*"},
	}
	if err := s.post(ctx, "/requests", map[string]any{"work": work, "start": true}, nil); err != nil {
		return measured{}, err
	}
	select {
	case <-h.ended:
	case err := <-failed:
		return measured{}, errors.Join(errors.New("a stream ended early"), err)
	case <-ctx.Done():
		return measured{}, fmt.Errorf("%d ends of changes were not told: %w", h.left, ctx.Err())
	}
	m := measured{wall: time.Since(start)}
	cpu, after := s.taken()
	m.cpu, m.peakBytes = cpu-began, after
	slices.Sort(h.delays)
	slices.Sort(h.seconds)
	m.p99 = h.seconds[len(h.seconds)*99/100]
	m.notes = []string{
		fmt.Sprintf("%d events in %d streams; from being published to the reader: median %s, p99 %s, most %s",
			h.events, streams, fine(h.delays[len(h.delays)/2]), fine(h.delays[len(h.delays)*99/100]), fine(h.delays[len(h.delays)-1])),
		fmt.Sprintf("from the journal's entry to the reader: median %s, p99 %s", fine(h.seconds[len(h.seconds)/2]), fine(m.p99)),
		fmt.Sprintf("resident: %s before, %s with all streams open, %s when %d changes were done",
			megabytes(before), megabytes(opened), megabytes(after), len(s.sample.unchanged)),
	}
	return m, nil
}

// follow reads one stream until ctx ends.
func (s *served) follow(ctx context.Context, client *http.Client, h *heard, open chan<- struct{}) error {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, s.url+basePath+"/events", http.NoBody)
	if err != nil {
		return err
	}
	resp, err := client.Do(req)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		return fmt.Errorf("the stream was answered %s", resp.Status)
	}
	lines := bufio.NewScanner(resp.Body)
	lines.Buffer(nil, 1<<20)
	over := map[string]bool{}
	for lines.Scan() {
		data, isData := strings.CutPrefix(lines.Text(), "data: ")
		switch {
		case strings.HasPrefix(lines.Text(), "retry: "):
			open <- struct{}{}
		case isData:
			if err := h.take([]byte(data), over); err != nil {
				return err
			}
		}
	}
	return lines.Err()
}

func (h *heard) take(data []byte, over map[string]bool) error {
	now := time.Now()
	var e struct {
		At     time.Time
		Kind   string
		Change *struct {
			ID, State string
			UpdatedAt time.Time `json:"updated_at"`
		}
	}
	if err := json.Unmarshal(data, &e); err != nil {
		return err
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	h.events++
	h.delays = append(h.delays, now.Sub(e.At))
	if e.Change == nil {
		return nil
	}
	h.seconds = append(h.seconds, now.Sub(e.Change.UpdatedAt))
	switch e.Change.State {
	case "running":
		return nil
	case "done":
	default:
		return fmt.Errorf("change %s is %s", e.Change.ID, e.Change.State)
	}
	if !over[e.Change.ID] {
		over[e.Change.ID] = true
		if h.left--; h.left == 0 {
			close(h.ended)
		}
	}
	return nil
}

// fine shows a short time.
func fine(d time.Duration) string { return d.Round(100 * time.Microsecond).String() }
