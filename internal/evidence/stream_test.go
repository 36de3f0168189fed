package evidence_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"runtime"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/glueguard/glueguard/internal/evidence"
)

// heap is what is in use of it.
func heap() uint64 {
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.HeapAlloc
}

// watched looks at the heap after every so many bytes that were read.
type watched struct {
	io.Reader
	each, next, most uint64
	read             uint64
}

func (w *watched) Read(p []byte) (int, error) {
	n, err := w.Reader.Read(p)
	if w.read += uint64(n); w.read >= w.next {
		w.next, w.most = w.read+w.each, max(w.most, heap())
	}
	return n, err
}

// longPlan is a plan of so many bytes, as unlike each other as names are.
func longPlan(size int) []byte {
	r := rand.New(rand.NewPCG(1, 2)) //nolint:gosec // the same every time
	var b bytes.Buffer
	b.WriteString(`{"changes":[`)
	for b.Len() < size {
		fmt.Fprintf(&b, `{"id":"%x","name":"%x"},`, r.Uint64(), r.Uint64())
	}
	b.WriteString(`{}]}`)
	return b.Bytes()
}

// withPlan is a store whose change was made by that plan.
func withPlan(t testing.TB, document []byte) *memory {
	t.Helper()
	m := world(t)
	for digest := range m.plans {
		m.plans[digest] = document
	}
	return m
}

func TestCheckKeepsNothing(t *testing.T) { //nolint:paralleltest // it measures the whole process's heap
	for name, c := range map[string]struct {
		from evidence.Store
		of   evidence.Selection
	}{
		"many records":  {large{memory: world(t), findings: 8_000}, evidence.Selection{Audit: "audit-1"}},
		"a long record": {withPlan(t, longPlan(4<<20)), evidence.Selection{Change: "change-1"}},
	} {
		t.Run(name, func(t *testing.T) {
			var bundle bytes.Buffer
			o := evidence.Options{Selection: c.of, Tool: "glueguard test", Now: at(30), Signer: key(t, 1)}
			if _, err := evidence.Export(t.Context(), &bundle, c.from, o); err != nil {
				t.Fatal(err)
			}
			c.from = nil
			before := heap()
			w := &watched{Reader: bytes.NewReader(bundle.Bytes()), each: uint64(bundle.Len() / 10)}
			if _, err := evidence.Check(t.Context(), w, nil); err != nil {
				t.Fatal(err)
			}
			if kept := max(w.most, before) - before; kept > 1<<20 {
				t.Errorf("%d kB are in use while %d kB are read", kept>>10, bundle.Len()>>10)
			}
			runtime.KeepAlive(bundle)
		})
	}
}

// TestChangesInALongRecordAreFound changes a record that does not fit into any buffer.
func TestChangesInALongRecordAreFound(t *testing.T) {
	t.Parallel()
	bundle := export(t, withPlan(t, longPlan(1<<20)), evidence.Selection{Change: "change-1"})
	if b := broken(t, bundle, nil); b != nil {
		t.Fatal(b)
	}
	for name, c := range map[string]struct {
		change func(plan string) string
		reason string
	}{
		"in the middle": {func(p string) string {
			return p[:len(p)/2] + strings.Map(another, p[len(p)/2:len(p)/2+8]) + p[len(p)/2+8:]
		}, ""},
		"at the end": {func(p string) string { return strings.TrimSuffix(p, `{}]}}}`) + `{"x":1}]}}}` }, "content was changed"},
		"cut":        {func(p string) string { return p[:len(p)-1] }, "no record any more"},
		"longer":     {func(p string) string { return p + " {}" }, "no record any more"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := broken(t, repack(t, bundle, func(l []string) []string { l[1] = c.change(l[1]); return l }), nil)
			if b == nil || b.Record != 2 || !strings.Contains(b.Reason, c.reason) {
				t.Errorf("%v, want record 2: %s", b, c.reason)
			}
		})
	}
}

// another letter or digit than that one.
func another(c rune) rune {
	switch c {
	case 'a':
		return 'b'
	case '0':
		return '1'
	}
	return '0'
}

func TestWhatStandsBehindTheLastRecordIsNoRecord(t *testing.T) {
	t.Parallel()
	bundle := small(t)
	packed := open(t, bundle)["records.jsonl.gz"]
	bundle[bytes.Index(bundle, packed)+len(packed)-1] ^= 1 // of gzip's own count of bytes
	if b := broken(t, bundle, nil); b == nil || b.Record != 0 || b.Member != "records.jsonl.gz" {
		t.Errorf("%v", b)
	}
}

func TestReadingThatFailsIsNoChange(t *testing.T) {
	t.Parallel()
	bundle, bad := small(t), errors.New("bad sector")
	for at := 0; at < len(bundle); at += 97 {
		r := io.MultiReader(bytes.NewReader(bundle[:at]), iotest.ErrReader(bad))
		if _, err := evidence.Check(t.Context(), r, nil); !errors.Is(err, bad) {
			t.Fatalf("after %d bytes: %v", at, err)
		}
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := evidence.Check(ctx, bytes.NewReader(bundle), nil); !errors.Is(err, context.Canceled) {
		t.Errorf("%v", err)
	}
}

// TestReadInPieces reads a bundle in pieces of every kind.
func TestReadInPieces(t *testing.T) {
	t.Parallel()
	bundle := small(t)
	for name, r := range map[string]io.Reader{
		"byte by byte": iotest.OneByteReader(bytes.NewReader(bundle)), "halves": iotest.HalfReader(bytes.NewReader(bundle)),
		"the end with the last": iotest.DataErrReader(bytes.NewReader(bundle)),
	} {
		if _, err := evidence.Check(t.Context(), r, nil); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestAPlanThatIsNoJSONIsNamed(t *testing.T) {
	t.Parallel()
	m := withPlan(t, json.RawMessage(`{"changes":[}`))
	o := evidence.Options{Selection: evidence.Selection{Change: "change-1"}, Signer: key(t, 1)}
	_, err := evidence.Export(t.Context(), io.Discard, m, o)
	if err == nil || !strings.Contains(err.Error(), "plan of sha256:") || !strings.Contains(err.Error(), "not JSON at byte") {
		t.Errorf("%v", err)
	}
}
