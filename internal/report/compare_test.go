package report_test

import (
	"bytes"
	"context"
	"encoding/csv"
	"encoding/json"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/glueguard/glueguard/internal/control"
	"github.com/glueguard/glueguard/internal/finding"
	"github.com/glueguard/glueguard/internal/report"
	"github.com/glueguard/glueguard/internal/resource"
	"github.com/glueguard/glueguard/internal/store"
)

// memory is what a store knows beyond two audits.
type memory struct {
	history map[string]finding.History
	settled map[string][]control.ID // by region
	shown   map[string][]resource.Location
}

func (m memory) History(_ context.Context, id string) (finding.History, error) {
	h, ok := m.history[id]
	if !ok {
		return h, store.ErrNotFound
	}
	return h, nil
}

func (m memory) EachSettled(_ context.Context, _ string, yield func(resource.Location, []control.ID) error) error {
	for region, ids := range m.settled {
		if err := yield(resource.Location{Account: "111122223333", Region: region, Partition: "aws"}, ids); err != nil {
			return err
		}
	}
	return nil
}

func (m memory) ShownBy(_ context.Context, id string) ([]resource.Location, error) {
	l, ok := m.shown[id]
	if !ok {
		return nil, store.ErrNotFound
	}
	return l, nil
}

// with is an audit that is compared.
type with struct {
	source
	since *report.Comparison
}

func (w with) Since() *report.Comparison { return w.since }

func at(day int) time.Time { return time.Date(2026, 11, day, 8, 0, 0, 0, time.UTC) }

// of is a finding of a dev endpoint in a region, whose id is its name.
func of(name, region string, status control.Status) finding.Finding {
	f := full().findings[0]
	f.ID, f.Status, f.Exception = name, status, nil
	f.Resource.Name, f.Resource.ID, f.Resource.Region = name, name, region
	f.Resource.ARN = "arn:aws:glue:" + region + ":111122223333:devEndpoint/" + name
	return f
}

func on(day int, findings ...finding.Finding) source {
	s := newSource(nil, findings...)
	s.head.ID, s.head.StartedAt, s.head.FinishedAt = fmt.Sprintf("audit-%d", day), at(day), at(day).Add(time.Minute)
	return s
}

