package inventory

import (
	"cmp"
	"context"
	"maps"
	"slices"
	"strings"
	"sync"

	"github.com/glueguard/glueguard/internal/awsapi"
	"github.com/glueguard/glueguard/internal/resource"
)

// keyring reads each key once, whatever the number of locations that name it.
type keyring struct {
	mu      sync.Mutex
	entries map[keyID]*keyEntry
}

// keyID is a key or alias as an ARN, and the account that asks for it: the key's own where that is in the estate,
// else the account that names the key, since what it is shown depends on its own permissions.
type keyID struct{ arn, via string }

// keyEntry is a key, read or being read.
type keyEntry struct {
	done     chan struct{} // closed when the rest is set
	fact     resource.Fact[resource.Key]
	attempts []keyAttempt
	ref      string                         // as written first
	usedIn   map[resource.Location]struct{} // guarded by keyring.mu
}

// keyAttempt is one operation's part in reading a key. A nil failure is a success.
type keyAttempt struct {
	operation string
	failure   *resource.Failure
}

// entry returns the entry of an id and whether it is new, in which case the caller must fill and close it.
func (k *keyring) entry(id keyID, ref string, l resource.Location) (e *keyEntry, isNew bool) {
	k.mu.Lock()
	defer k.mu.Unlock()
	e = k.entries[id]
	if e == nil {
		e = &keyEntry{done: make(chan struct{}), ref: ref, usedIn: map[resource.Location]struct{}{}}
		k.entries[id] = e
		isNew = true
	}
	e.usedIn[l] = struct{}{}
	return e, isNew
}

// KeyUses lists every key that the estate's encryption names and where, sorted by ARN; keys that could not be read
// come under the ARN that was asked for. Call it after Scan.
func (s *Scanner) KeyUses() []resource.KeyUse {
	s.keys.mu.Lock()
	defer s.keys.mu.Unlock()
	type use struct {
		key    resource.Fact[resource.Key]
		usedIn map[resource.Location]struct{}
	}
	uses := map[string]*use{}
	for _, id := range slices.SortedFunc(maps.Keys(s.keys.entries), compareKeyID) {
		e := s.keys.entries[id]
		arn := id.arn
		if key, ok := e.fact.Value(); ok {
			arn = key.ARN.String()
		}
		u := uses[arn]
		if u == nil {
			u = &use{key: e.fact, usedIn: map[resource.Location]struct{}{}}
			uses[arn] = u
		} else if tellsMore(e.fact, u.key) {
			u.key = e.fact
		}
		maps.Copy(u.usedIn, e.usedIn)
	}
	list := make([]resource.KeyUse, 0, len(uses))
	for _, arn := range slices.Sorted(maps.Keys(uses)) {
		in := slices.SortedFunc(maps.Keys(uses[arn].usedIn), resource.Location.Compare)
		list = append(list, resource.KeyUse{Ref: arn, Key: uses[arn].key, UsedIn: in})
	}
	return list
}

func compareKeyID(a, b keyID) int {
	return cmp.Or(cmp.Compare(a.arn, b.arn), cmp.Compare(a.via, b.via))
}

// tellsMore tells whether a is the better reading of the same key: read rather than not, then with more of its parts.
func tellsMore(a, b resource.Fact[resource.Key]) bool { return knowledge(a) > knowledge(b) }

func knowledge(f resource.Fact[resource.Key]) int {
	key, ok := f.Value()
	switch {
	case ok:
		n := 2
		if !key.Rotation.IsUnknown() {
			n++
		}
		if !key.Policy.IsUnknown() {
			n++
		}
		return n
	case f.IsAbsent():
		return 1
	}
	return 0
}

// keyUses is one location's use of keys.
type keyUses struct {
	run     *run
	place   *awsapi.Place
	entries map[string]*keyEntry // by reference as written; those being read by others as well
	facts   map[string]resource.Fact[resource.Key]
	reading sync.WaitGroup
}

// start begins the reading of what no one else reads yet.
func (u *keyUses) start(ctx context.Context, refs []string) {
	if u.entries == nil && len(refs) > 0 {
		u.entries, u.facts = map[string]*keyEntry{}, map[string]resource.Fact[resource.Key]{}
	}
	for _, ref := range refs {
		if _, started := u.entries[ref]; started {
			continue
		}
		arn, failure := canonical(u.place.Location, ref)
		if failure != nil {
			u.entries[ref] = nil
			u.facts[ref] = resource.Unknown[resource.Key](*failure)
			continue
		}
		id := keyID{arn: arn.String(), via: arn.Account}
		if !u.run.roster.enters(ctx, arn.Account) {
			id.via = u.place.Location.Account
		}
		e, isNew := u.run.keys.entry(id, ref, u.place.Location)
		u.entries[ref] = e
		if isNew {
			u.reading.Go(func() {
				defer close(e.done)
				e.fact, e.attempts = u.run.key(ctx, u.place, arn, id.via)
			})
		}
	}
}

// wait returns the keys by the reference as written, and what each operation's part in them was.
func (u *keyUses) wait() (map[string]resource.Fact[resource.Key], []tally) {
	u.reading.Wait()
	tallies := []tally{{operation: opDescribeKey}, {operation: opRotation}, {operation: opKeyPolicy}}
	for _, ref := range slices.Sorted(maps.Keys(u.entries)) {
		e := u.entries[ref]
		if e == nil { // not a reference
			tallies[0].fail(u.facts[ref].Failure())
			continue
		}
		<-e.done // whoever reads it: its calls end when the scan's context does
		u.facts[ref] = e.fact
		for _, attempt := range e.attempts {
			i := slices.IndexFunc(tallies, func(t tally) bool { return t.operation == attempt.operation })
			if attempt.failure != nil {
				tallies[i].fail(*attempt.failure)
			} else {
				tallies[i].items++
			}
		}
	}
	return u.facts, slices.DeleteFunc(tallies, func(t tally) bool { return t.items+t.failed == 0 })
}

// canonical makes an ARN of a reference as written in a location: an ARN, an alias name, or a key id.
func canonical(l resource.Location, ref string) (resource.ARN, *resource.Failure) {
	arn, err := resource.KeyARN(l, ref)
	isKey := strings.HasPrefix(arn.Resource, "key/") || strings.HasPrefix(arn.Resource, "alias/")
	if err != nil || arn.Service != "kms" || arn.Region == "" || arn.Account == "" || !isKey {
		return resource.ARN{}, &resource.Failure{
			Operation: opDescribeKey, Class: resource.Errored, Message: "not the ARN of a key or alias: " + ref,
		}
	}
	return arn, nil
}
