package deliver_test

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/rsa"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/service/kms"
	"github.com/aws/aws-sdk-go-v2/service/kms/types"

	"github.com/glueguard/glueguard/internal/deliver"
	"github.com/glueguard/glueguard/internal/sandbox"
)

// key makes a key, and an alias of it.
func key(t *testing.T, server *sandbox.Server, spec types.KeySpec, usage types.KeyUsageType) (arn, alias string) {
	t.Helper()
	client := kms.NewFromConfig(plain(server))
	out, err := client.CreateKey(t.Context(), &kms.CreateKeyInput{KeySpec: spec, KeyUsage: usage})
	if err != nil {
		t.Fatal(err)
	}
	name := "alias/" + *out.KeyMetadata.KeyId
	if _, err := client.CreateAlias(t.Context(), &kms.CreateAliasInput{AliasName: &name, TargetKeyId: out.KeyMetadata.KeyId}); err != nil {
		t.Fatal(err)
	}
	return *out.KeyMetadata.Arn, fmt.Sprintf("arn:aws:kms:%s:%s:%s", region, account, name)
}

func TestKMSSigner(t *testing.T) {
	t.Parallel()
	server, session := world(t, sandbox.Options{})
	tests := map[types.KeySpec]func(crypto.PublicKey) bool{
		types.KeySpecEccNistP256:         func(k crypto.PublicKey) bool { _, ok := k.(*ecdsa.PublicKey); return ok },
		types.KeySpecEccNistEdwards25519: func(k crypto.PublicKey) bool { _, ok := k.(ed25519.PublicKey); return ok },
		types.KeySpecRsa2048:             func(k crypto.PublicKey) bool { _, ok := k.(*rsa.PublicKey); return ok },
	}
	for spec, kind := range tests {
		t.Run(string(spec), func(t *testing.T) {
			t.Parallel()
			arn, alias := key(t, server, spec, types.KeyUsageTypeSignVerify)
			s, err := deliver.NewKMSSigner(t.Context(), session, alias)
			if err != nil {
				t.Fatal(err)
			}
			defer s.Close()
			if s.KeyID() != arn {
				t.Errorf("key %s, want %s", s.KeyID(), arn)
			}
			public, err := s.Public(t.Context())
			if err != nil || !kind(public) {
				t.Fatalf("public key %T, %v", public, err)
			}
			for _, message := range []string{"x", strings.Repeat("long ", 800)} {
				signature, err := s.Sign(t.Context(), []byte(message))
				if err != nil {
					t.Fatal(err)
				}
				if !deliver.Verify(public, []byte(message), signature) {
					t.Error("the signature does not hold")
				}
				if deliver.Verify(public, []byte(message+"."), signature) {
					t.Error("the signature holds for another message")
				}
			}
			_, err = s.Sign(t.Context(), make([]byte, 4097))
			if ed := spec == types.KeySpecEccNistEdwards25519; ed != errors.Is(err, deliver.ErrKey) || !ed && err != nil {
				t.Errorf("a message of 4097 bytes: %v", err)
			}
		})
	}
}

func TestKMSSignerRefuses(t *testing.T) {
	t.Parallel()
	server, session := world(t, sandbox.Options{})
	signing, _ := key(t, server, types.KeySpecEccNistP256, types.KeyUsageTypeSignVerify)
	encrypting, _ := key(t, server, types.KeySpecRsa2048, types.KeyUsageTypeEncryptDecrypt)
	symmetric, _ := key(t, server, types.KeySpecSymmetricDefault, types.KeyUsageTypeEncryptDecrypt)
	coin, _ := key(t, server, types.KeySpecEccSecgP256k1, types.KeyUsageTypeSignVerify)
	for name, test := range map[string]struct{ arn, want string }{
		"not an ARN":            {"alias/x", "want arn:"},
		"of another service":    {"arn:aws:iam::111111111111:role/x", "want arn:aws:kms"},
		"without a region":      {"arn:aws:kms::111111111111:key/x", "want arn:aws:kms"},
		"without an account":    {"arn:aws:kms:us-east-1::key/x", "want arn:aws:kms"},
		"without a name":        {"arn:aws:kms:us-east-1:111111111111:key/", "want arn:aws:kms"},
		"not a key":             {"arn:aws:kms:us-east-1:111111111111:grant/x", "want arn:aws:kms"},
		"there is none":         {strings.Replace(signing, "key/", "key/0", 1), "kms:GetPublicKey"},
		"for encryption":        {encrypting, "not one for SIGN_VERIFY"},
		"symmetric":             {symmetric, "UnsupportedOperationException"},
		"a curve of no use":     {coin, "ECC_SECG_P256K1"},
		"in an unreached place": {strings.Replace(signing, account, "222222222222", 1), "222222222222"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := deliver.NewKMSSigner(t.Context(), session, test.arn)
			if err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("error %v, want one with %q", err, test.want)
			}
			var call *deliver.CallError
			if errors.Is(err, deliver.ErrKey) == errors.As(err, &call) {
				t.Errorf("%v: want either ErrKey or a CallError", err)
			}
		})
	}
}

// TestKMSSignerLater shows a key that is disabled after it was opened.
func TestKMSSignerLater(t *testing.T) {
	t.Parallel()
	server, session := world(t, sandbox.Options{})
	arn, _ := key(t, server, types.KeySpecEccNistP256, types.KeyUsageTypeSignVerify)
	s, err := deliver.NewKMSSigner(t.Context(), session, arn)
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	if _, err := kms.NewFromConfig(plain(server)).DisableKey(t.Context(), &kms.DisableKeyInput{KeyId: &arn}); err != nil {
		t.Fatal(err)
	}
	_, err = s.Sign(t.Context(), []byte("x"))
	var call *deliver.CallError
	if !errors.As(err, &call) || call.Failure.Code != "DisabledException" || call.Location.Account != account {
		t.Errorf("error %v, want DisabledException", err)
	}
}
