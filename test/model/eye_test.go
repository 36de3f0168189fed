package model

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/glue"
	"github.com/aws/aws-sdk-go-v2/service/glue/types"
	"github.com/aws/aws-sdk-go-v2/service/kms"
)

// thing is a resource as AWS shows it: what its owner gave it, and what it is now.
type thing struct {
	id         string // of a transform
	name       string
	created    time.Time
	status     string
	attributes string // JSON of all that AWS shows, without the other members of this struct
	tags       map[string]string
	// configuration is the security configuration that it names, which for a transform is that of its task runs.
	configuration string
	userMode      string // of a transform
	userKey       string
	labels        int32
	metrics       *types.FindMatchesMetrics
}

// itself tells whether both are the very same resource.
func (t thing) itself(o thing) bool {
	if t.id != "" || o.id != "" {
		return t.id == o.id
	}
	return t.name == o.name && t.created.Equal(o.created)
}

func (t thing) String() string {
	return strings.TrimSpace(fmt.Sprintf("%s %s (%s, since %s)", t.name, t.id, t.status, t.created.Sub(began()).Round(time.Second)))
}

// attributesOf is all that the SDK knows of a resource, without what says nothing.
func attributesOf(v any) (string, error) {
	text, err := json.Marshal(v)
	if err != nil {
		return "", err
	}
	all := map[string]any{}
	if err := json.Unmarshal(text, &all); err != nil {
		return "", err
	}
	maps.DeleteFunc(all, func(_ string, v any) bool { return v == nil || v == "" })
	text, err = json.MarshalIndent(all, "", " ")
	return string(text), err
}

// endpoints lists the dev endpoints whose names begin so.
func (e eye) endpoints(ctx context.Context, prefix string) ([]thing, error) {
	var list []thing
	for p := glue.NewGetDevEndpointsPaginator(e.glue, &glue.GetDevEndpointsInput{MaxResults: aws.Int32(100)}); p.HasMorePages(); {
		page, err := p.NextPage(ctx)
		if err != nil {
			return nil, err
		}
		for _, d := range page.DevEndpoints {
			if !strings.HasPrefix(*d.EndpointName, prefix) {
				continue
			}
			t := thing{
				name: *d.EndpointName, created: aws.ToTime(d.CreatedTimestamp), status: aws.ToString(d.Status), configuration: aws.ToString(d.SecurityConfiguration),
			}
			// What AWS decides, and what is compared by itself.
			d.EndpointName, d.SecurityConfiguration, d.CreatedTimestamp, d.LastModifiedTimestamp = nil, nil, nil, nil
			d.Status, d.FailureReason, d.LastUpdateStatus, d.PrivateAddress, d.PublicAddress, d.YarnEndpointAddress = nil, nil, nil, nil, nil, nil
			d.ZeppelinRemoteSparkInterpreterPort = 0
			if t.attributes, err = attributesOf(d); err != nil {
				return nil, err
			}
			if t.tags, err = e.tags(ctx, "devEndpoint/"+t.name); err != nil {
				return nil, err
			}
			list = append(list, t)
		}
	}
	return list, nil
}

// transforms lists the ML transforms whose names begin so.
func (e eye) transforms(ctx context.Context, prefix string) ([]thing, error) {
	var list []thing
	for p := glue.NewGetMLTransformsPaginator(e.glue, &glue.GetMLTransformsInput{MaxResults: aws.Int32(1000)}); p.HasMorePages(); {
		page, err := p.NextPage(ctx)
		if err != nil {
			return nil, err
		}
		for _, d := range page.Transforms {
			if !strings.HasPrefix(aws.ToString(d.Name), prefix) {
				continue
			}
			t, err := e.transform(ctx, d)
			if err != nil {
				return nil, err
			}
			list = append(list, t)
		}
	}
	return list, nil
}

func (e eye) transform(ctx context.Context, d types.MLTransform) (t thing, err error) {
	t = thing{id: *d.TransformId, name: aws.ToString(d.Name), created: aws.ToTime(d.CreatedOn), status: string(d.Status), labels: d.LabelCount}
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
	if t.attributes, err = attributesOf(d); err != nil {
		return t, err
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

// block is a mode and its key.
type block struct{ mode, key string }

func written(mode, key string) block {
	if mode == "" || mode == "DISABLED" {
		return block{mode: "NONE"}
	}
	return block{mode, key}
}

// blocks are the S3 and the log encryption that a security configuration says; several S3 entries are joined.
func (e eye) blocks(ctx context.Context, name string) (s3, logs block, err error) {
	s3, logs = block{mode: "NONE"}, block{mode: "NONE"}
	if name == "" {
		return s3, logs, nil
	}
	out, err := e.glue.GetSecurityConfiguration(ctx, &glue.GetSecurityConfigurationInput{Name: &name})
	var gone *types.EntityNotFoundException
	if errors.As(err, &gone) {
		return s3, logs, nil
	}
	if err != nil {
		return s3, logs, err
	}
	c := out.SecurityConfiguration.EncryptionConfiguration
	if c == nil {
		return s3, logs, nil
	}
	for i, b := range c.S3Encryption {
		this := written(string(b.S3EncryptionMode), aws.ToString(b.KmsKeyArn))
		if i == 0 {
			s3 = this
			continue
		}
		s3.mode += "+" + this.mode
	}
	if b := c.CloudWatchEncryption; b != nil {
		logs = written(string(b.CloudWatchEncryptionMode), aws.ToString(b.KmsKeyArn))
	}
	return s3, logs, nil
}

// key is the ARN of an alias's key; empty where there is none.
func (e eye) key(ctx context.Context, alias string) string {
	out, err := e.kms.DescribeKey(ctx, &kms.DescribeKeyInput{KeyId: &alias})
	if err != nil {
		return ""
	}
	return *out.KeyMetadata.Arn
}

// keys lists the ids of all keys.
func (e eye) keys(ctx context.Context) (map[string]bool, error) {
	all := map[string]bool{}
	for p := kms.NewListKeysPaginator(e.kms, &kms.ListKeysInput{}); p.HasMorePages(); {
		page, err := p.NextPage(ctx)
		if err != nil {
			return nil, err
		}
		for _, k := range page.Keys {
			all[*k.KeyId] = true
		}
	}
	return all, nil
}

// jobs are the jobs whose names begin so, in full.
func (e eye) jobs(ctx context.Context, prefix string) (map[string]string, error) {
	out, err := e.glue.GetJobs(ctx, &glue.GetJobsInput{MaxResults: aws.Int32(100)})
	if err != nil {
		return nil, err
	}
	all := map[string]string{}
	for _, j := range out.Jobs {
		if !strings.HasPrefix(*j.Name, prefix) {
			continue
		}
		j.LastModifiedOn = nil
		if all[*j.Name], err = attributesOf(j); err != nil {
			return nil, err
		}
	}
	return all, nil
}
