package evidence

import (
	"context"
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
)

// errSignature is what a signature is that its key did not make.
var errSignature = errors.New("the signature is not of this key")

// PublicKey checks bundles. By its kind, signatures are
//
//	Ed25519                   of the message itself
//	ECDSA on the curve P-256  over SHA-256, in ASN.1 DER
//	RSA from 2048 bits        PSS over SHA-256, with a salt as long as the digest
type PublicKey struct {
	key  crypto.PublicKey
	id   string
	pem  []byte
	kind kind
}

// kind is what a bundle's README says of the key that it was signed with.
type kind struct {
	name   string // as it is called
	verify string // the common tools' command that checks a signature
}

// shortest RSA key, in bits.
const shortestRSA = 2048

// NewPublicKey takes an ed25519.PublicKey, an *ecdsa.PublicKey or an *rsa.PublicKey.
func NewPublicKey(key crypto.PublicKey) (PublicKey, error) {
	k, err := kindOf(key)
	if err != nil {
		return PublicKey{}, err
	}
	der, err := x509.MarshalPKIXPublicKey(key)
	if err != nil {
		return PublicKey{}, fmt.Errorf("%w: %w", ErrKey, err)
	}
	return PublicKey{key: key, id: digest(der), pem: pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der}), kind: k}, nil
}

func kindOf(key crypto.PublicKey) (kind, error) {
	switch k := key.(type) {
	case ed25519.PublicKey:
		return kind{"Ed25519", "openssl pkeyutl -verify -pubin -inkey public-key.pem -rawin -in signed -sigfile signature"}, nil
	case *ecdsa.PublicKey:
		if k.Curve == elliptic.P256() {
			return kind{"ECDSA P-256", "openssl dgst -sha256 -verify public-key.pem -signature signature signed"}, nil
		}
		return kind{}, fmt.Errorf("%w: an ECDSA key on another curve than P-256", ErrKey)
	case *rsa.PublicKey:
		if bits := k.N.BitLen(); bits < shortestRSA {
			return kind{}, fmt.Errorf("%w: an RSA key of %d bits: want %d at least", ErrKey, bits, shortestRSA)
		}
		const verify = "openssl dgst -sha256 -sigopt rsa_padding_mode:pss -sigopt rsa_pss_saltlen:digest -verify public-key.pem -signature signature signed"
		return kind{fmt.Sprintf("RSA (%d bits, PSS)", k.N.BitLen()), verify}, nil
	}
	return kind{}, fmt.Errorf("%w: a key of another kind (%T): want Ed25519, ECDSA P-256 or RSA", ErrKey, key)
}

// ParsePublicKey reads a PEM public key.
func ParsePublicKey(src []byte) (PublicKey, error) {
	block, _ := pem.Decode(src)
	if block == nil {
		return PublicKey{}, fmt.Errorf("%w: not PEM", ErrKey)
	}
	if block.Type != "PUBLIC KEY" {
		return PublicKey{}, fmt.Errorf("%w: a PEM block %q, where a PUBLIC KEY is wanted", ErrKey, block.Type)
	}
	parsed, err := x509.ParsePKIXPublicKey(block.Bytes)
	if err != nil {
		return PublicKey{}, fmt.Errorf("%w: %w", ErrKey, err)
	}
	return NewPublicKey(parsed)
}

// ID is the SHA-256 of the key's DER form, in hex: what `openssl pkey -pubin -outform DER | sha256sum` prints.
func (k PublicKey) ID() string { return k.id }

// PEM is the key as a file.
func (k PublicKey) PEM() []byte { return k.pem }

// KeyID implements dsse.Verifier.
func (k PublicKey) KeyID() (string, error) { return k.id, nil }

// Public implements dsse.Verifier.
func (k PublicKey) Public() crypto.PublicKey { return k.key }

// Verify implements dsse.Verifier.
func (k PublicKey) Verify(_ context.Context, data, signature []byte) error {
	sum := sha256.Sum256(data)
	ok := false
	switch key := k.key.(type) {
	case ed25519.PublicKey:
		ok = ed25519.Verify(key, data, signature)
	case *ecdsa.PublicKey:
		ok = ecdsa.VerifyASN1(key, sum[:], signature)
	case *rsa.PublicKey:
		ok = rsa.VerifyPSS(key, crypto.SHA256, sum[:], signature, &rsa.PSSOptions{SaltLength: rsa.PSSSaltLengthEqualsHash, Hash: crypto.SHA256}) == nil
	}
	if !ok {
		return errSignature
	}
	return nil
}
