package inventory

import (
	"context"
	"slices"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/glue/types"

	"github.com/glueguard/glueguard/internal/awsapi"
	"github.com/glueguard/glueguard/internal/resource"
)

// inspection is one Inspect: what its targets share is read once in it.
type inspection struct {
	*Inspector
	transforms map[siteID][]string // ids of the transforms asked about, which scripts are searched for

	sites    memo[siteID, *site]
	callers  memo[string, resource.Fact[string]]        // by account
	roles    memo[roleID, resource.Fact[resource.Role]] // IAM is the same in all regions
	policies memo[roleID, resource.Fact[string]]        // managed policies
	buckets  memo[bucketID, resource.Fact[resource.Bucket]]
}

// siteID is a location. Its partition is the session's.
type siteID struct{ account, region string }

// roleID is a role or policy as seen from an account.
type roleID struct{ account, arn string }

// site is one location in one inspection.
type site struct {
	*inspection
	id      siteID
	account *awsapi.Account
	place   *awsapi.Place
	err     error // the location could not be entered

	configurations memo[string, resource.Fact[resource.SecurityConfiguration]]
	keys           memo[string, resource.Fact[resource.KeyDetail]]
	subnets        memo[string, resource.Fact[resource.Subnet]]
	scripts        memo[string, scanned]
	once           struct {
		quota     memo[struct{}, resource.Fact[resource.Quota]]
		jobs      memo[struct{}, resource.Fact[[]types.Job]]
		triggers  memo[struct{}, resource.Fact[[]types.Trigger]]
		notebooks memo[struct{}, resource.Fact[[]notebook]]
	}
}

func newInspection(i *Inspector, targets []Target) *inspection {
	in := &inspection{Inspector: i, transforms: map[siteID][]string{}}
	for _, t := range targets {
		at := siteID{t.Location.Account, t.Location.Region}
		if t.Type == resource.TypeMLTransform && t.ID != "" && !slices.Contains(in.transforms[at], t.ID) {
			in.transforms[at] = append(in.transforms[at], t.ID)
		}
	}
	return in
}

func (in *inspection) site(ctx context.Context, l resource.Location) *site {
	id := siteID{l.Account, l.Region}
	return in.sites.get(id, func() *site {
		s := &site{inspection: in, id: id}
		s.account, s.place, s.err = in.enter(ctx, l)
		return s
	})
}

// look reads one target.
func (in *inspection) look(ctx context.Context, t Target) resource.Surroundings {
	found := resource.Surroundings{Location: t.Location, At: in.now()}
	if t.Type != resource.TypeDevEndpoint && t.Type != resource.TypeMLTransform {
		nothing(&found, failed("", "resources of type "+string(t.Type)+" are not repaired"))
		return found
	}
	s := in.site(ctx, t.Location)
	if s.err != nil {
		nothing(&found, awsapi.Classify(s.err, opAssumeRole))
		return found
	}
	found.Location = s.place.Location
	var reading sync.WaitGroup
	reading.Go(func() { found.Caller = s.caller(ctx) })
	reading.Go(func() { found.WantedKey = s.wantedKey(ctx, t.Key) })
	found.LabelsBeside = resource.Absent[string]()
	reading.Go(func() { found.Labels = s.bucket(ctx, t.LabelsS3) })
	reading.Go(func() { found.Proof = s.bucket(ctx, t.ProveS3) })
	if t.Type == resource.TypeDevEndpoint {
		reading.Go(func() { found.Endpoints = s.endpointQuota(ctx) })
		s.aroundEndpoint(ctx, t.Name, &found)
	} else {
		found.Endpoints = resource.Absent[resource.Quota]()
		s.aroundTransform(ctx, t.ID, &found)
	}
	reading.Wait()
	if t.LabelsS3 == "" {
		s.besideImport(ctx, &found)
	}
	return found
}

