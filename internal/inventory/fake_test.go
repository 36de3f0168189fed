package inventory

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/glue"
	gluetypes "github.com/aws/aws-sdk-go-v2/service/glue/types"
	"github.com/aws/aws-sdk-go-v2/service/kms"
	kmstypes "github.com/aws/aws-sdk-go-v2/service/kms/types"
	"github.com/aws/aws-sdk-go-v2/service/resourcegroupstaggingapi"
	tagtypes "github.com/aws/aws-sdk-go-v2/service/resourcegroupstaggingapi/types"
	"github.com/aws/smithy-go"

	"github.com/glueguard/glueguard/internal/awsapi"
	"github.com/glueguard/glueguard/internal/resource"
)

const home = "111111111111"

// fakeAWS is an estate in memory. It implements the reader interfaces directly, and answers the identity services
// (sts, organizations, account, ec2) over HTTP, as the session's client calls them.
type fakeAWS struct {
	partition string
	regions   []string
	members   []map[string]string // Id and State
	closed    map[string]string   // accounts whose role can't be assumed: AWS's error code
	locations map[string]*fakeLocation
	keys      map[string]*fakeKey // by key and alias ARN
	pageSize  int                 // 0: everything in one page
	lastToken string              // what the last page says instead of no token: "-" repeats the token sent
	latency   time.Duration
	// fail, when set, may refuse a call.
	fail func(call fakeCall) error

	mu    sync.Mutex
	calls map[fakeCall]int
}

type fakeCall struct{ op, account, region, what string }

type fakeLocation struct {
	endpoints      []gluetypes.DevEndpoint
	transforms     []gluetypes.MLTransform
	configurations map[string]*gluetypes.EncryptionConfiguration
	tags           map[string]map[string]string // by resource part of the ARN
}

type fakeKey struct {
	kmstypes.KeyMetadata
	rotation bool
	policy   string
}

func newFake() *fakeAWS {
	return &fakeAWS{
		partition: "aws", regions: []string{"us-east-1"}, closed: map[string]string{},
		locations: map[string]*fakeLocation{}, keys: map[string]*fakeKey{}, calls: map[fakeCall]int{},
	}
}

func (f *fakeAWS) at(account, region string) *fakeLocation {
	l := f.locations[account+"/"+region]
	if l == nil {
		l = &fakeLocation{configurations: map[string]*gluetypes.EncryptionConfiguration{}, tags: map[string]map[string]string{}}
		f.locations[account+"/"+region] = l
	}
	return l
}

func (l *fakeLocation) endpoint(name, configuration string) {
	e := gluetypes.DevEndpoint{EndpointName: &name, Status: aws.String("READY")}
	if configuration != "" {
		e.SecurityConfiguration = &configuration
	}
	l.endpoints = append(l.endpoints, e)
}

func (l *fakeLocation) transform(id, key, configuration string) {
	m := gluetypes.MLTransform{TransformId: &id, Status: gluetypes.TransformStatusTypeReady}
	if key != "" || configuration != "" {
		m.TransformEncryption = &gluetypes.TransformEncryption{}
	}
	if key != "" {
		m.TransformEncryption.MlUserDataEncryption = &gluetypes.MLUserDataEncryption{
			MlUserDataEncryptionMode: gluetypes.MLUserDataEncryptionModeStringSsekms, KmsKeyId: &key,
		}
	}
	if configuration != "" {
		m.TransformEncryption.TaskRunSecurityConfigurationName = &configuration
	}
	l.transforms = append(l.transforms, m)
}

func (l *fakeLocation) configure(name, key string) {
	e := gluetypes.S3Encryption{S3EncryptionMode: gluetypes.S3EncryptionModeSses3}
	if key != "" {
		e = gluetypes.S3Encryption{S3EncryptionMode: gluetypes.S3EncryptionModeSsekms, KmsKeyArn: &key}
	}
	l.configurations[name] = &gluetypes.EncryptionConfiguration{S3Encryption: []gluetypes.S3Encryption{e}}
}

