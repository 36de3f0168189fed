package action

import (
	"context"
	"fmt"

	"github.com/aws/aws-sdk-go-v2/service/glue"
	"github.com/aws/aws-sdk-go-v2/service/glue/types"

	"github.com/glueguard/glueguard/internal/change"
	"github.com/glueguard/glueguard/internal/execute"
	"github.com/glueguard/glueguard/internal/plan"
	"github.com/glueguard/glueguard/internal/resource"
)

func (a *Actor) configuration(ctx context.Context, t *task, name string) (resource.SecurityConfiguration, bool, error) {
	t.calls++
	fact := a.reader.Configuration(ctx, t.location(), name)
	if fact.IsUnknown() {
		return resource.SecurityConfiguration{}, false, unread(ctx, fact.Failure())
	}
	c, ok := fact.Value()
	return c, ok, nil
}

// seeConfiguration looks for a security configuration of the name and the content that the step says, whoever made it:
// its name is a digest of its content.
func (a *Actor) seeConfiguration(ctx context.Context, t *task) (execute.Observation, error) {
	want := t.s.Configuration
	if want == nil || want.Name == plan.ConfigurationPlaceholder {
		return missed(incomplete(t)), nil
	}
	got, found, err := a.configuration(ctx, t, want.Name)
	switch {
	case err != nil:
		return execute.Observation{}, err
	case !found:
		return open(), nil
	case !plan.SameConfiguration(*want, got):
		return missed(change.Trouble{
			Code: change.TroubleForeign, Message: fmt.Sprintf("the security configuration %s exists with other content", want.Name),
			Advice: "its name is a digest of its content, so somebody changed what it stands for, or AWS did not keep what it was given: delete it if nothing uses it",
			Differences: []change.Difference{{
				Attribute: "encryption_configuration", Want: describe(*want), Got: describe(got),
			}},
		}), nil
	}
	return settled(change.Facts{Configuration: want.Name}), nil
}

// describe writes a security configuration on one line.
func describe(c resource.SecurityConfiguration) string {
	text := ""
	for _, e := range c.S3 {
		text += " s3=" + block(&e)
	}
	return text[min(1, len(text)):] + " cloudwatch=" + block(c.CloudWatch) + " job_bookmarks=" + block(c.JobBookmarks) + " data_quality=" + block(c.DataQuality)
}

func block(e *resource.Encryption) string {
	if e == nil {
		return "absent"
	}
	if e.KMSKey == "" {
		return string(e.Mode)
	}
	return string(e.Mode) + "(" + e.KMSKey + ")"
}

func (a *Actor) createConfiguration(ctx context.Context, t *task) (change.Facts, error) {
	c := t.s.Configuration
	in := &glue.CreateSecurityConfigurationInput{Name: &c.Name, EncryptionConfiguration: encryptionConfiguration(*c)}
	_, err := send(ctx, t, "glue:CreateSecurityConfiguration", a.session.Glue.CreateSecurityConfiguration, in, t.place.Glue)
	if err != nil {
		return change.Facts{}, err
	}
	return change.Facts{Configuration: c.Name}, nil
}

// encryptionConfiguration is a configuration's content as it is sent. Keys are left out where the mode takes none: AWS
// refuses empty ones there.
func encryptionConfiguration(c resource.SecurityConfiguration) *types.EncryptionConfiguration {
	out := &types.EncryptionConfiguration{}
	for _, e := range c.S3 {
		mode, key := sent(&e)
		out.S3Encryption = append(out.S3Encryption, types.S3Encryption{S3EncryptionMode: types.S3EncryptionMode(mode), KmsKeyArn: key})
	}
	if c.CloudWatch != nil {
		mode, key := sent(c.CloudWatch)
		out.CloudWatchEncryption = &types.CloudWatchEncryption{CloudWatchEncryptionMode: types.CloudWatchEncryptionMode(mode), KmsKeyArn: key}
	}
	if c.JobBookmarks != nil {
		mode, key := sent(c.JobBookmarks)
		out.JobBookmarksEncryption = &types.JobBookmarksEncryption{JobBookmarksEncryptionMode: types.JobBookmarksEncryptionMode(mode), KmsKeyArn: key}
	}
	if c.DataQuality != nil {
		mode, key := sent(c.DataQuality)
		out.DataQualityEncryption = &types.DataQualityEncryption{DataQualityEncryptionMode: types.DataQualityEncryptionMode(mode), KmsKeyArn: key}
	}
	return out
}

func sent(e *resource.Encryption) (resource.Mode, *string) {
	switch e.Mode {
	case "", resource.ModeNone, resource.ModeDisabled:
		return resource.ModeDisabled, nil
	case resource.ModeSSES3:
		return e.Mode, nil
	}
	return e.Mode, given(e.KMSKey)
}

// seeConfigurationGone looks whether a configuration is gone, and if not, whether it is the one that may be deleted.
func (a *Actor) seeConfigurationGone(ctx context.Context, t *task) (execute.Observation, error) {
	want := t.s.Configuration
	if want == nil {
		return missed(incomplete(t)), nil
	}
	got, found, err := a.configuration(ctx, t, want.Name)
	switch {
	case err != nil:
		return execute.Observation{}, err
	case !found:
		return settled(change.Facts{}), nil
	case want.Name != plan.ConfigurationName(got):
		return missed(change.Trouble{
			Code:    change.TroubleForeign,
			Message: fmt.Sprintf("the security configuration %s is not one of Glueguard's: its name is no digest of its content", want.Name),
		}), nil
	}
	return open(), nil
}

func (a *Actor) deleteConfiguration(ctx context.Context, t *task) (change.Facts, error) {
	in := &glue.DeleteSecurityConfigurationInput{Name: &t.s.Configuration.Name}
	_, err := send(ctx, t, "glue:DeleteSecurityConfiguration", a.session.Glue.DeleteSecurityConfiguration, in, t.place.Glue)
	if err != nil {
		return change.Facts{}, err
	}
	return change.Facts{}, nil
}
