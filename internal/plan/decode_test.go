package plan_test

import (
	"bytes"
	"errors"
	"flag"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/glueguard/glueguard/internal/plan"
	"github.com/glueguard/glueguard/internal/resource"
)

var update = flag.Bool("update", false, "write the golden files")

// encoded seals and encodes a plan of these items.
func encoded(t testing.TB, items ...plan.Item) []byte {
	t.Helper()
	p, err := plan.Seal(plan.Plan{
		CreatedAt: at(31), AuditID: "0197d2f0-0000-7000-8000-000000000001", Policy: plan.PolicyRef{Profile: "sop", Digest: "sha256:44136fa355b3678a"},
		Changes: items,
	})
	if err != nil {
		t.Fatal(err)
	}
	text, err := p.Encode()
	if err != nil {
		t.Fatal(err)
	}
	return text
}

// goldens are the plans whose text is kept, so that a change of the format shows.
func goldens() map[string]plan.Item {
	used := transform()
	used.Dependents = resource.Known(jobs())
	fresh := endpoint()
	fresh.WantedKey = noKey()
	stack := endpoint()
	stack.Stack = resource.Known("lake")
	return map[string]plan.Item{
		"endpoint-replace":      plan.Propose(wants("SSE-KMS", creating, func(w *plan.Wanted) { w.Logs, w.Prove = true, "s3://proof/" }), fresh),
		"endpoint-side-by-side": plan.Propose(wants("SSE-S3", strategy(plan.SideBySide)), with(endpoint(), rich())),
		"endpoint-retire":       plan.Propose(wants("", strategy(plan.Retire)), endpoint()),
		"transform-replace":     plan.Propose(wants("SSE-KMS", func(w *plan.Wanted) { w.RepointJobs = true }), used),
		"transform-retire":      plan.Propose(wants("", strategy(plan.Retire)), transform()),
		"blocked":               plan.Propose(wants("SSE-S3"), stack),
	}
}

func TestGolden(t *testing.T) {
	t.Parallel()
	for name, item := range goldens() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			file := filepath.Join("testdata", name+".json")
			got := encoded(t, item)
			if *update {
				if err := os.WriteFile(file, got, 0o600); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(string(want), string(got)); diff != "" {
				t.Errorf("run the test with -update if this is meant (-want +got):\n%s", diff)
			}
			if _, err := plan.Decode(file, want); err != nil {
				t.Errorf("the golden file is not a plan: %v", err)
			}
		})
	}
}

