package index_test

import (
	"bytes"
	"errors"
	"fmt"
	"math/rand/v2"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/glueguard/glueguard/internal/control"
	"github.com/glueguard/glueguard/internal/finding"
	"github.com/glueguard/glueguard/internal/store"
	"github.com/glueguard/glueguard/internal/store/index"
	"github.com/glueguard/glueguard/internal/store/storetest"
)

func built(list []finding.Finding) *index.Index {
	b := index.NewBuilder()
	for _, f := range list {
		b.Add(f)
	}
	return b.Build()
}

func encoded(t testing.TB, x *index.Index) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := x.Encode(&b); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// answers asks something that every part of an index has a say in.
func answers(t testing.TB, x *index.Index) string {
	t.Helper()
	q := store.FindingQuery{
		Statuses: []control.Status{control.Fail, control.Pass}, Tags: []string{"team"}, Search: "ALPHA", Sort: store.ByResource, Limit: 1000,
	}
	places, total, err := x.Find(q)
	if err != nil {
		t.Fatal(err)
	}
	place, ok := x.Place(fmt.Sprintf("%032x", 7919))
	return fmt.Sprint(x.Len(), places, total, place, ok, x.Facets(q), x.Posture())
}

func TestEncodedIndexAnswersTheSame(t *testing.T) {
	t.Parallel()
	for _, n := range []int{0, 1, 300} {
		x := built(storetest.Various(n))
		again, err := index.Decode(bytes.NewReader(encoded(t, x)))
		if err != nil {
			t.Fatalf("%d findings: %v", n, err)
		}
		if d := cmp.Diff(answers(t, x), answers(t, again)); d != "" {
			t.Errorf("%d findings (-before +after):\n%s", n, d)
		}
	}
}

// TestOrderOfArrival shows that what came first matters to places alone.
func TestOrderOfArrival(t *testing.T) {
	t.Parallel()
	list := storetest.Various(300)
	idsOf := func(list []finding.Finding) (ids []string) {
		places, _, err := built(list).Find(store.FindingQuery{Sort: store.ByStatus, Limit: len(list)})
		if err != nil {
			t.Fatal(err)
		}
		for _, place := range places {
			ids = append(ids, list[place].ID)
		}
		return ids
	}
	want := idsOf(list)
	mixed := append([]finding.Finding(nil), list...)
	rand.New(rand.NewPCG(5, 6)).Shuffle(len(mixed), func(i, j int) { mixed[i], mixed[j] = mixed[j], mixed[i] }) //nolint:gosec // the same each time
	if d := cmp.Diff(want, idsOf(mixed)); d != "" {
		t.Errorf("(-in order +mixed):\n%s", d)
	}
}

// TestDamagedIndexNeverPanics flips each bit of each byte in turn: what is decoded all the same can be asked.
func TestDamagedIndexNeverPanics(t *testing.T) {
	t.Parallel()
	whole := encoded(t, built(storetest.Various(12)))
	refused := 0
	for i := range whole {
		damaged := bytes.Clone(whole)
		damaged[i] ^= 1 << (i % 8)
		x, err := index.Decode(bytes.NewReader(damaged))
		if err != nil {
			refused++
			continue
		}
		answers(t, x)
	}
	for n := range whole {
		if _, err := index.Decode(bytes.NewReader(whole[:n])); err == nil {
			t.Errorf("%d bytes of %d were taken for an index", n, len(whole))
		}
	}
	if refused == 0 {
		t.Error("no damage was noticed")
	}
}

func TestSortOfNothing(t *testing.T) {
	t.Parallel()
	if _, _, err := built(nil).Find(store.FindingQuery{Sort: "colour"}); !errors.Is(err, store.ErrState) {
		t.Errorf("got %v, want ErrState", err)
	}
}
