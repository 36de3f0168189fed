// Package iam simulates AWS Identity and Access Management: roles with trust, inline and attached policies and
// boundaries, managed policies with versions, and the policy simulator. It also decides, for every call that the
// sandbox gets, whether its principal may make it.
package iam

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/base32"
	"sync"

	"github.com/glueguard/glueguard/internal/sandbox/iam/policyeval"
	"github.com/glueguard/glueguard/internal/sandbox/service"
)

// Sessions knows what a temporary access key was narrowed to when it was made.
type Sessions interface {
	// Session returns the session policies (nil: none were given) and the session tags behind an access key.
	Session(accessKeyID string) (policies []*policyeval.Policy, tags map[string]string)
}

// IAM holds the identities of all accounts. It is safe for concurrent use.
type IAM struct {
	sessions Sessions
	aws      map[string]*managed // AWS managed policies by path and name, "service-role/AWSGlueServiceRole"
	parsed   parsed

	mu       sync.RWMutex
	accounts map[string]*account
}

// account is the state of one account. Roles and managed policies are replaced as a whole when they change, so that
// readers need the lock only to find them.
type account struct {
	mu       sync.RWMutex
	roles    map[string]*role    // by name
	policies map[string]*managed // customer managed, by ARN
	control  [][]*policyeval.Policy
}

// New makes an IAM without roles. Sessions may be nil where no temporary keys exist.
func New(sessions Sessions) (*IAM, error) {
	x := &IAM{sessions: sessions, accounts: map[string]*account{}, parsed: parsed{byText: map[parsedKey]*policyeval.Policy{}}}
	var err error
	x.aws, err = loadManaged()
	return x, err
}

// account finds or makes the state of an account.
func (x *IAM) account(id string) *account {
	if a := x.known(id); a != nil {
		return a
	}
	x.mu.Lock()
	defer x.mu.Unlock()
	if a := x.accounts[id]; a != nil {
		return a
	}
	a := &account{roles: map[string]*role{}, policies: map[string]*managed{}}
	x.accounts[id] = a
	return a
}

// known returns nil for an account without any state.
func (x *IAM) known(id string) *account {
	x.mu.RLock()
	defer x.mu.RUnlock()
	return x.accounts[id]
}

// parsedLimit bounds the documents that are kept; beyond it documents are parsed each time they are put.
const parsedLimit = 4096

type parsedKey struct {
	kind   policyeval.Kind
	source string
}

// parsed shares equal documents: a thousand accounts usually have the same few.
type parsed struct {
	mu     sync.Mutex
	byText map[parsedKey]*policyeval.Policy
}

func (p *parsed) parse(source string, kind policyeval.Kind) (*policyeval.Policy, error) {
	key := parsedKey{kind, source}
	p.mu.Lock()
	defer p.mu.Unlock()
	if known := p.byText[key]; known != nil {
		return known, nil
	}
	policy, err := policyeval.Parse(source, kind)
	if err == nil && len(p.byText) < parsedLimit {
		p.byText[key] = policy
	}
	return policy, err
}

// Service lists the operations.
func (x *IAM) Service() service.Service {
	var all []service.Operation
	all = append(all, x.roleOperations()...)
	all = append(all, x.inlineOperations()...)
	all = append(all, x.attachOperations()...)
	all = append(all, x.managedOperations()...)
	all = append(all, x.simulateOperations()...)
	return service.Service{Model: "iam", Prefix: "iam", Operations: all}
}

const idLength = 17

// randomID makes an id such as AROA… or ANPA….
func randomID(prefix string) string { return prefix + rand.Text()[:idLength] }

// seededID makes an id that is always the same for the same resource.
func seededID(prefix, arn string) string {
	sum := sha256.Sum256([]byte(arn))
	return prefix + base32.StdEncoding.EncodeToString(sum[:])[:idLength]
}
