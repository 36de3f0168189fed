// Package preflight judges, from what was read, whether a planned change can be carried out: one check for each thing
// that AWS or the estate could refuse it for. It is part of every plan, and apply repeats it.
//
// A check passes only on facts that are known. One that could not be made is unchecked and stops apply until it is
// accepted; what AWS itself will not tell, or only guesses, is advisory and stops nothing. Where a refusal by AWS would
// come before anything irrevocable was done, a doubt is left to AWS; where a loss would be silent, a person decides.
//
// It is pure: no SDK, no clock, no files.
package preflight

import (
	"fmt"
	"slices"
	"strings"

	"github.com/glueguard/glueguard/internal/plan"
	"github.com/glueguard/glueguard/internal/resource"
)

// Decision is IAM's simulated verdict on one permission.
type Decision string

// The decisions of iam SimulatePrincipalPolicy.
const (
	Allowed      Decision = "allowed"
	ExplicitDeny Decision = "explicitDeny"
	ImplicitDeny Decision = "implicitDeny"
)

// The codes of the checks.
const (
	Credentials   = "credentials"
	Permissions   = "permissions"         // advisory
	OwnerStack    = "owner-stack"         // no CloudFormation stack owns the resource
	Tags          = "tags"                // there is room for the change's own
	Runtime       = "runtime"             // advisory: AWS still makes resources of its Glue version
	RoleTrust     = "role-trust"          // Glue may assume the resource's role
	Quota         = "twin-quota"          // one more fits in
	KeyUsable     = "key-usable"          // the wanted key exists and can encrypt here
	KeyRole       = "key-role-access"     // the resource's role may use it
	KeyLogs       = "key-logs-access"     // CloudWatch Logs may use it
	LogRole       = "log-role-permission" // the role may put log groups under a key
	Addresses     = "subnet-addresses"    // the subnet has room for both
	ElasticIP     = "elastic-ip"          // none is attached that would be lost
	KMSRoute      = "kms-route"           // KMS can be reached from the subnet
	Notebooks     = "notebooks"           // those attached find the replacement
	Dependents    = "dependents"          // what refers to an ML transform is known
	LabelsBucket  = "labels-bucket"       // the S3 prefix for labels: there, in the region, encrypted
	LabelsWrite   = "labels-writable"     // the role may write and read there
	LabelsKey     = "labels-key"          // advisory: the role may use the bucket's own key
	ProofBucket   = "proof-bucket"        // the S3 prefix where a twin proves itself: there, in the region
	ProofWritable = "proof-writable"      // the role may write there
)

// Everything is the accepted code that accepts every unchecked check but those that must be named.
const Everything = "*"

// Codes lists the checks that can be accepted as unchecked.
func Codes() []string {
	return []string{
		Credentials, OwnerStack, RoleTrust, Quota, KeyUsable, KeyRole, KeyLogs, LogRole, Addresses, ElasticIP, KMSRoute,
		Notebooks, Dependents, LabelsBucket, LabelsWrite, ProofBucket, ProofWritable,
	}
}

// MustBeNamed tells whether a check is accepted only by its own name: a known loss is accepted knowingly.
func MustBeNamed(code string) bool { return code == ElasticIP }

// Accept returns the checks with those marked that may stay unchecked: accepted are codes, or Everything.
func Accept(checks []plan.Check, accepted []string) []plan.Check {
	result := slices.Clone(checks)
	for i := range result {
		c := &result[i]
		named := slices.Contains(accepted, c.Code)
		all := slices.Contains(accepted, Everything) && !MustBeNamed(c.Code)
		c.Accepted = c.Status == plan.Unchecked && !c.Advisory && (named || all)
	}
	return result
}

// Stopping lists the checks that keep their change from being applied.
func Stopping(checks []plan.Check) []plan.Check {
	return slices.DeleteFunc(slices.Clone(checks), func(c plan.Check) bool { return !c.Stops() })
}

