package faults

import (
	"context"
	"fmt"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/glue"
	gluetypes "github.com/aws/aws-sdk-go-v2/service/glue/types"
	"github.com/aws/aws-sdk-go-v2/service/kms"
	"github.com/aws/aws-sdk-go-v2/service/organizations"

	"github.com/glueguard/glueguard/internal/sandbox"
	"github.com/glueguard/glueguard/internal/sandbox/scenario"
)

const (
	us = "us-east-1" // where the session is at home
	eu = "eu-west-1"
)

// world is a sandbox with an estate of three accounts in two regions, in which everything complies:
//
//	m us  endpoint m-etl by configuration m-sec with key m; transform m-match with key a of account a
//	a us  endpoint a-etl by configuration a-sec with key a; transform a-match with alias/data, which is key a
//	m eu  endpoints m-00 to m-09, each by a configuration of its own, with key e
//	b eu  transform b-match, its task runs by configuration b-sec with key b
//	a eu, b us  nothing
type world struct {
	server  *sandbox.Server
	account map[string]string // id by the letter above; m is the caller's own
	letter  map[string]string // the reverse
	keys    map[string]string // letter by ARN
	failing bool              // with an endpoint in b us that fails
	clean   outcome
}

func newWorld(t *testing.T, failing bool) *world {
	t.Helper()
	server, err := sandbox.Start("127.0.0.1:0", sandbox.Options{
		Scenario: scenario.Org, Accounts: 3, Resources: 1, Regions: []string{us, eu}, Seed: 1,
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := server.Close(); err != nil {
			t.Error(err)
		}
	})
	w := &world{server: server, account: map[string]string{}, letter: map[string]string{}, keys: map[string]string{}, failing: failing}
	if err := w.build(t.Context()); err != nil {
		t.Fatalf("building the estate: %v", err)
	}
	return w
}

func (w *world) config(account, region string) aws.Config {
	return aws.Config{
		Region: region, BaseEndpoint: &w.server.URL, Credentials: credentials.NewStaticCredentialsProvider(account, "s", ""),
	}
}

func (w *world) build(ctx context.Context) error {
	list, err := organizations.NewFromConfig(w.config(scenario.Management, us)).ListAccounts(ctx, &organizations.ListAccountsInput{})
	if err != nil {
		return err
	}
	free := []string{"a", "b"}
	for _, a := range list.Accounts {
		letter := "m"
		if *a.Id != scenario.Management {
			letter, free = free[0], free[1:]
		}
		w.account[letter], w.letter[*a.Id] = *a.Id, letter
		for _, region := range []string{us, eu} {
			if err := w.empty(ctx, *a.Id, region); err != nil {
				return err
			}
		}
	}
	for _, step := range []func(context.Context) error{w.fillM, w.fillA, w.fillB} {
		if err := step(ctx); err != nil {
			return err
		}
	}
	return nil
}

// empty deletes what the scenario has put into a location.
func (w *world) empty(ctx context.Context, account, region string) error {
	c := glue.NewFromConfig(w.config(account, region))
	endpoints, err := c.GetDevEndpoints(ctx, &glue.GetDevEndpointsInput{})
	if err != nil {
		return err
	}
	for _, e := range endpoints.DevEndpoints {
		if _, err := c.DeleteDevEndpoint(ctx, &glue.DeleteDevEndpointInput{EndpointName: e.EndpointName}); err != nil {
			return err
		}
	}
	transforms, err := c.GetMLTransforms(ctx, &glue.GetMLTransformsInput{})
	if err != nil {
		return err
	}
	for _, t := range transforms.Transforms {
		if _, err := c.DeleteMLTransform(ctx, &glue.DeleteMLTransformInput{TransformId: t.TransformId}); err != nil {
			return err
		}
	}
	return nil
}

func (w *world) fillM(ctx context.Context) error {
	key, err := w.key(ctx, "m", us, "m")
	if err != nil {
		return err
	}
	if err := w.endpoint(ctx, "m", us, "m-etl", "m-sec", key); err != nil {
		return err
	}
	if key, err = w.key(ctx, "a", us, "a"); err != nil {
		return err
	}
	if err := w.transform(ctx, "m", us, "m-match", userData(key)); err != nil {
		return err
	}
	if key, err = w.key(ctx, "m", eu, "e"); err != nil {
		return err
	}
	for i := range 10 {
		if err := w.endpoint(ctx, "m", eu, fmt.Sprintf("m-%02d", i), fmt.Sprintf("c-%02d", i), key); err != nil {
			return err
		}
	}
	return nil
}

