package hostile

import (
	"bufio"
	"net/http"
	"strings"
	"testing"

	"github.com/glueguard/glueguard/internal/auth"
)

// TestStreams has one user open streams until there is no room: others still get theirs, and so does the user, once one
// is closed.
func TestStreams(t *testing.T) {
	t.Parallel()
	const room = 20
	w := idle(t)
	greedy, other := w.user("greedy", auth.Viewer), w.user("other", auth.Viewer)
	again := w.user("greedy", auth.Viewer) // another session of the same user
	open := func(who somebody, path string) *http.Response {
		t.Helper()
		r := w.request(http.MethodGet, path, "").WithContext(t.Context())
		r.Header.Set("Accept", "text/event-stream")
		who.sign(r)
		res, err := w.http.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { res.Body.Close() })
		return res
	}
	var streams []*http.Response
	for i := range room {
		who := greedy
		if i%2 == 1 {
			who = again
		}
		res := open(who, base+"/events")
		if line, err := bufio.NewReader(res.Body).ReadString('\n'); res.StatusCode != http.StatusOK || err != nil || !strings.HasPrefix(line, "retry: ") {
			t.Fatalf("stream %d: %s %q %v", i, res.Status, line, err)
		}
		streams = append(streams, res)
	}
	for _, who := range []somebody{greedy, again} {
		got := w.ask(t, who, http.MethodGet, base+"/events", nil)
		if got.status != http.StatusTooManyRequests || got.header.Get("Retry-After") == "" || got.header.Get("Content-Type") != "application/problem+json" {
			t.Errorf("one too many: %d %v %s", got.status, got.header, got.body)
		}
	}
	if res := open(other, base+"/events"); res.StatusCode != http.StatusOK {
		t.Errorf("somebody else is answered %s", res.Status)
	}
	if got := w.ask(t, greedy, http.MethodGet, "/", nil); got.status != http.StatusOK {
		t.Errorf("a page without a stream is answered %d", got.status)
	}
	streams[0].Body.Close()
	for { // until the daemon has seen that
		res := open(greedy, base+"/events")
		if res.StatusCode == http.StatusOK {
			break
		}
		res.Body.Close()
	}
}
