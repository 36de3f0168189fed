package faults

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"sync"
	"time"

	"github.com/glueguard/glueguard/internal/audit"
	"github.com/glueguard/glueguard/internal/awsapi"
	"github.com/glueguard/glueguard/internal/control"
	"github.com/glueguard/glueguard/internal/finding"
	"github.com/glueguard/glueguard/internal/policy"
	"github.com/glueguard/glueguard/internal/resource"
	"github.com/glueguard/glueguard/internal/sandbox"
	"github.com/glueguard/glueguard/internal/sandbox/scenario"
	"github.com/glueguard/glueguard/internal/store"
)

// outcome is what an audit comes to.
type outcome struct {
	findings map[string]finding.Finding // by label
	coverage []resource.Coverage
	verdict  audit.Verdict
	err      error
}

// recorder keeps what an audit stores.
type recorder struct {
	mu    sync.Mutex
	parts []store.Part
}

func (r *recorder) BeginAudit(context.Context, store.Audit) error { return nil }

func (r *recorder) AddPart(_ context.Context, _ string, p store.Part) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.parts = append(r.parts, p)
	return nil
}

func (r *recorder) FinishAudit(context.Context, store.Audit, ...store.Deed) error { return nil }

// limits are how long a client waits for an answer, and for a location that throttles, and how often it asks.
type limits struct {
	answer, throttled time.Duration
	attempts          int
}

// limitsOf are such that nothing that fails for good is waited for long, and that what fails once is waited for even on a
// busy machine.
func limitsOf(r trial) limits {
	l := limits{answer: 30 * time.Second, throttled: 30 * time.Second, attempts: 2}
	if r.name == "timeout" {
		l.answer = time.Second
		if r.once { // a busy machine may need as long for an answer that nothing holds up
			l.attempts = 5
		}
	}
	if !r.once {
		l.throttled = 150 * time.Millisecond
	}
	return l
}

// audit runs the pipeline as the command does.
func (w *world) audit(ctx context.Context, l limits) outcome {
	session, err := awsapi.Open(ctx, awsapi.Options{
		Keys: &awsapi.Keys{AccessKeyID: "faults", SecretAccessKey: "s"}, Region: us, EndpointURL: w.server.URL, Role: scenario.AuditRole,
		Attempts: l.attempts, AttemptTimeout: l.answer, ThrottleLimit: l.throttled,
	})
	if err != nil {
		return outcome{err: err}
	}
	defer session.Close()
	p := policy.Default(policy.SOP)
	p.Keys.Accounts = []policy.AccountID{policy.AccountID(w.account["m"])}
	p.Keys.Accounts = append(p.Keys.Accounts, policy.AccountID(w.account["a"])) // whose key account m uses
	var stored recorder
	r, err := audit.Run(ctx, audit.Options{
		Scanner: audit.NewScanner(session), Store: &stored, Policy: p, Organization: true,
		Now: func() time.Time { return time.Date(2026, 11, 23, 8, 0, 0, 0, time.UTC) }, NewID: func() string { return "audit" },
	})
	o := outcome{findings: map[string]finding.Finding{}, verdict: r.Verdict(), err: err}
	for _, part := range stored.parts {
		o.coverage = append(o.coverage, part.Coverage...)
		for _, f := range part.Findings {
			label := w.label(f)
			if _, twice := o.findings[label]; twice && err == nil {
				o.err = fmt.Errorf("two findings are %s", label)
			}
			o.findings[label] = f
		}
	}
	return o
}

// label names a finding as the table does: "s3 a eu a-03", "key e", and of a whole listing "s3 a eu".
func (w *world) label(f finding.Finding) string {
	kind := map[control.ID]string{
		control.DevEndpointS3: "s3", control.DevEndpointLogs: "logs", control.MLTransform: "ml", control.KeyManagement: "key",
	}[f.Control]
	if letter, ok := w.keys[f.Resource.ARN]; ok {
		return "key " + letter
	}
	label := kind + " " + w.place(f.Resource.Account, f.Resource.Region)
	if kind == "key" {
		return label + " " + f.Resource.ID
	}
	if f.Resource.Name != "" {
		label += " " + f.Resource.Name
	}
	return label
}

// place names a location as the table does: "a eu"; an account without a region is "a".
func (w *world) place(account, region string) string {
	switch region {
	case us:
		return w.letter[account] + " us"
	case eu:
		return w.letter[account] + " eu"
	}
	return w.letter[account]
}

// call is what the sandbox counts calls by.
type call struct {
	Operation string `json:"operation"`
	Account   string `json:"account"`
	Region    string `json:"region"`
	Calls     int    `json:"calls"`
}

// calls lists what was called since the last time it was asked.
func (w *world) calls(ctx context.Context) ([]call, error) {
	var answer struct {
		Counts []call `json:"counts"`
	}
	err := w.ask(ctx, http.MethodGet, "calls?reset", nil, &answer)
	return answer.Counts, err
}

func (w *world) faults(ctx context.Context, faults ...sandbox.Fault) error {
	if faults == nil {
		faults = []sandbox.Fault{}
	}
	body, err := json.Marshal(faults)
	if err != nil {
		return err
	}
	return w.ask(ctx, http.MethodPost, "faults", body, nil)
}

func (w *world) ask(ctx context.Context, method, control string, body []byte, into any) error {
	r, err := http.NewRequestWithContext(ctx, method, w.server.URL+"/_sandbox/"+control, bytes.NewReader(body))
	if err != nil {
		return err
	}
	answer, err := http.DefaultClient.Do(r)
	if err != nil {
		return err
	}
	defer answer.Body.Close()
	if answer.StatusCode != http.StatusOK {
		return fmt.Errorf("%s: %s", control, answer.Status)
	}
	if into == nil {
		return nil
	}
	return json.NewDecoder(answer.Body).Decode(into)
}