func TestCompare(t *testing.T) {
	t.Parallel()
	here, there := resource.Location{Account: "111122223333", Region: "eu-west-1"}, resource.Location{Account: "111122223333", Region: "eu-west-2"}
	all := map[string][]control.ID{"eu-west-1": {control.DevEndpointS3}}
	key := of("x", "eu-west-1", control.Fail)
	key.Control = control.KeyManagement
	is := func(s control.Status) []finding.Finding { return []finding.Finding{of("x", "eu-west-1", s)} }
	for name, test := range map[string]struct {
		then, now []finding.Finding
		memory    memory
		want      report.Fate
	}{
		"failed and fails":                    {then: is(control.Fail), now: is(control.Fail), want: report.Unchanged},
		"failed and passes":                   {then: is(control.Fail), now: is(control.Pass), want: report.Resolved},
		"failed and is being deleted":         {then: is(control.Fail), now: is(control.NotApplicable), want: report.Resolved},
		"failed and is unknown":               {then: is(control.Fail), now: is(control.Unknown), want: report.NotRead},
		"failed and is excepted":              {then: is(control.Fail), now: is(control.Exempt), want: report.Exempted},
		"excepted, and the exception ended":   {then: is(control.Exempt), now: is(control.Fail), want: report.Reopened},
		"excepted and gone":                   {then: is(control.Exempt)},
		"excepted as before":                  {then: is(control.Exempt), now: is(control.Exempt)},
		"excepted and passes":                 {then: is(control.Exempt), now: is(control.Pass)},
		"passed and passes":                   {then: is(control.Pass), now: is(control.Pass)},
		"passed and is unknown":               {then: is(control.Pass), now: is(control.Unknown)},
		"passed and is gone":                  {then: is(control.Pass)},
		"unknown and gone":                    {then: is(control.Unknown)},
		"passed and fails for the first time": {then: is(control.Pass), now: is(control.Fail), want: report.New},
		"unknown and fails":                   {then: is(control.Unknown), now: is(control.Fail), want: report.New},
		"was not there":                       {now: is(control.Fail), memory: memory{history: map[string]finding.History{"x": {FirstSeen: at(20), LastSeen: at(20)}}}, want: report.New},
		"was resolved before the first of the two": {
			now: is(control.Fail), want: report.Reopened,
			memory: memory{history: map[string]finding.History{"x": {FirstSeen: at(1), LastSeen: at(20), ResolvedAt: at(5), ReopenedAt: at(20)}}},
		},
		"failed, was resolved and reopened between the two": {
			now: is(control.Fail), want: report.Reopened,
			memory: memory{history: map[string]finding.History{"x": {FirstSeen: at(11), LastSeen: at(20), ResolvedAt: at(12), ReopenedAt: at(15)}}},
		},
		"was resolved only after both": {
			now: is(control.Fail), want: report.New,
			memory: memory{history: map[string]finding.History{"x": {FirstSeen: at(20), LastSeen: at(25), ResolvedAt: at(25)}}},
		},
		"gone, and all of its place was read": {then: is(control.Fail), memory: memory{settled: all}, want: report.Resolved},
		"gone, and its place was not read":    {then: is(control.Fail), want: report.NotRead},
		"gone, and its control was not asked for": {
			then: is(control.Fail), want: report.NotRead,
			memory: memory{settled: map[string][]control.ID{"eu-west-1": {control.MLTransform}}},
		},
		"gone, shown by two places, both read": {
			then: is(control.Fail), want: report.Resolved,
			memory: memory{settled: map[string][]control.ID{"eu-west-1": {control.DevEndpointS3}, "eu-west-2": {control.DevEndpointS3}}, shown: map[string][]resource.Location{"x": {here, there}}},
		},
		"gone, shown by two places, one not read": {
			then: is(control.Fail), want: report.NotRead,
			memory: memory{settled: all, shown: map[string][]resource.Location{"x": {here, there}}},
		},
		"a key that the store does not know": {
			then: []finding.Finding{key}, want: report.NotRead,
			memory: memory{settled: map[string][]control.ID{"eu-west-1": {control.KeyManagement}}},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c, err := report.Compare(t.Context(), on(20, test.now...), on(10, test.then...), test.memory)
			if err != nil {
				t.Fatal(err)
			}
			got := c.Of("x")
			if err := c.EachGone(func(_ finding.Finding, f report.Fate) error { got = f; return nil }); err != nil {
				t.Fatal(err)
			}
			if got != test.want {
				t.Errorf("fate %q, want %q", got, test.want)
			}
			want := report.FateCounts{}
			switch test.want {
			case report.New:
				want.New = 1
			case report.Reopened:
				want.Reopened = 1
			case report.Unchanged:
				want.Unchanged = 1
			case report.Exempted:
				want.Exempted = 1
			case report.NotRead:
				want.NotRead = 1
			case report.Resolved:
				want.Resolved = 1
			}
			if diff := cmp.Diff(want, c.Counts); diff != "" {
				t.Errorf("counts (-want +got):\n%s", diff)
			}
		})
	}
}

