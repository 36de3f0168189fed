package scenario

import (
	"fmt"
	"math/rand/v2"
	"strconv"
	"strings"
	"time"

	orgtypes "github.com/aws/aws-sdk-go-v2/service/organizations/types"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/glue/types"

	"github.com/glueguard/glueguard/internal/sandbox/kms"
	"github.com/glueguard/glueguard/internal/sandbox/s3"
	"github.com/glueguard/glueguard/internal/sandbox/service"
)

// configuration is the name of the security configuration that every location has. What it holds differs.
const configuration = "glue-encryption"

// suspendedFrom is the number of accounts from which on an organization has suspended ones: one in fifty.
const (
	suspendedFrom = 20
	oneSuspended  = 50
)

// lookedAt is the number of locations up to which people look at each: there, every other location has a replica of its
// account's key, so that more than one region has logs under a key. Larger estates have one key for each account.
const lookedAt = 50

// orgAccount is an account of the organization as it is being built.
type orgAccount struct {
	id, name, team, stage string
	key                   string // ARN of its KMS key, in home
	home                  string // region
}

// orgLocation is an account in a region.
type orgLocation struct {
	account *orgAccount
	region  string
	used    map[string]int // names given out so far
}

// buildOrg makes an organization of teams, a part of whose resources are not encrypted.
func buildOrg(c Config, s Services) error {
	random := rand.New(rand.NewPCG(c.Seed, 0x676c7565)) //nolint:gosec // estates must be the same each time
	accounts, err := s.putAccounts(c, random)
	if err != nil {
		return err
	}
	locations := make([]orgLocation, 0, len(accounts)*len(c.Regions))
	for _, region := range c.Regions {
		for _, a := range accounts {
			locations = append(locations, orgLocation{account: a, region: region})
		}
	}
	for i := range locations {
		if err := s.putConfiguration(i, &locations[i], len(locations) <= lookedAt); err != nil {
			return err
		}
	}
	s.enableSecurityHub(accounts, c.Regions)
	o := &orgBuilder{services: s, random: random, roles: map[string]string{}, noEndpoints: map[string]bool{}}
	for _, region := range s.Glue.Settings().NoDevEndpoints {
		o.noEndpoints[region] = true
	}
	for i := range c.Resources {
		round := i / len(locations)
		o.put((i+3*round)%10, &locations[i%len(locations)])
	}
	return nil
}

// enableSecurityHub does so everywhere but in the newest account, which nobody has enrolled yet.
func (s Services) enableSecurityHub(accounts []*orgAccount, regions []string) {
	for i, a := range accounts {
		for _, region := range regions {
			if i == 0 || i < len(accounts)-1 {
				s.SecurityHub.Enable(a.id, region, founded())
			}
		}
	}
}

// putAccounts makes the accounts and returns those that can have resources.
func (s Services) putAccounts(c Config, random *rand.Rand) ([]*orgAccount, error) {
	var active []*orgAccount
	taken := map[string]bool{Management: true}
	for i := range c.Accounts {
		a := &orgAccount{id: Management, name: "management", team: teams()[0], stage: stages()[0], home: c.Regions[i%len(c.Regions)]}
		joined := founded().Add(time.Duration(i) * 26 * time.Hour)
		if i > 0 {
			a.id, a.team = newAccountID(random, taken), teams()[i%len(teams())]
			a.stage = stages()[(i-1)%len(stages())]
			a.name = a.team + "-" + a.stage
			if n := i / (len(teams()) * len(stages())); n > 0 {
				a.name += "-" + strconv.Itoa(n+1)
			}
			state := orgtypes.AccountStateActive
			unit := "Workloads/" + strings.ToUpper(a.stage[:1]) + a.stage[1:]
			if c.Accounts >= suspendedFrom && i%oneSuspended == suspendedFrom-1 {
				state, unit = orgtypes.AccountStateSuspended, "Suspended"
			}
			s.Organizations.PutAccount(a.id, a.name, "aws-"+a.name+"@example.com", state, unit, joined)
			if state == orgtypes.AccountStateSuspended {
				continue
			}
		}
		if err := s.putRoles(c.partition(), a.id, joined); err != nil {
			return nil, err
		}
		if i > 0 {
			if err := s.IAM.PutAccessRole(c.partition(), a.id, accessRole, Management, joined); err != nil {
				return nil, err
			}
		}
		if err := s.putKey(i, a, joined); err != nil {
			return nil, err
		}
		active = append(active, a)
	}
	return active, nil
}

