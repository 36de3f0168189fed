package console

import (
	"cmp"
	"net/http"
	"net/url"
	"slices"

	"github.com/glueguard/glueguard/internal/api/openapi"
	"github.com/glueguard/glueguard/internal/auth"
	"github.com/glueguard/glueguard/internal/control"
	"github.com/glueguard/glueguard/internal/finding"
	"github.com/glueguard/glueguard/internal/resource"
	"github.com/glueguard/glueguard/internal/store"
)

// findingPage is a page that lists findings of one kind.
type findingPage struct {
	path, title, lead string
	one               string // what a line is
	control           control.ID
}

func findingPages() []findingPage {
	return []findingPage{
		{
			"/endpoints", "Development endpoints", "S3 encryption of what development endpoints write, as their security configurations set it.",
			"development endpoint", control.DevEndpointS3,
		},
		{
			"/transforms", "ML transforms", "Encryption at rest of ML transforms: their user data, or what their task runs write.",
			"ML transform", control.MLTransform,
		},
		{
			"/logs", "Logs", "Whether the CloudWatch logs of development endpoints are encrypted, as the procedures' notes ask.",
			"development endpoint", control.DevEndpointLogs,
		},
		{
			"/keys", "Keys", "The KMS keys that Glue encryption uses: whether they can be used, are rotated, and are closed to outsiders.",
			"KMS key", control.KeyManagement,
		},
		{"/findings", "Findings", "What every control found, of every resource.", "finding", ""},
	}
}

// listing is the table of a page of findings.
type listing struct {
	findingPage
	NoAudit bool
	CSV     string
	Hidden  []field
	Query   string
	Filters []filter
	Chips   []chip
	Caption string
	Columns []heading
	Rows    []findingRow
	Pager   pager
}

// What templates read of the page that is listed.
func (l listing) Title() string { return l.title }
func (l listing) Lead() string  { return l.lead }
func (l listing) Path() string  { return l.path }

// HasModes tells whether its lines have an encryption mode of their own: keys have none.
func (l listing) HasModes() bool { return l.control != control.KeyManagement }

// Repairs tells whether its lines are of resources whose encryption can be planned.
func (l listing) Repairs() bool {
	return l.control == control.DevEndpointS3 || l.control == control.MLTransform
}

type field struct{ Name, Value string }

// filter is one field to choose by, with the values that there are.
type filter struct {
	Field, Label, Chosen string
	Choices              []choice
	More                 int
}

type choice struct {
	Value, Word string
	Count       int
	On          bool
}

// chip is a filter in force, and the list without it.
type chip struct{ Text, Link string }

// heading is a column, and the list in its order.
type heading struct{ Name, Link, AriaSort, Icon string }

type findingRow struct {
	Link, Name, Sub          string
	Status, Mode             mark
	Key, Reason, Message     string
	Advisories               []control.Advisory
	Account, Region, Control string
}

// mostChoices is how many values a filter offers; the others can be searched for.
const mostChoices = 60

func (c *console) findings(p findingPage) handler {
	return func(r *http.Request) (view, error) {
		q := r.URL.Query()
		l := listing{findingPage: p, Query: q.Get("q")}
		params := findingParams(p, q)
		found, err := answered[openapi.ListFindings200JSONResponse](c.ask.ListFindings(r.Context(), openapi.ListFindingsRequestObject{Params: params}))
		if c.isMissing(err) {
			l.NoAudit = true
			return view{page: "findings", title: p.title, data: l}, nil
		}
		if err != nil {
			return view{}, err
		}
		l.fill(q, params, openapi.FindingPage(found))
		return view{page: "findings", title: p.title, data: l}, nil
	}
}

// findingParams is what an address asks for. What the API would not understand is left out, since addresses get cut.
func findingParams(p findingPage, q url.Values) openapi.ListFindingsParams {
	params := openapi.ListFindingsParams{
		Audit: q.Get("audit"), Control: q["control"], Account: q["account"], Region: q["region"], Mode: q["mode"], Reason: q["reason"],
		Tag: q["tag"], Q: q.Get("q"), Reverse: q.Get("reverse") == "true", Offset: offsetOf(q), Limit: pageSize, Facets: true,
		Sort: sortOf(q.Get("sort")),
	}
	for _, s := range q["status"] {
		params.Status = append(params.Status, control.Status(s))
	}
	if p.control != "" {
		params.Control = []string{string(p.control)}
	}
	return params
}

// sortOf is the wanted order; the most pressing come first where none is wanted.
func sortOf(s string) store.FindingSort {
	switch by := store.FindingSort(s); by {
	case store.ByResource, store.ByAccount, store.ByRegion, store.ByStatus, store.ByMode, store.ByReason:
		return by
	}
	return store.ByStatus
}

func (l *listing) fill(q url.Values, params openapi.ListFindingsParams, found openapi.FindingPage) {
	shown := url.Values{} // without what is not part of the view
	for name, values := range q {
		if name != "done" {
			shown[name] = values
		}
	}
	l.Caption = count(found.Total, l.one)
	l.CSV = with("/findings.csv", exported(l.findingPage, shown))
	for _, name := range []string{"sort", "reverse", "audit"} {
		if v := q.Get(name); v != "" {
			l.Hidden = append(l.Hidden, field{name, v})
		}
	}
	l.filters(shown, found.Facets)
	l.columns(shown, params)
	for i := range found.Items {
		l.Rows = append(l.Rows, rowOf(&found.Items[i], l.control == ""))
	}
	l.Pager = pagerOf(l.path, shown, params.Offset, len(found.Items), found.Total)
}

