package inventory

import (
	"context"
	"sync"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/glue"
	"github.com/aws/aws-sdk-go-v2/service/glue/types"

	"github.com/glueguard/glueguard/internal/awsapi"
	"github.com/glueguard/glueguard/internal/resource"
)

// listFrom is the number of named configurations from which listing all of them takes fewer calls than reading each.
// A page holds 200, and accounts hold a few hundred at most, named or not.
const listFrom = 10

type configurations = map[string]resource.Fact[resource.SecurityConfiguration]

// configurations reads the security configurations of the given names.
func (r *run) configurations(ctx context.Context, p *awsapi.Place, names []string) (configurations, tally) {
	if len(names) == 0 {
		return nil, tally{}
	}
	if len(names) >= listFrom {
		// A listing that fails costs nothing but its calls: each configuration is then read by itself. A location that
		// throttles for long is spared that.
		read, t, err := r.listConfigurations(ctx, p, names)
		if err == nil || t.failure.Class == resource.Interrupted || t.failure.Class == resource.Throttled {
			return read, t
		}
	}
	facts := make([]resource.Fact[resource.SecurityConfiguration], len(names))
	var reading sync.WaitGroup
	for i := range names[1:] {
		reading.Go(func() { facts[i+1] = r.configuration(ctx, p, names[i+1]) })
	}
	facts[0] = r.configuration(ctx, p, names[0])
	reading.Wait()

	t := tally{operation: opConfiguration}
	read := make(configurations, len(names))
	for i, name := range names {
		read[name] = facts[i]
		if facts[i].IsUnknown() {
			t.fail(facts[i].Failure())
		} else {
			t.items++
		}
	}
	return read, t
}

func (r *run) configuration(ctx context.Context, p *awsapi.Place, name string) resource.Fact[resource.SecurityConfiguration] {
	return readConfiguration(ctx, r.glue, p, name)
}

func readConfiguration(ctx context.Context, client glueReader, p *awsapi.Place, name string) resource.Fact[resource.SecurityConfiguration] {
	in := &glue.GetSecurityConfigurationInput{Name: &name}
	out, err := awsapi.Read(ctx, p, opConfiguration, client.GetSecurityConfiguration, in, p.Glue)
	switch {
	case awsapi.IsNotFound(err):
		return resource.Absent[resource.SecurityConfiguration]()
	case err != nil:
		return resource.Unknown[resource.SecurityConfiguration](awsapi.Classify(err, opConfiguration))
	case out.SecurityConfiguration == nil:
		return resource.Unknown[resource.SecurityConfiguration](resource.Failure{
			Operation: opConfiguration, Class: resource.Errored, Message: "the answer holds no security configuration",
		})
	}
	return resource.Known(configurationOf(name, out.SecurityConfiguration))
}

// listConfigurations reads all configurations of the location and keeps the named ones. A name that the whole listing
// does not hold is absent.
func (r *run) listConfigurations(ctx context.Context, p *awsapi.Place, names []string) (configurations, tally, error) {
	t := tally{operation: opConfigurations}
	read := make(configurations, len(names))
	for _, name := range names {
		read[name] = resource.Absent[resource.SecurityConfiguration]()
	}
	var err error
	t.pages, err = pages(func(token *string) (*string, error) {
		in := &glue.GetSecurityConfigurationsInput{MaxResults: aws.Int32(configurationsPerPage), NextToken: token}
		out, err := awsapi.Read(ctx, p, t.operation, r.glue.GetSecurityConfigurations, in, p.Glue)
		if err != nil {
			return nil, err
		}
		for i := range out.SecurityConfigurations {
			c := &out.SecurityConfigurations[i]
			name := aws.ToString(c.Name)
			if _, ok := read[name]; ok {
				read[name] = resource.Known(configurationOf(name, c))
			}
		}
		t.items += len(out.SecurityConfigurations)
		return out.NextToken, nil
	})
	if err != nil {
		f := awsapi.Classify(err, t.operation)
		t.failure = &f
		for _, name := range names {
			read[name] = resource.Unknown[resource.SecurityConfiguration](f)
		}
	}
	return read, t, err
}

func configurationOf(name string, c *types.SecurityConfiguration) resource.SecurityConfiguration {
	read := resource.SecurityConfiguration{Name: name, CreatedAt: aws.ToTime(c.CreatedTimeStamp)}
	e := c.EncryptionConfiguration
	if e == nil {
		return read
	}
	for i := range e.S3Encryption {
		read.S3 = append(read.S3, *encryption(string(e.S3Encryption[i].S3EncryptionMode), e.S3Encryption[i].KmsKeyArn))
	}
	if b := e.CloudWatchEncryption; b != nil {
		read.CloudWatch = encryption(string(b.CloudWatchEncryptionMode), b.KmsKeyArn)
	}
	if b := e.JobBookmarksEncryption; b != nil {
		read.JobBookmarks = encryption(string(b.JobBookmarksEncryptionMode), b.KmsKeyArn)
	}
	if b := e.DataQualityEncryption; b != nil {
		read.DataQuality = encryption(string(b.DataQualityEncryptionMode), b.KmsKeyArn)
	}
	return read
}
