package evidence

import (
	"bytes"
	"context"
	"io"
	"maps"
	"time"
)

// Checked says what an intact bundle claims.
type Checked struct {
	Tool    string
	MadeAt  time.Time
	Request Selection
	Trail   Mark // how far the state's audit trail had come
	Records int
	Kinds   map[Kind]int
	Head    string
	KeyID   string
	// Trusted tells that the signature was checked with a key from elsewhere. The key in the bundle proves only that
	// nothing was changed by somebody who signed nothing anew.
	Trusted bool
}

// Check checks a bundle with a key that the auditor has from elsewhere; nil: with the one in it. It returns *BrokenError
// for one that is not as it was made, which names the first broken record where it is the records. It reads the bundle
// once, and keeps next to nothing of it.
func Check(ctx context.Context, r io.Reader, trusted *PublicKey) (Checked, error) {
	a := newArchive(interruptible(ctx, r))
	got, err := check(ctx, a, trusted)
	if a.failed != nil {
		return Checked{}, a.failed
	}
	return got, err
}

// readerFunc is an io.Reader.
type readerFunc func(p []byte) (int, error)

func (f readerFunc) Read(p []byte) (int, error) { return f(p) }

// interruptible reads until it is told to stop.
func interruptible(ctx context.Context, r io.Reader) io.Reader {
	return readerFunc(func(p []byte) (int, error) {
		if err := ctx.Err(); err != nil {
			return 0, err
		}
		return r.Read(p)
	})
}

func check(ctx context.Context, a *archive, trusted *PublicKey) (Checked, error) {
	files, contents := map[string]member{}, map[string][]byte{}
	for _, name := range members() {
		if name == memberRecords {
			continue // the last, and too large to be kept
		}
		content, err := a.read(name)
		if err != nil {
			return Checked{}, &BrokenError{Reason: err.Error()}
		}
		contents[name], files[name] = content, inMemory(content)
	}
	key, err := keyOf(contents[memberKey], trusted)
	if err != nil {
		return Checked{}, err
	}
	claim, unsigned := unseal(ctx, contents[memberEnvelope], key)
	f := follow(nil)
	if unsigned == nil {
		f = follow(&claim)
	}
	var broken error
	files[memberRecords], err = a.stream(memberRecords, func(r io.Reader) { broken = f.records(r) })
	switch {
	case err != nil:
		return Checked{}, &BrokenError{Reason: err.Error()}
	case broken != nil:
		return Checked{}, broken
	case unsigned != nil: // and no record says why
		return Checked{}, &BrokenError{Member: memberEnvelope, Reason: unsigned.Error()}
	}
	if err := compare(files, contents[memberSums], f, claim); err != nil {
		return Checked{}, err
	}
	if err := a.end(); err != nil {
		return Checked{}, &BrokenError{Reason: err.Error()}
	}
	p := claim.Predicate
	return Checked{
		Tool: p.Tool, MadeAt: p.MadeAt, Request: p.Request, Trail: p.Trail, Records: p.Records, Kinds: p.Kinds, Head: p.Head,
		KeyID: key.ID(), Trusted: trusted != nil,
	}, nil
}

// keyOf is the key to check with. The one in the bundle must be the same.
func keyOf(inBundle []byte, trusted *PublicKey) (PublicKey, error) {
	if trusted != nil {
		if !bytes.Equal(inBundle, trusted.PEM()) {
			return PublicKey{}, &BrokenError{Member: memberKey, Reason: "it is not the key that was given: the evidence was signed with another, or changed"}
		}
		return *trusted, nil
	}
	key, err := ParsePublicKey(inBundle)
	if err != nil || !bytes.Equal(inBundle, key.PEM()) {
		return PublicKey{}, &BrokenError{Member: memberKey, Reason: "it is no public key any more"}
	}
	return key, nil
}

// compare holds the members against what was signed. The chain was already.
func compare(files map[string]member, listed []byte, f *follower, claim statement) error {
	if f.strange || !maps.Equal(f.kinds, claim.Predicate.Kinds) {
		return &BrokenError{Member: memberRecords, Reason: "it does not hold the kinds of records that were signed"}
	}
	want := subjects(files)
	if len(claim.Subject) != len(want) {
		return &BrokenError{Member: memberEnvelope, Reason: "it was not signed for these members"}
	}
	for i, s := range want {
		if claim.Subject[i].Name != s.Name || !maps.Equal(claim.Subject[i].Digest, s.Digest) {
			return &BrokenError{Member: s.Name, Reason: "its content was changed: its digest is not the signed one"}
		}
	}
	if !bytes.Equal(listed, sums(files)) {
		return &BrokenError{Member: memberSums, Reason: "its content was changed: it does not list the members' digests"}
	}
	return nil
}
