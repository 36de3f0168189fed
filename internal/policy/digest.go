package policy

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"reflect"
	"slices"

	"github.com/glueguard/glueguard/internal/resource"
)

// Digest is "sha256:" and the hash of what the policy means: of its Document.
func (p Policy) Digest() string {
	sum := sha256.Sum256(p.Document())
	return "sha256:" + hex.EncodeToString(sum[:])
}

// Document is what the policy means, as JSON, written in one way only. Comments, the order of keys, and the order and
// repetition of list entries are no part of the meaning; a requirement that says what the profile says anyway is none
// either.
func (p Policy) Document() []byte {
	meaning := struct {
		Format         string
		Profile        Profile
		DevEndpoint    resource.Mode
		MLTransform    resource.Mode
		Keys           Keys
		Scope          Scope
		Repair         *Repair    `json:",omitempty"` // left out where it says nothing but defaults
		Approvals      *Approvals `json:",omitempty"` // likewise
		Exceptions     []Exception
		AcceptedUnread []UnreadRead
	}{
		Format:      "glueguard.policy/v1",
		Profile:     p.Profile,
		DevEndpoint: p.DevEndpointMode(),
		MLTransform: p.MLTransformMode(),
		Keys:        Keys{Allowed: set(p.Keys.Allowed), Accounts: set(p.Keys.Accounts)},
		Scope: Scope{
			Accounts: AccountScope{Include: set(p.Scope.Accounts.Include), Exclude: set(p.Scope.Accounts.Exclude)},
			Regions:  RegionScope{Include: set(p.Scope.Regions.Include), Exclude: set(p.Scope.Regions.Exclude)},
			Controls: set(p.Scope.Controls),
		},
		Exceptions:     setFunc(p.Exceptions, Exception.Compare),
		AcceptedUnread: setFunc(p.AcceptedUnread, UnreadRead.Compare),
	}
	if r := p.Repair.meaning(); !reflect.DeepEqual(r, Repair{}.meaning()) {
		meaning.Repair = &r
	}
	if a := p.Approvals.meaning(); a != (Approvals{}).meaning() {
		meaning.Approvals = &a
	}
	text, err := json.Marshal(meaning)
	if err != nil {
		panic("policy: a struct of strings can't be marshalled: " + err.Error()) // impossible: no cycles, no floats
	}
	return text
}

// set returns the entries sorted, each once; never nil, so that no list and an empty one are the same.
func set[T cmp.Ordered](list []T) []T { return setFunc(list, cmp.Compare[T]) }

func setFunc[T comparable](list []T, compare func(a, b T) int) []T {
	sorted := slices.Clone(list)
	slices.SortFunc(sorted, compare)
	return append([]T{}, slices.Compact(sorted)...)
}
