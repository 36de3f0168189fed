package crash

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/cookiejar"
	"os"
	"regexp"
	"strings"
	"sync"
	"time"
)

// served is a daemon under way.
type served struct {
	*running
	url   string
	token string
	http  *http.Client
	text  *safeBuffer
	once  sync.Once
}

// safeBuffer is output that is read while it is written.
type safeBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (b *safeBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.b.Write(p)
}

func (b *safeBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.b.String()
}

// serve starts a daemon on the program's state, and waits until it listens.
func (p *program) serve(ctx context.Context) (*served, error) {
	if err := os.Remove(p.addressFile()); err != nil && !os.IsNotExist(err) { // one that was killed leaves it
		return nil, err
	}
	jar, err := cookiejar.New(nil)
	if err != nil {
		return nil, err
	}
	d := &served{text: &safeBuffer{}, http: &http.Client{Jar: jar, Transport: &http.Transport{}}}
	r := p.command(ctx, "serve", "--listen", "127.0.0.1:0", "--addr-file", p.addressFile())
	r.cmd.Stdout, r.cmd.Stderr = d.text, d.text
	d.running = r
	if err := r.cmd.Start(); err != nil {
		return nil, err
	}
	tick := time.NewTicker(2 * time.Millisecond)
	defer tick.Stop()
	for deadline := time.Now().Add(20 * time.Second); time.Now().Before(deadline) && ctx.Err() == nil; <-tick.C {
		if text, err := os.ReadFile(p.addressFile()); err == nil && len(text) > 0 {
			d.url = "http://" + strings.TrimSpace(string(text))
			return d, nil
		}
	}
	d.kill()
	return nil, fmt.Errorf("the daemon does not listen: %s", d.text)
}

// kill is kill -9, and waits for the end of the process.
func (d *served) kill() {
	d.running.kill()
	d.once.Do(func() { _ = d.cmd.Wait() }) // it was killed
	d.http.CloseIdleConnections()
}

// stop ends the daemon as Ctrl-C does.
func (d *served) stop() (err error) {
	d.http.CloseIdleConnections()
	d.once.Do(func() {
		if err = d.cmd.Process.Signal(os.Interrupt); err == nil {
			err = d.cmd.Wait()
		}
		if d.cmd.ProcessState != nil && d.cmd.ProcessState.ExitCode() == 130 {
			err = nil
		}
		if err != nil {
			err = fmt.Errorf("the daemon ended with %w: %s", err, d.text)
		}
	})
	return err
}

func (d *served) output() string { return d.text.String() }

// call asks the daemon's API.
func (d *served) call(ctx context.Context, method, path string, body, into any) error {
	var content io.Reader
	if body != nil {
		text, err := json.Marshal(body)
		if err != nil {
			return err
		}
		content = bytes.NewReader(text)
	}
	r, err := http.NewRequestWithContext(ctx, method, d.url+path, content)
	if err != nil {
		return err
	}
	r.Header.Set("Content-Type", "application/json")
	if d.token != "" {
		r.Header.Set("Authorization", "Bearer "+d.token)
	}
	answer, err := d.http.Do(r)
	if err != nil {
		return err
	}
	defer answer.Body.Close()
	text, err := io.ReadAll(answer.Body)
	if err != nil {
		return err
	}
	if answer.StatusCode >= http.StatusBadRequest {
		return fmt.Errorf("%s %s: %s: %s", method, path, answer.Status, text)
	}
	return decoded(text, into)
}

// signIn sets the administrator's password by the link that the first daemon shows, and makes a token.
func (d *served) signIn(ctx context.Context) (token string, err error) {
	const password = "a-crash-is-no-excuse-7"
	link := regexp.MustCompile(`/setup\?ticket=(\S+)`)
	tick := time.NewTicker(2 * time.Millisecond)
	defer tick.Stop()
	var found []string
	for found == nil && ctx.Err() == nil {
		found = link.FindStringSubmatch(d.output())
		<-tick.C
	}
	if found == nil {
		return "", fmt.Errorf("no link was shown: %s", d.output())
	}
	if err := d.call(ctx, "POST", "/api/v1/tickets", map[string]any{"secret": found[1], "password": password}, nil); err != nil {
		return "", err
	}
	if err := d.call(ctx, "POST", "/api/v1/session", map[string]any{"name": "admin", "password": password}, nil); err != nil {
		return "", err
	}
	var made struct {
		Secret string `json:"secret"`
	}
	err = d.call(ctx, "POST", "/api/v1/account/tokens", map[string]any{"name": "crash", "roles": []string{"administrator"}, "expires_days": 1}, &made)
	return made.Secret, err
}

func (d *served) request(ctx context.Context, id string) (q request, err error) {
	return q, d.call(ctx, "GET", "/api/v1/requests/"+id, nil, &q)
}

// ended waits for the end of a request.
func (d *served) ended(ctx context.Context, id string) (request, error) {
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for {
		q, err := d.request(ctx, id)
		if err != nil || q.State == "ended" {
			return q, err
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			return q, fmt.Errorf("request %s never ends: %+v: %s", id, q, d.output())
		}
	}
}
