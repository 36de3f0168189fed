package awsapi

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/account"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/glue"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/kms"
	"github.com/aws/aws-sdk-go-v2/service/organizations"
	"github.com/aws/aws-sdk-go-v2/service/resourcegroupstaggingapi"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/securityhub"
	"github.com/aws/aws-sdk-go-v2/service/servicequotas"
	"github.com/aws/aws-sdk-go-v2/service/sts"
	"github.com/aws/smithy-go/logging"
	"github.com/aws/smithy-go/middleware"

	"github.com/glueguard/glueguard/internal/awsapi/sagemaker"
	"github.com/glueguard/glueguard/internal/resource"
)

// Options says how to reach AWS. The zero Options is the SDK's standard configuration and credential chain, and the
// limits given at each field.
type Options struct {
	Profile    string // AWS profile; empty: AWS_PROFILE or the default one
	Role       string // name, with its path if any, of the role to assume in accounts other than the caller's
	ExternalID string // external id that the role's trust policy asks for
	Region     string // home region; empty: the profile's, else the partition's default

	// Keys replaces the credential chain. With it, no file and no environment variable is read.
	Keys *Keys
	// EndpointURL replaces every service's endpoint. Normally the SDK takes it from AWS_ENDPOINT_URL.
	EndpointURL string
	// HTTPClient replaces the transport.
	HTTPClient aws.HTTPClient
	// Observe is told of each request that was sent, retries too: "ok", or the class of what went wrong. Nil: nobody is.
	Observe func(operation, outcome string)

	MaxInFlight    int           // calls under way at once, over all locations; 0: 512
	Attempts       int           // tries of a call that fails for other reasons than its rate; 0: 4
	AttemptTimeout time.Duration // longest wait for one answer; 0: 30 s
	RetryLimit     time.Duration // longest time from the first failure to the last retry; 0: 90 s
	ThrottleLimit  time.Duration // how long a location may throttle everything before a call gives up; 0: 30 s
}

// Keys are fixed credentials.
type Keys struct{ AccessKeyID, SecretAccessKey, SessionToken string }

// Clients are the SDK's clients, one per service for all accounts and regions: calls must carry a Place's options.
type Clients struct {
	Glue    *glue.Client
	KMS     *kms.Client
	Tagging *resourcegroupstaggingapi.Client

	// What a repair looks at, or writes to, around a resource.
	IAM            IAM
	EC2            EC2
	S3             *s3.Client
	CloudFormation CloudFormation
	Quotas         *servicequotas.Client
	SageMaker      *sagemaker.Client

	// Where findings are sent.
	SecurityHub *securityhub.Client

	sts           *sts.Client
	account       *account.Client
	organizations *organizations.Client
}

// Session reaches AWS as one caller. It is safe for concurrent use.
type Session struct {
	Clients

	opts      Options // Region as configured, "" where it is not
	chain     aws.CredentialsProvider
	workers   *workers
	stats     counters
	closeIdle func()
	caller    flight[Identity]
	home      *Account // its id is guarded by mu

	mu        sync.Mutex
	region    string
	partition string
	accounts  map[string]*Account // those acquired and not released, by id
	ended     *CredentialsError   // the first sign that the caller's own credentials ended; nil: none
}

type counters struct{ calls, throttled, retried atomic.Int64 }

// Stats counts what a Session has sent.
type Stats struct {
	Calls     int64 // requests sent, each retry counted
	Throttled int64 // of these, refused for their rate
	Retried   int64 // of these, sent again for any reason
}

// Stats returns the counts so far.
func (s *Session) Stats() Stats {
	return Stats{Calls: s.stats.calls.Load(), Throttled: s.stats.throttled.Load(), Retried: s.stats.retried.Load()}
}

// Open reads the SDK's configuration and makes the clients. It calls AWS only as far as the credential chain does,
// and it does not check the credentials: Caller does.
func Open(ctx context.Context, o Options) (*Session, error) {
	o.MaxInFlight = cmp.Or(o.MaxInFlight, 512)
	o.Attempts = cmp.Or(o.Attempts, 4)
	o.AttemptTimeout = cmp.Or(o.AttemptTimeout, 30*time.Second)
	o.RetryLimit = cmp.Or(o.RetryLimit, 90*time.Second)
	o.ThrottleLimit = cmp.Or(o.ThrottleLimit, 30*time.Second)

	cfg, err := load(ctx, o)
	if err != nil {
		return nil, err
	}
	o.Region = cfg.Region
	cfg.APIOptions = append(cfg.APIOptions, lean, refuseEmpty, noteLeft)
	s := &Session{
		opts:      o,
		chain:     cfg.Credentials,
		workers:   newWorkers(o.MaxInFlight),
		region:    cmp.Or(cfg.Region, "us-east-1"),
		partition: "aws",
		accounts:  map[string]*Account{},
	}
	if o.HTTPClient == nil {
		cfg.HTTPClient, s.closeIdle = fastClient(cfg.HTTPClient)
	}
	s.Clients = newClients(cfg)
	s.home = &Account{session: s, own: true, schemes: signing(), limiters: map[string]*limiter{}}
	return s, nil
}

