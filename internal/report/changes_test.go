package report_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/glueguard/glueguard/internal/change"
	"github.com/glueguard/glueguard/internal/plan"
	"github.com/glueguard/glueguard/internal/report"
	"github.com/glueguard/glueguard/internal/resource"
)

// folded is a change whose journal holds these entries after it began to carry an item out.
func folded(t *testing.T, id string, i plan.Item, entries ...change.Entry) *change.Change {
	t.Helper()
	start := time.Date(2026, 11, 23, 8, 0, 0, 0, time.UTC)
	all := append([]change.Entry{
		{Kind: change.Opened, Head: &change.Head{
			ID: id, PlanDigest: "sha256:3f9a21c47e0b", Item: i, By: "arn:aws:iam::111122223333:role/GlueRepair", AcceptedUnchecked: []string{"free-addresses"},
		}},
		{Kind: change.Began, Phase: change.Apply, State: change.Done, Steps: i.Steps},
	}, entries...)
	for n := range all {
		all[n].Seq, all[n].At = n+1, start.Add(time.Duration(n)*time.Minute)
	}
	c, err := change.Fold(all)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func withRoles(i plan.Item) plan.Item {
	for n := range i.Steps {
		switch i.Steps[n].Name {
		case "create-twin", "wait-twin":
			i.Steps[n].Role = plan.Twin
			i.Steps[n].Endpoint = &resource.EndpointDefinition{Name: "etl-gg-0badcafe", WorkerType: "G.1X", NumberOfWorkers: 3}
		case "create-replacement":
			i.Steps[n].Role = plan.Replacement
		default:
			i.Steps[n].Role = plan.Original
		}
	}
	return i
}

func succeeded(step string, calls int) change.Entry {
	return change.Entry{Kind: change.Succeeded, Step: step, Calls: calls}
}

func twinMade() change.Entry {
	e := succeeded("create-twin", 2)
	e.Facts = &change.Facts{Resource: &resource.Identity{Type: resource.TypeDevEndpoint, Name: "etl-gg-0badcafe"}}
	return e
}

// fullChanges are changes in every situation that a person is told of.
func fullChanges(t *testing.T) map[string]*change.Change {
	t.Helper()
	etl := withRoles(endpointItem())
	beside := withRoles(endpointItem())
	beside.Strategy, beside.Steps = plan.SideBySide, beside.Steps[:3]
	slow := &change.Trouble{Code: change.TroubleSlow, Message: "it takes longer than 30 minutes", Advice: "see what AWS says of it"}
	differs := &change.Trouble{
		Code: change.TroubleVerify, Message: "the twin is not what was promised", Operation: "glue:GetDevEndpoint",
		Advice: "look at it", Differences: []change.Difference{{Attribute: "s3_encryption.mode", Want: "SSE-KMS"}},
	}
	none := &change.Trouble{Code: "AccessDeniedException", Message: "no", Advice: "ask for it"}
	return map[string]*change.Change{
		"running": folded(t, "c0ffee01", etl, succeeded("save-definition", 2), twinMade()),
		"waiting": folded(t, "c0ffee02", etl, succeeded("save-definition", 2), twinMade(), change.Entry{
			Kind: change.Halted, State: change.Waiting, Trouble: slow,
		}),
		"differs": folded(t, "c0ffee03", etl, succeeded("save-definition", 2), twinMade(), succeeded("wait-twin", 30),
			change.Entry{Kind: change.Intended, Step: "delete-original"}, succeeded("delete-original", 1),
			change.Entry{Kind: change.Halted, State: change.Waiting, Trouble: differs}),
		"refused": folded(t, "c0ffee04", etl, succeeded("save-definition", 2),
			change.Entry{Kind: change.Intended, Step: "create-twin"}, change.Entry{Kind: change.Refused, Step: "create-twin", Trouble: none},
			change.Entry{Kind: change.Began, Phase: change.Unwind, State: change.RefusedAt, Trouble: none},
			change.Entry{Kind: change.Ended, State: change.RefusedAt, Trouble: none}),
		"kept": folded(t, "c0ffee05", beside, succeeded("save-definition", 2), twinMade(), succeeded("wait-twin", 30),
			change.Entry{Kind: change.Ended, State: change.Done}),
		"done": folded(t, "c0ffee06", etl, succeeded("save-definition", 2), twinMade(), succeeded("wait-twin", 30),
			succeeded("delete-original", 2), succeeded("create-replacement", 2), change.Entry{Kind: change.Ended, State: change.Done}),
	}
}

func order() []string { return []string{"running", "waiting", "differs", "refused", "kept", "done"} }

func inOrder(t *testing.T) []*change.Change {
	t.Helper()
	all := fullChanges(t)
	var list []*change.Change
	for _, name := range order() {
		list = append(list, all[name])
	}
	return list
}

func now() time.Time { return time.Date(2026, 11, 23, 9, 0, 0, 0, time.UTC) }

func TestChanges(t *testing.T) {
	t.Parallel()
	plain, screen := report.Look{Now: now()}, report.Look{Terminal: true, Color: true, Width: 80, Now: now()}
	for name, c := range map[string]struct {
		format string
		look   report.Look
	}{
		"changes-plain": {"table", plain}, "changes-color": {"table", screen}, "changes-json": {"json", plain},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f, err := report.LookupChanges(c.format)
			if err != nil {
				t.Fatal(err)
			}
			var out bytes.Buffer
			if err := f.List(&out, c.look, report.ChangesOf(inOrder(t)...)); err != nil {
				t.Fatal(err)
			}
			golden(t, name, out.Bytes())
		})
	}
	for name, c := range fullChanges(t) {
		t.Run("show "+name, func(t *testing.T) {
			t.Parallel()
			f, err := report.LookupChanges("table")
			if err != nil {
				t.Fatal(err)
			}
			var out bytes.Buffer
			if err := f.Show(&out, plain, c); err != nil {
				t.Fatal(err)
			}
			golden(t, "change-"+name, out.Bytes())
		})
	}
	t.Run("ending", func(t *testing.T) {
		t.Parallel()
		var out bytes.Buffer
		if err := report.Ending(&out, plain, inOrder(t), report.Idle{NotBegun: 2}); err != nil {
			t.Fatal(err)
		}
		golden(t, "changes-ending", out.Bytes())
	})
}

