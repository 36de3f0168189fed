package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// asked at once by the client of the pages' row: as two people do.
const atOnce = 2

// served is a daemon in a process of its own over a full state, and somebody who has signed in.
type served struct {
	url     string
	client  *http.Client
	process *os.Process
	sample  sample
	stop    func() error
}

// serve starts the real `glueguard serve` and signs in as its administrator.
func (b bench) serve(ctx context.Context, state, aws string) (*served, error) {
	stamp := time.Now().UnixNano()
	address, said := filepath.Join(b.dir, fmt.Sprintf("serve-%d", stamp)), filepath.Join(b.dir, fmt.Sprintf("said-%d", stamp))
	out, err := os.Create(filepath.Clean(said))
	if err != nil {
		return nil, err
	}
	defer out.Close()
	rules := filepath.Join(b.dir, fmt.Sprintf("rules-%d.yaml", stamp))
	if err := os.WriteFile(rules, []byte("approvals: {required: never}\n"), 0o600); err != nil { // several sign in, and nobody is there to decide
		return nil, err
	}
	cmd := exec.CommandContext(ctx, b.binary, "serve", "--listen", "127.0.0.1:0", "--state", state, "--addr-file", address, "--role", repairRole, "--config", rules) //nolint:gosec // our own binary
	cmd.Env = append([]string{"PATH=" + os.Getenv("PATH"), "HOME=" + b.dir}, awsEnv(aws)...)
	cmd.Stdout, cmd.Stderr = out, out
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	ended := make(chan error, 1)
	go func() { ended <- cmd.Wait() }()
	s := &served{process: cmd.Process, stop: func() error {
		if err := cmd.Process.Signal(syscall.SIGTERM); err != nil {
			return err
		}
		return <-ended
	}}
	for s.url == "" {
		select {
		case err := <-ended:
			text, _ := os.ReadFile(filepath.Clean(said))
			return nil, fmt.Errorf("serve ended before it listened: %w\n%s", err, text)
		case <-time.After(5 * time.Millisecond):
		}
		if at, err := os.ReadFile(filepath.Clean(address)); err == nil && len(at) > 0 {
			s.url = "http://" + strings.TrimSpace(string(at))
		}
	}
	if err := s.signIn(ctx, said); err != nil {
		return nil, errors.Join(err, s.stop())
	}
	return s, nil
}

// signIn sets the administrator's password with the link that the first start printed, and signs in.
func (s *served) signIn(ctx context.Context, said string) error {
	client, err := newClient()
	if err != nil {
		return err
	}
	s.client = client
	text, err := os.ReadFile(filepath.Clean(said))
	if err != nil {
		return err
	}
	_, rest, found := strings.Cut(string(text), "/setup?ticket=")
	if !found {
		return fmt.Errorf("serve printed no link to set a password:\n%s", text)
	}
	return s.enter(ctx, strings.Fields(rest)[0])
}

// enter sets a password by a one-time link's secret, and signs in with it.
func (s *served) enter(ctx context.Context, ticket string) error {
	const password = "a password of this bench alone"
	var used struct{ Name string }
	if err := s.post(ctx, "/tickets", map[string]string{"secret": ticket, "password": password}, &used); err != nil {
		return err
	}
	return s.post(ctx, "/session", map[string]string{"name": used.Name, "password": password}, nil)
}

// newClient keeps its cookies to itself.
func newClient() (*http.Client, error) {
	jar, err := cookiejar.New(nil)
	return &http.Client{
		Jar: jar, Transport: &http.Transport{MaxIdleConnsPerHost: atOnce, MaxConnsPerHost: 0, DisableCompression: true},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}, err
}

// viewers makes so many users who may see everything, and signs them in.
func (s *served) viewers(ctx context.Context, n int) ([]*http.Client, error) {
	var all []*http.Client
	for i := range n {
		var made struct {
			Ticket struct{ Path string }
		}
		if err := s.post(ctx, "/users", map[string]any{"name": fmt.Sprintf("viewer-%d", i), "roles": []string{"viewer"}}, &made); err != nil {
			return nil, err
		}
		client, err := newClient()
		if err != nil {
			return nil, err
		}
		_, ticket, _ := strings.Cut(made.Ticket.Path, "ticket=")
		one := &served{url: s.url, client: client}
		if err := one.enter(ctx, ticket); err != nil {
			return nil, err
		}
		all = append(all, client)
	}
	return all, nil
}

const basePath = "/api/v1"

func (s *served) post(ctx context.Context, path string, body, to any) error {
	text, err := json.Marshal(body)
	if err != nil {
		return err
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, s.url+basePath+path, bytes.NewReader(text))
	if err != nil {
		return err
	}
	req.Header.Set("Content-Type", "application/json")
	answer, err := s.do(req)
	if err != nil || to == nil {
		return err
	}
	return json.Unmarshal(answer, to)
}

func (s *served) get(ctx context.Context, path string) ([]byte, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, s.url+path, http.NoBody)
	if err != nil {
		return nil, err
	}
	return s.do(req)
}

func (s *served) do(req *http.Request) ([]byte, error) {
	resp, err := s.client.Do(req)
	if err != nil {
		return nil, err
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	if err != nil {
		return nil, err
	}
	if resp.StatusCode >= http.StatusMultipleChoices {
		return nil, fmt.Errorf("%s %s: %s\n%.500s", req.Method, req.URL.Path, resp.Status, text)
	}
	return text, nil
}

// taken is what the daemon's process has used until now, where the system tells.
func (s *served) taken() (cpu time.Duration, resident int64) {
	const tick = 10 * time.Millisecond
	dir := filepath.Join("/proc", strconv.Itoa(s.process.Pid))
	if stat, err := os.ReadFile(filepath.Join(dir, "stat")); err == nil {
		_, after, _ := strings.Cut(string(stat), ") ")
		if fields := strings.Fields(after); len(fields) > 12 {
			user, _ := strconv.ParseInt(fields[11], 10, 64)
			system, _ := strconv.ParseInt(fields[12], 10, 64)
			cpu = time.Duration(user+system) * tick
		}
	}
	if statm, err := os.ReadFile(filepath.Join(dir, "statm")); err == nil {
		if fields := strings.Fields(string(statm)); len(fields) > 1 {
			pages, _ := strconv.ParseInt(fields[1], 10, 64)
			resident = pages * int64(os.Getpagesize())
		}
	}
	return cpu, resident
}

func query(path string, values map[string]string) string {
	q := url.Values{}
	for name, value := range values {
		q.Set(name, value)
	}
	return path + "?" + q.Encode()
}