// exported is the query of the same list as CSV.
func exported(p findingPage, q url.Values) url.Values {
	all := url.Values{}
	for name, values := range q {
		all[name] = values
	}
	if p.control != "" {
		all.Set("control", string(p.control))
	}
	return all
}

func (l *listing) filters(q url.Values, facets []store.Facet) {
	fields := []struct{ name, label string }{
		{"status", "Status"}, {"mode", "Encryption"}, {"reason", "Reason"}, {"account", "Account"}, {"region", "Region"}, {"tag", "Tag"},
	}
	if l.control == "" {
		fields = append([]struct{ name, label string }{{"control", "Control"}}, fields...)
	}
	for _, f := range fields {
		if f.name == "mode" && !l.HasModes() {
			continue
		}
		on := q[f.name]
		shown := filter{Field: f.name, Label: f.label}
		for _, facet := range facets {
			if facet.Field == f.name {
				shown.Choices = append(shown.Choices, choice{facet.Value, choiceWord(f.name, facet.Value), facet.Count, slices.Contains(on, facet.Value)})
			}
		}
		for _, v := range on { // one that nothing has any more can still be taken out
			if !slices.ContainsFunc(shown.Choices, func(c choice) bool { return c.Value == v }) {
				shown.Choices = append(shown.Choices, choice{v, choiceWord(f.name, v), 0, true})
			}
			l.Chips = append(l.Chips, chip{f.label + ": " + choiceWord(f.name, v), without(l.path, q, f.name, v)})
		}
		slices.SortStableFunc(shown.Choices, func(a, b choice) int {
			return cmp.Or(compareBool(b.On, a.On), cmp.Compare(b.Count, a.Count), cmp.Compare(a.Word, b.Word))
		})
		if most := max(mostChoices, len(on)); len(shown.Choices) > most {
			shown.More, shown.Choices = len(shown.Choices)-most, shown.Choices[:most]
		}
		switch len(on) {
		case 0:
		case 1:
			shown.Chosen = middle(choiceWord(f.name, on[0]), 24)
		default:
			shown.Chosen = number(len(on)) + " chosen"
		}
		l.Filters = append(l.Filters, shown)
	}
	if l.Query != "" {
		l.Chips = append(l.Chips, chip{"Search: " + middle(l.Query, 40), with(l.path, q, "q", "")})
	}
}

func compareBool(a, b bool) int {
	switch {
	case a == b:
		return 0
	case a:
		return 1
	}
	return -1
}

func choiceWord(field, value string) string {
	switch field {
	case "status":
		return statusMark(control.Status(value)).Word
	case "mode":
		return modeWord(resource.Mode(value))
	case "reason":
		return sentence(value)
	case "control":
		return controlWord(control.ID(value))
	}
	return value
}

func (l *listing) columns(q url.Values, params openapi.ListFindingsParams) {
	for _, col := range []struct {
		name string
		by   store.FindingSort
	}{
		{"Name", store.ByResource},
		{"Status", store.ByStatus},
		{"Encryption", store.ByMode},
		{"Reason", store.ByReason},
		{"Account", store.ByAccount},
		{"Region", store.ByRegion},
	} {
		if col.by == store.ByMode && !l.HasModes() {
			continue
		}
		h := heading{Name: col.name, Icon: "both"}
		reverse := ""
		if col.by == params.Sort {
			h.AriaSort, h.Icon = "ascending", "up"
			if params.Reverse {
				h.AriaSort, h.Icon = "descending", "down"
			} else {
				reverse = "true"
			}
		}
		h.Link = with(l.path, q, "sort", string(col.by), "reverse", reverse)
		l.Columns = append(l.Columns, h)
	}
	if l.control == "" {
		l.Columns = append(l.Columns, heading{Name: "Control"})
	}
}

func rowOf(f *finding.Finding, withControl bool) findingRow {
	ref := f.Resource
	row := findingRow{
		Name: cmp.Or(ref.Name, ref.ID), Status: statusMark(f.Status), Mode: modeMark(f.Encryption.Mode), Key: f.Encryption.KMSKey,
		Reason: sentence(string(f.Reason)), Message: f.Message, Advisories: f.Advisories, Account: ref.Account, Region: ref.Region,
	}
	if ref.Type == resource.TypeKey {
		row.Mode = mark{}
	}
	if ref.ARN == "" {
		row.Name = "All of them: the listing could not be read"
	} else {
		row.Link = resourceURL(ref.ARN, ref.Name)
	}
	if ref.ID != "" && ref.ID != row.Name {
		row.Sub = ref.ID
	}
	if withControl {
		row.Control = controlWord(f.Control)
	}
	return row
}

// findingsCSV hands out what a list shows, all parts of it.
func (c *console) findingsCSV(r *http.Request) (view, error) {
	q := r.URL.Query()
	p := findingParams(findingPage{}, q)
	res, err := c.ask.ExportFindings(r.Context(), openapi.ExportFindingsRequestObject{Params: openapi.ExportFindingsParams{
		Audit: p.Audit, Control: p.Control, Account: p.Account, Region: p.Region, Mode: p.Mode, Reason: p.Reason, Status: p.Status,
		Tag: p.Tag, Q: p.Q, Sort: p.Sort, Reverse: p.Reverse,
	}})
	if err != nil {
		return view{}, err
	}
	return view{write: func(w http.ResponseWriter) error { return res.VisitExportFindingsResponse(w) }}, nil
}

func (c *console) resourceRoutes() {
	for _, p := range findingPages() {
		c.page("GET "+p.path, auth.See, c.findings(p))
	}
	c.page("GET /findings.csv", auth.See, c.findingsCSV)
	c.page("GET /resource", auth.See, c.resource)
}
