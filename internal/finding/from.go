package finding

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"strings"
	"time"

	"github.com/glueguard/glueguard/internal/control"
	"github.com/glueguard/glueguard/internal/policy"
)

// From turns outcomes into findings: each gets its id and the exception that it cites. An exception in force makes a
// failing outcome exempt; an expired one leaves it failing and says so. Other statuses are never touched.
func From(outcomes []control.Outcome, p policy.Policy, now time.Time) []Finding {
	findings := make([]Finding, len(outcomes))
	for i, o := range outcomes {
		findings[i] = Finding{ID: ID(o), Outcome: o}
		if o.Status == control.Fail {
			except(&findings[i], p, now)
		}
	}
	return findings
}

func except(f *Finding, p policy.Policy, now time.Time) {
	e, expired, ok := p.Exception(string(f.Control), f.Resource.ARN, now)
	if !ok {
		return
	}
	f.Exception = &Exception{Reason: string(e.Reason), Owner: string(e.Owner), Expires: string(e.Expires), Expired: expired}
	if expired {
		f.Message += fmt.Sprintf(" The exception owned by %s expired on %s.", e.Owner, e.Expires)
		return
	}
	f.Status = control.Exempt
}

// idLength is the number of hexadecimal digits of an id: 128 bits, so that no two findings ever share one.
const idLength = 32

// ID is the stable id of an outcome's finding. It says which control and which resource, never what was found, so that
// a finding keeps its id while it fails, passes and fails again. An outcome about a whole listing is about the type in
// its location; a key whose ARN is not known is about the reference as written.
func ID(o control.Outcome) string {
	identity := o.Resource.ARN
	if identity == "" {
		identity = strings.Join([]string{o.Resource.Account, o.Resource.Region, o.Resource.ID}, "\x00")
	}
	sum := sha256.Sum256([]byte(strings.Join([]string{"glueguard.finding/v1", string(o.Control), string(o.Resource.Type), identity}, "\x00")))
	return hex.EncodeToString(sum[:])[:idLength]
}
