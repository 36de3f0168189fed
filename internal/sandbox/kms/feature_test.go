package kms_test

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/sha256"
	"crypto/x509"
	"strings"
	"sync"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	awskms "github.com/aws/aws-sdk-go-v2/service/kms"
	"github.com/aws/aws-sdk-go-v2/service/kms/types"
	"github.com/google/go-cmp/cmp"

	"github.com/glueguard/glueguard/internal/sandbox/kms"
	"github.com/glueguard/glueguard/internal/sandbox/service"
)

func TestRotation(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	c := w.root(owner)
	k := c.create(awskms.CreateKeyInput{})
	status := func(c caller, id *string) *awskms.GetKeyRotationStatusOutput {
		return must[awskms.GetKeyRotationStatusOutput](c, "GetKeyRotationStatus", &awskms.GetKeyRotationStatusInput{KeyId: id})
	}
	if s := status(c, k.KeyId); s.KeyRotationEnabled || s.RotationPeriodInDays != nil {
		t.Errorf("a new key rotates: %+v", s)
	}
	_, err := do[awskms.EnableKeyRotationOutput](c, "EnableKeyRotation", &awskms.EnableKeyRotationInput{KeyId: k.KeyId, RotationPeriodInDays: aws.Int32(89)})
	wants(t, err, "ValidationException")
	must[awskms.EnableKeyRotationOutput](c, "EnableKeyRotation", &awskms.EnableKeyRotationInput{KeyId: k.KeyId, RotationPeriodInDays: aws.Int32(100)})
	later := c
	later.now = start().AddDate(0, 0, 250)
	if s := status(later, k.KeyId); !s.KeyRotationEnabled || *s.RotationPeriodInDays != 100 || !s.NextRotationDate.Equal(start().AddDate(0, 0, 300)) {
		t.Errorf("rotation %+v", s)
	}
	if list := must[awskms.ListKeyRotationsOutput](later, "ListKeyRotations", &awskms.ListKeyRotationsInput{KeyId: k.KeyId}).Rotations; len(list) != 2 {
		t.Errorf("%d rotations in 250 days of 100", len(list))
	}
	for name, seed := range map[string]kms.Key{
		"asymmetric":   {Spec: types.KeySpecRsa2048},
		"HMAC":         {Spec: types.KeySpecHmac256},
		"imported":     {Origin: types.OriginTypeExternal},
		"custom store": {Origin: types.OriginTypeAwsCloudhsm, KeyStore: "cks-1"},
	} {
		seed.Name = name
		arn, err := w.kms.PutKey(owner, region, seed)
		if err != nil {
			t.Fatal(err)
		}
		_, err = do[awskms.GetKeyRotationStatusOutput](c, "GetKeyRotationStatus", &awskms.GetKeyRotationStatusInput{KeyId: &arn})
		wants(t, err, "UnsupportedOperationException")
	}
}

func TestPredefinedAliases(t *testing.T) {
	t.Parallel()
	c := newWorld(t).root(owner)
	list := func() map[string]bool {
		got := map[string]bool{}
		for _, a := range must[awskms.ListAliasesOutput](c, "ListAliases", &awskms.ListAliasesInput{}).Aliases {
			got[*a.AliasName] = a.TargetKeyId != nil
		}
		return got
	}
	if targeted, listed := list()["alias/aws/glue"]; !listed || targeted {
		t.Error("alias/aws/glue should be listed without a key")
	}
	k := must[awskms.DescribeKeyOutput](c, "DescribeKey", &awskms.DescribeKeyInput{KeyId: aws.String("alias/aws/glue")}).KeyMetadata
	if k.KeyManager != types.KeyManagerTypeAws || !list()["alias/aws/glue"] {
		t.Errorf("alias/aws/glue is %s", k.KeyManager)
	}
	if s := must[awskms.GetKeyRotationStatusOutput](c, "GetKeyRotationStatus", &awskms.GetKeyRotationStatusInput{KeyId: k.KeyId}); !s.KeyRotationEnabled {
		t.Error("AWS managed keys rotate")
	}
	_, err := do[awskms.ScheduleKeyDeletionOutput](c, "ScheduleKeyDeletion", &awskms.ScheduleKeyDeletionInput{KeyId: k.KeyId})
	wants(t, err, "AccessDeniedException")
	_, err = do[awskms.CreateAliasOutput](c, "CreateAlias", &awskms.CreateAliasInput{AliasName: aws.String("alias/aws/mine"), TargetKeyId: k.KeyId})
	wants(t, err, "NotAuthorizedException")
}

