package storetest

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/glueguard/glueguard/internal/control"
	"github.com/glueguard/glueguard/internal/finding"
	"github.com/glueguard/glueguard/internal/resource"
	"github.com/glueguard/glueguard/internal/store"
)

// TestFindings runs the suite of questions about findings, in parallel.
func TestFindings(t *testing.T, open Open) {
	t.Helper()
	t.Parallel()
	for name, test := range map[string]func(*testing.T, store.Store){
		"a finding comes back as it was":                  findingComesBack,
		"what is not there is not found, indexed":         findingsNotFound,
		"an audit that has not ended is refused":          findingsUnfinished,
		"latest is the newest audit that came to its end": findingsLatest,
		"an audit without findings answers":               findingsNone,
		"answers agree with the model":                    findingsAgree,
		"a text is searched as a person would":            findingsSearch,
		"tags are asked for by key or by both":            findingsByTag,
		"the 50 most frequent tags are told":              frequentTags,
		"many who ask at once get the same":               askedAtOnce,
		"who asks no longer does not spoil it for others": askedNoLonger,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			test(t, open(t))
		})
	}
}

// Various makes n findings as a large estate has them, always the same: several accounts, regions, controls, statuses,
// modes, reasons and tags.
func Various(n int) []finding.Finding {
	random := rand.New(rand.NewPCG(1, 2)) //nolint:gosec // the same each time
	regions := []string{"eu-central-1", "eu-west-1", "eu-west-2", "us-east-1", "us-west-2"}
	list := make([]finding.Finding, n)
	for i := range list {
		account := fmt.Sprintf("%012d", 100_000_000_000+i/max(1, n/100))
		list[i] = various(random, location(account, regions[random.IntN(len(regions))]), i)
	}
	return list
}

func various(random *rand.Rand, l resource.Location, i int) finding.Finding {
	controls := []control.ID{control.DevEndpointS3, control.DevEndpointLogs, control.MLTransform, control.KeyManagement}
	statuses := []control.Status{control.Fail, control.Pass, control.Unknown, control.Exempt, control.NotApplicable}
	modes := []resource.Mode{resource.ModeNone, resource.ModeSSES3, resource.ModeSSEKMS, ""}
	words := []string{"Alpha", "beta", "gamma", "ÉTL", "alpha"}
	id := fmt.Sprintf("%s-%d", words[random.IntN(len(words))], i/3)
	f := finding.Finding{ID: fmt.Sprintf("%032x", i*7919), Outcome: control.Outcome{
		Control: controls[random.IntN(len(controls))], Status: statuses[random.IntN(len(statuses))],
		Reason: control.Reason(fmt.Sprintf("reason-%d", random.IntN(7))), Severity: control.High,
		Message: fmt.Sprintf("%s has no security configuration, so what it writes to S3 is not encrypted by Glue (%d).", id, i),
		Resource: resource.Ref{
			Type: resource.TypeDevEndpoint, ARN: l.ARN("glue", "devEndpoint/"+id).String(), ID: id, Name: id, Account: l.Account, Region: l.Region,
			Tags: map[string]string{"team": fmt.Sprintf("team-%d", random.IntN(20)), "stage": words[random.IntN(2)]},
		},
		Encryption: control.Encryption{Mode: modes[random.IntN(len(modes))]},
		Advisories: []control.Advisory{},
	}}
	if f.Control == control.MLTransform {
		f.Resource.Type, f.Resource.ID = resource.TypeMLTransform, fmt.Sprintf("tfm-%x", i)
		f.Resource.ARN = l.ARN("glue", "mlTransform/"+f.Resource.ID).String()
	}
	if i%5 == 0 {
		f.Resource.Tags = nil
	}
	return f
}

// Keep stores findings as a whole audit that started n hours after the suite's start, and returns its id.
func Keep(t testing.TB, s store.Store, n int, list []finding.Finding) string {
	t.Helper()
	parts := map[resource.Location]*store.Part{}
	var order []store.Part
	for _, f := range list {
		l := location(f.Resource.Account, f.Resource.Region)
		if parts[l] == nil {
			parts[l] = &store.Part{Location: l}
		}
		parts[l].Findings = append(parts[l].Findings, f)
	}
	for _, p := range parts {
		order = append(order, *p)
	}
	return write(t, s, head(n), order...).ID
}

