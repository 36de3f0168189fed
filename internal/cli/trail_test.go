package cli

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/glueguard/glueguard/internal/report"
	"github.com/glueguard/glueguard/internal/store"
	"github.com/glueguard/glueguard/internal/store/sqlite"
)

func TestTheOperatorOfTheSystem(t *testing.T) {
	t.Parallel()
	none := func(string) (string, bool) { return "", false }
	sudo := func(name string) (string, bool) { return "alice", name == "SUDO_USER" }
	plain, raised := systemOperator(none), systemOperator(sudo)
	if plain.Kind != store.ActorCommand || plain.Name == "" || plain.Via != "" {
		t.Errorf("%+v", plain)
	}
	want := ""
	if os.Getuid() == 0 {
		want = "sudo by alice"
	}
	if raised.Via != want {
		t.Errorf("with sudo: %+v", raised)
	}
}

func TestWhatIsRecorded(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "state.db")
	s, err := sqlite.Open(t.Context(), path)
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	h := newHarness(nil)
	h.Now = func() time.Time { return time.Date(2026, 11, 23, 8, 0, 0, 0, time.UTC) }
	h.Operator = func() store.Actor {
		return store.Actor{Kind: store.ActorCommand, Name: "al\x1b[2Jice", Address: "desk"}
	}
	err = h.record(t.Context(), s, store.Deed{
		Actor: store.Actor{Role: "arn:aws:iam::1:role/x", Name: "mallory"}, Action: "change.apply", Outcome: store.DeedOK, Subject: "c1",
		Detail: map[string]string{"reason": "", "state": "done"},
	})
	if err != nil {
		t.Fatal(err)
	}
	var got store.Deed
	if err := s.EachDeed(t.Context(), 0, 1, func(d store.Deed) error { got = d; return nil }); err != nil {
		t.Fatal(err)
	}
	want := store.Deed{
		At: h.Now(), Actor: store.Actor{Kind: store.ActorCommand, Name: "al\x1b[2Jice", Address: "desk", Role: "arn:aws:iam::1:role/x"},
		Action: "change.apply", Subject: "c1", Outcome: store.DeedOK, Detail: map[string]string{"state": "done"},
	}
	if d := cmp.Diff(want, got, cmpopts.IgnoreFields(store.Deed{}, "Seq", "Prev", "Hash")); d != "" {
		t.Errorf("(-want +got):\n%s", d)
	}
	if status := h.run(t.Context(), "evidence", "trail", "--state", path); status != 0 || strings.Contains(h.out.String(), "\x1b") {
		t.Errorf("status %d:\n%q", status, h.out.String())
	}
}

func TestATrailKeepsWithinTheTerminal(t *testing.T) {
	t.Parallel()
	at := time.Date(2026, 11, 23, 9, 55, 33, 0, time.UTC)
	deeds := []store.Deed{
		{Seq: 30, At: at, Actor: store.Actor{Name: "root@vm"}, Action: "change.apply", Outcome: store.DeedOK, Subject: "621720e64593aec9", Detail: map[string]string{"resource": "arn:aws:glue:us-east-1:111111111111:mlTransform/tfm-fb1c034ac09b75c19e520e77f9d88145f68085af"}},
		{Seq: 4, At: at, Actor: store.Actor{Name: "root@vm"}, Action: "plan.propose", Outcome: store.DeedOK, Subject: "sha256:86d304e7ef2086d304e7ef20"},
	}
	each := func(yield func(store.Deed) error) error {
		for _, d := range deeds {
			if err := yield(d); err != nil {
				return err
			}
		}
		return nil
	}
	for name, test := range map[string]struct {
		look report.Look
		want string
	}{
		"piped": {report.Look{}, `ENTRY  TIME                  WHO      ACTION        OUTCOME  OF
30     2026-11-23 09:55:33Z  root@vm  change.apply  ok       621720e64593aec9  ML transform tfm-fb1c034ac09b75c19e520e77f9d88145f68085af (111111111111/us-east-1)
4      2026-11-23 09:55:33Z  root@vm  plan.propose  ok       plan 86d304e7ef20
`},
		"100 columns": {report.Look{Terminal: true, Width: 100}, `ENTRY  TIME                  WHO      ACTION        OUTCOME  OF
30     2026-11-23 09:55:33Z  root@vm  change.apply  ok
       621720e64593aec9 ML transform tfm-fb1c034ac09b75c19e520e77f9d88145f68085af
       (111111111111/us-east-1)
4      2026-11-23 09:55:33Z  root@vm  plan.propose  ok       plan 86d304e7ef20
`},
		"120 columns": {report.Look{Terminal: true, Width: 120}, `ENTRY  TIME                  WHO      ACTION        OUTCOME  OF
30     2026-11-23 09:55:33Z  root@vm  change.apply  ok       621720e64593aec9 ML transform
                                                             tfm-fb1c034ac09b75c19e520e77f9d88145f68085af
                                                             (111111111111/us-east-1)
4      2026-11-23 09:55:33Z  root@vm  plan.propose  ok       plan 86d304e7ef20
`},
		"80 columns": {report.Look{Terminal: true, Width: 80}, `ENTRY  TIME                  WHO      ACTION        OUTCOME  OF
30     2026-11-23 09:55:33Z  root@vm  change.apply  ok
       621720e64593aec9 ML transform
       tfm-fb1c034ac09b75c19e520e77f9d88145f68085af (111111111111/us-east-1)
4      2026-11-23 09:55:33Z  root@vm  plan.propose  ok       plan 86d304e7ef20
`},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var got strings.Builder
			if err := trailTable(&got, test.look, each); err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(test.want, got.String()); diff != "" {
				t.Errorf("-want +got:\n%s", diff)
			}
		})
	}
}
