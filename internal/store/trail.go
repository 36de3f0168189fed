package store

import (
	"context"
	"errors"
	"fmt"
	"time"
)

// ErrTrailBroken is wrapped by *TrailError.
var ErrTrailBroken = errors.New("the audit trail is not as it was written")

// ActorKind is what kind of party did something.
type ActorKind string

// The kinds of actors.
const (
	ActorCommand ActorKind = "command-line" // a person at a shell: Name is the operating system's user, on the machine of Address
	ActorUser    ActorKind = "user"         // a signed-in user of the console: Address is where they came from
	ActorToken   ActorKind = "token"        // an API token: Name is the token's, Via its owner
	ActorDaemon  ActorKind = "daemon"       // the daemon of its own accord: schedules, work taken up after a restart
)

// Actor is who did something.
type Actor struct {
	Kind    ActorKind `json:"kind"`
	Name    string    `json:"name"`
	Via     string    `json:"via,omitempty"`
	Role    string    `json:"role,omitempty"`    // ARN of the AWS identity, where AWS was asked
	Address string    `json:"address,omitempty"` // host, or network address without its port
}

// Deed is one entry of the audit trail: who did what to what, and when.
type Deed struct {
	Seq     int64             `json:"seq"` // from 1, without gaps; set by Record
	At      time.Time         `json:"at"`
	Actor   Actor             `json:"actor"`
	Action  string            `json:"action"`            // noun and verb, e.g. "change.apply", "user.create", "request.approve"
	Subject string            `json:"subject,omitempty"` // id or ARN of what it was done to
	Digest  string            `json:"digest,omitempty"`  // of the plan or policy that it rests on
	Outcome string            `json:"outcome"`           // "ok", "refused" or "failed"
	Detail  map[string]string `json:"detail,omitempty"`  // never anything secret
	Prev    string            `json:"prev"`              // Hash of the entry before, 64 zeros before the first; set by Record
	Hash    string            `json:"hash"`              // SHA-256, hex, of the entry's JSON with an empty Hash; set by Record
}

// The outcomes of deeds.
const (
	DeedOK      = "ok"
	DeedRefused = "refused"
	DeedFailed  = "failed"
)

// TrailState is what a check of the whole trail found.
type TrailState struct {
	Entries int64     `json:"entries"`
	Head    string    `json:"head"` // hash of the last entry; 64 zeros when there is none
	LastAt  time.Time `json:"last_at,omitzero"`
}

// TrailError names the first entry of the trail that is not as it was written.
type TrailError struct {
	Seq    int64 // 0: it is not an entry, but what keeps the trail append-only
	Reason string
}

func (e *TrailError) Error() string {
	if e.Seq == 0 {
		return fmt.Sprintf("%v: %s", ErrTrailBroken, e.Reason)
	}
	return fmt.Sprintf("%v: entry %d: %s", ErrTrailBroken, e.Seq, e.Reason)
}

func (e *TrailError) Unwrap() error { return ErrTrailBroken }

// Trail is the store's own audit trail: append-only, hash-chained, shared by every process that uses the store.
type Trail interface {
	// Record appends one entry durably and returns it as it was written. It goes through even when its context has ended.
	Record(ctx context.Context, d Deed) (Deed, error)
	// Together makes changes one with the deeds that tell of them: what write does with w is kept as a whole, durably, or
	// not at all where write returns an error, which it returns as it is. ErrState where write changes something and
	// records no deed. Others' writes wait meanwhile: write reads what it likes, but changes the store through w alone.
	Together(ctx context.Context, write func(ctx context.Context, w Writes) error) error
	// EachDeed streams entries, the newest first, from before the entry of that number (0: from the last), at most limit
	// (0: all), and stops at the first error that the callback returns, which it returns.
	EachDeed(ctx context.Context, before int64, limit int, yield func(Deed) error) error
	// CheckTrail reads the whole trail and returns *TrailError for the first entry that is broken, missing or out of order,
	// with the state of what comes before it.
	CheckTrail(ctx context.Context) (TrailState, error)
	// CheckTrailSince does the same for what was added since a check that found the trail as known says, and looks whether
	// that check's last entry is still the one that it was. It says nothing about the entries before that one.
	CheckTrailSince(ctx context.Context, known TrailState) (TrailState, error)
}
