package kms

import (
	"slices"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/kms/types"

	"github.com/glueguard/glueguard/internal/sandbox/iam/policyeval"
)

// key is one key of a place, whose lock guards it.
type key struct {
	location
	partition   string
	id          string
	description string
	created     time.Time
	state       types.KeyState
	spec        types.KeySpec
	usage       types.KeyUsageType
	origin      types.OriginType
	manager     types.KeyManagerType
	store       string // id of a custom key store
	deletion    time.Time
	window      int32 // days between ScheduleKeyDeletion and deletion
	validTo     time.Time
	policy      *policyeval.Policy
	tags        map[string]string
	grants      map[string]*grant
	family      *family
	replica     bool
}

// family is what the copies of a multi-Region key share; other keys are alone in theirs.
type family struct {
	material material

	mu       sync.Mutex
	multi    bool
	primary  string   // region
	replicas []string // regions, sorted
	rotation rotation
}

func (k *key) arn() string { return keyARN(k.partition, k.account, k.region, k.id) }

func keyARN(partition, account, region, id string) string {
	return "arn:" + partition + ":kms:" + region + ":" + account + ":key/" + id
}

// describe gives the key in the API's form.
func (k *key) describe() types.KeyMetadata {
	m := types.KeyMetadata{
		KeyId: aws.String(k.id), Arn: aws.String(k.arn()), AWSAccountId: aws.String(k.account), CreationDate: aws.Time(k.created),
		Description: aws.String(k.description), Enabled: k.state == types.KeyStateEnabled, KeyState: k.state, KeyUsage: k.usage,
		KeySpec: k.spec, CustomerMasterKeySpec: types.CustomerMasterKeySpec(k.spec), Origin: k.origin, KeyManager: k.manager,
		MultiRegion: aws.Bool(k.family.multi),
	}
	if k.store != "" {
		m.CustomKeyStoreId = aws.String(k.store)
	}
	switch k.usage {
	case types.KeyUsageTypeEncryptDecrypt:
		m.EncryptionAlgorithms = encryptionAlgorithms(k.spec)
	case types.KeyUsageTypeSignVerify:
		m.SigningAlgorithms = signingAlgorithms(k.spec)
	case types.KeyUsageTypeGenerateVerifyMac:
		m.MacAlgorithms = macAlgorithms(k.spec)
	case types.KeyUsageTypeKeyAgreement:
		m.KeyAgreementAlgorithms = []types.KeyAgreementAlgorithmSpec{types.KeyAgreementAlgorithmSpecEcdh}
	}
	switch k.state {
	case types.KeyStatePendingDeletion:
		m.DeletionDate = aws.Time(k.deletion)
	case types.KeyStatePendingReplicaDeletion:
		m.PendingDeletionWindowInDays = aws.Int32(k.window)
	}
	if k.origin == types.OriginTypeExternal && k.state != types.KeyStatePendingImport {
		m.ExpirationModel = types.ExpirationModelTypeKeyMaterialDoesNotExpire
		if !k.validTo.IsZero() {
			m.ExpirationModel, m.ValidTo = types.ExpirationModelTypeKeyMaterialExpires, aws.Time(k.validTo)
		}
	}
	if k.family.multi {
		m.MultiRegionConfiguration = k.multiRegion()
	}
	return m
}

func (k *key) multiRegion() *types.MultiRegionConfiguration {
	k.family.mu.Lock()
	defer k.family.mu.Unlock()
	in := func(region string) types.MultiRegionKey {
		return types.MultiRegionKey{Region: aws.String(region), Arn: aws.String(keyARN(k.partition, k.account, region, k.id))}
	}
	m := &types.MultiRegionConfiguration{
		MultiRegionKeyType: types.MultiRegionKeyTypePrimary, PrimaryKey: new(in(k.family.primary)), ReplicaKeys: []types.MultiRegionKey{},
	}
	if k.replica {
		m.MultiRegionKeyType = types.MultiRegionKeyTypeReplica
	}
	for _, r := range k.family.replicas {
		m.ReplicaKeys = append(m.ReplicaKeys, in(r))
	}
	return m
}