func TestAliases(t *testing.T) {
	t.Parallel()
	c := newWorld(t).root(owner)
	a, b := c.create(awskms.CreateKeyInput{}), c.create(awskms.CreateKeyInput{})
	name := aws.String("alias/etl")
	must[awskms.CreateAliasOutput](c, "CreateAlias", &awskms.CreateAliasInput{AliasName: name, TargetKeyId: a.KeyId})
	_, err := do[awskms.CreateAliasOutput](c, "CreateAlias", &awskms.CreateAliasInput{AliasName: name, TargetKeyId: b.KeyId})
	wants(t, err, "AlreadyExistsException: An alias with the name arn:aws:kms:eu-west-1:111122223333:alias/etl already exists")
	must[awskms.UpdateAliasOutput](c, "UpdateAlias", &awskms.UpdateAliasInput{AliasName: name, TargetKeyId: b.KeyId})
	if got := must[awskms.DescribeKeyOutput](c, "DescribeKey", &awskms.DescribeKeyInput{KeyId: name}).KeyMetadata.KeyId; *got != *b.KeyId {
		t.Errorf("alias names %s", *got)
	}
	if of := must[awskms.ListAliasesOutput](c, "ListAliases", &awskms.ListAliasesInput{KeyId: b.KeyId}).Aliases; len(of) != 1 {
		t.Errorf("aliases of the key: %+v", of)
	}
	must[awskms.DeleteAliasOutput](c, "DeleteAlias", &awskms.DeleteAliasInput{AliasName: name})
	_, err = do[awskms.DeleteAliasOutput](c, "DeleteAlias", &awskms.DeleteAliasInput{AliasName: name})
	wants(t, err, "NotFoundException: Alias")
}

func TestPaging(t *testing.T) {
	t.Parallel()
	c := newWorld(t).root(owner)
	want := map[string]bool{}
	for range 5 {
		want[*c.create(awskms.CreateKeyInput{}).KeyId] = true
	}
	got := map[string]bool{}
	in := &awskms.ListKeysInput{Limit: aws.Int32(2)}
	for {
		out := must[awskms.ListKeysOutput](c, "ListKeys", in)
		for _, k := range out.Keys {
			got[*k.KeyId] = true
		}
		if !out.Truncated {
			break
		}
		in.Marker = out.NextMarker
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("keys (-want +got):\n%s", diff)
	}
	_, err := do[awskms.ListKeysOutput](c, "ListKeys", &awskms.ListKeysInput{Marker: aws.String("%")})
	wants(t, err, "InvalidMarkerException")
}

func TestMultiRegion(t *testing.T) {
	t.Parallel()
	c := newWorld(t).root(owner)
	k := c.create(awskms.CreateKeyInput{MultiRegion: aws.Bool(true)})
	sealed := must[awskms.EncryptOutput](c, "Encrypt", &awskms.EncryptInput{KeyId: k.KeyId, Plaintext: []byte("secret")}).CiphertextBlob
	must[awskms.ReplicateKeyOutput](c, "ReplicateKey", &awskms.ReplicateKeyInput{KeyId: k.KeyId, ReplicaRegion: aws.String("us-east-1")})
	there := c
	there.region = "us-east-1"
	got := must[awskms.DescribeKeyOutput](there, "DescribeKey", &awskms.DescribeKeyInput{KeyId: k.KeyId}).KeyMetadata
	if m := got.MultiRegionConfiguration; m.MultiRegionKeyType != types.MultiRegionKeyTypeReplica || *m.PrimaryKey.Region != region || len(m.ReplicaKeys) != 1 {
		t.Errorf("replica %+v", m)
	}
	if out := must[awskms.DecryptOutput](there, "Decrypt", &awskms.DecryptInput{CiphertextBlob: sealed}); string(out.Plaintext) != "secret" {
		t.Errorf("replica decrypted %q", out.Plaintext)
	}
	_, err := do[awskms.EnableKeyRotationOutput](there, "EnableKeyRotation", &awskms.EnableKeyRotationInput{KeyId: k.KeyId})
	wants(t, err, "UnsupportedOperationException")
	if out := must[awskms.ScheduleKeyDeletionOutput](c, "ScheduleKeyDeletion", &awskms.ScheduleKeyDeletionInput{KeyId: k.KeyId}); out.KeyState != types.KeyStatePendingReplicaDeletion {
		t.Errorf("primary with replicas is %s", out.KeyState)
	}
}

