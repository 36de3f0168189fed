package glue

import (
	"context"
	"errors"
	"fmt"
	"reflect"
	"strings"
	"sync"
	"testing"
	"time"

	awsglue "github.com/aws/aws-sdk-go-v2/service/glue"
	"github.com/aws/aws-sdk-go-v2/service/glue/types"
	"github.com/google/go-cmp/cmp"

	"github.com/glueguard/glueguard/internal/sandbox/service"
)

const (
	account = "111122223333"
	region  = "eu-west-1"
	role    = "arn:aws:iam::111122223333:role/glue"
)

// world is a Glue with a clock and what it depends on.
type world struct {
	t *testing.T
	*Glue
	now     time.Time
	region  string
	ignore  bool // the ignore-encryption fault
	roles   fakeRoles
	subnets *fakeSubnets
	objects *fakeObjects
	denied  fakePermissions
	keys    fakeKeys
	unable  fakeRolePolicies
}

func newWorld(t *testing.T, edit ...func(*Settings)) *world {
	t.Helper()
	w := &world{
		t: t, now: time.Date(2026, 11, 22, 10, 0, 0, 0, time.UTC), region: region,
		roles: fakeRoles{role: true}, denied: fakePermissions{}, keys: fakeKeys{}, unable: fakeRolePolicies{},
		subnets: &fakeSubnets{free: map[string]int{"subnet-1": 12, "subnet-full": 1, "subnet-island": 100}},
		objects: &fakeObjects{region: map[string]string{"labels": region, "far": "us-east-1"}, body: map[string]string{}, mode: map[string]string{}},
	}
	s := Settings{Provisioning: 10 * time.Minute}
	for _, e := range edit {
		e(&s)
	}
	w.Glue = New(Options{Roles: w.roles, Subnets: w.subnets, Objects: w.objects, Keys: w.keys, RolePolicies: w.unable, Permissions: w.denied, Settings: s})
	return w
}

func (w *world) call(operation string) *service.Call {
	return &service.Call{
		Context: context.Background(), Partition: "aws", Account: account, Region: w.region,
		Service: "glue", Operation: operation, Now: w.now, IgnoreEncryption: w.ignore,
	}
}

func (w *world) pass(d time.Duration) { w.now = w.now.Add(d) }

// do calls an operation as the server does, by its name.
func do[O, I any](w *world, in *I) (*O, error) {
	w.t.Helper()
	name := strings.TrimSuffix(strings.TrimPrefix(fmt.Sprintf("%T", in), "*glue."), "Input")
	for _, op := range w.Service().Operations {
		if op.Name == name {
			out, err := op.Invoke(w.call(name), in)
			if err != nil {
				return nil, err
			}
			return out.(*O), nil
		}
	}
	w.t.Fatalf("no operation %s", name)
	return nil, nil
}

// must is do for a call that succeeds.
func must[O, I any](w *world, in *I) *O {
	w.t.Helper()
	out, err := do[O](w, in)
	if err != nil {
		w.t.Fatalf("%T: %v", in, err)
	}
	return out
}

// refused checks that a call is refused with a code and a message that contains a text.
func refused(t *testing.T, err error, code, text string) {
	t.Helper()
	var e *service.Error
	if !errors.As(err, &e) {
		t.Fatalf("got %v, want %s", err, code)
	}
	if e.Code != code || !strings.Contains(e.Message, text) {
		t.Errorf("got %v, want %s: …%s…", e, code, text)
	}
}

type fakeRoles map[string]bool

func (r fakeRoles) TrustsService(_, arn, _ string) bool { return r[arn] }

// fakeKeys says why a key can't be used.
type fakeKeys map[string]string

func (k fakeKeys) Refusal(_, _, _, key string) string { return k[key] }

// fakeRolePolicies are the actions that no role may take.
type fakeRolePolicies map[string]bool

func (p fakeRolePolicies) Allows(_, arn, action, _ string, _ map[string][]string) bool {
	return arn == role && !p[action]
}

type fakePermissions map[string]bool