// Check judges one item by what is around its resource. Simulated holds IAM's decisions on the item's permissions;
// planned is how many twins, this one with them, the plan wants in the location. A blocked item has nothing to check.
func Check(i plan.Item, s resource.Surroundings, simulated map[plan.Permission]resource.Fact[Decision], planned int) []plan.Check {
	if i.Blocked != nil {
		return []plan.Check{}
	}
	v := newSubject(i, s)
	checks := []plan.Check{v.credentials(), v.permissions(simulated), v.ownerStack(), v.tags()}
	checks = append(checks, v.runtime()...)
	if v.makes {
		checks = append(checks, v.roleTrust(), v.quota(planned))
		checks = append(checks, v.keys()...)
	}
	if v.endpoint != nil {
		checks = append(checks, v.network()...)
		checks = append(checks, v.notebooks())
	} else {
		checks = append(checks, v.dependents())
	}
	return append(checks, v.buckets()...)
}

// subject is one item, with what its steps come to.
type subject struct {
	item      plan.Item
	s         resource.Surroundings
	endpoint  *resource.EndpointDefinition // one of the two
	transform *resource.TransformDefinition
	name      string
	roleARN   string
	makes     bool // a step makes a resource of the original's kind
	uses      keyUses
	labels    string // S3 prefix that labels are exported to; empty: none are
	proves    string // S3 prefix where the twin proves itself; empty: it does not
}

func newSubject(i plan.Item, s resource.Surroundings) *subject {
	v := &subject{item: i, s: s, name: i.Resource.Name, uses: usesOf(i)}
	if i.Endpoint != nil {
		v.endpoint, v.roleARN = &i.Endpoint.Definition, i.Endpoint.Definition.RoleARN
	} else if i.Transform != nil {
		v.transform, v.roleARN = &i.Transform.Definition, i.Transform.Definition.RoleARN
	}
	for _, step := range i.Steps {
		switch step.Kind {
		case plan.CreateEndpoint, plan.CreateTransform:
			v.makes = true
		case plan.ExportLabels:
			v.labels = step.S3
		case plan.WaitProof:
			v.proves = step.S3
		}
	}
	return v
}

func passed(code, format string, args ...any) plan.Check {
	return plan.Check{Code: code, Status: plan.Passed, Message: fmt.Sprintf(format, args...)}
}

func failed(code, advice, format string, args ...any) plan.Check {
	return plan.Check{Code: code, Status: plan.Failed, Message: fmt.Sprintf(format, args...), Advice: advice}
}

func unchecked(code, advice, format string, args ...any) plan.Check {
	return plan.Check{Code: code, Status: plan.Unchecked, Message: fmt.Sprintf(format, args...), Advice: advice}
}

func advisory(c plan.Check) plan.Check {
	c.Advisory = true
	return c
}

// unread is a check whose fact could not be read.
func unread[T any](code, what string, fact resource.Fact[T]) plan.Check {
	f := fact.Failure()
	advice := "See why it could not be read, and plan again."
	if f.Class == resource.Denied && f.Operation != "" {
		advice = "Allow " + f.Operation + " and plan again."
	}
	return unchecked(code, advice, "%s could not be read: %s", what, why(f))
}

// why says in one clause why a read failed.
func why(f resource.Failure) string {
	text := f.Operation + " failed"
	switch {
	case f.Operation == "":
		return f.Message
	case f.Class == resource.Denied:
		text = f.Operation + " was denied"
	case f.Class == resource.Throttled:
		text = f.Operation + " was throttled until the retries ended"
	}
	switch {
	case f.Code != "":
		text += " (" + f.Code + ")"
	case f.Message != "":
		text += ": " + f.Message
	}
	return text
}

// list joins words for a sentence, cut after a few.
func list(words []string) string {
	const few = 4
	if len(words) > few {
		return strings.Join(words[:few], ", ") + fmt.Sprintf(" and %d more", len(words)-few)
	}
	return strings.Join(words, ", ")
}
