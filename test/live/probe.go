package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/glue"
	"github.com/aws/aws-sdk-go-v2/service/glue/types"
)

func (l *live) configure(ctx context.Context, what string, entries ...types.S3Encryption) (string, error) {
	name := l.id + "-" + what
	_, err := l.glue.CreateSecurityConfiguration(ctx, &glue.CreateSecurityConfigurationInput{
		Name: &name, EncryptionConfiguration: &types.EncryptionConfiguration{S3Encryption: entries},
	})
	return name, err
}

func sseS3() types.S3Encryption {
	return types.S3Encryption{S3EncryptionMode: types.S3EncryptionModeSses3}
}

func underKey(arn string) types.S3Encryption {
	return types.S3Encryption{S3EncryptionMode: types.S3EncryptionModeSsekms, KmsKeyArn: &arn}
}

func (l *live) arn(service, rest string) string {
	partition := "aws"
	if parts := strings.Split(l.o.role, ":"); len(parts) > 1 {
		partition = parts[1]
	}
	return fmt.Sprintf("arn:%s:%s:%s:%s:%s", partition, service, l.o.region, l.o.account, rest)
}

// configurations tries what security configurations take. They cost nothing.
func (l *live) configurations(ctx context.Context) error {
	_, err := l.configure(ctx, "several", sseS3(), sseS3())
	l.expect(severalEntries, err == nil, "%s", said(err))
	_, err = l.configure(ctx, "nokey", underKey(l.arn("kms", "key/00000000-0000-4000-8000-000000000000")))
	l.expect(unknownKey, err == nil, "%s", said(err))
	if l.o.kmsKey == "" {
		l.skip("no -kms-key", aliasInConfig)
		return nil
	}
	_, err = l.configure(ctx, "alias", underKey(l.arn("kms", l.o.kmsKey)))
	l.expect(aliasInConfig, err == nil, "%s", said(err))
	return nil
}

func (l *live) transformInput(what string, e *types.TransformEncryption) *glue.CreateMLTransformInput {
	return &glue.CreateMLTransformInput{
		Name: aws.String(l.id + "-" + what), Role: &l.o.role, GlueVersion: aws.String("1.0"), MaxCapacity: aws.Float64(dpus),
		InputRecordTables: []types.GlueTable{{DatabaseName: &l.o.database, TableName: &l.o.table}},
		Parameters: &types.TransformParameters{
			TransformType:         types.TransformTypeFindMatches,
			FindMatchesParameters: &types.FindMatchesParameters{PrimaryKeyColumnName: &l.o.rowKey},
		},
		Tags: l.tags(), TransformEncryption: e,
	}
}

func userData(key *string) *types.TransformEncryption {
	return &types.TransformEncryption{MlUserDataEncryption: &types.MLUserDataEncryption{
		MlUserDataEncryptionMode: types.MLUserDataEncryptionModeStringSsekms, KmsKeyId: key,
	}}
}

// bareTransforms tries what transforms take. One that runs no task costs nothing.
func (l *live) bareTransforms(ctx context.Context) error {
	if l.o.database == "" || l.o.table == "" || l.o.rowKey == "" {
		l.skip("no -database, -table and -row-key", transformAfterEnd, transformTags, duplicateName, deleteReferencedML,
			keyByID, keyByAlias, keyByAliasARN, kmsWithoutKey, exportOneFile, exportReimports, readyAfterImport)
		return nil
	}
	name, err := l.configure(ctx, "ml", sseS3())
	if err != nil {
		return err
	}
	in := l.transformInput("plain", &types.TransformEncryption{TaskRunSecurityConfigurationName: &name})
	out, err := l.glue.CreateMLTransform(ctx, in)
	l.expect(transformAfterEnd, err == nil, "%s", said(err))
	if err != nil {
		return err
	}
	if err := l.tagsAtOnce(ctx, transformTags, "mlTransform/"+aws.ToString(out.TransformId)); err != nil {
		return err
	}
	_, err = l.glue.CreateMLTransform(ctx, in)
	l.expect(duplicateName, exists(err), "%s", said(err))
	_, err = l.glue.DeleteSecurityConfiguration(ctx, &glue.DeleteSecurityConfigurationInput{Name: &name})
	l.expect(deleteReferencedML, err == nil, "%s", said(err))
	l.keyForms(ctx)
	return nil
}

// keyForms tries the ways to name a key.
func (l *live) keyForms(ctx context.Context) {
	_, err := l.glue.CreateMLTransform(ctx, l.transformInput("nokey", userData(nil)))
	l.expect(kmsWithoutKey, err == nil, "%s", said(err))
	if l.o.kmsKey == "" {
		l.skip("no -kms-key", keyByID, keyByAlias, keyByAliasARN)
		return
	}
	_, id, _ := strings.Cut(l.keyARN, ":key/")
	for fact, form := range map[string]string{keyByID: id, keyByAlias: l.o.kmsKey, keyByAliasARN: l.arn("kms", l.o.kmsKey)} {
		_, err := l.glue.CreateMLTransform(ctx, l.transformInput(fact, userData(&form)))
		l.expect(fact, err == nil, "%s", said(err))
	}
}

