package scenario

import (
	"fmt"
	"time"

	kmstypes "github.com/aws/aws-sdk-go-v2/service/kms/types"

	"github.com/glueguard/glueguard/internal/sandbox/kms"
)

// strangerAccount is no part of any organization here.
const strangerAccount = "999999999999"

// putKeys makes a key for each reason that glue-encryption-key-management can give, and an endpoint that uses it. The
// objects of all of them are encrypted, so the endpoints pass.
func (b *smallBuilder) putKeys() (err error) {
	own := func(name string, edit func(*kms.Key)) kms.Key {
		k := kms.Key{Name: name, Aliases: []string{"alias/" + name}, Description: "Row " + name, Policy: keyPolicy(Management, b.main), Rotation: true, Created: founded()}
		edit(&k)
		return k
	}
	if b.key, err = b.KMS.PutKey(Management, b.main, own("key-pass", func(*kms.Key) {})); err != nil {
		return err
	}
	deletion := time.Date(2099, time.January, 1, 0, 0, 0, 0, time.UTC)
	for _, k := range []kms.Key{
		own("key-fail-disabled", func(k *kms.Key) { k.State = kmstypes.KeyStateDisabled }),
		own("key-fail-pending-deletion", func(k *kms.Key) { k.State, k.Deletion = kmstypes.KeyStatePendingDeletion, deletion }),
		own("key-fail-asymmetric", func(k *kms.Key) {
			k.Spec, k.Usage, k.Rotation = kmstypes.KeySpecRsa2048, kmstypes.KeyUsageTypeEncryptDecrypt, false
		}),
		own("key-fail-usage", func(k *kms.Key) {
			k.Spec, k.Usage, k.Rotation = kmstypes.KeySpecHmac256, kmstypes.KeyUsageTypeGenerateVerifyMac, false
		}),
		own("key-fail-rotation-off", func(k *kms.Key) { k.Rotation = false }),
		own("key-fail-open-to-everyone", func(k *kms.Key) { k.Policy = openKeyPolicy(Management, b.main, "*") }),
		own("key-fail-open-to-another-account", func(k *kms.Key) { k.Policy = openKeyPolicy(Management, b.main, b.stranger()) }),
		own("key-pass-imported", func(k *kms.Key) { k.Origin, k.Rotation = kmstypes.OriginTypeExternal, false }),
		own("key-pass-multi-region", func(k *kms.Key) { k.MultiRegion = true }),
	} {
		arn, err := b.KMS.PutKey(Management, b.main, k)
		if err != nil {
			return err
		}
		b.configured(b.main, k.Name, full(arn))
	}
	return b.putForeignKeys()
}

// stranger is the root of an account outside the organization.
func (b *smallBuilder) stranger() string {
	return "arn:" + b.partition + ":iam::" + strangerAccount + ":root"
}

// putForeignKeys makes the keys that are elsewhere, nowhere, or named by an alias.
func (b *smallBuilder) putForeignKeys() error {
	elsewhere := fmt.Sprintf("arn:%s:kms:%s:%s:key/", b.partition, b.main, Management)
	b.configured(b.main, "key-fail-missing", full(elsewhere+"00000000-0000-4000-8000-00000000dead"))
	b.configured(b.main, "key-pass-by-alias", full(fmt.Sprintf("arn:%s:kms:%s:%s:alias/key-pass", b.partition, b.main, Management)))
	closed := kms.Key{Name: "closed", Rotation: true, Created: founded()}
	arn, err := b.KMS.PutKey(strangerAccount, b.main, closed)
	if err != nil {
		return err
	}
	b.configured(b.main, "key-unknown-of-another-account", full(arn))
	if b.second == b.main {
		return nil
	}
	other := kms.Key{Name: "other-region", Policy: keyPolicy(Management, b.second), Rotation: true, Created: founded()}
	if arn, err = b.KMS.PutKey(Management, b.second, other); err != nil {
		return err
	}
	b.configured(b.main, "key-fail-other-region", full(arn))
	return nil
}
