package external_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"
	"testing"
)

// python returns the interpreter that has the AWS CLI and moto, or skips the test.
func python(t *testing.T) string {
	t.Helper()
	path := os.Getenv("GLUEGUARD_TEST_PYTHON")
	if path == "" {
		t.Skip("GLUEGUARD_TEST_PYTHON names no Python with the AWS CLI and moto: run `make external`, which finds or installs one")
	}
	return path
}

// environment is what a Python process of ours gets: nothing of the developer's AWS settings, and no proxy for loopback.
func environment() []string {
	kept := []string{"NO_PROXY=127.0.0.1", "no_proxy=127.0.0.1", "PYTHONUNBUFFERED=1", "PYTHONDONTWRITEBYTECODE=1"}
	for _, variable := range os.Environ() {
		name, _, _ := strings.Cut(variable, "=")
		if !strings.HasPrefix(name, "AWS_") && !strings.EqualFold(name, "NO_PROXY") {
			kept = append(kept, variable)
		}
	}
	return kept
}

// exchange is one HTTP request and answer, as botocore saw it.
type exchange struct {
	Service   string   `json:"service"`
	Operation string   `json:"operation"`
	Status    int      `json:"status"`
	Code      string   `json:"code"` // AWS's error code; empty when it succeeded
	Odd       []string `json:"odd"`  // what the service model does not allow in the answer
}

// request is what aws_driver.py reads; its doc comment has the meaning.
type request struct {
	Kind      string            `json:"kind"`
	Env       map[string]string `json:"env"`
	Args      []string          `json:"args,omitempty"`
	Service   string            `json:"service,omitempty"`
	Operation string            `json:"operation,omitempty"`
	Params    map[string]any    `json:"params"`
	Endpoint  string            `json:"endpoint,omitempty"`
	Region    string            `json:"region,omitempty"`
	Validate  bool              `json:"validate,omitempty"` // refuse parameters that the service model does not allow
}

// answer is what aws_driver.py says.
type answer struct {
	Status int            `json:"status"`
	Stdout string         `json:"stdout"`
	Stderr string         `json:"stderr"`
	Output map[string]any `json:"output"`
	Error  string         `json:"error"` // botocore could not make the call or read the answer
	Calls  []exchange     `json:"calls"`
}

// driver is one long-lived Python process. It serves one request at a time.
type driver struct {
	requests *json.Encoder
	answers  *json.Decoder
	stderr   *strings.Builder
}

// drivers is a pool of idle processes.
type drivers chan *driver

// startDrivers starts n processes, which end with the test.
func startDrivers(t *testing.T, n int) drivers {
	t.Helper()
	pool := make(drivers, n)
	for range n {
		pool <- startDriver(t, python(t))
	}
	return pool
}

func startDriver(t *testing.T, interpreter string) *driver {
	t.Helper()
	command := exec.CommandContext(t.Context(), interpreter, "aws_driver.py")
	command.Env = environment()
	stdin, err := command.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	stdout, err := command.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	d := &driver{requests: json.NewEncoder(stdin), answers: json.NewDecoder(stdout), stderr: &strings.Builder{}}
	command.Stderr = d.stderr
	if err := command.Start(); err != nil {
		t.Fatalf("start %s: %v", interpreter, err)
	}
	t.Cleanup(func() { stop(t, command, stdin) })
	return d
}

// stop ends a process and waits for it, so that none outlives the test. The test's context has killed it by now, or
// closing its input lets it end by itself.
func stop(t *testing.T, command *exec.Cmd, stdin io.Closer) {
	t.Helper()
	_ = stdin.Close() // a process that was killed has closed it
	var exit *exec.ExitError
	if err := command.Wait(); err != nil && !errors.As(err, &exit) && !errors.Is(err, context.Canceled) {
		t.Errorf("stop %s: %v", command.Path, err)
	}
}

// ask sends one request to an idle process and returns its answer.
func (p drivers) ask(r request) (answer, error) {
	d := <-p
	defer func() { p <- d }()
	if err := d.requests.Encode(r); err != nil {
		return answer{}, fmt.Errorf("aws_driver.py ended: %w: %s", err, d.stderr)
	}
	var a answer
	if err := d.answers.Decode(&a); err != nil {
		return answer{}, fmt.Errorf("aws_driver.py ended: %w: %s", err, d.stderr)
	}
	return a, nil
}

// credentials are one caller's; a 12-digit access key is that account's root in the sandbox.
type credentials struct{ AccessKeyID, SecretAccessKey, SessionToken string }

// env gives credentials to botocore and keeps it off everything else it would look at.
func (c credentials) env() map[string]string {
	env := map[string]string{
		"AWS_ACCESS_KEY_ID":           c.AccessKeyID,
		"AWS_SECRET_ACCESS_KEY":       c.SecretAccessKey,
		"AWS_CONFIG_FILE":             os.DevNull,
		"AWS_SHARED_CREDENTIALS_FILE": os.DevNull,
		"AWS_EC2_METADATA_DISABLED":   "true",
		"AWS_MAX_ATTEMPTS":            "1",
	}
	if c.SessionToken != "" {
		env["AWS_SESSION_TOKEN"] = c.SessionToken
	}
	return env
}
