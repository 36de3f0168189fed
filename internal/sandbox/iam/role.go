package iam

import (
	"maps"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	awsiam "github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/iam/types"

	"github.com/glueguard/glueguard/internal/sandbox/iam/policyeval"
	"github.com/glueguard/glueguard/internal/sandbox/service"
)

const (
	defaultSession = 3600  // seconds
	longestSession = 43200 // seconds
	maxTags        = 50
	maxAttached    = 10
)

// role is one version of a role; a change makes a new one.
type role struct {
	id, name, path, arn string
	description         string
	created             time.Time
	maxSession          int32
	trust               *policyeval.Policy
	inline              map[string]*policyeval.Policy
	attached            []string // ARNs, sorted
	boundary            string   // ARN; empty: none
	tags                map[string]string

	// rules and limits are the parsed policies of inline, attached and boundary, ready for evaluation.
	rules  []*policyeval.Policy
	limits []*policyeval.Policy
}

func (r *role) clone() *role {
	n := *r
	n.inline = maps.Clone(r.inline)
	n.attached = slices.Clone(r.attached)
	n.tags = maps.Clone(r.tags)
	return &n
}

var nameSyntax = regexp.MustCompile(`^[\w+=,.@-]{1,64}$`)

func (x *IAM) roleOperations() []service.Operation {
	return []service.Operation{
		service.On(service.Op("CreateRole", x.createRole), func(c *service.Call, in *awsiam.CreateRoleInput) string {
			return roleARN(c.Partition, c.Account, pathOr(in.Path), aws.ToString(in.RoleName))
		}),
		onRole(x, "GetRole", x.getRole, func(in *awsiam.GetRoleInput) *string { return in.RoleName }),
		onRole(x, "DeleteRole", x.deleteRole, func(in *awsiam.DeleteRoleInput) *string { return in.RoleName }),
		onRole(x, "UpdateRole", x.updateRole, func(in *awsiam.UpdateRoleInput) *string { return in.RoleName }),
		onRole(x, "UpdateAssumeRolePolicy", x.updateTrust, func(in *awsiam.UpdateAssumeRolePolicyInput) *string { return in.RoleName }),
		onRole(x, "TagRole", x.tagRole, func(in *awsiam.TagRoleInput) *string { return in.RoleName }),
		onRole(x, "UntagRole", x.untagRole, func(in *awsiam.UntagRoleInput) *string { return in.RoleName }),
		onRole(x, "ListRoleTags", x.listRoleTags, func(in *awsiam.ListRoleTagsInput) *string { return in.RoleName }),
		onRole(x, "PutRolePermissionsBoundary", x.putBoundary, func(in *awsiam.PutRolePermissionsBoundaryInput) *string { return in.RoleName }),
		onRole(x, "DeleteRolePermissionsBoundary", x.deleteBoundary, func(in *awsiam.DeleteRolePermissionsBoundaryInput) *string { return in.RoleName }),
		service.On(service.Op("ListRoles", x.listRoles), func(c *service.Call, in *awsiam.ListRolesInput) string {
			return roleARN(c.Partition, c.Account, pathOr(in.PathPrefix), "")
		}),
	}
}

// onRole makes an operation whose resource is a role named in its input.
func onRole[I, O any](x *IAM, name string, handle func(*service.Call, *I) (*O, error), role func(*I) *string) service.Operation {
	return service.On(service.Op(name, handle), func(c *service.Call, in *I) string {
		if r := x.role(c.Account, aws.ToString(role(in))); r != nil {
			return r.arn
		}
		return roleARN(c.Partition, c.Account, "/", aws.ToString(role(in)))
	})
}

func roleARN(partition, account, path, name string) string {
	return "arn:" + partition + ":iam::" + account + ":role" + path + name
}

func pathOr(path *string) string {
	if aws.ToString(path) == "" {
		return "/"
	}
	return *path
}

// role returns nil when the account has no such role.
func (x *IAM) role(accountID, name string) *role {
	a := x.known(accountID)
	if a == nil {
		return nil
	}
	a.mu.RLock()
	defer a.mu.RUnlock()
	return a.roles[name]
}

// roleByARN returns nil unless account, path and name all fit.
func (x *IAM) roleByARN(arn string) *role {
	fields := strings.SplitN(arn, ":", 6)
	if len(fields) != 6 {
		return nil
	}
	r := x.role(fields[4], arn[strings.LastIndexByte(arn, '/')+1:])
	if r == nil || r.arn != arn {
		return nil
	}
	return r
}