// key adds a key and returns its ARN.
func (f *fakeAWS) key(account, region, id string) string {
	arn := "arn:" + f.partition + ":kms:" + region + ":" + account + ":key/" + id
	f.keys[arn] = &fakeKey{
		KeyMetadata: kmstypes.KeyMetadata{
			Arn: &arn, KeyId: &id, KeyState: kmstypes.KeyStateEnabled, KeyUsage: kmstypes.KeyUsageTypeEncryptDecrypt,
			KeySpec: kmstypes.KeySpecSymmetricDefault, KeyManager: kmstypes.KeyManagerTypeCustomer,
		},
		rotation: true, policy: "{}",
	}
	return arn
}

func apiErr(code, message string) error { return &smithy.GenericAPIError{Code: code, Message: message} }

// call counts a call and waits and refuses as the test wants.
func (f *fakeAWS) call(ctx context.Context, c fakeCall) error {
	f.mu.Lock()
	f.calls[c]++
	fail := f.fail
	f.mu.Unlock()
	if f.latency > 0 {
		select {
		case <-time.After(f.latency):
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	if fail != nil {
		return fail(c)
	}
	return nil
}

// count returns how many calls match; empty fields match any.
func (f *fakeAWS) count(want fakeCall) int {
	f.mu.Lock()
	defer f.mu.Unlock()
	n := 0
	for c, times := range f.calls {
		if (want.op == "" || want.op == c.op) && (want.account == "" || want.account == c.account) &&
			(want.region == "" || want.region == c.region) && (want.what == "" || want.what == c.what) {
			n += times
		}
	}
	return n
}

func (f *fakeAWS) ops() string {
	f.mu.Lock()
	defer f.mu.Unlock()
	n := map[string]int{}
	for c, times := range f.calls {
		n[c.op] += times
	}
	var b strings.Builder
	for _, op := range slices.Sorted(maps.Keys(n)) {
		fmt.Fprintf(&b, "%s %d\n", op, n[op])
	}
	return b.String()
}

func (f *fakeAWS) page(token *string, n int) (from, to int, next *string) {
	size := f.pageSize
	if size == 0 {
		size = n + 1
	}
	if token != nil {
		from, _ = strconv.Atoi(*token)
	}
	to = min(from+size, n)
	switch {
	case to < n:
		next = aws.String(strconv.Itoa(to))
	case f.lastToken == "-":
		next = token
	case f.lastToken != "none":
		next = &f.lastToken
	}
	return from, to, next
}

type fakeGlue struct{ *fakeAWS }

func glueAt(opts []func(*glue.Options)) (account, region string) {
	var o glue.Options
	for _, fn := range opts {
		fn(&o)
	}
	c, _ := o.Credentials.Retrieve(context.Background())
	return c.AccessKeyID, o.Region
}

func (f fakeGlue) GetDevEndpoints(ctx context.Context, in *glue.GetDevEndpointsInput, opts ...func(*glue.Options)) (*glue.GetDevEndpointsOutput, error) {
	account, region := glueAt(opts)
	if err := f.call(ctx, fakeCall{opDevEndpoints, account, region, aws.ToString(in.NextToken)}); err != nil {
		return nil, err
	}
	if aws.ToInt32(in.MaxResults) > 200 {
		return nil, apiErr("InvalidInputException", "MaxResults size must be between 1 and 200")
	}
	all := f.at2(account, region).endpoints
	from, to, next := f.page(in.NextToken, len(all))
	return &glue.GetDevEndpointsOutput{DevEndpoints: all[from:to], NextToken: next}, nil
}

func (f fakeGlue) GetMLTransforms(ctx context.Context, in *glue.GetMLTransformsInput, opts ...func(*glue.Options)) (*glue.GetMLTransformsOutput, error) {
	account, region := glueAt(opts)
	if err := f.call(ctx, fakeCall{opMLTransforms, account, region, aws.ToString(in.NextToken)}); err != nil {
		return nil, err
	}
	all := f.at2(account, region).transforms
	from, to, next := f.page(in.NextToken, len(all))
	return &glue.GetMLTransformsOutput{Transforms: all[from:to], NextToken: next}, nil
}

func (f fakeGlue) GetSecurityConfiguration(ctx context.Context, in *glue.GetSecurityConfigurationInput, opts ...func(*glue.Options)) (*glue.GetSecurityConfigurationOutput, error) {
	account, region := glueAt(opts)
	if err := f.call(ctx, fakeCall{opConfiguration, account, region, *in.Name}); err != nil {
		return nil, err
	}
	e, ok := f.at2(account, region).configurations[*in.Name]
	if !ok {
		return nil, apiErr("EntityNotFoundException", "Security Configuration "+*in.Name+" not found")
	}
	return &glue.GetSecurityConfigurationOutput{SecurityConfiguration: &gluetypes.SecurityConfiguration{Name: in.Name, EncryptionConfiguration: e}}, nil
}

func (f fakeGlue) GetSecurityConfigurations(ctx context.Context, in *glue.GetSecurityConfigurationsInput, opts ...func(*glue.Options)) (*glue.GetSecurityConfigurationsOutput, error) {
	account, region := glueAt(opts)
	if err := f.call(ctx, fakeCall{opConfigurations, account, region, aws.ToString(in.NextToken)}); err != nil {
		return nil, err
	}
	all := f.at2(account, region).configurations
	names := slices.Sorted(maps.Keys(all))
	from, to, next := f.page(in.NextToken, len(names))
	out := &glue.GetSecurityConfigurationsOutput{NextToken: next}
	for _, name := range names[from:to] {
		out.SecurityConfigurations = append(out.SecurityConfigurations, gluetypes.SecurityConfiguration{Name: &name, EncryptionConfiguration: all[name]})
	}
	return out, nil
}

// at2 reads a location without making one.
func (f *fakeAWS) at2(account, region string) *fakeLocation {
	if l := f.locations[account+"/"+region]; l != nil {
		return l
	}
	return &fakeLocation{}
}

type fakeKMS struct{ *fakeAWS }

func (f fakeKMS) find(ctx context.Context, op, id string, opts []func(*kms.Options)) (*fakeKey, string, error) {
	var o kms.Options
	for _, fn := range opts {
		fn(&o)
	}
	c, _ := o.Credentials.Retrieve(ctx)
	if err := f.call(ctx, fakeCall{op, c.AccessKeyID, o.Region, id}); err != nil {
		return nil, "", err
	}
	k := f.keys[id]
	if k == nil {
		return nil, "", apiErr("NotFoundException", "no such key")
	}
	return k, c.AccessKeyID, nil
}

func (f fakeKMS) DescribeKey(ctx context.Context, in *kms.DescribeKeyInput, opts ...func(*kms.Options)) (*kms.DescribeKeyOutput, error) {
	k, _, err := f.find(ctx, opDescribeKey, *in.KeyId, opts)
	if err != nil {
		return nil, err
	}
	return &kms.DescribeKeyOutput{KeyMetadata: &k.KeyMetadata}, nil
}

func (f fakeKMS) GetKeyRotationStatus(ctx context.Context, in *kms.GetKeyRotationStatusInput, opts ...func(*kms.Options)) (*kms.GetKeyRotationStatusOutput, error) {
	k, _, err := f.find(ctx, opRotation, *in.KeyId, opts)
	switch {
	case err != nil:
		return nil, err
	case k.KeySpec != kmstypes.KeySpecSymmetricDefault:
		return nil, apiErr("UnsupportedOperationException", "")
	}
	return &kms.GetKeyRotationStatusOutput{KeyRotationEnabled: k.rotation}, nil
}

func (f fakeKMS) GetKeyPolicy(ctx context.Context, in *kms.GetKeyPolicyInput, opts ...func(*kms.Options)) (*kms.GetKeyPolicyOutput, error) {
	k, account, err := f.find(ctx, opKeyPolicy, *in.KeyId, opts)
	switch {
	case err != nil:
		return nil, err
	case !strings.Contains(*k.Arn, ":"+account+":"):
		return nil, apiErr("AccessDeniedException", "not across accounts")
	}
	return &kms.GetKeyPolicyOutput{Policy: &k.policy}, nil
}

type fakeTagging struct{ *fakeAWS }

func (f fakeTagging) GetResources(ctx context.Context, in *resourcegroupstaggingapi.GetResourcesInput, opts ...func(*resourcegroupstaggingapi.Options)) (*resourcegroupstaggingapi.GetResourcesOutput, error) {
	var o resourcegroupstaggingapi.Options
	for _, fn := range opts {
		fn(&o)
	}
	c, _ := o.Credentials.Retrieve(ctx)
	if err := f.call(ctx, fakeCall{opResources, c.AccessKeyID, o.Region, in.ResourceARNList[0]}); err != nil {
		return nil, err
	}
	out := &resourcegroupstaggingapi.GetResourcesOutput{PaginationToken: aws.String("")}
	for _, arn := range in.ResourceARNList {
		a, _ := resource.ParseARN(arn)
		tags := f.at2(c.AccessKeyID, o.Region).tags[a.Resource]
		if tags == nil {
			continue
		}
		m := tagtypes.ResourceTagMapping{ResourceARN: &arn}
		for _, k := range slices.Sorted(maps.Keys(tags)) {
			m.Tags = append(m.Tags, tagtypes.Tag{Key: &k, Value: aws.String(tags[k])})
		}
		out.ResourceTagMappingList = append(out.ResourceTagMappingList, m)
	}
	return out, nil
}

// Do answers the identity services.
func (f *fakeAWS) Do(r *http.Request) (*http.Response, error) {
	account, region, _ := strings.Cut(strings.TrimPrefix(r.Header.Get("Authorization"), "AWS4-HMAC-SHA256 Credential="), "/")
	region = strings.Split(region, "/")[1]
	body, _ := io.ReadAll(r.Body)
	form, _ := url.ParseQuery(string(body))
	op := map[string]string{"/listRegions": opListRegions}[r.URL.Path]
	if target := r.Header.Get("X-Amz-Target"); target != "" {
		op = "organizations:" + target[strings.Index(target, ".")+1:]
	} else if action := form.Get("Action"); action == "DescribeRegions" {
		op = "ec2:" + action
	} else if action != "" {
		op = "sts:" + action
	}
	what := form.Get("RoleArn")
	var in map[string]any
	_ = json.Unmarshal(body, &in)
	token, _ := in["NextToken"].(string)
	if err := f.call(r.Context(), fakeCall{op, account, region, what + token}); err != nil {
		var api *smithy.GenericAPIError
		if !asGeneric(err, &api) {
			return nil, err
		}
		if strings.HasPrefix(op, "sts:") || strings.HasPrefix(op, "ec2:") {
			return respond(400, fmt.Sprintf("<ErrorResponse><Error><Code>%s</Code><Message>%s</Message></Error></ErrorResponse>", api.Code, api.Message)), nil
		}
		return respond(400, fmt.Sprintf(`{"__type":%q,"message":%q}`, api.Code, api.Message)), nil
	}
	return f.answer(op, account, what, token), nil
}

func (f *fakeAWS) answer(op, account, role, token string) *http.Response {
	var sent *string
	if token != "" {
		sent = &token
	}
	switch op {
	case "sts:GetCallerIdentity":
		return respond(200, fmt.Sprintf(`<GetCallerIdentityResponse><GetCallerIdentityResult><Arn>arn:%s:iam::%s:root</Arn><UserId>%[2]s</UserId><Account>%[2]s</Account></GetCallerIdentityResult></GetCallerIdentityResponse>`, f.partition, account))
	case opAssumeRole:
		a, _ := resource.ParseARN(role)
		if code := f.closed[a.Account]; code != "" {
			return respond(403, "<ErrorResponse><Error><Code>"+code+"</Code><Message>not authorized</Message></Error></ErrorResponse>")
		}
		return respond(200, fmt.Sprintf(`<AssumeRoleResponse><AssumeRoleResult><Credentials><AccessKeyId>%s</AccessKeyId><SecretAccessKey>s</SecretAccessKey><SessionToken>t</SessionToken><Expiration>%s</Expiration></Credentials></AssumeRoleResult></AssumeRoleResponse>`,
			a.Account, time.Now().Add(time.Hour).UTC().Format(time.RFC3339)))
	case opListRegions:
		from, to, next := f.page(sent, len(f.regions))
		var list []map[string]string
		for _, name := range f.regions[from:to] {
			list = append(list, map[string]string{"RegionName": name, "RegionOptStatus": "ENABLED"})
		}
		return respondJSON(map[string]any{"Regions": list, "NextToken": next})
	case opListAccounts:
		from, to, next := f.page(sent, len(f.members))
		return respondJSON(map[string]any{"Accounts": f.members[from:to], "NextToken": next})
	case "ec2:DescribeRegions":
		var b strings.Builder
		for _, name := range f.regions {
			b.WriteString("<item><regionName>" + name + "</regionName></item>")
		}
		return respond(200, "<DescribeRegionsResponse><regionInfo>"+b.String()+"</regionInfo></DescribeRegionsResponse>")
	}
	return respond(400, `{"__type":"UnknownOperationException"}`)
}

func asGeneric(err error, target **smithy.GenericAPIError) bool {
	g, ok := err.(*smithy.GenericAPIError) //nolint:errorlint // the fake made it
	*target = g
	return ok
}

func respond(status int, body string) *http.Response {
	return &http.Response{StatusCode: status, Header: http.Header{}, Body: io.NopCloser(strings.NewReader(body)), ContentLength: int64(len(body))}
}

func respondJSON(v any) *http.Response {
	var b bytes.Buffer
	_ = json.NewEncoder(&b).Encode(v)
	return respond(200, b.String())
}

// scanner returns a Scanner on the fake and the session under it.
func (f *fakeAWS) scanner(tb testing.TB, change ...func(*awsapi.Options)) *Scanner {
	tb.Helper()
	o := awsapi.Options{
		Keys: &awsapi.Keys{AccessKeyID: home, SecretAccessKey: "s"}, Region: "us-east-1", Role: "audit",
		EndpointURL: "http://aws.invalid", HTTPClient: f,
	}
	for _, fn := range change {
		fn(&o)
	}
	session, err := awsapi.Open(context.Background(), o)
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(session.Close)
	s := New(session)
	s.glue, s.kms, s.tagging = fakeGlue{f}, fakeKMS{f}, fakeTagging{f}
	return s
}

var everything = Scope{DevEndpoints: true, MLTransforms: true, Keys: true, Tags: true}

// scan returns the snapshots by "account/region".
func scan(tb testing.TB, s *Scanner, scope Scope) map[string]*resource.Snapshot {
	tb.Helper()
	got, err := scanCtx(context.Background(), s, scope)
	if err != nil {
		tb.Fatal(err)
	}
	return got
}

func scanCtx(ctx context.Context, s *Scanner, scope Scope) (map[string]*resource.Snapshot, error) {
	got := map[string]*resource.Snapshot{}
	err := s.Scan(ctx, scope, func(snapshot *resource.Snapshot) error {
		got[snapshot.Location.String()] = snapshot
		return nil
	})
	return got, err
}
