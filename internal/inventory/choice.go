package inventory

import (
	"cmp"
	"context"
	"slices"
	"sync"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/kms"

	"github.com/glueguard/glueguard/internal/awsapi"
	"github.com/glueguard/glueguard/internal/resource"
)

const (
	opListKeys = "kms:ListKeys"
	keysPage   = 1000 // the most that KMS lists at once
	keysAtOnce = 16   // that are read together
)

// KeyChoice is one of a location's keys, for somebody to choose from.
type KeyChoice struct {
	ARN         string
	Description string
	Aliases     resource.Fact[[]string] // "alias/…", sorted
	Detail      resource.Fact[resource.KeyDetail]
}

// Keys lists all KMS keys of a location's account and region, those with aliases first. An error says that they could not
// be listed; what could not be read of one of them is an unknown fact.
func (i *Inspector) Keys(ctx context.Context, l resource.Location) ([]KeyChoice, error) {
	in := newInspection(i, nil)
	s := in.site(ctx, l)
	if s.err != nil {
		return nil, s.err
	}
	var aliases map[string][]string
	var aliasesErr error
	var naming sync.WaitGroup
	naming.Go(func() { aliases, aliasesErr = s.aliases(ctx) })
	ids, err := s.listKeys(ctx)
	naming.Wait()
	if err != nil {
		return nil, err
	}
	keys := make([]KeyChoice, len(ids))
	slots := make(chan struct{}, keysAtOnce)
	var reading sync.WaitGroup
	for n, arn := range ids {
		slots <- struct{}{}
		reading.Go(func() {
			keys[n] = s.choice(ctx, arn)
			<-slots
		})
	}
	reading.Wait()
	if ctx.Err() != nil {
		return nil, context.Cause(ctx)
	}
	for n := range keys {
		if aliasesErr != nil {
			keys[n].Aliases = unread[[]string](aliasesErr, opListAliases)
		} else {
			keys[n].Aliases = resource.Known(aliases[keys[n].ARN])
		}
	}
	slices.SortFunc(keys, compareChoices)
	return keys, nil
}

// compareChoices puts keys with names first, by their names.
func compareChoices(a, b KeyChoice) int {
	first := func(k KeyChoice) string {
		if names, _ := k.Aliases.Value(); len(names) > 0 {
			return "0" + names[0]
		}
		return "1"
	}
	return cmp.Or(cmp.Compare(first(a), first(b)), cmp.Compare(a.ARN, b.ARN))
}

func (s *site) choice(ctx context.Context, arn resource.ARN) KeyChoice {
	read := keyRead{kms: s.session.KMS, place: s.place}
	var grants resource.Fact[[]resource.KeyGrant]
	var granting sync.WaitGroup
	granting.Go(func() { grants = s.grants(ctx, s.place, arn.String()) })
	read.read(ctx, arn)
	granting.Wait()
	c := KeyChoice{ARN: arn.String(), Description: read.description}
	key, ok := read.fact.Value()
	switch {
	case read.fact.IsAbsent():
		c.Detail = resource.Absent[resource.KeyDetail]()
	case !ok:
		c.Detail = resource.Unknown[resource.KeyDetail](read.fact.Failure())
	default:
		c.Detail = resource.Known(resource.KeyDetail{Key: key, Ref: c.ARN, Grants: grants})
	}
	return c
}

// listKeys lists the ARNs of the location's keys.
func (s *site) listKeys(ctx context.Context) ([]resource.ARN, error) {
	var ids []resource.ARN
	_, err := pages(func(token *string) (*string, error) {
		in := &kms.ListKeysInput{Limit: aws.Int32(keysPage), Marker: token}
		out, err := awsapi.Read(ctx, s.place, opListKeys, s.session.KMS.ListKeys, in, s.place.KMS)
		if err != nil {
			return nil, err
		}
		for i := range out.Keys {
			arn, err := resource.ParseARN(aws.ToString(out.Keys[i].KeyArn))
			if err != nil {
				return nil, err
			}
			ids = append(ids, arn)
		}
		return more(out.Truncated, out.NextMarker)
	})
	return ids, err
}

// aliases lists the names of the location's keys, by the key's ARN.
func (s *site) aliases(ctx context.Context) (map[string][]string, error) {
	names := map[string][]string{}
	_, err := pages(func(token *string) (*string, error) {
		in := &kms.ListAliasesInput{Limit: aws.Int32(kmsPage), Marker: token}
		out, err := awsapi.Read(ctx, s.place, opListAliases, s.session.KMS.ListAliases, in, s.place.KMS)
		if err != nil {
			return nil, err
		}
		for i := range out.Aliases {
			a := &out.Aliases[i]
			arn := s.place.Location.ARN("kms", "key/"+aws.ToString(a.TargetKeyId)).String()
			names[arn] = append(names[arn], aws.ToString(a.AliasName)) // a predefined one may stand for no key yet
		}
		return more(out.Truncated, out.NextMarker)
	})
	for _, list := range names {
		slices.Sort(list)
	}
	return names, err
}
