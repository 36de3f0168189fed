package auth

import (
	"context"
	"crypto/rand"
	"errors"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"
)

func TestCheckPassword(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		user, password string
		good           bool
	}{
		"a sentence":              {"alice", "the rain in spain stays", true},
		"twelve":                  {"alice", "k3vtq8zrw1mx", true},
		"eleven":                  {"alice", "k3vtq8zrw1m", false},
		"twelve of other scripts": {"alice", "пароль-κλειδί", true},
		"128":                     {"alice", strings.Repeat("abcdefgh", 16), true},
		"129":                     {"alice", strings.Repeat("abcdefgh", 16) + "x", false},
		"not text":                {"alice", "k3vtq8zrw1mx\xff", false},
		"the name":                {"administrator1", "Administrator1", false},
		"the name, twice":         {"alicia", "aliciaAlicia", false},
		"the name and a year":     {"margarita", "Margarita2026!", false},
		"common":                  {"alice", "password1234", false},
		"common, in capitals":     {"alice", "PASSWORD1234", false},
		"common, and digits":      {"alice", "Welcome123456!", false},
		"common, many times":      {"alice", "letmeinletmein", false},
		"one character":           {"alice", "aaaaaaaaaaaaaaaa", false},
		"three characters":        {"alice", "abcabcabcabcabc", false},
		"the well-known sentence": {"alice", "Correct Horse Battery Staple", false},
		"holds a common one":      {"alice", "my password is a long one", true},
	} {
		err := checkPassword(c.user, c.password)
		var weak *PasswordError
		if (err == nil) != c.good || err != nil && !errors.As(err, &weak) {
			t.Errorf("%s: %v", name, err)
		}
		if err != nil && strings.Contains(err.Error(), c.password) {
			t.Errorf("%s: the error tells the password", name)
		}
	}
}

func TestDefaultHashing(t *testing.T) {
	t.Parallel()
	// The least of OWASP's cheat sheet: 19 MiB, two passes, one thread.
	if h := DefaultHashing(); h.Memory < 19<<10 || h.Time < 2 || h.Threads < 1 {
		t.Errorf("%+v", h)
	}
}

func TestVerify(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	cheap := Hashing{Memory: 8, Time: 1, Threads: 1}
	h := newHasher(cheap, rand.Reader, 2)
	one, err := h.hash(ctx, "the rain in spain")
	if err != nil {
		t.Fatal(err)
	}
	two, err := h.hash(ctx, "the rain in spain")
	if err != nil || one == two {
		t.Errorf("two hashes of one password: %s, %s, %v", one, two, err)
	}
	if ok, weak, err := h.verify(ctx, one, "the rain in spain"); !ok || weak || err != nil {
		t.Error(ok, weak, err)
	}
	if ok, _, err := h.verify(ctx, one, "the rain in Spain"); ok || err != nil {
		t.Error(ok, err)
	}
	if ok, _, err := h.verify(ctx, "", ""); ok || err != nil {
		t.Error("no hash and no password are no sign-in", ok, err)
	}
	if ok, weak, err := newHasher(Hashing{Memory: 16, Time: 1, Threads: 1}, rand.Reader, 1).verify(ctx, one, "the rain in spain"); !ok || !weak || err != nil {
		t.Error("a hash made with less work", ok, weak, err)
	}
	for _, phc := range []string{
		"x", "$2a$10$abc", strings.Replace(one, "argon2id", "argon2i", 1), strings.Replace(one, "m=8", "m=4294967295", 1),
		strings.Replace(one, "t=1", "t=0", 1), strings.Replace(one, "p=1", "p=0", 1), strings.Replace(one, "v=19", "v=16", 1), one + "$x", one[:len(one)-40],
	} {
		if ok, _, err := h.verify(ctx, phc, "the rain in spain"); ok || err == nil {
			t.Errorf("%s: %v, %v", phc, ok, err)
		}
	}
}

// TestTurns has no more passwords hashed at once than there are slots, and nobody wait behind a crowd.
func TestTurns(t *testing.T) {
	t.Parallel()
	h := newHasher(Hashing{Memory: 8, Time: 1, Threads: 1}, rand.Reader, 2)
	first, err := h.turn(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	if _, err := h.turn(context.Background()); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	var waiting sync.WaitGroup
	errs := make(chan error, maxWaiting)
	for range maxWaiting {
		waiting.Go(func() {
			_, err := h.turn(ctx)
			errs <- err
		})
	}
	for h.waiting.Load() < maxWaiting { // until all of them wait
		runtime.Gosched()
	}
	var slow *RateError
	if _, err := h.turn(context.Background()); !errors.As(err, &slow) {
		t.Errorf("behind a crowd: %v", err)
	}
	cancel()
	waiting.Wait()
	close(errs)
	for err := range errs {
		if !errors.Is(err, context.Canceled) {
			t.Errorf("who gave up: %v", err)
		}
	}
	first()
	if done, err := h.turn(context.Background()); err != nil {
		t.Error(err)
	} else {
		done()
	}
}

func TestLimiterIsBounded(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 11, 23, 8, 0, 0, 0, time.UTC)
	l := newLimiter(2, time.Minute, 100)
	for range 2 {
		l.take("victim", now)
	}
	for i := range 3_000 {
		l.take(strings.Repeat("x", i%200)+string(rune('a'+i%26)), now)
	}
	if len(l.buckets) > 100 {
		t.Errorf("%d buckets", len(l.buckets))
	}
	if wait := l.take("victim", now); wait <= 0 || wait > time.Minute {
		t.Errorf("who is slowed down gets away behind a crowd: %s", wait)
	}
	if wait := l.take("victim", now.Add(time.Minute)); wait != 0 {
		t.Errorf("a minute later: %s", wait)
	}
	if wait := l.take("victim", now.Add(-time.Hour)); wait <= 0 {
		t.Error("a clock that goes back gives attempts away")
	}
}
