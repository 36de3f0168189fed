package console

import (
	"bytes"
	"cmp"
	"encoding/json"
	"net/http"
	"net/url"
	"slices"
	"time"

	"github.com/glueguard/glueguard/internal/api/openapi"
	"github.com/glueguard/glueguard/internal/auth"
	"github.com/glueguard/glueguard/internal/change"
	"github.com/glueguard/glueguard/internal/control"
	"github.com/glueguard/glueguard/internal/resource"
)

// resourcePage is all that is known of one resource.
type resourcePage struct {
	openapi.ResourceDetail
	Name     string
	List     findingPage // that it stands in
	Link     string
	EditLink string // empty: its encryption can't be planned
	Modes    []modeBox
	Settings []setting
	Keys     []keyNamed // as the encryption names them
	Unnamed  string     // the same page with the keys' names looked up; empty: they are, or there is no key
	Facts    []factSheet
	Status   mark // the worst of its findings
	Advice   []control.Advisory
	Shell    []numbered
	Proposal exceptionForm

	Successor     *resource.Identity // what a repair has put in its place under another ARN; nil: nothing
	SuccessorLink string
	WayBack       bool // it is kept until finalize
}

// What templates read of the list that the resource stands in.
func (p resourcePage) ListTitle() string { return p.List.title }
func (p resourcePage) ListPath() string  { return p.List.path }

// modeBox is one of the encryption modes that the procedures know, and whether it is the one in force.
type modeBox struct {
	Name, Words string
	On          bool
}

// setting is one line of the encryption settings.
type setting struct {
	Name, Value string
	Mark        *mark
	Key         *keyNamed
}

// keyNamed is a KMS key and what it is called, which is looked up in AWS once the page is there: audits do not read it.
type keyNamed struct {
	openapi.KeyNames
	Asked bool
}

// factSheet is what was read of one thing.
type factSheet struct {
	Title, Note string
	Rows        []setting
}

// numbered is a command with an id of its own, to be copied by.
type numbered struct{ ID, Title, Command string }

func (c *console) resource(r *http.Request) (view, error) {
	arn := r.URL.Query().Get("arn")
	audit, keys := r.URL.Query().Get("audit"), r.URL.Query().Get("keys") == "named"
	got, err := answered[openapi.GetResource200JSONResponse](c.ask.GetResource(r.Context(), openapi.GetResourceRequestObject{
		Params: openapi.GetResourceParams{ARN: arn, Audit: audit, Keys: keys},
	}))
	if err != nil {
		return view{}, err
	}
	p := resourcePage{ResourceDetail: openapi.ResourceDetail(got), Link: resourceURL(arn, "")}
	p.Name = cmp.Or(p.Resource.Name, p.Resource.ID, p.Resource.ARN)
	p.List = listOf(p.Resource.Type)
	if person, ok := auth.From(r.Context()); ok && p.Repairable && person.May(auth.Propose) {
		p.EditLink = editURL(arn)
	}
	p.settings(keys)
	if len(p.Keys) > 0 && !keys {
		p.Unnamed = with("/resource", url.Values{"arn": {arn}}, "audit", audit, "keys", "named")
	}
	for _, record := range p.ResourceDetail.Facts {
		p.Facts = append(p.Facts, sheetOf(record))
	}
	for i, cmd := range p.Commands {
		p.Shell = append(p.Shell, numbered{"command-" + number(i+1), cmd.Title, cmd.Command})
	}
	p.Proposal = exceptionForm{Resource: arn}
	p.succeed(arn)
	return view{page: "resource", title: p.Name, section: p.List.path, data: &p}, nil
}

// succeed finds what has replaced an original that is kept until finalize, or is gone.
func (p *resourcePage) succeed(arn string) {
	for _, c := range p.Changes { // the newest first
		if c.Original.ARN != arn || c.State != change.Done && c.State != change.Finalized {
			continue
		}
		if c.Replacement != nil && c.Replacement.ARN != arn {
			p.Successor, p.SuccessorLink, p.WayBack = c.Replacement, resourceURL(c.Replacement.ARN, ""), c.State == change.Done
		}
		return
	}
}

// editURL is the page where a resource's encryption is changed.
func editURL(arn string) string { return "/resource/edit" + resourceURL(arn, "")[len("/resource"):] }

// listOf is the page that lists resources of a type.
func listOf(t resource.Type) findingPage {
	path := "/findings"
	switch t {
	case resource.TypeDevEndpoint:
		path = "/endpoints"
	case resource.TypeMLTransform:
		path = "/transforms"
	case resource.TypeKey:
		path = "/keys"
	}
	all := findingPages()
	return all[slices.IndexFunc(all, func(p findingPage) bool { return p.path == path })]
}

