package control

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/glueguard/glueguard/internal/iampolicy"
	"github.com/glueguard/glueguard/internal/policy"
	"github.com/glueguard/glueguard/internal/resource"
)

// Reasons of the key control, worst first: a finding has the first that applies as its reason, and the others as
// advisories with the same codes.
const (
	KeyMissing           Reason = "key-missing"
	KeyPolicyWildcard    Reason = "key-policy-wildcard"
	KeyPendingDeletion   Reason = "key-pending-deletion"
	KeyDisabled          Reason = "key-disabled"
	KeyUnavailable       Reason = "key-unavailable"
	KeyUsageUnfit        Reason = "key-usage-unfit"
	KeySpecUnfit         Reason = "key-spec-unfit"
	KeyRegionMismatch    Reason = "key-region-mismatch"
	KeyPolicyOutside     Reason = "key-policy-outside-account"
	KeyNotAllowed        Reason = "key-not-allowed"
	KeyRotationOff       Reason = "key-rotation-off"
	KeyUnreadable        Reason = "key-unreadable"
	KeyStateUnrecognised Reason = "key-state-unrecognised"
	KeyPolicyUnreadable  Reason = "key-policy-unreadable"
	KeyRotationUnread    Reason = "key-rotation-unreadable"
	KeyWellManaged       Reason = "key-well-managed"
)

// keyReasons is the order in which problems of a key are given: what fails, then what is unknown.
func keyReasons() []Reason {
	return []Reason{
		KeyMissing, KeyPolicyWildcard, KeyPendingDeletion, KeyDisabled, KeyUnavailable, KeyUsageUnfit, KeySpecUnfit,
		KeyRegionMismatch, KeyPolicyOutside, KeyNotAllowed, KeyRotationOff,
		KeyUnreadable, KeyStateUnrecognised, KeyPolicyUnreadable, KeyRotationUnread,
	}
}

// problem is one thing wrong with a key; the message is a clause that follows the key's name.
type problem struct {
	status  Status // Fail or Unknown
	reason  Reason
	message string
	// accepted says why the policy accepts what keeps this unknown; empty: it does not.
	accepted string
}

// unread is the problem of a part of a key that could not be read.
func unread(reason Reason, what string, f resource.Failure) problem {
	return problem{status: Unknown, reason: reason, message: what + " could not be read: " + failed(f), accepted: accepted(f)}
}

// EvaluateKeys judges each key of the estate once: one outcome per key, with the worst problem as its reason and every
// other one as an advisory. It is empty where the policy does not cover the control. A key that AWS manages is not
// judged by its policy and rotation, which AWS keeps. A key that is missing or that anybody may use is of high severity.
func EvaluateKeys(uses []resource.KeyUse, p policy.Policy) []Outcome {
	outcomes := []Outcome{}
	if len(Selected(p, KeyManagement)) == 0 {
		return outcomes
	}
	for _, use := range uses {
		outcomes = append(outcomes, judgeKeyUse(use, p))
	}
	return sorted(outcomes)
}

func judgeKeyUse(use resource.KeyUse, p policy.Policy) Outcome {
	c := get(KeyManagement)
	o := Outcome{
		Control: c.ID, Severity: c.Severity, Status: Pass, Reason: KeyWellManaged,
		Resource:   KeyRef(use),
		Advisories: []Advisory{},
	}
	called := "KMS key " + cmp.Or(o.Resource.ARN, o.Resource.ID)
	o.Encryption.KMSKey = cmp.Or(o.Resource.ARN, o.Resource.ID)
	o.Message = called + " is usable, rotated where it can be, and closed to outsiders."
	if k, ok := use.Key.Value(); ok && k.AWSManaged() {
		o.Message = called + " is usable; AWS manages its rotation and its policy."
		o.Advisories = append(o.Advisories, Advisory{awsManagedKey, "AWS manages the key, so its policy can't be changed"})
	}
	problems := keyProblems(use, p)
	order := keyReasons()
	slices.SortFunc(problems, func(a, b problem) int {
		return cmp.Or(cmp.Compare(slices.Index(order, a.reason), slices.Index(order, b.reason)), cmp.Compare(a.message, b.message))
	})
	for i, problem := range problems {
		if i == 0 {
			o.Status, o.Reason = problem.status, problem.reason
			o.Message = called + " " + problem.message + "."
			continue
		}
		o.Advisories = append(o.Advisories, Advisory{string(problem.reason), "it " + problem.message})
	}
	// What fails comes before what is unknown, so all the problems of an unknown outcome are unknown ones.
	if o.Status == Unknown && !slices.ContainsFunc(problems, func(p problem) bool { return p.accepted == "" }) {
		o.Advisories = append(o.Advisories, acceptedAdvisory(problems[0].accepted))
	}
	if o.Reason == KeyMissing || o.Reason == KeyPolicyWildcard {
		o.Severity = High
	}
	return o
}

