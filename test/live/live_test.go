package main

import (
	"bytes"
	"context"
	"errors"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/glue"

	"github.com/glueguard/glueguard/internal/sandbox"
)

const account = "111111111111"

// TestMain lets this program be glueguard too, and keeps it from anybody's AWS settings.
func TestMain(m *testing.M) {
	beGlueguard()
	for name, value := range map[string]string{
		"AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test", "AWS_EC2_METADATA_DISABLED": "true",
		"AWS_CONFIG_FILE": os.DevNull, "AWS_SHARED_CREDENTIALS_FILE": os.DevNull,
	} {
		if err := os.Setenv(name, value); err != nil {
			panic(err)
		}
	}
	os.Exit(m.Run())
}

// world is a simulated AWS, and what a run against it says.
type world struct {
	*testing.T
	server         *sandbox.Server
	stdout, stderr bytes.Buffer
}

func newWorld(t *testing.T, o sandbox.Options) *world {
	t.Helper()
	o.Scenario = "small"
	server, err := sandbox.Start("127.0.0.1:0", o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = server.Close() })
	return &world{T: t, server: server}
}

// args are a whole command line; more of them win.
func (w *world) args(more ...string) []string {
	return append([]string{
		"-endpoint", w.server.URL, "-account", account, "-i-accept-cost-up-to", "100", "-poll", "5ms",
		"-role", "arn:aws:iam::" + account + ":role/AWSGlueServiceRole-dev", "-kms-key", "alias/key-pass",
		"-database", "crm", "-table", "customers", "-row-key", "id", "-s3", "s3://glue-labels-" + account + "-us-east-1/live",
	}, more...)
}

// names lists all endpoints, transforms and security configurations.
func (w *world) names() string {
	w.Helper()
	l := live{glue: glue.New(glue.Options{Region: "us-east-1", BaseEndpoint: &w.server.URL, Credentials: credentials.NewStaticCredentialsProvider("test", "test", "")})}
	ctx := context.Background()
	endpoints, err := l.endpoints(ctx)
	transforms, err2 := l.transforms(ctx)
	all, err3 := l.configurationNames(ctx)
	if err := errors.Join(err, err2, err3); err != nil {
		w.Fatal(err)
	}
	for i := range endpoints {
		all = append(all, aws.ToString(endpoints[i].EndpointName))
	}
	for i := range transforms {
		all = append(all, aws.ToString(transforms[i].Name))
	}
	return strings.Join(all, "\n")
}

// TestWholeRun tells every story; all facts are in the sandbox what Glueguard takes them for.
func TestWholeRun(t *testing.T) {
	t.Parallel()
	w := newWorld(t, sandbox.Options{Provisioning: 50 * time.Millisecond})
	before := w.names()
	if err := run(t.Context(), w.args(), &w.stdout, &w.stderr); err != nil {
		t.Fatalf("%v\n%s", err, w.stderr.String())
	}
	if after := w.names(); after != before {
		t.Errorf("there were\n%s\n\nand are\n%s", before, after)
	}
	if !strings.Contains(w.stdout.String(), "Nothing is left.") {
		t.Error("something is left")
	}
	for line := range strings.Lines(w.stdout.String()) {
		for _, f := range facts() {
			// An endpoint may be gone here before AWS could be asked about one that is going.
			if neverTried()[f.id] == "" && !strings.Contains(f.text, "TERMINATING") && strings.HasPrefix(line, f.text+" ") && !strings.Contains(line, " "+held+" ") {
				t.Error(line)
			}
		}
	}
}

// TestEndOfLife is a run on an AWS that makes nothing any more.
func TestEndOfLife(t *testing.T) {
	t.Parallel()
	w := newWorld(t, sandbox.Options{Provisioning: 20 * time.Millisecond, EndOfLife: true})
	before := w.names()
	if err := run(t.Context(), w.args(), &w.stdout, &w.stderr); err == nil {
		t.Error("stories that could not be told were told")
	}
	if after := w.names(); after != before {
		t.Errorf("there were\n%s\n\nand are\n%s", before, after)
	}
	for line := range strings.Lines(w.stdout.String()) {
		if strings.Contains(line, "after its end of life") && !strings.Contains(line, notHeld) {
			t.Errorf("want that it %s: %s", notHeld, line)
		}
	}
}

// TestInterrupted cancels a run in the middle of a change: nothing of it is left.
func TestInterrupted(t *testing.T) {
	t.Parallel()
	w := newWorld(t, sandbox.Options{Provisioning: 300 * time.Millisecond})
	before := w.names()
	ctx, cancel := context.WithCancel(t.Context())
	err := run(ctx, w.args(), &w.stdout, &trigger{word: "glueguard apply", do: func() {
		go func() { // once the twin is there
			defer cancel()
			for ctx.Err() == nil && !strings.Contains(w.names(), "-gg-") {
				time.Sleep(5 * time.Millisecond)
			}
		}()
	}})
	if !errors.Is(err, context.Canceled) && err == nil {
		t.Errorf("an interrupted run: %v", err)
	}
	if after := w.names(); after != before {
		t.Errorf("there were\n%s\n\nand are\n%s", before, after)
	}
	if !strings.Contains(w.stdout.String(), "Nothing is left.") {
		t.Error(w.stdout.String())
	}
}

// trigger is a writer that does something once, when it is told a word.
type trigger struct {
	word string
	do   func()
	once sync.Once
}

func (t *trigger) Write(p []byte) (int, error) {
	if strings.Contains(string(p), t.word) {
		t.once.Do(t.do)
	}
	return len(p), nil
}

// TestRefusals are runs that must not begin.
func TestRefusals(t *testing.T) {
	t.Parallel()
	w := newWorld(t, sandbox.Options{})
	before := w.names()
	for _, c := range []struct {
		name string
		args []string
		want any
	}{
		{"another account", []string{"-account", "222222222222"}, new(*accountError)},
		{"no account", []string{"-account", ""}, new(*usageError)},
		{"no limit", []string{"-i-accept-cost-up-to", "0"}, new(*usageError)},
		{"no role", []string{"-role", ""}, new(*usageError)},
		{"a limit that the first endpoint may exceed", []string{"-i-accept-cost-up-to", "0.5"}, new(*overLimitError)},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			var out bytes.Buffer
			if err := run(t.Context(), w.args(c.args...), &out, &out); !errors.As(err, c.want) {
				t.Errorf("%v, want %T", err, c.want)
			}
			if after := w.names(); after != before {
				t.Errorf("there were\n%s\n\nand are\n%s", before, after)
			}
		})
	}
}

func TestMeter(t *testing.T) {
	t.Parallel()
	m := meter{limit: 10, price: 0.5}
	p := part{name: "p", made: 3, alive: 2, worst: 90 * time.Minute}
	// Two alive for two hours each with the cleaning, and ten minutes for each of three: 4.5 h of 2 DPU.
	if got := m.bound(p, p.worst); got != 4.5 {
		t.Errorf("bound: %v, want 4.5", got)
	}
	m.end(p, time.Hour) // 3.5
	if err := m.begin(p); err != nil {
		t.Errorf("3.5 and 4.5 of 10: %v", err)
	}
	m.end(p, time.Hour)
	if err := m.begin(p); err == nil {
		t.Error("7 and 4.5 of 10: begun")
	}
}
