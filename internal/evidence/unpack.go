package evidence

import (
	"archive/tar"
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
)

// archive reads a bundle from its beginning to its end, once. What stands around its members is held against the only way
// to write it.
type archive struct {
	src    io.Reader
	at     int64 // how far it was read
	failed error // of the source itself, which says nothing about the evidence
	odd    int64 // where the first byte around the members stands that is not as it was written; -1: nowhere yet
}

func newArchive(src io.Reader) *archive { return &archive{src: src, odd: -1} }

// Read implements io.Reader.
func (a *archive) Read(p []byte) (int, error) {
	n, err := a.src.Read(p)
	a.at += int64(n)
	if err != nil && !errors.Is(err, io.EOF) {
		a.failed = err
	}
	return n, err
}

const block = 512 // what members and what stands before them are filled up to

// small is more than any member takes but the records, which are read as they come.
const small = 1 << 20

var (
	errArchive = errors.New("it is no evidence of glueguard's, or its beginning was changed")
	errEnd     = errors.New("it was cut, or not copied whole")
)

// next reads what stands before a member, and returns the member's size.
func (a *archive) next(name string) (size int64, err error) {
	start := a.at
	var src [block]byte
	if _, err := io.ReadFull(a, src[:]); err != nil && start == 0 {
		return 0, errArchive
	} else if err != nil {
		return 0, fmt.Errorf("the archive ends before its member %s: %w", name, errEnd)
	}
	h, err := tar.NewReader(bytes.NewReader(src[:])).Next()
	switch {
	case err != nil && start == 0:
		return 0, errArchive
	case err != nil:
		return 0, fmt.Errorf("the archive cannot be read before its member %s: %w", name, err)
	case h.Name != name:
		return 0, fmt.Errorf("the archive holds something else where its member %s should be", name)
	case h.Size > small && name != memberRecords:
		return 0, fmt.Errorf("the archive's member %s is larger than any that glueguard writes", name)
	}
	var want bytes.Buffer
	if err := tar.NewWriter(&want).WriteHeader(header(name, h.Size)); err != nil {
		return 0, fmt.Errorf("the archive's member %s: %w", name, err)
	}
	a.compare(start, src[:], want.Bytes())
	return h.Size, nil
}

// compare takes note of the first byte that is not as it should be.
func (a *archive) compare(start int64, got, want []byte) {
	for i := range max(len(got), len(want)) {
		if a.odd < 0 && (i >= len(got) || i >= len(want) || got[i] != want[i]) {
			a.odd = start + int64(i)
		}
	}
}

// zeros reads what members are filled up with, or what stands at the end.
func (a *archive) zeros(n int64) {
	start, got := a.at, make([]byte, n)
	read, _ := io.ReadFull(a, got) // too few are as odd as others
	a.compare(start, got[:read], make([]byte, n))
}

// fill reads what stands between a member of that size and the next.
func (a *archive) fill(size int64) { a.zeros((block - size%block) % block) }

// read returns a member's content.
func (a *archive) read(name string) ([]byte, error) {
	size, err := a.next(name)
	if err != nil {
		return nil, err
	}
	content := make([]byte, size)
	if _, err := io.ReadFull(a, content); err != nil {
		return nil, fmt.Errorf("the archive ends before its member %s does: %w", name, errEnd)
	}
	a.fill(size)
	return content, nil
}

// stream hands a member's content to somebody who need not read all of it, and returns what it was.
func (a *archive) stream(name string, use func(io.Reader)) (member, error) {
	size, err := a.next(name)
	if err != nil {
		return member{}, err
	}
	sum := sha256.New()
	content := &io.LimitedReader{R: io.TeeReader(a, sum), N: size}
	use(content)
	if _, err := io.Copy(io.Discard, content); err != nil || content.N > 0 {
		return member{}, fmt.Errorf("the archive ends before its member %s does: %w", name, errEnd)
	}
	a.fill(size)
	return member{size: size, digest: hex.EncodeToString(sum.Sum(nil))}, nil
}

// end reads what comes after the last member, and tells of what was found around the members.
func (a *archive) end() error {
	a.zeros(2 * block)
	if _, err := io.ReadFull(a, make([]byte, 1)); err == nil && a.odd < 0 {
		a.odd = a.at - 1
	}
	if a.odd >= 0 {
		return fmt.Errorf("the archive was changed around its members, at byte %d", a.odd)
	}
	return nil
}
