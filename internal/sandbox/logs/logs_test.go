package logs

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs/types"
	kmstypes "github.com/aws/aws-sdk-go-v2/service/kms/types"
	"github.com/google/go-cmp/cmp"

	"github.com/glueguard/glueguard/internal/sandbox/service"
)

const goodKey = "arn:aws:kms:eu-west-1:111111111111:key/good"

// oneKey is a KMS with a usable key and a disabled one.
type oneKey struct{}

func (oneKey) Key(_, _, ref string) (kmstypes.KeyMetadata, bool) {
	k := kmstypes.KeyMetadata{KeyState: kmstypes.KeyStateEnabled, KeySpec: kmstypes.KeySpecSymmetricDefault, KeyUsage: kmstypes.KeyUsageTypeEncryptDecrypt}
	if ref == goodKey+"-disabled" {
		k.KeyState = kmstypes.KeyStateDisabled
		return k, true
	}
	return k, ref == goodKey
}

// ServiceMay lets CloudWatch Logs of the region encrypt for every group but one.
func (oneKey) ServiceMay(_, _, _, principal, _ string, keys map[string][]string) bool {
	return principal == "logs.eu-west-1.amazonaws.com" &&
		keys["kms:EncryptionContext:aws:logs:arn"][0] != "arn:aws:logs:eu-west-1:111111111111:log-group:closed"
}

func call() *service.Call {
	return &service.Call{Context: context.Background(), Partition: "aws", Account: "111111111111", Region: "eu-west-1", Now: time.UnixMilli(1_000)}
}

func wantCode(t *testing.T, err error, code string) {
	t.Helper()
	var refused *service.Error
	if !errors.As(err, &refused) || refused.Code != code {
		t.Errorf("got %v, want %s", err, code)
	}
}

func seeded(t *testing.T, names ...string) *Logs {
	t.Helper()
	l := New(oneKey{})
	for _, name := range names {
		if _, err := l.createLogGroup(call(), &cloudwatchlogs.CreateLogGroupInput{LogGroupName: aws.String(name), KmsKeyId: aws.String(goodKey)}); err != nil {
			t.Fatal(err)
		}
	}
	return l
}

func TestDescribeLogGroups(t *testing.T) {
	t.Parallel()
	l := seeded(t, "/aws-glue/jobs/output", "/aws-glue/crawlers", "/aws/lambda/glue", "app")
	for _, tc := range []struct {
		name    string
		in      cloudwatchlogs.DescribeLogGroupsInput
		want    []string
		withKey bool
	}{
		{"all, by name", cloudwatchlogs.DescribeLogGroupsInput{}, []string{"/aws-glue/crawlers", "/aws-glue/jobs/output", "/aws/lambda/glue", "app"}, true},
		{"prefix", cloudwatchlogs.DescribeLogGroupsInput{LogGroupNamePrefix: aws.String("/aws-glue/")}, []string{"/aws-glue/crawlers", "/aws-glue/jobs/output"}, true},
		{"pattern without keys", cloudwatchlogs.DescribeLogGroupsInput{LogGroupNamePattern: aws.String("glue")}, []string{"/aws-glue/crawlers", "/aws-glue/jobs/output", "/aws/lambda/glue"}, false},
		{"identifiers", cloudwatchlogs.DescribeLogGroupsInput{LogGroupIdentifiers: []string{"app", "arn:aws:logs:eu-west-1:111111111111:log-group:/aws-glue/crawlers:*"}}, []string{"/aws-glue/crawlers", "app"}, true},
		{"class", cloudwatchlogs.DescribeLogGroupsInput{LogGroupClass: types.LogGroupClassInfrequentAccess}, nil, true},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			out, err := l.describeLogGroups(call(), &tc.in)
			if err != nil {
				t.Fatal(err)
			}
			var got []string
			for _, g := range out.LogGroups {
				got = append(got, *g.LogGroupName)
				if (g.KmsKeyId != nil) != tc.withKey || (g.StoredBytes != nil) != tc.withKey || g.Arn == nil {
					t.Errorf("%s: key %v, arn %v", *g.LogGroupName, g.KmsKeyId, g.Arn)
				}
			}
			if d := cmp.Diff(tc.want, got); d != "" {
				t.Errorf("-want +got:\n%s", d)
			}
		})
	}
}

func TestDescribeRefusals(t *testing.T) {
	t.Parallel()
	l := seeded(t)
	for name, in := range map[string]cloudwatchlogs.DescribeLogGroupsInput{
		"prefix and pattern":      {LogGroupNamePrefix: aws.String("a"), LogGroupNamePattern: aws.String("a")},
		"identifiers and pattern": {LogGroupIdentifiers: []string{"a"}, LogGroupNamePattern: aws.String("a")},
		"51":                      {Limit: aws.Int32(51)},
		"0":                       {Limit: aws.Int32(0)},
		"token":                   {NextToken: aws.String("x")},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := l.describeLogGroups(call(), &in)
			wantCode(t, err, "InvalidParameterException")
		})
	}
}

func TestPages(t *testing.T) {
	t.Parallel()
	l := seeded(t)
	for i := range 60 {
		l.PutLogGroup("111111111111", "eu-west-1", types.LogGroup{LogGroupName: aws.String(fmt.Sprintf("g%02d", i))})
	}
	first, err := l.describeLogGroups(call(), &cloudwatchlogs.DescribeLogGroupsInput{})
	if err != nil || len(first.LogGroups) != 50 || first.NextToken == nil {
		t.Fatalf("first page: %d, %v", len(first.LogGroups), err)
	}
	second, err := l.describeLogGroups(call(), &cloudwatchlogs.DescribeLogGroupsInput{NextToken: first.NextToken})
	if err != nil || len(second.LogGroups) != 10 || second.NextToken != nil {
		t.Errorf("second page: %d, %v", len(second.LogGroups), err)
	}
}

