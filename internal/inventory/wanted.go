package inventory

import (
	"context"
	"errors"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/kms"

	"github.com/glueguard/glueguard/internal/awsapi"
	"github.com/glueguard/glueguard/internal/resource"
)

const (
	opListAliases = "kms:ListAliases"
	opListGrants  = "kms:ListGrants"
	kmsPage       = 100 // the most that KMS lists at once
)

// wantedKey resolves a key as it was asked for, in this location: an ARN, a key id or an alias. A key of another region
// is read there: its ARN says that it is of no use here.
func (s *site) wantedKey(ctx context.Context, ref string) resource.Fact[resource.KeyDetail] {
	if ref == "" {
		return resource.Known(resource.KeyDetail{})
	}
	return s.keys.get(ref, func() resource.Fact[resource.KeyDetail] {
		arn, failure := canonical(s.place.Location, ref)
		if failure != nil {
			return resource.Unknown[resource.KeyDetail](*failure)
		}
		p := s.placeOf(ctx, arn)
		if strings.HasPrefix(arn.Resource, "alias/aws/") {
			behind := s.behindAlias(ctx, p, arn)
			id, ok := behind.Value()
			switch {
			case behind.IsAbsent():
				return resource.Absent[resource.KeyDetail]()
			case !ok:
				return resource.Unknown[resource.KeyDetail](behind.Failure())
			}
			arn.Resource = "key/" + id
		}
		return s.keyDetail(ctx, p, arn, ref)
	})
}

// placeOf is where a key is asked about: in its own region, and through the caller's own account where that has it, since
// KMS shows a key's policy to its own account only.
func (s *site) placeOf(ctx context.Context, arn resource.ARN) *awsapi.Place {
	if arn.Account != s.place.Location.Account {
		caller, err := s.session.Caller(ctx)
		if err == nil && caller.Account == arn.Account {
			return s.session.Home().At(arn.Region)
		}
	}
	return s.account.At(arn.Region)
}

// behindAlias is the id of the key that an alias stands for. It is looked up in the list of aliases, since describing a
// predefined alias without a key would make KMS create one.
func (s *site) behindAlias(ctx context.Context, p *awsapi.Place, alias resource.ARN) resource.Fact[string] {
	id := ""
	_, err := pages(func(token *string) (*string, error) {
		in := &kms.ListAliasesInput{Limit: aws.Int32(kmsPage), Marker: token}
		out, err := awsapi.Read(ctx, p, opListAliases, s.session.KMS.ListAliases, in, p.KMS)
		if err != nil {
			return nil, err
		}
		for i := range out.Aliases {
			if aws.ToString(out.Aliases[i].AliasName) == alias.Resource {
				id = aws.ToString(out.Aliases[i].TargetKeyId)
			}
		}
		return more(out.Truncated, out.NextMarker)
	})
	switch {
	case err != nil:
		return unread[string](err, opListAliases)
	case alias.Account != p.Location.Account:
		return resource.Unknown[string](resource.Failure{
			Operation: opListAliases, Class: resource.Skipped, Message: "KMS lists an account's aliases to the account itself only",
		})
	case id == "":
		return resource.Absent[string]()
	}
	return resource.Known(id)
}

// errNoMarker is the error of a listing that says that it goes on and not how.
var errNoMarker = errors.New("the answer says that there is more, and not where")

// more is the token of the next page, for listings that say in a member of its own that there is one.
func more(truncated bool, marker *string) (*string, error) {
	switch {
	case !truncated:
		return nil, nil
	case aws.ToString(marker) == "":
		return nil, errNoMarker
	}
	return marker, nil
}

func (s *site) keyDetail(ctx context.Context, p *awsapi.Place, arn resource.ARN, ref string) resource.Fact[resource.KeyDetail] {
	read := keyRead{kms: s.session.KMS, place: p}
	read.read(ctx, arn)
	key, ok := read.fact.Value()
	switch {
	case read.fact.IsAbsent():
		return resource.Absent[resource.KeyDetail]()
	case !ok:
		return resource.Unknown[resource.KeyDetail](read.fact.Failure())
	}
	return resource.Known(resource.KeyDetail{Key: key, Ref: ref, Grants: s.grants(ctx, p, key.ARN.String())})
}

func (s *site) grants(ctx context.Context, p *awsapi.Place, key string) resource.Fact[[]resource.KeyGrant] {
	list := []resource.KeyGrant{}
	_, err := pages(func(token *string) (*string, error) {
		in := &kms.ListGrantsInput{KeyId: &key, Limit: aws.Int32(kmsPage), Marker: token}
		out, err := awsapi.Read(ctx, p, opListGrants, s.session.KMS.ListGrants, in, p.KMS)
		if err != nil {
			return nil, err
		}
		for i := range out.Grants {
			g := &out.Grants[i]
			grant := resource.KeyGrant{ID: aws.ToString(g.GrantId), Grantee: aws.ToString(g.GranteePrincipal), Constrained: g.Constraints != nil}
			for _, operation := range g.Operations {
				grant.Operations = append(grant.Operations, string(operation))
			}
			list = append(list, grant)
		}
		return more(out.Truncated, out.NextMarker)
	})
	if err != nil {
		return unread[[]resource.KeyGrant](err, opListGrants)
	}
	return resource.Known(list)
}
