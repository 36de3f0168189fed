// Package kms simulates AWS Key Management Service: keys of every state, spec and usage, their policies, grants,
// aliases, rotation and tags, and cryptography that really encrypts and signs.
package kms

import (
	"sync"
	"sync/atomic"

	awskms "github.com/aws/aws-sdk-go-v2/service/kms"

	"github.com/glueguard/glueguard/internal/sandbox/iam/policyeval"
	"github.com/glueguard/glueguard/internal/sandbox/service"
)

// Authorizer decides what a caller may do with a key, given the key's policy.
type Authorizer interface {
	Decide(c *service.Call, a policyeval.Access) policyeval.Result
	Refusal(c *service.Call, a policyeval.Access, r policyeval.Result) *service.Error
	PrincipalExists(arn string) bool
}

// KMS holds the keys of all accounts. It is safe for concurrent use.
type KMS struct {
	auth Authorizer
	seen atomic.Int64 // the clock at the latest call, in nanoseconds since 1970, for services that ask without a call

	mu     sync.RWMutex
	places map[location]*place
}

type location struct{ account, region string }

// place is the keys of one account in one region.
type place struct {
	location
	mu      sync.Mutex
	keys    map[string]*key   // by id
	aliases map[string]*alias // by name, "alias/…"
}

// New makes a KMS without keys.
func New(auth Authorizer) *KMS {
	return &KMS{auth: auth, places: map[location]*place{}}
}

// place finds or makes the state of a location.
func (x *KMS) place(account, region string) *place {
	l := location{account, region}
	x.mu.RLock()
	p := x.places[l]
	x.mu.RUnlock()
	if p != nil {
		return p
	}
	x.mu.Lock()
	defer x.mu.Unlock()
	if p = x.places[l]; p == nil {
		p = &place{location: l, keys: map[string]*key{}, aliases: map[string]*alias{}}
		x.places[l] = p
	}
	return p
}

// Service lists the operations.
func (x *KMS) Service() service.Service {
	var all []service.Operation
	all = append(all, x.keyOperations()...)
	all = append(all, x.aliasOperations()...)
	all = append(all, x.policyOperations()...)
	all = append(all, x.rotationOperations()...)
	all = append(all, x.grantOperations()...)
	all = append(all, x.tagOperations()...)
	all = append(all, x.cryptOperations()...)
	all = append(all, x.signOperations()...)
	return service.Service{Model: "kms", Prefix: "kms", Operations: all}
}

func (x *KMS) keyOperations() []service.Operation {
	return []service.Operation{
		service.Op("CreateKey", x.createKey),
		service.Op("ListKeys", x.listKeys),
		onKey("DescribeKey", x.describeKey, func(in *awskms.DescribeKeyInput) *string { return in.KeyId }),
		onKey("UpdateKeyDescription", x.updateDescription, func(in *awskms.UpdateKeyDescriptionInput) *string { return in.KeyId }),
		onKey("EnableKey", x.enableKey, func(in *awskms.EnableKeyInput) *string { return in.KeyId }),
		onKey("DisableKey", x.disableKey, func(in *awskms.DisableKeyInput) *string { return in.KeyId }),
		onKey("ScheduleKeyDeletion", x.scheduleDeletion, func(in *awskms.ScheduleKeyDeletionInput) *string { return in.KeyId }),
		onKey("CancelKeyDeletion", x.cancelDeletion, func(in *awskms.CancelKeyDeletionInput) *string { return in.KeyId }),
		onKey("ReplicateKey", x.replicateKey, func(in *awskms.ReplicateKeyInput) *string { return in.KeyId }),
	}
}

// onKey makes an operation on a key, whose policy decides when the handler knows it.
func onKey[I, O any](name string, handle func(*service.Call, *I) (*O, error), ref func(*I) *string) service.Operation {
	return service.On(service.Op(name, handle), func(c *service.Call, in *I) string {
		id := ""
		if p := ref(in); p != nil {
			id = *p
		}
		return requestedARN(c, id)
	})
}
