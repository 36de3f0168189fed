package kms

import (
	"errors"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/kms/types"

	"github.com/glueguard/glueguard/internal/sandbox/iam/policyeval"
	"github.com/glueguard/glueguard/internal/sandbox/service"
)

// Key looks a key up for another service by id, ARN or alias, without asking for permission and without making AWS
// managed keys. A key of another region is not found.
func (x *KMS) Key(account, region, ref string) (types.KeyMetadata, bool) {
	if strings.HasPrefix(ref, "arn:") {
		f := strings.SplitN(ref, ":", 6)
		if len(f) != 6 || f[3] != region {
			return types.KeyMetadata{}, false
		}
		account, ref = f[4], strings.TrimPrefix(f[5], "key/")
	}
	p := x.place(account, region)
	p.mu.Lock()
	defer p.mu.Unlock()
	if a := p.aliases[ref]; a != nil {
		ref = a.target
	}
	k := p.keys[ref]
	if k == nil || k.gone(x.clock()) {
		return types.KeyMetadata{}, false
	}
	return k.describe(), true
}

// clock is the sandbox's clock as the latest call saw it.
func (x *KMS) clock() time.Time { return time.Unix(0, x.seen.Load()).UTC() }

// Refusal says why KMS would not give a role a data key for an object that it writes to S3: the key's state, usage or
// policy, or the role's policies. Empty means that it would.
func (x *KMS) Refusal(account, region, roleARN, ref string) string {
	partition := "aws"
	if f := strings.SplitN(roleARN, ":", 3); len(f) == 3 {
		partition = f[1]
	}
	role := roleARN[strings.LastIndexByte(roleARN, '/')+1:]
	c := &service.Call{
		Partition: partition, Account: account, Region: region, Service: "kms", Operation: "GenerateDataKey", Now: x.clock(),
		Principal: service.Principal{ARN: "arn:" + partition + ":sts::" + account + ":assumed-role/" + role + "/GlueJobRunnerSession", RoleARN: roleARN},
	}
	need := crypting(nil, nil)
	need.context = policyeval.Map{"kms:viaservice": {"s3." + region + ".amazonaws.com"}}
	err := x.with(c, &ref, need, func(_ *place, k *key) *service.Error {
		_, err := k.algorithm("")
		return err
	})
	var refusal *service.Error
	if errors.As(err, &refusal) {
		return refusal.Error()
	}
	return ""
}

// Permits says whether a caller may use a key through S3, which asks KMS in the caller's name: action is
// kms:GenerateDataKey or kms:Decrypt. Nil means that it may.
func (x *KMS) Permits(c *service.Call, action, ref string) *service.Error {
	through := *c
	through.Service, through.Operation = "kms", strings.TrimPrefix(action, "kms:")
	need := crypting(nil, nil)
	need.context = policyeval.Map{"kms:viaservice": {"s3." + c.Region + ".amazonaws.com"}}
	var refusal *service.Error
	errors.As(x.with(&through, &ref, need, func(*place, *key) *service.Error { return nil }), &refusal)
	return refusal
}

// ServiceMay says whether a key's policy lets a service principal take an action; keys are condition keys of the request,
// in any case.
func (x *KMS) ServiceMay(account, region, ref, principal, action string, keys map[string][]string) bool {
	if f := strings.SplitN(ref, ":", 6); len(f) == 6 {
		account, ref = f[4], strings.TrimPrefix(f[5], "key/")
	}
	p := x.place(account, region)
	p.mu.Lock()
	defer p.mu.Unlock()
	if a := p.aliases[ref]; a != nil {
		ref = a.target
	}
	k := p.keys[ref]
	if k == nil {
		return false
	}
	return policyeval.Evaluate(&policyeval.Request{
		Principal: policyeval.Principal{Service: principal}, Action: action, Resource: k.arn(), ResourceAccount: k.account,
		Context: policyeval.NewMap(keys),
	}, &policyeval.Policies{Resource: k.policy, ResourceDecides: true}).Decision == policyeval.Allowed
}