func newAccountID(random *rand.Rand, taken map[string]bool) string {
	for {
		id := fmt.Sprintf("%012d", 200_000_000_000+random.Int64N(700_000_000_000))
		if !taken[id] {
			taken[id] = true
			return id
		}
	}
}

// putKey gives an account its key. Most are as they should be; some don't rotate, some let another account in.
func (s Services) putKey(i int, a *orgAccount, created time.Time) (err error) {
	key := kms.Key{
		Name: "glue", Aliases: []string{"alias/glue"}, Description: "Data at rest of AWS Glue", Policy: keyPolicy(a.id, a.home), Rotation: i%3 != 1,
		Created: created, Tags: map[string]string{"team": a.team}, MultiRegion: true,
	}
	if i%5 == 2 {
		key.Policy = openKeyPolicy(a.id, a.home, "arn:"+service.Partition(a.home)+":iam::"+strangerAccount+":root")
	}
	if a.key, err = s.KMS.PutKey(a.id, a.home, key); err != nil {
		return err
	}
	return s.S3.PutBucket(a.id, a.home, "glue-labels-"+a.id+"-"+a.home, s3.Encryption{Mode: s3.SSEKMS, KMSKey: a.key})
}

// putConfiguration gives a location its security configuration: under the account's key at home, else SSE-S3; one
// location in ten has one that encrypts nothing.
func (s Services) putConfiguration(i int, l *orgLocation, replicas bool) error {
	encryption := plain(s3Block(types.S3EncryptionModeSses3))
	switch {
	case l.region == l.account.home:
		encryption = full(l.account.key)
	case i%10 == 7:
		encryption = plain(s3Block(types.S3EncryptionModeDisabled))
	case replicas && i%2 == 0:
		replica, err := s.KMS.PutKey(l.account.id, l.region, kms.Key{
			ID: l.account.key[strings.LastIndex(l.account.key, "/")+1:], Replica: true, Primary: l.account.home, Aliases: []string{"alias/glue"},
			Description: "Data at rest of AWS Glue", Policy: keyPolicy(l.account.id, l.region), Created: founded(),
		})
		if err != nil {
			return err
		}
		encryption = full(replica)
	}
	s.Glue.PutSecurityConfiguration(l.account.id, l.region, configuration, encryption)
	return nil
}

// orgBuilder spreads resources.
type orgBuilder struct {
	services              Services
	random                *rand.Rand
	endpoints, transforms int
	roles                 map[string]string // ARNs by account, kept once
	noEndpoints           map[string]bool   // regions in which AWS offers no development endpoints
}

// turn says how a resource is encrypted. The resources of a type take turns: four in ten are not encrypted.
type turn int

const (
	configured turn = iota // names the location's configuration
	bare                   // names none
	dangling               // names one that was deleted
	underKey               // transforms: user data under the account's key, where that is in the region
)

func endpointTurns() []turn {
	return []turn{bare, configured, configured, bare, configured, configured, dangling, configured, configured, bare}
}

func transformTurns() []turn {
	return []turn{underKey, bare, configured, underKey, bare, configured, underKey, configured, bare, dangling}
}

