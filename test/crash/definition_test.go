package crash

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/glue"
	"github.com/aws/aws-sdk-go-v2/service/glue/types"
	"github.com/aws/aws-sdk-go-v2/service/kms"
	"github.com/google/go-cmp/cmp"
)

const (
	region  = "us-east-1"
	account = "111111111111"
)

// eye looks at AWS from outside.
type eye struct {
	glue *glue.Client
	kms  *kms.Client
}

func newEye(url string) eye {
	c := aws.Config{
		Region: region, BaseEndpoint: aws.String(url),
		Credentials: credentials.NewStaticCredentialsProvider(account, "outside", ""),
	}
	return eye{glue.NewFromConfig(c), kms.NewFromConfig(c)}
}

// kind of resource.
type kind string

const (
	endpoint  kind = "endpoint"
	transform kind = "transform"
)

// thing is a resource as AWS shows it: what its owner gave it, apart from its name and encryption, and what it is now.
type thing struct {
	kind       kind
	id         string // of a transform
	name       string
	created    time.Time
	status     string
	attributes map[string]any
	tags       map[string]string
	// configuration is the security configuration that it names, which for a transform is that of its task runs.
	configuration string
	userMode      string
	userKey       string
	labels        int32
	metrics       *types.FindMatchesMetrics
}

// itself tells whether both are the very same resource.
func (t thing) itself(o thing) bool {
	if t.kind == transform {
		return t.kind == o.kind && t.id == o.id
	}
	return t.kind == o.kind && t.name == o.name && t.created.Equal(o.created)
}

// attributesOf is all that the SDK knows of a resource, without what was taken out.
func attributesOf(v any) (map[string]any, error) {
	text, err := json.Marshal(v)
	if err != nil {
		return nil, err
	}
	all := map[string]any{}
	if err := json.Unmarshal(text, &all); err != nil {
		return nil, err
	}
	maps.DeleteFunc(all, func(_ string, v any) bool { return v == nil || v == "" })
	return all, nil
}

func (e eye) endpointThing(ctx context.Context, d types.DevEndpoint) (thing, error) {
	t := thing{
		kind: endpoint, name: *d.EndpointName, created: aws.ToTime(d.CreatedTimestamp), status: aws.ToString(d.Status),
		configuration: aws.ToString(d.SecurityConfiguration),
	}
	// What AWS decides, and what is compared by itself.
	d.EndpointName, d.SecurityConfiguration, d.CreatedTimestamp, d.LastModifiedTimestamp = nil, nil, nil, nil
	d.Status, d.FailureReason, d.LastUpdateStatus, d.AvailabilityZone, d.VpcId = nil, nil, nil, nil, nil
	d.PrivateAddress, d.PublicAddress, d.YarnEndpointAddress, d.ZeppelinRemoteSparkInterpreterPort = nil, nil, nil, 0
	var err error
	if t.attributes, err = attributesOf(d); err != nil {
		return thing{}, err
	}
	t.tags, err = e.tags(ctx, "devEndpoint/"+t.name)
	return t, err
}

func (e eye) transformThing(ctx context.Context, d types.MLTransform) (thing, error) {
	t := thing{
		kind: transform, id: *d.TransformId, name: aws.ToString(d.Name), created: aws.ToTime(d.CreatedOn), status: string(d.Status), labels: d.LabelCount,
	}
	if d.EvaluationMetrics != nil {
		t.metrics = d.EvaluationMetrics.FindMatchesMetrics
	}
	if x := d.TransformEncryption; x != nil {
		t.configuration = aws.ToString(x.TaskRunSecurityConfigurationName)
		if u := x.MlUserDataEncryption; u != nil {
			t.userMode, t.userKey = string(u.MlUserDataEncryptionMode), aws.ToString(u.KmsKeyId)
		}
	}
	d.Name, d.TransformId, d.CreatedOn, d.LastModifiedOn, d.Status = nil, nil, nil, nil, ""
	d.LabelCount, d.EvaluationMetrics, d.TransformEncryption = 0, nil, nil
	// What AWS fills in where nothing was given; the simulated AWS starts with some that were never created by a call.
	d.MaxRetries = aws.Int32(aws.ToInt32(d.MaxRetries))
	if d.Timeout == nil {
		d.Timeout = aws.Int32(2880)
	}
	var err error
	if t.attributes, err = attributesOf(d); err != nil {
		return thing{}, err
	}
	t.tags, err = e.tags(ctx, "mlTransform/"+t.id)
	return t, err
}

// tags are those of a resource; one that has gone meanwhile has none.
func (e eye) tags(ctx context.Context, resource string) (map[string]string, error) {
	out, err := e.glue.GetTags(ctx, &glue.GetTagsInput{ResourceArn: aws.String("arn:aws:glue:" + region + ":" + account + ":" + resource)})
	var gone *types.EntityNotFoundException
	if errors.As(err, &gone) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	return out.Tags, nil
}

