// Package sts simulates AWS Security Token Service: who a key belongs to, and temporary keys for roles.
package sts

import (
	"crypto/rand"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	awssts "github.com/aws/aws-sdk-go-v2/service/sts"
	"github.com/aws/aws-sdk-go-v2/service/sts/types"

	"github.com/glueguard/glueguard/internal/sandbox/iam"
	"github.com/glueguard/glueguard/internal/sandbox/iam/policyeval"
	"github.com/glueguard/glueguard/internal/sandbox/service"
)

// Roles decides who may assume which role.
type Roles interface {
	Assume(c *service.Call, action, roleARN string, ctx policyeval.Context) (iam.Assumed, *service.Error)
	SessionPolicies(account, document string, arns []string) ([]*policyeval.Policy, *service.Error)
}

// Accounts knows the account of keys that name none.
type Accounts interface{ Management() string }

// STS gives out temporary credentials and says who holds a key. It is safe for concurrent use.
type STS struct {
	roles    Roles
	accounts Accounts
	sessions *Sessions
}

// New makes an STS that keeps its sessions in sessions.
func New(roles Roles, accounts Accounts, sessions *Sessions) *STS {
	return &STS{roles: roles, accounts: accounts, sessions: sessions}
}

// Service lists the operations.
func (x *STS) Service() service.Service {
	return service.Service{Model: "sts", Prefix: "sts", Operations: []service.Operation{
		service.Op("GetCallerIdentity", x.getCallerIdentity),
		service.On(service.Op("AssumeRole", x.assumeRole), func(_ *service.Call, in *awssts.AssumeRoleInput) string {
			return aws.ToString(in.RoleArn)
		}),
	}}
}

func (x *STS) getCallerIdentity(c *service.Call, _ *awssts.GetCallerIdentityInput) (*awssts.GetCallerIdentityOutput, error) {
	arn := c.Principal.ARN
	if c.Principal.RoleARN == "" { // a key knows no partition, a call does
		arn = "arn:" + c.Partition + ":iam::" + c.Account + ":root"
	}
	return &awssts.GetCallerIdentityOutput{
		Account: aws.String(c.Account), Arn: aws.String(arn), UserId: aws.String(c.Principal.UserID),
	}, nil
}

const (
	shortest       = 900   // seconds
	longest        = 43200 // seconds
	defaultSeconds = 3600
	chained        = 3600 // the longest session of a role assumed by a role
	longestPolicy  = 2048 // characters
	mostPolicies   = 10
)

var (
	roleSyntax    = regexp.MustCompile(`^arn:aws[a-z-]*:iam::\d{12}:role/[\w+=,.@/-]+$`)
	sessionSyntax = regexp.MustCompile(`^[\w+=,.@-]{2,64}$`)
)

func (x *STS) assumeRole(c *service.Call, in *awssts.AssumeRoleInput) (*awssts.AssumeRoleOutput, error) {
	seconds := int32(defaultSeconds)
	if in.DurationSeconds != nil {
		seconds = *in.DurationSeconds
	}
	if err := check(in, seconds); err != nil {
		return nil, err
	}
	from := x.sessions.find(c.Principal.AccessKeyID)
	tags, transitive := sessionTags(from, in)
	role, err := x.allowed(c, in, tags)
	if err != nil {
		return nil, err
	}
	switch {
	case from != nil && seconds > chained:
		return nil, invalid("The requested DurationSeconds exceeds the 1 hour session limit for roles assumed by role chaining")
	case seconds > role.MaxSession:
		return nil, invalid("The requested DurationSeconds exceeds the MaxSessionDuration set for this role.")
	}
	policies, err := x.roles.SessionPolicies(role.Account, aws.ToString(in.Policy), policyARNs(in))
	if err != nil {
		return nil, err
	}
	s := newSession(c, role, aws.ToString(in.RoleSessionName), c.Now.Add(time.Duration(seconds)*time.Second))
	s.policies, s.tags, s.transitive = policies, tags, transitive
	x.sessions.put(s)
	return s.describe(in), nil
}

