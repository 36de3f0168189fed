package cli

import (
	"strings"
	"testing"
	"time"

	"github.com/glueguard/glueguard/internal/store"
)

func TestWhoStartedARequest(t *testing.T) {
	t.Parallel()
	at := time.Date(2026, 11, 23, 10, 38, 0, 0, time.UTC)
	who := &store.Actor{Name: "dana"}
	for name, test := range map[string]struct {
		request requestJSON
		want    string
	}{
		"nobody yet":           {requestJSON{State: store.RequestApproved}, ""},
		"left to the daemon":   {requestJSON{State: store.RequestQueued, StartedBy: who}, "Left to the daemon by  dana\n"},
		"started, and by whom": {requestJSON{State: store.RequestRunning, StartedBy: who, StartedAt: at}, "Started by  dana, 2026-11-23 10:38 UTC\n"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			test.request.ExpiresAt, test.request.ProposedAt = at, at
			var got strings.Builder
			if err := showRequest(&got, test.request); err != nil {
				t.Fatal(err)
			}
			if test.want == "" && strings.Contains(got.String(), "daemon") || !strings.Contains(got.String(), test.want) || strings.Contains(got.String(), "0001-") {
				t.Errorf("got:\n%s\nwant %q in it", got.String(), test.want)
			}
		})
	}
}
