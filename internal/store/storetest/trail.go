package storetest

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/glueguard/glueguard/internal/store"
)

// Trail is how the suite of audit trails comes by stores.
type Trail struct {
	// Open returns an empty store that is closed when the test ends.
	Open func(t testing.TB) store.Store
	// Again opens what s keeps once more, as another process would; it is closed when the test ends.
	Again func(t testing.TB, s store.Store) store.Store
}

// TestTrail runs the suite of the audit trail, in parallel.
func TestTrail(t *testing.T, h Trail) {
	t.Helper()
	t.Parallel()
	for name, test := range map[string]func(*testing.T, Trail){
		"an empty trail is intact":                   trailEmpty,
		"a deed comes back as it was":                deedComesBack,
		"a deed is bound to the one before":          deedsBound,
		"a hash is the SHA-256 of the entry's JSON":  deedHash,
		"deeds are listed newest first, by the page": deedPages,
		"a callback's error stops the listing":       deedsStop,
		"a deed that says too little is refused":     deedRefused,
		"what is no text is kept all the same":       deedOdd,
		"a deed is told after the context's end":     deedOutlivesContext,
		"many deeds at once are all kept":            deedsAtOnce,
		"two stores on one place have one trail":     oneTrail,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			test(t, h)
		})
	}
}

// Deed makes the n-th deed of the suite.
func Deed(n int) store.Deed {
	return store.Deed{
		At:     Start(n),
		Actor:  store.Actor{Kind: store.ActorCommand, Name: "alice", Role: "arn:aws:iam::111111111111:role/Repair", Address: "workstation"},
		Action: "change.apply", Subject: fmt.Sprintf("change-%d", n), Digest: "sha256:plan", Outcome: store.DeedOK,
		Detail: map[string]string{"state": "done", "resource": ARN("dev")},
	}
}

func record(t testing.TB, s store.Store, d store.Deed) store.Deed {
	t.Helper()
	written, err := s.Record(t.Context(), d)
	must(t, err)
	return written
}

// deeds lists the whole trail, the oldest first.
func deeds(t testing.TB, s store.Store) []store.Deed {
	t.Helper()
	var list []store.Deed
	must(t, s.EachDeed(t.Context(), 0, 0, func(d store.Deed) error {
		list = append([]store.Deed{d}, list...)
		return nil
	}))
	return list
}

func trailEmpty(t *testing.T, h Trail) {
	s := h.Open(t)
	got, err := s.CheckTrail(t.Context())
	if d := cmp.Diff(store.TrailState{Head: strings.Repeat("0", 64)}, got); err != nil || d != "" {
		t.Errorf("%v (-want +got):\n%s", err, d)
	}
	if list := deeds(t, s); len(list) > 0 {
		t.Errorf("deeds: %v", list)
	}
}

func deedComesBack(t *testing.T, h Trail) {
	s := h.Open(t)
	for name, d := range map[string]store.Deed{
		"full":  Deed(1),
		"least": {At: Start(2).In(time.FixedZone("there", 3600)), Actor: store.Actor{Kind: store.ActorDaemon}, Action: "audit.run", Outcome: store.DeedFailed},
	} {
		written := record(t, s, d)
		all := deeds(t, s)
		if diff := cmp.Diff(written, all[len(all)-1]); diff != "" {
			t.Errorf("%s: (-written +read):\n%s", name, diff)
		}
		own := cmpopts.IgnoreFields(store.Deed{}, "Seq", "Prev", "Hash")
		if diff := cmp.Diff(d, written, own); diff != "" {
			t.Errorf("%s: (-given +written):\n%s", name, diff)
		}
		if written.At.Location() != time.UTC {
			t.Errorf("%s: the time is written as %s", name, written.At)
		}
	}
}

func deedsBound(t *testing.T, h Trail) {
	s := h.Open(t)
	before := store.Deed{Hash: store.NoDeed()}
	for n := range 5 {
		d := record(t, s, Deed(n))
		if d.Seq != int64(n+1) || d.Prev != before.Hash {
			t.Errorf("entry %d after %s has number %d and is bound to %s", n+1, before.Hash, d.Seq, d.Prev)
		}
		before = d
	}
	got, err := s.CheckTrail(t.Context())
	if d := cmp.Diff(store.TrailState{Entries: 5, Head: before.Hash, LastAt: Start(4)}, got); err != nil || d != "" {
		t.Errorf("%v (-want +got):\n%s", err, d)
	}
}

