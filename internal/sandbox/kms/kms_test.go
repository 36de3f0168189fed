package kms_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	awskms "github.com/aws/aws-sdk-go-v2/service/kms"
	"github.com/aws/aws-sdk-go-v2/service/kms/types"
	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/glueguard/glueguard/internal/sandbox/iam"
	"github.com/glueguard/glueguard/internal/sandbox/kms"
	"github.com/glueguard/glueguard/internal/sandbox/service"
)

const (
	owner  = "111122223333"
	other  = "444455556666"
	region = "eu-west-1"
	allow  = `{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"kms:*","Resource":"*"}}`
	trust  = `{"Version":"2012-10-17","Statement":{"Effect":"Allow","Principal":{"AWS":"111122223333"},"Action":"sts:AssumeRole"}}`
)

func start() time.Time { return time.Date(2026, 11, 1, 12, 0, 0, 0, time.UTC) }

type world struct {
	t   testing.TB
	iam *iam.IAM
	kms *kms.KMS
	ops map[string]service.Operation
}

func newWorld(t testing.TB) world {
	t.Helper()
	roles, err := iam.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	w := world{t: t, iam: roles, kms: kms.New(roles), ops: map[string]service.Operation{}}
	for _, op := range w.kms.Service().Operations {
		w.ops[op.Name] = op
	}
	return w
}

// caller makes the calls of one principal.
type caller struct {
	world
	account, region string
	principal       service.Principal
	now             time.Time
}

func (w world) root(account string) caller {
	return caller{w, account, region, service.Principal{ARN: "arn:aws:iam::" + account + ":root", UserID: account}, start()}
}

// role makes a role with an inline policy and returns a session of it.
func (w world) role(account, name, policy string) caller {
	w.t.Helper()
	r := iam.Role{Name: name, Trust: trust}
	if policy != "" {
		r.Inline = map[string]string{"p": policy}
	}
	arn, err := w.iam.PutRole(account, r)
	if err != nil {
		w.t.Fatal(err)
	}
	c := w.root(account)
	c.principal = service.Principal{ARN: "arn:aws:sts::" + account + ":assumed-role/" + name + "/s", UserID: "AROA:s", RoleARN: arn}
	return c
}

// do calls an operation as the server does: IAM first, then the service.
func do[O any](c caller, name string, in any) (*O, error) {
	c.t.Helper()
	call := &service.Call{
		Partition: "aws", Account: c.account, Region: c.region, Service: "kms", Operation: name, Principal: c.principal, Now: c.now,
	}
	op, ok := c.ops[name]
	if !ok {
		c.t.Fatalf("no operation %s", name)
	}
	resource := "*"
	if op.Resource != nil {
		resource = op.Resource(call, in)
	}
	if err := c.iam.Authorize(call, "kms:"+name, resource); err != nil {
		return nil, err
	}
	out, err := op.Invoke(call, in)
	if err != nil {
		return nil, err
	}
	return out.(*O), nil
}

func must[O any](c caller, name string, in any) *O {
	c.t.Helper()
	out, err := do[O](c, name, in)
	if err != nil {
		c.t.Fatalf("%s: %v", name, err)
	}
	return out
}

func (c caller) create(in awskms.CreateKeyInput) *types.KeyMetadata {
	c.t.Helper()
	return must[awskms.CreateKeyOutput](c, "CreateKey", &in).KeyMetadata
}

func refusal(err error) string {
	var e *service.Error
	if errors.As(err, &e) {
		return e.Code + ": " + e.Message
	}
	return fmt.Sprint(err)
}

func wants(t testing.TB, err error, want string) {
	t.Helper()
	if got := refusal(err); !strings.HasPrefix(got, want) {
		t.Errorf("got %q, want %q…", got, want)
	}
}

