package store_test

import (
	"strings"
	"testing"

	"github.com/glueguard/glueguard/internal/store"
)

func TestFold(t *testing.T) {
	t.Parallel()
	for name, same := range map[string][]string{
		"ASCII":              {"Ada-9_z", "ADA-9_Z", "ada-9_z"},
		"accents":            {"Zoë", "ZOË", "zoë"},
		"sigma":              {"ΣΑΣ", "σας", "σασ"},
		"the sign of kelvin": {"\u212a", "k", "K"},
		"Cyrillic":           {"Иван", "ИВАН"},
	} {
		for _, other := range same[1:] {
			if store.Fold(same[0]) != store.Fold(other) {
				t.Errorf("%s: %q and %q are told apart", name, same[0], other)
			}
		}
	}
	if store.Fold("straße") == store.Fold("strase") || store.Fold("a") == store.Fold("á") {
		t.Error("letters that differ in more than case are taken for one")
	}
}

func FuzzFold(f *testing.F) {
	f.Add("Zoë")
	f.Add("\xff\x00K")
	f.Fuzz(func(t *testing.T, s string) {
		folded := store.Fold(s)
		if again := store.Fold(folded); again != folded {
			t.Errorf("%q folds to %q, and that to %q", s, folded, again)
		}
		if both := store.Fold(s + s); both != folded+folded && strings.ToValidUTF8(s, "") == s {
			t.Errorf("%q twice folds to %q", s, both)
		}
	})
}
