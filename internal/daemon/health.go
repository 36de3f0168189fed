package daemon

import (
	"maps"
	"slices"
	"sync"
)

// health knows which of the daemon's parts failed when they were last at work. The nil health remembers nothing.
type health struct {
	mu     sync.Mutex
	failed map[string]bool
}

func newHealth() *health { return &health{failed: map[string]bool{}} }

// note keeps how a part fared; well makes good what went wrong before.
func (h *health) note(part string, err error) {
	if h == nil {
		return
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	if err == nil {
		delete(h.failed, part)
	} else {
		h.failed[part] = true
	}
}

// ailing lists the parts that failed, in order. Why they did is in the log.
func (h *health) ailing() []string {
	h.mu.Lock()
	defer h.mu.Unlock()
	return slices.Sorted(maps.Keys(h.failed))
}