func TestCreateAndDescribe(t *testing.T) {
	t.Parallel()
	c := newWorld(t).root(owner)
	created := c.create(awskms.CreateKeyInput{Description: aws.String("d"), Tags: []types.Tag{{TagKey: aws.String("a"), TagValue: aws.String("b")}}})
	got := must[awskms.DescribeKeyOutput](c, "DescribeKey", &awskms.DescribeKeyInput{KeyId: created.KeyId}).KeyMetadata
	want := &types.KeyMetadata{
		KeyId: created.KeyId, Arn: aws.String("arn:aws:kms:eu-west-1:111122223333:key/" + *created.KeyId), AWSAccountId: aws.String(owner),
		CreationDate: aws.Time(start()), Description: aws.String("d"), Enabled: true, KeyState: types.KeyStateEnabled,
		KeyUsage: types.KeyUsageTypeEncryptDecrypt, KeySpec: types.KeySpecSymmetricDefault, Origin: types.OriginTypeAwsKms,
		CustomerMasterKeySpec: types.CustomerMasterKeySpecSymmetricDefault, KeyManager: types.KeyManagerTypeCustomer, MultiRegion: aws.Bool(false),
		EncryptionAlgorithms: []types.EncryptionAlgorithmSpec{types.EncryptionAlgorithmSpecSymmetricDefault},
	}
	if diff := cmp.Diff(want, got, cmpopts.IgnoreUnexported(types.KeyMetadata{})); diff != "" {
		t.Errorf("DescribeKey (-want +got):\n%s", diff)
	}
	tags := must[awskms.ListResourceTagsOutput](c, "ListResourceTags", &awskms.ListResourceTagsInput{KeyId: created.KeyId}).Tags
	if len(tags) != 1 || *tags[0].TagKey != "a" {
		t.Errorf("tags %+v", tags)
	}
}

func TestSpecsAndUsages(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name string
		in   awskms.CreateKeyInput
		want string // refusal; empty: created
	}{
		{"symmetric", awskms.CreateKeyInput{KeySpec: types.KeySpecSymmetricDefault}, ""},
		{"RSA for encryption", awskms.CreateKeyInput{KeySpec: types.KeySpecRsa2048, KeyUsage: types.KeyUsageTypeEncryptDecrypt}, ""},
		{"curve for signatures", awskms.CreateKeyInput{KeySpec: types.KeySpecEccNistEdwards25519, KeyUsage: types.KeyUsageTypeSignVerify}, ""},
		{"HMAC", awskms.CreateKeyInput{KeySpec: types.KeySpecHmac512, KeyUsage: types.KeyUsageTypeGenerateVerifyMac}, ""},
		{"old member", awskms.CreateKeyInput{CustomerMasterKeySpec: types.CustomerMasterKeySpecRsa2048, KeyUsage: types.KeyUsageTypeSignVerify}, ""},
		{"usage must be given", awskms.CreateKeyInput{KeySpec: types.KeySpecRsa2048}, "ValidationException: You must specify a KeyUsage"},
		{"curve for encryption", awskms.CreateKeyInput{KeySpec: types.KeySpecEccNistP256, KeyUsage: types.KeyUsageTypeEncryptDecrypt}, "ValidationException: KeyUsage ENCRYPT_DECRYPT is not compatible with KeySpec ECC_NIST_P256"},
		{"no such key store", awskms.CreateKeyInput{Origin: types.OriginTypeAwsCloudhsm, CustomKeyStoreId: aws.String("cks-1")}, "CustomKeyStoreNotFoundException"},
		{"reserved tag", awskms.CreateKeyInput{Tags: []types.Tag{{TagKey: aws.String("aws:x"), TagValue: aws.String("")}}}, "TagException"},
		{"policy that locks out", awskms.CreateKeyInput{Policy: aws.String(keyPolicy(`{"AWS":"`+other+`"}`, "kms:*", "{}"))}, "MalformedPolicyDocumentException: The new key policy will not allow you"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			_, err := do[awskms.CreateKeyOutput](newWorld(t).root(owner), "CreateKey", &tt.in)
			if tt.want == "" {
				tt.want = "<nil>"
			}
			wants(t, err, tt.want)
		})
	}
}

func keyPolicy(principal, action, condition string) string {
	return `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":` + principal + `,"Action":"` + action + `","Resource":"*","Condition":` + condition + `}]}`
}