func findingComesBack(t *testing.T, s store.Store) {
	ctx := t.Context()
	f := Finding("111111111111", "eu-west-1", "dev1", control.Fail)
	f.Exception = &finding.Exception{Reason: "moving out", Owner: "data", Expires: "2026-10-31", Expired: true}
	id := Keep(t, s, 1, []finding.Finding{f, Finding("111111111111", "eu-west-1", "dev2", control.Pass)})
	must(t, s.IndexAudit(ctx, id))
	must(t, s.IndexAudit(ctx, id))
	same(t, "finding", f, got[finding.Finding](t)(s.Finding(ctx, id, f.ID)))
	page := got[store.FindingPage](t)(s.FindFindings(ctx, store.FindingQuery{Audit: id, Resource: f.Resource.ARN}))
	same(t, "found by its ARN", store.FindingPage{Findings: []finding.Finding{f}, Total: 1}, page)
}

func findingsNotFound(t *testing.T, s store.Store) {
	ctx := t.Context()
	for _, asked := range []string{"none", "latest"} {
		q := store.FindingQuery{Audit: asked}
		_, find := s.FindFindings(ctx, q)
		_, facets := s.Facets(ctx, q)
		_, posture := s.Posture(ctx, asked)
		_, one := s.Finding(ctx, asked, "x")
		for name, err := range map[string]error{"index": s.IndexAudit(ctx, asked), "find": find, "facets": facets, "posture": posture, "finding": one} {
			if !errors.Is(err, store.ErrNotFound) {
				t.Errorf("%s of %s: %v, want ErrNotFound", name, asked, err)
			}
		}
	}
	id := Keep(t, s, 1, Various(3))
	if _, err := s.Finding(ctx, id, "none"); !errors.Is(err, store.ErrNotFound) {
		t.Errorf("a finding that the audit has not: %v, want ErrNotFound", err)
	}
	if _, err := s.FindFindings(ctx, store.FindingQuery{Audit: id, Sort: "colour"}); !errors.Is(err, store.ErrState) {
		t.Errorf("sorted by what findings have not: %v, want ErrState", err)
	}
}

func findingsUnfinished(t *testing.T, s store.Store) {
	must(t, s.BeginAudit(t.Context(), head(1)))
	if err := s.IndexAudit(t.Context(), head(1).ID); !errors.Is(err, store.ErrState) {
		t.Errorf("got %v, want ErrState", err)
	}
	must(t, s.FinishAudit(t.Context(), head(1)))
}

func findingsLatest(t *testing.T, s store.Store) {
	total := func() int {
		return got[store.FindingPage](t)(s.FindFindings(t.Context(), store.FindingQuery{Audit: "latest"})).Total
	}
	Keep(t, s, 2, Various(5))
	same(t, "findings of the only one", 5, total())
	Keep(t, s, 1, Various(6))
	same(t, "findings, when an older one has ended", 5, total())
	Keep(t, s, 3, Various(7))
	same(t, "findings, when a newer one has ended", 7, total())
}

func findingsNone(t *testing.T, s store.Store) {
	ctx := t.Context()
	q := store.FindingQuery{Audit: Keep(t, s, 1, nil), Search: "x", Tags: []string{"a"}, Accounts: []string{"b"}, Reverse: true, Offset: 3}
	same(t, "findings", 0, got[store.FindingPage](t)(s.FindFindings(ctx, q)).Total)
	same(t, "facets", 0, len(got[[]store.Facet](t)(s.Facets(ctx, q))))
	same(t, "posture", 0, len(got[[]store.PostureCell](t)(s.Posture(ctx, q.Audit))))
}

// findingsAgree asks many random questions of the store and of the model, which looks at every finding each time.
func findingsAgree(t *testing.T, s store.Store) {
	ctx := t.Context()
	list := Various(200)
	id := Keep(t, s, 1, list)
	same(t, "posture", modelPosture(list), got[[]store.PostureCell](t)(s.Posture(ctx, id)))
	random := rand.New(rand.NewPCG(3, 4)) //nolint:gosec // the same each time
	chosen := 0
	for n := range 150 {
		q := randomQuery(random, list)
		q.Audit = id
		want := modelFind(q, list)
		page := got[store.FindingPage](t)(s.FindFindings(ctx, q))
		chosen += page.Total
		name := fmt.Sprintf("question %d, %+v: ", n, q)
		same(t, name+"total", want.Total, page.Total)
		idOf := func(f finding.Finding) string { return f.ID }
		same(t, name+"findings", namesOf(want.Findings, idOf), namesOf(page.Findings, idOf))
		same(t, name+"facets", modelFacets(q, list), got[[]store.Facet](t)(s.Facets(ctx, q)))
		if t.Failed() {
			return
		}
	}
	if chosen < 1000 {
		t.Errorf("the questions chose %d findings in all: too few to show anything", chosen)
	}
}

