package awsapi

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/account"
	"github.com/aws/aws-sdk-go-v2/service/glue"
	"github.com/aws/aws-sdk-go-v2/service/kms"
	"github.com/aws/aws-sdk-go-v2/service/organizations"
	"github.com/aws/aws-sdk-go-v2/service/resourcegroupstaggingapi"
	"github.com/aws/aws-sdk-go-v2/service/sts"
	smithyhttp "github.com/aws/smithy-go/transport/http"

	"github.com/glueguard/glueguard/internal/resource"
)

const (
	// renewBefore is how long before their end credentials are taken anew: longer than any one call can take.
	renewBefore = 5 * time.Minute
	sessionName = "glueguard"
)

// Account is one AWS account and the credentials to act in it. The caller's own account uses the caller's
// credentials, any other the role of the session's Options.
type Account struct {
	session *Session
	id      string // of the caller's own account: "" until Caller has answered, guarded by session.mu
	own     bool
	users   int // acquired and not released; guarded by session.mu

	creds   flight[aws.Credentials]
	schemes []smithyhttp.AuthScheme // how its calls are signed

	mu       sync.Mutex
	limiters map[string]*limiter // by region
}

// Acquire returns the account of an id, the same one to all who hold it. Its credentials and what was learned of its
// rate limits are dropped when the last holder releases it. It calls nothing: Enter does.
func (s *Session) Acquire(id string) *Account {
	s.mu.Lock()
	defer s.mu.Unlock()
	if id == s.home.id {
		return s.home
	}
	a := s.accounts[id]
	if a == nil {
		a = &Account{session: s, id: id, schemes: signing(), limiters: map[string]*limiter{}}
		s.accounts[id] = a
	}
	a.users++
	return a
}

// signing returns the SDK's signing for one account alone. A signer keeps one derived key for each service and region,
// and derives another under its lock for other credentials: one signer for many accounts would do so at every call.
func signing() []smithyhttp.AuthScheme { return glue.New(glue.Options{}).Options().AuthSchemes }

// Release gives up what Acquire returned.
func (a *Account) Release() {
	if a.own {
		return
	}
	a.session.mu.Lock()
	defer a.session.mu.Unlock()
	if a.users--; a.users == 0 {
		delete(a.session.accounts, a.id)
	}
}

// Enter makes sure that there are credentials for the account, by assuming the role where it is not the caller's own.
func (a *Account) Enter(ctx context.Context) error { return a.fresh(ctx) }

// fresh renews the credentials when they are about to end. It must be called before a call takes its place in flight,
// since taking credentials is a call itself.
func (a *Account) fresh(ctx context.Context) error {
	if a.own {
		if _, err := a.session.chain.Retrieve(ctx); err != nil {
			if ctx.Err() != nil {
				return interrupted(ctx)
			}
			err := &CredentialsError{Operation: "credentials", Err: err}
			a.session.noteEnd(err)
			return err
		}
		return nil
	}
	_, err := a.creds.do(ctx, func(c aws.Credentials) bool { return lasts(c, renewBefore) }, a.assume)
	if err != nil && ctx.Err() == nil {
		if c, held := a.creds.last(); held && lasts(c, renewBefore/5) {
			return nil // renewing failed, and the old ones still serve this call
		}
	}
	return err
}

func lasts(c aws.Credentials, d time.Duration) bool { return !c.CanExpire || time.Until(c.Expires) > d }

// Retrieve returns the credentials in force, for the SDK to sign with.
func (a *Account) Retrieve(ctx context.Context) (aws.Credentials, error) {
	if a.own {
		return a.session.chain.Retrieve(ctx)
	}
	c, _ := a.creds.last()
	return c, nil
}

func (a *Account) assume(ctx context.Context) (aws.Credentials, error) {
	const operation = "sts:AssumeRole"
	s := a.session
	if s.opts.Role == "" {
		return aws.Credentials{}, &operationError{operation, &RoleMissingError{Account: a.id}}
	}
	caller, err := s.Caller(ctx)
	if err != nil {
		return aws.Credentials{}, err
	}
	in := &sts.AssumeRoleInput{
		RoleArn:         aws.String(fmt.Sprintf("arn:%s:iam::%s:role/%s", caller.Partition, a.id, s.opts.Role)),
		RoleSessionName: aws.String(sessionName),
	}
	if s.opts.ExternalID != "" {
		in.ExternalId = &s.opts.ExternalID
	}
	p := s.home.At(s.Region())
	out, err := Read(ctx, p, operation, s.sts.AssumeRole, in, p.sts())
	if err != nil {
		return aws.Credentials{}, &operationError{operation, err}
	}
	c := out.Credentials
	if c == nil || c.AccessKeyId == nil || c.SecretAccessKey == nil {
		return aws.Credentials{}, &operationError{operation, errNoCredentials}
	}
	return aws.Credentials{
		AccessKeyID:     *c.AccessKeyId,
		SecretAccessKey: *c.SecretAccessKey,
		SessionToken:    aws.ToString(c.SessionToken),
		CanExpire:       c.Expiration != nil,
		Expires:         aws.ToTime(c.Expiration),
		AccountID:       a.id,
	}, nil
}

var errNoCredentials = errors.New("the answer holds no credentials")

// limiter returns the account's limiter of a region.
func (a *Account) limiter(region string) *limiter {
	a.mu.Lock()
	defer a.mu.Unlock()
	l := a.limiters[region]
	if l == nil {
		l = newLimiter()
		a.limiters[region] = l
	}
	return l
}

// Place is a location with what its calls need: credentials, pace, and the options that point a shared client at it.
type Place struct {
	Location resource.Location
	Glue     []func(*glue.Options)
	KMS      []func(*kms.Options)
	Tagging  []func(*resourcegroupstaggingapi.Options)

	account *Account
	limiter *limiter
}

// At returns the account in a region. Make it once for many calls.
func (a *Account) At(region string) *Place {
	return &Place{
		Location: a.location(region),
		Glue:     []func(*glue.Options){func(o *glue.Options) { o.Region, o.Credentials, o.AuthSchemes = region, a, a.schemes }},
		KMS:      []func(*kms.Options){func(o *kms.Options) { o.Region, o.Credentials, o.AuthSchemes = region, a, a.schemes }},
		Tagging: []func(*resourcegroupstaggingapi.Options){
			func(o *resourcegroupstaggingapi.Options) {
				o.Region, o.Credentials, o.AuthSchemes = region, a, a.schemes
			},
		},
		account: a,
		limiter: a.limiter(region),
	}
}

func (a *Account) location(region string) resource.Location {
	a.session.mu.Lock()
	defer a.session.mu.Unlock()
	return resource.Location{Partition: a.session.partition, Account: a.id, Region: region}
}

func (p *Place) sts() []func(*sts.Options) {
	return []func(*sts.Options){func(o *sts.Options) { o.Region, o.Credentials = p.Location.Region, p.account }}
}

func (p *Place) organizations() []func(*organizations.Options) {
	return []func(*organizations.Options){func(o *organizations.Options) { o.Region, o.Credentials = p.Location.Region, p.account }}
}

func (p *Place) accounts() []func(*account.Options) {
	return []func(*account.Options){func(o *account.Options) { o.Region, o.Credentials = p.Location.Region, p.account }}
}
