// Package glue is AWS Glue in memory: development endpoints, security configurations, machine learning transforms with
// their task runs and labels, tags, and the other resources that can name a security configuration (jobs, crawlers,
// triggers, sessions, data quality rulesets, column statistics settings, the data catalog).
//
// It refuses what AWS refuses. Where AWS documents no behaviour, the choice made here is the stricter one, so that a
// client that works here does not depend on luck; each such choice says "unconfirmed" where it is made.
//
// Nothing runs in the background. A resource remembers when its state is due to change, and a call that looks at it
// makes the changes that are due by the call's own time.
//
// Values that handlers give out share memory with what is stored. They stay valid because stored maps, slices and
// pointers are replaced, never edited.
package glue

import (
	"sync"
	"sync/atomic"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/glue/types"

	"github.com/glueguard/glueguard/internal/sandbox/service"
)

// servicePrincipal is whom the role of a Glue resource must trust.
const servicePrincipal = "glue.amazonaws.com"

// Roles answers what IAM knows about the role that a Glue resource is given.
type Roles interface {
	// TrustsService tells whether the role exists and its trust policy lets the service principal assume it.
	TrustsService(account, roleARN, servicePrincipal string) bool
}

// Subnets answers what EC2 knows about the subnet that a development endpoint is put into.
type Subnets interface {
	// Subnet describes a subnet: its VPC, its availability zone, and whether S3 can be reached from it.
	Subnet(account, region, subnetID string) (vpcID, zone string, reachesS3, found bool)
	// Occupy takes n free addresses for an owner and returns the first; false, and none is taken, when there are fewer.
	Occupy(account, region, subnetID, owner string, n int) (address string, ok bool)
	// Release gives back what the owner occupies.
	Release(account, region, subnetID, owner string)
}

// Objects is S3 as far as label files need it.
type Objects interface {
	// BucketRegion returns the region of a bucket that the account can use.
	BucketRegion(account, bucket string) (region string, found bool)
	ReadObject(account, bucket, key string) ([]byte, error)
	// WriteObject stores an object; mode is "", SSE-S3 or SSE-KMS, and empty means the bucket's default encryption.
	WriteObject(account, bucket, key string, body []byte, mode, kmsKey string) error
}

// Keys is KMS as far as what encrypts with a key needs it.
type Keys interface {
	// Refusal says why KMS won't let a role encrypt with a key, named by id, ARN or alias; empty: it lets it.
	Refusal(account, region, roleARN, key string) string
}

// RolePolicies decides what a role may do when Glue has assumed it.
type RolePolicies interface {
	// Allows tells whether the role's own policies allow an action on a resource.
	Allows(account, roleARN, action, resource string, keys map[string][]string) bool
}

// Permissions decides what a call needs beside its own permission.
type Permissions interface {
	// AuthorizeWith returns nil when the caller may take the action on the resource, else AWS's refusal. The keys are
	// condition keys of this request, such as iam:PassedToService, beside those that every request has.
	AuthorizeWith(c *service.Call, action, resource string, keys map[string][]string) *service.Error
}

// Options are what a Glue is made of. Each dependency may be nil; what it would decide is then allowed.
type Options struct {
	Roles   Roles
	Subnets Subnets
	Objects Objects
	Keys    Keys
	// RolePolicies is asked before a task run, a job run or an endpoint works with its role on S3 or with a transform.
	RolePolicies RolePolicies
	// Permissions is asked for iam:PassRole on the role that a call passes, and for glue:TagResource when a create
	// gives tags.
	Permissions Permissions
	Settings    Settings
}

// Glue holds the resources of every account and region. It is safe for concurrent use.
type Glue struct {
	roles       Roles
	subnets     Subnets
	objects     Objects
	keys        Keys
	policies    RolePolicies
	permissions Permissions
	settings    atomic.Pointer[Settings]

	changing sync.Mutex // one change of settings at a time

	mu        sync.RWMutex
	locations map[place]*location
}

// New makes an empty Glue.
func New(o Options) *Glue {
	g := &Glue{
		roles: o.Roles, subnets: o.Subnets, objects: o.Objects, keys: o.Keys, policies: o.RolePolicies, permissions: o.Permissions,
		locations: map[place]*location{},
	}
	s := o.Settings.withDefaults()
	g.settings.Store(&s)
	return g
}

// Settings returns the settings in force.
func (g *Glue) Settings() Settings { return *g.settings.Load() }

// Change edits the settings while Glue runs. State changes that already have a due time keep it.
func (g *Glue) Change(edit func(*Settings)) {
	g.changing.Lock()
	defer g.changing.Unlock()
	s := *g.settings.Load()
	edit(&s)
	s = s.withDefaults()
	g.settings.Store(&s)
}

// roleMay tells whether a role of a location may take an action. A role may be named without its ARN, as jobs do.
func (g *Glue) roleMay(l *location, role *string, action, resource string) bool {
	return g.policies == nil || g.policies.Allows(l.account, roleARN(service.Partition(l.region), l.account, deref(role)), action, resource, nil)
}

// objectARN names an S3 object of the location's partition.
func (l *location) objectARN(p s3Path) string {
	return "arn:" + service.Partition(l.region) + ":s3:::" + p.bucket + "/" + p.key
}

// place is one account in one region.
type place struct{ account, region string }

// location is the state of one place. It exists only once something was created there.
type location struct {
	mu sync.Mutex
	place
	created uint64 // resources ever made here; makes ids unique

	endpoints   table[endpoint]
	configs     table[securityConfiguration]
	transforms  table[transform]
	jobs        table[job]
	crawlers    table[crawler]
	triggers    table[trigger]
	sessions    table[session]
	rulesets    table[ruleset]
	statistics  table[columnStatistics]
	schemas     table[schema]
	catalog     *catalogSettings
	seeded      Quotas                              // how many of each were seeded; see Quotas
	endpointDue time.Time                           // when the next endpoint changes state; zero: none will
	changing    map[string]struct{}                 // ids of transforms that have state changes to come
	quality     map[uint32]types.FindMatchesMetrics // of exported labels, by their sum
}

// locked returns the locked location of a call, or nil when nothing was ever created there.
func (g *Glue) locked(c *service.Call) *location {
	g.mu.RLock()
	l := g.locations[place{c.Account, c.Region}]
	g.mu.RUnlock()
	if l != nil {
		l.mu.Lock()
	}
	return l
}

// made returns the locked location of a place, making it when needed.
func (g *Glue) made(account, region string) *location {
	p := place{account, region}
	g.mu.RLock()
	l := g.locations[p]
	g.mu.RUnlock()
	if l == nil {
		g.mu.Lock()
		if l = g.locations[p]; l == nil {
			l = &location{place: p}
			g.locations[p] = l
		}
		g.mu.Unlock()
	}
	l.mu.Lock()
	return l
}
