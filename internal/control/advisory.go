package control

import (
	"fmt"
	"slices"
	"strings"

	"github.com/glueguard/glueguard/internal/resource"
)

// Codes of the advisories on a resource's keys.
const (
	keyUnusable   = "key-unusable"
	keyUnverified = "key-unverified"
	awsManagedKey = "aws-managed-key"
	noKeyNamed    = "no-key-named"
)

// keyJudgement is what there is to say of a key that a resource's encryption rests on; no code means nothing.
type keyJudgement struct {
	code, message string
	accepted      string // why the policy accepts that the key could not be read; empty: it does not
}

// judgeKey judges a key reference as written in this location.
func judgeKey(s *resource.Snapshot, ref string) keyJudgement {
	if ref == "" {
		return keyJudgement{code: noKeyNamed, message: "no key is named, so AWS chooses the key (its own aws/s3 or the like)"}
	}
	// KMS creates a predefined alias's key when asked about it, so inventory does not ask.
	if strings.HasPrefix(ref, "alias/aws/") || strings.Contains(ref, ":alias/aws/") {
		return keyJudgement{code: awsManagedKey, message: fmt.Sprintf("AWS manages the key %s, so its policy can't be changed", ref)}
	}
	fact := s.Key(ref)
	if fact.IsAbsent() {
		return keyJudgement{code: keyUnusable, message: fmt.Sprintf("the key %s does not exist", ref)}
	}
	k, ok := fact.Value()
	if !ok {
		return keyJudgement{
			code: keyUnverified, message: fmt.Sprintf("the key %s could not be read: %s", ref, failed(fact.Failure())),
			accepted: accepted(fact.Failure()),
		}
	}
	if problems := usability(k, k.ARN, s.Location); len(problems) > 0 {
		code := keyUnverified
		if problems[0].status == Fail {
			code = keyUnusable
		}
		return keyJudgement{code: code, message: fmt.Sprintf("the key %s can't be relied on: it %s", ref, problems[0].message)}
	}
	if k.AWSManaged() {
		return keyJudgement{code: awsManagedKey, message: fmt.Sprintf("AWS manages the key %s, so its policy can't be changed", ref)}
	}
	return keyJudgement{}
}

// keyAdvisories says what is wrong with the keys of an encryption, each thing once, unless it is the verdict itself.
func keyAdvisories(s *resource.Snapshot, v verdict) []Advisory {
	var all []Advisory
	for _, ref := range v.keys {
		k := judgeKey(s, ref)
		a := Advisory{k.code, k.message}
		if k.code != "" && string(v.reason) != k.code && !slices.Contains(all, a) {
			all = append(all, a)
		}
	}
	slices.SortFunc(all, func(a, b Advisory) int { return strings.Compare(a.Code+a.Message, b.Code+b.Message) })
	return all
}

// runtimeAdvisories says that a Glue version's life has ended, so that AWS may refuse to create such a resource again.
// Source: the Glue version support policy; no version named means 0.9.
func runtimeAdvisories(version string) []Advisory {
	switch version {
	case "":
		return []Advisory{{"runtime-end-of-life", "it names no Glue version, which means 0.9; Glue 0.9 reached its end of life on 2026-04-01, and AWS may refuse to create it again"}}
	case "0.9", "1.0", "2.0":
		return []Advisory{{"runtime-end-of-life", fmt.Sprintf("Glue %s reached its end of life on 2026-04-01, and AWS may refuse to create it again", version)}}
	}
	return nil
}

// ownerAdvisories says that a CloudFormation stack owns the resource.
func ownerAdvisories(tags map[string]string) []Advisory {
	stack, ok := tags["aws:cloudformation:stack-name"]
	if !ok {
		return nil
	}
	return []Advisory{{"stack-owned", fmt.Sprintf("the CloudFormation stack %q owns it, so change its template", stack)}}
}

// KeptAsWayBack is the advisory on an original that a change has replaced and keeps until it is finalized. It says
// nothing of the verdict: the original is still there, and is judged as it is.
func KeptAsWayBack(changeID string) Advisory {
	return Advisory{AwaitingFinalize, fmt.Sprintf(
		"the change %s has replaced it and keeps it as its way back; retire it with: glueguard finalize %[1]s", changeID)}
}

// usability lists what keeps a key from encrypting and decrypting Glue's data in these locations. The ARN is the key's.
func usability(k resource.Key, arn resource.ARN, usedIn ...resource.Location) []problem {
	var all []problem
	switch k.State {
	case "Enabled":
	case "PendingDeletion", "PendingReplicaDeletion":
		when := ""
		if !k.DeletionDate.IsZero() {
			when = " on " + k.DeletionDate.UTC().Format("2006-01-02")
		}
		all = append(all, problem{status: Fail, reason: KeyPendingDeletion, message: "is to be deleted" + when + ", after which its data can't be read"})
	case "Disabled":
		all = append(all, problem{status: Fail, reason: KeyDisabled, message: "is disabled"})
	case "Creating", "PendingImport", "Unavailable":
		all = append(all, problem{status: Fail, reason: KeyUnavailable, message: "is not available (state " + k.State + ")"})
	default: // Updating, which passes, and states that AWS adds later
		all = append(all, problem{status: Unknown, reason: KeyStateUnrecognised, message: fmt.Sprintf("is in state %q, which does not tell whether it can be used", k.State)})
	}
	if k.Usage != "ENCRYPT_DECRYPT" {
		all = append(all, problem{status: Fail, reason: KeyUsageUnfit, message: fmt.Sprintf("is for %q, not for ENCRYPT_DECRYPT", k.Usage)})
	}
	if k.Spec != "SYMMETRIC_DEFAULT" {
		all = append(all, problem{status: Fail, reason: KeySpecUnfit, message: fmt.Sprintf("is of spec %q, not SYMMETRIC_DEFAULT", k.Spec)})
	}
	return append(all, regionMismatch(arn, usedIn)...)
}

// regionMismatch is the problem of a key that is used in other regions than its own.
func regionMismatch(key resource.ARN, usedIn []resource.Location) []problem {
	var elsewhere []string
	for _, l := range usedIn {
		if l.Region != key.Region && !slices.Contains(elsewhere, l.Region) {
			elsewhere = append(elsewhere, l.Region)
		}
	}
	if len(elsewhere) == 0 {
		return nil
	}
	slices.Sort(elsewhere)
	return []problem{{status: Fail, reason: KeyRegionMismatch, message: fmt.Sprintf("is of region %s but used in %s", key.Region, strings.Join(elsewhere, ", "))}}
}
