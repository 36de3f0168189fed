package api

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"sync"

	"github.com/glueguard/glueguard/internal/api/openapi"
	"github.com/glueguard/glueguard/internal/plan"
	"github.com/glueguard/glueguard/internal/resource"
	"github.com/glueguard/glueguard/internal/store"
)

const (
	// keptPlanBytes is how large the documents of all kept plans may be together, if it is more than one. One of a thousand changes has 20 MB, and
	// takes a second to be read and checked; its pages are asked for one after the other.
	keptPlanBytes = 64 << 20
	keptPlanHeads = 1000
)

// plans keeps what was read of plans. Under one digest a plan is always the same.
type plans struct {
	mu    sync.Mutex
	kept  []keptPlan // the one asked for last is the last
	heads map[string]openapi.PlanHead
}

type keptPlan struct {
	plan plan.Plan
	size int
}

// plan returns a stored plan, once it was seen to be as it was made. Others who ask wait for it. It must not be changed.
func (s *Server) plan(ctx context.Context, digest string) (plan.Plan, error) {
	k := &s.plans
	k.mu.Lock()
	defer k.mu.Unlock()
	if p, ok := k.find(digest); ok {
		return p, nil
	}
	src, err := s.o.Store.Plan(ctx, digest)
	if errors.Is(err, store.ErrNotFound) {
		return plan.Plan{}, missing("plan", digest)
	}
	if err != nil {
		return plan.Plan{}, err
	}
	p, err := plan.Decode("plan "+digest, src)
	if err != nil {
		return plan.Plan{}, err
	}
	k.keep(p, len(src))
	return p, nil
}

func (k *plans) find(digest string) (plan.Plan, bool) {
	i := slices.IndexFunc(k.kept, func(p keptPlan) bool { return p.plan.Digest == digest })
	if i < 0 {
		return plan.Plan{}, false
	}
	p := k.kept[i]
	k.kept = append(slices.Delete(k.kept, i, i+1), p)
	return p.plan, true
}

func (k *plans) keep(p plan.Plan, size int) {
	if _, ok := k.find(p.Digest); ok { // it was asked for by the beginning of its digest
		return
	}
	k.kept = append(k.kept, keptPlan{p, size})
	total := 0
	for _, p := range k.kept {
		total += p.size
	}
	for total > keptPlanBytes && len(k.kept) > 1 {
		total -= k.kept[0].size
		k.kept = slices.Delete(k.kept, 0, 1)
	}
}

// planHead is of a plan just what a list shows.
func (s *Server) planHead(ctx context.Context, h store.PlanHead) (openapi.PlanHead, error) {
	k := &s.plans
	k.mu.Lock()
	head, ok := k.heads[h.Digest]
	k.mu.Unlock()
	if !ok {
		src, err := s.o.Store.Plan(ctx, h.Digest)
		if err != nil {
			return openapi.PlanHead{}, err
		}
		if head, err = readHead(h, src); err != nil {
			return openapi.PlanHead{}, err
		}
		k.mu.Lock()
		if k.heads == nil || len(k.heads) >= keptPlanHeads {
			k.heads = map[string]openapi.PlanHead{}
		}
		k.heads[h.Digest] = head
		k.mu.Unlock()
	}
	head.Opened = h.Changes
	return head, nil
}

func readHead(h store.PlanHead, src []byte) (openapi.PlanHead, error) {
	var p struct {
		AuditID   string       `json:"audit_id"`
		Complete  bool         `json:"complete"`
		Applyable bool         `json:"applyable"`
		Errored   bool         `json:"errored"`
		Summary   plan.Summary `json:"summary"`
		Changes   []struct {
			Resource resource.Ref `json:"resource"`
		} `json:"changes"`
	}
	if err := json.Unmarshal(src, &p); err != nil {
		return openapi.PlanHead{}, fmt.Errorf("plan %s: %w", h.Digest, err)
	}
	head := openapi.PlanHead{
		Digest: h.Digest, CreatedAt: h.CreatedAt, AuditID: p.AuditID, Complete: p.Complete, Applyable: p.Applyable, Errored: p.Errored,
		Summary: p.Summary, Resources: []openapi.Ref{},
	}
	for _, c := range p.Changes[:min(len(p.Changes), shownResources)] {
		head.Resources = append(head.Resources, c.Resource)
	}
	return head, nil
}
