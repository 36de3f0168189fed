package api

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/glueguard/glueguard/internal/api/openapi"
	"github.com/glueguard/glueguard/internal/auth"
	"github.com/glueguard/glueguard/internal/control"
	"github.com/glueguard/glueguard/internal/policy"
	"github.com/glueguard/glueguard/internal/report"
	"github.com/glueguard/glueguard/internal/resource"
	"github.com/glueguard/glueguard/internal/store"
)

// typeOf is the type of the resource that an ARN names; empty for one that findings are not about.
func typeOf(arn string) resource.Type {
	a, err := resource.ParseARN(arn)
	switch {
	case err != nil:
	case a.Service == "glue" && strings.HasPrefix(a.Resource, "devEndpoint/"):
		return resource.TypeDevEndpoint
	case a.Service == "glue" && strings.HasPrefix(a.Resource, "mlTransform/"):
		return resource.TypeMLTransform
	case a.Service == "kms":
		return resource.TypeKey
	}
	return ""
}

// repairable tells whether an ARN is one of a resource whose encryption can be planned.
func repairable(arn string) bool {
	t := typeOf(arn)
	return t == resource.TypeDevEndpoint || t == resource.TypeMLTransform
}

// maxControls is more than there are controls for one resource.
const maxControls = 100

// GetResource implements openapi.StrictServerInterface.
func (s *Server) GetResource(ctx context.Context, r openapi.GetResourceRequestObject) (openapi.GetResourceResponseObject, error) {
	who, err := s.allow(ctx, "getResource")
	if err != nil {
		return nil, err
	}
	arn := r.Params.ARN
	if arn == "" { // which would choose every finding
		return nil, invalid("The resource's ARN is missing.")
	}
	a, found, err := s.newest(ctx, r.Params.Audit, arn)
	if err != nil {
		return nil, err
	}
	out := openapi.ResourceDetail{
		Audit: a.ID, AuditedAt: a.StartedAt, Findings: []openapi.FindingDetail{}, Controls: []openapi.Control{}, Repairable: repairable(arn),
	}
	for _, f := range found.Findings {
		d, err := s.detail(ctx, a.ID, f)
		if err != nil {
			return nil, err
		}
		out.Findings = append(out.Findings, d)
		if book, ok := s.book.Document(f.Control); ok {
			out.Controls = append(out.Controls, book)
		}
	}
	slices.SortStableFunc(out.Findings, func(a, b openapi.FindingDetail) int { return order(a.Finding.Control) - order(b.Finding.Control) })
	slices.SortStableFunc(out.Controls, func(a, b openapi.Control) int { return order(a.ID) - order(b.ID) })
	if out.Changes, _, err = s.changes(ctx, store.ChangeFilter{Resource: arn, Limit: maxLimit}); err != nil {
		return nil, err
	}
	if err := s.identify(&out, arn); err != nil {
		return nil, err
	}
	if err := s.surround(ctx, &out, who); err != nil {
		return nil, err
	}
	if r.Params.Keys {
		out.Keys = s.keyNames(ctx, out)
	}
	return openapi.GetResource200JSONResponse(out), nil
}

// newest returns a resource's findings in the audit that is asked for; else in the newest that has any: one of single
// resources may be newer than the latest that says where everything stands.
func (s *Server) newest(ctx context.Context, auditID, arn string) (store.Audit, store.FindingPage, error) {
	a, err := s.head(ctx, auditID)
	if err != nil {
		return a, store.FindingPage{}, err
	}
	if auditID == "" {
		all, err := s.audits(ctx)
		if err != nil {
			return a, store.FindingPage{}, err
		}
		for _, later := range all[:min(laterAudits, len(all))] {
			if later.ID == a.ID {
				break
			}
			if found, err := s.about(ctx, later, arn); err != nil || found.Total > 0 {
				return later, found, err
			}
		}
	}
	found, err := s.about(ctx, a, arn)
	return a, found, err
}

// about returns an audit's findings of a resource.
func (s *Server) about(ctx context.Context, a store.Audit, arn string) (store.FindingPage, error) {
	return s.o.Store.FindFindings(ctx, store.FindingQuery{Audit: a.ID, Resource: arn, Limit: maxControls})
}

// laterAudits is how many audits of single resources are looked into for one of them.
const laterAudits = 5

// order is the place of a control in the catalogue.
func order(id control.ID) int {
	return slices.IndexFunc(control.All(), func(c control.Control) bool { return c.ID == id })
}

// identify says what the resource is: by its findings, or, where the audit has none of it, by its changes.
func (s *Server) identify(out *openapi.ResourceDetail, arn string) error {
	switch {
	case len(out.Findings) > 0:
		first := out.Findings[0].Finding
		out.Resource, out.Encryption = first.Resource, first.Encryption
	case len(out.Changes) > 0:
		out.Resource = out.Changes[0].Resource
		if r := out.Changes[0].Replacement; r != nil && r.ARN == arn {
			out.Resource.ARN, out.Resource.ID, out.Resource.Name = r.ARN, r.ID, r.Name
		}
	default:
		return missing("resource", arn).hint("The audit did not see it: audit again.")
	}
	out.Kind = report.KindOf(out.Resource.Type)
	out.Commands = resourceCommands(out.Resource)
	return nil
}