func TestNames(t *testing.T) {
	t.Parallel()
	c := newWorld(t).root(owner)
	k := c.create(awskms.CreateKeyInput{})
	must[awskms.CreateAliasOutput](c, "CreateAlias", &awskms.CreateAliasInput{AliasName: aws.String("alias/etl"), TargetKeyId: k.KeyId})
	const missing = "1234abcd-12ab-34cd-56ef-1234567890ab"
	tests := []struct{ name, ref, want string }{
		{"id", *k.KeyId, "<nil>"},
		{"ARN", *k.Arn, "<nil>"},
		{"alias", "alias/etl", "<nil>"},
		{"alias ARN", "arn:aws:kms:eu-west-1:111122223333:alias/etl", "<nil>"},
		{"unknown id", missing, "NotFoundException: Key 'arn:aws:kms:eu-west-1:111122223333:key/" + missing + "' does not exist"},
		{"unknown alias", "alias/none", "NotFoundException: Alias arn:aws:kms:eu-west-1:111122223333:alias/none is not found."},
		{"no id at all", "etl", "NotFoundException: Invalid keyId 'etl'"},
		{"another region", "arn:aws:kms:us-east-1:111122223333:key/" + missing, "NotFoundException: Invalid arn us-east-1"},
		{"another service", "arn:aws:s3:::x", "InvalidArnException"},
		{"unknown key of another account", "arn:aws:kms:eu-west-1:" + other + ":key/" + missing, "AccessDeniedException: User: arn:aws:iam::111122223333:root is not authorized to perform: kms:DescribeKey on resource: arn:aws:kms:eu-west-1:444455556666:key/" + missing + " because the resource does not exist in this Region, no resource-based policies allow access"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			_, err := do[awskms.DescribeKeyOutput](c, "DescribeKey", &awskms.DescribeKeyInput{KeyId: &tt.ref})
			wants(t, err, tt.want)
		})
	}
	t.Run("rotation takes no alias", func(t *testing.T) {
		t.Parallel()
		_, err := do[awskms.GetKeyRotationStatusOutput](c, "GetKeyRotationStatus", &awskms.GetKeyRotationStatusInput{KeyId: aws.String("alias/etl")})
		wants(t, err, "NotFoundException: Invalid keyId 'alias/etl'")
	})
}

func TestStates(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	c := w.root(owner)
	tests := []struct {
		state                     types.KeyState
		encrypt, tag, rotate, del string
	}{
		{types.KeyStateEnabled, "<nil>", "<nil>", "<nil>", "<nil>"},
		{types.KeyStateDisabled, "DisabledException", "<nil>", "DisabledException", "<nil>"},
		{types.KeyStatePendingDeletion, "KMSInvalidStateException", "KMSInvalidStateException", "KMSInvalidStateException", "KMSInvalidStateException"},
		{types.KeyStatePendingReplicaDeletion, "KMSInvalidStateException", "KMSInvalidStateException", "KMSInvalidStateException", "KMSInvalidStateException"},
		{types.KeyStatePendingImport, "KMSInvalidStateException", "<nil>", "KMSInvalidStateException", "<nil>"},
		{types.KeyStateUnavailable, "KMSInvalidStateException", "<nil>", "KMSInvalidStateException", "<nil>"},
		{types.KeyStateCreating, "KMSInvalidStateException", "KMSInvalidStateException", "KMSInvalidStateException", "KMSInvalidStateException"},
		{types.KeyStateUpdating, "<nil>", "KMSInvalidStateException", "KMSInvalidStateException", "KMSInvalidStateException"},
	}
	for _, tt := range tests {
		t.Run(string(tt.state), func(t *testing.T) {
			t.Parallel()
			arn, err := w.kms.PutKey(owner, region, kms.Key{Name: string(tt.state), State: tt.state, Created: start()})
			if err != nil {
				t.Fatal(err)
			}
			d := must[awskms.DescribeKeyOutput](c, "DescribeKey", &awskms.DescribeKeyInput{KeyId: &arn}).KeyMetadata
			if d.KeyState != tt.state || d.Enabled != (tt.state == types.KeyStateEnabled) {
				t.Errorf("described as %s, enabled %v", d.KeyState, d.Enabled)
			}
			_, err = do[awskms.EncryptOutput](c, "Encrypt", &awskms.EncryptInput{KeyId: &arn, Plaintext: []byte("x")})
			wants(t, err, tt.encrypt)
			_, err = do[awskms.TagResourceOutput](c, "TagResource", &awskms.TagResourceInput{KeyId: &arn, Tags: []types.Tag{{TagKey: aws.String("k"), TagValue: aws.String("v")}}})
			wants(t, err, tt.tag)
			_, err = do[awskms.EnableKeyRotationOutput](c, "EnableKeyRotation", &awskms.EnableKeyRotationInput{KeyId: &arn})
			wants(t, err, tt.rotate)
			_, err = do[awskms.ScheduleKeyDeletionOutput](c, "ScheduleKeyDeletion", &awskms.ScheduleKeyDeletionInput{KeyId: &arn})
			wants(t, err, tt.del)
		})
	}
}