// settings makes the encryption in force visible where the procedures look for it.
func (p *resourcePage) settings(asked bool) {
	p.Status = mark{"Not judged", "none", "none"}
	for _, status := range slices.Backward(statuses()) { // the most pressing last, so that it stays
		for _, f := range p.Findings {
			if f.Finding.Status == status && status != control.NotApplicable {
				p.Status = statusMark(status)
			}
		}
	}
	for _, f := range p.Findings {
		for _, a := range f.Finding.Advisories {
			if !slices.Contains(p.Advice, a) {
				p.Advice = append(p.Advice, a)
			}
		}
	}
	if p.Resource.Type == resource.TypeKey {
		p.key(p.Resource.ARN, asked)
		return
	}
	e := p.Encryption
	p.Modes = modeBoxes(e.Mode)
	m := modeMark(e.Mode)
	name := "S3 encryption"
	if p.Resource.Type == resource.TypeMLTransform {
		name = "Encryption at rest"
	}
	p.Settings = []setting{
		{Name: name, Mark: &m},
		{Name: "KMS key", Value: e.KMSKey, Key: p.key(e.KMSKey, asked)},
		{Name: "Security configuration", Value: e.SecurityConfiguration},
	}
	for _, f := range p.Findings {
		if f.Finding.Control == control.DevEndpointLogs {
			logs := modeMark(f.Finding.Encryption.Mode)
			p.Settings = append(p.Settings, setting{Name: "Log encryption", Mark: &logs}, setting{
				Name: "KMS key of the logs", Value: f.Finding.Encryption.KMSKey, Key: p.key(f.Finding.Encryption.KMSKey, asked),
			})
		}
	}
	p.Settings = slices.DeleteFunc(p.Settings, func(s setting) bool { return s.Mark == nil && s.Value == "" })
}

// key is what a key is called, as far as that was asked for.
func (p *resourcePage) key(ref string, asked bool) *keyNamed {
	if ref == "" {
		return nil
	}
	named := keyNamed{openapi.KeyNames{Key: ref}, asked}
	if i := slices.IndexFunc(p.ResourceDetail.Keys, func(k openapi.KeyNames) bool { return k.Key == ref }); i >= 0 {
		named.KeyNames = p.ResourceDetail.Keys[i]
	}
	p.Keys = append(p.Keys, named)
	return &named
}

// modeBoxes are the modes as the procedures list them.
func modeBoxes(now resource.Mode) []modeBox {
	return []modeBox{
		{"None", "Nothing is encrypted.", now == resource.ModeNone || now == resource.ModeDisabled},
		{"SSE-S3", "Keys that Amazon S3 manages.", now == resource.ModeSSES3},
		{"SSE-KMS", "A key of AWS KMS, whose policy says who may read.", now == resource.ModeSSEKMS},
	}
}

// sheetOf lists what was read of a record, in the order in which it was kept.
func sheetOf(r resource.Record) factSheet {
	s := factSheet{Title: typeWord(r.Type)}
	if name := cmp.Or(r.Name, r.ID); name != "" {
		s.Title += " " + name
	}
	switch r.State {
	case resource.RecordAbsent:
		s.Note = "AWS says that there is none."
	case resource.RecordUnknown:
		s.Note = "It could not be read."
		if r.Failure != nil {
			s.Note = "It could not be read. " + r.Failure.Error()
		}
	case resource.RecordKnown:
	}
	if len(r.Facts) > 0 {
		s.Rows = flatten("", r.Facts, nil)
	}
	return s
}

const (
	mostFacts = 200  // lines of a sheet
	mostFact  = 4000 // bytes of a value
)

// flatten lists an object's members, those within others with a dot. What can't be decoded is shown as it is.
func flatten(prefix string, raw json.RawMessage, rows []setting) []setting {
	d := json.NewDecoder(bytes.NewReader(raw))
	if t, err := d.Token(); err != nil || t != json.Delim('{') {
		return append(rows, setting{Name: cmp.Or(prefix, "value"), Value: plain(raw)})
	}
	for d.More() && len(rows) < mostFacts {
		key, err := d.Token()
		name, ok := key.(string)
		var value json.RawMessage
		if err != nil || !ok || d.Decode(&value) != nil {
			return append(rows, setting{Name: cmp.Or(prefix, "value"), Value: plain(raw)})
		}
		if prefix != "" {
			name = prefix + "." + name
		}
		if value = bytes.TrimSpace(value); len(value) > 2 && value[0] == '{' {
			rows = flatten(name, value, rows)
			continue
		}
		rows = append(rows, setting{Name: name, Value: plain(value)})
	}
	return rows
}

// plain is a JSON value as people read it: texts without quotes, times in full.
func plain(raw json.RawMessage) string {
	var text string
	if json.Unmarshal(raw, &text) != nil {
		text = string(raw)
	} else if t, err := time.Parse(time.RFC3339Nano, text); err == nil {
		text = t.UTC().Format("2006-01-02 15:04:05") + " UTC"
	}
	if len(text) > mostFact {
		text = text[:mostFact] + "…"
	}
	return text
}
