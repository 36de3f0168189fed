package kms

import (
	"crypto/rand"
	"encoding/base64"
	"encoding/hex"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	awskms "github.com/aws/aws-sdk-go-v2/service/kms"
	"github.com/aws/aws-sdk-go-v2/service/kms/types"

	"github.com/glueguard/glueguard/internal/sandbox/iam/policyeval"
	"github.com/glueguard/glueguard/internal/sandbox/service"
)

const (
	grantsPerPage = 50
	mostGrants    = 100
)

type grant struct {
	id, token, name string
	grantee         string // principal ARN
	retiring        string
	issuer          string
	created         time.Time
	operations      []types.GrantOperation
	constraints     *types.GrantConstraints
}

func (x *KMS) grantOperations() []service.Operation {
	return []service.Operation{
		onKey("CreateGrant", x.createGrant, func(in *awskms.CreateGrantInput) *string { return in.KeyId }),
		onKey("ListGrants", x.listGrants, func(in *awskms.ListGrantsInput) *string { return in.KeyId }),
		onKey("RevokeGrant", x.revokeGrant, func(in *awskms.RevokeGrantInput) *string { return in.KeyId }),
		onKey("RetireGrant", x.retireGrant, func(in *awskms.RetireGrantInput) *string { return in.KeyId }),
		service.Op("ListRetirableGrants", x.listRetirable),
	}
}

// granted says whether a grant lets the caller do it; explicit denials have been ruled out before.
func (k *key) granted(c *service.Call, action string, encryption map[string]string) bool {
	operation := types.GrantOperation(strings.TrimPrefix(action, "kms:"))
	for _, g := range k.grants {
		if g.holds(c) && slices.Contains(g.operations, operation) && g.accepts(encryption) {
			return true
		}
	}
	return false
}

func (g *grant) holds(c *service.Call) bool {
	return g.grantee == c.Principal.ARN || g.grantee == c.Principal.RoleARN ||
		g.grantee == "arn:"+c.Partition+":iam::"+c.Account+":root"
}

// accepts checks the constraints on the encryption context.
func (g *grant) accepts(encryption map[string]string) bool {
	if g.constraints == nil {
		return true
	}
	if want := g.constraints.EncryptionContextEquals; want != nil && !maps.Equal(want, encryption) {
		return false
	}
	for name, value := range g.constraints.EncryptionContextSubset {
		if have, ok := encryption[name]; !ok || have != value {
			return false
		}
	}
	return true
}

func (x *KMS) createGrant(c *service.Call, in *awskms.CreateGrantInput) (*awskms.CreateGrantOutput, error) {
	grantee := aws.ToString(in.GranteePrincipal)
	if !strings.HasPrefix(grantee, "arn:") || !x.auth.PrincipalExists(grantee) {
		return nil, refused("InvalidArnException", "ARN does not refer to a valid principal: %s", grantee)
	}
	operations := make([]string, 0, len(in.Operations))
	for _, o := range in.Operations {
		operations = append(operations, string(o))
	}
	need := requirement{byID: true, states: usable(), dryRun: in.DryRun, context: policyeval.Map{
		"kms:granteeprincipal": {grantee}, "kms:grantoperations": operations, "kms:grantisforawsresource": {"false"},
	}}
	out := &awskms.CreateGrantOutput{}
	err := x.with(c, in.KeyId, need, func(_ *place, k *key) *service.Error {
		g := k.sameGrant(in)
		if g == nil {
			g = newGrant(c, in)
			k.grants[g.id] = g
		}
		out.GrantId, out.GrantToken = aws.String(g.id), aws.String(g.token)
		return nil
	})
	return out, err
}

// sameGrant makes repeated requests with a name idempotent.
func (k *key) sameGrant(in *awskms.CreateGrantInput) *grant {
	if in.Name == nil {
		return nil
	}
	for _, g := range k.grants {
		if g.name == *in.Name && g.grantee == *in.GranteePrincipal && slices.Equal(g.operations, in.Operations) && g.retiring == aws.ToString(in.RetiringPrincipal) {
			return g
		}
	}
	return nil
}

func newGrant(c *service.Call, in *awskms.CreateGrantInput) *grant {
	var b [80]byte
	rand.Read(b[:])
	return &grant{
		id: hex.EncodeToString(b[:32]), token: base64.StdEncoding.EncodeToString(b[32:]), name: aws.ToString(in.Name),
		grantee: *in.GranteePrincipal, retiring: aws.ToString(in.RetiringPrincipal), created: c.Now, operations: in.Operations,
		constraints: in.Constraints, issuer: "arn:" + c.Partition + ":iam::" + c.Account + ":root",
	}
}

