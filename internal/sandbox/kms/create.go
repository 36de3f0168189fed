package kms

import (
	"crypto/rand"
	"encoding/hex"
	"maps"
	"slices"

	"github.com/aws/aws-sdk-go-v2/aws"
	awskms "github.com/aws/aws-sdk-go-v2/service/kms"
	"github.com/aws/aws-sdk-go-v2/service/kms/types"

	"github.com/glueguard/glueguard/internal/sandbox/service"
)

// newID makes a key id: a UUID, or mrk- and 32 digits for multi-Region keys.
func newID(multi bool) string {
	var b [16]byte
	rand.Read(b[:])
	return formatID(b, multi)
}

func formatID(b [16]byte, multi bool) string {
	if multi {
		return "mrk-" + hex.EncodeToString(b[:])
	}
	b[6], b[8] = b[6]&0x0f|0x40, b[8]&0x3f|0x80
	h := hex.EncodeToString(b[:])
	return h[:8] + "-" + h[8:12] + "-" + h[12:16] + "-" + h[16:20] + "-" + h[20:]
}

func (x *KMS) createKey(c *service.Call, in *awskms.CreateKeyInput) (*awskms.CreateKeyOutput, error) {
	k := &key{
		location: location{c.Account, c.Region}, partition: c.Partition, created: c.Now, description: aws.ToString(in.Description),
		state: types.KeyStateEnabled, manager: types.KeyManagerTypeCustomer, origin: in.Origin, grants: map[string]*grant{},
		family: &family{multi: aws.ToBool(in.MultiRegion), primary: c.Region},
	}
	k.id = newID(k.family.multi)
	k.family.material.random()
	if err := k.specify(in); err != nil {
		return nil, err
	}
	var err *service.Error
	if k.tags, err = addTags(nil, in.Tags); err != nil {
		return nil, err
	}
	if err := x.setPolicy(c, k, in.Policy, in.BypassPolicyLockoutSafetyCheck); err != nil {
		return nil, err
	}
	p := x.place(c.Account, c.Region)
	p.mu.Lock()
	defer p.mu.Unlock()
	p.keys[k.id] = k
	return &awskms.CreateKeyOutput{KeyMetadata: new(k.describe())}, nil
}

// specify sets spec, usage and origin, and refuses combinations that KMS refuses.
func (k *key) specify(in *awskms.CreateKeyInput) *service.Error {
	k.spec, k.usage = in.KeySpec, in.KeyUsage
	if in.CustomerMasterKeySpec != "" {
		if k.spec != "" {
			return invalid("You cannot specify KeySpec and CustomerMasterKeySpec in the same request. CustomerMasterKeySpec is deprecated.")
		}
		k.spec = types.KeySpec(in.CustomerMasterKeySpec)
	}
	if k.spec == "" {
		k.spec = types.KeySpecSymmetricDefault
	}
	if k.usage == "" {
		if k.spec != types.KeySpecSymmetricDefault {
			return invalid("You must specify a KeyUsage value for all KMS keys except for symmetric encryption keys.")
		}
		k.usage = types.KeyUsageTypeEncryptDecrypt
	}
	if !slices.Contains(k.spec.Values(), k.spec) {
		return invalid("1 validation error detected: Value '%s' at 'keySpec' failed to satisfy constraint: Member must satisfy enum value set", k.spec)
	}
	if !slices.Contains(usages(k.spec), k.usage) {
		return invalid("KeyUsage %s is not compatible with KeySpec %s", k.usage, k.spec)
	}
	switch k.origin {
	case "":
		k.origin = types.OriginTypeAwsKms
	case types.OriginTypeExternal:
		k.state = types.KeyStatePendingImport
	case types.OriginTypeAwsCloudhsm, types.OriginTypeExternalKeyStore:
		if k.family.multi {
			return unsupported("Multi-Region keys are not supported in custom key stores.")
		}
		return refused("CustomKeyStoreNotFoundException", "Custom key store %s does not exist.", aws.ToString(in.CustomKeyStoreId))
	}
	return nil
}

func (x *KMS) describeKey(c *service.Call, in *awskms.DescribeKeyInput) (*awskms.DescribeKeyOutput, error) {
	out := &awskms.DescribeKeyOutput{}
	err := x.with(c, in.KeyId, requirement{}, func(_ *place, k *key) *service.Error {
		out.KeyMetadata = new(k.describe())
		return nil
	})
	return out, err
}

func (x *KMS) updateDescription(c *service.Call, in *awskms.UpdateKeyDescriptionInput) (*awskms.UpdateKeyDescriptionOutput, error) {
	need := requirement{home: true, byID: true, states: steady()}
	return &awskms.UpdateKeyDescriptionOutput{}, x.with(c, in.KeyId, need, func(_ *place, k *key) *service.Error {
		k.description = aws.ToString(in.Description)
		return nil
	})
}

const (
	keysPerPage = 100
	mostKeys    = 1000
)

func (x *KMS) listKeys(c *service.Call, in *awskms.ListKeysInput) (*awskms.ListKeysOutput, error) {
	p := x.place(c.Account, c.Region)
	p.mu.Lock()
	defer p.mu.Unlock()
	var all []*key
	for _, id := range slices.Sorted(maps.Keys(p.keys)) {
		if k := p.live(id, c); k != nil {
			all = append(all, k)
		}
	}
	cut, next, err := page(all, func(k *key) string { return k.id }, in.Limit, keysPerPage, mostKeys, in.Marker)
	if err != nil {
		return nil, err
	}
	out := &awskms.ListKeysOutput{Keys: []types.KeyListEntry{}, NextMarker: next, Truncated: next != nil}
	for _, k := range cut {
		out.Keys = append(out.Keys, types.KeyListEntry{KeyId: aws.String(k.id), KeyArn: aws.String(k.arn())})
	}
	return out, nil
}

func (x *KMS) replicateKey(c *service.Call, in *awskms.ReplicateKeyInput) (*awskms.ReplicateKeyOutput, error) {
	var copied *key
	err := x.with(c, in.KeyId, requirement{home: true, byID: true, states: []types.KeyState{types.KeyStateEnabled}}, func(_ *place, k *key) *service.Error {
		if !k.family.multi || k.replica {
			return unsupported("%s is not a multi-Region primary key.", k.arn())
		}
		n := *k
		n.region, n.replica, n.created = aws.ToString(in.ReplicaRegion), true, c.Now
		n.description, n.grants = aws.ToString(in.Description), map[string]*grant{}
		var err *service.Error
		if n.tags, err = addTags(nil, in.Tags); err != nil {
			return err
		}
		copied = &n
		return x.setPolicy(c, copied, in.Policy, in.BypassPolicyLockoutSafetyCheck)
	})
	if err != nil {
		return nil, err
	}
	p := x.place(copied.account, copied.region)
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.keys[copied.id] != nil {
		return nil, refused("AlreadyExistsException", "A key with id %s already exists in %s.", copied.id, copied.region)
	}
	p.keys[copied.id] = copied
	copied.family.join(copied.region)
	metadata := copied.describe()
	return &awskms.ReplicateKeyOutput{
		ReplicaKeyMetadata: &metadata, ReplicaPolicy: aws.String(copied.policy.Source()), ReplicaTags: tagList(copied.tags),
	}, nil
}

func (f *family) join(region string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.replicas = append(f.replicas, region)
	slices.Sort(f.replicas)
}