func randomQuery(random *rand.Rand, list []finding.Finding) store.FindingQuery {
	pick := func() finding.Finding { return list[random.IntN(len(list))] }
	sorts := []store.FindingSort{"", store.ByResource, store.ByAccount, store.ByRegion, store.ByStatus, store.ByMode, store.ByReason}
	q := store.FindingQuery{Sort: sorts[random.IntN(len(sorts))], Reverse: random.IntN(2) == 0, Limit: random.IntN(60)}
	if random.IntN(2) == 0 {
		q.Offset = random.IntN(100)
	}
	for _, add := range []func(finding.Finding){
		func(f finding.Finding) { q.Controls = append(q.Controls, f.Control) },
		func(f finding.Finding) { q.Types = append(q.Types, f.Resource.Type) },
		func(f finding.Finding) { q.Accounts = append(q.Accounts, f.Resource.Account) },
		func(f finding.Finding) { q.Regions = append(q.Regions, f.Resource.Region, "none") },
		func(f finding.Finding) { q.Statuses = append(q.Statuses, f.Status) },
		func(f finding.Finding) { q.Modes = append(q.Modes, f.Encryption.Mode) },
		func(f finding.Finding) { q.Reasons = append(q.Reasons, f.Reason) },
		func(f finding.Finding) { q.Tags = append(q.Tags, "stage", "team="+f.Resource.Tags["team"]) },
		func(f finding.Finding) { q.Search = strings.ToUpper(f.Resource.Name[:3]) },
		func(f finding.Finding) { q.Resource = f.Resource.ARN },
	} {
		for range random.IntN(9) / 7 * (1 + random.IntN(3)) {
			add(pick())
		}
	}
	return q
}

func findingsSearch(t *testing.T, s store.Store) {
	f := Finding("111111111111", "eu-west-1", "Nightly-ÉTL", control.Fail)
	f.Resource.ID, f.Message = "tfm-0A", "It writes\nto 100% of_buckets."
	id := Keep(t, s, 1, []finding.Finding{f, Finding("222222222222", "eu-west-2", "other", control.Pass)})
	for text, want := range map[string]int{
		"nightly-étl": 1, "NIGHTLY": 1, "GLUE:EU-WEST-1": 1, "tfm-0a": 1, "f-111111111111-eu": 1, "100% OF_": 1, "of%": 0, "of.": 0, "_tl": 0,
		"devendpoint/": 2, "writes to": 1, "writes\nto": 1, "ÉTL\narn": 0, "nothing like it": 0, "": 2, ".": 2, "\x00": 0,
	} {
		page := got[store.FindingPage](t)(s.FindFindings(t.Context(), store.FindingQuery{Audit: id, Search: text}))
		if page.Total != want {
			t.Errorf("%q was found %d times, want %d", text, page.Total, want)
		}
	}
}

func findingsByTag(t *testing.T, s store.Store) {
	tagged := func(name string, tags map[string]string) finding.Finding {
		f := Finding("1", "a", name, control.Fail)
		f.Resource.Tags = tags
		return f
	}
	id := Keep(t, s, 1, []finding.Finding{
		tagged("a", map[string]string{"team": "data", "empty": ""}), tagged("b", map[string]string{"team": "web", "k=v": "w"}), tagged("c", nil),
		tagged("d", map[string]string{"Team": "data", "k": "v=w"}),
	})
	for tags, want := range map[string]string{
		"team": "ab", "team=data": "a", "Team": "d", "team=": "", "empty": "a", "empty=": "a", "k=v": "b", "k=v=w": "bd", "tea": "", "data": "",
		"team empty": "a", "team=data team=web": "",
	} {
		page := got[store.FindingPage](t)(s.FindFindings(t.Context(), store.FindingQuery{Audit: id, Tags: strings.Fields(tags)}))
		names := ""
		for _, f := range page.Findings {
			names += f.Resource.Name
		}
		if names != want {
			t.Errorf("with %s: %q, want %q", tags, names, want)
		}
	}
}

