package api

import (
	"context"
	"fmt"

	"github.com/glueguard/glueguard/internal/api/openapi"
	"github.com/glueguard/glueguard/internal/auth"
	"github.com/glueguard/glueguard/internal/plan"
	"github.com/glueguard/glueguard/internal/resource"
	"github.com/glueguard/glueguard/internal/store"
)

// shownResources is how many resources of a plan a list names.
const shownResources = 3

// ListPlans implements openapi.StrictServerInterface.
func (s *Server) ListPlans(ctx context.Context, r openapi.ListPlansRequestObject) (openapi.ListPlansResponseObject, error) {
	if _, err := s.allow(ctx, "listPlans"); err != nil {
		return nil, err
	}
	var heads []store.PlanHead
	err := s.o.Store.EachPlan(ctx, 0, func(h store.PlanHead) error {
		heads = append(heads, h)
		return nil
	})
	if err != nil {
		return nil, err
	}
	out := openapi.ListPlans200JSONResponse{Items: []openapi.PlanHead{}, Total: len(heads)}
	for _, h := range page(heads, r.Params.Offset, r.Params.Limit) {
		head, err := s.planHead(ctx, h)
		if err != nil {
			return nil, err
		}
		out.Items = append(out.Items, head)
	}
	return out, nil
}

// GetPlan implements openapi.StrictServerInterface.
func (s *Server) GetPlan(ctx context.Context, r openapi.GetPlanRequestObject) (openapi.GetPlanResponseObject, error) {
	if _, err := s.allow(ctx, "getPlan"); err != nil {
		return nil, err
	}
	p, err := s.plan(ctx, r.Digest)
	if err != nil {
		return nil, err
	}
	return openapi.GetPlan200JSONResponse(p), nil
}

// CreatePlan implements openapi.StrictServerInterface.
func (s *Server) CreatePlan(ctx context.Context, r openapi.CreatePlanRequestObject) (openapi.CreatePlanResponseObject, error) {
	who, err := s.take(ctx, "createPlan", r.Body)
	if err != nil {
		return nil, err
	}
	b := r.Body
	proposal := Proposal{
		Resources: b.Resources, Audit: b.Audit, Mode: b.Mode, Strategy: b.Strategy, Key: b.KMSKey, CreateKey: b.CreateKey,
		LabelsS3: b.LabelsS3, Prove: b.Prove, GrantRole: b.GrantRole, RepointJobs: b.RepointJobs,
		AcceptWeaker: b.AcceptWeaker, AcceptIrreversible: b.AcceptIrreversible, AcceptUnchecked: b.AcceptUnchecked,
	}
	if err := checkProposal(proposal); err != nil {
		return nil, err
	}
	if proposal.Audit != "" || len(proposal.Resources) == 0 {
		a, err := s.head(ctx, proposal.Audit)
		if err != nil {
			return nil, err
		}
		proposal.Audit = a.ID
	}
	proposal.Keep = func(ctx context.Context, p plan.Plan, document []byte) error {
		return s.keepPlan(ctx, who, p, document)
	}
	p, err := s.o.Worker.Propose(ctx, proposal)
	if err != nil {
		return nil, fmt.Errorf("plan: %w", err)
	}
	out := openapi.CreatePlan201JSONResponse{Body: p}
	out.Headers.Location = BasePath + "/plans/" + p.Digest
	return out, nil
}

// keepPlan keeps a plan that somebody has had made.
func (s *Server) keepPlan(ctx context.Context, who auth.Principal, p plan.Plan, document []byte) error {
	d := store.Deed{
		Action: "plan.propose", Subject: p.Digest, Digest: p.Digest,
		Detail: map[string]string{"audit": p.AuditID, "changes": fmt.Sprint(len(p.Changes)), "policy": p.Policy.Digest},
	}
	return s.told(ctx, who, d, func(ctx context.Context, w store.Writes) error {
		return w.SavePlan(ctx, p.Digest, p.CreatedAt, document)
	})
}

// checkProposal refuses what contradicts itself.
func checkProposal(p Proposal) error {
	if p.Key != "" && p.CreateKey != "" {
		return sense("A key to use and a key to make are both named: want one of them.")
	}
	if p.Mode != "" && p.Mode != resource.ModeSSEKMS && (p.Key != "" || p.CreateKey != "") {
		return sense("A key is named, and %s uses none.", p.Mode)
	}
	if p.Strategy == plan.Retire && p.Mode != "" {
		return sense("A resource that is retired has no encryption: leave the mode away.")
	}
	for _, arn := range p.Resources {
		if _, err := resource.ParseARN(arn); err != nil {
			return sense("%s", sentence(err))
		}
		if !repairable(arn) {
			return sense("%s is neither a development endpoint nor an ML transform.", arn)
		}
	}
	return nil
}

// ListKeys implements openapi.StrictServerInterface.
func (s *Server) ListKeys(ctx context.Context, r openapi.ListKeysRequestObject) (openapi.ListKeysResponseObject, error) {
	if _, err := s.allow(ctx, "listKeys"); err != nil {
		return nil, err
	}
	l := resource.Location{Partition: r.Params.Partition, Account: r.Account, Region: r.Region}
	if l.Partition == "" {
		l.Partition = resource.PartitionOf(l.Region)
	}
	keys, err := s.o.Worker.Keys(ctx, l)
	if err != nil {
		return nil, fmt.Errorf("list the keys of %s: %w", l, err)
	}
	out := openapi.ListKeys200JSONResponse{Location: l, Items: []openapi.Key{}, Total: len(keys)}
	for _, k := range keys {
		out.Items = append(out.Items, keyOf(k))
	}
	return out, nil
}

func keyOf(k Key) openapi.Key {
	out := openapi.Key{
		ARN: k.ARN, Aliases: append([]string{}, k.Aliases...), Description: k.Description, State: k.State, Manager: k.Manager,
		Usable: k.Usable, Why: k.Why, MayUse: append([]string{}, k.MayUse...), Rotation: openapi.KeyRotationImpossible,
	}
	switch on, known := k.Rotation.Value(); {
	case known && on:
		out.Rotation = openapi.KeyRotationOn
	case known:
		out.Rotation = openapi.KeyRotationOff
	case k.Rotation.IsUnknown():
		out.Rotation, out.RotationError = openapi.KeyRotationUnknown, k.Rotation.Failure().Error()
	}
	return out
}

// GetLeftovers implements openapi.StrictServerInterface.
func (s *Server) GetLeftovers(ctx context.Context, _ openapi.GetLeftoversRequestObject) (openapi.GetLeftoversResponseObject, error) {
	if _, err := s.allow(ctx, "getLeftovers"); err != nil {
		return nil, err
	}
	found, err := s.o.Worker.Leftovers(ctx)
	if err != nil {
		return nil, fmt.Errorf("look for leftovers: %w", err)
	}
	out := openapi.GetLeftovers200JSONResponse{
		Orphans: []openapi.Orphan{}, Configurations: []openapi.UnusedConfiguration{}, Unread: append([]openapi.Coverage{}, found.Unread...),
	}
	for _, o := range found.Orphans {
		out.Orphans = append(out.Orphans, openapi.Orphan{ARN: o.ARN, Name: o.Name, Change: o.Change, Alias: o.Alias})
	}
	for _, c := range found.Configurations {
		out.Configurations = append(out.Configurations, openapi.UnusedConfiguration{
			Location: c.Location, Name: c.Name, UsedBy: append([]string{}, c.UsedBy...),
		})
	}
	return out, nil
}
