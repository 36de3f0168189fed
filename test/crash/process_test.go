package crash

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	// For go test's cache alone, which knows nothing of the program that is built: the campaign runs again whenever
	// anything in it has changed. Nothing of it is used.
	_ "github.com/glueguard/glueguard/internal/cli"
)

// build makes the program under test, as anybody would, unless one is given.
func build(t *testing.T) string {
	t.Helper()
	if *given != "" {
		return *given
	}
	binary := filepath.Join(t.TempDir(), "glueguard")
	cmd := exec.CommandContext(t.Context(), "go", "build", "-o", binary, "../../cmd/glueguard")
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("go build: %v\n%s", err, out)
	}
	return binary
}

// sandbox is a simulated AWS in a process of its own, behind a proxy.
type sandbox struct {
	url   string
	proxy *proxy
}

func startSandbox(t *testing.T, binary string) *sandbox {
	t.Helper()
	address := filepath.Join(t.TempDir(), "address")
	ctx, stop := context.WithCancel(context.Background())
	cmd := exec.CommandContext(ctx, binary, "sandbox", "--scenario", "small", "--regions", region, "--provisioning", "50ms",
		"--listen", "127.0.0.1:0", "--addr-file", address)
	cmd.Cancel = func() error { return cmd.Process.Signal(os.Interrupt) }
	cmd.WaitDelay = 10 * time.Second
	var output bytes.Buffer
	cmd.Stdout, cmd.Stderr = &output, &output
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		stop()
		if err := cmd.Wait(); err != nil && !errors.Is(err, context.Canceled) {
			t.Errorf("the sandbox ended with %v: %s", err, output.String())
		}
	})
	tick := time.NewTicker(2 * time.Millisecond)
	defer tick.Stop()
	for deadline := time.Now().Add(20 * time.Second); time.Now().Before(deadline); <-tick.C {
		if text, err := os.ReadFile(address); err == nil {
			s := &sandbox{url: "http://" + strings.TrimSpace(string(text))}
			s.proxy = newProxy(s.url)
			t.Cleanup(s.proxy.server.Close)
			return s
		}
	}
	t.Fatalf("the sandbox does not listen: %s", output.String())
	return nil
}

// control posts to one of the sandbox's controls.
func (s *sandbox) control(ctx context.Context, what string, body any) error {
	text, err := json.Marshal(body)
	if err != nil {
		return err
	}
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, s.url+"/_sandbox/"+what, bytes.NewReader(text))
	if err != nil {
		return err
	}
	answer, err := http.DefaultClient.Do(r)
	if err != nil {
		return err
	}
	if err := answer.Body.Close(); err != nil {
		return err
	}
	if answer.StatusCode != http.StatusOK {
		return fmt.Errorf("%s: %s", what, answer.Status)
	}
	return nil
}

// program runs the program under test with a state of its own.
type program struct {
	binary string
	dir    string
	env    []string
}

// settings let the program look for lost answers as long as the simulated AWS takes for anything, not as AWS.
const settings = "repair:\n  settle: 200ms\n"

func newProgram(t *testing.T, binary, endpoint string) *program {
	t.Helper()
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "glueguard.yaml"), []byte(settings), 0o600); err != nil {
		t.Fatal(err)
	}
	return &program{binary: binary, dir: dir, env: []string{
		"HOME=" + dir, "XDG_STATE_HOME=" + dir, "PATH=" + os.Getenv("PATH"), "AWS_ENDPOINT_URL=" + endpoint, "AWS_REGION=" + region,
		"AWS_ACCESS_KEY_ID=crash", "AWS_SECRET_ACCESS_KEY=crash", "AWS_EC2_METADATA_DISABLED=true",
	}}
}

func (p *program) state() string { return filepath.Join(p.dir, "state.db") }

// ending is how a run of the program ended.
type ending struct {
	args   []string
	status int // -1: killed
	stdout string
	stderr string
}

func (e ending) killed() bool { return e.status < 0 }

func (e ending) String() string {
	return fmt.Sprintf("glueguard %s: status %d\n%s%s", strings.Join(e.args, " "), e.status, e.stdout, e.stderr)
}

// running is a run under way.
type running struct {
	cmd            *exec.Cmd
	stdout, stderr bytes.Buffer
	once           sync.Once
}

// start starts the program.
func (p *program) start(ctx context.Context, args ...string) (*running, error) {
	r := p.command(ctx, args...)
	return r, r.cmd.Start()
}

// command is a run of the program that is yet to start. Its state follows the arguments.
func (p *program) command(ctx context.Context, args ...string) *running {
	r := &running{}
	r.cmd = exec.CommandContext(ctx, p.binary, append(args, "--state", p.state())...)
	r.cmd.Dir, r.cmd.Env, r.cmd.Stdout, r.cmd.Stderr = p.dir, p.env, &r.stdout, &r.stderr
	return r
}

// kill is kill -9 of this very process.
func (r *running) kill() {
	r.once.Do(func() { _ = r.cmd.Process.Signal(syscall.SIGKILL) }) // one that has just ended is dead too
}

func (r *running) wait() (ending, error) {
	err := r.cmd.Wait()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		return ending{}, err
	}
	return ending{args: r.cmd.Args[1:], status: r.cmd.ProcessState.ExitCode(), stdout: r.stdout.String(), stderr: r.stderr.String()}, nil
}

// run runs the program to its end.
func (p *program) run(ctx context.Context, args ...string) (ending, error) {
	r, err := p.start(ctx, args...)
	if err != nil {
		return ending{}, err
	}
	return r.wait()
}

// change is a change as the program tells of it.
type change struct {
	ID    string `json:"id"`
	State string `json:"state"`
}

// changes lists the program's changes, the newest first.
func (p *program) changes(ctx context.Context) ([]change, error) {
	e, err := p.run(ctx, "changes", "-o", "json")
	if err != nil {
		return nil, err
	}
	var list struct {
		Changes []change `json:"changes"`
	}
	if err := json.Unmarshal([]byte(e.stdout), &list); err != nil || e.status != 0 {
		return nil, fmt.Errorf("%w: %s", err, e)
	}
	return list.Changes, nil
}