func TestCreateRefusals(t *testing.T) {
	t.Parallel()
	l := seeded(t, "app")
	for _, tc := range []struct{ name, group, key, code string }{
		{"taken", "app", "", "ResourceAlreadyExistsException"},
		{"empty", "", "", "InvalidParameterException"},
		{"blank in name", "a b", "", "InvalidParameterException"},
		{"long", strings.Repeat("a", 513), "", "InvalidParameterException"},
		{"reserved", "aws/x", "", "InvalidParameterException"},
		{"key id", "x", "1234", "InvalidParameterException"},
		{"disabled key", "x", goodKey + "-disabled", "InvalidParameterException"},
		{"key that is closed to it", "closed", goodKey, "InvalidParameterException"},
		{"unknown key", "x", "arn:aws:kms:eu-west-1:111111111111:key/bad", "InvalidParameterException"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			in := &cloudwatchlogs.CreateLogGroupInput{LogGroupName: aws.String(tc.group)}
			if tc.key != "" {
				in.KmsKeyId = aws.String(tc.key)
			}
			_, err := l.createLogGroup(call(), in)
			wantCode(t, err, tc.code)
		})
	}
}

func TestKeysAndRetention(t *testing.T) {
	t.Parallel()
	l := seeded(t, "app")
	c := call()
	name := aws.String("app")
	if _, err := l.disassociateKmsKey(c, &cloudwatchlogs.DisassociateKmsKeyInput{ResourceIdentifier: aws.String("arn:aws:logs:eu-west-1:111111111111:log-group:app:*")}); err != nil {
		t.Fatal(err)
	}
	if g := only(t, l); g.KmsKeyId != nil {
		t.Errorf("key after disassociate: %s", *g.KmsKeyId)
	}
	_, err := l.associateKmsKey(c, &cloudwatchlogs.AssociateKmsKeyInput{LogGroupName: name, KmsKeyId: aws.String("arn:aws:kms:eu-west-1:111111111111:key/bad")})
	wantCode(t, err, "InvalidParameterException")
	_, err = l.associateKmsKey(c, &cloudwatchlogs.AssociateKmsKeyInput{KmsKeyId: aws.String(goodKey)})
	wantCode(t, err, "InvalidParameterException")
	_, err = l.associateKmsKey(c, &cloudwatchlogs.AssociateKmsKeyInput{LogGroupName: aws.String("none"), KmsKeyId: aws.String(goodKey)})
	wantCode(t, err, "ResourceNotFoundException")
	if _, err = l.associateKmsKey(c, &cloudwatchlogs.AssociateKmsKeyInput{LogGroupName: name, KmsKeyId: aws.String(goodKey)}); err != nil {
		t.Fatal(err)
	}
	_, err = l.putRetentionPolicy(c, &cloudwatchlogs.PutRetentionPolicyInput{LogGroupName: name, RetentionInDays: aws.Int32(2)})
	wantCode(t, err, "InvalidParameterException")
	if _, err = l.putRetentionPolicy(c, &cloudwatchlogs.PutRetentionPolicyInput{LogGroupName: name, RetentionInDays: aws.Int32(30)}); err != nil {
		t.Fatal(err)
	}
	if g := only(t, l); aws.ToString(g.KmsKeyId) != goodKey || aws.ToInt32(g.RetentionInDays) != 30 {
		t.Errorf("group = %+v", g)
	}
	if _, err = l.deleteRetentionPolicy(c, &cloudwatchlogs.DeleteRetentionPolicyInput{LogGroupName: name}); err != nil {
		t.Fatal(err)
	}
	if g := only(t, l); g.RetentionInDays != nil {
		t.Errorf("retention after delete: %d", *g.RetentionInDays)
	}
	if _, err = l.deleteLogGroup(c, &cloudwatchlogs.DeleteLogGroupInput{LogGroupName: name}); err != nil {
		t.Fatal(err)
	}
	_, err = l.deleteLogGroup(c, &cloudwatchlogs.DeleteLogGroupInput{LogGroupName: name})
	wantCode(t, err, "ResourceNotFoundException")
}

func TestDeletionProtection(t *testing.T) {
	t.Parallel()
	l := New(nil)
	name := aws.String("app")
	if _, err := l.createLogGroup(call(), &cloudwatchlogs.CreateLogGroupInput{LogGroupName: name, DeletionProtectionEnabled: aws.Bool(true)}); err != nil {
		t.Fatal(err)
	}
	_, err := l.deleteLogGroup(call(), &cloudwatchlogs.DeleteLogGroupInput{LogGroupName: name})
	wantCode(t, err, "ValidationException")
}

func TestAuthorizationNamesTheGroup(t *testing.T) {
	t.Parallel()
	for _, op := range New(nil).Service().Operations {
		if op.Name == "AssociateKmsKey" {
			got := op.Resource(call(), &cloudwatchlogs.AssociateKmsKeyInput{LogGroupName: aws.String("app")})
			if want := "arn:aws:logs:eu-west-1:111111111111:log-group:app"; got != want {
				t.Errorf("got %s, want %s", got, want)
			}
		}
	}
}

func only(t *testing.T, l *Logs) types.LogGroup {
	t.Helper()
	out, err := l.describeLogGroups(call(), &cloudwatchlogs.DescribeLogGroupsInput{})
	if err != nil || len(out.LogGroups) != 1 {
		t.Fatalf("got %d groups, %v", len(out.LogGroups), err)
	}
	return out.LogGroups[0]
}
