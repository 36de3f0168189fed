package policy

import (
	"slices"
	"time"

	"github.com/glueguard/glueguard/internal/resource"
)

// Profile is a set of requirements that goes by one name.
type Profile string

// The profiles.
const (
	// SOP accepts what the operating procedures accept: any encryption at rest, by SSE-S3 or SSE-KMS.
	SOP Profile = "sop"
	// Strict demands SSE-KMS under a customer-managed key that is known to be usable.
	Strict Profile = "strict"
)

// Any is the required mode that every encryption at rest satisfies.
const Any resource.Mode = "any"

// Policy is what an organisation demands. The zero Policy is not valid: start from Default or Decode.
type Policy struct {
	Profile        Profile      `yaml:"profile" jsonschema_description:"sop accepts what the operating procedures accept (SSE-S3 or SSE-KMS); strict demands SSE-KMS with usable customer-managed keys"`
	Require        Require      `yaml:"require" jsonschema_description:"The weakest encryption mode accepted, by resource type; what is left out follows the profile"`
	Keys           Keys         `yaml:"keys" jsonschema_description:"Which KMS keys may be used, and by which accounts"`
	Scope          Scope        `yaml:"scope" jsonschema_description:"Which accounts, regions and controls this policy covers; everything when left out"`
	Repair         Repair       `yaml:"repair" jsonschema_description:"How failing resources are repaired where the command line says nothing else"`
	Approvals      Approvals    `yaml:"approvals" jsonschema_description:"Whether somebody else must agree before a change is carried out, taken back or finalized"`
	Exceptions     []Exception  `yaml:"exceptions" jsonschema_description:"Failing findings that are accepted for a while"`
	AcceptedUnread []UnreadRead `yaml:"accepted_unread" jsonschema_description:"Reads that will always be denied, such as those of a region closed by a service control policy, and are accepted as unread"`
}

// Require names the weakest accepted mode by resource type. An empty mode leaves it to the profile; read the effective
// modes from Policy.DevEndpointMode and Policy.MLTransformMode.
type Require struct {
	DevEndpoint DevEndpointMode `yaml:"dev_endpoint" jsonschema_description:"The weakest accepted S3 encryption of development endpoints"`
	MLTransform MLTransformMode `yaml:"ml_transform" jsonschema_description:"The weakest accepted encryption of ML transforms; any accepts an encrypted task run too"`
}

// DevEndpointMode is SSE-S3 or SSE-KMS; empty leaves it to the profile.
type DevEndpointMode resource.Mode

// MLTransformMode is any or SSE-KMS; empty leaves it to the profile.
type MLTransformMode resource.Mode

// Keys says which KMS keys Glue encryption may use.
type Keys struct {
	Allowed  []ARNPattern `yaml:"allowed" jsonschema_description:"Patterns of the key ARNs that may be used (* stands for any text); every key when empty"`
	Accounts []AccountID  `yaml:"accounts" jsonschema_description:"Accounts, besides a key's own, that its policy may grant and whose keys may be used from elsewhere"`
}

// Scope is what the policy covers.
type Scope struct {
	Accounts AccountScope `yaml:"accounts" jsonschema_description:"Which accounts are covered"`
	Regions  RegionScope  `yaml:"regions" jsonschema_description:"Which regions are covered"`
	Controls []ControlID  `yaml:"controls" jsonschema_description:"The controls to evaluate; all when empty"`
}

// AccountScope selects accounts. Exclusion wins over inclusion, and an empty inclusion includes all.
type AccountScope struct {
	Include []AccountID `yaml:"include" jsonschema_description:"Only these; all when empty"`
	Exclude []AccountID `yaml:"exclude" jsonschema_description:"All but these"`
}

// RegionScope selects regions by name or pattern. Exclusion wins over inclusion, and an empty inclusion includes all.
type RegionScope struct {
	Include []RegionPattern `yaml:"include" jsonschema_description:"Only these; all when empty"`
	Exclude []RegionPattern `yaml:"exclude" jsonschema_description:"All but these"`
}

// Exception accepts one control's failing findings until a date.
type Exception struct {
	Control  ControlID  `yaml:"control" jsonschema:"required" jsonschema_description:"The control that is not met"`
	Resource ARNPattern `yaml:"resource" jsonschema:"required" jsonschema_description:"The resource's ARN; matched exactly unless a * is written, which stands for any text"`
	Reason   Text       `yaml:"reason" jsonschema:"required" jsonschema_description:"Why it is accepted"`
	Owner    Text       `yaml:"owner" jsonschema:"required" jsonschema_description:"Who answers for it"`
	Expires  Date       `yaml:"expires" jsonschema:"required" jsonschema_description:"The last day on which it holds, UTC"`
}

