package kms

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/hmac"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/sha512"
	"crypto/x509"
	"hash"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	awskms "github.com/aws/aws-sdk-go-v2/service/kms"
	"github.com/aws/aws-sdk-go-v2/service/kms/types"

	"github.com/glueguard/glueguard/internal/sandbox/service"
)

const longestMessage = 4096 // bytes

func (x *KMS) signOperations() []service.Operation {
	return []service.Operation{
		onKey("Sign", x.sign, func(in *awskms.SignInput) *string { return in.KeyId }),
		onKey("Verify", x.verify, func(in *awskms.VerifyInput) *string { return in.KeyId }),
		onKey("GetPublicKey", x.publicKey, func(in *awskms.GetPublicKeyInput) *string { return in.KeyId }),
		onKey("GenerateMac", x.generateMac, func(in *awskms.GenerateMacInput) *string { return in.KeyId }),
		onKey("VerifyMac", x.verifyMac, func(in *awskms.VerifyMacInput) *string { return in.KeyId }),
	}
}

// message is what a signature is over.
type message struct {
	text      []byte
	digested  bool
	algorithm types.SigningAlgorithmSpec
}

// opener finds the private key for a message, or refuses the combination.
func (x *KMS) opener(c *service.Call, ref *string, m message, dryRun *bool) (*key, crypto.Signer, error) {
	if n := len(m.text); n < 1 || n > longestMessage {
		return nil, nil, invalid("1 validation error detected: Value at 'message' failed to satisfy constraint: Member must have length between 1 and 4096")
	}
	var used *key
	need := requirement{states: usable(), usage: types.KeyUsageTypeSignVerify, dryRun: dryRun}
	err := x.with(c, ref, need, func(_ *place, k *key) *service.Error {
		used = k
		if !slices.Contains(signingAlgorithms(k.spec), m.algorithm) {
			return refused("InvalidKeyUsageException", "Algorithm %s and key spec %s are incompatible.", m.algorithm, k.spec)
		}
		return nil
	})
	if err != nil {
		return nil, nil, err
	}
	signer, refusal := used.family.material.signer(used)
	if refusal != nil {
		return nil, nil, refusal
	}
	return used, signer, nil
}

// prepare gives what the primitive signs and its options.
func (m message) prepare() ([]byte, crypto.SignerOpts, *service.Error) {
	h := m.hash()
	if m.algorithm == types.SigningAlgorithmSpecEd25519Sha512 {
		if m.digested {
			return nil, nil, invalid("MessageType DIGEST is not valid for ED25519_SHA_512.")
		}
		return m.text, crypto.Hash(0), nil
	}
	digest := m.text
	if !m.digested {
		f := h.New()
		f.Write(m.text)
		digest = f.Sum(nil)
	}
	if len(digest) != h.Size() {
		return nil, nil, invalid("Digest is invalid length for algorithm %s.", m.algorithm)
	}
	switch {
	case m.algorithm == types.SigningAlgorithmSpecEd25519PhSha512:
		return digest, &ed25519.Options{Hash: crypto.SHA512}, nil
	case strings.HasPrefix(string(m.algorithm), "RSASSA_PSS"):
		return digest, &rsa.PSSOptions{SaltLength: rsa.PSSSaltLengthEqualsHash, Hash: h}, nil
	}
	return digest, h, nil
}

func (m message) hash() crypto.Hash {
	switch {
	case strings.HasSuffix(string(m.algorithm), "256"):
		return crypto.SHA256
	case strings.HasSuffix(string(m.algorithm), "384"):
		return crypto.SHA384
	default:
		return crypto.SHA512
	}
}

func (x *KMS) sign(c *service.Call, in *awskms.SignInput) (*awskms.SignOutput, error) {
	m := message{in.Message, in.MessageType == types.MessageTypeDigest, in.SigningAlgorithm}
	used, signer, err := x.opener(c, in.KeyId, m, in.DryRun)
	if err != nil {
		return nil, err
	}
	digest, options, refusal := m.prepare()
	if refusal != nil {
		return nil, refusal
	}
	signature, err := signer.Sign(rand.Reader, digest, options)
	if err != nil {
		return nil, refused("KMSInternalException", "%v", err)
	}
	return &awskms.SignOutput{KeyId: aws.String(used.arn()), Signature: signature, SigningAlgorithm: in.SigningAlgorithm}, nil
}

