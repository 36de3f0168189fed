package kms

import (
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/kms/types"

	"github.com/glueguard/glueguard/internal/sandbox/iam/policyeval"
	"github.com/glueguard/glueguard/internal/sandbox/service"
)

// requirement is what an operation asks of a key before it does anything.
type requirement struct {
	// home: the key must belong to the caller's account.
	home bool
	// byID: an alias is no way to name the key.
	byID bool
	// states that the operation works in; empty means all.
	states []types.KeyState
	// kind refuses keys that the operation is not for, before their state matters; nil means any.
	kind func(*key) *service.Error
	// usage that the key must have; empty means any.
	usage types.KeyUsageType
	// context holds condition keys that only this operation has.
	context policyeval.Map
	// encryption is the encryption context of a cryptographic operation.
	encryption map[string]string
	// dryRun ends the operation once all else has been checked.
	dryRun *bool
}

// isKeyID tells a UUID, or mrk- and 32 digits, from other text.
func isKeyID(s string) bool {
	if len(s) != 36 {
		return false
	}
	multi := strings.HasPrefix(s, "mrk-")
	for i := range len(s) {
		dash := i == 8 || i == 13 || i == 18 || i == 23
		switch {
		case multi && i < 4:
		case !multi && dash:
			if s[i] != '-' {
				return false
			}
		case (s[i] < '0' || s[i] > '9') && (s[i] < 'a' || s[i] > 'f'):
			return false
		}
	}
	return true
}

// usable states let a key encrypt or sign; steady ones let it be managed.
func usable() []types.KeyState {
	return []types.KeyState{types.KeyStateEnabled, types.KeyStateUpdating}
}

func steady() []types.KeyState {
	return []types.KeyState{types.KeyStateEnabled, types.KeyStateDisabled, types.KeyStatePendingImport, types.KeyStateUnavailable}
}

// reference is a parsed KeyId: an id or an alias of a location.
type reference struct {
	account, region string
	id              string // empty when there is an alias
	alias           string // "alias/…"
}

// requestedARN names what a caller asks for, found or not.
func requestedARN(c *service.Call, ref string) string {
	if strings.HasPrefix(ref, "arn:") && strings.Contains(ref, ":key/") {
		return ref
	}
	return keyARN(c.Partition, c.Account, c.Region, ref)
}

func parseReference(c *service.Call, ref string) (reference, *service.Error) {
	r := reference{account: c.Account, region: c.Region}
	if strings.HasPrefix(ref, "arn:") {
		f := strings.SplitN(ref, ":", 6)
		if len(f) != 6 || f[2] != "kms" {
			return r, refused("InvalidArnException", "Invalid arn %s", ref)
		}
		if f[3] != c.Region {
			return r, refused("NotFoundException", "Invalid arn %s", f[3])
		}
		r.account, ref = f[4], strings.TrimPrefix(f[5], "key/")
	}
	switch {
	case strings.HasPrefix(ref, "alias/"):
		r.alias = ref
	case isKeyID(ref):
		r.id = ref
	default:
		return r, refused("NotFoundException", "Invalid keyId '%s'", ref)
	}
	return r, nil
}

// with finds a key, asks whether the caller may do c.Operation with it and whether its state permits, and then calls
// f with the lock of the key's place held.
func (x *KMS) with(c *service.Call, ref *string, need requirement, f func(*place, *key) *service.Error) error {
	r, err := parseReference(c, aws.ToString(ref))
	if err != nil {
		return err
	}
	if r.alias != "" && need.byID {
		return refused("NotFoundException", "Invalid keyId '%s'", r.alias)
	}
	x.seen.Store(c.Now.UnixNano())
	p := x.place(r.account, r.region)
	p.mu.Lock()
	defer p.mu.Unlock()
	k, err := x.find(c, p, r)
	if err != nil {
		return err
	}
	if err := x.permit(c, k, need, r.alias); err != nil {
		return err
	}
	if need.kind != nil {
		if err := need.kind(k); err != nil {
			return err
		}
	}
	if err := k.check(c.Operation, need); err != nil {
		return err
	}
	if aws.ToBool(need.dryRun) {
		return wouldHaveSucceeded()
	}
	if err := f(p, k); err != nil {
		return err
	}
	return nil
}

// find resolves a reference; keys of other accounts are not told apart from keys that don't exist.
func (x *KMS) find(c *service.Call, p *place, r reference) (*key, *service.Error) {
	id := r.id
	if r.alias != "" {
		a := p.alias(c, x, r.alias)
		if a == nil || a.target == "" {
			if r.account != c.Account {
				return nil, unreachable(c, aliasARN(c.Partition, p.location, r.alias))
			}
			return nil, noAlias(aliasARN(c.Partition, p.location, r.alias))
		}
		id = a.target
	}
	k := p.live(id, c)
	if k == nil {
		arn := keyARN(c.Partition, r.account, r.region, id)
		if r.account != c.Account {
			return nil, unreachable(c, arn)
		}
		return nil, noKey(arn)
	}
	return k, nil
}

