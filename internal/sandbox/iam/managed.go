package iam

import (
	"embed"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	awsiam "github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/iam/types"

	"github.com/glueguard/glueguard/internal/sandbox/iam/policyeval"
	"github.com/glueguard/glueguard/internal/sandbox/service"
)

// managedFiles are policies that AWS itself keeps, with the versions of mid 2026. The two large ones hold only the
// actions of services that matter here.
//
//go:embed managed/*.json
var managedFiles embed.FS

// managed is one state of a managed policy; a change makes a new one.
type managed struct {
	id, name, path, arn string // AWS managed policies have no arn: it depends on the partition
	description         string
	created, updated    time.Time
	versions            []policyVersion // oldest first
	fallback            string          // id of the default version
	next                int             // number of the next version
	tags                map[string]string
}

type policyVersion struct {
	id      string
	created time.Time
	policy  *policyeval.Policy
}

func (m *managed) version(id string) *policyVersion {
	for i := range m.versions {
		if m.versions[i].id == id {
			return &m.versions[i]
		}
	}
	return nil
}

// policy is the default version's document.
func (m *managed) policy() *policyeval.Policy { return m.version(m.fallback).policy }

func (m *managed) clone() *managed {
	n := *m
	n.versions = slices.Clone(m.versions)
	return &n
}

func loadManaged() (map[string]*managed, error) {
	entries, err := managedFiles.ReadDir("managed")
	if err != nil {
		return nil, err
	}
	all := make(map[string]*managed, len(entries))
	for _, e := range entries {
		text, err := managedFiles.ReadFile("managed/" + e.Name())
		if err != nil {
			return nil, err
		}
		var f struct {
			Name, Path, Version string
			Created, Updated    time.Time
			Document            json.RawMessage
		}
		if err := json.Unmarshal(text, &f); err != nil {
			return nil, fmt.Errorf("managed policy %s: %w", e.Name(), err)
		}
		policy, err := policyeval.Parse(string(f.Document), policyeval.Identity)
		if err != nil {
			return nil, fmt.Errorf("managed policy %s: %w", e.Name(), err)
		}
		all[f.Path+f.Name] = &managed{
			id: seededID("ANPA", f.Name), name: f.Name, path: f.Path, created: f.Created, updated: f.Updated,
			versions: []policyVersion{{id: f.Version, created: f.Updated, policy: policy}}, fallback: f.Version,
		}
	}
	return all, nil
}

// managedIn finds a customer's or AWS's policy; the account's lock is held.
func (x *IAM) managedIn(a *account, arn string) *managed {
	if path, ok := awsManagedPath(arn); ok {
		return x.aws[path]
	}
	return a.policies[arn]
}

// awsManagedPath takes "/service-role/X" out of "arn:aws:iam::aws:policy/service-role/X".
func awsManagedPath(arn string) (string, bool) {
	_, path, ok := strings.Cut(arn, ":iam::aws:policy")
	return path, ok
}

func nameIn(arn string) string { return arn[strings.LastIndexByte(arn, '/')+1:] }

