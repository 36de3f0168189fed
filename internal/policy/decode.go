package policy

import (
	"errors"
	"regexp"
	"slices"

	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/parser"

	"github.com/glueguard/glueguard/internal/resource"
)

// maxSize bounds what Decode reads, in bytes. A policy with ten thousand exceptions has about two million.
const maxSize = 8 << 20

// Decode reads the policy in src; file names it in errors. Everything wrong with it is reported, as *Error values
// joined in the order of the file; the policy is then the zero Policy. An empty file is Default(SOP).
func Decode(file string, src []byte) (Policy, error) {
	d := &decoder{file: file, rules: map[string]*regexp.Regexp{}}
	body := d.parse(src)
	p := Default(SOP)
	if body != nil {
		p = d.policy(body)
	}
	if len(d.errs) > 0 {
		slices.SortStableFunc(d.errs, func(a, b *Error) int {
			if a.Line != b.Line {
				return a.Line - b.Line
			}
			return a.Column - b.Column
		})
		all := make([]error, len(d.errs))
		for i, e := range d.errs {
			all[i] = e
		}
		return Policy{}, errors.Join(all...)
	}
	return p, nil
}

// parse returns the body of the only document, nil when there is none or an error was noted.
func (d *decoder) parse(src []byte) ast.Node {
	if len(src) > maxSize {
		d.errorAt(1, 1, "the file is larger than %d MiB", maxSize>>20)
		return nil
	}
	// Duplicate keys are looked for in the walk, so that they are reported together with everything else.
	tree, err := parser.ParseBytes(src, 0, parser.AllowDuplicateMapKey())
	if err != nil {
		d.syntax(err)
		return nil
	}
	var body ast.Node
	for _, doc := range tree.Docs {
		if doc.Body == nil {
			continue
		}
		if _, ok := doc.Body.(*ast.CommentGroupNode); ok {
			continue
		}
		if body != nil {
			d.errorf(doc.Body, "a policy is one YAML document; this is another one")
			return nil
		}
		body = doc.Body
	}
	return body
}

// syntax notes what the YAML parser said.
func (d *decoder) syntax(err error) {
	var e yaml.Error
	if errors.As(err, &e) && e.GetToken() != nil && e.GetToken().Position != nil {
		d.errorAt(e.GetToken().Position.Line, e.GetToken().Position.Column, "not valid YAML: %s", e.GetMessage())
		return
	}
	d.errorAt(1, 1, "not valid YAML: %v", err)
}

func (d *decoder) policy(n ast.Node) Policy {
	p := Default(SOP)
	d.mapping(n, "the policy", []field{
		{name: "profile", read: func(n ast.Node) {
			d.choice(n, "profile", []string{string(SOP), string(Strict)}, (*string)(&p.Profile))
		}},
		{name: "require", read: func(n ast.Node) { p.Require = d.require(n) }},
		{name: "keys", read: func(n ast.Node) { p.Keys = d.keys(n) }},
		{name: "scope", read: func(n ast.Node) { p.Scope = d.scope(n) }},
		{name: "repair", read: func(n ast.Node) { p.Repair = d.repair(n) }},
		{name: "approvals", read: func(n ast.Node) { p.Approvals = d.approvals(n) }},
		{name: "exceptions", read: func(n ast.Node) {
			d.list(n, "exceptions", func(n ast.Node) { p.Exceptions = append(p.Exceptions, d.exception(n)) })
		}},
		{name: "accepted_unread", read: func(n ast.Node) {
			d.list(n, "accepted_unread", func(n ast.Node) { p.AcceptedUnread = append(p.AcceptedUnread, d.unread(n)) })
		}},
	})
	d.contradictions(n, p)
	d.unfitRepair(n, p)
	return p
}

// contradictions notes requirements that are weaker than the profile of the same file: they could not be honoured.
func (d *decoder) contradictions(n ast.Node, p Policy) {
	if p.Profile != Strict {
		return
	}
	at := func(name string) ast.Node { return find(find(n, "require"), name) }
	if resource.Mode(p.Require.DevEndpoint) == resource.ModeSSES3 {
		d.errorf(at("dev_endpoint"), "profile strict requires SSE-KMS, so dev_endpoint can't be SSE-S3")
	}
	if resource.Mode(p.Require.MLTransform) == Any {
		d.errorf(at("ml_transform"), "profile strict requires SSE-KMS, so ml_transform can't be any")
	}
}