func TestDecodeRefuses(t *testing.T) {
	t.Parallel()
	good := string(encoded(t, goldens()["endpoint-side-by-side"]))
	replaced := func(old, with string) string {
		if !strings.Contains(good, old) {
			t.Fatalf("the plan has no %s", old)
		}
		return strings.Replace(good, old, with, 1)
	}
	for name, tt := range map[string]struct {
		src   string
		fault plan.Fault // empty: tampered
		line  int
		has   string
	}{
		"empty":                  {"", plan.NotJSON, 0, "not JSON"},
		"not JSON":               {"hello", plan.NotJSON, 1, "p.json:1: "},
		"cut short":              {good[:len(good)/2], plan.NotJSON, 0, "not JSON"},
		"bad on line 3":          {"{\n\"schema\": \"glueguard.plan/v1\",\n!}", plan.NotJSON, 3, "p.json:3: "},
		"a list":                 {"[]", plan.WrongSchema, 0, "names no schema"},
		"a number for a schema":  {`{"schema": 1}`, plan.WrongSchema, 0, "names no schema"},
		"no schema":              {"{}", plan.WrongSchema, 0, "names no schema"},
		"another schema":         {replaced(plan.Schema, "glueguard.plan/v2"), plan.WrongSchema, 0, `"glueguard.plan/v2"`},
		"an audit":               {`{"schema": "glueguard.audit/v1", "findings": []}`, plan.WrongSchema, 0, `"glueguard.audit/v1"`},
		"unknown field":          {replaced(`"audit_id"`, `"auditor"`), plan.UnknownField, 0, "auditor"},
		"unknown field, inside":  {replaced(`"summary": "`, `"extra": 1, "summary": "`), plan.UnknownField, 0, "extra"},
		"a text for a list":      {replaced(`"unread": []`, `"unread": "none"`), plan.WrongType, -1, "unread"},
		"no time":                {replaced(`"created_at": "2026`, `"created_at": "soon`), plan.WrongType, 0, "soon"},
		"two plans":              {good + good, plan.NotJSON, -1, "not JSON"},
		"another value":          {replaced(`"SSE-S3"`, `"NONE"`), "", 0, "changed after it was made"},
		"another digest":         {replaced(`"digest": "sha256:`, `"digest": "sha256:0`), "", 0, "changed after it was made"},
		"no digest":              {replaced(`"digest": "sha256:`, `"digest": "`), "", 0, "changed after it was made"},
		"a summary that lies":    {replaced(`"side_by_side": 1`, `"side_by_side": 0`), "", 0, "changed after it was made"},
		"a field twice":          {replaced(`"complete": true`, `"complete": true, "complete": true`), "", 0, "its text was changed"},
		"a field in other case":  {replaced(`"complete": true`, `"Complete": true`), "", 0, "its text was changed"},
		"white space":            {good + "\n", "", 0, "its text was changed"},
		"a field that is absent": {replaced(`"complete": true,`, ``), "", 0, "changed after it was made"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p, err := plan.Decode("p.json", []byte(tt.src))
			if err == nil || !strings.Contains(err.Error(), tt.has) {
				t.Fatalf("error: %v, want one that says %q", err, tt.has)
			}
			if p.Schema != "" {
				t.Error("a plan beside an error")
			}
			var format *plan.FormatError
			var tampered *plan.TamperedError
			switch {
			case tt.fault == "":
				if !errors.As(err, &tampered) || tampered.File != "p.json" {
					t.Errorf("error: %T", err)
				}
			case !errors.As(err, &format) || format.Fault != tt.fault:
				t.Errorf("error: %+v, want %s", err, tt.fault)
			case tt.line > 0 && format.Line != tt.line:
				t.Errorf("line %d, want %d", format.Line, tt.line)
			case tt.fault != plan.WrongSchema && format.Unwrap() == nil:
				t.Error("the decoder's error is lost")
			}
		})
	}
}

// A plan that was sealed by nobody, with its digest made right, is refused where it does not count as it says.
func TestDecodeRefusesADigestOfALie(t *testing.T) {
	t.Parallel()
	p, err := plan.Decode("p", encoded(t, goldens()["blocked"]))
	if err != nil {
		t.Fatal(err)
	}
	p.Applyable = true
	if p.Digest, err = p.DigestOf(); err != nil {
		t.Fatal(err)
	}
	text, err := p.Encode()
	if err != nil {
		t.Fatal(err)
	}
	var tampered *plan.TamperedError
	if _, err = plan.Decode("p", text); !errors.As(err, &tampered) {
		t.Errorf("error: %v", err)
	}
}

