package sqlite_test

import (
	"encoding/json"
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/glueguard/glueguard/internal/control"
	"github.com/glueguard/glueguard/internal/finding"
	"github.com/glueguard/glueguard/internal/resource"
	"github.com/glueguard/glueguard/internal/store"
	"github.com/glueguard/glueguard/internal/store/storetest"
)

// TestFindingsAreCompressed shows that findings take a fraction of their JSON, and that those which older releases wrote
// are read as before.
func TestFindingsAreCompressed(t *testing.T) {
	t.Parallel()
	s, _, past := trailOf(t, 0)
	ctx := t.Context()
	var findings []finding.Finding
	for n := range 100 {
		findings = append(findings, storetest.Finding("111111111111", "eu-west-1", fmt.Sprintf("dev%03d", n), control.Fail))
	}
	a := store.Audit{ID: "a", StartedAt: storetest.Start(1), PolicyProfile: "sop", PolicyDigest: "sha256:0"}
	if err := s.BeginAudit(ctx, a); err != nil {
		t.Fatal(err)
	}
	for region, list := range map[string][]finding.Finding{
		"eu-west-1": findings, "eu-west-2": {storetest.Finding("111111111111", "eu-west-2", "alone", control.Pass)}, "eu-west-3": nil,
	} {
		p := store.Part{Location: resource.Location{Partition: "aws", Account: "111111111111", Region: region}, Findings: list}
		if err := s.AddPart(ctx, a.ID, p); err != nil {
			t.Fatal(err)
		}
	}
	if err := s.FinishAudit(ctx, a); err != nil {
		t.Fatal(err)
	}
	plain, err := json.Marshal(findings)
	if err != nil {
		t.Fatal(err)
	}
	sizes := map[string]int{}
	for _, region := range []string{"eu-west-1", "eu-west-2", "eu-west-3"} {
		var size int
		if err := past.QueryRowContext(ctx, `SELECT length(findings) FROM part WHERE region = ?`, region).Scan(&size); err != nil {
			t.Fatal(err)
		}
		sizes[region] = size
	}
	if sizes["eu-west-1"]*8 > len(plain) || sizes["eu-west-3"] != len("[]") {
		t.Errorf("%d bytes of JSON take %v", len(plain), sizes)
	}
	read := func() (list []finding.Finding) {
		t.Helper()
		err := s.EachFinding(ctx, a.ID, func(f finding.Finding) error {
			list = append(list, f)
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
		return list
	}
	now := read()
	if d := cmp.Diff(findings, now[:100]); d != "" || len(now) != 101 {
		t.Errorf("%d findings (-want +got):\n%s", len(now), d)
	}
	execute(t, past, `UPDATE part SET findings = ? WHERE region = 'eu-west-1'`, plain)
	if d := cmp.Diff(now, read()); d != "" {
		t.Errorf("as an older release wrote them (-want +got):\n%s", d)
	}
	execute(t, past, `UPDATE part SET findings = x'0001' WHERE region = 'eu-west-1'`)
	if err := s.EachFinding(ctx, a.ID, func(finding.Finding) error { return nil }); err == nil {
		t.Error("findings that can't be unpacked are read")
	}
}