func (w *world) fillA(ctx context.Context) error {
	var key string
	for arn, letter := range w.keys {
		if letter == "a" {
			key = arn
		}
	}
	alias := &kms.CreateAliasInput{AliasName: aws.String("alias/data"), TargetKeyId: &key}
	if _, err := kms.NewFromConfig(w.config(w.account["a"], us)).CreateAlias(ctx, alias); err != nil {
		return err
	}
	if err := w.endpoint(ctx, "a", us, "a-etl", "a-sec", key); err != nil {
		return err
	}
	return w.transform(ctx, "a", us, "a-match", userData("alias/data"))
}

func (w *world) fillB(ctx context.Context) error {
	key, err := w.key(ctx, "b", eu, "b")
	if err != nil {
		return err
	}
	if err := w.configuration(ctx, "b", eu, "b-sec", key); err != nil {
		return err
	}
	if err := w.transform(ctx, "b", eu, "b-match", &gluetypes.TransformEncryption{TaskRunSecurityConfigurationName: aws.String("b-sec")}); err != nil {
		return err
	}
	if w.failing {
		return w.endpoint(ctx, "b", us, "b-bad", "", "")
	}
	return nil
}

// key makes a key that has nothing wrong, which account m may use too.
func (w *world) key(ctx context.Context, account, region, letter string) (string, error) {
	statement := func(id string) string {
		return `{"Effect":"Allow","Principal":{"AWS":"arn:aws:iam::` + id + `:root"},"Action":"kms:*","Resource":"*"}`
	}
	policy := `{"Version":"2012-10-17","Statement":[` + statement(w.account[account]) + `,` + statement(w.account["m"]) + `]}`
	c := kms.NewFromConfig(w.config(w.account[account], region))
	out, err := c.CreateKey(ctx, &kms.CreateKeyInput{Policy: &policy})
	if err != nil {
		return "", err
	}
	w.keys[*out.KeyMetadata.Arn] = letter
	_, err = c.EnableKeyRotation(ctx, &kms.EnableKeyRotationInput{KeyId: out.KeyMetadata.KeyId})
	return *out.KeyMetadata.Arn, err
}

func (w *world) configuration(ctx context.Context, account, region, name, key string) error {
	_, err := glue.NewFromConfig(w.config(w.account[account], region)).CreateSecurityConfiguration(ctx, &glue.CreateSecurityConfigurationInput{
		Name: &name, EncryptionConfiguration: &gluetypes.EncryptionConfiguration{
			S3Encryption:         []gluetypes.S3Encryption{{S3EncryptionMode: gluetypes.S3EncryptionModeSsekms, KmsKeyArn: &key}},
			CloudWatchEncryption: &gluetypes.CloudWatchEncryption{CloudWatchEncryptionMode: gluetypes.CloudWatchEncryptionModeSsekms, KmsKeyArn: &key},
		},
	})
	return err
}

func (w *world) role(account string) *string {
	return aws.String("arn:aws:iam::" + w.account[account] + ":role/" + scenario.EndpointRole)
}

// endpoint makes an endpoint and, where it names one, its security configuration.
func (w *world) endpoint(ctx context.Context, account, region, name, configuration, key string) error {
	in := &glue.CreateDevEndpointInput{EndpointName: &name, RoleArn: w.role(account), Tags: map[string]string{"team": "data"}}
	if configuration != "" {
		if err := w.configuration(ctx, account, region, configuration, key); err != nil {
			return err
		}
		in.SecurityConfiguration = &configuration
	}
	_, err := glue.NewFromConfig(w.config(w.account[account], region)).CreateDevEndpoint(ctx, in)
	return err
}

func userData(key string) *gluetypes.TransformEncryption {
	return &gluetypes.TransformEncryption{MlUserDataEncryption: &gluetypes.MLUserDataEncryption{
		MlUserDataEncryptionMode: gluetypes.MLUserDataEncryptionModeStringSsekms, KmsKeyId: &key,
	}}
}

func (w *world) transform(ctx context.Context, account, region, name string, encryption *gluetypes.TransformEncryption) error {
	_, err := glue.NewFromConfig(w.config(w.account[account], region)).CreateMLTransform(ctx, &glue.CreateMLTransformInput{
		Name: &name, Role: w.role(account), TransformEncryption: encryption, Tags: map[string]string{"team": "data"},
		InputRecordTables: []gluetypes.GlueTable{{DatabaseName: aws.String("db"), TableName: aws.String("people")}},
		Parameters: &gluetypes.TransformParameters{
			TransformType:         gluetypes.TransformTypeFindMatches,
			FindMatchesParameters: &gluetypes.FindMatchesParameters{PrimaryKeyColumnName: aws.String("id")},
		},
	})
	return err
}
