package storetest

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"testing"
	"time"

	gocmp "github.com/google/go-cmp/cmp"

	"github.com/glueguard/glueguard/internal/store"
)

// TestConsole runs the suite of what the console keeps, in parallel.
func TestConsole(t *testing.T, open Open) {
	t.Helper()
	t.Parallel()
	for name, test := range map[string]func(*testing.T, store.Store){
		"a user comes back as it was":                 userComesBack,
		"names and subjects are unique":               userUnique,
		"a user is updated once from what was read":   userConflict,
		"users are listed by name":                    usersListed,
		"a session comes back until it is dropped":    sessions,
		"who has signed out is not signed in again":   sessionStaysDropped,
		"a token comes back until it is dropped":      tokens,
		"a ticket is taken once":                      tickets,
		"what has expired is dropped":                 expired,
		"secrets are kept as hashes only":             hashedOnly,
		"a request comes back as it was":              requestComesBack,
		"what was asked for stays as it was":          requestStays,
		"a request is claimed by one":                 requestClaimed,
		"requests are listed as the filter says":      requestFilters,
		"an exception comes back as it was":           exceptionComesBack,
		"an exception is decided once":                exceptionConflict,
		"a schedule comes back as it was":             scheduleComesBack,
		"a schedule is updated once from what it was": scheduleConflict,
		"what approvals are demanded is kept":         approvalsKept,
		"what the console asks for is not there":      consoleNotFound,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			test(t, open(t))
		})
	}
}

// Hash is what a store keeps of a secret.
func Hash(secret string) string {
	sum := sha256.Sum256([]byte(secret))
	return hex.EncodeToString(sum[:])
}

// same fails the test where two things differ.
func same[T any](t testing.TB, what string, want, got T) {
	t.Helper()
	if d := gocmp.Diff(want, got); d != "" {
		t.Errorf("%s (-want +got):\n%s", what, d)
	}
}

// got is for calls that answer a thing or an error.
func got[T any](t testing.TB) func(T, error) T {
	t.Helper()
	return func(thing T, err error) T {
		t.Helper()
		must(t, err)
		return thing
	}
}

// listed collects what an Each method hands over.
func listed[T any](t testing.TB, each func(yield func(T) error) error) []T {
	t.Helper()
	var list []T
	must(t, each(func(thing T) error { list = append(list, thing); return nil }))
	return list
}

func namesOf[T any, K cmp.Ordered](list []T, name func(T) K) []K {
	names := make([]K, len(list))
	for i, thing := range list {
		names[i] = name(thing)
	}
	return names
}

// zoned is an instant with another clock's zone, which a store turns into UTC.
func zoned(n int) time.Time { return Start(n).In(time.FixedZone("elsewhere", 3600)) }

func actor(name string) store.Actor {
	return store.Actor{Kind: store.ActorUser, Name: name, Address: "192.0.2.1"}
}
