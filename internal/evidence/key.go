package evidence

import (
	"context"
	"crypto/ed25519"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"io"

	"github.com/secure-systems-lab/go-securesystemslib/dsse"
)

// ErrKey is wrapped when something is no key that evidence is signed or checked with.
var ErrKey = errors.New("no key for evidence")

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
	p, err := NewPublicKey(public)
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
		return PrivateKey{}, fmt.Errorf("%w: a key of another kind (%T): want Ed25519", ErrKey, parsed)
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
