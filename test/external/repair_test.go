package external_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	awscredentials "github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/glue"
	"github.com/aws/aws-sdk-go-v2/service/glue/types"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/google/go-cmp/cmp"

	"github.com/glueguard/glueguard/internal/cli"
)

// newRepairedMoto starts a moto, has everything of this process go there, and makes what repairs need; with the
// configuration of clients that look at it from outside.
func newRepairedMoto(t *testing.T) (*repairedMoto, aws.Config) {
	t.Helper()
	m := &repairedMoto{T: t, url: startMoto(t, python(t)), dir: t.TempDir()}
	for name, value := range map[string]string{
		"AWS_ENDPOINT_URL": m.url, "AWS_ACCESS_KEY_ID": "moto", "AWS_SECRET_ACCESS_KEY": "moto", "AWS_REGION": motoRegion, "AWS_PROFILE": "",
		"AWS_CONFIG_FILE": os.DevNull, "AWS_SHARED_CREDENTIALS_FILE": os.DevNull, "HOME": m.dir, "XDG_STATE_HOME": filepath.Join(m.dir, "state"),
	} {
		t.Setenv(name, value)
	}
	c := aws.Config{Region: motoRegion, BaseEndpoint: &m.url, Credentials: awscredentials.NewStaticCredentialsProvider("moto", "moto", "")}
	m.glue, m.iam = glue.NewFromConfig(c), iam.NewFromConfig(c)
	m.settle()
	return m, c
}

// TestRepairOnMoto repairs development endpoints of an AWS that we did not write, and takes that back. Moto differs from
// AWS in what a repair sees: it loses the tags given to a create, so the step that ensures tags must put them there;
// endpoints are READY at once; it has no ML transforms, no simulator for its own user and no quotas, which preflight must
// say; and every endpoint is in a subnet that EC2 does not have.
func TestRepairOnMoto(t *testing.T) {
	m, _ := newRepairedMoto(t)
	for _, story := range []struct {
		name string
		tell func(*repairedMoto)
	}{
		{"audited", (*repairedMoto).audited},
		{"not without accepting what could not be checked", (*repairedMoto).unaccepted},
		{"replaced and backed out", (*repairedMoto).replaced},
		{"side by side under a new key, and finalized", (*repairedMoto).finalized},
		{"retired and backed out", (*repairedMoto).retired},
	} {
		if !t.Run(story.name, func(t *testing.T) { story.tell(m.in(t)) }) {
			return
		}
	}
}

const (
	motoRegion = "us-east-1"
	unread     = 3 // the status of plans that look at ML transforms too, which moto does not have
)

// repairedMoto is a moto with an estate, and glueguard's command line.
type repairedMoto struct {
	*testing.T
	url, dir string
	glue     *glue.Client
	iam      *iam.Client
	before   map[string]motoEndpoint
}

func (m *repairedMoto) in(t *testing.T) *repairedMoto {
	other := *m
	other.T = t
	return &other
}

func (m *repairedMoto) must(err error) {
	m.Helper()
	if err != nil {
		m.Fatal(err)
	}
}

// settle makes the estate: an endpoint that names no configuration, and one whose configuration encrypts nothing.
func (m *repairedMoto) settle() {
	m.Helper()
	ctx := m.Context()
	_, err := m.iam.CreateRole(ctx, &iam.CreateRoleInput{
		RoleName: aws.String("glue"), AssumeRolePolicyDocument: aws.String(glueTrust),
	})
	m.must(err)
	_, err = m.iam.PutRolePolicy(ctx, &iam.PutRolePolicyInput{
		RoleName: aws.String("glue"), PolicyName: aws.String("keys"), PolicyDocument: aws.String(
			`{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":["kms:*","s3:*","logs:*"],"Resource":"*"}]}`),
	})
	m.must(err)
	_, err = m.glue.CreateSecurityConfiguration(ctx, &glue.CreateSecurityConfigurationInput{
		Name: aws.String("off"), EncryptionConfiguration: &types.EncryptionConfiguration{
			S3Encryption:           []types.S3Encryption{{S3EncryptionMode: types.S3EncryptionModeDisabled}},
			CloudWatchEncryption:   &types.CloudWatchEncryption{CloudWatchEncryptionMode: types.CloudWatchEncryptionModeDisabled},
			JobBookmarksEncryption: &types.JobBookmarksEncryption{JobBookmarksEncryptionMode: types.JobBookmarksEncryptionModeDisabled},
		},
	})
	m.must(err)
	role := aws.String("arn:aws:iam::" + motoAccount + ":role/glue")
	for _, in := range []*glue.CreateDevEndpointInput{
		{
			EndpointName: aws.String("plain"), RoleArn: role, GlueVersion: aws.String("1.0"), Arguments: map[string]string{"GLUE_PYTHON_VERSION": "3"},
			ExtraJarsS3Path: aws.String("s3://libraries/a.jar"),
		},
		{
			EndpointName: aws.String("off"), RoleArn: role, GlueVersion: aws.String("0.9"), WorkerType: types.WorkerTypeG1x, NumberOfWorkers: aws.Int32(3),
			SecurityConfiguration: aws.String("off"),
		},
	} {
		_, err := m.glue.CreateDevEndpoint(ctx, in)
		m.must(err)
		_, err = m.glue.TagResource(ctx, &glue.TagResourceInput{
			ResourceArn: aws.String(motoARN(*in.EndpointName)), TagsToAdd: map[string]string{"team": "data", "name": *in.EndpointName},
		})
		m.must(err)
	}
	m.before = m.endpoints()
}