// put adds a resource: a transform in three of ten slots, else an endpoint where the region has such.
func (o *orgBuilder) put(slot int, l *orgLocation) {
	role := o.roles[l.account.id]
	if role == "" {
		role = roleARN(service.Partition(l.region), l.account.id)
		o.roles[l.account.id] = role
	}
	if slot == 2 || slot == 5 || slot == 8 || o.noEndpoints[l.region] {
		o.putTransform(l, role)
		return
	}
	o.putEndpoint(l, role)
}

func (o *orgBuilder) putEndpoint(l *orgLocation, role string) {
	t := endpointTurns()[o.endpoints%len(endpointTurns())]
	purpose := endpointPurposes()[o.endpoints%len(endpointPurposes())]
	o.endpoints++
	named := configuration
	switch t {
	case bare:
		named = ""
	case dangling:
		named = "glue-encryption-2021"
	}
	e := endpoint(l.name(l.account.team+"-"+purpose), role, named)
	e.CreatedTimestamp = aws.Time(o.created())
	if o.random.IntN(4) == 0 { // made by number of nodes, on the version that nothing asks for
		e.GlueVersion, e.WorkerType, e.NumberOfWorkers, e.NumberOfNodes = nil, "", nil, 5
	}
	o.services.Glue.PutDevEndpoint(l.account.id, l.region, e, o.tags(l))
}

func (o *orgBuilder) putTransform(l *orgLocation, role string) {
	t := transformTurns()[o.transforms%len(transformTurns())]
	purpose := transformPurposes()[o.transforms%len(transformPurposes())]
	o.transforms++
	var encryption *types.TransformEncryption
	switch {
	case t == underKey && l.region == l.account.home:
		encryption = userData(types.MLUserDataEncryptionModeStringSsekms, l.account.key, configuration)
	case t == underKey || t == configured:
		encryption = userData("", "", configuration)
	case t == dangling:
		encryption = userData(types.MLUserDataEncryptionModeStringDisabled, "", "glue-encryption-2021")
	}
	m := transform(l.name(l.account.team+"-"+purpose), role, encryption)
	m.CreatedOn = aws.Time(o.created())
	if o.random.IntN(5) == 0 { // not taught yet
		m.LabelCount, m.EvaluationMetrics = 0, nil
	}
	taught := m.LabelCount > 0
	id := o.services.Glue.PutMLTransform(l.account.id, l.region, m, o.tags(l))
	if taught && l.region == l.account.home { // where the account's bucket for labels is
		o.services.Glue.PutMLTaskRun(l.account.id, l.region, id, imported("s3://glue-labels-"+l.account.id+"-"+l.region+"/labels/"+*m.Name+".csv", *m.CreatedOn))
	}
}

// name returns a name that is new in the location.
func (l *orgLocation) name(wanted string) string {
	if l.used == nil {
		l.used = map[string]int{}
	}
	l.used[wanted]++
	if n := l.used[wanted]; n > 1 {
		return wanted + "-" + strconv.Itoa(n)
	}
	return wanted
}

// created is a time in the years when such resources were made, to the second.
func (o *orgBuilder) created() time.Time {
	return time.Date(2019, time.March, 4, 7, 0, 0, 0, time.UTC).Add(time.Duration(o.random.IntN(4*365*24*3600)) * time.Second)
}

func (o *orgBuilder) tags(l *orgLocation) map[string]string {
	if o.random.IntN(6) == 0 {
		return nil
	}
	return map[string]string{"team": l.account.team, "env": l.account.stage, "owner": "data-" + l.account.team + "@example.com"}
}

func teams() []string {
	return []string{"platform", "analytics", "marketing", "risk", "finance", "fraud", "logistics", "search", "pricing", "claims"}
}

func stages() []string { return []string{"prod", "dev", "test"} }

func endpointPurposes() []string {
	return []string{"notebook", "etl-dev", "explore", "ingest", "sandbox", "reports", "migration"}
}

func transformPurposes() []string {
	return []string{"customer-match", "vendor-dedup", "address-match", "product-link", "claims-match"}
}