func (x *IAM) managedOperations() []service.Operation {
	return []service.Operation{
		service.On(service.Op("CreatePolicy", x.createPolicy), func(c *service.Call, in *awsiam.CreatePolicyInput) string {
			return policyARN(c, pathOr(in.Path), aws.ToString(in.PolicyName))
		}),
		onPolicy("GetPolicy", x.getPolicy, func(in *awsiam.GetPolicyInput) *string { return in.PolicyArn }),
		onPolicy("DeletePolicy", x.deletePolicy, func(in *awsiam.DeletePolicyInput) *string { return in.PolicyArn }),
		onPolicy("CreatePolicyVersion", x.createVersion, func(in *awsiam.CreatePolicyVersionInput) *string { return in.PolicyArn }),
		onPolicy("GetPolicyVersion", x.getVersion, func(in *awsiam.GetPolicyVersionInput) *string { return in.PolicyArn }),
		onPolicy("ListPolicyVersions", x.listVersions, func(in *awsiam.ListPolicyVersionsInput) *string { return in.PolicyArn }),
		onPolicy("SetDefaultPolicyVersion", x.setDefaultVersion, func(in *awsiam.SetDefaultPolicyVersionInput) *string { return in.PolicyArn }),
		onPolicy("DeletePolicyVersion", x.deleteVersion, func(in *awsiam.DeletePolicyVersionInput) *string { return in.PolicyArn }),
		onPolicy("ListEntitiesForPolicy", x.listEntities, func(in *awsiam.ListEntitiesForPolicyInput) *string { return in.PolicyArn }),
		service.On(service.Op("ListPolicies", x.listPolicies), func(c *service.Call, in *awsiam.ListPoliciesInput) string {
			return policyARN(c, pathOr(in.PathPrefix), "")
		}),
	}
}

func onPolicy[I, O any](name string, handle func(*service.Call, *I) (*O, error), arn func(*I) *string) service.Operation {
	return service.On(service.Op(name, handle), func(_ *service.Call, in *I) string { return aws.ToString(arn(in)) })
}

func policyARN(c *service.Call, path, name string) string {
	return "arn:" + c.Partition + ":iam::" + c.Account + ":policy" + path + name
}

func (x *IAM) createPolicy(c *service.Call, in *awsiam.CreatePolicyInput) (*awsiam.CreatePolicyOutput, error) {
	name, path := aws.ToString(in.PolicyName), pathOr(in.Path)
	policy, err := x.parsed.parse(aws.ToString(in.PolicyDocument), policyeval.Identity)
	if err != nil {
		return nil, malformed(err)
	}
	m := &managed{
		id: randomID("ANPA"), name: name, path: path, arn: policyARN(c, path, name), description: aws.ToString(in.Description),
		created: c.Now, updated: c.Now, fallback: "v1", next: 2, tags: tagMap(in.Tags),
		versions: []policyVersion{{id: "v1", created: c.Now, policy: policy}},
	}
	a := x.account(c.Account)
	a.mu.Lock()
	defer a.mu.Unlock()
	for _, other := range a.policies {
		if strings.EqualFold(other.name, name) {
			return nil, refused(409, "EntityAlreadyExists", "A policy called %s already exists. Duplicate names are not allowed.", name)
		}
	}
	a.policies[m.arn] = m
	return &awsiam.CreatePolicyOutput{Policy: new(m.describe(m.arn, 0, 0))}, nil
}

func (m *managed) describe(arn string, attached, boundaries int) types.Policy {
	p := types.Policy{
		Arn: aws.String(arn), PolicyId: aws.String(m.id), PolicyName: aws.String(m.name), Path: aws.String(m.path),
		DefaultVersionId: aws.String(m.fallback), CreateDate: aws.Time(m.created), UpdateDate: aws.Time(m.updated),
		IsAttachable: true, AttachmentCount: aws.Int32(int32(attached)), PermissionsBoundaryUsageCount: aws.Int32(int32(boundaries)),
		Tags: tagList(m.tags),
	}
	if m.description != "" {
		p.Description = aws.String(m.description)
	}
	return p
}

// uses counts the roles that have a policy attached or as boundary; the account's lock is held.
func (a *account) uses(arn string) (attached, boundaries int) {
	for _, r := range a.roles {
		if slices.Contains(r.attached, arn) {
			attached++
		}
		if r.boundary == arn {
			boundaries++
		}
	}
	return attached, boundaries
}

// findPolicy answers NoSuchEntity for a policy that the account can't see.
func (x *IAM) findPolicy(a *account, arn *string) (*managed, *service.Error) {
	m := x.managedIn(a, aws.ToString(arn))
	if m == nil {
		return nil, noPolicy(aws.ToString(arn))
	}
	return m, nil
}