// Whatever two audits found: each finding that fails in one of them has one fate, nothing unread is resolved, and the
// counts add up to what failed then and what fails now.
func TestCompareAddsUp(t *testing.T) {
	t.Parallel()
	statuses := []control.Status{control.Pass, control.Fail, control.Unknown, control.Exempt, control.NotApplicable, ""}
	rapid.Check(t, func(rt *rapid.T) {
		var then, now []finding.Finding
		for i := range rapid.IntRange(0, 12).Draw(rt, "findings") {
			name, region := fmt.Sprint("f", i), rapid.SampledFrom([]string{"eu-west-1", "eu-west-2"}).Draw(rt, "region")
			for _, list := range []*[]finding.Finding{&then, &now} {
				if s := rapid.SampledFrom(statuses).Draw(rt, "status"); s != "" {
					*list = append(*list, of(name, region, s))
				}
			}
		}
		a, b := on(10, then...), on(20, now...)
		c, err := report.Compare(t.Context(), b, a, memory{settled: map[string][]control.ID{"eu-west-1": {control.DevEndpointS3}}})
		if err != nil {
			rt.Fatal(err)
		}
		n := c.Counts
		if got := n.Unchanged + n.New + n.Reopened; got != b.head.Summary.Fail {
			rt.Errorf("%+v: %d fail now, not %d", n, got, b.head.Summary.Fail)
		}
		if got := n.Unchanged + n.Resolved + n.Exempted + n.NotRead; got != a.head.Summary.Fail {
			rt.Errorf("%+v: %d failed then, not %d", n, got, a.head.Summary.Fail)
		}
		err = c.EachGone(func(f finding.Finding, fate report.Fate) error {
			if (f.Resource.Region == "eu-west-1") != (fate == report.Resolved) {
				rt.Errorf("%s in %s is %s", f.ID, f.Resource.Region, fate)
			}
			return nil
		})
		if err != nil {
			rt.Error(err)
		}
	})
}

// changed is an audit with one finding of each fate, two of them gone.
func changed(t *testing.T) with {
	t.Helper()
	now := on(20, of("new", "eu-west-1", control.Fail), of("old", "eu-west-1", control.Fail), of("again", "eu-west-1", control.Fail),
		of("repaired", "eu-west-1", control.Pass), of("excepted", "eu-west-1", control.Exempt), of("unread", "eu-west-1", control.Unknown))
	now.findings[4].Exception = &finding.Exception{Reason: "moving", Owner: "data", Expires: "2026-12-31"}
	then := on(10, of("old", "eu-west-1", control.Fail), of("again", "eu-west-1", control.Pass), of("repaired", "eu-west-1", control.Fail),
		of("excepted", "eu-west-1", control.Fail), of("unread", "eu-west-1", control.Fail), of("deleted", "eu-west-1", control.Fail),
		of("elsewhere", "eu-west-2", control.Fail))
	then.head.PolicyProfile = "strict"
	c, err := report.Compare(t.Context(), now, then, memory{
		settled: map[string][]control.ID{"eu-west-1": {control.DevEndpointS3}},
		history: map[string]finding.History{"again": {FirstSeen: at(1), ResolvedAt: at(5), ReopenedAt: at(20)}},
	})
	if err != nil {
		t.Fatal(err)
	}
	return with{now, c}
}

func TestGoldenOfComparisons(t *testing.T) {
	t.Parallel()
	for _, format := range []string{"table", "json", "jsonl", "csv", "markdown", "html", "junit", "sarif", "ocsf", "asff"} {
		t.Run(format, func(t *testing.T) {
			t.Parallel()
			golden(t, "since-"+format, render(t, format, changed(t)))
		})
	}
	t.Run("terminal", func(t *testing.T) {
		t.Parallel()
		f, err := report.Lookup("table")
		if err != nil {
			t.Fatal(err)
		}
		for _, width := range []int{60, 100} {
			var out bytes.Buffer
			if err := f.New(report.Look{Terminal: true, Width: width}).Write(&out, changed(t)); err != nil {
				t.Fatal(err)
			}
			golden(t, fmt.Sprintf("since-terminal-%d", width), out.Bytes())
		}
	})
}

// The JSON stays what it was, and tells each finding's change.
func TestComparisonsInJSON(t *testing.T) {
	t.Parallel()
	var doc struct {
		Schema   string
		Findings []struct{ ID, Change string }
		Since    struct {
			Audit  string
			Counts map[string]int
			Gone   []struct{ ID, Change string }
		}
	}
	if err := json.Unmarshal(render(t, "json", changed(t)), &doc); err != nil {
		t.Fatal(err)
	}
	got := map[string]string{}
	for _, f := range slices.Concat(doc.Findings, doc.Since.Gone) {
		got[f.ID] = f.Change
	}
	want := map[string]string{
		"new": "new", "old": "unchanged", "again": "reopened", "repaired": "resolved", "excepted": "exempted", "unread": "not_read",
		"deleted": "resolved", "elsewhere": "not_read",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("changes (-want +got):\n%s", diff)
	}
	counts := map[string]int{"new": 1, "reopened": 1, "unchanged": 1, "exempted": 1, "not_read": 2, "resolved": 2}
	if diff := cmp.Diff(counts, doc.Since.Counts); diff != "" || doc.Since.Audit != "audit-10" {
		t.Errorf("audit %s, counts (-want +got):\n%s", doc.Since.Audit, diff)
	}
	rows, err := csv.NewReader(bytes.NewReader(render(t, "csv", changed(t)))).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	for _, row := range rows[1:] {
		if id, change := row[3], row[len(row)-1]; want[id] != change {
			t.Errorf("csv: %s is %q, want %q", id, change, want[id])
		}
	}
}

