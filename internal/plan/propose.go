package plan

import "github.com/glueguard/glueguard/internal/resource"

// Propose says how one resource gets what is wanted, from what was read of it and around it: steps, or why there are
// none. It sets everything of the item but Checks.
func Propose(w Wanted, s resource.Surroundings) Item {
	return Item{}
}
