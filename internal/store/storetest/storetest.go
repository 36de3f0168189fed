// Package storetest holds every store to the contract of package store: run Test with a way to open an empty one.
package storetest

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/glueguard/glueguard/internal/control"
	"github.com/glueguard/glueguard/internal/finding"
	"github.com/glueguard/glueguard/internal/resource"
	"github.com/glueguard/glueguard/internal/store"
)

// Open returns an empty store that is closed when the test ends.
type Open func(t testing.TB) store.Store

// Test runs the whole suite, in parallel.
func Test(t *testing.T, open Open) {
	t.Helper()
	t.Parallel()
	for name, test := range map[string]func(*testing.T, store.Store){
		"an audit comes back as it was":            comesBack,
		"what is not there is not found":           notFound,
		"latest is the newest finished audit":      latest,
		"reads are ordered whatever came first":    ordered,
		"a callback's error stops and comes back":  stops,
		"parts out of order are refused":           outOfOrder,
		"parts from several goroutines are kept":   concurrent,
		"an audit left open stays unfinished":      unfinished,
		"an audit left open changes no history":    unfinishedHistory,
		"an older audit that ends later says less": olderEndsLater,
		"ids are unique":                           uniqueIDs,
		"facts come back as they were":             factsComeBack,
		"facts of one resource come with the rest": factsOfOne,
		"policies are kept by digest":              policies,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			test(t, open(t))
		})
	}
	t.Run("history", func(t *testing.T) {
		t.Parallel()
		testHistory(t, open)
	})
	t.Run("history agrees with the model", func(t *testing.T) {
		t.Parallel()
		propertyHistory(t, open)
	})
}

// Start is the instant at which the suite's audits begin; the n-th starts n hours later.
func Start(n int) time.Time {
	return time.Date(2026, 11, 1, n, 0, 0, 123456789, time.UTC)
}

func head(n int) store.Audit {
	return store.Audit{ID: fmt.Sprintf("audit-%d", n), StartedAt: Start(n), PolicyProfile: "sop", PolicyDigest: "sha256:0"}
}

// Finding makes a finding of the S3 control on a dev endpoint.
func Finding(account, region, name string, status control.Status) finding.Finding {
	l := resource.Location{Partition: "aws", Account: account, Region: region}
	return finding.Finding{
		ID: "f-" + account + "-" + region + "-" + name,
		Outcome: control.Outcome{
			Control: control.DevEndpointS3, Status: status, Reason: "because", Message: "It is so.", Severity: control.High,
			Resource: resource.Ref{
				Type: resource.TypeDevEndpoint, ARN: l.ARN("glue", "devEndpoint/"+name).String(), ID: name, Name: name,
				Account: account, Region: region, Tags: map[string]string{"team": "data"},
			},
			Encryption: control.Encryption{Mode: resource.ModeNone, SecurityConfiguration: "sc"},
			Advisories: []control.Advisory{{Code: "key-unusable", Message: "The key is disabled."}},
		},
	}
}

func location(account, region string) resource.Location {
	return resource.Location{Partition: "aws", Account: account, Region: region}
}

func coverage(account, region, operation string) resource.Coverage {
	return resource.Coverage{Account: account, Region: region, Operation: operation, Status: resource.CoverageOK, Items: 3, Pages: 1}
}

