package evidence

import (
	"bytes"
	"errors"
	"testing"
)

// failing is a disk that is full.
type failing struct{ err error }

func (f failing) Write([]byte) (int, error) { return 0, f.err }

func TestBehind(t *testing.T) {
	t.Parallel()
	for name, size := range map[string]int{"nothing": 0, "less than a chunk": 10, "a chunk": chunkSize, "many chunks": 3*chunks*chunkSize + 1} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			want := bytes.Repeat([]byte("0123456789abcde\n"), size/16+1)[:size]
			var got bytes.Buffer
			b := writeBehind(&got)
			for rest := want; len(rest) > 0; {
				n := min(len(rest), 1000)
				if err := b.write(rest[:n]); err != nil {
					t.Fatal(err)
				}
				rest = rest[n:]
			}
			if err := errors.Join(b.close(), b.close()); err != nil {
				t.Fatal(err)
			}
			if !bytes.Equal(got.Bytes(), want) {
				t.Errorf("%d bytes came, want %d", got.Len(), len(want))
			}
		})
	}
	t.Run("a writer that fails", func(t *testing.T) {
		t.Parallel()
		full := errors.New("no space")
		b := writeBehind(failing{full})
		var err error
		for range 100 * chunks {
			if err = b.write(make([]byte, chunkSize)); err != nil {
				break
			}
		}
		if !errors.Is(err, full) || !errors.Is(b.close(), full) {
			t.Errorf("%v", err)
		}
	})
	t.Run("a writer that fails at the end", func(t *testing.T) {
		t.Parallel()
		full := errors.New("no space")
		b := writeBehind(failing{full})
		if err := errors.Join(b.write([]byte("x")), b.close()); !errors.Is(err, full) {
			t.Errorf("%v", err)
		}
	})
}
