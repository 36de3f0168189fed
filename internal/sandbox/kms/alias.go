package kms

import (
	"crypto/sha256"
	"maps"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	awskms "github.com/aws/aws-sdk-go-v2/service/kms"
	"github.com/aws/aws-sdk-go-v2/service/kms/types"

	"github.com/glueguard/glueguard/internal/sandbox/service"
)

type alias struct {
	name             string // "alias/…"
	target           string // key id; empty for a predefined alias not used yet
	created, updated time.Time
}

func aliasARN(partition string, l location, name string) string {
	return "arn:" + partition + ":kms:" + l.region + ":" + l.account + ":" + name
}

const (
	predefinedPrefix = "alias/aws/"
	aliasesPerPage   = 50
	mostAliases      = 100
	aliasesPerKey    = 50
)

// predefined are the aliases of AWS managed keys that every location has, before their keys exist.
func predefined() []string {
	return []string{"alias/aws/dynamodb", "alias/aws/ebs", "alias/aws/glue", "alias/aws/rds", "alias/aws/redshift", "alias/aws/s3"}
}

// alias finds an alias. Asking for a predefined one makes its AWS managed key, as at AWS; x is nil where that must not happen.
func (p *place) alias(c *service.Call, x *KMS, name string) *alias {
	if a := p.aliases[name]; a != nil {
		return a
	}
	if x == nil || !slices.Contains(predefined(), name) || c.Account != p.account {
		return nil
	}
	k := x.managedKey(c, p, strings.TrimPrefix(name, predefinedPrefix))
	p.keys[k.id] = k
	a := &alias{name: name, target: k.id, created: c.Now, updated: c.Now}
	p.aliases[name] = a
	return a
}

// managedKey makes the key that AWS keeps for one of its services.
func (x *KMS) managedKey(c *service.Call, p *place, name string) *key {
	k := &key{
		location: p.location, partition: c.Partition, created: c.Now, state: types.KeyStateEnabled,
		description: "Default key that protects my " + name + " data when no other key is defined",
		spec:        types.KeySpecSymmetricDefault, usage: types.KeyUsageTypeEncryptDecrypt, origin: types.OriginTypeAwsKms,
		manager: types.KeyManagerTypeAws, grants: map[string]*grant{}, tags: map[string]string{},
		family: &family{primary: p.region, rotation: rotation{enabled: true, days: defaultPeriod, since: c.Now}},
	}
	sum := sha256.Sum256([]byte(p.account + p.region + name))
	k.id = formatID([16]byte(sum[:16]), false)
	k.family.material.seeded(k.arn())
	k.policy = managedPolicy(k, name)
	return k
}

func (x *KMS) aliasOperations() []service.Operation {
	return []service.Operation{
		service.Op("ListAliases", x.listAliases),
		onAlias("CreateAlias", x.createAlias, func(in *awskms.CreateAliasInput) *string { return in.AliasName }),
		onAlias("UpdateAlias", x.updateAlias, func(in *awskms.UpdateAliasInput) *string { return in.AliasName }),
		onAlias("DeleteAlias", x.deleteAlias, func(in *awskms.DeleteAliasInput) *string { return in.AliasName }),
	}
}

// onAlias makes an operation that needs permission on the alias by IAM, and on its key by the key's policy.
func onAlias[I, O any](name string, handle func(*service.Call, *I) (*O, error), alias func(*I) *string) service.Operation {
	return service.On(service.Op(name, handle), func(c *service.Call, in *I) string {
		return aliasARN(c.Partition, location{c.Account, c.Region}, aws.ToString(alias(in)))
	})
}

var aliasSyntax = regexp.MustCompile(`^alias/[a-zA-Z0-9/_-]{1,250}$`)

func checkAlias(name string) *service.Error {
	switch {
	case !strings.HasPrefix(name, "alias/"):
		return invalid("Invalid identifier")
	case !aliasSyntax.MatchString(name):
		return invalid("1 validation error detected: Value '%s' at 'aliasName' failed to satisfy constraint: Member must satisfy regular expression pattern: ^[a-zA-Z0-9:/_-]+$", name)
	case strings.HasPrefix(name, predefinedPrefix):
		return refused("NotAuthorizedException", "Aliases that begin with alias/aws/ are reserved.")
	}
	return nil
}

