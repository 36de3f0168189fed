package model

import (
	"encoding/json"
	"testing"

	"pgregory.net/rapid"
)

// tell checks stories about so many resources.
func tell(t *testing.T, endpoints, transforms int) {
	t.Helper()
	rapid.Check(t, func(r *rapid.T) {
		s := drawStory(r, endpoints, transforms)
		if err := inBubble(t, func(w *world) error { return w.tell(s) }); err != nil {
			text, _ := json.Marshal(s)
			r.Fatalf("%v\n%s", err, text)
		}
	})
}

func TestOneEndpoint(t *testing.T) {
	t.Parallel()
	tell(t, 1, 0)
}

func TestOneTransform(t *testing.T) {
	t.Parallel()
	tell(t, 0, 1)
}

func TestSeveral(t *testing.T) {
	t.Parallel()
	tell(t, 2, 1)
}
