package kms

import (
	"strconv"

	"github.com/aws/aws-sdk-go-v2/aws"
	awskms "github.com/aws/aws-sdk-go-v2/service/kms"

	"github.com/glueguard/glueguard/internal/sandbox/iam/policyeval"
	"github.com/glueguard/glueguard/internal/sandbox/service"
)

func (x *KMS) policyOperations() []service.Operation {
	return []service.Operation{
		onKey("GetKeyPolicy", x.getPolicy, func(in *awskms.GetKeyPolicyInput) *string { return in.KeyId }),
		onKey("PutKeyPolicy", x.putPolicy, func(in *awskms.PutKeyPolicyInput) *string { return in.KeyId }),
		onKey("ListKeyPolicies", x.listPolicies, func(in *awskms.ListKeyPoliciesInput) *string { return in.KeyId }),
	}
}

// policyName is the only name that a key policy can have.
const policyName = "default"

// defaultPolicy is what CreateKey uses when it is given none: the account's IAM policies decide.
func defaultPolicy(partition, account string) string {
	return `{
  "Version" : "2012-10-17",
  "Id" : "key-default-1",
  "Statement" : [ {
    "Sid" : "Enable IAM User Permissions",
    "Effect" : "Allow",
    "Principal" : {
      "AWS" : "arn:` + partition + `:iam::` + account + `:root"
    },
    "Action" : "kms:*",
    "Resource" : "*"
  } ]
}`
}

// managedPolicy lets a service use its AWS managed key for the account's principals, and the account read about it.
func managedPolicy(k *key, service string) *policyeval.Policy {
	document := `{"Version":"2012-10-17","Id":"auto-` + service + `-1","Statement":[{
 "Sid":"Allow access through ` + service + ` for all principals in the account that are authorized to use it",
 "Effect":"Allow","Principal":{"AWS":"*"},
 "Action":["kms:Encrypt","kms:Decrypt","kms:ReEncrypt*","kms:GenerateDataKey*","kms:CreateGrant","kms:DescribeKey"],"Resource":"*",
 "Condition":{"StringEquals":{"kms:CallerAccount":"` + k.account + `","kms:ViaService":"` + service + `.` + k.region + `.amazonaws.com"}}},{
 "Sid":"Allow direct access to key metadata to the account","Effect":"Allow",
 "Principal":{"AWS":"arn:` + k.partition + `:iam::` + k.account + `:root"},
 "Action":["kms:Describe*","kms:Get*","kms:List*","kms:RevokeGrant"],"Resource":"*"}]}`
	p, err := policyeval.Parse(document, policyeval.Resource)
	if err != nil {
		panic("policy of alias/aws/" + service + ": " + err.Error()) // a constant document
	}
	return p
}

// setPolicy checks and sets a policy; without the bypass the caller must still be able to change it afterwards.
func (x *KMS) setPolicy(c *service.Call, k *key, document *string, bypass bool) *service.Error {
	text := defaultPolicy(c.Partition, c.Account)
	if document != nil {
		text = *document
	}
	policy, err := policyeval.Parse(text, policyeval.Resource)
	if err != nil {
		return malformed(err.Error())
	}
	for _, p := range policy.AWSPrincipals() {
		if !x.auth.PrincipalExists(p) {
			return malformed("Policy contains a statement with one or more invalid principals.")
		}
	}
	if document != nil && !bypass {
		after := *k
		after.policy, after.grants = policy, nil
		if x.permitAction(c, &after, "kms:PutKeyPolicy", requirement{home: true}, "") != nil {
			return malformed("The new key policy will not allow you to update the key policy in the future.")
		}
	}
	k.policy = policy
	return nil
}

func checkPolicyName(name *string) *service.Error {
	if name != nil && *name != policyName {
		return refused("NotFoundException", "No such policy exists")
	}
	return nil
}

func (x *KMS) getPolicy(c *service.Call, in *awskms.GetKeyPolicyInput) (*awskms.GetKeyPolicyOutput, error) {
	out := &awskms.GetKeyPolicyOutput{PolicyName: aws.String(policyName)}
	err := x.with(c, in.KeyId, requirement{home: true, byID: true}, func(_ *place, k *key) *service.Error {
		out.Policy = aws.String(k.policy.Source())
		return checkPolicyName(in.PolicyName)
	})
	return out, err
}

func (x *KMS) putPolicy(c *service.Call, in *awskms.PutKeyPolicyInput) (*awskms.PutKeyPolicyOutput, error) {
	need := requirement{home: true, byID: true, context: policyeval.Map{
		"kms:bypasspolicylockoutsafetycheck": {strconv.FormatBool(in.BypassPolicyLockoutSafetyCheck)},
	}}
	return &awskms.PutKeyPolicyOutput{}, x.with(c, in.KeyId, need, func(_ *place, k *key) *service.Error {
		if err := checkPolicyName(in.PolicyName); err != nil {
			return err
		}
		return x.setPolicy(c, k, in.Policy, in.BypassPolicyLockoutSafetyCheck)
	})
}

func (x *KMS) listPolicies(c *service.Call, in *awskms.ListKeyPoliciesInput) (*awskms.ListKeyPoliciesOutput, error) {
	return &awskms.ListKeyPoliciesOutput{PolicyNames: []string{policyName}},
		x.with(c, in.KeyId, requirement{home: true, byID: true}, func(*place, *key) *service.Error { return nil })
}
