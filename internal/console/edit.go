package console

import (
	"cmp"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/glueguard/glueguard/internal/api/openapi"
	"github.com/glueguard/glueguard/internal/plan"
	"github.com/glueguard/glueguard/internal/resource"
)

// editPage is where a resource's encryption is chosen.
type editPage struct {
	Name, Link, List, ListTitle string
	Ref                         resource.Ref
	Now                         modeShown
	Transform                   bool
	Keys                        []keyChoice
	KeysProblem                 *openapi.Problem
	Form                        editForm
	Problem                     *openapi.Problem
	Repairable                  bool
}

type modeShown struct {
	Mark  mark
	Key   string
	Alias string // of the key, where the location's keys could be listed
}

// editForm is what was chosen, as it was sent.
type editForm struct {
	Mode, Key, OtherKey, NewKey      string
	Strategy, LabelsS3, Prove        string
	GrantRole, RepointJobs           bool
	ModeError, KeyError, LabelsError string
}

// What stands in the place of a key's ARN in the form.
const (
	newKey   = "new"
	otherKey = "other"
)

// keyChoice is a key of the resource's location.
type keyChoice struct {
	openapi.Key
	Name     string
	On       bool
	Rotation mark
	State    mark
	Others   int // who may use it beside those that are shown
}

const mostUsers = 5

func (c *console) edit(r *http.Request) (view, error) {
	return c.editView(r, r.URL.Query().Get("arn"), editForm{Strategy: string(plan.Replace)}, nil)
}

// editView shows the page, with a form as it was sent where that was refused.
func (c *console) editView(r *http.Request, arn string, form editForm, problem *openapi.Problem) (view, error) {
	got, err := answered[openapi.GetResource200JSONResponse](c.ask.GetResource(r.Context(), openapi.GetResourceRequestObject{
		Params: openapi.GetResourceParams{ARN: arn},
	}))
	if err != nil {
		return view{}, err
	}
	list := listOf(got.Resource.Type)
	page := editPage{
		Name: cmp.Or(got.Resource.Name, got.Resource.ID, arn), Link: resourceURL(arn, ""), List: list.path, ListTitle: list.title, Ref: got.Resource,
		Now: modeShown{Mark: modeMark(got.Encryption.Mode), Key: got.Encryption.KMSKey}, Transform: got.Resource.Type == resource.TypeMLTransform,
		Form: form, Problem: problem, Repairable: got.Repairable,
	}
	if page.Form.Mode == "" && form.ModeError == "" && got.Encryption.Mode.Encrypts() {
		page.Form.Mode = string(got.Encryption.Mode)
	}
	c.offerKeys(r, &page)
	v := view{page: "edit", title: "Edit encryption of " + page.Name, section: list.path, data: page}
	switch {
	case problem != nil:
		v.status = problem.Status
	case form.ModeError+form.KeyError+form.LabelsError != "":
		v.status = http.StatusUnprocessableEntity
	}
	return v, nil
}

// offerKeys asks for the keys of the resource's location. Where they can't be listed, a key can still be typed.
func (c *console) offerKeys(r *http.Request, page *editPage) {
	if !page.Repairable {
		return
	}
	partition := ""
	if a, err := resource.ParseARN(page.Ref.ARN); err == nil {
		partition = a.Partition
	}
	keys, err := answered[openapi.ListKeys200JSONResponse](c.ask.ListKeys(r.Context(), openapi.ListKeysRequestObject{
		Account: page.Ref.Account, Region: page.Ref.Region, Params: openapi.ListKeysParams{Partition: partition},
	}))
	if err != nil {
		p := c.problemOf(err)
		page.KeysProblem = &p
		return
	}
	for _, k := range keys.Items {
		choice := keyChoice{Key: k, Name: keyName(k), On: page.Form.Key == k.ARN, Rotation: rotationMark(k), State: keyMark(k)}
		if choice.Others = len(k.MayUse) - mostUsers; choice.Others > 0 {
			choice.MayUse = k.MayUse[:mostUsers]
		}
		page.Keys = append(page.Keys, choice)
		if keyID(k.ARN) == keyID(page.Now.Key) && len(k.Aliases) > 0 {
			page.Now.Alias = k.Aliases[0]
		}
	}
}