// UnreadRead accepts that a read is always denied.
type UnreadRead struct {
	Account   AccountPattern `yaml:"account" jsonschema:"required" jsonschema_description:"The account, or * for every account"`
	Region    RegionPattern  `yaml:"region" jsonschema:"required" jsonschema_description:"The region; * stands for any text"`
	Operation Operation      `yaml:"operation" jsonschema:"required" jsonschema_description:"The AWS operation, such as glue:GetMLTransforms; * stands for any text"`
	Reason    Text           `yaml:"reason" jsonschema:"required" jsonschema_description:"Why it will always be denied"`
	Until     Date           `yaml:"until" jsonschema:"required" jsonschema_description:"The last day on which it is accepted, UTC"`
}

// Default is the policy of a profile with nothing said besides.
func Default(p Profile) Policy { return Policy{Profile: p} }

// WithProfile returns the policy under another profile. What the policy requires beyond the profile stays required.
func (p Policy) WithProfile(profile Profile) Policy {
	p.Profile = profile
	return p
}

// WithExceptions returns the policy with more exceptions than its file has: those that were approved in the console.
func (p Policy) WithExceptions(more ...Exception) Policy {
	p.Exceptions = slices.Concat(p.Exceptions, more)
	return p
}

// DevEndpointMode is the weakest S3 encryption that a dev endpoint may have: SSE-S3 or SSE-KMS.
func (p Policy) DevEndpointMode() resource.Mode {
	if p.Profile == Strict || resource.Mode(p.Require.DevEndpoint) == resource.ModeSSEKMS {
		return resource.ModeSSEKMS
	}
	return resource.ModeSSES3
}

// MLTransformMode is what an ML transform must have: Any, or SSE-KMS on its user data.
func (p Policy) MLTransformMode() resource.Mode {
	if p.Profile == Strict || resource.Mode(p.Require.MLTransform) == resource.ModeSSEKMS {
		return resource.ModeSSEKMS
	}
	return Any
}

// AllowsKey tells whether Glue encryption may use the key of this ARN in these accounts. Without `keys` in the policy
// every key is allowed. With `keys.allowed` the ARN must match one pattern, and with `keys.accounts` a key used from
// an account other than its own must belong to one of those accounts.
func (p Policy) AllowsKey(key resource.ARN, usedFrom ...string) bool {
	if len(p.Keys.Allowed) > 0 && !slices.ContainsFunc(p.Keys.Allowed, func(a ARNPattern) bool { return a.Match(key.String()) }) {
		return false
	}
	if len(p.Keys.Accounts) == 0 || slices.Contains(p.Keys.Accounts, AccountID(key.Account)) {
		return true
	}
	return !slices.ContainsFunc(usedFrom, func(account string) bool { return account != key.Account })
}

// AllowsAccount tells whether a key policy may grant this account, besides the key's own.
func (p Policy) AllowsAccount(account string) bool {
	return slices.Contains(p.Keys.Accounts, AccountID(account))
}

// CoversAccount tells whether the account is in scope.
func (s Scope) CoversAccount(account string) bool {
	if slices.Contains(s.Accounts.Exclude, AccountID(account)) {
		return false
	}
	return len(s.Accounts.Include) == 0 || slices.Contains(s.Accounts.Include, AccountID(account))
}

// CoversRegion tells whether the region is in scope.
func (s Scope) CoversRegion(region string) bool {
	matches := func(r RegionPattern) bool { return r.Match(region) }
	if slices.ContainsFunc(s.Regions.Exclude, matches) {
		return false
	}
	return len(s.Regions.Include) == 0 || slices.ContainsFunc(s.Regions.Include, matches)
}

// CoversControl tells whether the control is in scope.
func (s Scope) CoversControl(id string) bool {
	return len(s.Controls) == 0 || slices.Contains(s.Controls, ControlID(id))
}

// Exception returns the exception for a control's failing finding on the resource of that ARN, and whether it has
// expired. Where several match, one still in force wins over an expired one, then the one that holds longest, then
// the one written with the smallest pattern, owner and reason in order, so that the order in the file is no matter.
func (p Policy) Exception(control, arn string, now time.Time) (e Exception, expired, ok bool) {
	if arn == "" {
		return Exception{}, false, false
	}
	for _, candidate := range p.Exceptions {
		if string(candidate.Control) != control || !candidate.Resource.Match(arn) {
			continue
		}
		if !ok || candidate.Compare(e) < 0 {
			e, ok = candidate, true
		}
	}
	return e, ok && e.Expires.Before(now), ok
}

// AcceptsUnread tells whether the policy accepts that this operation is denied in this location today, and why.
// Among several that match, the reason of the one that holds longest is given.
func (p Policy) AcceptsUnread(l resource.Location, operation string, now time.Time) (reason string, ok bool) {
	var best UnreadRead
	for _, u := range p.AcceptedUnread {
		if u.Until.Before(now) || !u.Account.Match(l.Account) || !u.Region.Match(l.Region) || !u.Operation.Match(operation) {
			continue
		}
		if !ok || u.Compare(best) < 0 {
			best, ok = u, true
		}
	}
	return string(best.Reason), ok
}