func motoARN(name string) string {
	return "arn:aws:glue:" + motoRegion + ":" + motoAccount + ":devEndpoint/" + name
}

// motoEndpoint is an endpoint as moto shows it, without what a creation decides.
type motoEndpoint struct {
	Made          time.Time
	Attributes    string
	Configuration string
	Tags          map[string]string
}

func (m *repairedMoto) endpoints() map[string]motoEndpoint {
	m.Helper()
	out, err := m.glue.GetDevEndpoints(m.Context(), &glue.GetDevEndpointsInput{})
	m.must(err)
	all := map[string]motoEndpoint{}
	for _, d := range out.DevEndpoints {
		name := *d.EndpointName
		e := motoEndpoint{Made: *d.CreatedTimestamp, Configuration: aws.ToString(d.SecurityConfiguration)}
		tags, err := m.glue.GetTags(m.Context(), &glue.GetTagsInput{ResourceArn: aws.String(motoARN(name))})
		m.must(err)
		e.Tags = tags.Tags
		d.EndpointName, d.CreatedTimestamp, d.LastModifiedTimestamp, d.SecurityConfiguration = nil, nil, nil, nil
		d.YarnEndpointAddress, d.PublicAddress = nil, nil // of its name
		text, err := json.MarshalIndent(d, "", " ")
		m.must(err)
		e.Attributes = string(text)
		all[name] = e
	}
	return all
}

// mode is what a security configuration says of S3.
func (m *repairedMoto) mode(name string) string {
	m.Helper()
	if name == "" {
		return "NONE"
	}
	out, err := m.glue.GetSecurityConfiguration(m.Context(), &glue.GetSecurityConfigurationInput{Name: &name})
	m.must(err)
	return string(out.SecurityConfiguration.EncryptionConfiguration.S3Encryption[0].S3EncryptionMode)
}

// glueguard runs a command line, wants an exit status, and returns what it printed.
func (m *repairedMoto) glueguard(status int, args ...string) string {
	m.Helper()
	var stdout, stderr bytes.Buffer
	n := 0
	env := cli.Env{
		Args: args, Stdin: strings.NewReader(""), Stdout: &stdout, Stderr: &stderr, LookupEnv: os.LookupEnv, Now: time.Now,
		NewID:         func() string { n++; return fmt.Sprintf("%d-%d", time.Now().UnixNano(), n) },
		Interruptible: func(ctx context.Context) (context.Context, context.CancelFunc) { return context.WithCancel(ctx) },
		TuneMemory:    func(int64) {},
	}
	if got := cli.Main(m.Context(), env); got != status {
		m.Fatalf("glueguard %s: exit status %d, want %d\n%s%s", strings.Join(args, " "), got, status, &stdout, &stderr)
	}
	return stdout.String()
}

// change is a change as the command line prints it.
type change struct {
	ID, State, Phase string
	Resource         struct{ Name string }
	Steps            []struct{ Name, Phase, State string }
}

// changes reads {"changes": [...]}, by the resource's name.
func (m *repairedMoto) changes(text string) map[string]change {
	m.Helper()
	var list struct{ Changes []change }
	m.must(json.Unmarshal([]byte(text), &list))
	all := map[string]change{}
	for _, c := range list.Changes {
		all[c.Resource.Name] = c
	}
	return all
}

// planned plans with everything accepted that moto does not let be checked, and returns the plan's file.
func (m *repairedMoto) planned(status int, args ...string) string {
	m.Helper()
	file := filepath.Join(m.TempDir(), "plan.json")
	m.glueguard(status, append([]string{
		"plan", "--region", motoRegion, "--accept-unchecked", "--accept-unchecked=elastic-ip", "--accept-irreversible", "--out", file,
	}, args...)...)
	return file
}