func (x *KMS) createAlias(c *service.Call, in *awskms.CreateAliasInput) (*awskms.CreateAliasOutput, error) {
	name := aws.ToString(in.AliasName)
	if err := checkAlias(name); err != nil {
		return nil, err
	}
	if strings.Contains(aws.ToString(in.TargetKeyId), "alias/") {
		return nil, invalid("Aliases must refer to keys. Not aliases")
	}
	need := requirement{home: true, byID: true, states: steady()}
	return &awskms.CreateAliasOutput{}, x.with(c, in.TargetKeyId, need, func(p *place, k *key) *service.Error {
		if p.aliases[name] != nil {
			return refused("AlreadyExistsException", "An alias with the name %s already exists", aliasARN(c.Partition, p.location, name))
		}
		if len(p.aliasesOf(k.id)) == aliasesPerKey {
			return refused("LimitExceededException", "The key %s has reached the limit of %d aliases.", k.arn(), aliasesPerKey)
		}
		p.aliases[name] = &alias{name: name, target: k.id, created: c.Now, updated: c.Now}
		return nil
	})
}

func (p *place) aliasesOf(id string) []*alias {
	var of []*alias
	for _, name := range slices.Sorted(maps.Keys(p.aliases)) {
		if a := p.aliases[name]; a.target == id {
			of = append(of, a)
		}
	}
	return of
}

func (x *KMS) updateAlias(c *service.Call, in *awskms.UpdateAliasInput) (*awskms.UpdateAliasOutput, error) {
	name := aws.ToString(in.AliasName)
	if err := checkAlias(name); err != nil {
		return nil, err
	}
	need := requirement{home: true, byID: true, states: steady()}
	return &awskms.UpdateAliasOutput{}, x.with(c, in.TargetKeyId, need, func(p *place, k *key) *service.Error {
		a := p.aliases[name]
		if a == nil {
			return noAlias(aliasARN(c.Partition, p.location, name))
		}
		if old := p.live(a.target, c); old != nil {
			if err := x.permit(c, old, need, ""); err != nil {
				return err
			}
			if old.usage != k.usage {
				return invalid("The new and current keys of an alias must have the same key usage.")
			}
		}
		a.target, a.updated = k.id, c.Now
		return nil
	})
}

func (x *KMS) deleteAlias(c *service.Call, in *awskms.DeleteAliasInput) (*awskms.DeleteAliasOutput, error) {
	name := aws.ToString(in.AliasName)
	if err := checkAlias(name); err != nil {
		return nil, err
	}
	p := x.place(c.Account, c.Region)
	p.mu.Lock()
	defer p.mu.Unlock()
	a := p.aliases[name]
	if a == nil {
		return nil, noAlias(aliasARN(c.Partition, p.location, name))
	}
	if k := p.live(a.target, c); k != nil {
		if err := x.permit(c, k, requirement{home: true}, ""); err != nil {
			return nil, err
		}
	}
	delete(p.aliases, name)
	return &awskms.DeleteAliasOutput{}, nil
}

func (x *KMS) listAliases(c *service.Call, in *awskms.ListAliasesInput) (*awskms.ListAliasesOutput, error) {
	p := x.place(c.Account, c.Region)
	p.mu.Lock()
	defer p.mu.Unlock()
	var all []*alias
	if in.KeyId != nil {
		r, err := parseReference(c, *in.KeyId)
		if err != nil {
			return nil, err
		}
		if k := p.live(r.id, c); k == nil || r.account != c.Account {
			return nil, noKey(keyARN(c.Partition, r.account, r.region, r.id))
		}
		all = p.aliasesOf(r.id)
	} else {
		all = p.allAliases()
	}
	cut, next, err := page(all, func(a *alias) string { return a.name }, in.Limit, aliasesPerPage, mostAliases, in.Marker)
	if err != nil {
		return nil, err
	}
	out := &awskms.ListAliasesOutput{Aliases: []types.AliasListEntry{}, NextMarker: next, Truncated: next != nil}
	for _, a := range cut {
		out.Aliases = append(out.Aliases, a.describe(c.Partition, p.location))
	}
	return out, nil
}

// allAliases has the predefined ones too.
func (p *place) allAliases() []*alias {
	names := append(slices.Collect(maps.Keys(p.aliases)), predefined()...)
	slices.Sort(names)
	var all []*alias
	for _, name := range slices.Compact(names) {
		a := p.aliases[name]
		if a == nil {
			a = &alias{name: name}
		}
		all = append(all, a)
	}
	return all
}

func (a *alias) describe(partition string, l location) types.AliasListEntry {
	e := types.AliasListEntry{AliasName: aws.String(a.name), AliasArn: aws.String(aliasARN(partition, l, a.name))}
	if a.target != "" {
		e.TargetKeyId, e.CreationDate, e.LastUpdatedDate = aws.String(a.target), aws.Time(a.created), aws.Time(a.updated)
	}
	return e
}
