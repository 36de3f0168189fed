package evidence

import (
	"bufio"
	"compress/gzip"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"hash"
	"io"
	"strconv"

	"github.com/go-json-experiment/json/jsontext"
)

// follower goes along a chain, one line at a time, and finds the first record that is not as it was when the chain had
// that many records and that head.
type follower struct {
	signed  bool // else nobody can be believed about what follows
	count   int
	head    string
	kinds   map[Kind]int // how many there are of those that were signed
	strange bool         // there is one of another kind
	read    int          // records so far
	last    string       // digest of the newest
	suspect bool         // the newest does not follow from the one before it: the one after it tells which of them was changed
	sum     hash.Hash
}

// follow makes a follower of the chain that a statement is about; nil: of one that can only be held against itself.
func follow(claim *statement) *follower {
	f := &follower{signed: claim != nil, last: beginning(), kinds: map[Kind]int{}, sum: sha256.New()}
	if f.signed {
		f.count, f.head = claim.Predicate.Records, claim.Predicate.Head
		for k := range claim.Predicate.Kinds {
			f.kinds[k] = 0
		}
	}
	return f
}

// pieceSize is how much of a line is in memory at a time: a plan for thousands of resources is one line.
const pieceSize = 16 << 10

// records reads compressed records as far as they are whole, and tells of the first that is not.
func (f *follower) records(packed io.Reader) error {
	z, err := gzip.NewReader(bufio.NewReaderSize(packed, pieceSize))
	if err != nil {
		return &BrokenError{Record: 1, Reason: "the records cannot be unpacked: " + err.Error()}
	}
	src := bufio.NewReaderSize(z, pieceSize)
	text := jsontext.NewDecoder(src)
	for {
		if _, err := src.Peek(1); errors.Is(err, io.EOF) {
			return f.end()
		}
		l := &line{src: src, sum: f.sum}
		l.sum.Reset()
		text.Reset(l, jsontext.AllowDuplicateNames(true)) // to look for some takes half of the time
		h, err := readHead(text)
		switch {
		case l.failed != nil:
			return f.stopped("it cannot be unpacked: " + l.failed.Error())
		case err != nil:
			return f.stopped("it is no record any more: " + err.Error())
		}
		if err := f.record(h, hex.EncodeToString(f.sum.Sum(nil))); err != nil {
			return err
		}
	}
}

// line reads to the end of a line, without its newline, and takes the digest of it.
type line struct {
	src    *bufio.Reader
	sum    hash.Hash
	piece  []byte // not yet taken
	whole  bool
	failed error // other than that it is no record
}

var errNoEnd = errors.New("the last line has no end")

// Read implements io.Reader.
func (l *line) Read(p []byte) (int, error) {
	if len(l.piece) == 0 && !l.whole && l.failed == nil {
		var err error
		l.piece, err = l.src.ReadSlice('\n')
		switch {
		case err == nil:
			l.piece, l.whole = l.piece[:len(l.piece)-1], true
		case errors.Is(err, io.EOF):
			l.failed = errNoEnd
		case !errors.Is(err, bufio.ErrBufferFull):
			l.failed = err
		}
		l.sum.Write(l.piece)
	}
	if len(l.piece) == 0 {
		return 0, io.EOF
	}
	n := copy(p, l.piece)
	l.piece = l.piece[n:]
	return n, nil
}

// head is what a record says of itself.
type head struct {
	seq        int
	prev, kind string
}

var (
	errOrder = errors.New("its members are not those of a record")
	errMore  = errors.New("something stands behind it")
)

// readHead reads a record, as chain.addWith writes it, to the end of its line.
func readHead(text *jsontext.Decoder) (head, error) {
	var seq, prev, kind, of string
	for _, want := range []struct {
		kind  jsontext.Kind
		name  string // of a member; else a value
		value *string
	}{
		{kind: '{'},
		{kind: '"', name: "seq"},
		{kind: '0', value: &seq},
		{kind: '"', name: "prev"},
		{kind: '"', value: &prev},
		{kind: '"', name: "kind"},
		{kind: '"', value: &kind},
		{kind: '"', name: "of"},
		{kind: '"', value: &of},
		{kind: '"', name: "body"},
	} {
		token, err := text.ReadToken()
		switch {
		case err != nil:
			return head{}, err
		case token.Kind() != want.kind, want.name != "" && token.String() != want.name:
			return head{}, errOrder
		case want.value != nil:
			*want.value = token.String()
		}
	}
	if err := text.SkipValue(); err != nil {
		return head{}, err
	}
	if token, err := text.ReadToken(); err != nil {
		return head{}, err
	} else if token.Kind() != '}' {
		return head{}, errOrder
	}
	if _, err := text.ReadToken(); !errors.Is(err, io.EOF) {
		return head{}, errMore
	}
	n, err := strconv.Atoi(seq)
	return head{n, prev, kind}, err
}

// record takes in the next record.
func (f *follower) record(h head, digest string) error {
	if f.suspect {
		return f.settled(h.prev == f.last)
	}
	if h.seq != f.read+1 {
		return &BrokenError{Record: f.read + 1, Reason: fmt.Sprintf("it is missing or was moved: number %d stands in its place", h.seq)}
	}
	f.suspect = h.prev != f.last
	f.read, f.last = h.seq, digest
	if n, signed := f.kinds[Kind(h.kind)]; signed {
		f.kinds[Kind(h.kind)] = n + 1
	} else {
		f.strange = true
	}
	return nil
}

// settled says which was changed, the newest record or the one before it. One that is confirmed by what comes after it was not.
func (f *follower) settled(confirmed bool) error {
	if confirmed && f.read > 1 {
		return &BrokenError{Record: f.read - 1, Reason: "its content was changed: the record after it, which is intact, was made after another one"}
	}
	return &BrokenError{Record: f.read, Reason: "its content was changed: it does not follow the record before it"}
}

// stopped says what is broken where the next record can't be read.
func (f *follower) stopped(reason string) error {
	if f.suspect {
		return f.settled(false)
	}
	if f.signed && f.read >= f.count { // there never was another
		if err := f.end(); err != nil {
			return err
		}
		return &BrokenError{Member: memberRecords, Reason: "what stands behind its last record was changed: " + reason}
	}
	return &BrokenError{Record: f.read + 1, Reason: reason}
}

// end holds the whole chain against what was signed.
func (f *follower) end() error {
	switch {
	case f.suspect:
		return f.settled(!f.signed || f.read == f.count && f.last == f.head)
	case !f.signed:
		return nil
	case f.read < f.count:
		return &BrokenError{Record: f.read + 1, Reason: fmt.Sprintf("it is missing: there were %d records", f.count)}
	case f.read > f.count:
		return &BrokenError{Record: f.count + 1, Reason: fmt.Sprintf("it was added: there were %d records", f.count)}
	case f.last != f.head:
		return &BrokenError{Record: f.count, Reason: "its content was changed: its digest is not the signed one"}
	}
	return nil
}
