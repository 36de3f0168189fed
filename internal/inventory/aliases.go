package inventory

import (
	"context"
	"slices"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/kms"

	"github.com/glueguard/glueguard/internal/awsapi"
	"github.com/glueguard/glueguard/internal/resource"
)

// Aliases lists what a KMS key is called: its names that begin with "alias/", sorted. The key is named by its id or its
// ARN; one of another account than the location's is looked for in its own, since KMS lists aliases nowhere else.
func (i *Inspector) Aliases(ctx context.Context, l resource.Location, key string) ([]string, error) {
	if arn, err := resource.ParseARN(key); err == nil {
		l = resource.Location{Partition: arn.Partition, Account: arn.Account, Region: arn.Region}
	}
	_, place, err := i.enter(ctx, l)
	if err != nil {
		return nil, err
	}
	var names []string
	_, err = pages(func(token *string) (*string, error) {
		in := &kms.ListAliasesInput{KeyId: aws.String(key), Limit: aws.Int32(kmsPage), Marker: token}
		out, err := awsapi.Read(ctx, place, opListAliases, i.session.KMS.ListAliases, in, place.KMS)
		if err != nil {
			return nil, err
		}
		for n := range out.Aliases {
			names = append(names, aws.ToString(out.Aliases[n].AliasName))
		}
		return more(out.Truncated, out.NextMarker)
	})
	slices.Sort(names)
	return names, err
}