func (d *decoder) require(n ast.Node) Require {
	var r Require
	kms := string(resource.ModeSSEKMS)
	d.mapping(n, "require", []field{
		{name: "dev_endpoint", read: func(n ast.Node) {
			d.choice(n, "dev_endpoint", []string{string(resource.ModeSSES3), kms}, (*string)(&r.DevEndpoint))
		}},
		{name: "ml_transform", read: func(n ast.Node) {
			d.choice(n, "ml_transform", []string{string(Any), kms}, (*string)(&r.MLTransform))
		}},
	})
	return r
}

func (d *decoder) keys(n ast.Node) Keys {
	var k Keys
	d.mapping(n, "keys", []field{
		{name: "allowed", read: func(n ast.Node) { k.Allowed = texts[ARNPattern](d, n, "allowed", arnRule, arnHint) }},
		{name: "accounts", read: func(n ast.Node) { k.Accounts = texts[AccountID](d, n, "accounts", accountRule, accountHint) }},
	})
	return k
}

func (d *decoder) scope(n ast.Node) Scope {
	var s Scope
	d.mapping(n, "scope", []field{
		{name: "accounts", read: func(n ast.Node) {
			d.mapping(n, "accounts", []field{
				{name: "include", read: func(n ast.Node) {
					s.Accounts.Include = texts[AccountID](d, n, "include", accountRule, accountHint)
				}},
				{name: "exclude", read: func(n ast.Node) {
					s.Accounts.Exclude = texts[AccountID](d, n, "exclude", accountRule, accountHint)
				}},
			})
		}},
		{name: "regions", read: func(n ast.Node) {
			d.mapping(n, "regions", []field{
				{name: "include", read: func(n ast.Node) {
					s.Regions.Include = texts[RegionPattern](d, n, "include", regionRule, regionHint)
				}},
				{name: "exclude", read: func(n ast.Node) {
					s.Regions.Exclude = texts[RegionPattern](d, n, "exclude", regionRule, regionHint)
				}},
			})
		}},
		{name: "controls", read: func(n ast.Node) {
			d.list(n, "controls", func(n ast.Node) { s.Controls = append(s.Controls, d.control(n)) })
		}},
	})
	return s
}

func (d *decoder) exception(n ast.Node) Exception {
	var e Exception
	d.mapping(n, "an exception", []field{
		{name: "control", required: true, read: func(n ast.Node) { e.Control = d.control(n) }},
		{name: "resource", required: true, read: func(n ast.Node) {
			e.Resource = ARNPattern(d.text(n, "resource", arnRule, arnHint))
		}},
		{name: "reason", required: true, read: func(n ast.Node) { e.Reason = Text(d.text(n, "reason", textRule, textHint)) }},
		{name: "owner", required: true, read: func(n ast.Node) { e.Owner = Text(d.text(n, "owner", textRule, textHint)) }},
		{name: "expires", required: true, read: func(n ast.Node) { e.Expires = d.date(n, "expires") }},
	})
	return e
}

func (d *decoder) unread(n ast.Node) UnreadRead {
	var u UnreadRead
	d.mapping(n, "an accepted read", []field{
		{name: "account", required: true, read: func(n ast.Node) {
			u.Account = AccountPattern(d.text(n, "account", accountPatternRule, accountHint+`, or "*"`))
		}},
		{name: "region", required: true, read: func(n ast.Node) {
			u.Region = RegionPattern(d.text(n, "region", regionRule, regionHint))
		}},
		{name: "operation", required: true, read: func(n ast.Node) {
			u.Operation = Operation(d.text(n, "operation", operationRule, operationHint))
		}},
		{name: "reason", required: true, read: func(n ast.Node) { u.Reason = Text(d.text(n, "reason", textRule, textHint)) }},
		{name: "until", required: true, read: func(n ast.Node) { u.Until = d.date(n, "until") }},
	})
	return u
}

// control reads a control's id.
func (d *decoder) control(n ast.Node) ControlID {
	var ids []string
	for _, id := range ControlIDs() {
		ids = append(ids, string(id))
	}
	var id string
	d.choice(n, "control", ids, &id)
	return ControlID(id)
}