func (g *grant) describe(keyARN string) types.GrantListEntry {
	e := types.GrantListEntry{
		GrantId: aws.String(g.id), KeyId: aws.String(keyARN), GranteePrincipal: aws.String(g.grantee), IssuingAccount: aws.String(g.issuer),
		CreationDate: aws.Time(g.created), Operations: g.operations, Constraints: g.constraints, Name: aws.String(g.name),
	}
	if g.retiring != "" {
		e.RetiringPrincipal = aws.String(g.retiring)
	}
	return e
}

func (x *KMS) listGrants(c *service.Call, in *awskms.ListGrantsInput) (*awskms.ListGrantsOutput, error) {
	out := &awskms.ListGrantsOutput{}
	err := x.with(c, in.KeyId, requirement{byID: true}, func(_ *place, k *key) *service.Error {
		all := []types.GrantListEntry{}
		for _, id := range slices.Sorted(maps.Keys(k.grants)) {
			g := k.grants[id]
			if (in.GrantId == nil || *in.GrantId == id) && (in.GranteePrincipal == nil || *in.GranteePrincipal == g.grantee) {
				all = append(all, g.describe(k.arn()))
			}
		}
		cut, next, err := page(all, func(g types.GrantListEntry) string { return *g.GrantId }, in.Limit, grantsPerPage, mostGrants, in.Marker)
		out.Grants, out.NextMarker, out.Truncated = cut, next, next != nil
		return err
	})
	return out, err
}

func noGrant(id string) *service.Error {
	return refused("NotFoundException", "Grant ID %s not found", id)
}

func (x *KMS) revokeGrant(c *service.Call, in *awskms.RevokeGrantInput) (*awskms.RevokeGrantOutput, error) {
	need := requirement{byID: true, dryRun: in.DryRun}
	return &awskms.RevokeGrantOutput{}, x.with(c, in.KeyId, need, func(_ *place, k *key) *service.Error {
		id := aws.ToString(in.GrantId)
		if k.grants[id] == nil {
			return noGrant(id)
		}
		delete(k.grants, id)
		return nil
	})
}

// retireGrant is open to the grant's retiring principal and to a grantee with the RetireGrant operation; the key policy
// has no say.
func (x *KMS) retireGrant(c *service.Call, in *awskms.RetireGrantInput) (*awskms.RetireGrantOutput, error) {
	p := x.place(c.Account, c.Region)
	id := ""
	if in.KeyId != nil {
		r, err := parseReference(c, *in.KeyId)
		if err != nil {
			return nil, err
		}
		p, id = x.place(r.account, r.region), r.id
	} else if in.GrantToken == nil {
		return nil, invalid("Please specify either a grant token or a key ID and a grant ID.")
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, k := range p.keys {
		for _, g := range k.grants {
			if (in.GrantToken == nil || g.token != *in.GrantToken) && (k.id != id || g.id != aws.ToString(in.GrantId)) {
				continue
			}
			retires := g.retiring != "" && (g.retiring == c.Principal.ARN || g.retiring == c.Principal.RoleARN)
			if !retires && (!g.holds(c) || !slices.Contains(g.operations, types.GrantOperationRetireGrant)) && c.Principal.RoleARN != "" {
				return nil, refused("AccessDeniedException", "User: %s is not authorized to perform: kms:RetireGrant on resource: %s", c.Principal.ARN, k.arn())
			}
			if aws.ToBool(in.DryRun) {
				return nil, wouldHaveSucceeded()
			}
			delete(k.grants, g.id)
			return &awskms.RetireGrantOutput{}, nil
		}
	}
	if in.GrantToken != nil {
		return nil, refused("InvalidGrantTokenException", "Invalid grant token.")
	}
	return nil, noGrant(aws.ToString(in.GrantId))
}

func (x *KMS) listRetirable(c *service.Call, in *awskms.ListRetirableGrantsInput) (*awskms.ListRetirableGrantsOutput, error) {
	p := x.place(c.Account, c.Region)
	p.mu.Lock()
	defer p.mu.Unlock()
	all := []types.GrantListEntry{}
	for _, k := range p.keys {
		for _, g := range k.grants {
			if g.retiring == aws.ToString(in.RetiringPrincipal) {
				all = append(all, g.describe(k.arn()))
			}
		}
	}
	id := func(g types.GrantListEntry) string { return *g.GrantId }
	slices.SortFunc(all, func(a, b types.GrantListEntry) int { return strings.Compare(id(a), id(b)) })
	cut, next, err := page(all, id, in.Limit, grantsPerPage, mostGrants, in.Marker)
	if err != nil {
		return nil, err
	}
	return &awskms.ListRetirableGrantsOutput{Grants: cut, NextMarker: next, Truncated: next != nil}, nil
}