func TestDeletion(t *testing.T) {
	t.Parallel()
	c := newWorld(t).root(owner)
	k := c.create(awskms.CreateKeyInput{})
	must[awskms.CreateAliasOutput](c, "CreateAlias", &awskms.CreateAliasInput{AliasName: aws.String("alias/gone"), TargetKeyId: k.KeyId})
	_, err := do[awskms.ScheduleKeyDeletionOutput](c, "ScheduleKeyDeletion", &awskms.ScheduleKeyDeletionInput{KeyId: k.KeyId, PendingWindowInDays: aws.Int32(6)})
	wants(t, err, "ValidationException")
	_, err = do[awskms.CancelKeyDeletionOutput](c, "CancelKeyDeletion", &awskms.CancelKeyDeletionInput{KeyId: k.KeyId})
	wants(t, err, "KMSInvalidStateException: "+*k.Arn+" is not pending deletion.")
	out := must[awskms.ScheduleKeyDeletionOutput](c, "ScheduleKeyDeletion", &awskms.ScheduleKeyDeletionInput{KeyId: k.KeyId, PendingWindowInDays: aws.Int32(7)})
	if !out.DeletionDate.Equal(start().AddDate(0, 0, 7)) || out.KeyState != types.KeyStatePendingDeletion {
		t.Errorf("scheduled %+v", out)
	}
	must[awskms.CancelKeyDeletionOutput](c, "CancelKeyDeletion", &awskms.CancelKeyDeletionInput{KeyId: k.KeyId})
	if s := must[awskms.DescribeKeyOutput](c, "DescribeKey", &awskms.DescribeKeyInput{KeyId: k.KeyId}).KeyMetadata.KeyState; s != types.KeyStateDisabled {
		t.Errorf("state after cancelling: %s", s)
	}
	must[awskms.ScheduleKeyDeletionOutput](c, "ScheduleKeyDeletion", &awskms.ScheduleKeyDeletionInput{KeyId: k.KeyId, PendingWindowInDays: aws.Int32(7)})
	c.now = start().AddDate(0, 0, 7)
	_, err = do[awskms.DescribeKeyOutput](c, "DescribeKey", &awskms.DescribeKeyInput{KeyId: k.KeyId})
	wants(t, err, "NotFoundException: Key '"+*k.Arn+"' does not exist")
	_, err = do[awskms.DescribeKeyOutput](c, "DescribeKey", &awskms.DescribeKeyInput{KeyId: aws.String("alias/gone")})
	wants(t, err, "NotFoundException: Alias")
}

func TestKeyPolicyDecides(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	put := func(name, policy string) string {
		arn, err := w.kms.PutKey(owner, region, kms.Key{Name: name, Policy: policy, Created: start()})
		if err != nil {
			t.Fatal(err)
		}
		return arn
	}
	admin, bare := w.role(owner, "Admin", allow), w.role(owner, "Bare", "")
	foreignAdmin, foreignBare := w.role(other, "Admin", allow), w.role(other, "Bare", "")
	delegating := put("delegating", "")
	toRole := put("role", keyPolicy(`{"AWS":"`+bare.principal.RoleARN+`"}`, "kms:Describe*", "{}"))
	toOther := put("other", keyPolicy(`{"AWS":"`+other+`"}`, "kms:DescribeKey", "{}"))
	toAll := put("all", keyPolicy(`"*"`, "kms:DescribeKey", `{"StringEquals":{"kms:CallerAccount":"`+owner+`"}}`))
	const unreachable = "because the resource does not exist in this Region, no resource-based policies allow access"
	tests := []struct {
		name string
		who  caller
		key  string
		want string
	}{
		{"root of the account, by delegation", w.root(owner), delegating, "<nil>"},
		{"role with permission, by delegation", admin, delegating, "<nil>"},
		{"role without permission, by delegation", bare, delegating, "because no identity-based policy allows the kms:DescribeKey action"},
		{"role named by the key", bare, toRole, "<nil>"},
		{"role with permission but not named", admin, toRole, "because no resource-based policy allows the kms:DescribeKey action"},
		{"not even the root", w.root(owner), toRole, "because no resource-based policy allows the kms:DescribeKey action"},
		{"other account, both allow", foreignAdmin, toOther, "<nil>"},
		{"other account's root", w.root(other), toOther, "<nil>"},
		{"other account, only the key allows", foreignBare, toOther, "because no identity-based policy allows the kms:DescribeKey action"},
		{"other account, only IAM allows", foreignAdmin, delegating, unreachable},
		{"everyone of one account", bare, toAll, "<nil>"},
		{"everyone of one account is not another's", foreignAdmin, toAll, unreachable},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			_, err := do[awskms.DescribeKeyOutput](tt.who, "DescribeKey", &awskms.DescribeKeyInput{KeyId: &tt.key})
			if got := refusal(err); !strings.Contains(got, tt.want) {
				t.Errorf("got %q, want %q", got, tt.want)
			}
		})
	}
	t.Run("a policy is never read across accounts", func(t *testing.T) {
		t.Parallel()
		open := put("open", keyPolicy(`"*"`, "kms:*", "{}"))
		_, err := do[awskms.GetKeyPolicyOutput](foreignAdmin, "GetKeyPolicy", &awskms.GetKeyPolicyInput{KeyId: &open})
		wants(t, err, "AccessDeniedException")
		if _, err := do[awskms.GetKeyRotationStatusOutput](foreignAdmin, "GetKeyRotationStatus", &awskms.GetKeyRotationStatusInput{KeyId: &open}); err != nil {
			t.Errorf("rotation of another account's key: %v", err)
		}
	})
}

