package verify_test

import (
	"bytes"
	"encoding/json"
	"net/http"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/glue"
	"github.com/aws/aws-sdk-go-v2/service/glue/types"

	"github.com/glueguard/glueguard/internal/awsapi"
	"github.com/glueguard/glueguard/internal/change"
	"github.com/glueguard/glueguard/internal/inventory"
	"github.com/glueguard/glueguard/internal/plan"
	"github.com/glueguard/glueguard/internal/resource"
	"github.com/glueguard/glueguard/internal/sandbox"
	"github.com/glueguard/glueguard/internal/verify"
)

// live is a simulated AWS that is read over HTTP, as AWS itself is.
type live struct {
	server   *sandbox.Server
	glue     *glue.Client
	verifier *verify.Verifier
	location resource.Location
}

func startLive(t *testing.T, faults ...sandbox.Fault) live {
	t.Helper()
	server, err := sandbox.Start("127.0.0.1:0", sandbox.Options{Scenario: "small", RegionCount: 1, Faults: faults})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = server.Close() })
	session, err := awsapi.Open(t.Context(), awsapi.Options{
		Keys: &awsapi.Keys{AccessKeyID: "test", SecretAccessKey: "test"}, Region: "us-east-1", EndpointURL: server.URL,
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(session.Close)
	return live{
		server: server, verifier: verify.New(inventory.NewInspector(session)),
		location: resource.Location{Partition: "aws", Account: "111111111111", Region: "us-east-1"},
		glue: glue.NewFromConfig(aws.Config{
			Region: "us-east-1", BaseEndpoint: &server.URL, Credentials: credentials.NewStaticCredentialsProvider("test", "test", ""),
		}),
	}
}

// tags of a change whose original named no configuration.
func tagsOf(original string) map[string]string {
	tags := changeTags(original, "-")
	tags["team"] = "data"
	return tags
}

const liveRole = "arn:aws:iam::111111111111:role/AWSGlueServiceRole-dev"

func (l live) configure(t *testing.T, key string) resource.SecurityConfiguration {
	t.Helper()
	_, err := l.glue.CreateSecurityConfiguration(t.Context(), &glue.CreateSecurityConfigurationInput{
		Name: aws.String("glueguard-1"), EncryptionConfiguration: &types.EncryptionConfiguration{
			S3Encryption: []types.S3Encryption{{S3EncryptionMode: types.S3EncryptionModeSsekms, KmsKeyArn: &key}},
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	return resource.SecurityConfiguration{Name: "glueguard-1", S3: []resource.Encryption{kms(key)}}
}

// goodKey is the key of the scenario's configuration with nothing wrong.
func (l live) goodKey(t *testing.T) string {
	t.Helper()
	out, err := l.glue.GetSecurityConfiguration(t.Context(), &glue.GetSecurityConfigurationInput{Name: aws.String("pass-sse-kms")})
	if err != nil {
		t.Fatal(err)
	}
	return *out.SecurityConfiguration.EncryptionConfiguration.S3Encryption[0].KmsKeyArn
}

// endpoint makes an encrypted twin, and says what was promised of it.
func (l live) endpoint(t *testing.T) (*change.Change, plan.Step) {
	t.Helper()
	key := l.goodKey(t)
	configuration := l.configure(t, key)
	d := resource.EndpointDefinition{
		Name: "twin", RoleARN: liveRole, WorkerType: "G.1X", NumberOfWorkers: 2, GlueVersion: "1.0", PublicKeys: []string{"ssh-rsa A a", "ssh-rsa B b"},
		Arguments: map[string]string{"GLUE_PYTHON_VERSION": "3"}, SecurityConfiguration: configuration.Name, Tags: map[string]string{"team": "data"},
	}
	out, err := l.glue.CreateDevEndpoint(t.Context(), &glue.CreateDevEndpointInput{
		EndpointName: &d.Name, RoleArn: &d.RoleARN, WorkerType: types.WorkerTypeG1x, NumberOfWorkers: &d.NumberOfWorkers, GlueVersion: &d.GlueVersion,
		PublicKeys: d.PublicKeys, Arguments: d.Arguments, SecurityConfiguration: &d.SecurityConfiguration, Tags: tagsOf("dev1"),
	})
	if err != nil {
		t.Fatal(err)
	}
	c := l.change(resource.TypeDevEndpoint, configuration)
	c.Resources[plan.Twin] = resource.Identity{Type: resource.TypeDevEndpoint, Name: d.Name, CreatedAt: *out.CreatedTimestamp}
	return c, plan.Step{Name: "verify-twin", Kind: plan.Verify, Role: plan.Twin, Promise: &plan.Promise{
		Endpoint: &d, Mode: resource.ModeSSEKMS, KMSKey: key, Labels: -1, Ready: true, ChangeTags: true,
	}}
}

func (l live) transform(t *testing.T) (*change.Change, plan.Step) {
	t.Helper()
	key := l.goodKey(t)
	configuration := l.configure(t, key)
	d := resource.TransformDefinition{
		Name: "twin", RoleARN: liveRole, GlueVersion: "2.0", MaxCapacity: ptr(4.0), TransformType: "FIND_MATCHES",
		InputTables: []resource.GlueTable{{DatabaseName: "crm", TableName: "customers"}},
		FindMatches: &resource.FindMatches{PrimaryKeyColumnName: ptr("id"), PrecisionRecallTradeoff: ptr(0.0)},
		UserData:    ptr(kms(key)), TaskRunSecurityConfiguration: configuration.Name, Tags: map[string]string{"team": "data"},
	}
	out, err := l.glue.CreateMLTransform(t.Context(), &glue.CreateMLTransformInput{
		Name: &d.Name, Role: &d.RoleARN, GlueVersion: &d.GlueVersion, MaxCapacity: d.MaxCapacity, Tags: tagsOf("tfm-old"),
		InputRecordTables: []types.GlueTable{{DatabaseName: aws.String("crm"), TableName: aws.String("customers")}},
		Parameters: &types.TransformParameters{TransformType: types.TransformTypeFindMatches, FindMatchesParameters: &types.FindMatchesParameters{
			PrimaryKeyColumnName: aws.String("id"), PrecisionRecallTradeoff: aws.Float64(0),
		}},
		TransformEncryption: &types.TransformEncryption{
			MlUserDataEncryption:             &types.MLUserDataEncryption{MlUserDataEncryptionMode: types.MLUserDataEncryptionModeStringSsekms, KmsKeyId: &key},
			TaskRunSecurityConfigurationName: &configuration.Name,
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	c := l.change(resource.TypeMLTransform, configuration)
	c.Resources[plan.Twin] = resource.Identity{Type: resource.TypeMLTransform, ID: *out.TransformId, Name: d.Name}
	return c, plan.Step{Name: "verify-twin", Kind: plan.Verify, Role: plan.Twin, Promise: &plan.Promise{
		Transform: &d, Mode: resource.ModeSSEKMS, KMSKey: key, TaskMode: resource.ModeSSEKMS, Labels: -1, ChangeTags: true,
	}}
}

func (l live) change(t resource.Type, made resource.SecurityConfiguration) *change.Change {
	i := item(t)
	i.Location = l.location
	i.Steps[0].Configuration = &made
	if i.Endpoint != nil {
		i.Endpoint.Definition.SecurityConfiguration = ""
	}
	return &change.Change{Head: change.Head{ID: changeID, Item: i}, Resources: map[plan.Role]resource.Identity{}}
}

// TestIgnoredEncryption: where AWS says yes and does not encrypt, verification notices every time.
func TestIgnoredEncryption(t *testing.T) {
	t.Parallel()
	for _, operation := range []string{"", "glue:CreateSecurityConfiguration", "glue:CreateDevEndpoint", "glue:CreateMLTransform"} {
		for kind, makeTwin := range map[string]func(live, *testing.T) (*change.Change, plan.Step){"endpoint": live.endpoint, "transform": live.transform} {
			t.Run(kind+" "+operation, func(t *testing.T) {
				t.Parallel()
				var faults []sandbox.Fault
				if operation != "" {
					faults = []sandbox.Fault{{Operation: operation, Error: sandbox.FaultIgnoreEncryption}}
				}
				l := startLive(t, faults...)
				c, step := makeTwin(l, t)
				differences, err := l.verifier.Verify(t.Context(), c, step)
				if err != nil {
					t.Fatal(err)
				}
				met := map[string]bool{
					"": false, "glue:CreateSecurityConfiguration": true, "glue:CreateDevEndpoint": kind == "endpoint", "glue:CreateMLTransform": kind == "transform",
				}[operation]
				if met != (len(differences) > 0) {
					t.Errorf("differences: %+v", differences)
				}
			})
		}
	}
}

// TestUnreadAtAWS: whichever read fails, nothing is said of the resource.
func TestUnreadAtAWS(t *testing.T) {
	t.Parallel()
	l := startLive(t)
	c, step := l.endpoint(t)
	for _, operation := range []string{"glue:GetDevEndpoint", "glue:GetTags", "glue:GetSecurityConfiguration"} {
		l.post(t, "faults", []sandbox.Fault{{Operation: operation, Error: "AccessDeniedException"}})
		if differences, err := l.verifier.Verify(t.Context(), c, step); err == nil {
			t.Errorf("%s is denied, and verification says %+v", operation, differences)
		}
	}
	l.post(t, "faults", []sandbox.Fault{})
	if _, err := l.glue.DeleteDevEndpoint(t.Context(), &glue.DeleteDevEndpointInput{EndpointName: aws.String("twin")}); err != nil {
		t.Fatal(err)
	}
	differences, err := l.verifier.Verify(t.Context(), c, step)
	if err != nil || len(differences) == 0 || differences[0].Attribute != "status" {
		t.Errorf("after its delete: %+v, %v", differences, err)
	}
}

func (l live) post(t *testing.T, control string, body any) {
	t.Helper()
	text, err := json.Marshal(body)
	if err != nil {
		t.Fatal(err)
	}
	r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, l.server.URL+"/_sandbox/"+control, bytes.NewReader(text))
	if err != nil {
		t.Fatal(err)
	}
	answer, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	if err := answer.Body.Close(); err != nil || answer.StatusCode != http.StatusOK {
		t.Fatalf("%s: %s %v", control, answer.Status, err)
	}
}