// surround adds facts, requests and exceptions.
func (s *Server) surround(ctx context.Context, out *openapi.ResourceDetail, who auth.Principal) error {
	facts, err := s.o.Store.Facts(ctx, out.Audit, out.Resource)
	if err != nil && !errors.Is(err, store.ErrNotFound) {
		return err
	}
	out.Facts = append([]resource.Record{}, facts...)
	rules, p, err := s.rules(ctx)
	if err != nil {
		return err
	}
	exceptions, err := s.exceptions(ctx, who, rules, p)
	if err != nil {
		return err
	}
	out.Exceptions = slices.DeleteFunc(exceptions, func(e openapi.Exception) bool {
		return !policy.ARNPattern(e.Resource).Match(out.Resource.ARN)
	})
	out.Requests, err = s.requestsAbout(ctx, out, who, rules)
	return err
}

// maxRequests is how far back requests about a resource are looked for.
const maxRequests = 200

// requestsAbout are the requests that name the resource or one of its changes.
func (s *Server) requestsAbout(ctx context.Context, out *openapi.ResourceDetail, who auth.Principal, rules auth.Rules) ([]openapi.Request, error) {
	about := []openapi.Request{}
	plans := map[string]bool{} // of which a plan's whole is asked for: whether it has the resource
	var whole []store.Request
	err := s.o.Store.EachRequest(ctx, store.RequestFilter{Limit: maxRequests}, func(q store.Request) error {
		switch {
		case has(q.Work.Resources, out.Resource.ARN), slices.ContainsFunc(q.Work.Changes, func(c store.ChangeAt) bool {
			return slices.ContainsFunc(out.Changes, func(s store.Summarized) bool { return s.ID == c.ID })
		}):
			about = append(about, s.requestOf(q, who, rules))
		case q.Work.Plan != "" && len(q.Work.Resources) == 0:
			whole = append(whole, q)
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	for _, q := range whole {
		holds, known := plans[q.Work.Plan]
		if !known {
			if holds, err = s.planHas(ctx, q.Work.Plan, out.Resource.ARN); err != nil {
				return nil, err
			}
			plans[q.Work.Plan] = holds
		}
		if holds {
			about = append(about, s.requestOf(q, who, rules))
		}
	}
	slices.SortStableFunc(about, func(a, b openapi.Request) int { return b.ProposedAt.Compare(a.ProposedAt) })
	return about, nil
}

// planHas tells whether a plan has a change of a resource. A plan that is gone has none.
func (s *Server) planHas(ctx context.Context, digest, arn string) (bool, error) {
	src, err := s.o.Store.Plan(ctx, digest)
	if errors.Is(err, store.ErrNotFound) {
		return false, nil
	}
	return strings.Contains(string(src), `"`+arn+`"`), err
}

// resourceCommands are the commands that tell and do the same at a shell.
func resourceCommands(r resource.Ref) []openapi.Command {
	plan := "glueguard plan --resource " + r.ARN
	var get string
	switch r.Type {
	case resource.TypeDevEndpoint:
		get = fmt.Sprintf("glueguard glue get-dev-endpoint --endpoint-name %s --region %s", quote(r.Name), r.Region)
	case resource.TypeMLTransform:
		get = fmt.Sprintf("glueguard glue get-ml-transform --transform-id %s --region %s", quote(r.ID), r.Region)
	default:
		return []openapi.Command{
			{Title: "Show the key", Command: fmt.Sprintf("aws kms describe-key --key-id %s --region %s", quote(r.ARN), r.Region)},
			{Title: "Audit it again", Command: fmt.Sprintf("glueguard audit --account %s --region %s", r.Account, r.Region)},
		}
	}
	return []openapi.Command{
		{Title: "Show it with the encryption in force", Command: get},
		{Title: "Audit it again", Command: "glueguard audit --resource " + r.ARN},
		{Title: "Plan SSE-S3", Command: plan + " --mode SSE-S3"},
		{Title: "Plan SSE-KMS with a key", Command: plan + " --mode SSE-KMS --kms-key ALIAS-OR-ARN"},
		{Title: "Plan SSE-KMS with a new key", Command: plan + " --mode SSE-KMS --create-key " + policy.DefaultAlias},
		{Title: "Apply the newest plan", Command: "glueguard apply latest"},
	}
}

// quote makes one word of a name for a shell.
func quote(name string) string {
	plain := func(r rune) bool {
		return r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || strings.ContainsRune("-_./:@=+", r)
	}
	if name != "" && !strings.ContainsFunc(name, func(r rune) bool { return !plain(r) }) {
		return name
	}
	return "'" + strings.ReplaceAll(name, "'", `'\''`) + "'"
}
