package policy

import (
	"slices"
	"strings"
	"time"

	"github.com/glueguard/glueguard/internal/resource"
)

// Repair says how failing resources are repaired where the command line says nothing else. The zero Repair leaves
// everything to the command line and to the defaults of its methods.
type Repair struct {
	Mode     RepairMode     `yaml:"mode" jsonschema_description:"The encryption that repairs aim at; left out, plans follow --mode, or SSE-KMS where the policy accepts nothing else"`
	KMSKey   KeyRef         `yaml:"kms_key" jsonschema_description:"The KMS key to encrypt with: an alias (looked up in each account and region), an id or an ARN (which serve their own region only)"`
	Create   NewKeyAlias    `yaml:"create_key" jsonschema_description:"Make a KMS key where the alias does not exist yet: true for alias/glueguard, or another alias"`
	Strategy RepairStrategy `yaml:"strategy" jsonschema_description:"replace keeps the name; side-by-side keeps the original until finalize, under its name; retire only deletes"`
	LabelsS3 S3Prefix       `yaml:"labels_s3" jsonschema_description:"Where labels of ML transforms are exported to; {account} and {region} stand for the transform's own"`

	GrantRole   bool `yaml:"grant_role" jsonschema_description:"Make a KMS grant for a resource's role where only that is missing"`
	RepointJobs bool `yaml:"repoint_jobs" jsonschema_description:"Rewrite job arguments that name a replaced ML transform"`

	Parallel        int      `yaml:"parallel" jsonschema:"minimum=1,maximum=1000" jsonschema_description:"How many changes run at once (default 4)"`
	Twins           int      `yaml:"twins" jsonschema:"minimum=1,maximum=1000" jsonschema_description:"How many twins there may be at once in one account and region (default: what AWS's quota leaves)"`
	Settle          Duration `yaml:"settle" jsonschema_description:"How long the effect of a call is looked for whose answer was lost, before a person is asked (default 30s)"`
	WaitLimit       Duration `yaml:"wait_limit" jsonschema_description:"How long AWS may take to make or delete a resource before a person is asked, in whole minutes (default 30m)"`
	MetricTolerance float64  `yaml:"metric_tolerance" jsonschema:"exclusiveMinimum=0,maximum=1" jsonschema_description:"By how much each quality metric of a replaced ML transform may differ from the original's (default 0.05)"`

	OwnedByCode []TagPattern `yaml:"owned_by_code" jsonschema_description:"Tags that mean that a resource is owned by code, such as Terraform's, and is not repaired here: KEY or KEY=VALUE, with * for any text"`
}

// The kinds of text of a repair section. Each has a rule that Decode and Schema share.
type (
	// RepairMode is SSE-S3 or SSE-KMS; empty names none.
	RepairMode resource.Mode
	// RepairStrategy is replace, side-by-side or retire; empty means replace.
	RepairStrategy string
	// KeyRef is a KMS key's id or ARN, or an alias's name or ARN.
	KeyRef string
	// NewKeyAlias is the alias of a key to make; empty makes none.
	NewKeyAlias string
	// S3Prefix is s3://bucket/prefix/ and may hold {account} and {region}.
	S3Prefix string
	// Duration is a time span as Go writes it with one unit: 30s, 5m.
	Duration string
	// TagPattern is KEY or KEY=VALUE; * stands for any text in both.
	TagPattern string
)

// DefaultAlias is the alias of a key that is made when no other is named.
const DefaultAlias = "alias/glueguard"

const (
	keyRefRule   = `^(alias/[A-Za-z0-9/_-]+|arn:[a-z0-9-]+:kms:[a-z0-9-]+:[0-9]{12}:(key|alias)/[A-Za-z0-9/_-]+|(mrk-)?[0-9a-f-]{32,36})$`
	aliasRule    = `^alias/[A-Za-z0-9/_-]+$`
	s3Rule       = `^s3://[a-z0-9{}][a-z0-9{}.-]+(/[^ ]*)?$`
	durationRule = `^[0-9]{1,6}(ms|s|m|h)$`
	tagRule      = `^[^= ][^=]*(=.*)?$`

	defaultParallel  = 4
	defaultSettle    = 30 * time.Second
	defaultWaitLimit = 30 * time.Minute
	defaultTolerance = 0.05
)

// RepairMode is the encryption that a repair of a resource of this type aims at when the command names none: the
// policy's own, but never one that the policy's requirement would fail again. Empty: nothing says.
func (p Policy) RepairMode(t resource.Type) resource.Mode {
	required := p.DevEndpointMode()
	if t == resource.TypeMLTransform {
		required = p.MLTransformMode()
	}
	if required == resource.ModeSSEKMS {
		return resource.ModeSSEKMS
	}
	return resource.Mode(p.Repair.Mode)
}

// OwnedByCode returns the tag, as KEY=VALUE, by which the policy takes a resource for owned by code; empty: none.
func (p Policy) OwnedByCode(tags map[string]string) string {
	var found []string
	for key, value := range tags {
		if slices.ContainsFunc(p.Repair.OwnedByCode, func(t TagPattern) bool { return t.Match(key, value) }) {
			found = append(found, key+"="+value)
		}
	}
	if len(found) == 0 {
		return ""
	}
	return slices.Min(found)
}

// Match tells whether a tag is meant.
func (t TagPattern) Match(key, value string) bool {
	k, v, hasValue := strings.Cut(string(t), "=")
	return matchStar(k, key) && (!hasValue || matchStar(v, value))
}

// In is the prefix for one location.
func (s S3Prefix) In(l resource.Location) string {
	return strings.NewReplacer("{account}", l.Account, "{region}", l.Region).Replace(string(s))
}

// AtOnce is how many changes run at once.
func (r Repair) AtOnce() int {
	if r.Parallel == 0 {
		return defaultParallel
	}
	return r.Parallel
}

// SettleFor is how long a lost answer is looked for.
func (r Repair) SettleFor() time.Duration { return r.Settle.or(defaultSettle) }

// WaitFor is how long AWS may take for one resource.
func (r Repair) WaitFor() time.Duration { return r.WaitLimit.or(defaultWaitLimit) }

// Tolerance is by how much quality metrics may differ.
func (r Repair) Tolerance() float64 {
	if r.MetricTolerance == 0 {
		return defaultTolerance
	}
	return r.MetricTolerance
}

func (d Duration) or(otherwise time.Duration) time.Duration {
	if t, err := time.ParseDuration(string(d)); err == nil {
		return t
	}
	return otherwise
}

// meaning is the section with every default said, so that saying one changes no digest.
func (r Repair) meaning() Repair {
	r.Parallel, r.MetricTolerance = r.AtOnce(), r.Tolerance()
	r.Settle, r.WaitLimit = Duration(r.SettleFor().String()), Duration(r.WaitFor().String())
	if r.Strategy == "" {
		r.Strategy = strategies()[0]
	}
	r.OwnedByCode = set(r.OwnedByCode)
	return r
}

// strategies lists the strategies, the default first. Package propose tests that they are plan's.
func strategies() []RepairStrategy { return []RepairStrategy{"replace", "side-by-side", "retire"} }
