package external_test

import (
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/glueguard/glueguard/internal/sandbox"
)

// scenario is a run of AWS CLI commands against a sandbox of its own.
type scenario struct {
	name    string
	options sandbox.Options
	account string // whose root runs the steps; empty: 111122223333
	region  string // empty: eu-central-1
	steps   []step
}

// step is one command and what it must answer.
type step struct {
	name string
	run  string // what follows `aws`; words in single quotes stay together; $names are values saved by earlier steps
	in   string // region, where not the scenario's
	as   string // "" the scenario's root; 12 digits: that account's root; AKIA…: that key; else a login of an earlier step
	at   string // how far the sandbox's clock is moved before, e.g. "10m"

	want    want              // of the JSON that the CLI prints
	text    string            // exact output, for commands that print something else
	save    map[string]string // variable -> path in the output
	file    map[string]string // variable -> path of base64 in the output; it is decoded into a file, which the variable names
	login   string            // the output has Credentials: keep them under this name
	calls   int               // HTTP calls the CLI must have made; 0: not looked at
	refused string            // AWS's code of the refusal, which the CLI must print with its operation
	usage   string            // the CLI itself refuses, saying this
}

// coverage is what the sandbox answered with success, as "glue:GetDevEndpoints".
type coverage struct {
	mu   sync.Mutex
	seen map[string]bool
}

func (c *coverage) add(calls []exchange) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, call := range calls {
		if call.Code == "" {
			c.seen[call.Service+":"+call.Operation] = true
		}
	}
}

// play runs a scenario's steps in order on a fresh sandbox. Steps after a failed one still run, since each says by
// itself what it needs.
func (s scenario) play(t *testing.T, pool drivers, seen *coverage) {
	server, err := sandbox.Start("127.0.0.1:0", s.options)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := server.Close(); err != nil {
			t.Error(err)
		}
	})
	p := player{scenario: s, url: server.URL, pool: pool, seen: seen, logins: map[string]credentials{}}
	p.saved = vars{
		"dir": t.TempDir(), "account": p.owner(), "region": p.home(),
		"glueTrust": glueTrust,
		"rootTrust": strings.ReplaceAll(rootTrust, "$account", p.owner()),
		"keyPolicy": strings.ReplaceAll(keyPolicy, "$account", p.owner()),
	}
	for _, step := range s.steps {
		t.Run(step.name, func(t *testing.T) { p.step(t, step) })
	}
}

// management is an access key that names no account, so the sandbox takes it for the management account's.
const management = "AKIAIOSFODNN7EXAMPLE"

// player is a scenario under way.
type player struct {
	scenario
	url    string
	pool   drivers
	seen   *coverage
	saved  vars
	logins map[string]credentials
}

func (p *player) step(t *testing.T, s step) {
	if s.at != "" {
		p.control(t, "clock", fmt.Sprintf(`{"advance":%q}`, s.at))
	}
	who, err := p.who(p.saved.expand(s.as))
	if err != nil {
		t.Fatal(err)
	}
	region := s.in
	if region == "" {
		region = p.home()
	}
	words := split(p.saved.expand(s.run))
	args := append(words, "--endpoint-url", p.url, "--region", region, "--cli-read-timeout", "20")
	got, err := p.pool.ask(request{Kind: "cli", Args: args, Env: who.env()})
	if err != nil {
		t.Fatal(err)
	}
	p.seen.add(got.Calls)
	for _, problem := range p.judge(s, got) {
		t.Error(problem)
	}
	if t.Failed() {
		t.Logf("aws %s\nexit status %d\n%s%s", strings.Join(words, " "), got.Status, got.Stdout, got.Stderr)
	}
}

func (p *player) home() string {
	if p.region == "" {
		return "eu-central-1"
	}
	return p.region
}

func (p *player) owner() string {
	if p.account == "" {
		return "111122223333"
	}
	return p.account
}

// who returns the credentials that a step runs with.
func (p *player) who(name string) (credentials, error) {
	if name == "" {
		name = p.owner()
	}
	if isAccount(name) || strings.HasPrefix(name, "AKIA") {
		return credentials{AccessKeyID: name, SecretAccessKey: "secret"}, nil
	}
	c, ok := p.logins[name]
	if !ok {
		return c, fmt.Errorf("no earlier step logged in as %s", name)
	}
	return c, nil
}

// isAccount tells whether a name is an AWS account id.
func isAccount(name string) bool {
	return len(name) == 12 && strings.Trim(name, "0123456789") == ""
}

