package glue

import (
	"maps"
	"slices"
	"strings"

	awsglue "github.com/aws/aws-sdk-go-v2/service/glue"
	"github.com/aws/aws-sdk-go-v2/service/glue/types"

	"github.com/glueguard/glueguard/internal/sandbox/service"
)

// defaultNodes is what AWS allocates when a create says nothing about size.
const defaultNodes = 5

func (g *Glue) createDevEndpoint(c *service.Call, in *awsglue.CreateDevEndpointInput) (*awsglue.CreateDevEndpointOutput, error) {
	s := g.settings.Load()
	if err := checkEndpoint(s, in); err != nil {
		return nil, err
	}
	if err := g.mayCreate(c, in.RoleArn, in.Tags, untrustedEndpointRole); err != nil {
		return nil, err
	}
	l := g.made(c.Account, c.Region)
	defer l.mu.Unlock()
	l.settleEndpoints(c.Now)
	name := deref(in.EndpointName)
	if l.endpoints.get(name) != nil {
		// Whether AWS lets a name be used again while its endpoint is TERMINATING is unconfirmed; here it doesn't.
		return nil, service.Errorf("AlreadyExistsException", "Development endpoint %s already exists", name)
	}
	if err := l.checkConfiguration(in.SecurityConfiguration); err != nil {
		return nil, err
	}
	if limit := s.Quotas.raised(l.seeded).DevEndpoints; len(l.endpoints.rows) >= limit {
		return nil, service.Errorf("ResourceNumberLimitExceededException",
			"Number of development endpoints exceeds the account limit of %d", limit)
	}
	e := newEndpoint(c, in)
	if err := g.place(l, e); err != nil {
		return nil, err
	}
	if e.failure == "" {
		e.failure = g.keyRefusal(l, e)
	}
	e.due = c.Now.Add(s.Provisioning)
	if e.failure != "" {
		e.due = c.Now.Add(s.running())
	}
	l.endpoints.put(name, e)
	l.watch(e)
	return created(&e.view), nil
}

// checkEndpoint refuses what can be told from the request alone.
func checkEndpoint(s *Settings, in *awsglue.CreateDevEndpointInput) error {
	switch {
	case in.GlueVersion != nil && *in.GlueVersion != "0.9" && *in.GlueVersion != "1.0":
		return invalid("Development endpoints do not support Glue version %s", *in.GlueVersion)
	case s.EndOfLife:
		return endOfLife(in.GlueVersion)
	case in.PublicKey != nil && len(in.PublicKeys) > 0:
		return invalid("Only one of PublicKey and PublicKeys may be specified")
	case len(in.PublicKeys) > mostKeys:
		return invalid("An endpoint may have at most %d public keys", mostKeys)
	case (in.SubnetId != nil) != (len(in.SecurityGroupIds) > 0):
		return invalid("Either none or both of subnetId and securityGroupIds must be specified")
	}
	if err := checkEndpointSize(in); err != nil {
		return err
	}
	return checkTags(in.Tags)
}

// checkEndpointSize holds nodes and workers apart. AWS's own texts for these refusals are unconfirmed, and so is whether
// it takes one of WorkerType and NumberOfWorkers alone; for transforms it doesn't.
func checkEndpointSize(in *awsglue.CreateDevEndpointInput) error {
	if in.WorkerType == "" && in.NumberOfWorkers == nil {
		if in.NumberOfNodes < 0 || in.NumberOfNodes == 1 {
			return invalid("Number of nodes must be at least 2")
		}
		return nil
	}
	if in.NumberOfNodes != 0 {
		return invalid("NumberOfNodes cannot be specified together with WorkerType or NumberOfWorkers")
	}
	if in.WorkerType == "" || in.NumberOfWorkers == nil {
		return invalid("Both WorkerType and NumberOfWorkers should be set.")
	}
	most := int32(299)
	switch in.WorkerType {
	case types.WorkerTypeStandard, types.WorkerTypeG1x:
	case types.WorkerTypeG2x:
		most = 149
	default:
		return invalid("Worker type %s is not supported for development endpoints", in.WorkerType)
	}
	if n := *in.NumberOfWorkers; n < 2 || n > most {
		return invalid("Number of workers must be between 2 and %d for worker type %s", most, in.WorkerType)
	}
	return nil
}

