package console

import (
	"net/http"
	"strings"

	"github.com/glueguard/glueguard/internal/api/openapi"
	"github.com/glueguard/glueguard/internal/resource"
	"github.com/glueguard/glueguard/internal/store"
)

// cleanupPage is what repairs left behind.
type cleanupPage struct {
	openapi.Leftovers
	Unused   []leftConfiguration
	Used     []leftConfiguration
	Problem  *openapi.Problem
	Reading  *openapi.Problem // AWS could not be asked
	Approval bool
}

type leftConfiguration struct {
	openapi.UnusedConfiguration
	Value string // in the form
	ID    string
}

// apart separates the parts of a configuration's place in the form: none of them can hold it.
const apart = "\x1f"

func (c *console) cleanup(r *http.Request) (view, error) { return c.cleanupView(r, nil) }

func (c *console) cleanupView(r *http.Request, problem *openapi.Problem) (view, error) {
	page := cleanupPage{Problem: problem}
	rules, err := answered[openapi.GetPolicy200JSONResponse](c.ask.GetPolicy(r.Context(), openapi.GetPolicyRequestObject{}))
	if err != nil {
		return view{}, err
	}
	page.Approval = rules.Approvals.InForce
	got, err := answered[openapi.GetLeftovers200JSONResponse](c.ask.GetLeftovers(r.Context(), openapi.GetLeftoversRequestObject{}))
	if p, ok := c.refused(err); ok {
		page.Reading = p
	} else if err != nil {
		return view{}, err
	}
	page.Leftovers = openapi.Leftovers(got)
	for i, cfg := range got.Configurations {
		l := cfg.Location
		left := leftConfiguration{cfg, strings.Join([]string{l.Partition, l.Account, l.Region, cfg.Name}, apart), "configuration-" + number(i)}
		if len(cfg.UsedBy) == 0 {
			page.Unused = append(page.Unused, left)
		} else {
			page.Used = append(page.Used, left)
		}
	}
	v := view{page: "cleanup", title: "Cleanup", section: "/cleanup", data: page}
	if problem != nil {
		v.status = problem.Status
	}
	return v, nil
}

func (c *console) askForCleanup(r *http.Request) (view, error) {
	if err := r.ParseForm(); err != nil {
		return view{}, faultForm
	}
	work := store.Work{Kind: store.RequestCleanup}
	for _, value := range r.PostForm["configuration"] {
		parts := strings.Split(value, apart)
		if len(parts) != 4 {
			return view{}, faultForm
		}
		work.Configurations = append(work.Configurations, store.ConfigurationAt{
			Location: resource.Location{Partition: parts[0], Account: parts[1], Region: parts[2]}, Name: parts[3],
		})
	}
	if len(work.Configurations) == 0 {
		return c.cleanupView(r, &openapi.Problem{Status: http.StatusUnprocessableEntity, Title: "Nothing was chosen", Detail: "Choose the configurations to delete."})
	}
	made, problem, err := c.file(r, work, r.PostForm.Get("reason"), r.PostForm.Get("start") != "")
	if problem != nil {
		return c.cleanupView(r, problem)
	}
	if err != nil {
		return view{}, err
	}
	return view{to: requestURL(made)}, nil
}