// change replaces a role by an edited copy.
func (x *IAM) change(c *service.Call, name *string, edit func(*account, *role) *service.Error) error {
	a := x.account(c.Account)
	a.mu.Lock()
	defer a.mu.Unlock()
	r := a.roles[aws.ToString(name)]
	if r == nil {
		return noRole(aws.ToString(name))
	}
	r = r.clone()
	if err := edit(a, r); err != nil {
		return err
	}
	x.compile(a, r)
	a.roles[r.name] = r
	return nil
}

// compile gathers the policies that decide for a role; the account's lock is held.
func (x *IAM) compile(a *account, r *role) {
	r.rules, r.limits = nil, nil
	for _, name := range slices.Sorted(maps.Keys(r.inline)) {
		r.rules = append(r.rules, r.inline[name])
	}
	for _, arn := range r.attached {
		if m := x.managedIn(a, arn); m != nil {
			r.rules = append(r.rules, m.policy())
		}
	}
	if m := x.managedIn(a, r.boundary); m != nil {
		r.limits = []*policyeval.Policy{m.policy()}
	}
}

func (x *IAM) createRole(c *service.Call, in *awsiam.CreateRoleInput) (*awsiam.CreateRoleOutput, error) {
	name := aws.ToString(in.RoleName)
	if !nameSyntax.MatchString(name) {
		return nil, invalid("The specified value for roleName is invalid. It must contain only alphanumeric characters and/or the following: +=,.@_-")
	}
	path := pathOr(in.Path)
	if !strings.HasPrefix(path, "/") || !strings.HasSuffix(path, "/") {
		return nil, invalid("The specified value for path is invalid. It must begin and end with / and contain only alphanumeric characters and/or / characters.")
	}
	r := &role{
		id: randomID("AROA"), name: name, path: path, arn: roleARN(c.Partition, c.Account, path, name),
		description: aws.ToString(in.Description), created: c.Now, maxSession: defaultSession,
		inline: map[string]*policyeval.Policy{}, tags: tagMap(in.Tags), boundary: aws.ToString(in.PermissionsBoundary),
	}
	if err := r.setSession(in.MaxSessionDuration); err != nil {
		return nil, err
	}
	if err := x.setTrust(r, aws.ToString(in.AssumeRolePolicyDocument)); err != nil {
		return nil, err
	}
	a := x.account(c.Account)
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.roles[name] != nil {
		return nil, refused(409, "EntityAlreadyExists", "Role with name %s already exists.", name)
	}
	if r.boundary != "" && x.managedIn(a, r.boundary) == nil {
		return nil, refused(404, "NoSuchEntity", "Scope ARN: %s does not exist or is not attachable.", r.boundary)
	}
	x.compile(a, r)
	a.roles[name] = r
	return &awsiam.CreateRoleOutput{Role: new(r.describe(true))}, nil
}

func (r *role) setSession(seconds *int32) *service.Error {
	if seconds == nil {
		return nil
	}
	if *seconds < defaultSession || *seconds > longestSession {
		return invalid("1 validation error detected: Value '%d' at 'maxSessionDuration' failed to satisfy constraint: Member must have value between 3600 and 43200", *seconds)
	}
	r.maxSession = *seconds
	return nil
}

// setTrust also refuses principals that don't exist, as IAM does.
func (x *IAM) setTrust(r *role, document string) *service.Error {
	trust, err := x.parsed.parse(document, policyeval.Trust)
	if err != nil {
		return malformed(err)
	}
	for _, p := range trust.AWSPrincipals() {
		if !x.PrincipalExists(p) {
			return refused(400, "MalformedPolicyDocument", `Invalid principal in policy: "AWS":"%s"`, p)
		}
	}
	r.trust = trust
	return nil
}

func (x *IAM) getRole(c *service.Call, in *awsiam.GetRoleInput) (*awsiam.GetRoleOutput, error) {
	r := x.role(c.Account, aws.ToString(in.RoleName))
	if r == nil {
		return nil, noRole(aws.ToString(in.RoleName))
	}
	return &awsiam.GetRoleOutput{Role: new(r.describe(true))}, nil
}