func newEndpoint(c *service.Call, in *awsglue.CreateDevEndpointInput) *endpoint {
	now := c.Now
	e := &endpoint{tags: given(in.Tags), view: types.DevEndpoint{
		EndpointName: in.EndpointName, RoleArn: in.RoleArn, Arguments: in.Arguments, GlueVersion: in.GlueVersion,
		ExtraJarsS3Path: in.ExtraJarsS3Path, ExtraPythonLibsS3Path: in.ExtraPythonLibsS3Path,
		PublicKey: in.PublicKey, PublicKeys: in.PublicKeys,
		SecurityGroupIds: in.SecurityGroupIds, SubnetId: in.SubnetId, SecurityConfiguration: in.SecurityConfiguration,
		NumberOfNodes: in.NumberOfNodes, NumberOfWorkers: in.NumberOfWorkers, WorkerType: in.WorkerType,
		Status: ptr(provisioning), CreatedTimestamp: &now, LastModifiedTimestamp: &now,
	}}
	switch {
	case in.NumberOfWorkers != nil:
		// AWS shows nodes for endpoints sized by workers too, and refuses both when they are sent back together. How it
		// counts them is unconfirmed.
		e.view.NumberOfNodes = *in.NumberOfWorkers
	case in.NumberOfNodes == 0:
		e.view.NumberOfNodes = defaultNodes
	}
	if c.IgnoreEncryption {
		e.view.SecurityConfiguration = nil
	}
	return e
}

// place puts an endpoint into its subnet. A subnet that can't hold it is found out only while provisioning.
func (g *Glue) place(l *location, e *endpoint) error {
	if e.view.SubnetId == nil || g.subnets == nil {
		return nil
	}
	subnet := *e.view.SubnetId
	vpc, zone, reachesS3, found := g.subnets.Subnet(l.account, l.region, subnet)
	switch {
	case !found:
		e.failure = "The subnet ID '" + subnet + "' does not exist"
		return nil
	case !reachesS3:
		return invalid("VPC S3 endpoint validation failed for SubnetId: %s. VPC: %s. Reason: "+
			"S3 endpoint and NAT validation has failed for subnetId: %s.", subnet, vpc, subnet)
	}
	e.view.VpcId, e.view.AvailabilityZone = &vpc, &zone
	address, ok := g.subnets.Occupy(l.account, l.region, subnet, e.owner(), int(e.view.NumberOfNodes))
	if !ok {
		e.failure = "The specified subnet does not have enough free addresses to satisfy the request: " + subnet
		return nil
	}
	e.address = address
	return nil
}

// keyRefusal says why the endpoint's role can't write with its S3 keys; empty: it can. AWS takes any key ARN at create and
// finds a bad one late; that an endpoint then fails, and its wording, is unconfirmed.
func (g *Glue) keyRefusal(l *location, e *endpoint) string {
	if g.keys == nil || e.view.SecurityConfiguration == nil {
		return ""
	}
	for _, s := range l.s3Encryption(e.view.SecurityConfiguration) {
		if s.S3EncryptionMode != types.S3EncryptionModeSsekms || deref(s.KmsKeyArn) == "" {
			continue
		}
		if why := g.keys.Refusal(l.account, l.region, deref(e.view.RoleArn), *s.KmsKeyArn); why != "" {
			return "Cannot encrypt with key " + *s.KmsKeyArn + ": " + why
		}
	}
	return ""
}

// owner names an endpoint to EC2.
func (e *endpoint) owner() string { return "glue-dev-endpoint/" + deref(e.view.EndpointName) }