func check(in *awssts.AssumeRoleInput, seconds int32) *service.Error {
	name := aws.ToString(in.RoleSessionName)
	switch {
	case !roleSyntax.MatchString(aws.ToString(in.RoleArn)):
		return invalid(aws.ToString(in.RoleArn) + " is invalid")
	case !sessionSyntax.MatchString(name):
		return invalid("1 validation error detected: Value '" + name + "' at 'roleSessionName' failed to satisfy constraint: " +
			`Member must satisfy regular expression pattern: [\w+=,.@-]*`)
	case seconds < shortest:
		return invalid("1 validation error detected: Value at 'durationSeconds' failed to satisfy constraint: Member must have value greater than or equal to 900")
	case seconds > longest:
		return invalid("1 validation error detected: Value at 'durationSeconds' failed to satisfy constraint: Member must have value less than or equal to 43200")
	case len(aws.ToString(in.Policy)) > longestPolicy:
		return invalid("1 validation error detected: Value at 'policy' failed to satisfy constraint: Member must have length less than or equal to 2048")
	case len(in.PolicyArns) > mostPolicies:
		return invalid("The number of managed policy ARNs exceeds the limit of 10.")
	}
	return nil
}

// allowed asks the role's trust policy; session tags need a permission of their own.
func (x *STS) allowed(c *service.Call, in *awssts.AssumeRoleInput, tags map[string]string) (iam.Assumed, *service.Error) {
	ctx := policyeval.Map{"sts:rolesessionname": {aws.ToString(in.RoleSessionName)}}
	if in.ExternalId != nil {
		ctx["sts:externalid"] = []string{*in.ExternalId}
	}
	if in.SourceIdentity != nil {
		ctx["sts:sourceidentity"] = []string{*in.SourceIdentity}
	}
	for key, value := range tags {
		ctx["aws:requesttag/"+strings.ToLower(key)] = []string{value}
		ctx["aws:tagkeys"] = append(ctx["aws:tagkeys"], key)
	}
	role, err := x.roles.Assume(c, "sts:AssumeRole", aws.ToString(in.RoleArn), ctx)
	if err == nil && len(in.Tags) > 0 {
		_, err = x.roles.Assume(c, "sts:TagSession", aws.ToString(in.RoleArn), ctx)
	}
	return role, err
}

// sessionTags are those of the call and the transitive ones of the session that makes it.
func sessionTags(from *session, in *awssts.AssumeRoleInput) (tags map[string]string, transitive []string) {
	if from == nil && len(in.Tags) == 0 {
		return nil, nil
	}
	tags = make(map[string]string, len(in.Tags))
	for _, t := range in.Tags {
		tags[aws.ToString(t.Key)] = aws.ToString(t.Value)
	}
	transitive = slices.Clone(in.TransitiveTagKeys)
	if from != nil {
		for _, key := range from.transitive {
			tags[key] = from.tags[key]
			transitive = append(transitive, key)
		}
	}
	return tags, transitive
}

func policyARNs(in *awssts.AssumeRoleInput) []string {
	arns := make([]string, 0, len(in.PolicyArns))
	for _, p := range in.PolicyArns {
		arns = append(arns, aws.ToString(p.Arn))
	}
	return arns
}

func newSession(c *service.Call, role iam.Assumed, name string, expires time.Time) *session {
	return &session{
		account: role.Account,
		token:   randomBytes(tokenBytes),
		expires: expires,
		principal: service.Principal{
			AccessKeyID: sessionKeys + rand.Text()[:keyLength],
			ARN:         "arn:" + c.Partition + ":sts::" + role.Account + ":assumed-role/" + role.Name + "/" + name,
			UserID:      role.ID + ":" + name,
			RoleARN:     role.ARN,
		},
	}
}

func (s *session) describe(in *awssts.AssumeRoleInput) *awssts.AssumeRoleOutput {
	out := &awssts.AssumeRoleOutput{
		AssumedRoleUser: &types.AssumedRoleUser{Arn: aws.String(s.principal.ARN), AssumedRoleId: aws.String(s.principal.UserID)},
		Credentials: &types.Credentials{
			AccessKeyId: aws.String(s.principal.AccessKeyID), SecretAccessKey: aws.String(randomBytes(secretBytes)),
			SessionToken: aws.String(s.token), Expiration: aws.Time(s.expires),
		},
		SourceIdentity: in.SourceIdentity,
	}
	if size := len(aws.ToString(in.Policy)); size > 0 {
		out.PackedPolicySize = aws.Int32(int32(size * 100 / longestPolicy))
	}
	return out
}

func invalid(message string) *service.Error {
	return &service.Error{Code: "ValidationError", Message: message, Status: http.StatusBadRequest}
}
