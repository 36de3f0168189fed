package iam

import (
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/glueguard/glueguard/internal/sandbox/iam/policyeval"
	"github.com/glueguard/glueguard/internal/sandbox/service"
)

// Authorize implements service.Authorizer. Calls on resources with policies of their own (KMS keys, roles to be
// assumed) pass here, because their services decide with Decide and know that policy.
func (x *IAM) Authorize(c *service.Call, action, resource string) *service.Error {
	if action == "sts:GetCallerIdentity" || action == "sts:AssumeRole" ||
		(strings.HasPrefix(action, "kms:") && strings.Contains(resource, ":key/")) {
		return nil
	}
	return x.authorize(c, action, resource, nil)
}

// AuthorizeWith judges a permission that a call needs beside its own, such as iam:PassRole; keys are condition keys of
// the request, in any case, beside those that every request has.
func (x *IAM) AuthorizeWith(c *service.Call, action, resource string, keys map[string][]string) *service.Error {
	return x.authorize(c, action, resource, policyeval.NewMap(keys))
}

func (x *IAM) authorize(c *service.Call, action, resource string, extra policyeval.Context) *service.Error {
	p := x.policiesOf(c)
	if p.Unrestricted && p.ServiceControl == nil {
		return nil
	}
	ctx := callContext{call: c, tags: p.tags, extra: extra}
	r := policyeval.Request{Principal: principalOf(c), Action: action, Resource: resource, Context: &ctx}
	result := policyeval.Evaluate(&r, &p.Policies)
	if result.Decision == policyeval.Allowed {
		return nil
	}
	return refusal(c, action, resource, result)
}

// Decide judges a call on a resource that has a policy of its own and allows nothing without it.
func (x *IAM) Decide(c *service.Call, a policyeval.Access) policyeval.Result {
	p := x.policiesOf(c)
	p.Resource, p.ResourceDecides = a.Policy, true
	ctx := callContext{call: c, tags: p.tags, owner: a.Account, extra: a.Context}
	r := policyeval.Request{
		Principal: principalOf(c), Action: a.Action, Resource: a.Resource, ResourceAccount: a.Account, Context: &ctx,
	}
	return policyeval.Evaluate(&r, &p.Policies)
}

// Refusal words a decision of Decide as AWS does.
func (x *IAM) Refusal(c *service.Call, a policyeval.Access, r policyeval.Result) *service.Error {
	return refusal(c, a.Action, a.Resource, r)
}

// callerPolicies is what limits a caller, beside the policies of resources.
type callerPolicies struct {
	policyeval.Policies
	tags map[string]string // role and session tags
}

func (x *IAM) policiesOf(c *service.Call) callerPolicies {
	var p callerPolicies
	if a := x.known(c.Account); a != nil {
		a.mu.RLock()
		p.ServiceControl = a.control
		a.mu.RUnlock()
	}
	if c.Principal.RoleARN == "" {
		p.Unrestricted = true
		return p
	}
	// A session outlives its role, but then no policy allows it anything.
	if r := x.roleByARN(c.Principal.RoleARN); r != nil {
		p.Identity, p.Boundary, p.tags = r.rules, r.limits, r.tags
	}
	if x.sessions != nil {
		var tags map[string]string
		p.Session, tags = x.sessions.Session(c.Principal.AccessKeyID)
		p.tags = merged(p.tags, tags)
	}
	return p
}

// merged lets session tags override those of the role.
func merged(base, over map[string]string) map[string]string {
	if len(over) == 0 {
		return base
	}
	all := make(map[string]string, len(base)+len(over))
	for k, v := range base {
		all[k] = v
	}
	for k, v := range over {
		all[k] = v
	}
	return all
}

func principalOf(c *service.Call) policyeval.Principal {
	return policyeval.Principal{Account: c.Account, ARN: c.Principal.ARN, Role: c.Principal.RoleARN}
}

// callContext answers condition keys from a call without building a table of them.
type callContext struct {
	call  *service.Call
	tags  map[string]string
	owner string // account of the resource; empty: the caller's
	extra policyeval.Context
}

// Values implements policyeval.Context.
func (x *callContext) Values(key string) ([]string, bool) {
	if x.extra != nil {
		if v, ok := x.extra.Values(key); ok {
			return v, true
		}
	}
	if tag, ok := strings.CutPrefix(key, "aws:principaltag/"); ok {
		for k, v := range x.tags {
			if strings.EqualFold(k, tag) {
				return []string{v}, true
			}
		}
		return nil, false
	}
	v := x.value(key)
	return []string{v}, v != ""
}

func (x *callContext) value(key string) string {
	c := x.call
	switch key {
	case "aws:requestedregion":
		return c.Region
	case "aws:principalaccount":
		return c.Account
	case "aws:principalarn":
		if c.Principal.RoleARN != "" {
			return c.Principal.RoleARN
		}
		return c.Principal.ARN
	case "aws:principaltype":
		if c.Principal.RoleARN != "" {
			return "AssumedRole"
		}
		return "Account"
	case "aws:userid":
		return c.Principal.UserID
	case "aws:resourceaccount":
		if x.owner != "" {
			return x.owner
		}
		return c.Account
	case "aws:currenttime":
		return c.Now.UTC().Format(time.RFC3339)
	case "aws:epochtime":
		return strconv.FormatInt(c.Now.Unix(), 10)
	case "aws:principalisawsservice", "aws:viaawsservice":
		return "false"
	case "aws:sourceip":
		return "127.0.0.1"
	default:
		return ""
	}
}

// refusal words a denial. Query and REST services answer 403 AccessDenied, JSON services 400 AccessDeniedException.
func refusal(c *service.Call, action, resource string, r policyeval.Result) *service.Error {
	var b strings.Builder
	b.WriteString("User: " + c.Principal.ARN + " is not authorized to perform: " + action)
	if resource != "*" || c.Service != "ec2" {
		b.WriteString(" on resource: " + resource)
	}
	if r.Decision == policyeval.ExplicitDeny {
		b.WriteString(" with an explicit deny in " + article(r.Layer) + string(r.Layer))
	} else {
		b.WriteString(" because no " + string(r.Layer) + " allows the " + action + " action")
	}
	e := &service.Error{Code: "AccessDeniedException", Message: b.String(), Status: http.StatusBadRequest}
	switch c.Service {
	case "ec2":
		e.Code, e.Status = "UnauthorizedOperation", http.StatusForbidden
		e.Message = "You are not authorized to perform this operation. " + e.Message
	case "iam", "sts", "s3", "cloudformation":
		e.Code, e.Status = "AccessDenied", http.StatusForbidden
	case "account":
		e.Status = http.StatusForbidden
	}
	return e
}

func article(l policyeval.Layer) string {
	if l == policyeval.LayerIdentity {
		return "an "
	}
	return "a "
}
