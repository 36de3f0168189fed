package propose_test

import (
	"errors"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/glueguard/glueguard/internal/control"
	"github.com/glueguard/glueguard/internal/plan"
	"github.com/glueguard/glueguard/internal/preflight"
	"github.com/glueguard/glueguard/internal/propose"
	"github.com/glueguard/glueguard/internal/resource"
)

func TestAgain(t *testing.T) {
	t.Parallel()
	detail := func(change func(*resource.EndpointDetail)) func(*resource.Surroundings) {
		return func(s *resource.Surroundings) {
			d, _ := s.Endpoint.Value()
			change(&d)
			s.Endpoint = resource.Known(d)
		}
	}
	for name, test := range map[string]struct {
		since   func(*resource.Surroundings)
		changed []string // attributes
		unread  bool
	}{
		"nothing":         {nil, nil, false},
		"status":          {detail(func(d *resource.EndpointDetail) { d.Status = "FAILED" }), nil, false},
		"an address":      {detail(func(d *resource.EndpointDetail) { d.PrivateAddress = "10.0.0.9" }), nil, false},
		"a tag":           {detail(func(d *resource.EndpointDetail) { d.Definition.Tags = map[string]string{"team": "other"} }), []string{"tags.team"}, false},
		"its size":        {detail(func(d *resource.EndpointDetail) { d.Definition.NumberOfNodes = 9 }), []string{"number_of_nodes"}, false},
		"made again":      {detail(func(d *resource.EndpointDetail) { d.CreatedAt = now() }), []string{"creation"}, false},
		"being deleted":   {detail(func(d *resource.EndpointDetail) { d.Status = "TERMINATING" }), []string{"status"}, false},
		"encrypted since": {detail(func(d *resource.EndpointDetail) { d.Definition.SecurityConfiguration = "sc" }), []string{"security_configuration"}, false},
		"gone":            {func(s *resource.Surroundings) { s.Endpoint = resource.Absent[resource.EndpointDetail]() }, []string{"resource"}, false},
		"unread":          {func(s *resource.Surroundings) { s.Endpoint = denied[resource.EndpointDetail]("glue:GetDevEndpoint") }, nil, true},
		"a configuration": {func(s *resource.Surroundings) {
			s.Configuration = resource.Known(resource.SecurityConfiguration{Name: "sc"})
		}, []string{"security configuration's content"}, false},
		"its configuration": {func(s *resource.Surroundings) {
			s.Configuration = denied[resource.SecurityConfiguration]("glue:GetSecurityConfiguration")
		}, nil, true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld()
			w.endpoint("etl", both(control.Fail))
			p := run(t, w.options())
			if test.since != nil {
				s := w.around["etl"]
				test.since(&s)
				w.around["etl"] = s
			}
			changed, checks, err := propose.Again(t.Context(), w, p, only(t, p), now().Add(time.Hour))
			var unread *propose.UnreadError
			if errors.As(err, &unread) != test.unread || (err != nil) != test.unread {
				t.Fatalf("error %v", err)
			}
			var got []string
			for _, d := range changed {
				got = append(got, d.Attribute)
			}
			if d := cmp.Diff(test.changed, got); d != "" {
				t.Errorf("changed (-want +got):\n%s", d)
			}
			if (len(checks) > 0) != (len(changed) == 0 && err == nil) {
				t.Errorf("%d checks with %d differences", len(checks), len(changed))
			}
			if len(checks) > 0 {
				if d := cmp.Diff(p.Changes[0].Checks, checks); d != "" {
					t.Errorf("the checks are others than the plan's (-plan +again):\n%s", d)
				}
			}
		})
	}
}

// The key that a sibling of the same plan has made since serves, and is judged as it is.
func TestAgainWithAKeyMadeSince(t *testing.T) {
	t.Parallel()
	w := newWorld()
	w.endpoint("etl", both(control.Fail))
	o := w.options()
	o.KeyRef, o.CreateKey = "", "alias/new"
	p := run(t, o)
	k := keyDetail(plan.KeyPolicy(in("eu-west-1"), roleARN))
	k.Key.State = "Disabled"
	w.keys["alias/new"] = resource.Known(k)
	changed, checks, err := propose.Again(t.Context(), w, p, only(t, p), now())
	if err != nil || len(changed) > 0 {
		t.Fatalf("%v, %v", changed, err)
	}
	stopping := preflight.Stopping(checks)
	if len(stopping) != 1 || stopping[0].Code != preflight.KeyUsable {
		t.Errorf("stopping %+v", stopping)
	}
}

func TestAgainAcceptsWhatThePlanDid(t *testing.T) {
	t.Parallel()
	w := newWorld()
	w.endpoint("etl", both(control.Fail), func(s *resource.Surroundings, _ *resource.EndpointDetail) {
		s.Stack = denied[string]("cloudformation:DescribeStackResources")
	})
	o := w.options()
	o.AcceptUnchecked = []string{preflight.Everything}
	p := run(t, o)
	_, checks, err := propose.Again(t.Context(), w, p, only(t, p), now())
	if err != nil || len(preflight.Stopping(checks)) > 0 {
		t.Errorf("%v, %+v", err, preflight.Stopping(checks))
	}
}
