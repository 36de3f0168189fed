package evidence

import (
	"bytes"
	"context"
	"fmt"
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

// sizeLimit is far more than the evidence of any estate takes.
const sizeLimit = 2 << 30

// Check checks a bundle with a key that the auditor has from elsewhere; nil: with the one in it. It returns *BrokenError
// for one that is not as it was made, which names the first broken record where it is the records.
func Check(ctx context.Context, r io.Reader, trusted *PublicKey) (Checked, error) {
	src, err := io.ReadAll(io.LimitReader(r, sizeLimit+1))
	if err != nil {
		return Checked{}, err
	}
	if len(src) > sizeLimit {
		return Checked{}, &BrokenError{Reason: "it is larger than any evidence"}
	}
	files, err := unpack(src)
	if err != nil {
		return Checked{}, &BrokenError{Reason: err.Error()}
	}
	key, err := keyOf(files, trusted)
	if err != nil {
		return Checked{}, err
	}
	claim, err := unseal(ctx, files[memberEnvelope], key)
	if err != nil {
		return Checked{}, notSigned(files, err)
	}
	if err := compare(src, files, claim); err != nil {
		return Checked{}, err
	}
	p := claim.Predicate
	return Checked{
		Tool: p.Tool, MadeAt: p.MadeAt, Request: p.Request, Trail: p.Trail, Records: p.Records, Kinds: p.Kinds, Head: p.Head,
		KeyID: key.ID(), Trusted: trusted != nil,
	}, nil
}

// keyOf is the key to check with. The one in the bundle must be the same.
func keyOf(files map[string][]byte, trusted *PublicKey) (PublicKey, error) {
	if trusted != nil {
		if !bytes.Equal(files[memberKey], trusted.PEM()) {
			return PublicKey{}, &BrokenError{Member: memberKey, Reason: "it is not the key that was given: the evidence was signed with another, or changed"}
		}
		return *trusted, nil
	}
	key, err := ParsePublicKey(files[memberKey])
	if err != nil || !bytes.Equal(files[memberKey], key.PEM()) {
		return PublicKey{}, &BrokenError{Member: memberKey, Reason: "it is no public key any more"}
	}
	return key, nil
}

// notSigned says what is broken where the statement is not, or not to be believed: maybe a record that does not follow
// from the one before, in any case the signature.
func notSigned(files map[string][]byte, why error) error {
	l := readLinks(files[memberRecords])
	if n := len(l.hashes); l.fault != nil || n > 0 {
		head := beginning()
		if n > 0 {
			head = l.hashes[n-1]
		}
		if err := l.check(n, head); err != nil {
			return err
		}
	}
	return &BrokenError{Member: memberEnvelope, Reason: why.Error()}
}

// compare holds the bundle against what was signed.
func compare(src []byte, files map[string][]byte, claim statement) error {
	p := claim.Predicate
	l := readLinks(files[memberRecords])
	if err := l.check(p.Records, p.Head); err != nil {
		return err
	}
	if !maps.Equal(l.kinds, p.Kinds) {
		return &BrokenError{Member: memberRecords, Reason: "it does not hold the kinds of records that were signed"}
	}
	want := subjects(allInMemory(files))
	if len(claim.Subject) != len(want) {
		return &BrokenError{Member: memberEnvelope, Reason: "it was not signed for these members"}
	}
	for i, s := range want {
		if claim.Subject[i].Name != s.Name || !maps.Equal(claim.Subject[i].Digest, s.Digest) {
			return &BrokenError{Member: s.Name, Reason: "its content was changed: its digest is not the signed one"}
		}
	}
	if !bytes.Equal(files[memberSums], sums(allInMemory(files))) {
		return &BrokenError{Member: memberSums, Reason: "its content was changed: it does not list the members' digests"}
	}
	return framed(src, files)
}

// framed finds changes of the archive around its members: there is one way only to write it.
func framed(src []byte, files map[string][]byte) error {
	var again bytes.Buffer
	if err := pack(&again, allInMemory(files)); err != nil {
		return err
	}
	if bytes.Equal(again.Bytes(), src) {
		return nil
	}
	at := 0
	for want := again.Bytes(); at < len(src) && at < len(want) && src[at] == want[at]; {
		at++
	}
	return &BrokenError{Reason: fmt.Sprintf("the archive was changed around its members, at byte %d", at)}
}
