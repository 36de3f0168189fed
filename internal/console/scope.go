package console

import (
	"cmp"
	"net/http"
	"net/url"
	"slices"

	"github.com/glueguard/glueguard/internal/api/openapi"
	"github.com/glueguard/glueguard/internal/plan"
	"github.com/glueguard/glueguard/internal/store"
)

const (
	// mostPicked is how many resources a plan may have for its page to offer each of them.
	mostPicked = 1000
	// mostMeant is how many of the resources that a request is about its page names; all of them where they were picked.
	mostMeant = 50
)

// pick is one resource of a plan that may be carried out, or left out.
type pick struct {
	ARN, Name, Place string
	On               bool
}

func (p pick) String() string { return p.Name + ", " + p.Place }

// picksOf are the resources of a plan that can be changed. All are on where none is picked.
func picksOf(p plan.Plan, picked []string) []pick {
	var all []pick
	for _, i := range p.Changes {
		if i.Applyable() {
			all = append(all, pick{
				ARN: i.Resource.ARN, Name: cmp.Or(i.Resource.Name, i.Resource.ID), Place: i.Resource.Account + " " + i.Resource.Region,
				On: len(picked) == 0 || slices.Contains(picked, i.Resource.ARN),
			})
		}
	}
	return all
}

// pickedOf are the resources that a form asks for: none are named where all are ticked, since that is the whole plan.
// nothing tells that none is ticked.
func (c *console) pickedOf(r *http.Request, form url.Values) (resources []string, nothing bool, err error) {
	resources = form["resource"]
	if form.Get("pick") == "" { // the page offered no choice
		return resources, false, nil
	}
	if len(resources) == 0 {
		return nil, true, nil
	}
	got, err := answered[openapi.GetPlan200JSONResponse](c.ask.GetPlan(r.Context(), openapi.GetPlanRequestObject{Digest: r.PathValue("digest")}))
	if err != nil {
		return nil, false, err
	}
	all := picksOf(plan.Plan(got), resources)
	on := slices.DeleteFunc(slices.Clone(all), func(p pick) bool { return !p.On })
	if len(on) == len(all) && len(on) == len(resources) {
		return nil, false, nil
	}
	return resources, false, nil
}

// scope says which resources of its plan a request is about.
type scope struct {
	Whole bool
	Of    int // resources of the plan that can be changed
	Count int
	Meant []subject
	More  int // that are not named
}

// scopeOf looks it up. A plan that is gone says nothing more of a request than its own words.
func (c *console) scopeOf(r *http.Request, w store.Work) (*scope, error) {
	if w.Kind != store.RequestApply {
		return nil, nil
	}
	got, err := answered[openapi.GetPlan200JSONResponse](c.ask.GetPlan(r.Context(), openapi.GetPlanRequestObject{Digest: w.Plan}))
	if c.isMissing(err) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	all := picksOf(plan.Plan(got), nil)
	s := &scope{Whole: len(w.Resources) == 0, Of: len(all), Count: len(w.Resources)}
	for _, arn := range w.Resources { // each that is named, whatever the plan has of it
		named := subject{arn, resourceURL(arn, "")}
		if i := slices.IndexFunc(all, func(p pick) bool { return p.ARN == arn }); i >= 0 {
			named.Text = all[i].String()
		}
		s.Meant = append(s.Meant, named)
	}
	if s.Whole {
		s.Count, s.More = len(all), max(0, len(all)-mostMeant)
		for _, p := range all[:len(all)-s.More] {
			s.Meant = append(s.Meant, subject{p.String(), resourceURL(p.ARN, "")})
		}
	}
	return s, nil
}
