package evidence_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/glueguard/glueguard/internal/evidence"
	"github.com/glueguard/glueguard/internal/store"
)

func (m *memory) EachDeed(_ context.Context, before int64, limit int, yield func(store.Deed) error) error {
	n := 0
	for _, d := range slices.Backward(m.deeds) {
		if before > 0 && d.Seq >= before {
			continue
		}
		if n++; limit > 0 && n > limit {
			return nil
		}
		if err := yield(d); err != nil {
			return err
		}
	}
	return nil
}

func (m *memory) CheckTrail(context.Context) (store.TrailState, error) {
	var broken *store.TrailError
	intact := m.deeds
	if errors.As(m.broken, &broken) {
		intact = intact[:broken.Seq-1]
	}
	if len(intact) == 0 {
		return store.TrailState{Head: store.NoDeed()}, m.broken
	}
	last := intact[len(intact)-1]
	return store.TrailState{Entries: last.Seq, Head: last.Hash, LastAt: last.At}, m.broken
}

// did adds a deed to the trail, a minute after the one before.
func (m *memory) did(t testing.TB, action, subject string, detail map[string]string) {
	t.Helper()
	prev := store.NoDeed()
	if n := len(m.deeds); n > 0 {
		prev = m.deeds[n-1].Hash
	}
	d, _, err := store.Deed{
		At: at(len(m.deeds)), Actor: store.Actor{Kind: store.ActorCommand, Name: "ann"}, Action: action, Subject: subject, Outcome: store.DeedOK, Detail: detail,
	}.Seal(int64(len(m.deeds)+1), prev)
	if err != nil {
		t.Fatal(err)
	}
	m.deeds = append(m.deeds, d)
}

// busy is a world whose trail tells of several things.
func busy(t testing.TB) *memory {
	t.Helper()
	m := world(t)
	c, err := m.Change(t.Context(), "change-1")
	if err != nil {
		t.Fatal(err)
	}
	m.did(t, "audit.run", "audit-0", nil)
	m.did(t, "audit.run", "audit-1", nil)
	m.did(t, "plan.propose", c.Head.PlanDigest, map[string]string{"audit": "audit-1"})
	m.did(t, "apply.begin", c.Head.PlanDigest, nil)
	m.did(t, "change.apply", "change-1", map[string]string{"reason": "password=plain-word"})
	m.did(t, "change.apply", "change-2", nil)
	m.did(t, "resume.begin", "", map[string]string{"changes": "change-1 change-2"})
	m.did(t, "resume.begin", "", map[string]string{"changes": "change-2 change-11"})
	m.did(t, "request.approve", "request-1", map[string]string{"plan": c.Head.PlanDigest})
	return m
}

// deedsIn are the numbers of the deeds in a bundle.
func deedsIn(t testing.TB, bundle []byte) []int64 {
	t.Helper()
	var all []int64
	for line := range bytes.Lines(unzip(t, open(t, bundle)["records.jsonl.gz"])) {
		var r evidence.Record
		var d store.Deed
		if err := json.Unmarshal(line, &r); err != nil {
			t.Fatal(err)
		}
		if r.Kind != evidence.KindDeed {
			continue
		}
		if err := json.Unmarshal(r.Body, &d); err != nil {
			t.Fatal(err)
		}
		if r.Of != d.Subject {
			t.Errorf("deed %d is of %q, and its record of %q", d.Seq, d.Subject, r.Of)
		}
		all = append(all, d.Seq)
	}
	return all
}

func TestTheTrailGoesWithTheEvidence(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		selection evidence.Selection
		want      []int64
	}{
		"of an audit":   {evidence.Selection{Audit: "audit-1"}, []int64{2, 3}},
		"of a change":   {evidence.Selection{Change: "change"}, []int64{3, 4, 5, 7, 9}},
		"since a time":  {evidence.Selection{Since: at(5)}, []int64{6, 7, 8, 9}},
		"since the end": {evidence.Selection{Since: at(20)}, nil},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			m := busy(t)
			bundle := export(t, m, c.selection)
			if d := cmp.Diff(c.want, deedsIn(t, bundle)); d != "" {
				t.Errorf("deeds (-want +got):\n%s", d)
			}
			got, err := evidence.Check(t.Context(), bytes.NewReader(bundle), nil)
			want := evidence.Mark{Entries: 9, Head: m.deeds[8].Hash}
			if d := cmp.Diff(want, got.Trail); err != nil || d != "" {
				t.Errorf("%v, mark (-want +got):\n%s", err, d)
			}
			text := unzip(t, open(t, bundle)["records.jsonl.gz"])
			if bytes.Contains(text, []byte("plain-word")) {
				t.Error("a secret is in the bundle")
			}
			if !bytes.Contains(text[:bytes.IndexByte(text, '\n')], []byte(want.Head)) {
				t.Error("the first record does not say how the trail ended")
			}
		})
	}
}

func TestATrailOfManyPages(t *testing.T) {
	t.Parallel()
	m := world(t)
	var want []int64
	for n := range int64(1203) {
		m.did(t, "audit.run", fmt.Sprintf("audit-%d", n%2), nil)
		if n%2 == 1 {
			want = append(want, n+1)
		}
	}
	if d := cmp.Diff(want, deedsIn(t, export(t, m, evidence.Selection{Audit: "audit-1"}))); d != "" {
		t.Errorf("deeds (-want +got):\n%s", d)
	}
}

func TestABrokenTrailIsToldOf(t *testing.T) {
	t.Parallel()
	m := busy(t)
	m.broken = fmt.Errorf("state.db: %w", &store.TrailError{Seq: 4, Reason: "it is missing"})
	bundle := export(t, m, evidence.Selection{Since: at(0)})
	got, err := evidence.Check(t.Context(), bytes.NewReader(bundle), nil)
	if err != nil || got.Trail.Entries != 3 || got.Trail.Head != m.deeds[2].Hash || !strings.Contains(got.Trail.Broken, "entry 4: it is missing") {
		t.Errorf("%+v, %v", got.Trail, err)
	}
	if d := cmp.Diff([]int64{1, 2, 3}, deedsIn(t, bundle)); d != "" {
		t.Errorf("deeds (-want +got):\n%s", d)
	}
}

func TestATrailThatCannotBeRead(t *testing.T) {
	t.Parallel()
	m := busy(t)
	m.broken = errors.New("the disk is gone")
	_, err := evidence.Export(t.Context(), &bytes.Buffer{}, m, evidence.Options{Selection: evidence.Selection{Audit: "audit-1"}, Signer: key(t, 1)})
	if !errors.Is(err, m.broken) {
		t.Error(err)
	}
}