func (x *KMS) verify(c *service.Call, in *awskms.VerifyInput) (*awskms.VerifyOutput, error) {
	m := message{in.Message, in.MessageType == types.MessageTypeDigest, in.SigningAlgorithm}
	used, signer, err := x.opener(c, in.KeyId, m, in.DryRun)
	if err != nil {
		return nil, err
	}
	digest, options, refusal := m.prepare()
	if refusal != nil {
		return nil, refusal
	}
	if !valid(signer.Public(), digest, in.Signature, options) {
		return nil, refused("KMSInvalidSignatureException", "")
	}
	return &awskms.VerifyOutput{KeyId: aws.String(used.arn()), SignatureValid: true, SigningAlgorithm: in.SigningAlgorithm}, nil
}

func valid(public crypto.PublicKey, digest, signature []byte, options crypto.SignerOpts) bool {
	switch public := public.(type) {
	case *rsa.PublicKey:
		if pss, ok := options.(*rsa.PSSOptions); ok {
			return rsa.VerifyPSS(public, pss.Hash, digest, signature, pss) == nil
		}
		return rsa.VerifyPKCS1v15(public, options.HashFunc(), digest, signature) == nil
	case *ecdsa.PublicKey:
		return ecdsa.VerifyASN1(public, digest, signature)
	case ed25519.PublicKey:
		return ed25519.VerifyWithOptions(public, digest, signature, &ed25519.Options{Hash: options.HashFunc()}) == nil
	default:
		return false
	}
}

func (x *KMS) publicKey(c *service.Call, in *awskms.GetPublicKeyInput) (*awskms.GetPublicKeyOutput, error) {
	var used *key
	var description types.KeyMetadata
	err := x.with(c, in.KeyId, requirement{states: usable()}, func(_ *place, k *key) *service.Error {
		used, description = k, k.describe()
		if k.spec == types.KeySpecSymmetricDefault || k.usage == types.KeyUsageTypeGenerateVerifyMac {
			return unsupported("GetPublicKey is not valid for key spec %s.", k.spec)
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	signer, refusal := used.family.material.signer(used)
	if refusal != nil {
		return nil, refusal
	}
	der, err := x509.MarshalPKIXPublicKey(signer.Public())
	if err != nil {
		return nil, refused("KMSInternalException", "%v", err)
	}
	return &awskms.GetPublicKeyOutput{
		KeyId: description.Arn, PublicKey: der, KeySpec: description.KeySpec, CustomerMasterKeySpec: description.CustomerMasterKeySpec,
		KeyUsage: description.KeyUsage, EncryptionAlgorithms: description.EncryptionAlgorithms,
		SigningAlgorithms: description.SigningAlgorithms, KeyAgreementAlgorithms: description.KeyAgreementAlgorithms,
	}, nil
}

// mac computes a message authentication code with a key of the right spec.
func (x *KMS) mac(c *service.Call, ref *string, text []byte, a types.MacAlgorithmSpec, dryRun *bool) (*key, []byte, error) {
	var used *key
	need := requirement{states: usable(), usage: types.KeyUsageTypeGenerateVerifyMac, dryRun: dryRun}
	err := x.with(c, ref, need, func(_ *place, k *key) *service.Error {
		used = k
		if !slices.Contains(macAlgorithms(k.spec), a) {
			return refused("InvalidKeyUsageException", "Algorithm %s and key spec %s are incompatible.", a, k.spec)
		}
		return nil
	})
	if err != nil {
		return nil, nil, err
	}
	hashes := map[types.MacAlgorithmSpec]func() hash.Hash{
		types.MacAlgorithmSpecHmacSha224: sha256.New224, types.MacAlgorithmSpecHmacSha256: sha256.New,
		types.MacAlgorithmSpecHmacSha384: sha512.New384, types.MacAlgorithmSpecHmacSha512: sha512.New,
	}
	h := hmac.New(hashes[a], used.family.material.secret[:])
	h.Write(text)
	return used, h.Sum(nil), nil
}

func (x *KMS) generateMac(c *service.Call, in *awskms.GenerateMacInput) (*awskms.GenerateMacOutput, error) {
	used, mac, err := x.mac(c, in.KeyId, in.Message, in.MacAlgorithm, in.DryRun)
	if err != nil {
		return nil, err
	}
	return &awskms.GenerateMacOutput{KeyId: aws.String(used.arn()), Mac: mac, MacAlgorithm: in.MacAlgorithm}, nil
}

func (x *KMS) verifyMac(c *service.Call, in *awskms.VerifyMacInput) (*awskms.VerifyMacOutput, error) {
	used, mac, err := x.mac(c, in.KeyId, in.Message, in.MacAlgorithm, in.DryRun)
	if err != nil {
		return nil, err
	}
	if !hmac.Equal(mac, in.Mac) {
		return nil, refused("KMSInvalidMacException", "")
	}
	return &awskms.VerifyMacOutput{KeyId: aws.String(used.arn()), MacValid: true, MacAlgorithm: in.MacAlgorithm}, nil
}