// describe gives a role in the API's form; lists leave out tags and boundary.
func (r *role) describe(full bool) types.Role {
	out := types.Role{
		Arn: aws.String(r.arn), RoleId: aws.String(r.id), RoleName: aws.String(r.name), Path: aws.String(r.path),
		CreateDate: aws.Time(r.created), MaxSessionDuration: aws.Int32(r.maxSession),
		AssumeRolePolicyDocument: aws.String(encoded(r.trust)),
	}
	if r.description != "" {
		out.Description = aws.String(r.description)
	}
	if !full {
		return out
	}
	out.RoleLastUsed = &types.RoleLastUsed{}
	out.Tags = tagList(r.tags)
	if r.boundary != "" {
		out.PermissionsBoundary = &types.AttachedPermissionsBoundary{
			PermissionsBoundaryArn: aws.String(r.boundary), PermissionsBoundaryType: types.PermissionsBoundaryAttachmentTypePolicy,
		}
	}
	return out
}

// encoded is a document as IAM returns it: percent-encoded as RFC 3986 says.
func encoded(p *policyeval.Policy) string {
	return strings.ReplaceAll(url.QueryEscape(p.Source()), "+", "%20")
}

func (x *IAM) listRoles(c *service.Call, in *awsiam.ListRolesInput) (*awsiam.ListRolesOutput, error) {
	a := x.account(c.Account)
	a.mu.RLock()
	all := make([]*role, 0, len(a.roles))
	for _, r := range a.roles {
		if strings.HasPrefix(r.path, pathOr(in.PathPrefix)) {
			all = append(all, r)
		}
	}
	a.mu.RUnlock()
	byName := func(r *role) string { return r.name }
	slices.SortFunc(all, func(p, q *role) int { return strings.Compare(p.name, q.name) })
	cut, next, err := page(all, byName, in.Marker, in.MaxItems)
	if err != nil {
		return nil, err
	}
	out := &awsiam.ListRolesOutput{Roles: make([]types.Role, 0, len(cut)), Marker: next, IsTruncated: next != nil}
	for _, r := range cut {
		out.Roles = append(out.Roles, r.describe(false))
	}
	return out, nil
}

func (x *IAM) deleteRole(c *service.Call, in *awsiam.DeleteRoleInput) (*awsiam.DeleteRoleOutput, error) {
	a := x.account(c.Account)
	a.mu.Lock()
	defer a.mu.Unlock()
	r := a.roles[aws.ToString(in.RoleName)]
	switch {
	case r == nil:
		return nil, noRole(aws.ToString(in.RoleName))
	case len(r.inline) > 0:
		return nil, refused(409, "DeleteConflict", "Cannot delete entity, must delete policies first.")
	case len(r.attached) > 0:
		return nil, refused(409, "DeleteConflict", "Cannot delete entity, must detach all policies first.")
	}
	delete(a.roles, r.name)
	return &awsiam.DeleteRoleOutput{}, nil
}

func (x *IAM) updateRole(c *service.Call, in *awsiam.UpdateRoleInput) (*awsiam.UpdateRoleOutput, error) {
	return &awsiam.UpdateRoleOutput{}, x.change(c, in.RoleName, func(_ *account, r *role) *service.Error {
		if in.Description != nil {
			r.description = *in.Description
		}
		return r.setSession(in.MaxSessionDuration)
	})
}

func (x *IAM) updateTrust(c *service.Call, in *awsiam.UpdateAssumeRolePolicyInput) (*awsiam.UpdateAssumeRolePolicyOutput, error) {
	changed := &role{}
	if x.role(c.Account, aws.ToString(in.RoleName)) == nil {
		return nil, noRole(aws.ToString(in.RoleName))
	}
	if err := x.setTrust(changed, aws.ToString(in.PolicyDocument)); err != nil {
		return nil, err
	}
	return &awsiam.UpdateAssumeRolePolicyOutput{}, x.change(c, in.RoleName, func(_ *account, r *role) *service.Error {
		r.trust = changed.trust
		return nil
	})
}

func (x *IAM) putBoundary(c *service.Call, in *awsiam.PutRolePermissionsBoundaryInput) (*awsiam.PutRolePermissionsBoundaryOutput, error) {
	return &awsiam.PutRolePermissionsBoundaryOutput{}, x.change(c, in.RoleName, func(a *account, r *role) *service.Error {
		r.boundary = aws.ToString(in.PermissionsBoundary)
		if x.managedIn(a, r.boundary) == nil {
			return refused(404, "NoSuchEntity", "Scope ARN: %s does not exist or is not attachable.", r.boundary)
		}
		return nil
	})
}

func (x *IAM) deleteBoundary(c *service.Call, in *awsiam.DeleteRolePermissionsBoundaryInput) (*awsiam.DeleteRolePermissionsBoundaryOutput, error) {
	return &awsiam.DeleteRolePermissionsBoundaryOutput{}, x.change(c, in.RoleName, func(_ *account, r *role) *service.Error {
		r.boundary = ""
		return nil
	})
}
