package policy

import (
	"time"

	"github.com/goccy/go-yaml/ast"
)

// Approvals say whether somebody else must agree before a change is carried out, taken back, finalized, or cleaned up
// after. The zero Approvals leave it to how many users there are.
type Approvals struct {
	Required ApprovalRule `yaml:"required" jsonschema_description:"Whether a change needs an approval: auto (the default) where there is more than one enabled user, always, or never"`
	FourEyes ApprovalRule `yaml:"four_eyes" jsonschema_description:"Whether who asks for a change may not approve it: auto (the default) where there is more than one enabled user, always, or never"`
	Expires  Duration     `yaml:"expires" jsonschema_description:"How long a request waits for its approval, and an approval for its use, from one minute (default 24h)"`
}

// ApprovalRule is auto, always or never; empty means auto.
type ApprovalRule string

// The rules of approvals.
const (
	ApprovalAuto   ApprovalRule = "auto"
	ApprovalAlways ApprovalRule = "always"
	ApprovalNever  ApprovalRule = "never"
)

const (
	defaultExpires = 24 * time.Hour
	leastExpires   = time.Minute
)

// Holds tells whether the rule holds where there are so many enabled users.
func (r ApprovalRule) Holds(enabledUsers int) bool {
	switch r {
	case ApprovalAlways:
		return true
	case ApprovalNever:
		return false
	case ApprovalAuto:
	}
	return enabledUsers > 1
}

// Lasts is how long a request waits, and how long an approval holds.
func (a Approvals) Lasts() time.Duration { return a.Expires.or(defaultExpires) }

// Stricter demands whatever either of two demands.
func (a Approvals) Stricter(b Approvals) Approvals {
	a, b = a.meaning(), b.meaning()
	a.Required, a.FourEyes = stricter(a.Required, b.Required), stricter(a.FourEyes, b.FourEyes)
	if b.Lasts() < a.Lasts() {
		a.Expires = b.Expires
	}
	return a
}

func stricter(a, b ApprovalRule) ApprovalRule {
	for _, r := range []ApprovalRule{ApprovalAlways, ApprovalAuto} {
		if a == r || b == r {
			return r
		}
	}
	return ApprovalNever
}

// meaning is the section with every default said, so that saying one changes no digest.
func (a Approvals) meaning() Approvals {
	if a.Required == "" {
		a.Required = ApprovalAuto
	}
	if a.FourEyes == "" {
		a.FourEyes = ApprovalAuto
	}
	a.Expires = Duration(a.Lasts().String())
	return a
}

// approvalRules lists the rules, the default first.
func approvalRules() []ApprovalRule {
	return []ApprovalRule{ApprovalAuto, ApprovalAlways, ApprovalNever}
}

func (d *decoder) approvals(n ast.Node) Approvals {
	var a Approvals
	var words []string
	for _, r := range approvalRules() {
		words = append(words, string(r))
	}
	d.mapping(n, "approvals", []field{
		{name: "required", read: func(n ast.Node) { d.choice(n, "required", words, (*string)(&a.Required)) }},
		{name: "four_eyes", read: func(n ast.Node) { d.choice(n, "four_eyes", words, (*string)(&a.FourEyes)) }},
		{name: "expires", read: func(n ast.Node) { a.Expires = d.duration(n, "expires", leastExpires) }},
	})
	return a
}
