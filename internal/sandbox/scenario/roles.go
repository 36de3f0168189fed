package scenario

import (
	"strings"
	"time"

	"github.com/glueguard/glueguard/internal/sandbox/iam"
	"github.com/glueguard/glueguard/internal/sandbox/service"
)

// Names of the roles that every account has.
const (
	AuditRole    = "GlueguardAudit"  // reads what an audit reads
	RepairRole   = "GlueguardRepair" // and makes, changes and deletes what a repair does
	EndpointRole = "AWSGlueServiceRole-dev"
	accessRole   = "OrganizationAccountAccessRole" // AWS's own, in the accounts that an organization created
)

func trust(kind, principal string) string {
	return `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"` + kind + `":"` + principal + `"},"Action":"sts:AssumeRole"}]}`
}

func allow(actions ...string) string {
	return `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":["` + strings.Join(actions, `","`) + `"],"Resource":"*"}]}`
}

func auditPolicy() string {
	return allow(
		"account:ListRegions", "ec2:DescribeRegions", "glue:GetDevEndpoints", "glue:GetMLTransforms", "glue:GetSecurityConfiguration",
		"glue:GetSecurityConfigurations",
		"glue:GetTags", "kms:DescribeKey", "kms:GetKeyPolicy", "kms:GetKeyRotationStatus", "organizations:DescribeOrganization",
		"organizations:ListAccounts", "sts:GetCallerIdentity", "tag:GetResources",
	)
}

func repairPolicy() string {
	return allow(
		"account:ListRegions", "cloudformation:DescribeStackResources", "cloudtrail:LookupEvents", "cloudwatch:GetMetricData",
		"ec2:Describe*", "glue:*", "iam:GetRole", "iam:GetRolePolicy", "iam:ListRolePolicies", "iam:ListAttachedRolePolicies",
		"iam:GetPolicy", "iam:GetPolicyVersion", "iam:GetContextKeysForPrincipalPolicy", "iam:PassRole", "iam:SimulatePrincipalPolicy", "kms:CreateAlias", "kms:CreateGrant",
		"kms:CreateKey", "kms:Decrypt", "kms:DescribeKey", "kms:GenerateDataKey", "kms:EnableKeyRotation", "kms:GetKeyPolicy", "kms:GetKeyRotationStatus", "kms:ListAliases",
		"kms:ListGrants", "kms:ListKeys", "kms:ListResourceTags", "kms:PutKeyPolicy", "kms:RevokeGrant", "kms:TagResource", "logs:DescribeLogGroups",
		"s3:GetBucketLocation", "s3:GetEncryptionConfiguration", "s3:GetObject", "s3:ListBucket", "s3:PutObject", "s3:DeleteObject",
		"sagemaker:ListNotebookInstances", "sagemaker:DescribeNotebookInstance", "sagemaker:ListTags",
		"servicequotas:ListServiceQuotas", "servicequotas:GetServiceQuota", "sts:GetCallerIdentity", "tag:GetResources",
	)
}

// endpointPolicy is what a Glue role needs beside AWS's managed policy to work under customer managed keys.
func endpointPolicy() string {
	return allow("kms:Decrypt", "kms:Encrypt", "kms:GenerateDataKey", "logs:AssociateKmsKey", "s3:GetObject", "s3:PutObject", "s3:ListBucket")
}

// putRoles gives an account its roles. The management account may assume those of Glueguard.
func (s Services) putRoles(partition, account string, created time.Time) error {
	management := trust("AWS", "arn:"+partition+":iam::"+Management+":root")
	for _, role := range []iam.Role{
		{Name: AuditRole, Description: "Read-only audit of AWS Glue encryption", Trust: management, Inline: map[string]string{"audit": auditPolicy()}, Created: created},
		{Name: RepairRole, Description: "Repair of AWS Glue encryption", Trust: management, Inline: map[string]string{"repair": repairPolicy()}, Created: created},
		{
			Name: EndpointRole, Description: "Role of AWS Glue development endpoints", Trust: trust("Service", "glue.amazonaws.com"), Created: created,
			Inline: map[string]string{"keys": endpointPolicy()}, Attached: []string{"arn:" + partition + ":iam::aws:policy/service-role/AWSGlueServiceRole"},
		},
	} {
		role.Partition = partition
		if _, err := s.IAM.PutRole(account, role); err != nil {
			return err
		}
	}
	return nil
}

// roleARN is the ARN of an account's role for endpoints and transforms.
func roleARN(partition, account string) string {
	return "arn:" + partition + ":iam::" + account + ":role/" + EndpointRole
}

// keyPolicy lets the account use a key, and CloudWatch Logs of one region too.
func keyPolicy(account, region string) string {
	arn := "arn:" + service.Partition(region)
	return `{"Version":"2012-10-17","Statement":[` +
		`{"Sid":"account","Effect":"Allow","Principal":{"AWS":"` + arn + `:iam::` + account + `:root"},"Action":"kms:*","Resource":"*"},` +
		`{"Sid":"logs","Effect":"Allow","Principal":{"Service":"logs.` + region + `.amazonaws.com"},` +
		`"Action":["kms:Encrypt*","kms:Decrypt*","kms:ReEncrypt*","kms:GenerateDataKey*","kms:Describe*"],"Resource":"*",` +
		`"Condition":{"ArnLike":{"kms:EncryptionContext:aws:logs:arn":"` + arn + `:logs:` + region + `:` + account + `:log-group:*"}}}]}`
}

// openKeyPolicy also lets someone else use the key: another account, or everyone with "*".
func openKeyPolicy(account, region, principal string) string {
	return `{"Version":"2012-10-17","Statement":[` +
		`{"Sid":"account","Effect":"Allow","Principal":{"AWS":"arn:` + service.Partition(region) + `:iam::` + account + `:root"},"Action":"kms:*","Resource":"*"},` +
		`{"Sid":"others","Effect":"Allow","Principal":{"AWS":"` + principal + `"},"Action":["kms:Decrypt","kms:GenerateDataKey"],"Resource":"*"}]}`
}

// plainRole has AWS's managed policy for Glue and nothing more, so it can't use customer managed keys.
func (b *smallBuilder) plainRole() string {
	return "arn:" + b.partition + ":iam::" + Management + ":role/AWSGlueServiceRole-plain"
}

func (b *smallBuilder) putPlainRole() error {
	_, err := b.IAM.PutRole(Management, iam.Role{
		Partition: b.partition, Name: "AWSGlueServiceRole-plain", Description: "Role of AWS Glue without keys",
		Trust: trust("Service", "glue.amazonaws.com"), Created: founded(),
		Attached: []string{"arn:" + b.partition + ":iam::aws:policy/service-role/AWSGlueServiceRole"},
	})
	return err
}
