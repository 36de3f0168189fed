package iam

import (
	"strings"

	"github.com/glueguard/glueguard/internal/sandbox/iam/policyeval"
	"github.com/glueguard/glueguard/internal/sandbox/service"
)

// Assumed is a role that a caller may assume.
type Assumed struct {
	ARN, ID, Name string
	Account       string
	MaxSession    int32 // seconds
}

// Assume decides whether a call's principal may perform action (sts:AssumeRole, sts:TagSession) on a role: the trust
// policy must name it, and across accounts, or where it names only the account, so must the principal's own policies.
// A role that does not exist is refused in the same words.
//
// AWS refuses roots; here a root stands for the administrator of its account.
func (x *IAM) Assume(c *service.Call, action, arn string, ctx policyeval.Context) (Assumed, *service.Error) {
	denied := refused(403, "AccessDenied", "User: %s is not authorized to perform: %s on resource: %s", c.Principal.ARN, action, arn)
	r := x.roleByARN(arn)
	if r == nil {
		return Assumed{}, denied
	}
	owner := strings.SplitN(arn, ":", 6)[4]
	result := x.Decide(c, policyeval.Access{Action: action, Resource: arn, Account: owner, Policy: r.trust, Context: ctx})
	switch result.Decision {
	case policyeval.Allowed:
		return Assumed{ARN: r.arn, ID: r.id, Name: r.name, Account: owner, MaxSession: r.maxSession}, nil
	case policyeval.ExplicitDeny:
		denied.Message += " with an explicit deny in " + article(result.Layer) + string(result.Layer)
	}
	return Assumed{}, denied
}

// SessionPolicies reads the policies that AssumeRole was given; they may be absent, and then the result is nil.
func (x *IAM) SessionPolicies(accountID, document string, arns []string) ([]*policyeval.Policy, *service.Error) {
	if document == "" && len(arns) == 0 {
		return nil, nil
	}
	all := []*policyeval.Policy{}
	if document != "" {
		p, err := policyeval.Parse(document, policyeval.Identity)
		if err != nil {
			return nil, malformed(err)
		}
		all = append(all, p)
	}
	a := x.account(accountID)
	a.mu.RLock()
	defer a.mu.RUnlock()
	for _, arn := range arns {
		m := x.managedIn(a, arn)
		if m == nil {
			return nil, noPolicy(arn)
		}
		all = append(all, m.policy())
	}
	return all, nil
}

// TrustsService says whether a role exists and its trust policy lets a service such as glue.amazonaws.com assume it.
func (x *IAM) TrustsService(_, roleARN, servicePrincipal string) bool {
	r := x.roleByARN(roleARN)
	if r == nil {
		return false
	}
	result := policyeval.Evaluate(&policyeval.Request{
		Principal: policyeval.Principal{Service: servicePrincipal},
		Action:    "sts:AssumeRole",
		Resource:  roleARN,
		Context:   policyeval.Map{},
	}, &policyeval.Policies{Resource: r.trust, ResourceDecides: true})
	return result.Decision == policyeval.Allowed
}

// Allows says whether a role's own policies allow an action; keys of ctx may be in any case. Policies on the resource
// are not asked.
func (x *IAM) Allows(account, roleARN, action, resource string, ctx map[string][]string) bool {
	r := x.roleByARN(roleARN)
	if r == nil {
		return false
	}
	values := policyeval.NewMap(ctx)
	values["aws:principalarn"] = []string{roleARN}
	values["aws:principalaccount"] = []string{account}
	result := policyeval.Evaluate(&policyeval.Request{
		Principal: policyeval.Principal{Account: account, ARN: roleARN, Role: roleARN},
		Action:    action, Resource: resource, Context: values,
	}, &policyeval.Policies{Identity: r.rules, Boundary: r.limits})
	return result.Decision == policyeval.Allowed
}

// PrincipalExists says whether a policy may name an "AWS" principal: "*", an account, or a role that exists. The
// sandbox has no users.
func (x *IAM) PrincipalExists(name string) bool {
	fields := strings.SplitN(name, ":", 6)
	if len(fields) < 6 || fields[5] == "root" {
		return true
	}
	if session, ok := strings.CutPrefix(fields[5], "assumed-role/"); ok {
		role, _, _ := strings.Cut(session, "/")
		return x.role(fields[4], role) != nil
	}
	return x.roleByARN(name) != nil
}