func TestSeal(t *testing.T) {
	t.Parallel()
	item := func(account, region string, kind resource.Type, name string, s plan.Strategy, change ...func(*plan.Item)) plan.Item {
		i := plan.Item{
			Resource: resource.Ref{Type: kind, Name: name, Account: account, Region: region},
			Location: resource.Location{Partition: "aws", Account: account, Region: region}, Strategy: s, Steps: []plan.Step{{Name: "x"}},
		}
		for _, c := range change {
			c(&i)
		}
		return i
	}
	failed := func(i *plan.Item) { i.Checks = []plan.Check{{Code: "key-usable", Status: plan.Failed}} }
	unchecked := func(i *plan.Item) { i.Checks = []plan.Check{{Code: "key-usable", Status: plan.Unchecked}} }
	advised := func(i *plan.Item) {
		i.Checks = []plan.Check{{Code: "permissions", Status: plan.Failed, Advisory: true}}
	}
	blocked := func(code string) func(*plan.Item) {
		return func(i *plan.Item) { i.Steps, i.Blocked = nil, &plan.Blocked{Code: code} }
	}
	e, m := resource.TypeDevEndpoint, resource.TypeMLTransform
	denied := resource.Coverage{Operation: "glue:GetMLTransforms", Status: "denied"}
	for name, tt := range map[string]struct {
		p                   plan.Plan
		complete, applyable bool
		summary             plan.Summary
		order               string
	}{
		"nothing": {plan.Plan{}, true, false, plan.Summary{}, ""},
		"sorted and counted": {
			plan.Plan{Changes: []plan.Item{
				item("2", "a", e, "x", plan.Retire), item("1", "b", e, "x", plan.SideBySide), item("1", "a", m, "a", plan.Replace),
				item("1", "a", e, "y", plan.Replace), item("1", "a", e, "x", plan.Replace, blocked(plan.BlockedStack)),
			}},
			true, true,
			plan.Summary{Replace: 2, SideBySide: 1, Retire: 1, Blocked: 1},
			"1/a/x 1/a/y 1/a/a 1/b/x 2/a/x",
		},
		"a check stands against all": {plan.Plan{Changes: []plan.Item{item("1", "a", e, "x", plan.Replace, failed)}}, true, false, plan.Summary{Replace: 1}, "1/a/x"},
		"a check stands against one": {
			plan.Plan{Changes: []plan.Item{item("1", "a", e, "x", plan.Replace, failed), item("1", "a", e, "y", plan.Replace, unchecked)}},
			true, true,
			plan.Summary{Replace: 2},
			"1/a/x 1/a/y",
		},
		"an advisory stands against nothing": {plan.Plan{Changes: []plan.Item{item("1", "a", e, "x", plan.Retire, advised)}}, true, true, plan.Summary{Retire: 1}, "1/a/x"},
		"something is unread":                {plan.Plan{Unread: []resource.Coverage{denied}}, false, false, plan.Summary{}, ""},
		"what is accepted as unread is not":  {plan.Plan{Unread: []resource.Coverage{{Status: "excluded"}}}, true, false, plan.Summary{}, ""},
		"a resource is unknown":              {plan.Plan{Changes: []plan.Item{item("1", "a", e, "x", plan.Replace, blocked(plan.BlockedUnknown))}}, false, false, plan.Summary{Blocked: 1}, "1/a/x"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p, err := plan.Seal(tt.p)
			if err != nil {
				t.Fatal(err)
			}
			var order []string
			for _, i := range p.Changes {
				order = append(order, i.Location.String()+"/"+i.Resource.Name)
			}
			if got := strings.Join(order, " "); got != tt.order {
				t.Errorf("order: %s", got)
			}
			if p.Complete != tt.complete || p.Applyable != tt.applyable || p.Summary != tt.summary || p.Schema != plan.Schema {
				t.Errorf("complete %v, applyable %v, summary %+v", p.Complete, p.Applyable, p.Summary)
			}
			slices.Reverse(tt.p.Changes)
			again, err := plan.Seal(tt.p)
			if err != nil || again.Digest != p.Digest || !strings.HasPrefix(p.Digest, "sha256:") {
				t.Errorf("another digest for another order: %s, %s", p.Digest, again.Digest)
			}
			if got, err := p.DigestOf(); err != nil || got != p.Digest {
				t.Errorf("digest: %s, %v", got, err)
			}
		})
	}
}

// Every byte of a plan counts: flip any, in any way that is tried, and it is refused.
func TestAnyFlippedByteIsRefused(t *testing.T) {
	t.Parallel()
	good := encoded(t, goldens()["blocked"])
	for i := range good {
		for _, flip := range []byte{0x01, 0x20, 0x80} {
			bad := bytes.Clone(good)
			bad[i] ^= flip
			if _, err := plan.Decode("p", bad); err == nil {
				t.Fatalf("byte %d of %d: %q for %q was accepted", i, len(good), bad[i], good[i])
			}
		}
	}
}

func FuzzDecode(f *testing.F) {
	f.Add(encoded(f, goldens()["blocked"])) // the others are too long to be varied in a useful time
	f.Add(encoded(f))
	for _, seed := range []string{"", "{}", "[]", "null", `{"schema":"glueguard.plan/v1"}`, `{"schema":"glueguard.plan/v1","changes":[{}]}`, `{"Schema":"glueguard.plan/v1"}`} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, src []byte) {
		p, err := plan.Decode("p", src)
		if err != nil {
			var format *plan.FormatError
			var tampered *plan.TamperedError
			if !errors.As(err, &format) && !errors.As(err, &tampered) {
				t.Fatalf("an error of no kind: %T %v", err, err)
			}
			return
		}
		text, err := p.Encode()
		if err != nil || !bytes.Equal(text, src) {
			t.Fatalf("accepted, and written otherwise: %v", err)
		}
		again, err := plan.Decode("p", text)
		if err != nil || !cmp.Equal(p, again, cmpopts.EquateEmpty()) {
			t.Fatalf("not the same when read again: %v", err)
		}
	})
}