// nothing says why nothing at all could be read.
func nothing(found *resource.Surroundings, f resource.Failure) {
	found.Endpoint = resource.Unknown[resource.EndpointDetail](f)
	found.Transform = resource.Unknown[resource.TransformDetail](f)
	found.Caller = resource.Unknown[string](f)
	found.WantedKey = resource.Unknown[resource.KeyDetail](f)
	found.Labels = resource.Unknown[resource.Bucket](f)
	found.LabelsBeside = resource.Unknown[string](f)
	found.Proof = resource.Unknown[resource.Bucket](f)
	found.Endpoints = resource.Unknown[resource.Quota](f)
	around(found, f)
}

// around says why that was not read which can be asked about only when the resource itself is known.
func around(found *resource.Surroundings, f resource.Failure) {
	found.Configuration = resource.Unknown[resource.SecurityConfiguration](f)
	found.Stack = resource.Unknown[string](f)
	found.Role = resource.Unknown[resource.Role](f)
	found.Subnet = resource.Unknown[resource.Subnet](f)
	found.ElasticIP = resource.Unknown[string](f)
	found.Dependents = resource.Unknown[[]resource.Dependent](f)
	found.LastUsed = resource.Unknown[time.Time](f)
}

// missing is why nothing was read around a resource that is itself not known.
func missing[T any](f resource.Fact[T], operation string) resource.Failure {
	if f.IsAbsent() {
		return resource.Failure{Operation: operation, Class: resource.Skipped, Message: "the resource does not exist"}
	}
	return f.Failure()
}

func (s *site) aroundEndpoint(ctx context.Context, name string, found *resource.Surroundings) {
	found.Transform = resource.Absent[resource.TransformDetail]()
	found.Endpoint = s.endpoint(ctx, s.place, name)
	d, ok := found.Endpoint.Value()
	if !ok {
		around(found, missing(found.Endpoint, opDevEndpoint))
		return
	}
	found.LastUsed = resource.Absent[time.Time]()
	var reading sync.WaitGroup
	reading.Go(func() { found.Configuration = s.named(ctx, d.Definition.SecurityConfiguration) })
	reading.Go(func() { found.Stack = s.stack(ctx, resource.TypeDevEndpoint, name, d.AWSTags) })
	reading.Go(func() { found.Role = s.role(ctx, d.Definition.RoleARN) })
	reading.Go(func() { found.Subnet = s.subnet(ctx, d.Definition.SubnetID) })
	reading.Go(func() { found.ElasticIP = s.elasticIP(ctx, d) })
	found.Dependents = s.attached(ctx, d)
	reading.Wait()
}

func (s *site) aroundTransform(ctx context.Context, id string, found *resource.Surroundings) {
	found.Endpoint = resource.Absent[resource.EndpointDetail]()
	found.Transform = s.transform(ctx, s.place, id)
	d, ok := found.Transform.Value()
	if !ok {
		around(found, missing(found.Transform, opMLTransform))
		return
	}
	found.Subnet = resource.Absent[resource.Subnet]()
	found.ElasticIP = resource.Absent[string]()
	var reading sync.WaitGroup
	reading.Go(func() { found.Configuration = s.named(ctx, d.Definition.TaskRunSecurityConfiguration) })
	reading.Go(func() { found.Stack = s.stack(ctx, resource.TypeMLTransform, id, d.AWSTags) })
	reading.Go(func() { found.Role = s.role(ctx, d.Definition.RoleARN) })
	found.Dependents, found.LastUsed = s.uses(ctx, id)
	reading.Wait()
}

// caller is who would act in the location.
func (s *site) caller(ctx context.Context) resource.Fact[string] {
	return s.callers.get(s.place.Location.Account, func() resource.Fact[string] {
		id, err := s.account.Caller(ctx)
		if err != nil {
			return unread[string](err, "sts:GetCallerIdentity")
		}
		return resource.Known(id.ARN)
	})
}

// named is the security configuration of a name; no name, an empty configuration.
func (s *site) named(ctx context.Context, name string) resource.Fact[resource.SecurityConfiguration] {
	if name == "" {
		return resource.Known(resource.SecurityConfiguration{})
	}
	return s.configurations.get(name, func() resource.Fact[resource.SecurityConfiguration] {
		return readConfiguration(ctx, s.session.Glue, s.place, name)
	})
}
