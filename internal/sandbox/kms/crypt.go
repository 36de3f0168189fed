package kms

import (
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha1" //nolint:gosec // RSAES_OAEP_SHA_1 is one of KMS's algorithms
	"crypto/sha256"
	"hash"
	"slices"

	"github.com/aws/aws-sdk-go-v2/aws"
	awskms "github.com/aws/aws-sdk-go-v2/service/kms"
	"github.com/aws/aws-sdk-go-v2/service/kms/types"

	"github.com/glueguard/glueguard/internal/sandbox/service"
)

const (
	longestPlaintext = 4096 // bytes
	longestDataKey   = 1024
)

func (x *KMS) cryptOperations() []service.Operation {
	return []service.Operation{
		onKey("Encrypt", x.encrypt, func(in *awskms.EncryptInput) *string { return in.KeyId }),
		onKey("Decrypt", x.decrypt, func(in *awskms.DecryptInput) *string { return in.KeyId }),
		onKey("ReEncrypt", x.reEncrypt, func(in *awskms.ReEncryptInput) *string { return in.DestinationKeyId }),
		onKey("GenerateDataKey", x.dataKey, func(in *awskms.GenerateDataKeyInput) *string { return in.KeyId }),
		onKey("GenerateDataKeyWithoutPlaintext", x.sealedDataKey, func(in *awskms.GenerateDataKeyWithoutPlaintextInput) *string { return in.KeyId }),
		service.Op("GenerateRandom", x.generateRandom),
	}
}

func crypting(context map[string]string, dryRun *bool) requirement {
	return requirement{states: usable(), usage: types.KeyUsageTypeEncryptDecrypt, encryption: context, dryRun: dryRun}
}

// algorithm refuses one that the key's spec does not have; the default is SYMMETRIC_DEFAULT.
func (k *key) algorithm(a types.EncryptionAlgorithmSpec) (types.EncryptionAlgorithmSpec, *service.Error) {
	if a == "" {
		a = types.EncryptionAlgorithmSpecSymmetricDefault
	}
	if !slices.Contains(encryptionAlgorithms(k.spec), a) {
		return "", refused("InvalidKeyUsageException", "Algorithm %s and key spec %s are incompatible.", a, k.spec)
	}
	return a, nil
}

func (x *KMS) encrypt(c *service.Call, in *awskms.EncryptInput) (*awskms.EncryptOutput, error) {
	if n := len(in.Plaintext); n < 1 || n > longestPlaintext {
		return nil, invalid("1 validation error detected: Value at 'plaintext' failed to satisfy constraint: Member must have length between 1 and 4096")
	}
	var used *key
	out := &awskms.EncryptOutput{}
	err := x.with(c, in.KeyId, crypting(in.EncryptionContext, in.DryRun), func(_ *place, k *key) (err *service.Error) {
		used = k
		out.EncryptionAlgorithm, err = k.algorithm(in.EncryptionAlgorithm)
		return err
	})
	if err != nil {
		return nil, err
	}
	out.KeyId = aws.String(used.arn())
	blob, refusal := used.encrypt(out.EncryptionAlgorithm, in.Plaintext, in.EncryptionContext)
	if refusal != nil {
		return nil, refusal
	}
	out.CiphertextBlob = blob
	return out, nil
}

func (k *key) encrypt(a types.EncryptionAlgorithmSpec, plaintext []byte, context map[string]string) ([]byte, *service.Error) {
	if a == types.EncryptionAlgorithmSpecSymmetricDefault {
		return k.seal(plaintext, context)
	}
	private, refusal := k.rsa()
	if refusal != nil {
		return nil, refusal
	}
	blob, err := rsa.EncryptOAEP(oaepHash(a), rand.Reader, &private.PublicKey, plaintext, nil)
	if err != nil {
		return nil, invalid("The plaintext is too long for algorithm %s and key spec %s.", a, k.spec)
	}
	return blob, nil
}