// live returns nil for keys that are unknown or whose waiting period has ended.
func (p *place) live(id string, c *service.Call) *key {
	k := p.keys[id]
	if k == nil {
		return nil
	}
	if k.gone(c.Now) {
		p.forget(k)
		return nil
	}
	k.expire(c.Now)
	return k
}

func (p *place) forget(k *key) {
	delete(p.keys, k.id)
	for name, a := range p.aliases {
		if a.target == k.id {
			delete(p.aliases, name)
		}
	}
	k.family.mu.Lock()
	defer k.family.mu.Unlock()
	k.family.replicas = slices.DeleteFunc(k.family.replicas, func(r string) bool { return r == k.region })
}

func unreachable(c *service.Call, arn string) *service.Error {
	return refused("AccessDeniedException", "User: %s is not authorized to perform: kms:%s on resource: %s because the resource does not exist in this Region, no resource-based policies allow access, or a resource-based policy explicitly denies access", c.Principal.ARN, c.Operation, arn)
}

// permit asks the key policy, the caller's own policies where the key policy delegates to them, and grants.
func (x *KMS) permit(c *service.Call, k *key, need requirement, alias string) *service.Error {
	return x.permitAction(c, k, "kms:"+c.Operation, need, alias)
}

func (x *KMS) permitAction(c *service.Call, k *key, action string, need requirement, alias string) *service.Error {
	access := policyeval.Access{
		Action: action, Resource: k.arn(), Account: k.account, Policy: k.policy,
		Context: &keyContext{call: c, key: k, need: &need, alias: alias},
	}
	result := x.auth.Decide(c, access)
	switch {
	case result.Decision == policyeval.Allowed && (!need.home || k.account == c.Account):
		return nil
	case result.Decision == policyeval.ImplicitDeny && k.granted(c, action, need.encryption):
		return nil
	case k.account != c.Account && (result.Layer == policyeval.LayerResource || result.Decision == policyeval.Allowed):
		return unreachable(c, k.arn())
	}
	return x.auth.Refusal(c, access, result)
}

// check refuses what the key's state or usage does not permit.
func (k *key) check(operation string, need requirement) *service.Error {
	if len(need.states) > 0 && !slices.Contains(need.states, k.state) {
		return k.wrongState()
	}
	if need.usage != "" && k.usage != need.usage {
		return refused("InvalidKeyUsageException", "%s key usage is %s which is not valid for %s.", k.arn(), k.usage, operation)
	}
	return nil
}

func (k *key) wrongState() *service.Error {
	switch k.state {
	case types.KeyStateDisabled:
		return refused("DisabledException", "%s is disabled.", k.arn())
	case types.KeyStatePendingDeletion:
		return invalidState(k.arn(), "pending deletion")
	case types.KeyStatePendingReplicaDeletion:
		return invalidState(k.arn(), "pending replica deletion")
	case types.KeyStatePendingImport:
		return invalidState(k.arn(), "pending import")
	case types.KeyStateCreating:
		return invalidState(k.arn(), "creating")
	case types.KeyStateUpdating:
		return invalidState(k.arn(), "updating")
	case types.KeyStateUnavailable:
		return invalidState(k.arn(), "unavailable")
	default:
		return invalidState(k.arn(), "enabled")
	}
}

// keyContext answers KMS's own condition keys.
type keyContext struct {
	call  *service.Call
	key   *key
	need  *requirement
	alias string
}

// Values implements policyeval.Context.
func (x *keyContext) Values(name string) ([]string, bool) {
	if v, ok := x.need.context[name]; ok {
		return v, true
	}
	if tag, ok := strings.CutPrefix(name, "aws:resourcetag/"); ok {
		return byFoldedKey(x.key.tags, tag)
	}
	if entry, ok := strings.CutPrefix(name, "kms:encryptioncontext:"); ok {
		return byFoldedKey(x.need.encryption, entry)
	}
	if name == "kms:encryptioncontextkeys" {
		var keys []string
		for k := range x.need.encryption {
			keys = append(keys, k)
		}
		return keys, len(keys) > 0
	}
	v := x.value(name)
	return []string{v}, v != ""
}

func (x *keyContext) value(name string) string {
	switch name {
	case "kms:calleraccount":
		return x.call.Account
	case "kms:keyspec":
		return string(x.key.spec)
	case "kms:keyusage":
		return string(x.key.usage)
	case "kms:keyorigin":
		return string(x.key.origin)
	case "kms:multiregion":
		if x.key.family.multi {
			return "true"
		}
		return "false"
	case "kms:requestalias":
		return x.alias
	default:
		return ""
	}
}

func byFoldedKey(m map[string]string, folded string) ([]string, bool) {
	for k, v := range m {
		if strings.EqualFold(k, folded) {
			return []string{v}, true
		}
	}
	return nil, false
}
