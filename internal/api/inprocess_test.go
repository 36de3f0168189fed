package api_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/glueguard/glueguard/internal/api"
	"github.com/glueguard/glueguard/internal/api/openapi"
	"github.com/glueguard/glueguard/internal/auth"
	"github.com/glueguard/glueguard/internal/store"
)

// Pages call operations without a request: the same guard and the same limits hold for them.
func TestPagesAreHeldToTheSame(t *testing.T) {
	t.Parallel()
	w := newWorld(t, estate)
	as := func(role auth.Role) auth.Principal {
		return auth.Principal{Actor: store.Actor{Kind: store.ActorUser, Name: "p"}, UserID: "p", Roles: []auth.Role{role}}
	}
	ask := func(who *auth.Principal, b openapi.NewRequest) error {
		ctx := t.Context()
		if who != nil {
			ctx = auth.With(ctx, *who)
		}
		_, err := w.server.CreateRequest(ctx, openapi.CreateRequestRequestObject{Body: &b})
		return err
	}
	viewer, operator := as(auth.Viewer), as(auth.Operator)
	audit := openapi.NewRequest{Work: store.Work{Kind: store.RequestAudit}}
	long := audit
	long.Reason = strings.Repeat("x", 2001)
	odd := audit
	odd.Work.Audit = &store.AuditScope{Accounts: []string{"me"}}
	for name, test := range map[string]struct {
		who  *auth.Principal
		body openapi.NewRequest
		want string
	}{
		"nobody":                   {nil, audit, "sign-in"},
		"a viewer":                 {&viewer, audit, "forbidden"},
		"a reason too long":        {&operator, long, "invalid"},
		"an account that is none":  {&operator, odd, "invalid"},
		"a kind that there is not": {&operator, openapi.NewRequest{Work: store.Work{Kind: "explode"}}, "invalid"},
	} {
		err := ask(test.who, test.body)
		if err == nil || api.ProblemOf(err).Code != test.want {
			t.Errorf("%s: %v, want %s", name, err, test.want)
		}
	}
	if err := ask(&operator, audit); err != nil {
		t.Error(err)
	}
	var unknown *api.Problem
	if _, err := w.server.GetAudit(auth.With(t.Context(), viewer), openapi.GetAuditRequestObject{ID: "none"}); !errors.As(err, &unknown) || unknown.Status != 404 {
		t.Errorf("an audit that there is not: %v", err)
	}
	if _, err := w.server.GetResource(auth.With(t.Context(), viewer), openapi.GetResourceRequestObject{}); api.ProblemOf(err).Code != "invalid" {
		t.Errorf("the resource of no ARN: %v, want it refused: no ARN is every ARN to the store", err)
	}
}
