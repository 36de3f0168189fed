package kms

import (
	"crypto/sha256"
	"fmt"
	"maps"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/kms/types"

	"github.com/glueguard/glueguard/internal/sandbox/iam/policyeval"
	"github.com/glueguard/glueguard/internal/sandbox/service"
)

// Key is a key to be put in place by a scenario, in any state. Zero members mean an enabled, symmetric, customer
// managed key with the default policy.
type Key struct {
	Partition    string // empty: the region's
	ID           string // empty: made from account, region and Name
	Name         string // tells keys without ID and aliases apart
	Aliases      []string
	Description  string
	State        types.KeyState
	Spec         types.KeySpec
	Usage        types.KeyUsageType
	Origin       types.OriginType
	Manager      types.KeyManagerType
	KeyStore     string // id of the custom key store of origins AWS_CLOUDHSM and EXTERNAL_KEY_STORE
	MultiRegion  bool
	Replica      bool   // of a multi-Region key with this ID whose primary is in Primary
	Primary      string // region
	Policy       string // document
	Rotation     bool
	RotationDays int32 // 0: 365
	Tags         map[string]string
	Created      time.Time
	Deletion     time.Time // for state PendingDeletion; zero: never comes
	ValidTo      time.Time // when imported material expires; zero: never
}

// PutKey makes or replaces a key and returns its ARN.
func (x *KMS) PutKey(account, region string, seed Key) (string, error) {
	k := seed.key(account, region)
	document := seed.Policy
	if document == "" {
		document = defaultPolicy(k.partition, account)
	}
	var err error
	if k.policy, err = policyeval.Parse(document, policyeval.Resource); err != nil {
		return "", fmt.Errorf("policy of key %s: %w", k.arn(), err)
	}
	if seed.Replica {
		k.family = x.familyOf(account, seed.Primary, k)
	}
	p := x.place(account, region)
	p.mu.Lock()
	defer p.mu.Unlock()
	p.keys[k.id] = k
	for _, name := range seed.Aliases {
		p.aliases[name] = &alias{name: name, target: k.id, created: k.created, updated: k.created}
	}
	return k.arn(), nil
}

// familyOf joins a replica to its primary; without one it stays by itself.
func (x *KMS) familyOf(account, primary string, k *key) *family {
	p := x.place(account, primary)
	p.mu.Lock()
	defer p.mu.Unlock()
	if main := p.keys[k.id]; main != nil {
		main.family.join(k.region)
		return main.family
	}
	k.family.primary = primary
	k.family.join(k.region)
	return k.family
}

func (seed *Key) key(account, region string) *key {
	k := &key{
		location: location{account, region}, partition: or(seed.Partition, service.Partition(region)), id: seed.ID, description: seed.Description,
		created: seed.Created, state: or(seed.State, types.KeyStateEnabled), spec: or(seed.Spec, types.KeySpecSymmetricDefault),
		origin: or(seed.Origin, types.OriginTypeAwsKms), manager: or(seed.Manager, types.KeyManagerTypeCustomer), store: seed.KeyStore,
		deletion: seed.Deletion, validTo: seed.ValidTo, window: longestWindow, tags: map[string]string{}, grants: map[string]*grant{},
		replica: seed.Replica,
		family: &family{multi: seed.MultiRegion || seed.Replica, primary: region, rotation: rotation{
			enabled: seed.Rotation, days: or(seed.RotationDays, defaultPeriod), since: seed.Created,
		}},
	}
	maps.Copy(k.tags, seed.Tags)
	k.usage = or(seed.Usage, usages(k.spec)[0])
	if k.id == "" {
		sum := sha256.Sum256([]byte(account + region + seed.Name + strings.Join(seed.Aliases, ",")))
		k.id = formatID([16]byte(sum[:16]), k.family.multi)
	}
	k.family.material.seeded(k.account + k.id)
	return k
}

func or[T comparable](v, fallback T) T {
	var zero T
	if v == zero {
		return fallback
	}
	return v
}
