package console

import (
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"golang.org/x/net/html"

	"github.com/glueguard/glueguard/internal/api/openapi"
	"github.com/glueguard/glueguard/internal/auth"
	"github.com/glueguard/glueguard/internal/plan"
	"github.com/glueguard/glueguard/internal/store"
)

// several is a plan that can change so many resources, and has one that is blocked and one that a check stops.
func several(n int) (f *fake, arns []string) {
	f = full("analytics")
	p := &f.plans[0]
	good := p.Changes[0]
	good.Warnings = nil
	for i := range n - 1 {
		one := good
		one.Resource.Name = fmt.Sprintf("endpoint-%d", i)
		one.Resource.ARN = "arn:aws:glue:eu-west-1:111122223333:devEndpoint/" + one.Resource.Name
		p.Changes = append(p.Changes, one)
	}
	stopped := good
	stopped.Resource.Name, stopped.Resource.ARN = "stopped", "arn:aws:glue:eu-west-1:111122223333:devEndpoint/stopped"
	stopped.Checks = []plan.Check{{Code: "key-usable", Status: plan.Failed, Message: "no"}}
	p.Changes = append(p.Changes, stopped)
	for _, i := range p.Changes {
		if i.Applyable() {
			arns = append(arns, i.Resource.ARN)
		}
	}
	return f, arns
}

// TestPicks asks for some of a plan's resources, and sees what is asked for.
func TestPicks(t *testing.T) {
	t.Parallel()
	_, arns := several(3)
	for _, c := range []struct {
		name string
		form url.Values
		want []string // resources of the request
		code int
	}{
		{"all", url.Values{"pick": {"yes"}, "resource": arns}, nil, http.StatusSeeOther},
		{"one", url.Values{"pick": {"yes"}, "resource": arns[1:2]}, arns[1:2], http.StatusSeeOther},
		{"none", url.Values{"pick": {"yes"}}, nil, http.StatusUnprocessableEntity},
		{"no choice", nil, nil, http.StatusSeeOther},
		{"one that can't be changed", url.Values{"pick": {"yes"}, "resource": append([]string{"arn:x"}, arns...)}, append([]string{"arn:x"}, arns...), http.StatusSeeOther},
		{"one of them twice", url.Values{"pick": {"yes"}, "resource": {arns[0], arns[0], arns[1]}}, []string{arns[0], arns[0], arns[1]}, http.StatusSeeOther},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			f, _ := several(3)
			w := browse(t, f, auth.Administrator).post("/plans/"+planDigest, c.form)
			if w.Code != c.code {
				t.Fatalf("%d: %s", w.Code, w.Body)
			}
			if c.code != http.StatusSeeOther {
				if len(f.bodies) > 0 || !strings.Contains(w.Body.String(), "No resource is ticked") {
					t.Errorf("asked for %v, and the page says\n%s", f.bodies, w.Body)
				}
				return
			}
			want := []any{openapi.NewRequest{Work: store.Work{Kind: store.RequestApply, Plan: planDigest, Resources: c.want}}}
			if diff := cmp.Diff(want, f.bodies, cmpopts.EquateEmpty()); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// TestPicksShown has all boxes ticked, and after a refusal those that were.
func TestPicksShown(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name string
		n    int
		want int
	}{{"one", 1, 0}, {"three", 3, 3}, {"as many as are offered", mostPicked, mostPicked}, {"too many", mostPicked + 1, 0}} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			f, arns := several(c.n)
			doc := browse(t, f, auth.Administrator).page("/plans/" + planDigest)
			checkPage(t, doc)
			if got := ticked(doc, "resource"); len(got) != c.want || c.want > 0 && !cmp.Equal(got, arns) {
				t.Errorf("%d are ticked, want %d: %.200q", len(got), c.want, got)
			}
		})
	}
	f, arns := several(3)
	f.refuse = refusal{openapi.Problem{Status: http.StatusUnprocessableEntity, Title: "Not accepted"}}
	w := browse(t, f, auth.Administrator).post("/plans/"+planDigest, url.Values{"pick": {"yes"}, "resource": arns[2:]})
	if got := ticked(parse(t, w.Body.String()), "resource"); !cmp.Equal(got, arns[2:]) {
		t.Errorf("after the refusal %q are ticked", got)
	}
}

// TestMeant tells who approves which resources are meant.
func TestMeant(t *testing.T) {
	t.Parallel()
	_, arns := several(3)
	for _, c := range []struct {
		name      string
		n         int
		resources []string
		want      []string
	}{
		{"the whole plan", 3, nil, []string{
			"It is the whole plan: 3 resources that can be changed: analytics, 111122223333 eu-west-1; endpoint-0, 111122223333 eu-west-1; endpoint-1, 111122223333 eu-west-1.",
		}},
		{"one of three", 3, arns[1:2], []string{"Only 1 resource of the 3 that the plan could change: endpoint-0, 111122223333 eu-west-1."}},
		{"one that the plan has not", 3, []string{"arn:x"}, []string{"Only 1 resource of the 3 that the plan could change: arn:x."}},
		{"many", mostMeant + 3, nil, []string{fmt.Sprintf("It is the whole plan: %d resources that can be changed.", mostMeant+3), "and 3 more: see the plan"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			f, _ := several(c.n)
			f.requests[0].Work = store.Work{Kind: store.RequestApply, Plan: planDigest, Resources: c.resources}
			f.requests[0].May = []openapi.Verb{openapi.VerbDecide}
			doc := browse(t, f, auth.Administrator).page("/requests/r1")
			checkPage(t, doc)
			shown := strings.Join(strings.Fields(text(doc)), " ")
			for _, want := range c.want {
				if !strings.Contains(spaceless(shown), spaceless(want)) {
					t.Errorf("it does not say %q:\n%s", want, shown)
				}
			}
		})
	}
	f, _ := several(2)
	f.plans = nil
	f.requests[0].Work = store.Work{Kind: store.RequestApply, Plan: planDigest}
	checkPage(t, browse(t, f, auth.Administrator).page("/requests/r1"))
}

// ticked are the values of a name's boxes that have a tick.
func ticked(doc *html.Node, name string) (values []string) {
	for _, n := range all(doc, named("input")) {
		if attr(n, "name") == name && has(n, "checked") {
			values = append(values, attr(n, "value"))
		}
	}
	return values
}
