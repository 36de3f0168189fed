package control

import (
	"cmp"
	"fmt"

	"github.com/glueguard/glueguard/internal/policy"
	"github.com/glueguard/glueguard/internal/resource"
)

// verdict is what a control says of one resource's encryption, before it is dressed as an outcome.
type verdict struct {
	status  Status
	reason  Reason
	message string // a clause that follows the resource's name
	mode    resource.Mode
	key     string
	keys    []string // key references that the encryption rests on, as written; "" where SSE-KMS names none
	// accepted says why the policy accepts what keeps the verdict unknown; empty: it does not.
	accepted string
}

// advisories says that an unknown verdict is accepted.
func (v verdict) advisories() []Advisory {
	if v.status != Unknown || v.accepted == "" {
		return nil
	}
	return []Advisory{acceptedAdvisory(v.accepted)}
}

func acceptedAdvisory(why string) Advisory {
	return Advisory{AcceptedUnread, "the policy accepts what could not be read: " + why}
}

// accepted is why the policy accepts a failed read: the audit has put its reason in the message. It is empty where the
// policy does not.
func accepted(f resource.Failure) string {
	if f.Class != resource.Excluded {
		return ""
	}
	return cmp.Or(f.Message, f.Operation)
}

// weakest returns the weakest entry of a list, by what users are shown: NONE, then SSE-S3, then SSE-KMS. Its mode is
// empty when no entry is known to be off and one has a mode that this release does not know for S3; unknown is then
// that mode.
func weakest(entries []resource.Encryption) (e resource.Encryption, unknown resource.Mode) {
	rank := func(m resource.Mode) int {
		switch m {
		case "", resource.ModeDisabled:
			return 1
		case resource.ModeSSES3:
			return 3
		case resource.ModeSSEKMS:
			return 4
		}
		return 2 // not known for S3, CSE-KMS included
	}
	e = entries[0]
	for _, other := range entries[1:] {
		// Equal ranks are settled by text, so that the order of the entries is no matter.
		a, b := rank(other.Mode), rank(e.Mode)
		if a < b || (a == b && other.Mode+":"+resource.Mode(other.KMSKey) < e.Mode+":"+resource.Mode(e.KMSKey)) {
			e = other
		}
	}
	switch rank(e.Mode) {
	case 1:
		return resource.Encryption{Mode: resource.ModeNone}, ""
	case 2:
		return resource.Encryption{}, e.Mode
	}
	return e, ""
}

// kmsKeys lists the keys of the entries that encrypt by SSE-KMS.
func kmsKeys(entries ...resource.Encryption) []string {
	var keys []string
	for _, e := range entries {
		if e.Mode == resource.ModeSSEKMS {
			keys = append(keys, e.KMSKey)
		}
	}
	return keys
}

// named fetches a configuration that a resource names. Where there is none to judge, the verdict says why.
func named(s *resource.Snapshot, name string) (resource.SecurityConfiguration, verdict, bool) {
	fact := s.SecurityConfiguration(name)
	switch {
	case name == "":
		return resource.SecurityConfiguration{}, verdict{
			status: Fail, reason: NoConfiguration, mode: resource.ModeNone,
			message: "names no security configuration",
		}, false
	case fact.IsUnknown():
		return resource.SecurityConfiguration{}, verdict{
			status: Unknown, reason: ConfigurationUnread,
			message:  fmt.Sprintf("names the security configuration %q, which could not be read: %s", name, failed(fact.Failure())),
			accepted: accepted(fact.Failure()),
		}, false
	case fact.IsAbsent():
		return resource.SecurityConfiguration{}, verdict{
			status: Fail, reason: ConfigurationMissing, mode: resource.ModeNone,
			message: fmt.Sprintf("names the security configuration %q, which does not exist in %s", name, s.Location),
		}, false
	}
	c, _ := fact.Value()
	return c, verdict{}, true
}

// demanded applies what a policy wants of the keys on top of an encryption that is there: profile strict wants each to
// be customer-managed and known to be usable. Advisories say the same under the other profile.
func demanded(s *resource.Snapshot, p policy.Policy, v verdict) verdict {
	if v.status != Pass || p.Profile != policy.Strict {
		return v
	}
	worst, unaccepted := v, false
	for _, key := range v.keys {
		k := judgeKey(s, key)
		switch k.code {
		case noKeyNamed, awsManagedKey:
			worst = stricter(worst, Fail, BelowRequiredMode, v.message+", but "+k.message+" and profile strict requires a customer-managed key")
		case keyUnusable:
			worst = stricter(worst, Fail, Reason(keyUnusable), v.message+", but "+k.message)
		case keyUnverified:
			worst = stricter(worst, Unknown, Reason(keyUnverified), v.message+", but "+k.message)
			worst.accepted = max(worst.accepted, k.accepted)
			unaccepted = unaccepted || k.accepted == ""
		}
	}
	if unaccepted {
		worst.accepted = ""
	}
	return worst
}

// stricter returns the worse of two verdicts: fail before unknown before pass; among equals the smaller reason and
// message, so that the order of the keys is no matter.
func stricter(v verdict, status Status, reason Reason, message string) verdict {
	rank := map[Status]int{Fail: 0, Unknown: 1, Pass: 2}
	if rank[status] > rank[v.status] || (status == v.status && (reason > v.reason || (reason == v.reason && message > v.message))) {
		return v
	}
	v.status, v.reason, v.message = status, reason, message
	return v
}