// keyName is what a key is called: its first alias, else its id.
func keyName(k openapi.Key) string {
	if len(k.Aliases) > 0 {
		return k.Aliases[0]
	}
	return keyID(k.ARN)
}

// keyID is the last part of a key's ARN, or the whole of what is no ARN.
func keyID(ref string) string {
	if i := strings.LastIndex(ref, "/"); i >= 0 && strings.HasPrefix(ref, "arn:") && strings.Contains(ref, ":key/") {
		return ref[i+1:]
	}
	return ref
}

func rotationMark(k openapi.Key) mark {
	switch k.Rotation {
	case openapi.KeyRotationOn:
		return mark{"Rotated", "pass", "pass"}
	case openapi.KeyRotationOff:
		return mark{"Not rotated", "warn", "unknown"}
	case openapi.KeyRotationImpossible:
		return mark{"Can't rotate", "none", "none"}
	}
	return mark{"Rotation not known", "unknown", "unknown"}
}

func keyMark(k openapi.Key) mark {
	switch {
	case k.Usable:
		return mark{k.State, "pass", "pass"}
	case k.State == "":
		return mark{"Not known", "unknown", "unknown"}
	}
	return mark{k.State, "fail", "fail"}
}

func editFormOf(form url.Values) editForm {
	get := func(name string) string { return strings.TrimSpace(form.Get(name)) }
	return editForm{
		Mode: get("mode"), Key: get("key"), OtherKey: get("other_key"), NewKey: get("new_key"), Strategy: get("strategy"),
		LabelsS3: get("labels_s3"), Prove: get("prove"), GrantRole: form.Get("grant_role") != "", RepointJobs: form.Get("repoint_jobs") != "",
	}
}

// proposal is what to plan; what is missing in the form is said beside its field.
func (f *editForm) proposal(arn string) (openapi.Proposal, bool) {
	p := openapi.Proposal{
		Resources: []string{arn}, Mode: resource.Mode(f.Mode), Strategy: plan.Strategy(f.Strategy), LabelsS3: f.LabelsS3, Prove: f.Prove,
		GrantRole: f.GrantRole, RepointJobs: f.RepointJobs,
	}
	switch p.Mode {
	case resource.ModeSSEKMS:
		switch f.Key {
		case newKey:
			if p.CreateKey = f.NewKey; p.CreateKey != "" && !strings.HasPrefix(p.CreateKey, "alias/") {
				p.CreateKey = "alias/" + p.CreateKey
			}
		case otherKey:
			p.KMSKey = f.OtherKey
		default:
			p.KMSKey = f.Key
		}
		if p.KMSKey == "" && p.CreateKey == "" {
			f.KeyError = "Choose a key, or name the alias of a new one."
		}
	case resource.ModeNone, resource.ModeSSES3:
	default:
		if p.Strategy != plan.Retire {
			f.ModeError = "Choose how it is to be encrypted."
		}
	}
	return p, f.ModeError+f.KeyError == ""
}

// save makes a plan of what was chosen, and goes there: nothing is changed yet.
func (c *console) save(r *http.Request) (view, error) {
	if err := r.ParseForm(); err != nil {
		return view{}, faultForm
	}
	arn, form := r.PostForm.Get("arn"), editFormOf(r.PostForm)
	proposal, ok := form.proposal(arn)
	if !ok {
		return c.editView(r, arn, form, nil)
	}
	made, err := answered[openapi.CreatePlan201JSONResponse](c.ask.CreatePlan(r.Context(), openapi.CreatePlanRequestObject{Body: &proposal}))
	if p, ok := c.refused(err); ok {
		return c.editView(r, arn, form, p)
	}
	if err != nil {
		return view{}, err
	}
	return view{to: planURL(made.Body.Digest)}, nil
}

// planURL is the page of a plan.
func planURL(digest string) string { return "/plans/" + url.PathEscape(digest) }

// Strategies lists the ways to repair, for the page to choose from.
func (p editPage) Strategies() []field {
	all := []field{
		{string(plan.Replace), "Replace: an encrypted one takes its place and its name. It is made and proven before the original is touched."},
		{string(plan.SideBySide), "Side by side: an encrypted one under a new name. The original stays until you finalize."},
		{string(plan.Retire), "Retire: delete it, and keep its definition."},
	}
	if p.Transform {
		all = slices.DeleteFunc(all, func(f field) bool { return f.Name == string(plan.SideBySide) })
	}
	return all
}
