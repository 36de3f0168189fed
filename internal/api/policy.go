package api

import (
	"context"
	"encoding/json"
	"fmt"

	"github.com/glueguard/glueguard/internal/api/openapi"
)

// GetPolicy implements openapi.StrictServerInterface.
func (s *Server) GetPolicy(ctx context.Context, _ openapi.GetPolicyRequestObject) (openapi.GetPolicyResponseObject, error) {
	who, err := s.allow(ctx, "getPolicy")
	if err != nil {
		return nil, err
	}
	rules, p, err := s.rules(ctx)
	if err != nil {
		return nil, err
	}
	out := openapi.GetPolicy200JSONResponse{
		Profile: string(p.Profile), Digest: p.Digest(),
		Approvals: openapi.ApprovalRules{
			Required: openapi.ApprovalRulesRequired(p.Approvals.Required), InForce: rules.Required, FourEyes: rules.FourEyes, Expires: rules.Lasts.String(),
		},
	}
	if out.Approvals.Required == "" {
		out.Approvals.Required = openapi.ApprovalRulesRequiredAuto
	}
	if err := json.Unmarshal(p.Document(), &out.Document); err != nil {
		return nil, fmt.Errorf("the policy's document: %w", err)
	}
	out.Exceptions, err = s.exceptions(ctx, who, rules, p)
	out.Exceptions = inForce(out.Exceptions)
	return out, err
}

// inForce are the exceptions that hold.
func inForce(all []openapi.Exception) []openapi.Exception {
	held := []openapi.Exception{}
	for _, e := range all {
		if holds(e) {
			held = append(held, e)
		}
	}
	return held
}

func holds(e openapi.Exception) bool {
	return !e.Expired && (e.State == openapi.ExceptionStateFile || e.State == openapi.ExceptionStateApproved)
}
