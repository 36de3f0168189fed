package browser

import (
	"bufio"
	"bytes"
	"errors"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// program is the real one, in a process that can be killed, with a state that stays.
type program struct {
	t    *testing.T
	dir  string
	env  []string
	url  string // where it listens since its first start
	link string // by which the first administrator comes in
}

func newProgram(t *testing.T, endpoint string) *program {
	t.Helper()
	dir := t.TempDir()
	return &program{t: t, dir: dir, env: []string{
		beProgram + "=yes", "HOME=" + dir, "XDG_STATE_HOME=" + dir, "PATH=" + os.Getenv("PATH"), "AWS_ENDPOINT_URL=" + endpoint, "AWS_REGION=" + region,
		"AWS_ACCESS_KEY_ID=browser", "AWS_SECRET_ACCESS_KEY=browser", "AWS_EC2_METADATA_DISABLED=true",
	}}
}

// process is a run of it.
type process struct {
	cmd  *exec.Cmd
	t    *testing.T
	done bool
}

// start starts it, and waits until it listens.
func (p *program) start() *process {
	p.t.Helper()
	self, err := os.Executable()
	if err != nil {
		p.t.Fatal(err)
	}
	listen := "127.0.0.1:0"
	if p.url != "" {
		listen = strings.TrimPrefix(p.url, "http://")
	}
	r := &process{cmd: exec.Command(self, "serve", "--listen", listen, "--state", filepath.Join(p.dir, "state.db")), t: p.t} //nolint:gosec // this binary
	r.cmd.Env = p.env
	var wrong bytes.Buffer
	r.cmd.Stderr = &wrong
	out, err := r.cmd.StdoutPipe()
	if err != nil {
		p.t.Fatal(err)
	}
	if err := r.cmd.Start(); err != nil {
		p.t.Fatal(err)
	}
	p.t.Cleanup(r.kill)
	for lines := bufio.NewScanner(out); lines.Scan(); {
		line := strings.TrimSpace(lines.Text())
		switch {
		case strings.Contains(line, "/setup?ticket="):
			p.link = strings.TrimPrefix(line, p.url)
		case strings.HasPrefix(line, "Glueguard listens at "):
			p.url = strings.TrimPrefix(line, "Glueguard listens at ")
		case strings.HasPrefix(line, "Ctrl-C ends it"):
			go func() { _, _ = io.Copy(io.Discard, out) }()
			return r
		}
	}
	r.kill()
	p.t.Fatalf("it does not listen: %s", wrong.String())
	return nil
}

// kill is kill -9.
func (r *process) kill() {
	if r.done {
		return
	}
	r.done = true
	var ended *exec.ExitError
	if err := errors.Join(r.cmd.Process.Kill(), r.cmd.Wait()); err != nil && !errors.As(err, &ended) {
		r.t.Error(err)
	}
}
