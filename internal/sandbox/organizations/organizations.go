// Package organizations simulates AWS Organizations: one organization, its root, its units and its accounts.
package organizations

import (
	"crypto/sha256"
	"encoding/hex"
	"strings"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	awsorg "github.com/aws/aws-sdk-go-v2/service/organizations"
	"github.com/aws/aws-sdk-go-v2/service/organizations/types"

	"github.com/glueguard/glueguard/internal/sandbox/service"
)

// Organizations holds one organization, or none. It is safe for concurrent use.
type Organizations struct {
	mu         sync.RWMutex
	management string
	created    bool
	accounts   map[string]*account
	order      []*account // as they joined
	units      map[string]*unit
	unitOrder  []*unit
	requests   map[string]types.CreateAccountStatus
	roles      Roles // nil: accounts are made without
}

// Roles is what a new account needs of IAM.
type Roles interface {
	// PutAccessRole makes the role by which the management account enters a member that it created.
	PutAccessRole(partition, account, role, management string, created time.Time) error
}

type account struct {
	id, name, email, parent string
	state                   types.AccountState
	joined                  time.Time
	invited                 bool
}

type unit struct{ id, name, parent string }

// New makes Organizations without an organization; account is the one of keys that name no account.
func New(account string) *Organizations {
	x := &Organizations{management: account}
	x.clear()
	return x
}

func (x *Organizations) clear() {
	x.accounts, x.units = map[string]*account{}, map[string]*unit{}
	x.requests = map[string]types.CreateAccountStatus{}
	x.order, x.unitOrder = nil, nil
}

// UseRoles has the accounts that CreateAccount makes get their access role. It is for the time before any call.
func (x *Organizations) UseRoles(r Roles) { x.roles = r }

// Management is the management account, also before there is an organization.
func (x *Organizations) Management() string {
	x.mu.RLock()
	defer x.mu.RUnlock()
	return x.management
}

// SetManagement founds the organization.
func (x *Organizations) SetManagement(id, name, email string, at time.Time) {
	x.mu.Lock()
	defer x.mu.Unlock()
	x.found(id, name, email, at)
}

func (x *Organizations) found(id, name, email string, at time.Time) {
	x.clear()
	x.management, x.created = id, true
	x.join(&account{id: id, name: name, email: email, parent: x.rootID(), state: types.AccountStateActive, joined: at, invited: true})
}

// PutAccount adds a member account. The unit is a path of names under the root such as "Workloads/Prod", made as
// needed; empty means the root itself. State is ACTIVE, SUSPENDED, PENDING_CLOSURE, PENDING_ACTIVATION or CLOSED.
func (x *Organizations) PutAccount(id, name, email string, state types.AccountState, unitPath string, joined time.Time) {
	x.mu.Lock()
	defer x.mu.Unlock()
	parent := x.rootID()
	for _, name := range strings.FieldsFunc(unitPath, func(r rune) bool { return r == '/' }) {
		parent = x.unitNamed(parent, name).id
	}
	x.join(&account{id: id, name: name, email: email, parent: parent, state: state, joined: joined})
}

// unitNamed finds or makes a unit.
func (x *Organizations) unitNamed(parent, name string) *unit {
	for _, u := range x.unitOrder {
		if u.parent == parent && u.name == name {
			return u
		}
	}
	return x.addUnit(parent, name)
}

func (x *Organizations) addUnit(parent, name string) *unit {
	u := &unit{id: "ou-" + x.rootID()[len("r-"):] + "-" + x.digest(parent + "/" + name)[:8], name: name, parent: parent}
	x.units[u.id] = u
	x.unitOrder = append(x.unitOrder, u)
	return u
}

func (x *Organizations) join(a *account) {
	if old := x.accounts[a.id]; old != nil {
		*old = *a
		return
	}
	x.accounts[a.id] = a
	x.order = append(x.order, a)
}

// digest makes ids that are the same whenever the same organization is built.
func (x *Organizations) digest(s string) string {
	sum := sha256.Sum256([]byte(x.management + "\x00" + s))
	return hex.EncodeToString(sum[:])
}

func (x *Organizations) id() string     { return "o-" + x.digest("organization")[:10] }
func (x *Organizations) rootID() string { return "r-" + x.digest("root")[:4] }

func (x *Organizations) arn(partition, kind string) string {
	return "arn:" + partition + ":organizations::" + x.management + ":" + kind
}

