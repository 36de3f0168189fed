package glue

import (
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	awsglue "github.com/aws/aws-sdk-go-v2/service/glue"
	"github.com/aws/aws-sdk-go-v2/service/glue/types"

	"github.com/glueguard/glueguard/internal/sandbox/service"
)

// securityConfiguration never changes once made: the API has no update.
type securityConfiguration struct{ view types.SecurityConfiguration }

// createSecurityConfiguration stores the sections as sent; AWS doesn't look at the keys, which is unconfirmed. So it is
// whether AWS takes more than one S3 entry: the model has a list without a limit, so mixed ones can be made here.
func (g *Glue) createSecurityConfiguration(
	c *service.Call, in *awsglue.CreateSecurityConfigurationInput,
) (*awsglue.CreateSecurityConfigurationOutput, error) {
	encryption := in.EncryptionConfiguration
	if err := checkKeys(encryption); err != nil {
		return nil, err
	}
	if c.IgnoreEncryption {
		encryption = &types.EncryptionConfiguration{}
	}
	l := g.made(c.Account, c.Region)
	defer l.mu.Unlock()
	name := deref(in.Name)
	if l.configs.get(name) != nil {
		return nil, service.Errorf("AlreadyExistsException", "Security configuration %s already exists", name)
	}
	if limit := g.settings.Load().Quotas.raised(l.seeded).SecurityConfigurations; len(l.configs.rows) >= limit {
		return nil, service.Errorf("ResourceNumberLimitExceededException",
			"Number of security configurations exceeds the account limit of %d", limit)
	}
	l.putConfiguration(in.Name, encryption, c.Now)
	return &awsglue.CreateSecurityConfigurationOutput{Name: in.Name, CreatedTimestamp: ptr(c.Now)}, nil
}

// checkKeys refuses key names that aren't ARNs, as the model's pattern says; whether the key exists is not asked.
func checkKeys(e *types.EncryptionConfiguration) error {
	if e == nil {
		return nil
	}
	keys := map[string]*string{}
	for i, s := range e.S3Encryption {
		keys["s3Encryption."+strconv.Itoa(i+1)+".member"] = s.KmsKeyArn
	}
	if e.CloudWatchEncryption != nil {
		keys["cloudWatchEncryption"] = e.CloudWatchEncryption.KmsKeyArn
	}
	if e.JobBookmarksEncryption != nil {
		keys["jobBookmarksEncryption"] = e.JobBookmarksEncryption.KmsKeyArn
	}
	if e.DataQualityEncryption != nil {
		keys["dataQualityEncryption"] = e.DataQualityEncryption.KmsKeyArn
	}
	for _, at := range slices.Sorted(maps.Keys(keys)) {
		if key := deref(keys[at]); key != "" && !keyARN(key) {
			return service.Errorf("ValidationException", "1 validation error detected: Value '%s' at 'encryptionConfiguration.%s.kmsKeyArn' "+
				"failed to satisfy constraint: Member must satisfy regular expression pattern: ^$|arn:aws[a-z0-9-]*:kms:.*", key, at)
		}
	}
	return nil
}

func keyARN(key string) bool {
	parts := strings.SplitN(key, ":", 4)
	return len(parts) == 4 && parts[0] == "arn" && strings.HasPrefix(parts[1], "aws") && parts[2] == "kms"
}

func (l *location) putConfiguration(name *string, e *types.EncryptionConfiguration, at time.Time) {
	l.configs.put(deref(name), &securityConfiguration{types.SecurityConfiguration{
		Name: name, EncryptionConfiguration: e, CreatedTimeStamp: &at,
	}})
}

// checkConfiguration refuses to name a security configuration that doesn't exist. EntityNotFoundException isn't among the
// declared errors of most creates; for crawlers the wording below is known, elsewhere it is unconfirmed.
func (l *location) checkConfiguration(name *string) error {
	if name == nil || *name == "" || l.configs.get(*name) != nil {
		return nil
	}
	return invalid("Error trying to retrieve security config, error message: Security Configuration %s does not exist", *name)
}

// s3Encryption returns the S3 entries of a named configuration; none when it is missing or has none.
func (l *location) s3Encryption(name *string) []types.S3Encryption {
	if name == nil {
		return nil
	}
	s := l.configs.get(*name)
	if s == nil || s.view.EncryptionConfiguration == nil {
		return nil
	}
	return s.view.EncryptionConfiguration.S3Encryption
}

// s3Mode returns how a named configuration encrypts what is written to S3; empty leaves it to the bucket.
func (l *location) s3Mode(name *string) (mode, kmsKey string) {
	entries := l.s3Encryption(name)
	if len(entries) == 0 || entries[0].S3EncryptionMode == types.S3EncryptionModeDisabled {
		return "", ""
	}
	return string(entries[0].S3EncryptionMode), deref(entries[0].KmsKeyArn)
}

func (g *Glue) getSecurityConfiguration(
	c *service.Call, in *awsglue.GetSecurityConfigurationInput,
) (*awsglue.GetSecurityConfigurationOutput, error) {
	if l := g.locked(c); l != nil {
		defer l.mu.Unlock()
		if s := l.configs.get(deref(in.Name)); s != nil {
			return &awsglue.GetSecurityConfigurationOutput{SecurityConfiguration: &s.view}, nil
		}
	}
	return nil, notFound("Security Configuration %s not found", deref(in.Name))
}

func (g *Glue) getSecurityConfigurations(
	c *service.Call, in *awsglue.GetSecurityConfigurationsInput,
) (*awsglue.GetSecurityConfigurationsOutput, error) {
	p, err := pageOf(c, in.MaxResults, in.NextToken, mostEndpoints)
	if err != nil {
		return nil, err
	}
	l := g.locked(c)
	if l == nil {
		return &awsglue.GetSecurityConfigurationsOutput{
			SecurityConfigurations: []types.SecurityConfiguration{}, NextToken: g.next(p, "", false),
		}, nil
	}
	defer l.mu.Unlock()
	items, last, more := list(&l.configs, p, func(s *securityConfiguration) (types.SecurityConfiguration, bool) {
		return s.view, true
	})
	return &awsglue.GetSecurityConfigurationsOutput{SecurityConfigurations: items, NextToken: g.next(p, last, more)}, nil
}

// deleteSecurityConfiguration succeeds while resources name the configuration: the model has no error for that, and none
// was ever reported (unconfirmed). They then dangle.
func (g *Glue) deleteSecurityConfiguration(
	c *service.Call, in *awsglue.DeleteSecurityConfigurationInput,
) (*awsglue.DeleteSecurityConfigurationOutput, error) {
	if l := g.locked(c); l != nil {
		defer l.mu.Unlock()
		if l.configs.get(deref(in.Name)) != nil {
			l.configs.remove(deref(in.Name))
			return &awsglue.DeleteSecurityConfigurationOutput{}, nil
		}
	}
	return nil, notFound("Security Configuration %s not found", deref(in.Name))
}