func TestEncryption(t *testing.T) {
	t.Parallel()
	c := newWorld(t).root(owner)
	a, b := c.create(awskms.CreateKeyInput{}), c.create(awskms.CreateKeyInput{})
	context := map[string]string{"a": "1", "b": "2"}
	data := must[awskms.GenerateDataKeyOutput](c, "GenerateDataKey", &awskms.GenerateDataKeyInput{KeyId: a.KeyId, KeySpec: types.DataKeySpecAes256, EncryptionContext: context})
	open := must[awskms.DecryptOutput](c, "Decrypt", &awskms.DecryptInput{CiphertextBlob: data.CiphertextBlob, EncryptionContext: context})
	if len(data.Plaintext) != 32 || !bytes.Equal(data.Plaintext, open.Plaintext) {
		t.Error("a data key does not survive the round trip")
	}
	_, err := do[awskms.DecryptOutput](c, "Decrypt", &awskms.DecryptInput{CiphertextBlob: data.CiphertextBlob})
	wants(t, err, "InvalidCiphertextException")
	_, err = do[awskms.DecryptOutput](c, "Decrypt", &awskms.DecryptInput{CiphertextBlob: data.CiphertextBlob, EncryptionContext: context, KeyId: b.KeyId})
	wants(t, err, "IncorrectKeyException")
	_, err = do[awskms.DecryptOutput](c, "Decrypt", &awskms.DecryptInput{CiphertextBlob: []byte("junk")})
	wants(t, err, "InvalidCiphertextException")
	_, err = do[awskms.GenerateDataKeyOutput](c, "GenerateDataKey", &awskms.GenerateDataKeyInput{KeyId: a.KeyId})
	wants(t, err, "ValidationException: Please specify either number of bytes or key spec.")
	_, err = do[awskms.DecryptOutput](c, "Decrypt", &awskms.DecryptInput{CiphertextBlob: data.CiphertextBlob, EncryptionContext: context, DryRun: aws.Bool(true)})
	wants(t, err, "DryRunOperationException")
	moved := must[awskms.ReEncryptOutput](c, "ReEncrypt", &awskms.ReEncryptInput{CiphertextBlob: data.CiphertextBlob, SourceEncryptionContext: context, DestinationKeyId: b.KeyId})
	if again := must[awskms.DecryptOutput](c, "Decrypt", &awskms.DecryptInput{CiphertextBlob: moved.CiphertextBlob}); *again.KeyId != *b.Arn || !bytes.Equal(again.Plaintext, data.Plaintext) {
		t.Error("ReEncrypt lost the data key")
	}
}

func TestAsymmetricEncryption(t *testing.T) {
	t.Parallel()
	c := newWorld(t).root(owner)
	k := c.create(awskms.CreateKeyInput{KeySpec: types.KeySpecRsa2048, KeyUsage: types.KeyUsageTypeEncryptDecrypt})
	const algorithm = types.EncryptionAlgorithmSpecRsaesOaepSha256
	sealed := must[awskms.EncryptOutput](c, "Encrypt", &awskms.EncryptInput{KeyId: k.KeyId, Plaintext: []byte("x"), EncryptionAlgorithm: algorithm})
	if out := must[awskms.DecryptOutput](c, "Decrypt", &awskms.DecryptInput{KeyId: k.KeyId, CiphertextBlob: sealed.CiphertextBlob, EncryptionAlgorithm: algorithm}); string(out.Plaintext) != "x" {
		t.Errorf("decrypted %q", out.Plaintext)
	}
	_, err := do[awskms.EncryptOutput](c, "Encrypt", &awskms.EncryptInput{KeyId: k.KeyId, Plaintext: []byte("x")})
	wants(t, err, "InvalidKeyUsageException")
	_, err = do[awskms.SignOutput](c, "Sign", &awskms.SignInput{KeyId: k.KeyId, Message: []byte("x"), SigningAlgorithm: types.SigningAlgorithmSpecRsassaPssSha256})
	wants(t, err, "InvalidKeyUsageException: "+*k.Arn+" key usage is ENCRYPT_DECRYPT which is not valid for Sign.")
}

