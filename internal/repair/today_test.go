package repair_test

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/glueguard/glueguard/internal/change"
	"github.com/glueguard/glueguard/internal/engine"
	"github.com/glueguard/glueguard/internal/plan"
	"github.com/glueguard/glueguard/internal/policy"
	"github.com/glueguard/glueguard/internal/repair"
)

// TestPolicyOfToday applies plans that were made under another policy.
func TestPolicyOfToday(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	p := w.plan(sse(), endpoint)
	begin := func(text string) (*change.Change, error) {
		t.Helper()
		now := policy.Default(policy.SOP)
		if text != "" {
			var err error
			if now, err = policy.Decode("glueguard.yaml", []byte(text)); err != nil {
				t.Fatal(err)
			}
		}
		worker := repair.New(repair.Options{Store: w.store, Sessions: repair.Using(w.session), Now: time.Now, Policy: &now})
		t.Cleanup(worker.Close)
		run, err := worker.Begin(t.Context(), applyJobs(p)[0])
		if err != nil {
			return nil, err
		}
		if err := run.Release(); err != nil {
			t.Fatal(err)
		}
		w.asked(w.verb(engine.Backout, run.ID()))
		c, err := w.store.Change(t.Context(), run.ID())
		if err != nil {
			t.Fatal(err)
		}
		return c, nil
	}
	excepted := fmt.Sprintf("exceptions:\n- control: glue-dev-endpoint-s3-encryption\n  resource: %q\n  reason: migration\n  owner: data\n  expires: %s\n",
		w.arn(endpoint), time.Now().AddDate(0, 1, 0).Format(time.DateOnly))
	var e *repair.RefusedError
	if _, err := begin(excepted); !errors.As(err, &e) || e.Reason != repair.Blocked || e.Blocked.Code != plan.BlockedExcepted || e.Advice() == "" {
		t.Errorf("excepted by now: %v", err)
	}
	if c, err := begin(""); err != nil || c.Head.Policy != nil {
		t.Errorf("the same policy: %v, %+v", err, c)
	}
	c, err := begin("require:\n  dev_endpoint: SSE-KMS\n")
	if err != nil || c.Head.Policy == nil || c.Head.Policy.Digest == p.Policy.Digest {
		t.Errorf("a stricter policy: %v, %+v", err, c)
	}
}