func (l *live) tagsAtOnce(ctx context.Context, fact, resource string) error {
	out, err := l.glue.GetTags(ctx, &glue.GetTagsInput{ResourceArn: aws.String(l.arn("glue", resource))})
	if err != nil && !notFound(err) {
		return err
	}
	l.expect(fact, err == nil && out.Tags[tag] == l.id, "%s", said(err))
	return nil
}

func (l *live) endpointInput(what, configuration string) *glue.CreateDevEndpointInput {
	in := &glue.CreateDevEndpointInput{
		EndpointName: aws.String(l.id + "-" + what), RoleArn: &l.o.role, GlueVersion: aws.String("1.0"), NumberOfNodes: dpus, Tags: l.tags(),
	}
	if configuration != "" {
		in.SecurityConfiguration = &configuration
	}
	return in
}

// endpoint makes one and waits until it is READY.
func (l *live) endpoint(ctx context.Context, what, configuration string) (*glue.CreateDevEndpointOutput, error) {
	out, err := l.glue.CreateDevEndpoint(ctx, l.endpointInput(what, configuration))
	l.expect(endpointAfterEnd, err == nil, "%s", said(err))
	if err != nil {
		return nil, err
	}
	return out, l.ready(ctx, aws.ToString(out.EndpointName))
}

func (l *live) ready(ctx context.Context, name string) error {
	return l.until(ctx, name+" to be READY", func() (bool, error) {
		out, err := l.glue.GetDevEndpoint(ctx, &glue.GetDevEndpointInput{EndpointName: &name})
		switch {
		case err != nil:
			return false, err
		case aws.ToString(out.DevEndpoint.Status) == "FAILED":
			return false, fmt.Errorf("%s FAILED: %s", name, aws.ToString(out.DevEndpoint.FailureReason))
		}
		return aws.ToString(out.DevEndpoint.Status) == "READY", nil
	})
}

// endpointFacts makes an endpoint and takes it down, looking closely all the while.
func (l *live) endpointFacts(ctx context.Context) error {
	both := l.endpointInput("both", "")
	both.WorkerType, both.NumberOfWorkers = types.WorkerTypeG1x, aws.Int32(2)
	_, err := l.glue.CreateDevEndpoint(ctx, both)
	var invalid *types.InvalidInputException
	var refused *types.ValidationException
	l.expect(nodesAndWorkers, errors.As(err, &invalid) || errors.As(err, &refused), "%s", said(err))
	configuration, err := l.configure(ctx, "used", sseS3())
	if err != nil {
		return err
	}
	out, err := l.glue.CreateDevEndpoint(ctx, l.endpointInput("facts", configuration))
	l.expect(endpointAfterEnd, err == nil, "%s", said(err))
	if err != nil {
		return err
	}
	name := aws.ToString(out.EndpointName)
	if err := l.tagsAtOnce(ctx, endpointTagsAtOnce, "devEndpoint/"+name); err != nil {
		return err
	}
	seen, err := l.glue.GetDevEndpoint(ctx, &glue.GetDevEndpointInput{EndpointName: &name})
	if err != nil {
		l.expect(readyKeepsCreation, false, "%s", said(err))
	} else {
		made, shown := aws.ToTime(out.CreatedTimestamp), aws.ToTime(seen.DevEndpoint.CreatedTimestamp)
		l.expect(readyKeepsCreation, made.Equal(shown), "%s and %s", made, shown)
	}
	if err := l.ready(ctx, name); err != nil {
		return err
	}
	_, err = l.glue.DeleteSecurityConfiguration(ctx, &glue.DeleteSecurityConfigurationInput{Name: &configuration})
	l.expect(deleteReferenced, err == nil, "%s", said(err))
	return l.takeDown(ctx, name)
}

func (l *live) takeDown(ctx context.Context, name string) error {
	remove := &glue.DeleteDevEndpointInput{EndpointName: &name}
	if _, err := l.glue.DeleteDevEndpoint(ctx, remove); err != nil {
		return err
	}
	_, err := l.glue.CreateDevEndpoint(ctx, l.endpointInput("facts", ""))
	l.expect(reuseTerminating, err != nil, "%s", said(err))
	_, err = l.glue.DeleteDevEndpoint(ctx, remove)
	if notFound(err) {
		l.skip("it was gone before", deleteTwice)
	}
	l.expect(deleteTwice, err == nil, "%s", said(err))
	gone := func() (bool, error) {
		_, err := l.glue.GetDevEndpoint(ctx, &glue.GetDevEndpointInput{EndpointName: &name})
		if notFound(err) {
			return true, nil
		}
		return false, err
	}
	if err := l.until(ctx, name+" to be gone", gone); err != nil {
		return err
	}
	const looks = 10
	back := 0
	for range looks {
		list, err := l.endpoints(ctx)
		if err != nil {
			return err
		}
		still, err := gone()
		if err != nil {
			return err
		}
		listed := slices.ContainsFunc(list, func(e types.DevEndpoint) bool { return aws.ToString(e.EndpointName) == name })
		if !still || listed {
			back++
		}
	}
	l.expect(notFoundStays, back == 0, "%d of %d looks found it again", back, looks)
	return nil
}