func TestSignatures(t *testing.T) {
	t.Parallel()
	tests := []struct {
		spec      types.KeySpec
		algorithm types.SigningAlgorithmSpec
	}{
		{types.KeySpecRsa2048, types.SigningAlgorithmSpecRsassaPssSha256},
		{types.KeySpecRsa2048, types.SigningAlgorithmSpecRsassaPkcs1V15Sha512},
		{types.KeySpecEccNistP256, types.SigningAlgorithmSpecEcdsaSha256},
		{types.KeySpecEccNistP384, types.SigningAlgorithmSpecEcdsaSha384},
		{types.KeySpecEccNistP521, types.SigningAlgorithmSpecEcdsaSha512},
		{types.KeySpecEccNistEdwards25519, types.SigningAlgorithmSpecEd25519Sha512},
		{types.KeySpecEccNistEdwards25519, types.SigningAlgorithmSpecEd25519PhSha512},
	}
	for _, tt := range tests {
		t.Run(string(tt.algorithm), func(t *testing.T) {
			t.Parallel()
			c := newWorld(t).root(owner)
			k := c.create(awskms.CreateKeyInput{KeySpec: tt.spec, KeyUsage: types.KeyUsageTypeSignVerify})
			message := []byte("what was found")
			signed := must[awskms.SignOutput](c, "Sign", &awskms.SignInput{KeyId: k.KeyId, Message: message, SigningAlgorithm: tt.algorithm})
			verify := &awskms.VerifyInput{KeyId: k.KeyId, Message: message, Signature: signed.Signature, SigningAlgorithm: tt.algorithm}
			if !must[awskms.VerifyOutput](c, "Verify", verify).SignatureValid {
				t.Error("a good signature is not valid")
			}
			verify.Message = []byte("something else")
			_, err := do[awskms.VerifyOutput](c, "Verify", verify)
			wants(t, err, "KMSInvalidSignatureException")
		})
	}
	t.Run("checked without KMS", func(t *testing.T) {
		t.Parallel()
		c := newWorld(t).root(owner)
		k := c.create(awskms.CreateKeyInput{KeySpec: types.KeySpecEccNistP256, KeyUsage: types.KeyUsageTypeSignVerify})
		digest := sha256.Sum256([]byte("x"))
		signed := must[awskms.SignOutput](c, "Sign", &awskms.SignInput{KeyId: k.KeyId, Message: digest[:], MessageType: types.MessageTypeDigest, SigningAlgorithm: types.SigningAlgorithmSpecEcdsaSha256})
		public, err := x509.ParsePKIXPublicKey(must[awskms.GetPublicKeyOutput](c, "GetPublicKey", &awskms.GetPublicKeyInput{KeyId: k.KeyId}).PublicKey)
		if err != nil || !ecdsa.VerifyASN1(public.(*ecdsa.PublicKey), digest[:], signed.Signature) {
			t.Errorf("signature does not check out: %v", err)
		}
	})
}

func TestMac(t *testing.T) {
	t.Parallel()
	c := newWorld(t).root(owner)
	k := c.create(awskms.CreateKeyInput{KeySpec: types.KeySpecHmac256, KeyUsage: types.KeyUsageTypeGenerateVerifyMac})
	const algorithm = types.MacAlgorithmSpecHmacSha256
	mac := must[awskms.GenerateMacOutput](c, "GenerateMac", &awskms.GenerateMacInput{KeyId: k.KeyId, Message: []byte("x"), MacAlgorithm: algorithm}).Mac
	must[awskms.VerifyMacOutput](c, "VerifyMac", &awskms.VerifyMacInput{KeyId: k.KeyId, Message: []byte("x"), Mac: mac, MacAlgorithm: algorithm})
	_, err := do[awskms.VerifyMacOutput](c, "VerifyMac", &awskms.VerifyMacInput{KeyId: k.KeyId, Message: []byte("y"), Mac: mac, MacAlgorithm: algorithm})
	wants(t, err, "KMSInvalidMacException")
}

func TestTagsForTheTaggingService(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	c := w.root(owner)
	k := c.create(awskms.CreateKeyInput{})
	c.create(awskms.CreateKeyInput{})
	call := &service.Call{Partition: "aws", Account: owner, Region: region, Service: "tag", Operation: "TagResources", Principal: c.principal, Now: start()}
	if err := w.kms.AddTags(call, *k.Arn, map[string]string{"a": "1", "b": "2"}); err != nil {
		t.Fatal(err)
	}
	if err := w.kms.RemoveTags(call, *k.Arn, []string{"a"}); err != nil {
		t.Fatal(err)
	}
	got := map[string]map[string]string{}
	w.kms.EachTagged(call, func(arn string, tags map[string]string) { got[arn] = tags })
	if diff := cmp.Diff(map[string]map[string]string{*k.Arn: {"b": "2"}}, got); diff != "" {
		t.Errorf("tagged keys (-want +got):\n%s", diff)
	}
}