// Ended returns the first error that showed that the caller's own credentials, once accepted, are so no more; nil while
// they are.
func (s *Session) Ended() *CredentialsError {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.ended
}

// noteEnd keeps the first error of that kind.
func (s *Session) noteEnd(err error) {
	var e *CredentialsError
	if !errors.As(err, &e) || !resource.CredentialsEnded(cmp.Or(e.Code, resource.NoCredentials)) {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.ended == nil && s.home.id != "" {
		s.ended = e
	}
}

// Close gives the idle connections and goroutines back. Call it once, when no call is under way.
func (s *Session) Close() {
	close(s.workers.quit)
	if s.closeIdle != nil {
		s.closeIdle()
	}
}

func load(ctx context.Context, o Options) (aws.Config, error) {
	client := o.HTTPClient
	if client == nil {
		client = tunedClient(o.MaxInFlight)
	}
	if o.Keys != nil {
		cfg := aws.Config{
			Region:      o.Region,
			HTTPClient:  client,
			Retryer:     noRetry,
			Credentials: credentials.NewStaticCredentialsProvider(o.Keys.AccessKeyID, o.Keys.SecretAccessKey, o.Keys.SessionToken),
		}
		if o.EndpointURL != "" {
			cfg.BaseEndpoint = &o.EndpointURL
		}
		return cfg, nil
	}
	// Without a logger: what the SDK would say on its own, such as that it falls back to another version of the instance
	// metadata service, is in the errors it returns.
	load := []func(*config.LoadOptions) error{config.WithHTTPClient(client), config.WithLogger(logging.Nop{})}
	if o.Profile != "" {
		load = append(load, config.WithSharedConfigProfile(o.Profile))
	}
	if o.Region != "" {
		load = append(load, config.WithRegion(o.Region))
	}
	if o.EndpointURL != "" {
		load = append(load, config.WithBaseEndpoint(o.EndpointURL))
	}
	cfg, err := config.LoadDefaultConfig(ctx, load...)
	if err != nil {
		var missing config.SharedConfigProfileNotExistError
		if errors.As(err, &missing) {
			return aws.Config{}, &CredentialsError{Operation: "configuration", Err: err}
		}
		return aws.Config{}, fmt.Errorf("reading the AWS configuration: %w", err)
	}
	// Set after loading: the credential chain (SSO, IMDS, web identity) keeps the SDK's retries.
	cfg.Retryer = noRetry
	return cfg, nil
}

func noRetry() aws.Retryer { return aws.NopRetryer{} }

func newClients(cfg aws.Config) Clients {
	return Clients{
		Glue:           glue.NewFromConfig(cfg),
		KMS:            kms.NewFromConfig(cfg),
		Tagging:        resourcegroupstaggingapi.NewFromConfig(cfg),
		IAM:            newIAM(iam.NewFromConfig(cfg)),
		EC2:            newEC2(ec2.NewFromConfig(cfg)),
		S3:             newS3(cfg),
		CloudFormation: newCloudFormation(cloudformation.NewFromConfig(cfg)),
		Quotas:         servicequotas.NewFromConfig(cfg),
		SageMaker:      sagemaker.New(cfg),
		SecurityHub:    securityhub.NewFromConfig(cfg),
		sts:            sts.NewFromConfig(cfg),
		account:        account.NewFromConfig(cfg),
		organizations:  organizations.NewFromConfig(cfg),
	}
}

// newS3 makes the client for S3, which keeps the SDK's whole stack: answers without a body are good ones there, and its
// checksums use what lean takes out. Where the endpoint is not AWS's own, its host has no names of buckets.
func newS3(cfg aws.Config) *s3.Client {
	cfg.APIOptions = []func(*middleware.Stack) error{noteLeft}
	return s3.NewFromConfig(cfg, func(o *s3.Options) { o.UsePathStyle = o.BaseEndpoint != nil })
}