// deedHash computes the hash as somebody else would.
func deedHash(t *testing.T, h Trail) {
	d := record(t, h.Open(t), Deed(1))
	bare := d
	bare.Hash = ""
	src, err := json.Marshal(bare)
	must(t, err)
	if sum := sha256.Sum256(src); hex.EncodeToString(sum[:]) != d.Hash {
		t.Errorf("hash %s of %s", d.Hash, src)
	}
}

func deedPages(t *testing.T, h Trail) {
	s := h.Open(t)
	for n := range 5 {
		record(t, s, Deed(n))
	}
	for name, c := range map[string]struct {
		before int64
		limit  int
		want   []int64
	}{
		"all":               {0, 0, []int64{5, 4, 3, 2, 1}},
		"the last two":      {0, 2, []int64{5, 4}},
		"the page before":   {4, 2, []int64{3, 2}},
		"what is left":      {2, 2, []int64{1}},
		"before the first":  {1, 2, nil},
		"all before one":    {3, 0, []int64{2, 1}},
		"past the last one": {99, 1, []int64{5}},
	} {
		var got []int64
		must(t, s.EachDeed(t.Context(), c.before, c.limit, func(d store.Deed) error { got = append(got, d.Seq); return nil }))
		if d := cmp.Diff(c.want, got); d != "" {
			t.Errorf("%s (-want +got):\n%s", name, d)
		}
	}
}

func deedsStop(t *testing.T, h Trail) {
	s := h.Open(t)
	record(t, s, Deed(1))
	record(t, s, Deed(2))
	enough, n := errors.New("enough"), 0
	err := s.EachDeed(t.Context(), 0, 0, func(store.Deed) error { n++; return enough })
	if !errors.Is(err, enough) || n != 1 {
		t.Errorf("%v after %d", err, n)
	}
}

func deedRefused(t *testing.T, h Trail) {
	s := h.Open(t)
	for name, spoil := range map[string]func(*store.Deed){
		"no time":         func(d *store.Deed) { d.At = time.Time{} },
		"no actor":        func(d *store.Deed) { d.Actor = store.Actor{} },
		"no action":       func(d *store.Deed) { d.Action = "" },
		"no outcome":      func(d *store.Deed) { d.Outcome = "" },
		"another outcome": func(d *store.Deed) { d.Outcome = "splendid" },
	} {
		d := Deed(1)
		spoil(&d)
		if _, err := s.Record(t.Context(), d); !errors.Is(err, store.ErrState) {
			t.Errorf("%s: %v, want ErrState", name, err)
		}
	}
	if list := deeds(t, s); len(list) > 0 {
		t.Errorf("deeds: %v", list)
	}
}

func deedOdd(t *testing.T, h Trail) {
	s := h.Open(t)
	d := Deed(1)
	d.Subject, d.Detail = "a\xffb\x00c", map[string]string{"<&>": "\u2028 \"'\\", "\xfe": ""}
	written := record(t, s, d)
	if diff := cmp.Diff([]store.Deed{written}, deeds(t, s)); diff != "" {
		t.Errorf("(-written +read):\n%s", diff)
	}
	if _, err := s.CheckTrail(t.Context()); err != nil {
		t.Error(err)
	}
}

func deedOutlivesContext(t *testing.T, h Trail) {
	s := h.Open(t)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := s.Record(ctx, Deed(1)); err != nil {
		t.Error(err)
	}
}

func deedsAtOnce(t *testing.T, h Trail) {
	s := h.Open(t)
	stores := []store.Store{s, h.Again(t, s), h.Again(t, s)}
	const each = 40
	var wg sync.WaitGroup
	for n := range each * len(stores) {
		wg.Go(func() {
			if _, err := stores[n%len(stores)].Record(t.Context(), Deed(n)); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	state, err := s.CheckTrail(t.Context())
	if err != nil || state.Entries != each*int64(len(stores)) {
		t.Errorf("%d entries, %v", state.Entries, err)
	}
	subjects := map[string]bool{}
	for _, d := range deeds(t, s) {
		subjects[d.Subject] = true
	}
	if len(subjects) != each*len(stores) {
		t.Errorf("%d of %d deeds are there", len(subjects), each*len(stores))
	}
}

func oneTrail(t *testing.T, h Trail) {
	s := h.Open(t)
	other := h.Again(t, s)
	record(t, s, Deed(1))
	record(t, other, Deed(2))
	record(t, s, Deed(3))
	if d := cmp.Diff(deeds(t, s), deeds(t, other)); d != "" {
		t.Errorf("the two differ:\n%s", d)
	}
	if state, err := other.CheckTrail(t.Context()); err != nil || state.Entries != 3 {
		t.Errorf("%d entries, %v", state.Entries, err)
	}
}