func (k *key) rsa() (*rsa.PrivateKey, *service.Error) {
	signer, err := k.family.material.signer(k)
	if err != nil {
		return nil, err
	}
	private, ok := signer.(*rsa.PrivateKey)
	if !ok {
		return nil, unsupported("The sandbox has no encryption for key spec %s.", k.spec)
	}
	return private, nil
}

func oaepHash(a types.EncryptionAlgorithmSpec) hash.Hash {
	if a == types.EncryptionAlgorithmSpecRsaesOaepSha1 {
		return sha1.New() //nolint:gosec // see the import
	}
	return sha256.New()
}

func (x *KMS) decrypt(c *service.Call, in *awskms.DecryptInput) (*awskms.DecryptOutput, error) {
	used, algorithm, err := x.decryptionKey(c, in.KeyId, in.CiphertextBlob, in.EncryptionAlgorithm, crypting(in.EncryptionContext, in.DryRun))
	if err != nil {
		return nil, err
	}
	plaintext, refusal := used.decrypt(algorithm, in.CiphertextBlob, in.EncryptionContext)
	if refusal != nil {
		return nil, refusal
	}
	return &awskms.DecryptOutput{KeyId: aws.String(used.arn()), Plaintext: plaintext, EncryptionAlgorithm: algorithm}, nil
}

// decryptionKey finds the key that a ciphertext names, and refuses another that the caller named.
func (x *KMS) decryptionKey(c *service.Call, named *string, blob []byte, a types.EncryptionAlgorithmSpec, need requirement) (*key, types.EncryptionAlgorithmSpec, error) {
	account, id, _, sealed := sealedBy(blob)
	ref := named
	if symmetric := a == "" || a == types.EncryptionAlgorithmSpecSymmetricDefault; symmetric {
		if !sealed {
			return nil, "", invalidCiphertext()
		}
		if ref == nil {
			ref = aws.String(keyARN(c.Partition, account, c.Region, id))
		}
	} else if ref == nil {
		return nil, "", invalid("KeyId is required for asymmetric keys.")
	}
	var used *key
	algorithm := a
	err := x.with(c, ref, need, func(_ *place, k *key) (err *service.Error) {
		used = k
		if algorithm, err = k.algorithm(a); err != nil {
			return err
		}
		if algorithm == types.EncryptionAlgorithmSpecSymmetricDefault && (k.id != id || k.account != account) {
			return refused("IncorrectKeyException", "The key ID in the request does not identify a CMK that can perform this operation.")
		}
		return nil
	})
	return used, algorithm, err
}

func (k *key) decrypt(a types.EncryptionAlgorithmSpec, blob []byte, context map[string]string) ([]byte, *service.Error) {
	if a == types.EncryptionAlgorithmSpecSymmetricDefault {
		_, _, rest, _ := sealedBy(blob)
		return k.unseal(rest, context)
	}
	private, refusal := k.rsa()
	if refusal != nil {
		return nil, refusal
	}
	plaintext, err := rsa.DecryptOAEP(oaepHash(a), rand.Reader, private, blob, nil)
	if err != nil {
		return nil, invalidCiphertext()
	}
	return plaintext, nil
}

// as gives the call another operation's name, so that its own permission is asked.
func as(c *service.Call, operation string) *service.Call {
	n := *c
	n.Operation = operation
	return &n
}

