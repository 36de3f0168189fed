// Package paging cuts sorted lists into pages, as AWS's list operations do: opaque tokens that work only for the request
// that they were made for, and that survive items coming and going between two pages.
package paging

import (
	"encoding/base64"
	"errors"
	"hash/fnv"
	"sort"
	"strconv"
	"strings"
)

// ErrToken is returned for a token that this list never gave.
var ErrToken = errors.New("not a token of this list")

// Cut returns the page after token, at most size items, and the token of the next page: nil on the last one. The items
// must be sorted by key, and their keys unique. The scope is what the token is bound to: the request's other parameters.
func Cut[T any](items []T, key func(T) string, size int, token *string, scope string) (page []T, next *string, err error) {
	if token != nil && *token != "" {
		last, ok := open(*token, scope)
		if !ok {
			return nil, nil, ErrToken
		}
		items = items[sort.Search(len(items), func(i int) bool { return key(items[i]) > last }):]
	}
	if len(items) <= size {
		return items, nil, nil
	}
	sealed := seal(key(items[size-1]), scope)
	return items[:size], &sealed, nil
}

func seal(last, scope string) string {
	return base64.RawURLEncoding.EncodeToString([]byte(digest(scope) + "/" + last))
}

func open(token, scope string) (last string, ok bool) {
	text, err := base64.RawURLEncoding.DecodeString(token)
	if err != nil {
		return "", false
	}
	bound, last, ok := strings.Cut(string(text), "/")
	return last, ok && bound == digest(scope)
}

func digest(scope string) string {
	h := fnv.New64a()
	h.Write([]byte(scope)) // a hash never fails to write
	return strconv.FormatUint(h.Sum64(), 36)
}