// archive is a memory that has stored audits, too, with what each settled.
type archive struct {
	memory
	audits  []source // the oldest first
	settles map[string]map[string][]control.ID
}

func (a archive) EachSettled(ctx context.Context, id string, yield func(resource.Location, []control.ID) error) error {
	return memory{settled: a.settles[id]}.EachSettled(ctx, id, yield)
}

func (a archive) Audit(_ context.Context, id string) (store.Audit, error) {
	for _, s := range a.audits {
		if s.head.ID == id {
			return s.head, nil
		}
	}
	return store.Audit{}, store.ErrNotFound
}

func (a archive) EachAudit(_ context.Context, yield func(store.Audit) error) error {
	return each(a.audits, func(s source) error { return yield(s.head) })
}

func (a archive) EachCoverage(context.Context, string, func(resource.Coverage) error) error {
	return nil
}

func (a archive) EachFinding(_ context.Context, id string, yield func(finding.Finding) error) error {
	for _, s := range a.audits {
		if s.head.ID == id {
			return s.EachFinding(yield)
		}
	}
	return store.ErrNotFound
}

// An audit of less, such as a plan makes, or one that could not read a region, is no baseline for what it has not seen:
// there the newest one before it counts that has.
func TestCompareLooksFurtherBack(t *testing.T) {
	t.Parallel()
	const west, east = "eu-west-1", "eu-west-2"
	s3 := []control.ID{control.DevEndpointS3}
	whole := map[string][]control.ID{west: s3, east: s3}
	stored := archive{
		audits: []source{
			on(1, of("old", east, control.Fail), of("ancient", east, control.Fail)),
			on(5, of("old", east, control.Fail), of("repaired", east, control.Fail), of("deleted", east, control.Fail), of("unread", east, control.Fail), of("narrow", west, control.Pass)),
			on(10, of("narrow", west, control.Fail), of("unread", east, control.Unknown)),
			on(12, of("later", east, control.Fail)),
			on(20, of("old", east, control.Fail), of("fresh", east, control.Fail), of("ancient", east, control.Fail), of("repaired", east, control.Pass),
				of("narrow", west, control.Fail), of("unread", east, control.Fail), of("later", east, control.Fail)),
		},
		settles: map[string]map[string][]control.ID{"audit-1": whole, "audit-5": whole, "audit-10": {west: s3}, "audit-12": whole, "audit-20": whole},
	}
	c, err := report.Compare(t.Context(), stored.audits[4], stored.audits[2], stored)
	if err != nil {
		t.Fatal(err)
	}
	got := map[string]report.Fate{}
	for _, f := range stored.audits[4].findings {
		got[f.ID] = c.Of(f.ID)
	}
	if err := c.EachGone(func(f finding.Finding, fate report.Fate) error { got[f.ID] = fate; return nil }); err != nil {
		t.Fatal(err)
	}
	want := map[string]report.Fate{
		"old": report.Unchanged, "fresh": report.New, "ancient": report.New, "repaired": report.Resolved, "deleted": report.Resolved,
		"narrow": report.Unchanged, "unread": report.Unchanged, "later": report.New,
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("fates (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff(report.FateCounts{New: 3, Unchanged: 3, Resolved: 2}, c.Counts); diff != "" {
		t.Errorf("counts (-want +got):\n%s", diff)
	}
}