func (p fakePermissions) AuthorizeWith(_ *service.Call, action, _ string, _ map[string][]string) *service.Error {
	if p[action] {
		return service.Errorf("AccessDeniedException", "not authorized to perform: %s", action)
	}
	return nil
}

type fakeSubnets struct {
	mu    sync.Mutex
	free  map[string]int
	taken map[string]int
}

func (s *fakeSubnets) Subnet(_, region, id string) (vpc, zone string, reachesS3, found bool) {
	_, found = s.free[id]
	return "vpc-1", region + "b", id != "subnet-island", found
}

func (s *fakeSubnets) Occupy(_, _, id, owner string, n int) (string, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.free[id] < n {
		return "", false
	}
	if s.taken == nil {
		s.taken = map[string]int{}
	}
	s.free[id] -= n
	s.taken[id+owner] += n
	return "10.0.0.7", true
}

func (s *fakeSubnets) Release(_, _, id, owner string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.free[id] += s.taken[id+owner]
	delete(s.taken, id+owner)
}

type fakeObjects struct {
	mu                 sync.Mutex
	region, body, mode map[string]string
	failing            bool
}

func (o *fakeObjects) BucketRegion(_, bucket string) (string, bool) {
	r, ok := o.region[bucket]
	return r, ok
}

func (o *fakeObjects) ReadObject(_, bucket, key string) ([]byte, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	body, ok := o.body[bucket+"/"+key]
	if !ok {
		return nil, errors.New("NoSuchKey")
	}
	return []byte(body), nil
}

func (o *fakeObjects) WriteObject(_, bucket, key string, body []byte, mode, kmsKey string) error {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.failing {
		return errors.New("AccessDenied")
	}
	o.body[bucket+"/"+key], o.mode[bucket+"/"+key] = string(body), mode+" "+kmsKey
	return nil
}

// endpointInput is a create that AWS takes.
func endpointInput(edit ...func(*awsglue.CreateDevEndpointInput)) *awsglue.CreateDevEndpointInput {
	in := &awsglue.CreateDevEndpointInput{EndpointName: ptr("dev"), RoleArn: ptr(role)}
	for _, e := range edit {
		e(in)
	}
	return in
}

// transformInput is a create that AWS takes.
func transformInput(edit ...func(*awsglue.CreateMLTransformInput)) *awsglue.CreateMLTransformInput {
	in := &awsglue.CreateMLTransformInput{
		Name: ptr("dedupe"), Role: ptr(role),
		InputRecordTables: []types.GlueTable{{DatabaseName: ptr("db"), TableName: ptr("people")}},
		Parameters: &types.TransformParameters{
			TransformType:         types.TransformTypeFindMatches,
			FindMatchesParameters: &types.FindMatchesParameters{PrimaryKeyColumnName: ptr("id")},
		},
	}
	for _, e := range edit {
		e(in)
	}
	return in
}

func (w *world) endpoint(name string) *types.DevEndpoint {
	w.t.Helper()
	return must[awsglue.GetDevEndpointOutput](w, &awsglue.GetDevEndpointInput{EndpointName: &name}).DevEndpoint
}

func (w *world) transform(id string) *awsglue.GetMLTransformOutput {
	w.t.Helper()
	return must[awsglue.GetMLTransformOutput](w, &awsglue.GetMLTransformInput{TransformId: &id})
}

func (w *world) configuration(name, mode string) {
	w.t.Helper()
	must[awsglue.CreateSecurityConfigurationOutput](w, &awsglue.CreateSecurityConfigurationInput{
		Name: &name,
		EncryptionConfiguration: &types.EncryptionConfiguration{
			S3Encryption: []types.S3Encryption{{S3EncryptionMode: types.S3EncryptionMode(mode), KmsKeyArn: ptr("arn:aws:kms:eu-west-1:111122223333:key/k")}},
		},
	})
}

// cmpNoSerde lets go-cmp look past the unexported marker that every SDK struct has.
func cmpNoSerde() cmp.Option {
	return cmp.Exporter(func(reflect.Type) bool { return true })
}