// write stores a whole audit.
func write(t testing.TB, s store.Store, a store.Audit, parts ...store.Part) store.Audit {
	t.Helper()
	ctx := t.Context()
	must(t, s.BeginAudit(ctx, a))
	for _, p := range parts {
		must(t, s.AddPart(ctx, a.ID, p))
	}
	a.FinishedAt = a.StartedAt.Add(time.Minute)
	must(t, s.FinishAudit(ctx, a))
	return a
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func comesBack(t *testing.T, s store.Store) {
	f := Finding("111111111111", "eu-west-1", "dev1", control.Fail)
	f.Exception = &finding.Exception{Reason: "moving out", Owner: "data", Expires: "2026-10-31", Expired: true}
	c := resource.Coverage{
		Account: "111111111111", Region: "eu-west-1", Operation: "glue:GetMLTransforms", Status: string(resource.Denied),
		ErrorCode: "AccessDeniedException", Message: "no",
	}
	a := head(1)
	a.Summary = store.Summary{Fail: 1, Locations: 1, APICalls: 7}
	a = write(t, s, a, store.Part{
		Location: location("111111111111", "eu-west-1"), Coverage: []resource.Coverage{c}, Findings: []finding.Finding{f},
	})
	got, err := s.Audit(t.Context(), a.ID)
	must(t, err)
	if d := cmp.Diff(a, got); d != "" {
		t.Errorf("head (-want +got):\n%s", d)
	}
	if d := cmp.Diff([]finding.Finding{f}, findings(t, s, a.ID)); d != "" {
		t.Errorf("findings (-want +got):\n%s", d)
	}
	if d := cmp.Diff([]resource.Coverage{c}, coverages(t, s, a.ID)); d != "" {
		t.Errorf("coverage (-want +got):\n%s", d)
	}
}

func findings(t testing.TB, s store.Store, id string) (list []finding.Finding) {
	t.Helper()
	must(t, s.EachFinding(t.Context(), id, func(f finding.Finding) error { list = append(list, f); return nil }))
	return list
}

func coverages(t testing.TB, s store.Store, id string) (list []resource.Coverage) {
	t.Helper()
	must(t, s.EachCoverage(t.Context(), id, func(c resource.Coverage) error { list = append(list, c); return nil }))
	return list
}

func notFound(t *testing.T, s store.Store) {
	ctx := t.Context()
	_, audit := s.Audit(ctx, "none")
	_, latest := s.Audit(ctx, "latest")
	_, history := s.History(ctx, "none")
	for name, err := range map[string]error{
		"audit": audit, "latest": latest, "history": history,
		"coverage": s.EachCoverage(ctx, "none", nil), "findings": s.EachFinding(ctx, "none", nil), "facts": s.EachFacts(ctx, "none", nil),
		"facts of one": factsError(ctx, s), "policy": policyError(ctx, s),
	} {
		if !errors.Is(err, store.ErrNotFound) {
			t.Errorf("%s: %v, want ErrNotFound", name, err)
		}
	}
}

func latest(t *testing.T, s store.Store) {
	write(t, s, head(2))
	write(t, s, head(1))
	must(t, s.BeginAudit(t.Context(), head(3)))
	got, err := s.Audit(t.Context(), "latest")
	must(t, err)
	if got.ID != "audit-2" {
		t.Errorf("latest is %s, want audit-2", got.ID)
	}
	part := head(4)
	part.Partial = true
	write(t, s, part)
	for asked, want := range map[string]string{"latest": "audit-4", store.LatestWhole: "audit-2"} {
		if got, err := s.Audit(t.Context(), asked); err != nil || got.ID != want {
			t.Errorf("%s is %s (%v), want %s", asked, got.ID, err, want)
		}
	}
	stop := errors.New("stop")
	var listed []store.Audit
	must(t, s.EachAudit(t.Context(), func(a store.Audit) error {
		listed = append(listed, a)
		return nil
	}))
	first, err := s.Audit(t.Context(), "audit-1")
	must(t, err)
	if len(listed) != 3 || !listed[2].Partial {
		t.Fatalf("listed %+v, want three, the last of them partial", listed)
	}
	if d := cmp.Diff([]store.Audit{first, got}, listed[:2]); d != "" {
		t.Errorf("finished audits, the oldest first (-want +got):\n%s", d)
	}
	if err := s.EachAudit(t.Context(), func(store.Audit) error { return stop }); !errors.Is(err, stop) {
		t.Errorf("the callback's error did not come back: %v", err)
	}
}

func ordered(t *testing.T, s store.Store) {
	part := func(account, region string, names ...string) store.Part {
		p := store.Part{Location: location(account, region)}
		for _, n := range names {
			p.Findings = append(p.Findings, Finding(account, region, n, control.Pass))
			p.Coverage = append(p.Coverage, coverage(account, region, "glue:Get"+n))
		}
		return p
	}
	key := Finding("1", "b", "k", control.Fail)
	key.Control = control.KeyManagement
	a := write(t, s, head(1), part("2", "a", "x"), part("1", "b", "z", "y"), part("1", "a", "w"),
		store.Part{Location: location("1", "b"), Findings: []finding.Finding{key}}, part("1", "b", "a"))
	var got []string
	for _, f := range findings(t, s, a.ID) {
		got = append(got, f.Resource.Account+f.Resource.Region+f.Resource.Name)
	}
	if d := cmp.Diff([]string{"1aw", "1ba", "1by", "1bz", "1bk", "2ax"}, got); d != "" {
		t.Errorf("findings (-want +got):\n%s", d)
	}
	got = nil
	for _, c := range coverages(t, s, a.ID) {
		got = append(got, c.Account+c.Region+c.Operation)
	}
	if d := cmp.Diff([]string{"1aglue:Getw", "1bglue:Geta", "1bglue:Gety", "1bglue:Getz", "2aglue:Getx"}, got); d != "" {
		t.Errorf("coverage (-want +got):\n%s", d)
	}
}

func stops(t *testing.T, s store.Store) {
	p := store.Part{Location: location("1", "a")}
	for _, n := range []string{"a", "b", "c"} {
		p.Findings = append(p.Findings, Finding("1", "a", n, control.Pass))
		p.Coverage = append(p.Coverage, coverage("1", "a", n))
	}
	a := write(t, s, head(1), p)
	stop := errors.New("stop")
	n := 0
	err := s.EachFinding(t.Context(), a.ID, func(finding.Finding) error {
		if n++; n == 2 {
			return stop
		}
		return nil
	})
	if !errors.Is(err, stop) || n != 2 {
		t.Errorf("findings: %v after %d, want the callback's error after 2", err, n)
	}
	if err := s.EachCoverage(t.Context(), a.ID, func(resource.Coverage) error { return stop }); !errors.Is(err, stop) {
		t.Errorf("coverage: %v, want the callback's error", err)
	}
}

func outOfOrder(t *testing.T, s store.Store) {
	a := write(t, s, head(1))
	for name, err := range map[string]error{
		"never begun":        s.AddPart(t.Context(), "none", store.Part{}),
		"finished":           s.AddPart(t.Context(), a.ID, store.Part{}),
		"finish never begun": s.FinishAudit(t.Context(), head(9)),
		"finish twice":       s.FinishAudit(t.Context(), a),
	} {
		if !errors.Is(err, store.ErrState) {
			t.Errorf("%s: %v, want ErrState", name, err)
		}
	}
}

func concurrent(t *testing.T, s store.Store) {
	const workers, each = 8, 200
	ctx := t.Context()
	must(t, s.BeginAudit(ctx, head(1)))
	var wg sync.WaitGroup
	for w := range workers {
		wg.Go(func() {
			for i := range each {
				account, region := fmt.Sprintf("%012d", w), fmt.Sprintf("region-%03d", i)
				err := s.AddPart(ctx, head(1).ID, store.Part{
					Location: location(account, region),
					Findings: []finding.Finding{Finding(account, region, "dev", control.Fail)},
				})
				if err != nil {
					t.Error(err)
				}
			}
		})
	}
	wg.Wait()
	must(t, s.FinishAudit(ctx, head(1)))
	if n := len(findings(t, s, head(1).ID)); n != workers*each {
		t.Errorf("%d findings came back, want %d", n, workers*each)
	}
}

func unfinished(t *testing.T, s store.Store) {
	must(t, s.BeginAudit(t.Context(), head(1)))
	got, err := s.Audit(t.Context(), head(1).ID)
	must(t, err)
	if !got.FinishedAt.IsZero() {
		t.Errorf("finished at %v, want never", got.FinishedAt)
	}
	if err := s.EachFinding(t.Context(), head(1).ID, func(finding.Finding) error { return nil }); err != nil {
		t.Errorf("its findings: %v", err)
	}
}

func unfinishedHistory(t *testing.T, s store.Store) {
	f := Finding("1", "a", "dev", control.Fail)
	must(t, s.BeginAudit(t.Context(), head(1)))
	must(t, s.AddPart(t.Context(), head(1).ID, store.Part{Location: location("1", "a"), Findings: []finding.Finding{f}}))
	if _, err := s.History(t.Context(), f.ID); !errors.Is(err, store.ErrNotFound) {
		t.Errorf("history: %v, want ErrNotFound", err)
	}
}

func olderEndsLater(t *testing.T, s store.Store) {
	part := func(status control.Status) store.Part {
		return store.Part{Location: location("1", "a"), Findings: []finding.Finding{Finding("1", "a", "dev", status)}}
	}
	write(t, s, head(1), part(control.Fail))
	write(t, s, head(3), part(control.Pass))
	write(t, s, head(2), part(control.Fail))
	got, err := s.History(context.Background(), Finding("1", "a", "dev", control.Fail).ID)
	must(t, err)
	want := finding.History{FirstSeen: Start(1), LastSeen: Start(3), ResolvedAt: Start(3)}
	if d := cmp.Diff(want, got); d != "" {
		t.Errorf("history (-want +got):\n%s", d)
	}
}

func uniqueIDs(t *testing.T, s store.Store) {
	write(t, s, head(1))
	if err := s.BeginAudit(t.Context(), head(1)); err == nil {
		t.Error("an audit began under the id of another")
	}
}
