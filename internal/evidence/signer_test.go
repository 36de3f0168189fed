package evidence_test

import (
	"bytes"
	"context"
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"errors"
	"math/big"
	"os"
	"path/filepath"
	"testing"

	"github.com/glueguard/glueguard/internal/evidence"
)

// elsewhere signs as KMS does: only its public half is known.
type elsewhere struct {
	key    crypto.Signer
	public evidence.PublicKey
}

func (e elsewhere) PublicKey() evidence.PublicKey { return e.public }
func (e elsewhere) KeyID() (string, error)        { return e.public.ID(), nil }

func (e elsewhere) Sign(_ context.Context, data []byte) ([]byte, error) {
	sum := sha256.Sum256(data)
	switch e.key.(type) {
	case ed25519.PrivateKey:
		return e.key.Sign(rand.Reader, data, crypto.Hash(0))
	case *rsa.PrivateKey:
		return e.key.Sign(rand.Reader, sum[:], &rsa.PSSOptions{SaltLength: rsa.PSSSaltLengthEqualsHash, Hash: crypto.SHA256})
	}
	return e.key.Sign(rand.Reader, sum[:], crypto.SHA256)
}

func signerOf(t testing.TB, k crypto.Signer) elsewhere {
	t.Helper()
	public, err := evidence.NewPublicKey(k.Public())
	if err != nil {
		t.Fatal(err)
	}
	return elsewhere{key: k, public: public}
}

// keyed makes a value or ends the test.
func keyed[K crypto.Signer](t testing.TB, k K, err error) crypto.Signer {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
	return k
}

// signers are one of each kind that KMS offers.
func signers(t testing.TB) map[string]elsewhere {
	t.Helper()
	p256, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	curve := keyed(t, p256, err)
	_, edwards, err := ed25519.GenerateKey(rand.Reader)
	ed := keyed(t, edwards, err)
	long, err := rsa.GenerateKey(rand.Reader, 2048)
	return map[string]elsewhere{
		"ECDSA P-256": signerOf(t, curve), "Ed25519": signerOf(t, ed), "RSA": signerOf(t, keyed(t, long, err)),
	}
}

func exportWith(t testing.TB, s evidence.Selection, signer evidence.Signer) []byte {
	t.Helper()
	var b bytes.Buffer
	if _, err := evidence.Export(t.Context(), &b, world(t), evidence.Options{Selection: s, Tool: "glueguard test", Now: at(30), Signer: signer}); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// TestKeysOfEveryKind signs with each kind of key, checks with its public half from a file, and finds every flipped byte.
func TestKeysOfEveryKind(t *testing.T) {
	t.Parallel()
	for name, signer := range signers(t) {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			public, err := evidence.ParsePublicKey(signer.public.PEM())
			if err != nil || public.ID() != signer.public.ID() {
				t.Fatalf("%v", err)
			}
			bundle := exportWith(t, evidence.Selection{Audit: "audit-1"}, signer)
			got, err := evidence.Check(t.Context(), bytes.NewReader(bundle), &public)
			if err != nil || !got.Trusted || got.KeyID != public.ID() {
				t.Fatalf("%+v, %v", got, err)
			}
			other := key(t, 2).PublicKey()
			if b := broken(t, bundle, &other); b == nil || b.Member != "public-key.pem" {
				t.Errorf("with another key: %v", b)
			}
			// What differs by the kind of key: the signature, every byte of it, and the key. All else is tried elsewhere.
			signature, pem := bytes.Index(bundle, []byte(`"sig":"`)), bytes.Index(bundle, public.PEM())
			for i := signature; i < pem+len(public.PEM()); i++ {
				if i == bytes.IndexByte(bundle[signature:], '\n')+signature {
					i = pem
				}
				changed := bytes.Clone(bundle)
				changed[i] ^= 1 << (i % 8)
				if broken(t, changed, &public) == nil {
					t.Errorf("byte %d of %d can be changed", i, len(bundle))
				}
			}
		})
	}
}

func TestTheReadmesCommandsForEveryKind(t *testing.T) {
	t.Parallel()
	for name, signer := range signers(t) {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			checkByHand(t, exportWith(t, evidence.Selection{Since: at(0)}, signer))
		})
	}
}

func TestKeysThatDoNotDo(t *testing.T) {
	t.Parallel()
	p384, err := ecdsa.GenerateKey(elliptic.P384(), rand.Reader)
	curve := keyed(t, p384, err)
	short := &rsa.PublicKey{N: new(big.Int).Lsh(big.NewInt(1), 1023), E: 65537}
	for name, k := range map[string]crypto.PublicKey{
		"another curve": curve.Public(), "nothing": nil, "a private key": curve, "a short RSA key": short,
	} {
		if _, err := evidence.NewPublicKey(k); !errors.Is(err, evidence.ErrKey) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// TestRecordsWaitInAFile holds records in a file until all are there: the bundle is the same.
func TestRecordsWaitInAFile(t *testing.T) {
	t.Parallel()
	f, err := os.Create(filepath.Join(t.TempDir(), "records"))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	var b bytes.Buffer
	s := evidence.Selection{Since: at(0)}
	_, err = evidence.Export(t.Context(), &b, world(t), evidence.Options{Selection: s, Tool: "glueguard test", Now: at(30), Signer: key(t, 1), Scratch: f})
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(b.Bytes(), export(t, world(t), s)) {
		t.Error("it is another bundle")
	}
}

func TestKeys(t *testing.T) {
	t.Parallel()
	k := key(t, 1)
	private, err := k.PEM()
	if err != nil {
		t.Fatal(err)
	}
	again, err := evidence.ParsePrivateKey(private)
	if err != nil || again.PublicKey().ID() != k.PublicKey().ID() {
		t.Errorf("%v", err)
	}
	public, err := evidence.ParsePublicKey(k.PublicKey().PEM())
	if err != nil || public.ID() != k.PublicKey().ID() {
		t.Errorf("%v", err)
	}
	for name, src := range map[string]string{
		"nothing": "", "text": "hello", "the other half": string(private), "cut": string(k.PublicKey().PEM()[:60]),
		"nonsense": "-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----\n",
	} {
		if _, err := evidence.ParsePublicKey([]byte(src)); !errors.Is(err, evidence.ErrKey) {
			t.Errorf("public, %s: %v", name, err)
		}
	}
	for name, src := range map[string]string{
		"nothing": "", "the other half": string(k.PublicKey().PEM()), "nonsense": "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n",
	} {
		if _, err := evidence.ParsePrivateKey([]byte(src)); !errors.Is(err, evidence.ErrKey) {
			t.Errorf("private, %s: %v", name, err)
		}
	}
}