func created(v *types.DevEndpoint) *awsglue.CreateDevEndpointOutput {
	return &awsglue.CreateDevEndpointOutput{
		Arguments: v.Arguments, AvailabilityZone: v.AvailabilityZone, CreatedTimestamp: v.CreatedTimestamp,
		EndpointName: v.EndpointName, ExtraJarsS3Path: v.ExtraJarsS3Path, ExtraPythonLibsS3Path: v.ExtraPythonLibsS3Path,
		GlueVersion: v.GlueVersion, NumberOfNodes: v.NumberOfNodes, NumberOfWorkers: v.NumberOfWorkers,
		RoleArn: v.RoleArn, SecurityConfiguration: v.SecurityConfiguration, SecurityGroupIds: v.SecurityGroupIds,
		Status: v.Status, SubnetId: v.SubnetId, VpcId: v.VpcId, WorkerType: v.WorkerType,
	}
}

// untrustedEndpointRole and untrustedTransformRole are how AWS words a role that doesn't trust Glue; Terraform's
// provider waits on both texts, since a new role looks like that for a while.
func untrustedEndpointRole(role string) error {
	return invalid("Role %s should be given assume role permissions for Glue Service.", role)
}

func untrustedTransformRole(role string) error { return invalid("Unable to assume role: %s", role) }

// mayCreate checks what a create needs beside its own permission: a role of this account that trusts Glue, the right to
// pass it, the right to tag. Jobs may name their role without its ARN.
func (g *Glue) mayCreate(c *service.Call, role *string, tags map[string]string, untrusted func(string) error) error {
	if err := g.mayPass(c, role, untrusted); err != nil {
		return err
	}
	if g.permissions == nil || len(tags) == 0 {
		return nil
	}
	keys := map[string][]string{"aws:TagKeys": slices.Sorted(maps.Keys(tags))}
	for key, value := range tags {
		keys["aws:RequestTag/"+key] = []string{value}
	}
	if err := g.permissions.AuthorizeWith(c, "glue:TagResource", "*", keys); err != nil {
		return err
	}
	return nil
}

// roleARN is the ARN of a role that is named by it or without it.
func roleARN(partition, account, role string) string {
	if strings.HasPrefix(role, "arn:") {
		return role
	}
	return "arn:" + partition + ":iam::" + account + ":role/" + strings.TrimPrefix(role, "/")
}

func (g *Glue) mayPass(c *service.Call, role *string, untrusted func(string) error) error {
	if role == nil {
		return nil
	}
	arn := roleARN(c.Partition, c.Account, *role)
	parts := strings.SplitN(arn, ":", 6)
	if len(parts) != 6 || parts[2] != "iam" || !strings.HasPrefix(parts[5], "role/") {
		return invalid("%s is not a valid role ARN", arn)
	}
	if parts[4] != c.Account {
		return service.Errorf("AccessDeniedException", "Cross-account pass role is not allowed.")
	}
	if g.permissions != nil {
		keys := map[string][]string{"iam:PassedToService": {servicePrincipal}}
		if err := g.permissions.AuthorizeWith(c, "iam:PassRole", arn, keys); err != nil {
			return err
		}
	}
	if g.roles != nil && !g.roles.TrustsService(c.Account, arn, servicePrincipal) {
		return untrusted(arn)
	}
	return nil
}

// endOfLife refuses a create for a Glue version that ended; an omitted version means 0.9 wherever this is asked.
func endOfLife(version *string) error {
	v := deref(version)
	switch v {
	case "":
		v = "0.9"
	case "0.9", "1.0", "2.0":
	default:
		return nil
	}
	return invalid("Glue version %s has reached end of life and is no longer supported", v)
}

func invalid(format string, args ...any) error {
	return service.Errorf("InvalidInputException", format, args...)
}

func notFound(format string, args ...any) error {
	return service.Errorf("EntityNotFoundException", format, args...)
}
