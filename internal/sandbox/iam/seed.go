package iam

import (
	"fmt"
	"slices"
	"time"

	"github.com/glueguard/glueguard/internal/sandbox/iam/policyeval"
)

// Role is a role to be put in place by a scenario.
type Role struct {
	Partition   string // empty: aws
	Name, Path  string // an empty path is "/"
	Description string
	Trust       string            // document
	Inline      map[string]string // documents by name
	Attached    []string          // ARNs of managed policies that exist
	Boundary    string            // ARN
	MaxSession  int32             // seconds; 0: 3600
	Tags        map[string]string
	Created     time.Time
}

// PutAccessRole makes the role by which an organization's management account enters a member that it created: it may do
// everything.
func (x *IAM) PutAccessRole(partition, accountID, name, management string, created time.Time) error {
	_, err := x.PutRole(accountID, Role{
		Partition: partition, Name: name, Created: created, Attached: []string{"arn:" + partition + ":iam::aws:policy/AdministratorAccess"},
		Trust: `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"AWS":"arn:` + partition + `:iam::` + management +
			`:root"},"Action":"sts:AssumeRole"}]}`,
	})
	return err
}

// PutRole makes or replaces a role without asking whether its principals exist, and returns its ARN.
func (x *IAM) PutRole(accountID string, seed Role) (string, error) {
	if seed.Partition == "" {
		seed.Partition = "aws"
	}
	path := pathOr(&seed.Path)
	r := &role{
		name: seed.Name, path: path, arn: roleARN(seed.Partition, accountID, path, seed.Name), description: seed.Description,
		created: seed.Created, maxSession: seed.MaxSession, attached: slices.Sorted(slices.Values(seed.Attached)),
		boundary: seed.Boundary, inline: make(map[string]*policyeval.Policy, len(seed.Inline)), tags: map[string]string{},
	}
	r.id = seededID("AROA", r.arn)
	if r.maxSession == 0 {
		r.maxSession = defaultSession
	}
	for k, v := range seed.Tags {
		r.tags[k] = v
	}
	var err error
	if r.trust, err = x.parsed.parse(seed.Trust, policyeval.Trust); err != nil {
		return "", fmt.Errorf("trust of role %s: %w", r.arn, err)
	}
	for name, document := range seed.Inline {
		if r.inline[name], err = x.parsed.parse(document, policyeval.Identity); err != nil {
			return "", fmt.Errorf("policy %s of role %s: %w", name, r.arn, err)
		}
	}
	a := x.account(accountID)
	a.mu.Lock()
	defer a.mu.Unlock()
	for _, arn := range append(slices.Clone(r.attached), r.boundary) {
		if arn != "" && x.managedIn(a, arn) == nil {
			return "", fmt.Errorf("role %s: policy %s does not exist", r.arn, arn)
		}
	}
	x.compile(a, r)
	a.roles[r.name] = r
	return r.arn, nil
}

// PutPolicy makes or replaces a customer managed policy of partition aws and returns its ARN.
func (x *IAM) PutPolicy(accountID, name, document string, created time.Time) (string, error) {
	policy, err := x.parsed.parse(document, policyeval.Identity)
	if err != nil {
		return "", fmt.Errorf("policy %s: %w", name, err)
	}
	arn := "arn:aws:iam::" + accountID + ":policy/" + name
	a := x.account(accountID)
	a.mu.Lock()
	defer a.mu.Unlock()
	a.policies[arn] = &managed{
		id: seededID("ANPA", arn), name: name, path: "/", arn: arn, created: created, updated: created, fallback: "v1",
		next: 2, versions: []policyVersion{{id: "v1", created: created, policy: policy}},
	}
	return arn, nil
}

// PutServiceControl sets the service control policies of an account, one list of documents for each level of the
// organization above it; each level must allow. They bind the account's root too, as AWS's do. No levels: none.
func (x *IAM) PutServiceControl(accountID string, levels ...[]string) error {
	var control [][]*policyeval.Policy
	for _, documents := range levels {
		var level []*policyeval.Policy
		for _, d := range documents {
			p, err := x.parsed.parse(d, policyeval.Identity)
			if err != nil {
				return fmt.Errorf("service control policy of %s: %w", accountID, err)
			}
			level = append(level, p)
		}
		control = append(control, level)
	}
	a := x.account(accountID)
	a.mu.Lock()
	defer a.mu.Unlock()
	a.control = control
	return nil
}
