package deliver

import (
	"context"
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"errors"
	"fmt"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/kms"
	"github.com/aws/aws-sdk-go-v2/service/kms/types"

	"github.com/glueguard/glueguard/internal/awsapi"
	"github.com/glueguard/glueguard/internal/resource"
)

// ErrKey is wrapped when a KMS key can't sign what is to be signed.
var ErrKey = errors.New("the key can't sign")

// longestMessage is what KMS signs as it is. Longer ones are signed by their digest, where the algorithm allows that.
const longestMessage = 4096

// KMSSigner signs with a key that never leaves KMS. Signatures are, by the key's spec:
//
//	ECC_NIST_P256                 ECDSA over SHA-256, in ASN.1 DER
//	ECC_NIST_EDWARDS25519         Ed25519, of messages up to 4,096 bytes
//	RSA_2048, RSA_3072, RSA_4096  RSA-PSS over SHA-256, with a salt as long as the digest
//
// It is safe for concurrent use.
type KMSSigner struct {
	session   *awsapi.Session
	account   *awsapi.Account
	place     *awsapi.Place
	arn       string
	public    crypto.PublicKey
	algorithm types.SigningAlgorithmSpec
}

// NewKMSSigner reads the public key of a KMS key, named by its ARN or by the ARN of an alias of it, and makes sure that
// it is one to sign with. In another account than the caller's it uses the session's role.
func NewKMSSigner(ctx context.Context, session *awsapi.Session, keyARN string) (*KMSSigner, error) {
	arn, err := ParseKeyARN(keyARN)
	if err != nil {
		return nil, err
	}
	if _, err := session.Caller(ctx); err != nil {
		return nil, err
	}
	s := &KMSSigner{session: session, account: session.Acquire(arn.Account)}
	s.place = s.account.At(arn.Region)
	if err := s.open(ctx, keyARN); err != nil {
		s.Close()
		return nil, err
	}
	return s, nil
}

// ParseKeyARN reads the ARN of a KMS key, or of an alias. Its error wraps ErrKey.
func ParseKeyARN(s string) (resource.ARN, error) {
	arn, err := resource.ParseARN(s)
	kind, name, _ := strings.Cut(arn.Resource, "/")
	switch {
	case err != nil:
		return arn, fmt.Errorf("%w: %w", ErrKey, err)
	case arn.Service != "kms" || arn.Region == "" || arn.Account == "" || name == "" || kind != "key" && kind != "alias":
		return arn, fmt.Errorf("%w: %q: want arn:aws:kms:REGION:ACCOUNT:key/ID, or alias/NAME at its end", ErrKey, s)
	}
	return arn, nil
}

// open learns what the key is. From then on it goes by the key's own ARN: an alias may be pointed elsewhere meanwhile.
func (s *KMSSigner) open(ctx context.Context, ref string) error {
	const operation = "kms:GetPublicKey"
	out, err := awsapi.Read(ctx, s.place, operation, s.session.KMS.GetPublicKey, &kms.GetPublicKeyInput{KeyId: &ref}, s.place.KMS)
	if err != nil {
		return &CallError{Location: s.place.Location, Failure: awsapi.Classify(err, operation), Err: err}
	}
	if out.KeyUsage != types.KeyUsageTypeSignVerify {
		return fmt.Errorf("%w: %s is a key for %s, not one for SIGN_VERIFY", ErrKey, ref, out.KeyUsage)
	}
	if s.algorithm = algorithmOf(out.KeySpec); s.algorithm == "" {
		return fmt.Errorf("%w: %s is of spec %s: want ECC_NIST_P256, ECC_NIST_EDWARDS25519, RSA_2048, RSA_3072 or RSA_4096", ErrKey, ref, out.KeySpec)
	}
	s.arn = aws.ToString(out.KeyId)
	if s.public, err = x509.ParsePKIXPublicKey(out.PublicKey); err != nil {
		return fmt.Errorf("%w: read the public key of %s: %w", ErrKey, ref, err)
	}
	if s.arn == "" {
		return fmt.Errorf("%w: AWS does not say which key %s is", ErrKey, ref)
	}
	return nil
}

func algorithmOf(spec types.KeySpec) types.SigningAlgorithmSpec {
	switch spec {
	case types.KeySpecEccNistP256:
		return types.SigningAlgorithmSpecEcdsaSha256
	case types.KeySpecEccNistEdwards25519:
		return types.SigningAlgorithmSpecEd25519Sha512
	case types.KeySpecRsa2048, types.KeySpecRsa3072, types.KeySpecRsa4096:
		return types.SigningAlgorithmSpecRsassaPssSha256
	}
	return ""
}

// Close gives the key's account up.
func (s *KMSSigner) Close() { s.account.Release() }

// KeyID is the key's ARN.
func (s *KMSSigner) KeyID() string { return s.arn }

// Public returns the key's public half: an *ecdsa.PublicKey, an ed25519.PublicKey or an *rsa.PublicKey.
func (s *KMSSigner) Public(context.Context) (crypto.PublicKey, error) { return s.public, nil }

// Sign signs a message. What KMS answers is checked before it is believed.
func (s *KMSSigner) Sign(ctx context.Context, message []byte) ([]byte, error) {
	const operation = "kms:Sign" // which changes nothing, so it may be asked for again
	in := &kms.SignInput{KeyId: &s.arn, SigningAlgorithm: s.algorithm, Message: message, MessageType: types.MessageTypeRaw}
	switch {
	case s.algorithm != types.SigningAlgorithmSpecEd25519Sha512:
		digest := sha256.Sum256(message)
		in.Message, in.MessageType = digest[:], types.MessageTypeDigest
	case len(message) > longestMessage:
		return nil, fmt.Errorf("%w: %d bytes to sign, and KMS takes at most %d with an Ed25519 key: use one of spec ECC_NIST_P256", ErrKey, len(message), longestMessage)
	}
	out, err := awsapi.Read(ctx, s.place, operation, s.session.KMS.Sign, in, s.place.KMS)
	if err != nil {
		return nil, &CallError{Location: s.place.Location, Failure: awsapi.Classify(err, operation), Err: err}
	}
	if !Verify(s.public, message, out.Signature) {
		return nil, fmt.Errorf("%w: what KMS answered is no signature of %s", ErrKey, s.arn)
	}
	return out.Signature, nil
}

// Verify tells whether a signature of a message is one that a KMSSigner makes with that public key.
func Verify(public crypto.PublicKey, message, signature []byte) bool {
	digest := sha256.Sum256(message)
	switch key := public.(type) {
	case *ecdsa.PublicKey:
		return ecdsa.VerifyASN1(key, digest[:], signature)
	case ed25519.PublicKey:
		return ed25519.Verify(key, message, signature)
	case *rsa.PublicKey:
		options := &rsa.PSSOptions{SaltLength: rsa.PSSSaltLengthEqualsHash, Hash: crypto.SHA256}
		return rsa.VerifyPSS(key, crypto.SHA256, digest[:], signature, options) == nil
	}
	return false
}