// control posts to one of the sandbox's own endpoints.
func (p *player) control(t *testing.T, endpoint, body string) {
	t.Helper()
	response, err := http.Post(p.url+"/_sandbox/"+endpoint, "application/json", strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	if response.StatusCode >= 300 {
		t.Fatalf("POST /_sandbox/%s: %s", endpoint, response.Status)
	}
}

// judge returns what is wrong with an answer, and keeps what later steps need.
func (p *player) judge(s step, got answer) []string {
	var wrong []string
	for _, call := range got.Calls {
		for _, odd := range call.Odd {
			wrong = append(wrong, call.Service+":"+call.Operation+" is not as the service model says: "+odd)
		}
	}
	if s.calls != 0 && len(got.Calls) != s.calls {
		wrong = append(wrong, fmt.Sprintf("the CLI made %d HTTP calls, wanted %d", len(got.Calls), s.calls))
	}
	switch {
	case s.usage != "":
		if got.Status == 0 || !strings.Contains(got.Stderr, s.usage) {
			wrong = append(wrong, fmt.Sprintf("wanted the CLI to refuse with %q", s.usage))
		}
	case s.refused != "":
		wrong = append(wrong, refusal(s.refused, got)...)
	case got.Status != 0:
		wrong = append(wrong, "wanted exit status 0")
	case s.text != "":
		if text := p.saved.expand(s.text); got.Stdout != text {
			wrong = append(wrong, "output "+differ(got.Stdout, text))
		}
	default:
		wrong = append(wrong, p.read(s, got.Stdout)...)
	}
	return wrong
}

// refusal returns how an answer is not the refusal with a code that was wanted.
func refusal(code string, got answer) []string {
	if got.Status == 0 || len(got.Calls) == 0 {
		return []string{"wanted the refusal " + code}
	}
	last := got.Calls[len(got.Calls)-1]
	line := fmt.Sprintf("An error occurred (%s) when calling the %s operation", code, last.Operation)
	_, message, said := strings.Cut(got.Stderr, line)
	if !said {
		return []string{"wanted: " + line}
	}
	_, message, _ = strings.Cut(message, ": ")
	if strings.TrimSpace(message) == "" && !slices.Contains(wordless(), code) {
		return []string{"the refusal has no message"}
	}
	return nil
}

// wordless are the codes that KMS sends without a message, so that nothing is told about the cryptography.
func wordless() []string {
	return []string{"InvalidCiphertextException", "KMSInvalidMacException", "KMSInvalidSignatureException"}
}

// read checks the JSON that a command printed, and saves what the step says.
func (p *player) read(s step, stdout string) []string {
	var document any
	if strings.TrimSpace(stdout) != "" {
		if err := json.Unmarshal([]byte(stdout), &document); err != nil {
			return []string{"output is no JSON: " + err.Error()}
		}
	}
	var wrong []string
	for _, name := range slices.Sorted(maps.Keys(s.save)) {
		value, ok := at(document, s.save[name])
		if !ok {
			wrong = append(wrong, "output has no "+s.save[name]+" to save")
		}
		p.saved[name] = fmt.Sprint(value)
	}
	for _, name := range slices.Sorted(maps.Keys(s.file)) {
		path, err := decodeInto(p.saved["dir"]+"/"+name, textAt(document, s.file[name]))
		if err != nil {
			wrong = append(wrong, err.Error())
		}
		p.saved[name] = path
	}
	if s.login != "" {
		p.logins[s.login] = credentials{
			AccessKeyID:     textAt(document, "Credentials.AccessKeyId"),
			SecretAccessKey: textAt(document, "Credentials.SecretAccessKey"),
			SessionToken:    textAt(document, "Credentials.SessionToken"),
		}
	}
	return append(wrong, s.want.check(document, p.saved)...)
}

// decodeInto writes what a base64 text stands for into a file.
func decodeInto(path, text string) (string, error) {
	if text == "" {
		return path, errors.New("output has nothing to decode")
	}
	raw, err := base64.StdEncoding.DecodeString(text)
	if err != nil {
		return path, fmt.Errorf("output is no base64: %w", err)
	}
	return path, os.WriteFile(path, raw, 0o600)
}

func textAt(document any, path string) string {
	value, _ := at(document, path)
	text, _ := value.(string)
	return text
}

// split cuts a command into words at blanks; single quotes keep a word together.
func split(command string) []string {
	var words []string
	var word strings.Builder
	quoted, open := false, false
	for _, r := range command {
		switch {
		case r == '\'':
			quoted, open = !quoted, true
		case (r == ' ' || r == '\n' || r == '\t') && !quoted:
			if open {
				words = append(words, word.String())
				word.Reset()
			}
			open = false
		default:
			word.WriteRune(r)
			open = true
		}
	}
	if open {
		words = append(words, word.String())
	}
	return words
}
