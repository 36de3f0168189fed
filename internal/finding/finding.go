// Package finding keeps outcomes over time: a stable id for each control and resource, the exception that a finding
// cites, and the history of first seen, last seen, resolved and reopened.
package finding

import (
	"time"

	"github.com/glueguard/glueguard/internal/control"
)

// Finding is one control's outcome for one resource, with a stable id.
type Finding struct {
	ID string `json:"id"`
	control.Outcome
	Exception *Exception `json:"exception"`
}

// Exception is the exception of the policy that a finding cites, expired ones too.
type Exception struct {
	Reason  string `json:"reason"`
	Owner   string `json:"owner"`
	Expires string `json:"expires"` // a date, YYYY-MM-DD: the last day on which it holds
	Expired bool   `json:"expired"`
}

// History is what the store knows of a finding beyond one audit. Zero times mean never.
type History struct {
	FirstSeen  time.Time `json:"first_seen"`
	LastSeen   time.Time `json:"last_seen"`
	ResolvedAt time.Time `json:"resolved_at,omitzero"`
	ReopenedAt time.Time `json:"reopened_at,omitzero"`
}
