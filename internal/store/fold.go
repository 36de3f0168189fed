package store

import (
	"strings"
	"unicode"
)

// Fold writes a text so that two which differ in case alone become the same: what names are unique by and searched by.
// ASCII letters become capitals.
func Fold(s string) string { return strings.Map(foldRune, s) }

// foldRune returns the first of the runes that differ from r in case alone.
func foldRune(r rune) rune {
	if r < unicode.MaxASCII {
		if 'a' <= r && r <= 'z' {
			r -= 'a' - 'A'
		}
		return r
	}
	first := r
	for next := unicode.SimpleFold(r); next != r; next = unicode.SimpleFold(next) {
		first = min(first, next)
	}
	return first
}
