package action

import (
	"context"
	"slices"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/kms"
	"github.com/aws/aws-sdk-go-v2/service/kms/types"

	"github.com/glueguard/glueguard/internal/awsapi"
	"github.com/glueguard/glueguard/internal/change"
	"github.com/glueguard/glueguard/internal/execute"
)

// seeGrant looks for a grant that lets the grantee do all that the step says, without constraints.
func (a *Actor) seeGrant(ctx context.Context, t *task) (execute.Observation, error) {
	g := t.s.Grant
	if g == nil || g.KeyARN == "" || keyPlaceholder(g.KeyARN) {
		return missed(incomplete(t)), nil
	}
	in := &kms.ListGrantsInput{KeyId: &g.KeyARN, GranteePrincipal: &g.Grantee}
	for {
		out, err := read(ctx, t, "kms:ListGrants", a.session.KMS.ListGrants, in, t.place.KMS)
		if err != nil {
			return execute.Observation{}, err
		}
		for i := range out.Grants {
			if covers(&out.Grants[i], g.Operations) {
				return settled(change.Facts{GrantID: aws.ToString(out.Grants[i].GrantId)}), nil
			}
		}
		if !out.Truncated || awsapi.LastPage(in.Marker, out.NextMarker) {
			return open(), nil
		}
		in.Marker = out.NextMarker
	}
}

func covers(g *types.GrantListEntry, operations []string) bool {
	if c := g.Constraints; c != nil && (len(c.EncryptionContextEquals) > 0 || len(c.EncryptionContextSubset) > 0) {
		return false
	}
	return !slices.ContainsFunc(operations, func(o string) bool { return !slices.Contains(g.Operations, types.GrantOperation(o)) })
}

// createGrant makes the grant. Its name makes the same request mean the same grant.
func (a *Actor) createGrant(ctx context.Context, t *task) (change.Facts, error) {
	g := t.s.Grant
	in := &kms.CreateGrantInput{KeyId: &g.KeyARN, GranteePrincipal: &g.Grantee, Name: given(g.Name)}
	for _, o := range g.Operations {
		in.Operations = append(in.Operations, types.GrantOperation(o))
	}
	out, err := send(ctx, t, "kms:CreateGrant", a.session.KMS.CreateGrant, in, t.place.KMS)
	if err != nil {
		return change.Facts{}, err
	}
	return change.Facts{GrantID: aws.ToString(out.GrantId)}, nil
}
