package inventory

import (
	"cmp"
	"context"
	"errors"
	"slices"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/glue"
	"github.com/aws/aws-sdk-go-v2/service/glue/types"

	"github.com/glueguard/glueguard/internal/awsapi"
	"github.com/glueguard/glueguard/internal/resource"
)

// Page sizes. The models allow 1,000; the service is known to refuse more than 200 dev endpoints or security
// configurations at once.
const (
	endpointsPerPage      = 200
	transformsPerPage     = 1000
	configurationsPerPage = 200
)

// pages calls next until a listing ends: with no token, an empty one, or one that it was given before (asking for it
// again would only repeat pages already read).
func pages(next func(token *string) (*string, error)) (read int, err error) {
	var token *string
	var seen map[string]bool
	for {
		received, err := next(token)
		if err != nil {
			return read, err
		}
		read++
		if awsapi.LastPage(token, received) || seen[*received] {
			return read, nil
		}
		if seen == nil {
			seen = map[string]bool{}
		}
		seen[*received] = true
		token = received
	}
}

// errNameless is the error of a listing with a resource that can't be told from another.
var errNameless = errors.New("the answer lists a resource without its identifier")

// endpoints lists the dev endpoints of a location, sorted by name.
func (r *run) endpoints(ctx context.Context, p *awsapi.Place) (resource.Fact[[]resource.DevEndpoint], tally) {
	t := tally{operation: opDevEndpoints}
	list := []resource.DevEndpoint{}
	var err error
	t.pages, err = pages(func(token *string) (*string, error) {
		in := &glue.GetDevEndpointsInput{MaxResults: aws.Int32(endpointsPerPage), NextToken: token}
		out, err := awsapi.Read(ctx, p, t.operation, r.glue.GetDevEndpoints, in, p.Glue)
		if err != nil {
			return nil, err
		}
		list = slices.Grow(list, len(out.DevEndpoints))
		for i := range out.DevEndpoints {
			if aws.ToString(out.DevEndpoints[i].EndpointName) == "" {
				return nil, errNameless
			}
			list = append(list, endpointOf(p.Location, &out.DevEndpoints[i]))
		}
		return out.NextToken, nil
	})
	slices.SortStableFunc(list, func(a, b resource.DevEndpoint) int { return cmp.Compare(a.Name, b.Name) })
	// A resource that moved between pages while they were read is listed twice.
	list = slices.CompactFunc(list, func(a, b resource.DevEndpoint) bool { return a.Name == b.Name })
	t.items = len(list)
	if err != nil {
		f := awsapi.Classify(err, t.operation)
		t.failure = &f
		return resource.Unknown[[]resource.DevEndpoint](f), t
	}
	return resource.Known(list), t
}

// transforms lists the ML transforms of a location, sorted by id.
func (r *run) transforms(ctx context.Context, p *awsapi.Place) (resource.Fact[[]resource.MLTransform], tally) {
	t := tally{operation: opMLTransforms}
	list := []resource.MLTransform{}
	var err error
	t.pages, err = pages(func(token *string) (*string, error) {
		in := &glue.GetMLTransformsInput{MaxResults: aws.Int32(transformsPerPage), NextToken: token}
		out, err := awsapi.Read(ctx, p, t.operation, r.glue.GetMLTransforms, in, p.Glue)
		if err != nil {
			return nil, err
		}
		list = slices.Grow(list, len(out.Transforms))
		for i := range out.Transforms {
			if aws.ToString(out.Transforms[i].TransformId) == "" {
				return nil, errNameless
			}
			list = append(list, transformOf(p.Location, &out.Transforms[i]))
		}
		return out.NextToken, nil
	})
	slices.SortStableFunc(list, func(a, b resource.MLTransform) int { return cmp.Compare(a.ID, b.ID) })
	list = slices.CompactFunc(list, func(a, b resource.MLTransform) bool { return a.ID == b.ID })
	t.items = len(list)
	if err != nil {
		f := awsapi.Classify(err, t.operation)
		t.failure = &f
		return resource.Unknown[[]resource.MLTransform](f), t
	}
	return resource.Known(list), t
}

func endpointOf(l resource.Location, d *types.DevEndpoint) resource.DevEndpoint {
	name := aws.ToString(d.EndpointName)
	return resource.DevEndpoint{
		Name:                  name,
		ARN:                   l.ARN("glue", "devEndpoint/"+name),
		Status:                aws.ToString(d.Status),
		FailureReason:         aws.ToString(d.FailureReason),
		SecurityConfiguration: aws.ToString(d.SecurityConfiguration),
		RoleARN:               aws.ToString(d.RoleArn),
		GlueVersion:           aws.ToString(d.GlueVersion),
		CreatedAt:             aws.ToTime(d.CreatedTimestamp),
	}
}

func transformOf(l resource.Location, m *types.MLTransform) resource.MLTransform {
	id := aws.ToString(m.TransformId)
	t := resource.MLTransform{
		ID:          id,
		Name:        aws.ToString(m.Name),
		ARN:         l.ARN("glue", "mlTransform/"+id),
		Status:      string(m.Status),
		RoleARN:     aws.ToString(m.Role),
		GlueVersion: aws.ToString(m.GlueVersion),
		CreatedAt:   aws.ToTime(m.CreatedOn),
	}
	if e := m.TransformEncryption; e != nil {
		t.EncryptionPresent = true
		t.TaskRunSecurityConfiguration = aws.ToString(e.TaskRunSecurityConfigurationName)
		if u := e.MlUserDataEncryption; u != nil {
			t.UserData = encryption(string(u.MlUserDataEncryptionMode), u.KmsKeyId)
		}
	}
	return t
}

func encryption(mode string, key *string) *resource.Encryption {
	return &resource.Encryption{Mode: resource.Mode(mode), KMSKey: aws.ToString(key)}
}