func (m *repairedMoto) audited() {
	var report struct {
		Findings []struct{ Control, Status, Reason string }
		Coverage []struct{ Operation, Status string }
	}
	m.must(json.Unmarshal([]byte(m.glueguard(2, "audit", "--region", motoRegion, "-o", "json")), &report))
	counts := map[string]int{}
	for _, f := range report.Findings {
		counts[f.Control+" "+f.Status]++
	}
	want := map[string]int{
		"glue-dev-endpoint-s3-encryption fail": 2, "glue-dev-endpoint-log-encryption fail": 2, "glue-ml-transform-encryption-at-rest unknown": 1,
	}
	if d := cmp.Diff(want, counts); d != "" {
		m.Errorf("findings (-want +got):\n%s", d)
	}
}

func (m *repairedMoto) unaccepted() {
	file := filepath.Join(m.TempDir(), "plan.json")
	m.glueguard(0, "plan", "--region", motoRegion, "--mode", "SSE-S3", "--control", "glue-dev-endpoint-s3-encryption", "--out", file)
	m.glueguard(2, "apply", file, "--auto-approve")
	if d := cmp.Diff(m.before, m.endpoints()); d != "" {
		m.Errorf("endpoints (-before +after):\n%s", d)
	}
}

func (m *repairedMoto) replaced() {
	file := m.planned(0, "--mode", "SSE-S3", "--control", "glue-dev-endpoint-s3-encryption")
	changes := m.changes(m.glueguard(0, "apply", file, "--auto-approve", "-o", "json"))
	after := m.endpoints()
	if len(after) != 2 || len(changes) != 2 {
		m.Fatalf("endpoints %v, changes %v", after, changes)
	}
	for name, was := range m.before {
		now := after[name]
		if now.Made.Equal(was.Made) || m.mode(now.Configuration) != "SSE-S3" || changes[name].State != "done" {
			m.Errorf("%s was not replaced: %+v, %s", name, now, changes[name].State)
		}
		if d := cmp.Diff(was.Attributes, now.Attributes); d != "" {
			m.Errorf("attributes of %s (-before +after):\n%s", name, d)
		}
		if d := cmp.Diff(was.Tags, now.Tags); d != "" {
			m.Errorf("tags of %s (-before +after):\n%s", name, d)
		}
	}
	for _, c := range changes {
		m.glueguard(0, "verify", c.ID)
		m.glueguard(0, "backout", c.ID, "--auto-approve")
	}
	restored := m.endpoints()
	for name, was := range m.before {
		now := restored[name]
		if now.Made.Equal(after[name].Made) {
			m.Errorf("%s was not restored", name)
		}
		was.Made, now.Made = time.Time{}, time.Time{}
		if d := cmp.Diff(was, now); d != "" {
			m.Errorf("%s (-before +restored):\n%s", name, d)
		}
	}
	if len(restored) != 2 {
		m.Errorf("endpoints %v", slices.Sorted(maps.Keys(restored)))
	}
}

func (m *repairedMoto) finalized() {
	file := m.planned(unread, "--mode", "SSE-KMS", "--create-key", "--strategy", "side-by-side", "--resource", motoARN("plain"))
	c := m.changes(m.glueguard(0, "apply", file, "--auto-approve", "-o", "json"))["plain"]
	if len(m.endpoints()) != 3 {
		m.Errorf("endpoints %v", m.endpoints())
	}
	m.glueguard(0, "finalize", c.ID, "--auto-approve", "--accept-irreversible")
	after := m.endpoints()
	if _, there := after["plain"]; there || len(after) != 2 {
		m.Errorf("endpoints %v", after)
	}
	for name, now := range after {
		if name == "off" {
			continue
		}
		if m.mode(now.Configuration) != "SSE-KMS" {
			m.Errorf("%s: %+v", name, now)
		}
		if d := cmp.Diff(m.before["plain"].Tags, now.Tags); d != "" {
			m.Errorf("tags of %s (-before +after):\n%s", name, d)
		}
	}
	m.glueguard(0, "verify", c.ID)
	m.glueguard(0, "orphans", "--region", motoRegion) // moto's own list of what is tagged has all that ever was
}

func (m *repairedMoto) retired() {
	file := m.planned(unread, "--strategy", "retire", "--resource", motoARN("off"))
	c := m.changes(m.glueguard(0, "apply", file, "--auto-approve", "-o", "json"))["off"]
	if _, there := m.endpoints()["off"]; there {
		m.Error("it is still there")
	}
	m.glueguard(0, "backout", c.ID, "--auto-approve")
	was, now := m.before["off"], m.endpoints()["off"]
	was.Made, now.Made = time.Time{}, time.Time{}
	if d := cmp.Diff(was, now); d != "" {
		m.Errorf("it (-before +restored):\n%s", d)
	}
}