// usages lists what keys of a spec may be for; the first is the default where KMS has one.
func usages(s types.KeySpec) []types.KeyUsageType {
	switch s {
	case types.KeySpecSymmetricDefault:
		return []types.KeyUsageType{types.KeyUsageTypeEncryptDecrypt}
	case types.KeySpecHmac224, types.KeySpecHmac256, types.KeySpecHmac384, types.KeySpecHmac512:
		return []types.KeyUsageType{types.KeyUsageTypeGenerateVerifyMac}
	case types.KeySpecRsa2048, types.KeySpecRsa3072, types.KeySpecRsa4096:
		return []types.KeyUsageType{types.KeyUsageTypeEncryptDecrypt, types.KeyUsageTypeSignVerify}
	case types.KeySpecEccNistP256, types.KeySpecEccNistP384, types.KeySpecEccNistP521:
		return []types.KeyUsageType{types.KeyUsageTypeSignVerify, types.KeyUsageTypeKeyAgreement}
	case types.KeySpecSm2:
		return []types.KeyUsageType{types.KeyUsageTypeEncryptDecrypt, types.KeyUsageTypeSignVerify, types.KeyUsageTypeKeyAgreement}
	default:
		return []types.KeyUsageType{types.KeyUsageTypeSignVerify}
	}
}

func encryptionAlgorithms(s types.KeySpec) []types.EncryptionAlgorithmSpec {
	switch s {
	case types.KeySpecSymmetricDefault:
		return []types.EncryptionAlgorithmSpec{types.EncryptionAlgorithmSpecSymmetricDefault}
	case types.KeySpecSm2:
		return []types.EncryptionAlgorithmSpec{types.EncryptionAlgorithmSpecSm2pke}
	default:
		return []types.EncryptionAlgorithmSpec{types.EncryptionAlgorithmSpecRsaesOaepSha1, types.EncryptionAlgorithmSpecRsaesOaepSha256}
	}
}

func signingAlgorithms(s types.KeySpec) []types.SigningAlgorithmSpec {
	switch s {
	case types.KeySpecRsa2048, types.KeySpecRsa3072, types.KeySpecRsa4096:
		return []types.SigningAlgorithmSpec{
			types.SigningAlgorithmSpecRsassaPkcs1V15Sha256, types.SigningAlgorithmSpecRsassaPkcs1V15Sha384,
			types.SigningAlgorithmSpecRsassaPkcs1V15Sha512, types.SigningAlgorithmSpecRsassaPssSha256,
			types.SigningAlgorithmSpecRsassaPssSha384, types.SigningAlgorithmSpecRsassaPssSha512,
		}
	case types.KeySpecEccNistP256, types.KeySpecEccSecgP256k1:
		return []types.SigningAlgorithmSpec{types.SigningAlgorithmSpecEcdsaSha256}
	case types.KeySpecEccNistP384:
		return []types.SigningAlgorithmSpec{types.SigningAlgorithmSpecEcdsaSha384}
	case types.KeySpecEccNistP521:
		return []types.SigningAlgorithmSpec{types.SigningAlgorithmSpecEcdsaSha512}
	case types.KeySpecEccNistEdwards25519:
		return []types.SigningAlgorithmSpec{types.SigningAlgorithmSpecEd25519Sha512, types.SigningAlgorithmSpecEd25519PhSha512}
	case types.KeySpecSm2:
		return []types.SigningAlgorithmSpec{types.SigningAlgorithmSpecSm2dsa}
	default:
		return []types.SigningAlgorithmSpec{types.SigningAlgorithmSpecMlDsaShake256}
	}
}

func macAlgorithms(s types.KeySpec) []types.MacAlgorithmSpec {
	switch s {
	case types.KeySpecHmac224:
		return []types.MacAlgorithmSpec{types.MacAlgorithmSpecHmacSha224}
	case types.KeySpecHmac256:
		return []types.MacAlgorithmSpec{types.MacAlgorithmSpecHmacSha256}
	case types.KeySpecHmac384:
		return []types.MacAlgorithmSpec{types.MacAlgorithmSpecHmacSha384}
	default:
		return []types.MacAlgorithmSpec{types.MacAlgorithmSpecHmacSha512}
	}
}

// gone says whether the waiting period before deletion is over.
func (k *key) gone(now time.Time) bool {
	return k.state == types.KeyStatePendingDeletion && !k.deletion.IsZero() && !now.Before(k.deletion)
}

// expire turns imported material that ran out into a key that waits for new material.
func (k *key) expire(now time.Time) {
	if !k.validTo.IsZero() && !now.Before(k.validTo) && slices.Contains([]types.KeyState{types.KeyStateEnabled, types.KeyStateDisabled}, k.state) {
		k.state = types.KeyStatePendingImport
	}
}
