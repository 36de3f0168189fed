package store

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"strings"
)

// NoDeed stands for the hash of the entry before the first.
func NoDeed() string { return strings.Repeat("0", 2*sha256.Size) }

// Seal makes a deed the entry of that number after the one with that hash. It returns it as it will be read again, and
// the JSON that its Hash is the SHA-256 of: what a store keeps.
func (d Deed) Seal(seq int64, prev string) (Deed, []byte, error) {
	switch {
	case d.Action == "" || d.Actor.Kind == "" || d.At.IsZero():
		return Deed{}, nil, fmt.Errorf("%w: a deed without a time, an actor or an action", ErrState)
	case d.Outcome != DeedOK && d.Outcome != DeedRefused && d.Outcome != DeedFailed:
		return Deed{}, nil, fmt.Errorf("%w: a deed with the outcome %q", ErrState, d.Outcome)
	}
	d.Seq, d.Prev, d.Hash = seq, prev, ""
	d.At = d.At.UTC().Round(0)
	// Twice: what is no UTF-8 changes when it is written.
	entry, err := json.Marshal(d)
	if err != nil {
		return Deed{}, nil, fmt.Errorf("pack a deed: %w", err)
	}
	sealed, err := parseDeed(entry)
	if err != nil {
		return Deed{}, nil, fmt.Errorf("pack a deed: %w", err)
	}
	if entry, err = json.Marshal(sealed); err != nil {
		return Deed{}, nil, fmt.Errorf("pack a deed: %w", err)
	}
	sealed.Hash = hashOf(entry)
	return sealed, entry, nil
}

func hashOf(entry []byte) string {
	sum := sha256.Sum256(entry)
	return hex.EncodeToString(sum[:])
}

func parseDeed(entry []byte) (Deed, error) {
	var d Deed
	r := json.NewDecoder(bytes.NewReader(entry))
	r.DisallowUnknownFields()
	err := r.Decode(&d)
	return d, err
}

// OpenDeed reads an entry as a store keeps it: its number, its hash, and the JSON that Seal returned. It returns
// *TrailError when they do not belong together.
func OpenDeed(seq int64, hash string, entry []byte) (Deed, error) {
	broken := func(reason string) (Deed, error) { return Deed{}, &TrailError{Seq: seq, Reason: reason} }
	if hashOf(entry) != hash {
		return broken("its content was changed: its hash is another one")
	}
	d, err := parseDeed(entry)
	if err != nil {
		return broken("it is no entry: " + err.Error())
	}
	if d.Seq != seq {
		return broken(fmt.Sprintf("it was moved: it was made as entry %d", d.Seq))
	}
	again, err := json.Marshal(d)
	if err != nil || !bytes.Equal(again, entry) {
		return broken("it is not written as entries are")
	}
	d.Hash = hash
	return d, nil
}

// TrailReader follows a trail from its first entry on. The zero value is at its beginning.
type TrailReader struct{ state TrailState }

// ReadFrom returns a reader that has read the trail as far as known says. The next entry that it is given must be the last
// of those once more, which Again takes; where known has none, it is at the beginning.
func ReadFrom(known TrailState) *TrailReader {
	if known.Entries == 0 {
		return &TrailReader{}
	}
	return &TrailReader{state: known}
}

// Again looks whether the last entry that was read is still the one that it was. It returns *TrailError when it is not.
func (r *TrailReader) Again(seq int64, hash string, entry []byte) error {
	last := r.State()
	if seq != last.Entries {
		return &TrailError{Seq: last.Entries, Reason: fmt.Sprintf("it is missing: entry %d stands in its place", seq)}
	}
	if hash != last.Head {
		return &TrailError{Seq: seq, Reason: "it was replaced since it was last read: its hash is another one"}
	}
	_, err := OpenDeed(seq, hash, entry)
	return err
}

// State is what was read until now, all of it intact.
func (r *TrailReader) State() TrailState {
	if r.state.Entries == 0 {
		return TrailState{Head: NoDeed()}
	}
	return r.state
}

// Next reads the next entry as a store keeps it. It returns *TrailError when it does not follow.
func (r *TrailReader) Next(seq int64, hash string, entry []byte) (Deed, error) {
	before := r.State()
	want := before.Entries + 1
	if seq != want {
		return Deed{}, &TrailError{Seq: want, Reason: fmt.Sprintf("it is missing: entry %d stands in its place", seq)}
	}
	d, err := OpenDeed(seq, hash, entry)
	if err != nil {
		return Deed{}, err
	}
	if d.Prev != before.Head {
		return Deed{}, &TrailError{Seq: seq, Reason: "it does not follow the entry before it: one of them was replaced"}
	}
	r.state = TrailState{Entries: seq, Head: hash, LastAt: d.At}
	return d, nil
}

// End holds what was read against the number of entries and the last hash that the store has noted beside the trail.
func (r *TrailReader) End(entries int64, head string) error {
	got := r.State()
	switch {
	case got.Entries < entries:
		return &TrailError{Seq: got.Entries + 1, Reason: fmt.Sprintf("it is missing: there were %d entries", entries)}
	case got.Entries > entries:
		return &TrailError{Seq: entries + 1, Reason: fmt.Sprintf("it was added past the store: there were %d entries", entries)}
	case got.Head != head:
		return &TrailError{Seq: got.Entries, Reason: "it was replaced: the store has noted another hash for the last entry"}
	}
	return nil
}
