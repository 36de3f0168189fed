package evidence

import (
	"context"
	"crypto"
	"crypto/ed25519"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"io"

	"github.com/secure-systems-lab/go-securesystemslib/dsse"
)

// ErrKey is wrapped when something is no Ed25519 key in PEM.
var ErrKey = errors.New("no Ed25519 key")

// errSignature is what a signature is that its key did not make.
var errSignature = errors.New("the signature is not of this key")

// PublicKey checks bundles.
type PublicKey struct {
	key ed25519.PublicKey
	id  string
	pem []byte
}

func newPublicKey(key ed25519.PublicKey) (PublicKey, error) {
	der, err := x509.MarshalPKIXPublicKey(key)
	if err != nil {
		return PublicKey{}, err
	}
	return PublicKey{key: key, id: digest(der), pem: pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der})}, nil
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
	key, ok := parsed.(ed25519.PublicKey)
	if !ok {
		return PublicKey{}, fmt.Errorf("%w: a key of another kind (%T)", ErrKey, parsed)
	}
	return newPublicKey(key)
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
	if !ed25519.Verify(k.key, data, signature) {
		return errSignature
	}
	return nil
}

// Signer signs bundles: a PrivateKey, or one that is kept elsewhere.
type Signer interface {
	dsse.Signer
	PublicKey() PublicKey
}

// PrivateKey is a Signer whose key is in memory.
type PrivateKey struct {
	key    ed25519.PrivateKey
	public PublicKey
}

func newPrivateKey(key ed25519.PrivateKey) (PrivateKey, error) {
	public, ok := key.Public().(ed25519.PublicKey)
	if !ok {
		return PrivateKey{}, ErrKey
	}
	p, err := newPublicKey(public)
	return PrivateKey{key: key, public: p}, err
}

// GenerateKey makes a new key.
func GenerateKey(random io.Reader) (PrivateKey, error) {
	_, key, err := ed25519.GenerateKey(random)
	if err != nil {
		return PrivateKey{}, err
	}
	return newPrivateKey(key)
}

// ParsePrivateKey reads a key in PKCS #8, PEM, without a passphrase, as `openssl genpkey -algorithm ed25519` makes it.
func ParsePrivateKey(src []byte) (PrivateKey, error) {
	block, _ := pem.Decode(src)
	if block == nil {
		return PrivateKey{}, fmt.Errorf("%w: not PEM", ErrKey)
	}
	if block.Type != "PRIVATE KEY" {
		return PrivateKey{}, fmt.Errorf("%w: a PEM block %q, where a PRIVATE KEY without a passphrase is wanted", ErrKey, block.Type)
	}
	parsed, err := x509.ParsePKCS8PrivateKey(block.Bytes)
	if err != nil {
		return PrivateKey{}, fmt.Errorf("%w: it can't be read", ErrKey) // the cause might say what is in it
	}
	key, ok := parsed.(ed25519.PrivateKey)
	if !ok {
		return PrivateKey{}, fmt.Errorf("%w: a key of another kind (%T)", ErrKey, parsed)
	}
	return newPrivateKey(key)
}

// PEM is the key as a file, which nobody else may read.
func (k PrivateKey) PEM() ([]byte, error) {
	der, err := x509.MarshalPKCS8PrivateKey(k.key)
	if err != nil {
		return nil, err
	}
	return pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der}), nil
}

// PublicKey implements Signer.
func (k PrivateKey) PublicKey() PublicKey { return k.public }

// KeyID implements dsse.Signer.
func (k PrivateKey) KeyID() (string, error) { return k.public.id, nil }

// Sign implements dsse.Signer.
func (k PrivateKey) Sign(_ context.Context, data []byte) ([]byte, error) {
	return ed25519.Sign(k.key, data), nil
}