func (x *IAM) getPolicy(c *service.Call, in *awsiam.GetPolicyInput) (*awsiam.GetPolicyOutput, error) {
	a := x.account(c.Account)
	a.mu.RLock()
	defer a.mu.RUnlock()
	m, err := x.findPolicy(a, in.PolicyArn)
	if err != nil {
		return nil, err
	}
	attached, boundaries := a.uses(*in.PolicyArn)
	return &awsiam.GetPolicyOutput{Policy: new(m.describe(*in.PolicyArn, attached, boundaries))}, nil
}

func (x *IAM) deletePolicy(c *service.Call, in *awsiam.DeletePolicyInput) (*awsiam.DeletePolicyOutput, error) {
	a := x.account(c.Account)
	a.mu.Lock()
	defer a.mu.Unlock()
	m := a.policies[aws.ToString(in.PolicyArn)]
	if m == nil {
		return nil, noPolicy(aws.ToString(in.PolicyArn))
	}
	if attached, boundaries := a.uses(m.arn); attached+boundaries > 0 {
		return nil, refused(409, "DeleteConflict", "Cannot delete a policy attached to entities.")
	}
	if len(m.versions) > 1 {
		return nil, refused(409, "DeleteConflict", "This policy has more than one version. Before you delete a policy, you must delete the policy's versions. The default version is deleted with the policy.")
	}
	delete(a.policies, m.arn)
	return &awsiam.DeletePolicyOutput{}, nil
}

func (x *IAM) listPolicies(c *service.Call, in *awsiam.ListPoliciesInput) (*awsiam.ListPoliciesOutput, error) {
	a := x.account(c.Account)
	a.mu.RLock()
	defer a.mu.RUnlock()
	found := map[string]*managed{}
	if in.Scope != types.PolicyScopeTypeAws {
		maps.Copy(found, a.policies)
	}
	if in.Scope != types.PolicyScopeTypeLocal {
		for path, m := range x.aws {
			found["arn:"+c.Partition+":iam::aws:policy"+path] = m
		}
	}
	var all []types.Policy
	for arn, m := range found {
		attached, boundaries := a.uses(arn)
		if !strings.HasPrefix(m.path, pathOr(in.PathPrefix)) || in.OnlyAttached && attached == 0 {
			continue
		}
		p := m.describe(arn, attached, boundaries)
		p.Description, p.Tags = nil, nil
		all = append(all, p)
	}
	byARN := func(p types.Policy) string { return *p.Arn }
	slices.SortFunc(all, func(p, q types.Policy) int { return strings.Compare(*p.Arn, *q.Arn) })
	cut, next, err := page(all, byARN, in.Marker, in.MaxItems)
	if err != nil {
		return nil, err
	}
	return &awsiam.ListPoliciesOutput{Policies: cut, Marker: next, IsTruncated: next != nil}, nil
}

func (x *IAM) listEntities(c *service.Call, in *awsiam.ListEntitiesForPolicyInput) (*awsiam.ListEntitiesForPolicyOutput, error) {
	a := x.account(c.Account)
	a.mu.RLock()
	defer a.mu.RUnlock()
	if _, err := x.findPolicy(a, in.PolicyArn); err != nil {
		return nil, err
	}
	var all []types.PolicyRole
	for _, name := range slices.Sorted(maps.Keys(a.roles)) {
		if r := a.roles[name]; slices.Contains(r.attached, *in.PolicyArn) {
			all = append(all, types.PolicyRole{RoleId: aws.String(r.id), RoleName: aws.String(r.name)})
		}
	}
	cut, next, err := page(all, func(r types.PolicyRole) string { return *r.RoleName }, in.Marker, in.MaxItems)
	if err != nil {
		return nil, err
	}
	return &awsiam.ListEntitiesForPolicyOutput{
		PolicyGroups: []types.PolicyGroup{}, PolicyUsers: []types.PolicyUser{}, // the sandbox has roles only
		PolicyRoles: cut, Marker: next, IsTruncated: next != nil,
	}, nil
}
