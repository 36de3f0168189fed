package report_test

import (
	"bytes"
	"encoding/json"
	"encoding/xml"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/joshdk/go-junit"
	"github.com/santhosh-tekuri/jsonschema/v6"

	"github.com/glueguard/glueguard/internal/control"
	"github.com/glueguard/glueguard/internal/finding"
	"github.com/glueguard/glueguard/internal/report"
)

// settledBefore adds to the audit of each fate findings that failed in neither audit.
func settledBefore(t *testing.T) with {
	t.Helper()
	now := on(20, of("fails", "eu-west-1", control.Fail), of("passes", "eu-west-1", control.Pass), of("passes again", "eu-west-1", control.Pass), of("made", "eu-west-1", control.Pass))
	then := on(10, of("passes", "eu-west-1", control.Pass), of("passes again", "eu-west-1", control.Unknown), of("left", "eu-west-1", control.Pass))
	c, err := report.Compare(t.Context(), now, then, memory{settled: map[string][]control.ID{"eu-west-1": {control.DevEndpointS3}}})
	if err != nil {
		t.Fatal(err)
	}
	return with{now, c}
}

func TestComparisonsInSARIF(t *testing.T) {
	t.Parallel()
	official := schema(t, "sarif-2.1.0-rtm.5.json")
	states := func(audit report.Source) map[string]string {
		text := render(t, "sarif", audit)
		document, err := jsonschema.UnmarshalJSON(bytes.NewReader(text))
		if err != nil {
			t.Fatal(err)
		}
		if err := official.Validate(document); err != nil {
			t.Error(err)
		}
		var log struct {
			Runs []struct {
				BaselineGUID      string
				AutomationDetails struct{ GUID string }
				Results           []struct {
					Kind, Level, BaselineState string
					PartialFingerprints        map[string]string
					Properties                 struct{ Change string }
				}
			}
		}
		if err := json.Unmarshal(text, &log); err != nil {
			t.Fatal(err)
		}
		got := map[string]string{"baseline": log.Runs[0].BaselineGUID, "run": log.Runs[0].AutomationDetails.GUID}
		for _, r := range log.Runs[0].Results {
			got[r.PartialFingerprints["glueguardFinding/v1"]] = strings.Join([]string{r.BaselineState, r.Kind, r.Level, r.Properties.Change}, " ")
		}
		return got
	}
	got := states(changed(t))
	if then := states(on(10)); got["baseline"] == "" || got["baseline"] != then["run"] || got["run"] == then["run"] {
		t.Errorf("run %s of baseline %s, which calls itself %s", got["run"], got["baseline"], then["run"])
	}
	delete(got, "baseline")
	delete(got, "run")
	want := map[string]string{
		"new": "new fail error new", "old": "unchanged fail error unchanged", "again": "new fail error reopened", "repaired": "absent pass none resolved",
		"excepted": "updated fail error exempted", "unread": "updated open none not_read", "deleted": "absent notApplicable none resolved", "elsewhere": "updated open none not_read",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("state, kind, level, change (-want +got):\n%s", diff)
	}
	got = states(settledBefore(t))
	delete(got, "baseline")
	delete(got, "run")
	want = map[string]string{"fails": "new fail error new", "passes": "unchanged pass none ", "passes again": "updated pass none ", "made": "new pass none "}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("what failed in neither (-want +got):\n%s", diff)
	}
}

// A build's test cases keep their names, and add up, whatever is compared.
func TestComparisonsInJUnit(t *testing.T) {
	t.Parallel()
	text := render(t, "junit", changed(t))
	suites, err := junit.Ingest(text)
	if err != nil {
		t.Fatal(err)
	}
	var says struct { // go-junit knows the attributes only of suites that have no properties
		Suites []struct {
			Tests    int `xml:"tests,attr"`
			Failures int `xml:"failures,attr"`
			Errors   int `xml:"errors,attr"`
			Skipped  int `xml:"skipped,attr"`
		} `xml:"testsuite"`
	}
	if err := xml.Unmarshal(text, &says); err != nil {
		t.Fatal(err)
	}
	got := map[string]string{}
	for i, s := range suites {
		n := s.Totals
		if is := says.Suites[i]; is.Tests != n.Tests || is.Failures != n.Failed || is.Errors != n.Error || is.Skipped != n.Skipped {
			t.Errorf("suite %s says %+v, and has %+v", s.Name, is, n)
		}
		if s.Properties["since"] != "audit-10" {
			t.Errorf("suite %s is since %q", s.Name, s.Properties["since"])
		}
		for _, c := range s.Tests {
			words := c.Message + c.SystemOut
			if label, _, found := strings.Cut(words, ": "); found {
				words = label
			}
			got[c.Name] = fmt.Sprint(c.Status, " ", words)
		}
	}
	want := map[string]string{
		"new":                              "failed New since 2026-11-10 08:00:00Z",
		"old":                              "failed Unchanged since 2026-11-10 08:00:00Z",
		"again":                            "failed Reopened since 2026-11-10 08:00:00Z",
		"repaired":                         "passed Resolved since 2026-11-10 08:00:00Z",
		"excepted":                         "skipped Excepted since 2026-11-10 08:00:00Z",
		"unread":                           "error Failed on 2026-11-10 08:00:00Z, not read now",
		"111122223333 eu-west-1 deleted":   "passed It failed in the audit of 2026-11-10 08:00:00Z, and is gone.",
		"111122223333 eu-west-2 elsewhere": "skipped It failed in the audit of 2026-11-10 08:00:00Z, and its place was not read since, or not asked for. Then",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("test cases (-want +got):\n%s", diff)
	}
	counts := map[string]string{}
	for _, f := range report.Fates() {
		counts[string(f)] = suites[0].Properties[string(f)] + " " + suites[1].Properties[string(f)]
	}
	want = map[string]string{"new": "1 0", "reopened": "1 0", "unchanged": "1 0", "exempted": "1 0", "not_read": "1 1", "resolved": "1 1"}
	if diff := cmp.Diff(want, counts); diff != "" {
		t.Errorf("properties of both suites (-want +got):\n%s", diff)
	}
}

