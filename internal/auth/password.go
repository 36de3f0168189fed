package auth

import (
	"context"
	"crypto/subtle"
	_ "embed"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
	"sync/atomic"
	"time"
	"unicode/utf8"

	"golang.org/x/crypto/argon2"
)

// Hashing is how much work a password's argon2id hash takes.
type Hashing struct {
	Memory  uint32 // KiB
	Time    uint32 // passes
	Threads uint8
}

// DefaultHashing is the least that OWASP's Password Storage Cheat Sheet asks of argon2id, with one more pass.
func DefaultHashing() Hashing { return Hashing{Memory: 19 << 10, Time: 3, Threads: 1} }

// Bounds of passwords, in characters, and of hashes, in bytes.
const (
	minPassword = 12
	maxPassword = 128
	saltBytes   = 16
	hashBytes   = 32
	// maxWaiting is how many may wait for their turn to be hashed: more only means that somebody tries to use all memory.
	maxWaiting = 64
)

//go:embed common.txt
var commonPasswords string

// checkPassword tells whether a password is good enough for the user of that name.
func checkPassword(name, password string) error {
	length := utf8.RuneCountInString(password)
	lower := strings.ToLower(password)
	switch {
	case !utf8.ValidString(password):
		return &PasswordError{Reason: "is not UTF-8 text"}
	case length < minPassword:
		return &PasswordError{Reason: fmt.Sprintf("is too short: at least %d characters, please; a few words make a good one", minPassword)}
	case length > maxPassword:
		return &PasswordError{Reason: fmt.Sprintf("is too long: at most %d characters", maxPassword)}
	case repeats(lower, strings.ToLower(name)):
		return &PasswordError{Reason: "is the user's own name"}
	case isCommon(lower):
		return &PasswordError{Reason: "is one of those that are guessed first"}
	}
	return nil
}

// repeats tells whether a password is nothing but the word, perhaps more than once, or with some digits and signs.
func repeats(password, word string) bool {
	if word == "" {
		return false
	}
	rest := strings.ReplaceAll(password, word, "")
	return rest != password && strings.Trim(rest, "0123456789 !?.,-_@#$%&*+") == ""
}

// isCommon tells whether a password is one of the most common, perhaps with a few digits and signs after it, or is made
// of very few different characters.
func isCommon(lower string) bool {
	different := map[rune]bool{}
	for _, r := range lower {
		different[r] = true
	}
	if len(different) < 4 {
		return true
	}
	trimmed := strings.TrimRight(lower, "0123456789!?.,-_@#$%&*+")
	for word := range strings.Lines(commonPasswords) {
		if w := strings.TrimSpace(word); w == lower || w != "" && repeats(lower, w) || w == trimmed {
			return true
		}
	}
	return false
}

// hasher hashes passwords, a few at once, so that signing in can't use all memory.
type hasher struct {
	params  Hashing
	rand    io.Reader
	slots   chan struct{}
	waiting atomic.Int64
	dummy   string // the hash of a password that nobody knows
}

func newHasher(params Hashing, random io.Reader, atOnce int) *hasher {
	// What the dummy's salt and hash are is no matter: no password comes to it but by breaking argon2id.
	return &hasher{
		params: params, rand: random, slots: make(chan struct{}, max(1, atOnce)),
		dummy: params.encode(make([]byte, saltBytes), make([]byte, hashBytes)),
	}
}

// turn waits until it may be hashed; done must be called after.
func (h *hasher) turn(ctx context.Context) (done func(), err error) {
	defer h.waiting.Add(-1)
	if h.waiting.Add(1) > maxWaiting {
		return nil, &RateError{RetryAfter: 5 * time.Second}
	}
	select {
	case h.slots <- struct{}{}:
		return func() { <-h.slots }, nil
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// hash makes the PHC string of a password.
func (h *hasher) hash(ctx context.Context, password string) (string, error) {
	done, err := h.turn(ctx)
	if err != nil {
		return "", err
	}
	defer done()
	salt := make([]byte, saltBytes)
	if _, err := io.ReadFull(h.rand, salt); err != nil {
		return "", fmt.Errorf("make a salt: %w", err)
	}
	return h.params.encode(salt, h.params.key(password, salt, hashBytes)), nil
}

// verify tells whether a password fits a PHC string, and whether that one was made with less work than is wanted now.
// Where there is no hash, it does the same work for nothing.
func (h *hasher) verify(ctx context.Context, phc, password string) (ok, weak bool, err error) {
	known := phc != ""
	if !known {
		phc = h.dummy
	}
	params, salt, want, err := decodePHC(phc)
	if err != nil {
		return false, false, err
	}
	if utf8.RuneCountInString(password) > maxPassword {
		password, known = "", false // no password of ours is so long, and what is not hashed costs nothing
	}
	done, err := h.turn(ctx)
	if err != nil {
		return false, false, err
	}
	defer done()
	same := subtle.ConstantTimeCompare(params.key(password, salt, len(want)), want) == 1
	return same && known, params.weaker(h.params), nil
}

func (p Hashing) key(password string, salt []byte, length int) []byte {
	return argon2.IDKey([]byte(password), salt, p.Time, p.Memory, p.Threads, uint32(length)) // #nosec G115 -- lengths come from us
}

func (p Hashing) weaker(than Hashing) bool {
	return p.Memory < than.Memory || p.Time < than.Time || p.Threads < than.Threads
}

func (p Hashing) encode(salt, key []byte) string {
	b := base64.RawStdEncoding
	return fmt.Sprintf("$argon2id$v=%d$m=%d,t=%d,p=%d$%s$%s", argon2.Version, p.Memory, p.Time, p.Threads,
		b.EncodeToString(salt), b.EncodeToString(key))
}

// errPHC means that a stored hash is not one that this release makes.
var errPHC = errors.New("the stored password hash is not argon2id in PHC form")

func decodePHC(phc string) (p Hashing, salt, key []byte, err error) {
	parts := strings.Split(phc, "$")
	if len(parts) != 6 || parts[0] != "" || parts[1] != "argon2id" || parts[2] != "v="+strconv.Itoa(argon2.Version) {
		return Hashing{}, nil, nil, errPHC
	}
	if _, err := fmt.Sscanf(parts[3], "m=%d,t=%d,p=%d", &p.Memory, &p.Time, &p.Threads); err != nil {
		return Hashing{}, nil, nil, errPHC
	}
	salt, saltErr := base64.RawStdEncoding.DecodeString(parts[4])
	key, keyErr := base64.RawStdEncoding.DecodeString(parts[5])
	const mostMemory = 1 << 20 // KiB: a store that somebody wrote to must not use all memory
	if saltErr != nil || keyErr != nil || len(salt) < 8 || len(key) < 16 || len(key) > 64 ||
		p.Time < 1 || p.Time > 100 || p.Threads < 1 || p.Memory < 8 || p.Memory > mostMemory {
		return Hashing{}, nil, nil, errPHC
	}
	return p, salt, key, nil
}