func (x *KMS) reEncrypt(c *service.Call, in *awskms.ReEncryptInput) (*awskms.ReEncryptOutput, error) {
	from, algorithm, err := x.decryptionKey(as(c, "ReEncryptFrom"), in.SourceKeyId, in.CiphertextBlob, in.SourceEncryptionAlgorithm, crypting(in.SourceEncryptionContext, nil))
	if err != nil {
		return nil, err
	}
	var to *key
	out := &awskms.ReEncryptOutput{SourceKeyId: aws.String(from.arn()), SourceEncryptionAlgorithm: algorithm}
	err = x.with(as(c, "ReEncryptTo"), in.DestinationKeyId, crypting(in.DestinationEncryptionContext, in.DryRun), func(_ *place, k *key) (err *service.Error) {
		to = k
		out.DestinationEncryptionAlgorithm, err = k.algorithm(in.DestinationEncryptionAlgorithm)
		return err
	})
	if err != nil {
		return nil, err
	}
	plaintext, refusal := from.decrypt(algorithm, in.CiphertextBlob, in.SourceEncryptionContext)
	if refusal != nil {
		return nil, refusal
	}
	out.KeyId = aws.String(to.arn())
	if out.CiphertextBlob, refusal = to.encrypt(out.DestinationEncryptionAlgorithm, plaintext, in.DestinationEncryptionContext); refusal != nil {
		return nil, refusal
	}
	return out, nil
}

func (x *KMS) dataKey(c *service.Call, in *awskms.GenerateDataKeyInput) (*awskms.GenerateDataKeyOutput, error) {
	size, err := dataKeySize(in.KeySpec, in.NumberOfBytes)
	if err != nil {
		return nil, err
	}
	used, plaintext, blob, failed := x.newDataKey(c, in.KeyId, size, crypting(in.EncryptionContext, in.DryRun))
	if failed != nil {
		return nil, failed
	}
	return &awskms.GenerateDataKeyOutput{KeyId: aws.String(used.arn()), Plaintext: plaintext, CiphertextBlob: blob}, nil
}

func (x *KMS) sealedDataKey(c *service.Call, in *awskms.GenerateDataKeyWithoutPlaintextInput) (*awskms.GenerateDataKeyWithoutPlaintextOutput, error) {
	size, err := dataKeySize(in.KeySpec, in.NumberOfBytes)
	if err != nil {
		return nil, err
	}
	used, _, blob, failed := x.newDataKey(c, in.KeyId, size, crypting(in.EncryptionContext, in.DryRun))
	if failed != nil {
		return nil, failed
	}
	return &awskms.GenerateDataKeyWithoutPlaintextOutput{KeyId: aws.String(used.arn()), CiphertextBlob: blob}, nil
}

func dataKeySize(spec types.DataKeySpec, bytes *int32) (int, *service.Error) {
	switch {
	case (spec == "") == (bytes == nil):
		return 0, invalid("Please specify either number of bytes or key spec.")
	case bytes != nil && (*bytes < 1 || *bytes > longestDataKey):
		return 0, invalid("1 validation error detected: Value '%d' at 'numberOfBytes' failed to satisfy constraint: Member must be between 1 and 1024", *bytes)
	case bytes != nil:
		return int(*bytes), nil
	case spec == types.DataKeySpecAes128:
		return 16, nil
	default:
		return 32, nil
	}
}

func (x *KMS) newDataKey(c *service.Call, ref *string, size int, need requirement) (used *key, plaintext, blob []byte, err error) {
	err = x.with(c, ref, need, func(_ *place, k *key) (err *service.Error) {
		used = k
		_, err = k.algorithm("")
		return err
	})
	if err != nil {
		return nil, nil, nil, err
	}
	plaintext = make([]byte, size)
	rand.Read(plaintext)
	blob, refusal := used.seal(plaintext, need.encryption)
	if refusal != nil {
		return nil, nil, nil, refusal
	}
	return used, plaintext, blob, nil
}

func (x *KMS) generateRandom(_ *service.Call, in *awskms.GenerateRandomInput) (*awskms.GenerateRandomOutput, error) {
	size := aws.ToInt32(in.NumberOfBytes)
	if size < 1 || size > longestDataKey {
		return nil, invalid("1 validation error detected: Value '%d' at 'numberOfBytes' failed to satisfy constraint: Member must be between 1 and 1024", size)
	}
	b := make([]byte, size)
	rand.Read(b)
	return &awskms.GenerateRandomOutput{Plaintext: b}, nil
}