func TestNoChangesIsAnEmptyList(t *testing.T) {
	t.Parallel()
	f, err := report.LookupChanges("json")
	if err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	if err := f.List(&out, report.Look{}, report.ChangesOf()); err != nil {
		t.Fatal(err)
	}
	var doc struct {
		Schema  string            `json:"schema"`
		Changes []json.RawMessage `json:"changes"`
	}
	if err := json.Unmarshal(out.Bytes(), &doc); err != nil || doc.Schema != change.Schema || doc.Changes == nil {
		t.Errorf("%s: %v", &out, err)
	}
}

func TestChangesReturnTheirSourcesError(t *testing.T) {
	t.Parallel()
	broken := errors.New("disk full")
	for _, f := range report.ChangesFormats() {
		err := f.List(&bytes.Buffer{}, report.Look{}, func(func(*change.Change) error) error { return broken })
		if !errors.Is(err, broken) {
			t.Errorf("%s: error %v", f.Name, err)
		}
	}
	var unknown *report.UnknownFormatError
	if _, err := report.LookupChanges("pdf"); !errors.As(err, &unknown) {
		t.Errorf("error %v", err)
	}
	if _, err := report.LookupPlan("pdf"); !errors.As(err, &unknown) {
		t.Errorf("error %v", err)
	}
}

func TestVerifiedSaysWhatDiffers(t *testing.T) {
	t.Parallel()
	c := fullChanges(t)["done"]
	var out bytes.Buffer
	if err := report.Verified(&out, report.Look{}, c, []change.Difference{{Attribute: "tags.team", Want: "data"}}); err != nil {
		t.Fatal(err)
	}
	want := "dev endpoint etl (111122223333/eu-west-1): 1 difference\n  tags.team: wanted data, is (none)\n"
	if out.String() != want {
		t.Errorf("got %q, want %q", &out, want)
	}
}

// A plan is bound to the policy that it was made under, and a change says where another was in force when it began.
func TestAChangeShowsAnotherPolicy(t *testing.T) {
	t.Parallel()
	c := folded(t, "c0ffee09", withRoles(endpointItem()))
	c.Head.Policy = &plan.PolicyRef{Profile: "strict", Digest: "sha256:44136fa355b3678a"}
	f, err := report.LookupChanges("table")
	if err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	if err := f.Show(&out, report.Look{}, c); err != nil {
		t.Fatal(err)
	}
	want := "  policy    since the plan another had come into force: profile strict, 44136fa355b3\n"
	if !strings.Contains(out.String(), want) {
		t.Errorf("want %q in:\n%s", want, out.String())
	}
}
