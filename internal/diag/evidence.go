package diag

import (
	"errors"
	"strings"

	"github.com/glueguard/glueguard/internal/deliver"
	"github.com/glueguard/glueguard/internal/evidence"
	"github.com/glueguard/glueguard/internal/resource"
	"github.com/glueguard/glueguard/internal/store"
)

// SigningKeyError means that a file holds no key that evidence can be signed with.
type SigningKeyError struct {
	Path string
	Err  error
}

func (e *SigningKeyError) Error() string { return "key " + e.Path + ": " + e.Err.Error() }

// Unwrap returns what is wrong with the key.
func (e *SigningKeyError) Unwrap() error { return e.Err }

// evidenceHint is what to do about an error of evidence, its keys and the audit trail.
func evidenceHint(err error) string {
	var call *deliver.CallError
	var signing *SigningKeyError
	switch {
	case errors.Is(err, store.ErrTrailBroken):
		return "keep the file as it is, and a copy of it: somebody has changed it past glueguard, or its disk has; " +
			"evidence that was made before says what the trail held then"
	case errors.As(err, &call) && call.Failure.Class == resource.Denied && strings.HasPrefix(call.Failure.Operation, "kms:"):
		return "to sign, the key's policy and yours must allow kms:GetPublicKey and kms:Sign"
	case errors.As(err, &call) && strings.HasPrefix(call.Failure.Operation, "kms:"), errors.Is(err, deliver.ErrKey):
		return "name a KMS key that is for signing: `aws kms create-key --key-usage SIGN_VERIFY --key-spec ECC_NIST_P256` makes one"
	case errors.As(err, &signing):
		return "evidence is signed with an Ed25519 key in PEM: `openssl genpkey -algorithm ed25519 -out FILE` makes one; or with one in KMS, by its ARN or alias/NAME"
	case errors.Is(err, evidence.ErrKey):
		return "evidence is checked with the public half of its key, in PEM: `glueguard evidence export --public-key FILE` writes it"
	}
	return ""
}