func frequentTags(t *testing.T, s store.Store) {
	var list []finding.Finding
	for i := range 60 {
		for range i + 1 {
			f := Finding("1", "a", fmt.Sprintf("dev-%d", len(list)), control.Fail)
			f.Resource.Tags = map[string]string{"n": fmt.Sprintf("%02d", i)}
			list = append(list, f)
		}
	}
	facets := got[[]store.Facet](t)(s.Facets(t.Context(), store.FindingQuery{Audit: Keep(t, s, 1, list)}))
	facets = slices.DeleteFunc(facets, func(f store.Facet) bool { return f.Field != "tag" })
	if len(facets) != 50 || facets[0] != (store.Facet{Field: "tag", Value: "n=59", Count: 60}) || facets[49].Value != "n=10" {
		t.Errorf("got %+v, want n=59 to n=10", facets)
	}
}

func askedAtOnce(t *testing.T, s store.Store) {
	id := Keep(t, s, 1, Various(300))
	var wg sync.WaitGroup
	for range 16 {
		wg.Go(func() {
			page, err := s.FindFindings(t.Context(), store.FindingQuery{Audit: id, Limit: 500})
			if err != nil || page.Total != 300 || len(page.Findings) != 300 {
				t.Errorf("%d of %d findings, %v, want 300", len(page.Findings), page.Total, err)
			}
		})
	}
	wg.Wait()
}

func askedNoLonger(t *testing.T, s store.Store) {
	id := Keep(t, s, 1, Various(300))
	left, leave := context.WithCancel(t.Context())
	leave()
	if err := s.IndexAudit(left, id); err != nil && !errors.Is(err, context.Canceled) {
		t.Errorf("who has left: %v", err)
	}
	must(t, s.IndexAudit(t.Context(), id))
}

// The model: what the answers must be, by looking at every finding.

// modelFields are what findings are counted by.
func modelFields() []struct {
	name  string
	value func(finding.Finding) string
	asked func(store.FindingQuery) []string
} {
	return []struct {
		name  string
		value func(finding.Finding) string
		asked func(store.FindingQuery) []string
	}{
		{"account", func(f finding.Finding) string { return f.Resource.Account }, func(q store.FindingQuery) []string { return q.Accounts }},
		{"region", func(f finding.Finding) string { return f.Resource.Region }, func(q store.FindingQuery) []string { return q.Regions }},
		{"status", func(f finding.Finding) string { return string(f.Status) }, func(q store.FindingQuery) []string { return plain(q.Statuses) }},
		{"mode", func(f finding.Finding) string { return string(f.Encryption.Mode) }, func(q store.FindingQuery) []string { return plain(q.Modes) }},
		{"reason", func(f finding.Finding) string { return string(f.Reason) }, func(q store.FindingQuery) []string { return plain(q.Reasons) }},
		{"control", func(f finding.Finding) string { return string(f.Control) }, func(q store.FindingQuery) []string { return plain(q.Controls) }},
		{"type", func(f finding.Finding) string { return string(f.Resource.Type) }, func(q store.FindingQuery) []string { return plain(q.Types) }},
	}
}

func plain[T ~string](list []T) []string { return namesOf(list, func(v T) string { return string(v) }) }

// chosen tells whether a query chooses a finding, leaving out the filter of one field.
func chosen(q store.FindingQuery, f finding.Finding, without string) bool {
	for _, field := range modelFields() {
		if asked := field.asked(q); field.name != without && len(asked) > 0 && !slices.Contains(asked, field.value(f)) {
			return false
		}
	}
	for _, tag := range q.Tags {
		key, value, both := strings.Cut(tag, "=")
		has, ok := f.Resource.Tags[key]
		if without != "tag" && (!ok || both && has != value) {
			return false
		}
	}
	text := strings.ToLower(strings.Join([]string{f.Resource.Name, f.Resource.ARN, f.Resource.ID, f.ID, f.Message}, "\n"))
	return (q.Resource == "" || q.Resource == f.Resource.ARN) && strings.Contains(text, strings.ToLower(q.Search))
}

func statusRank(s control.Status) int {
	return slices.Index([]control.Status{control.Fail, control.Unknown, control.Exempt, control.Pass, control.NotApplicable}, s)
}

