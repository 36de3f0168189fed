package kms

import (
	"crypto"
	"crypto/aes"
	"crypto/cipher"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/binary"
	"maps"
	"slices"
	"sync"

	"github.com/aws/aws-sdk-go-v2/service/kms/types"

	"github.com/glueguard/glueguard/internal/sandbox/service"
)

// material is a key's secret. Asymmetric keys are made when first used, since RSA takes a while.
type material struct {
	secret [32]byte

	once    sync.Once
	private crypto.Signer
	err     error
}

func (m *material) random() {
	rand.Read(m.secret[:])
}

// seeded gives a key of a scenario the same secret each time, so that what one run encrypted another can decrypt.
func (m *material) seeded(arn string) { m.secret = sha256.Sum256([]byte("key material of " + arn)) }

// signer returns the private key of an asymmetric key, or a refusal for the specs that Go's library lacks.
func (m *material) signer(k *key) (crypto.Signer, *service.Error) {
	m.once.Do(func() { m.private, m.err = generate(k.spec) })
	switch {
	case m.err != nil:
		return nil, refused("KMSInternalException", "%v", m.err)
	case m.private == nil:
		return nil, unsupported("The sandbox has no cryptography for key spec %s.", k.spec)
	}
	return m.private, nil
}

func generate(spec types.KeySpec) (crypto.Signer, error) {
	switch spec {
	case types.KeySpecRsa2048:
		return rsa.GenerateKey(rand.Reader, 2048)
	case types.KeySpecRsa3072:
		return rsa.GenerateKey(rand.Reader, 3072)
	case types.KeySpecRsa4096:
		return rsa.GenerateKey(rand.Reader, 4096)
	case types.KeySpecEccNistP256:
		return ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	case types.KeySpecEccNistP384:
		return ecdsa.GenerateKey(elliptic.P384(), rand.Reader)
	case types.KeySpecEccNistP521:
		return ecdsa.GenerateKey(elliptic.P521(), rand.Reader)
	case types.KeySpecEccNistEdwards25519:
		_, private, err := ed25519.GenerateKey(rand.Reader)
		return private, err
	default:
		return nil, nil
	}
}

func (m *material) aead() (cipher.AEAD, error) {
	block, err := aes.NewCipher(m.secret[:])
	if err != nil {
		return nil, err
	}
	return cipher.NewGCMWithRandomNonce(block)
}

// The envelope in front of a symmetric ciphertext names the key, as KMS's own does: a version, the account, and the
// id with its length.
const (
	envelopeVersion = 1
	accountWidth    = 12
)

func (k *key) seal(plaintext []byte, context map[string]string) ([]byte, *service.Error) {
	aead, err := k.family.material.aead()
	if err != nil {
		return nil, refused("KMSInternalException", "%v", err)
	}
	out := append([]byte{envelopeVersion}, k.account...)
	out = append(out, byte(len(k.id)))
	out = append(out, k.id...)
	return aead.Seal(out, nil, plaintext, authenticated(context)), nil
}

func invalidCiphertext() *service.Error { return refused("InvalidCiphertextException", "") }

// sealedBy reads the envelope: the key's account and id, and what follows.
func sealedBy(blob []byte) (account, id string, rest []byte, ok bool) {
	const head = 1 + accountWidth + 1
	if len(blob) < head || blob[0] != envelopeVersion || len(blob) < head+int(blob[head-1]) {
		return "", "", nil, false
	}
	end := head + int(blob[head-1])
	return string(blob[1 : 1+accountWidth]), string(blob[head:end]), blob[end:], true
}

func (k *key) unseal(rest []byte, context map[string]string) ([]byte, *service.Error) {
	aead, err := k.family.material.aead()
	if err != nil {
		return nil, refused("KMSInternalException", "%v", err)
	}
	plaintext, err := aead.Open([]byte{}, nil, rest, authenticated(context))
	if err != nil {
		return nil, invalidCiphertext()
	}
	return plaintext, nil
}

// authenticated is an encryption context as bytes, the same for any order of its entries.
func authenticated(context map[string]string) []byte {
	var b []byte
	for _, name := range slices.Sorted(maps.Keys(context)) {
		for _, s := range []string{name, context[name]} {
			b = binary.AppendUvarint(b, uint64(len(s)))
			b = append(b, s...)
		}
	}
	return b
}