func TestPutKeyPolicy(t *testing.T) {
	t.Parallel()
	c := newWorld(t).root(owner)
	k := c.create(awskms.CreateKeyInput{})
	tests := []struct{ name, policy, want string }{
		{"not JSON", "{", "MalformedPolicyDocumentException"},
		{"no such role", keyPolicy(`{"AWS":["`+owner+`","arn:aws:iam::111122223333:role/None"]}`, "kms:*", "{}"), "MalformedPolicyDocumentException: Policy contains a statement with one or more invalid principals."},
		{"lockout", keyPolicy(`{"AWS":"`+owner+`"}`, "kms:Describe*", "{}"), "MalformedPolicyDocumentException: The new key policy will not allow you to update the key policy in the future."},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			_, err := do[awskms.PutKeyPolicyOutput](c, "PutKeyPolicy", &awskms.PutKeyPolicyInput{KeyId: k.KeyId, Policy: &tt.policy})
			wants(t, err, tt.want)
		})
	}
}

func TestGrants(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	c, reader := w.root(owner), w.role(other, "Reader", "")
	k := c.create(awskms.CreateKeyInput{})
	in := &awskms.CreateGrantInput{
		KeyId: k.KeyId, GranteePrincipal: &reader.principal.RoleARN, Operations: []types.GrantOperation{types.GrantOperationDecrypt},
		Constraints: &types.GrantConstraints{EncryptionContextSubset: map[string]string{"job": "etl"}}, Name: aws.String("g"),
	}
	first := must[awskms.CreateGrantOutput](c, "CreateGrant", in)
	if again := must[awskms.CreateGrantOutput](c, "CreateGrant", in); *again.GrantId != *first.GrantId {
		t.Error("the same grant twice is two grants")
	}
	seal := func(job string) []byte {
		return must[awskms.EncryptOutput](c, "Encrypt", &awskms.EncryptInput{KeyId: k.KeyId, Plaintext: []byte("secret"), EncryptionContext: map[string]string{"job": job}}).CiphertextBlob
	}
	out := must[awskms.DecryptOutput](reader, "Decrypt", &awskms.DecryptInput{CiphertextBlob: seal("etl"), EncryptionContext: map[string]string{"job": "etl"}})
	if string(out.Plaintext) != "secret" {
		t.Errorf("decrypted %q", out.Plaintext)
	}
	_, err := do[awskms.DecryptOutput](reader, "Decrypt", &awskms.DecryptInput{CiphertextBlob: seal("ml"), EncryptionContext: map[string]string{"job": "ml"}})
	wants(t, err, "AccessDeniedException")
	if list := must[awskms.ListGrantsOutput](c, "ListGrants", &awskms.ListGrantsInput{KeyId: k.KeyId}).Grants; len(list) != 1 || *list[0].GranteePrincipal != reader.principal.RoleARN {
		t.Errorf("grants %+v", list)
	}
	must[awskms.RevokeGrantOutput](c, "RevokeGrant", &awskms.RevokeGrantInput{KeyId: k.KeyId, GrantId: first.GrantId})
	_, err = do[awskms.DecryptOutput](reader, "Decrypt", &awskms.DecryptInput{CiphertextBlob: seal("etl"), EncryptionContext: map[string]string{"job": "etl"}})
	wants(t, err, "AccessDeniedException")
	_, err = do[awskms.CreateGrantOutput](c, "CreateGrant", &awskms.CreateGrantInput{KeyId: k.KeyId, GranteePrincipal: aws.String("arn:aws:iam::111122223333:role/None"), Operations: in.Operations})
	wants(t, err, "InvalidArnException")
}
