package policy

import (
	"strings"
	"time"

	"github.com/goccy/go-yaml/ast"

	"github.com/glueguard/glueguard/internal/resource"
)

// What the texts of a repair section must look like, in the words of an error message.
const (
	keyHint      = "a KMS key's id or ARN, or an alias (alias/…)"
	aliasHint    = "true, false or an alias (alias/…)"
	s3Hint       = "s3://BUCKET/PREFIX/"
	durationHint = "a time span with one unit, such as 30s or 5m"
	tagHint      = "a tag, KEY or KEY=VALUE, with * for any text"

	mostAtOnce = 1000
)

func (d *decoder) repair(n ast.Node) Repair {
	var r Repair
	d.mapping(n, "repair", []field{
		{name: "mode", read: func(n ast.Node) {
			d.choice(n, "mode", []string{string(resource.ModeSSES3), string(resource.ModeSSEKMS)}, (*string)(&r.Mode))
		}},
		{name: "kms_key", read: func(n ast.Node) { r.KMSKey = KeyRef(d.text(n, "kms_key", keyRefRule, keyHint)) }},
		{name: "create_key", read: func(n ast.Node) { r.Create = d.newKey(n) }},
		{name: "strategy", read: func(n ast.Node) {
			var words []string
			for _, s := range strategies() {
				words = append(words, string(s))
			}
			d.choice(n, "strategy", words, (*string)(&r.Strategy))
		}},
		{name: "labels_s3", read: func(n ast.Node) { r.LabelsS3 = d.s3(n, "labels_s3") }},
		{name: "grant_role", read: func(n ast.Node) { r.GrantRole = d.boolean(n, "grant_role") }},
		{name: "repoint_jobs", read: func(n ast.Node) { r.RepointJobs = d.boolean(n, "repoint_jobs") }},
		{name: "parallel", read: func(n ast.Node) { r.Parallel = d.count(n, "parallel") }},
		{name: "twins", read: func(n ast.Node) { r.Twins = d.count(n, "twins") }},
		{name: "settle", read: func(n ast.Node) { r.Settle = d.duration(n, "settle", time.Millisecond) }},
		{name: "wait_limit", read: func(n ast.Node) { r.WaitLimit = d.duration(n, "wait_limit", time.Minute) }},
		{name: "metric_tolerance", read: func(n ast.Node) { r.MetricTolerance = d.fraction(n, "metric_tolerance") }},
		{name: "owned_by_code", read: func(n ast.Node) {
			r.OwnedByCode = texts[TagPattern](d, n, "owned_by_code", tagRule, tagHint)
		}},
	})
	if r.KMSKey != "" && r.Create != "" {
		d.errorf(find(n, "create_key"), "kms_key names a key and create_key makes one; say one of the two")
	}
	return r
}

// unfitRepair notes a repair that would leave what it repairs failing.
func (d *decoder) unfitRepair(n ast.Node, p Policy) {
	if resource.Mode(p.Repair.Mode) != resource.ModeSSES3 {
		return
	}
	if p.DevEndpointMode() == resource.ModeSSEKMS && p.MLTransformMode() == resource.ModeSSEKMS {
		d.errorf(find(find(n, "repair"), "mode"), "the policy requires SSE-KMS everywhere, so repairs can't aim at SSE-S3")
	}
}

func (d *decoder) newKey(n ast.Node) NewKeyAlias {
	if b, ok := n.(*ast.BoolNode); ok {
		if b.Value {
			return DefaultAlias
		}
		return ""
	}
	alias := d.text(n, "create_key", aliasRule, aliasHint)
	if strings.HasPrefix(alias, "alias/aws/") {
		d.errorf(n, "create_key is %q, but aliases that begin with alias/aws/ are AWS's own", alias)
	}
	return NewKeyAlias(alias)
}

func (d *decoder) s3(n ast.Node, what string) S3Prefix {
	prefix := S3Prefix(d.text(n, what, s3Rule, s3Hint))
	if left := prefix.In(resource.Location{}); strings.ContainsAny(left, "{}") {
		d.errorf(n, "%s has a placeholder that is none; {account} and {region} are", what)
	}
	return prefix
}

func (d *decoder) boolean(n ast.Node, what string) bool {
	b, ok := n.(*ast.BoolNode)
	if !ok {
		d.wrongType(n, what, "true or false")
		return false
	}
	return b.Value
}

// count reads a number from one up.
func (d *decoder) count(n ast.Node, what string) int {
	const hint = "a whole number from 1 to 1000"
	i, ok := n.(*ast.IntegerNode)
	if !ok {
		d.wrongType(n, what, hint)
		return 0
	}
	v, ok := i.Value.(uint64)
	if !ok || v < 1 || v > mostAtOnce {
		d.errorf(n, "%s is %s; it must be %s", what, i.GetToken().Value, hint)
		return 0
	}
	return int(v)
}

// fraction reads a number above 0, up to 1.
func (d *decoder) fraction(n ast.Node, what string) float64 {
	const hint = "a number above 0, at most 1"
	var v float64
	switch f := n.(type) {
	case *ast.FloatNode:
		v = f.Value
	case *ast.IntegerNode:
		u, ok := f.Value.(uint64)
		if ok {
			v = float64(u)
		}
	default:
		d.wrongType(n, what, hint)
		return 0
	}
	if v <= 0 || v > 1 {
		d.errorf(n, "%s is %s; it must be %s", what, n.GetToken().Value, hint)
	}
	return v
}

func (d *decoder) duration(n ast.Node, what string, least time.Duration) Duration {
	errs := len(d.errs)
	v := Duration(d.text(n, what, durationRule, durationHint))
	if span := v.or(0); len(d.errs) == errs && span < least {
		d.errorf(n, "%s is %s; it must be %s or more", what, v, least)
	}
	return v
}