func TestLookup(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	arn, err := w.kms.PutKey(owner, region, kms.Key{Aliases: []string{"alias/etl"}, State: types.KeyStateDisabled})
	if err != nil {
		t.Fatal(err)
	}
	for _, ref := range []string{arn, "alias/etl", "arn:aws:kms:eu-west-1:111122223333:alias/etl"} {
		if k, ok := w.kms.Key(owner, region, ref); !ok || *k.Arn != arn || k.KeyState != types.KeyStateDisabled {
			t.Errorf("%s: %v %v", ref, k.KeyState, ok)
		}
	}
	if _, ok := w.kms.Key(owner, "us-east-1", arn); ok {
		t.Error("a key was found in another region")
	}
}

func TestConcurrentUse(t *testing.T) {
	t.Parallel()
	c := newWorld(t).root(owner)
	shared := c.create(awskms.CreateKeyInput{MultiRegion: aws.Bool(true)})
	var all sync.WaitGroup
	for range 8 {
		all.Go(func() {
			for range 20 {
				own := c.create(awskms.CreateKeyInput{})
				for _, id := range []*string{shared.KeyId, own.KeyId} {
					must[awskms.EnableKeyRotationOutput](c, "EnableKeyRotation", &awskms.EnableKeyRotationInput{KeyId: id})
					must[awskms.DescribeKeyOutput](c, "DescribeKey", &awskms.DescribeKeyInput{KeyId: id})
					must[awskms.TagResourceOutput](c, "TagResource", &awskms.TagResourceInput{KeyId: id, Tags: []types.Tag{{TagKey: aws.String("k"), TagValue: id}}})
					must[awskms.GenerateDataKeyOutput](c, "GenerateDataKey", &awskms.GenerateDataKeyInput{KeyId: id, KeySpec: types.DataKeySpecAes128})
				}
				must[awskms.ListKeysOutput](c, "ListKeys", &awskms.ListKeysInput{})
			}
		})
	}
	all.Wait()
	if n := len(must[awskms.ListKeysOutput](c, "ListKeys", &awskms.ListKeysInput{Limit: aws.Int32(1000)}).Keys); n != 161 {
		t.Errorf("%d keys", n)
	}
}

func TestRefusal(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.root(owner).create(awskms.CreateKeyInput{}) // a call tells the time
	put := func(k kms.Key) string {
		arn, err := w.kms.PutKey(owner, region, k)
		if err != nil {
			t.Fatal(err)
		}
		return arn
	}
	admin, bare := w.role(owner, "Admin", allow).principal.RoleARN, w.role(owner, "Bare", "").principal.RoleARN
	usable := put(kms.Key{Name: "usable"})
	tests := []struct{ name, role, key, want string }{
		{"usable", admin, usable, ""},
		{"role without permission", bare, usable, "AccessDeniedException: User: arn:aws:sts::111122223333:assumed-role/Bare/"},
		{"disabled", admin, put(kms.Key{Name: "off", State: types.KeyStateDisabled}), "DisabledException"},
		{"for signatures", admin, put(kms.Key{Name: "sign", Spec: types.KeySpecEccNistP256}), "InvalidKeyUsageException"},
		{"for asymmetric encryption", admin, put(kms.Key{Name: "rsa", Spec: types.KeySpecRsa2048}), "InvalidKeyUsageException"},
		{"another region", admin, "arn:aws:kms:us-east-1:111122223333:key/" + usable[len(usable)-36:], "NotFoundException"},
		{"AWS's key for S3 needs no permission", bare, "alias/aws/s3", ""},
		{"AWS's key for Glue does not serve S3", admin, "alias/aws/glue", "AccessDeniedException"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			got := w.kms.Refusal(owner, region, tt.role, tt.key)
			if !strings.HasPrefix(got, tt.want) || (tt.want == "") != (got == "") {
				t.Errorf("%q, want %q…", got, tt.want)
			}
		})
	}
}

func BenchmarkDescribeKey(b *testing.B) {
	w := newWorld(b)
	arn, err := w.kms.PutKey(owner, region, kms.Key{})
	if err != nil {
		b.Fatal(err)
	}
	c := w.role(owner, "Admin", allow)
	b.ReportAllocs()
	for b.Loop() {
		must[awskms.DescribeKeyOutput](c, "DescribeKey", &awskms.DescribeKeyInput{KeyId: &arn})
	}
}