func byName(a, b finding.Finding) int {
	return cmp.Or(cmp.Compare(strings.ToUpper(a.Resource.Name), strings.ToUpper(b.Resource.Name)), cmp.Compare(a.Resource.Name, b.Resource.Name))
}

func inOrder(a, b finding.Finding) int {
	return cmp.Or(
		cmp.Compare(a.Resource.Account, b.Resource.Account), cmp.Compare(a.Resource.Region, b.Resource.Region),
		cmp.Compare(a.Control, b.Control), byName(a, b), cmp.Compare(a.Resource.ARN, b.Resource.ARN), cmp.Compare(a.ID, b.ID),
	)
}

func modelOrder(s store.FindingSort) func(a, b finding.Finding) int {
	switch s {
	case store.ByResource:
		return byName
	case store.ByRegion:
		return func(a, b finding.Finding) int { return cmp.Compare(a.Resource.Region, b.Resource.Region) }
	case store.ByStatus:
		return func(a, b finding.Finding) int { return cmp.Compare(statusRank(a.Status), statusRank(b.Status)) }
	case store.ByMode:
		return func(a, b finding.Finding) int { return cmp.Compare(a.Encryption.Mode, b.Encryption.Mode) }
	case store.ByReason:
		return func(a, b finding.Finding) int { return cmp.Compare(a.Reason, b.Reason) }
	case store.ByAccount:
	}
	return func(a, b finding.Finding) int { return cmp.Compare(a.Resource.Account, b.Resource.Account) }
}

func modelFind(q store.FindingQuery, list []finding.Finding) store.FindingPage {
	var page store.FindingPage
	for _, f := range list {
		if chosen(q, f, "") {
			page.Findings = append(page.Findings, f)
		}
	}
	page.Total = len(page.Findings)
	order := modelOrder(q.Sort)
	slices.SortFunc(page.Findings, func(a, b finding.Finding) int {
		by := order(a, b)
		if q.Reverse {
			by = -by
		}
		return cmp.Or(by, inOrder(a, b))
	})
	limit := q.Limit
	if limit == 0 {
		limit = 50
	}
	first := min(q.Offset, page.Total)
	page.Findings = page.Findings[first:min(first+limit, page.Total)]
	return page
}

func modelFacets(q store.FindingQuery, list []finding.Finding) []store.Facet {
	var facets []store.Facet
	for _, field := range modelFields() {
		counts := map[string]int{}
		for _, f := range list {
			if chosen(q, f, field.name) {
				counts[field.value(f)]++
			}
		}
		facets = append(facets, counted(field.name, counts, func(a, b store.Facet) int {
			if field.name == "status" {
				return cmp.Compare(statusRank(control.Status(a.Value)), statusRank(control.Status(b.Value)))
			}
			return cmp.Compare(a.Value, b.Value)
		})...)
	}
	tags := map[string]int{}
	for _, f := range list {
		if !chosen(q, f, "tag") {
			continue
		}
		for key, value := range f.Resource.Tags {
			tags[key+"="+value]++
		}
	}
	all := counted("tag", tags, func(a, b store.Facet) int {
		return cmp.Or(cmp.Compare(b.Count, a.Count), cmp.Compare(a.Value, b.Value))
	})
	return append(facets, all[:min(50, len(all))]...)
}

func counted(field string, counts map[string]int, order func(a, b store.Facet) int) []store.Facet {
	var facets []store.Facet
	for value, n := range counts {
		facets = append(facets, store.Facet{Field: field, Value: value, Count: n})
	}
	slices.SortFunc(facets, order)
	return facets
}

func modelPosture(list []finding.Finding) []store.PostureCell {
	counts := map[store.PostureCell]int{}
	for _, f := range list {
		counts[store.PostureCell{Account: f.Resource.Account, Region: f.Resource.Region, Control: f.Control, Status: f.Status}]++
	}
	var cells []store.PostureCell
	for c, n := range counts {
		c.Count = n
		cells = append(cells, c)
	}
	slices.SortFunc(cells, func(a, b store.PostureCell) int {
		return cmp.Or(cmp.Compare(a.Account, b.Account), cmp.Compare(a.Region, b.Region), cmp.Compare(a.Control, b.Control),
			cmp.Compare(statusRank(a.Status), statusRank(b.Status)))
	})
	return cells
}