// keyProblems lists all that is wrong with a key, and all that is not known of it.
func keyProblems(use resource.KeyUse, p policy.Policy) []problem {
	if use.Key.IsAbsent() {
		return []problem{{status: Fail, reason: KeyMissing, message: "does not exist, so what was encrypted with it can't be read and nothing more can be written"}}
	}
	k, ok := use.Key.Value()
	if !ok {
		problems := []problem{{
			status: Unknown, reason: KeyUnreadable, message: "could not be read: " + failed(use.Key.Failure()), accepted: accepted(use.Key.Failure()),
		}}
		// An ARN tells its region and account even when the key can't be read.
		if arn, err := resource.ParseARN(use.Ref); err == nil {
			problems = append(problems, regionMismatch(arn, use.UsedIn)...)
			if strings.HasPrefix(arn.Resource, "key/") {
				problems = append(problems, notAllowed(arn, use, p)...)
			}
		}
		return problems
	}
	problems := append(usability(k, k.ARN, use.UsedIn...), notAllowed(k.ARN, use, p)...)
	if k.AWSManaged() {
		return problems
	}
	return append(append(problems, rotation(k)...), keyPolicy(k, p)...)
}

// notAllowed is the problem of a key that the policy does not allow where it is used.
func notAllowed(key resource.ARN, use resource.KeyUse, p policy.Policy) []problem {
	var accounts []string
	for _, l := range use.UsedIn {
		accounts = append(accounts, l.Account)
	}
	if p.AllowsKey(key, accounts...) {
		return nil
	}
	return []problem{{status: Fail, reason: KeyNotAllowed, message: "is not among the keys and accounts that the policy allows"}}
}

// rotation is the problem of a key that does not rotate though it can. While a key waits for its deletion KMS says that
// it does not rotate, which means nothing.
func rotation(k resource.Key) []problem {
	on, known := k.Rotation.Value()
	switch {
	case k.State == "PendingDeletion" || k.State == "PendingReplicaDeletion" || k.Rotation.IsAbsent() || on:
		return nil
	case known:
		return []problem{{status: Fail, reason: KeyRotationOff, message: "does not rotate"}}
	}
	return []problem{unread(KeyRotationUnread, "has a rotation that", k.Rotation.Failure())}
}

// keyPolicy lists whom a key's policy grants that it should not: everyone, unless a condition narrows it, and
// principals outside the key's account and the accounts that the policy allows. AWS services and principals that were
// deleted are not outsiders.
func keyPolicy(k resource.Key, p policy.Policy) []problem {
	text, known := k.Policy.Value()
	if !known {
		if k.Policy.IsAbsent() {
			return []problem{{status: Unknown, reason: KeyPolicyUnreadable, message: "has no policy that could be read"}}
		}
		return []problem{unread(KeyPolicyUnreadable, "has a policy that", k.Policy.Failure())}
	}
	d, err := iampolicy.Parse(text)
	if err != nil {
		return []problem{{status: Unknown, reason: KeyPolicyUnreadable, message: "has a policy that this version does not understand: " + err.Error()}}
	}
	var wildcards, outsiders []string
	for _, g := range d.Grantees() {
		switch {
		case g.Wildcard && !g.Narrowed:
			wildcards = append(wildcards, statement(g))
		case g.Principal.Kind == iampolicy.Service || g.Principal.Deleted():
		default:
			for _, who := range outside(g, k.ARN.Account, p) {
				outsiders = append(outsiders, who+" ("+statement(g)+")")
			}
		}
	}
	var problems []problem
	if len(wildcards) > 0 {
		problems = append(problems, problem{status: Fail, reason: KeyPolicyWildcard, message: "lets everyone use it: " + list(wildcards) + " of its policy grants * without a condition that narrows it"})
	}
	if len(outsiders) > 0 {
		problems = append(problems, problem{status: Fail, reason: KeyPolicyOutside, message: "is open to outsiders: its policy grants " + list(outsiders)})
	}
	return problems
}

// outside names whom a grant reaches outside the key's account and the allowed accounts.
func outside(g iampolicy.Grantee, own string, p policy.Policy) []string {
	if g.Accounts == nil {
		if g.Wildcard {
			return nil // narrowed to an organisation or a network
		}
		return []string{g.Principal.ID} // e.g. a web identity provider: nobody can say whose it is
	}
	var all []string
	for _, account := range g.Accounts {
		switch {
		case account == own || p.AllowsAccount(account):
		case g.Wildcard:
			all = append(all, "everyone of account "+account)
		default:
			all = append(all, g.Principal.ID)
		}
	}
	return all
}

func statement(g iampolicy.Grantee) string {
	if g.Sid != "" {
		return fmt.Sprintf("statement %q", g.Sid)
	}
	return fmt.Sprintf("statement %d", g.Statement+1)
}

// list joins texts, each once, and cuts a long list short.
func list(texts []string) string {
	const most = 3
	slices.Sort(texts)
	texts = slices.Compact(texts)
	if len(texts) > most {
		return fmt.Sprintf("%s and %d more", strings.Join(texts[:most], ", "), len(texts)-most)
	}
	return strings.Join(texts, ", ")
}

// KeyRef names the key as its finding does. One that could not be read is named by its reference, and placed where that says or else where
// it is first used.
func KeyRef(use resource.KeyUse) resource.Ref {
	r := resource.Ref{Type: resource.TypeKey, Tags: map[string]string{}}
	arn, err := resource.ParseARN(use.Ref)
	if k, ok := use.Key.Value(); ok {
		arn, err = k.ARN, nil
	}
	if err == nil {
		r.ARN, r.Account, r.Region = arn.String(), arn.Account, arn.Region
		r.ID = strings.TrimPrefix(arn.Resource, "key/")
		return r
	}
	r.ID = use.Ref
	if len(use.UsedIn) > 0 {
		first := slices.MinFunc(use.UsedIn, resource.Location.Compare)
		r.Account, r.Region = first.Account, first.Region
	}
	return r
}