// things lists all resources of a kind.
func (e eye) things(ctx context.Context, k kind) ([]thing, error) {
	var all []thing
	if k == transform {
		for p := glue.NewGetMLTransformsPaginator(e.glue, &glue.GetMLTransformsInput{}); p.HasMorePages(); {
			page, err := p.NextPage(ctx)
			if err != nil {
				return nil, err
			}
			for _, d := range page.Transforms {
				t, err := e.transformThing(ctx, d)
				if err != nil {
					return nil, err
				}
				all = append(all, t)
			}
		}
		return all, nil
	}
	for p := glue.NewGetDevEndpointsPaginator(e.glue, &glue.GetDevEndpointsInput{}); p.HasMorePages(); {
		page, err := p.NextPage(ctx)
		if err != nil {
			return nil, err
		}
		for _, d := range page.DevEndpoints {
			t, err := e.endpointThing(ctx, d)
			if err != nil {
				return nil, err
			}
			all = append(all, t)
		}
	}
	return all, nil
}

// encryption is a mode and the key, in one word for each.
func (e eye) encryption(ctx context.Context, t thing) (mode, key string, err error) {
	if t.kind == transform {
		return t.userMode, t.userKey, nil
	}
	if t.configuration == "" {
		return "", "", nil
	}
	out, err := e.glue.GetSecurityConfiguration(ctx, &glue.GetSecurityConfigurationInput{Name: &t.configuration})
	if err != nil {
		return "", "", fmt.Errorf("the configuration of %s: %w", t.name, err)
	}
	c := out.SecurityConfiguration.EncryptionConfiguration
	if c == nil || len(c.S3Encryption) != 1 {
		return "", "", fmt.Errorf("the configuration %s of %s has not one S3 entry", t.configuration, t.name)
	}
	return string(c.S3Encryption[0].S3EncryptionMode), aws.ToString(c.S3Encryption[0].KmsKeyArn), nil
}

// around is everything of the location that a repair must leave alone.
type around struct {
	Things         map[string]any
	Configurations map[string]any
	Jobs           map[string]any
	Keys           map[string]string // states, by id
}

// survey reads what is around: all but the resources that `ours` takes.
func (e eye) survey(ctx context.Context, ours func(thing) bool) (around, error) {
	a := around{Things: map[string]any{}, Configurations: map[string]any{}, Jobs: map[string]any{}, Keys: map[string]string{}}
	for _, k := range []kind{endpoint, transform} {
		list, err := e.things(ctx, k)
		if err != nil {
			return a, err
		}
		for _, t := range list {
			if !ours(t) {
				a.Things[string(t.kind)+" "+t.name+t.id] = []any{t.status, t.created.String(), t.configuration, t.userMode, t.userKey, t.attributes, t.tags, t.labels}
			}
		}
	}
	for p := glue.NewGetSecurityConfigurationsPaginator(e.glue, &glue.GetSecurityConfigurationsInput{}); p.HasMorePages(); {
		page, err := p.NextPage(ctx)
		if err != nil {
			return a, err
		}
		for _, c := range page.SecurityConfigurations {
			if a.Configurations[*c.Name], err = attributesOf(c); err != nil {
				return a, err
			}
		}
	}
	jobs, err := e.glue.GetJobs(ctx, &glue.GetJobsInput{})
	if err != nil {
		return a, err
	}
	for _, j := range jobs.Jobs {
		j.LastModifiedOn = nil
		if j.JobMode == types.JobModeScript {
			j.JobMode = "" // what AWS fills in where nothing was given
		}
		if a.Jobs[*j.Name], err = attributesOf(j); err != nil {
			return a, err
		}
	}
	return a, e.keys(ctx, a.Keys)
}

func (e eye) keys(ctx context.Context, into map[string]string) error {
	list, err := e.kms.ListKeys(ctx, &kms.ListKeysInput{})
	if err != nil {
		return err
	}
	for _, k := range list.Keys {
		d, err := e.kms.DescribeKey(ctx, &kms.DescribeKeyInput{KeyId: k.KeyId})
		if err != nil {
			return err
		}
		into[*k.KeyId] = string(d.KeyMetadata.KeyState)
	}
	return nil
}

// kept says what of the surroundings is not as it was. A change may have made one key and one configuration.
func (a around) kept(now around) string {
	var text strings.Builder
	compare := func(what string, was, is map[string]any) {
		for name, w := range was {
			if d := cmp.Diff(w, is[name]); d != "" {
				fmt.Fprintf(&text, "%s %s (-was +is):\n%s", what, name, d)
			}
		}
	}
	compare("resource", a.Things, now.Things)
	for name := range now.Things {
		if _, ok := a.Things[name]; !ok {
			fmt.Fprintf(&text, "%s was not there before\n", name)
		}
	}
	compare("configuration", a.Configurations, now.Configurations)
	compare("job", a.Jobs, now.Jobs)
	if n := len(now.Keys) - len(a.Keys); n > 1 {
		fmt.Fprintf(&text, "%d keys were made\n", n)
	}
	if n := len(now.Configurations) - len(a.Configurations); n > 1 {
		fmt.Fprintf(&text, "%d configurations were made\n", n)
	}
	for id, state := range a.Keys {
		if now.Keys[id] != state {
			fmt.Fprintf(&text, "key %s was %s and is %q\n", id, state, now.Keys[id])
		}
	}
	return text.String()
}