func TestComparisonsInOCSF(t *testing.T) {
	t.Parallel()
	class := schema(t, "ocsf-1.8.0-compliance_finding-cloud.json")
	activities := func(audit report.Source) map[string]string {
		text := render(t, "ocsf", audit)
		document, err := jsonschema.UnmarshalJSON(bytes.NewReader(text))
		if err != nil {
			t.Fatal(err)
		}
		for i, event := range document.([]any) {
			if err := class.Validate(event); err != nil {
				t.Errorf("event %d: %v", i, err)
			}
		}
		var events []struct {
			Activity string `json:"activity_name"`
			ID       int    `json:"activity_id"`
			Type     int    `json:"type_uid"`
			Status   string
			Info     struct{ UID string } `json:"finding_info"`
			Unmapped struct {
				Change string
				Since  string `json:"since_audit"`
			}
		}
		if err := json.Unmarshal(text, &events); err != nil {
			t.Fatal(err)
		}
		got := map[string]string{}
		for _, e := range events {
			if e.Type != 200300+e.ID || e.Unmapped.Since != "audit-10" {
				t.Errorf("%s: type %d of activity %d, since %q", e.Info.UID, e.Type, e.ID, e.Unmapped.Since)
			}
			got[e.Info.UID] = fmt.Sprint(e.Activity, " ", e.ID, " ", e.Status, " ", e.Unmapped.Change)
		}
		return got
	}
	want := map[string]string{
		"new": "Create 1 New new", "old": "Update 2 New unchanged", "again": "Update 2 New reopened", "repaired": "Close 3 Resolved resolved",
		"excepted": "Update 2 Suppressed exempted", "unread": "Update 2 New not_read", "deleted": "Close 3 Resolved resolved",
	}
	if diff := cmp.Diff(want, activities(changed(t))); diff != "" {
		t.Errorf("activity, status, change (-want +got):\n%s", diff)
	}
	want = map[string]string{"fails": "Create 1 New new", "passes": "Update 2 Resolved ", "passes again": "Update 2 Resolved ", "made": "Create 1 Resolved "}
	if diff := cmp.Diff(want, activities(settledBefore(t))); diff != "" {
		t.Errorf("what failed in neither (-want +got):\n%s", diff)
	}
}

func TestComparisonsInASFF(t *testing.T) {
	t.Parallel()
	var all []report.SecurityFinding
	if err := json.Unmarshal(render(t, "asff", changed(t)), &all); err != nil {
		t.Fatal(err)
	}
	got := map[string]string{}
	for i, f := range all {
		checkASFF(t, i, f)
		if since := f.ProductFields["glueguard/since"]; since != "audit-10" {
			t.Errorf("%s is since %q", f.ID, since)
		}
		got[strings.TrimPrefix(f.ID, "glueguard/")] = strings.Join([]string{f.Compliance.Status, f.RecordState, f.ProductFields["glueguard/change"]}, " ")
	}
	want := map[string]string{
		"new": "FAILED ACTIVE new", "old": "FAILED ACTIVE unchanged", "again": "FAILED ACTIVE reopened", "repaired": "PASSED ACTIVE resolved",
		"excepted": "WARNING ACTIVE exempted", "unread": "NOT_AVAILABLE ACTIVE not_read", "deleted": "PASSED ARCHIVED resolved",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("compliance, record, change (-want +got):\n%s", diff)
	}
}

// What is gone is told from memory where it is little, and read again where it is much: the same either way.
func TestManyAreGone(t *testing.T) {
	t.Parallel()
	for _, n := range []int{3, 1001} {
		t.Run(fmt.Sprint(n), func(t *testing.T) {
			t.Parallel()
			var then []finding.Finding
			for i := range n {
				then = append(then, of(fmt.Sprintf("e%04d", i), "eu-west-1", control.Fail), of(fmt.Sprintf("p%04d", i), "eu-west-1", control.Pass))
			}
			c, err := report.Compare(t.Context(), on(20), on(10, then...), memory{settled: map[string][]control.ID{"eu-west-1": {control.DevEndpointS3}}})
			if err != nil {
				t.Fatal(err)
			}
			seen := 0
			err = c.EachGone(func(f finding.Finding, fate report.Fate) error {
				if want := fmt.Sprintf("e%04d", seen); f.ID != want || fate != report.Resolved {
					t.Errorf("%s is %s, want %s", f.ID, fate, want)
				}
				seen++
				return nil
			})
			if err != nil || seen != n || c.Counts.Resolved != n {
				t.Errorf("%d of %d, %d counted, error %v", seen, n, c.Counts.Resolved, err)
			}
		})
	}
}
