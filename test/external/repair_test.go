package external_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"maps"
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
	"github.com/aws/aws-sdk-go-v2/service/kms"
	"github.com/google/go-cmp/cmp"

	"github.com/glueguard/glueguard/internal/cli"
)

// TestRepairOnMoto repairs development endpoints of an AWS that we did not write, and takes that back. Moto differs from
// AWS in what a repair sees: it loses the tags given to a create, so the step that ensures tags must put them there;
// endpoints are READY at once; it has no ML transforms, no simulator for its own user and no quotas, which preflight must
// say; and every endpoint is in a subnet that EC2 does not have.
//
// Each story has a region of one moto to itself, with the same estate: most of a story is waiting, since glueguard asks
// again, as it does at AWS, where moto's answer is one that can't be read.
func TestRepairOnMoto(t *testing.T) {
	t.Parallel()
	stories := []struct {
		name, region string
		tell         func(*repairedMoto)
	}{
		{"audited, not repaired without accepting what could not be checked", "us-east-1", func(m *repairedMoto) { m.audited(); m.unaccepted() }},
		{"replaced and backed out", "us-west-2", (*repairedMoto).replaced},
		{"side by side under a new key, and finalized", "eu-west-1", (*repairedMoto).finalized},
		{"retired and backed out", "ap-southeast-2", (*repairedMoto).retired},
		{"the procedure for endpoints", "eu-north-1", (*repairedMoto).followsTheProcedure},
	}
	url := startMoto(t, python(t))
	var regions []string
	for _, story := range stories {
		regions = append(regions, story.region)
	}
	profiles(t, url, regions...)
	for _, story := range stories {
		t.Run(story.name, func(t *testing.T) {
			t.Parallel()
			story.tell(newRepairedMoto(t, url, story.region))
		})
	}
}

const unread = 3 // the status of plans that look at ML transforms too, which moto does not have

// repairedMoto is a region of moto with an estate, and glueguard's command line.
type repairedMoto struct {
	*testing.T
	region, dir string
	glue        *glue.Client
	iam         *iam.Client
	kms         *kms.Client
	before      map[string]motoEndpoint
}

// newRepairedMoto makes what repairs need in a region, with clients that look at it from outside.
func newRepairedMoto(t *testing.T, url, region string) *repairedMoto {
	t.Helper()
	c := aws.Config{Region: region, BaseEndpoint: &url, Credentials: awscredentials.NewStaticCredentialsProvider("moto", "moto", "")}
	m := &repairedMoto{T: t, region: region, dir: t.TempDir(), glue: glue.NewFromConfig(c), iam: iam.NewFromConfig(c), kms: kms.NewFromConfig(c)}
	m.settle()
	return m
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
		RoleName: aws.String("glue-" + m.region), AssumeRolePolicyDocument: aws.String(glueTrust),
	})
	m.must(err)
	_, err = m.iam.PutRolePolicy(ctx, &iam.PutRolePolicyInput{
		RoleName: aws.String("glue-" + m.region), PolicyName: aws.String("keys"), PolicyDocument: aws.String(
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
	role := aws.String("arn:aws:iam::" + motoAccount + ":role/glue-" + m.region)
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
			ResourceArn: aws.String(m.arn(*in.EndpointName)), TagsToAdd: map[string]string{"team": "data", "name": *in.EndpointName},
		})
		m.must(err)
	}
	m.before = m.endpoints()
}

func (m *repairedMoto) arn(name string) string {
	return "arn:aws:glue:" + m.region + ":" + motoAccount + ":devEndpoint/" + name
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
		tags, err := m.glue.GetTags(m.Context(), &glue.GetTagsInput{ResourceArn: aws.String(m.arn(name))})
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
	return m.run(status, cli.Env{Args: args, Stdin: strings.NewReader("")})
}

// run runs the command line that env has, in the story's region.
func (m *repairedMoto) run(status int, env cli.Env) string {
	m.Helper()
	var stdout, stderr bytes.Buffer
	n := 0
	env.Args = append(slices.Clone(env.Args), "--profile", m.region)
	env.Stdout, env.Stderr, env.Now, env.TuneMemory = &stdout, &stderr, time.Now, func(int64) {}
	env.NewID = func() string { n++; return fmt.Sprintf("%d-%d", time.Now().UnixNano(), n) }
	env.Interruptible = func(ctx context.Context) (context.Context, context.CancelFunc) { return context.WithCancel(ctx) }
	env.LookupEnv = func(name string) (string, bool) {
		value, there := map[string]string{"HOME": m.dir, "XDG_STATE_HOME": filepath.Join(m.dir, "state")}[name]
		return value, there
	}
	if got := cli.Main(m.Context(), env); got != status {
		m.Fatalf("glueguard %s: exit status %d, want %d\n%s%s", strings.Join(env.Args, " "), got, status, &stdout, &stderr)
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
		"plan", "--region", m.region, "--accept-unchecked", "--accept-unchecked=elastic-ip", "--accept-irreversible", "--out", file,
	}, args...)...)
	return file
}

func (m *repairedMoto) audited() {
	var report struct {
		Findings []struct{ Control, Status, Reason string }
		Coverage []struct{ Operation, Status string }
	}
	m.must(json.Unmarshal([]byte(m.glueguard(2, "audit", "--region", m.region, "-o", "json")), &report))
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
	m.glueguard(0, "plan", "--region", m.region, "--mode", "SSE-S3", "--control", "glue-dev-endpoint-s3-encryption", "--out", file)
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
	file := m.planned(unread, "--mode", "SSE-KMS", "--create-key", "--strategy", "side-by-side", "--resource", m.arn("plain"))
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
	m.glueguard(0, "orphans", "--region", m.region) // moto's own list of what is tagged has all that ever was
}

func (m *repairedMoto) retired() {
	file := m.planned(unread, "--strategy", "retire", "--resource", m.arn("off"))
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