// Service lists the operations.
func (x *Organizations) Service() service.Service {
	return service.Service{Model: "organizations", Prefix: "organizations", Operations: []service.Operation{
		service.Op("DescribeOrganization", x.describeOrganization),
		service.Op("CreateOrganization", x.createOrganization),
		service.Op("ListAccounts", x.listAccounts),
		service.On(service.Op("DescribeAccount", x.describeAccount), func(c *service.Call, in *awsorg.DescribeAccountInput) string {
			return x.resource(c.Partition, "account", aws.ToString(in.AccountId))
		}),
		service.Op("CreateAccount", x.createAccount),
		service.Op("DescribeCreateAccountStatus", x.describeCreateAccountStatus),
		service.Op("MoveAccount", x.moveAccount),
		service.Op("ListRoots", x.listRoots),
		service.Op("ListParents", x.listParents),
		service.Op("ListChildren", x.listChildren),
		service.Op("ListAccountsForParent", x.listAccountsForParent),
		service.Op("ListOrganizationalUnitsForParent", x.listUnits),
		service.Op("CreateOrganizationalUnit", x.createUnit),
		service.On(service.Op("DescribeOrganizationalUnit", x.describeUnit), func(c *service.Call, in *awsorg.DescribeOrganizationalUnitInput) string {
			return x.resource(c.Partition, "ou", aws.ToString(in.OrganizationalUnitId))
		}),
		service.On(service.Op("DeleteOrganizationalUnit", x.deleteUnit), func(c *service.Call, in *awsorg.DeleteOrganizationalUnitInput) string {
			return x.resource(c.Partition, "ou", aws.ToString(in.OrganizationalUnitId))
		}),
	}}
}

func (x *Organizations) resource(partition, kind, id string) string {
	x.mu.RLock()
	defer x.mu.RUnlock()
	return x.arn(partition, kind+"/"+x.id()+"/"+id)
}

func notInUse() *service.Error {
	return service.Errorf("AWSOrganizationsNotInUseException", "Your account is not a member of an organization.")
}

// member refuses accounts outside the organization; the lock is held.
func (x *Organizations) member(c *service.Call) *service.Error {
	if !x.created || x.accounts[c.Account] == nil {
		return notInUse()
	}
	return nil
}

// manager refuses all but the management account; the lock is held.
func (x *Organizations) manager(c *service.Call) *service.Error {
	if err := x.member(c); err != nil {
		return err
	}
	if c.Account != x.management {
		return service.Errorf("AccessDeniedException", "You don't have permissions to access this resource.")
	}
	return nil
}

func (x *Organizations) describeOrganization(c *service.Call, _ *awsorg.DescribeOrganizationInput) (*awsorg.DescribeOrganizationOutput, error) {
	x.mu.RLock()
	defer x.mu.RUnlock()
	if err := x.member(c); err != nil {
		return nil, err
	}
	return &awsorg.DescribeOrganizationOutput{Organization: x.describe(c.Partition)}, nil
}

func (x *Organizations) describe(partition string) *types.Organization {
	return &types.Organization{
		Id: aws.String(x.id()), Arn: aws.String(x.arn(partition, "organization/"+x.id())), FeatureSet: types.OrganizationFeatureSetAll,
		MasterAccountId: aws.String(x.management), MasterAccountEmail: aws.String(x.accounts[x.management].email),
		MasterAccountArn: aws.String(x.accountARN(partition, x.management)), AvailablePolicyTypes: x.policyTypes(),
	}
}

func (x *Organizations) policyTypes() []types.PolicyTypeSummary {
	return []types.PolicyTypeSummary{{Type: types.PolicyTypeServiceControlPolicy, Status: types.PolicyTypeStatusEnabled}}
}

func (x *Organizations) createOrganization(c *service.Call, in *awsorg.CreateOrganizationInput) (*awsorg.CreateOrganizationOutput, error) {
	x.mu.Lock()
	defer x.mu.Unlock()
	if x.created && x.accounts[c.Account] != nil {
		return nil, service.Errorf("AlreadyInOrganizationException", "The AWS account is already a member of an organization.")
	}
	if x.created {
		return nil, service.Errorf("ConstraintViolationException", "The sandbox holds one organization, and there is one already.")
	}
	x.found(c.Account, "management", "management@example.com", c.Now)
	return &awsorg.CreateOrganizationOutput{Organization: x.describe(c.Partition)}, nil
}
