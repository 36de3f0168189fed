package report_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/glueguard/glueguard/internal/control"
	"github.com/glueguard/glueguard/internal/finding"
	"github.com/glueguard/glueguard/internal/report"
)

// everyKey is what a comparison of keys asks of the state: all places were read.
func everyKey() memory {
	return memory{settled: map[string][]control.ID{"eu-west-1": {control.DevEndpointS3, control.MLTransform, control.KeyManagement}}}
}

// changedKeys are two audits whose findings changed for one requirement, and not for another.
func changedKeys(t *testing.T) with {
	t.Helper()
	then := on(
		10, key("both", control.Fail, control.KeyPolicyOutside, control.KeyRotationOff), key("open", control.Fail, control.KeyPolicyWildcard),
		key("rotates", control.Pass, control.KeyWellManaged), of("etl", "eu-west-1", control.Fail), of("deleted", "eu-west-1", control.Fail),
		of("elsewhere", "eu-west-2", control.Fail), of("repaired", "eu-west-1", control.Fail),
	)
	now := on(
		20, key("both", control.Fail, control.KeyRotationOff), key("open", control.Pass, control.KeyWellManaged),
		key("rotates", control.Fail, control.KeyRotationOff), of("etl", "eu-west-1", control.Fail), of("repaired", "eu-west-1", control.Pass),
	)
	for _, s := range []source{then, now} {
		for i, f := range s.findings {
			s.findings[i].ID = f.Resource.ID
		}
	}
	c, err := report.Compare(t.Context(), now, then, everyKey())
	if err != nil {
		t.Fatal(err)
	}
	return with{now, c}
}

func TestGoldenOfFrameworksCompared(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		format string
		look   report.Look
	}{
		"framework-since-plain":    {"table", report.Look{}},
		"framework-since-terminal": {"table", report.Look{Terminal: true, Width: 100}},
		"framework-since-narrow":   {"table", report.Look{Terminal: true, Width: 60}},
		"framework-since-json":     {"json", report.Look{}},
		"framework-since-markdown": {"markdown", report.Look{}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			golden(t, name, byFramework(t, "pci-dss-4.0", c.format, c.look, changedKeys(t)))
		})
	}
}

// sinceDocument is what these tests look at of the JSON document.
type sinceDocument struct {
	Since        struct{ Audit string }
	Requirements []struct {
		ID             string
		Summary        map[string]int
		Since          *report.FateCounts
		Findings, Gone []struct{ ID, Change string }
	}
}

func (d sinceDocument) changes(requirement string) map[string]string {
	got := map[string]string{}
	for _, r := range d.Requirements {
		if r.ID != requirement {
			continue
		}
		for _, f := range r.Findings {
			got[f.ID] = f.Change
		}
		for _, f := range r.Gone {
			got[f.ID] = "gone: " + f.Change
		}
	}
	return got
}

func sinceOf(t *testing.T, c control.Catalogue, of control.Framework, audit report.Source) sinceDocument {
	t.Helper()
	format, err := report.LookupFramework("json")
	if err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	if err := format.Write(&out, report.Look{}, c, of, audit); err != nil {
		t.Fatal(err)
	}
	var doc sinceDocument
	if err := json.Unmarshal(out.Bytes(), &doc); err != nil {
		t.Fatal(err)
	}
	return doc
}

// What is resolved for one requirement may be unchanged for another, and new for a third.
func TestFrameworkChangesAreTheRequirements(t *testing.T) {
	t.Parallel()
	c := catalogueOf(t)
	of, _ := c.Framework("pci-dss-4.0")
	doc := sinceOf(t, c, of, changedKeys(t))
	if doc.Since.Audit != "audit-10" {
		t.Errorf("since %q", doc.Since.Audit)
	}
	for requirement, want := range map[string]map[string]string{
		"3.5.1": {"etl": "unchanged", "repaired": "resolved", "deleted": "gone: resolved", "elsewhere": "gone: not_read"},
		"3.6.1": {"both": "resolved", "open": "resolved", "rotates": ""},
		"3.7.4": {"both": "unchanged", "open": "", "rotates": "new"},
	} {
		if diff := cmp.Diff(want, doc.changes(requirement)); diff != "" {
			t.Errorf("%s (-want +got):\n%s", requirement, diff)
		}
	}
}

// Whatever two audits found, each requirement's counts add up to what failed for it then, and what fails now.
func TestFrameworkChangesAddUp(t *testing.T) {
	t.Parallel()
	c := catalogueOf(t)
	draw := func(rt *rapid.T, i int) (finding.Finding, bool) {
		status := rapid.SampledFrom([]control.Status{control.Pass, control.Fail, control.Unknown, control.Exempt, ""}).Draw(rt, "status")
		region := []string{"eu-west-1", "eu-west-2"}[i%2]
		f := of("", region, status)
		switch i % 3 {
		case 0:
			reasons := []control.Reason{control.KeyRotationOff, control.KeyPolicyOutside, control.KeyPolicyWildcard}
			f = key("k", status, rapid.SampledFrom(reasons).Draw(rt, "reason"), rapid.SampledFrom(reasons).Draw(rt, "advisory"))
			f.Resource.Region = region
		case 1:
			f.Control = control.MLTransform
			f.Reason = rapid.SampledFrom([]control.Reason{"task-run-encryption-only", "user-data-encryption-disabled"}).Draw(rt, "reason")
		}
		f.ID = fmt.Sprint("f", i)
		return f, status != ""
	}
	rapid.Check(t, func(rt *rapid.T) {
		var lists [2][]finding.Finding
		for i := range rapid.IntRange(0, 9).Draw(rt, "findings") {
			for k := range lists {
				if f, there := draw(rt, i); there {
					lists[k] = append(lists[k], f)
				}
			}
		}
		then, now := on(10, lists[0]...), on(20, lists[1]...)
		compared, err := report.Compare(t.Context(), now, then, everyKey())
		if err != nil {
			rt.Fatal(err)
		}
		for _, of := range c.Frameworks {
			before, after := sinceOf(t, c, of, then), sinceOf(t, c, of, with{now, compared})
			for i, q := range after.Requirements {
				n := q.Since
				if got := n.New + n.Reopened + n.Unchanged; got != q.Summary["fail"] {
					rt.Errorf("%s %s: %+v, and %d fail", of.ID, q.ID, *n, q.Summary["fail"])
				}
				if got := n.Unchanged + n.Resolved + n.Exempted + n.NotRead; got != before.Requirements[i].Summary["fail"] {
					rt.Errorf("%s %s: %+v, and %d failed", of.ID, q.ID, *n, before.Requirements[i].Summary["fail"])
				}
				told := 0
				for _, change := range after.changes(q.ID) {
					if change != "" {
						told++
					}
				}
				if want := n.New + n.Reopened + n.Unchanged + n.Resolved + n.Exempted + n.NotRead; told != want {
					rt.Errorf("%s %s: %d of %d are told", of.ID, q.ID, told, want)
				}
			}
		}
	})
}
