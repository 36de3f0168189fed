package propose

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/glueguard/glueguard/internal/audit"
	"github.com/glueguard/glueguard/internal/control"
	"github.com/glueguard/glueguard/internal/finding"
	"github.com/glueguard/glueguard/internal/plan"
	"github.com/glueguard/glueguard/internal/policy"
	"github.com/glueguard/glueguard/internal/resource"
)

// candidate is one resource that a plan may be about.
type candidate struct {
	ref      resource.Ref
	location resource.Location
	fails    []plan.FindingRef // failing findings
	logs     bool              // log encryption is among them
	remedy   control.Remedy    // of a key's first failing finding
	unknown  string            // what the first unknown finding says
	exempt   *finding.Exception
}

// found is what there is to plan.
type found struct {
	audit      string // id
	candidates []*candidate
	unread     []resource.Coverage
}

// gather takes the candidates from the audit and adds those that are asked for by ARN and are not in it.
func gather(ctx context.Context, o Options) (found, error) {
	g := &gathering{Options: o, byARN: map[string]*candidate{}, places: map[resource.Location]bool{}, chosen: map[string]bool{}}
	for _, c := range control.Selected(o.Policy, o.Controls...) {
		g.controls = append(g.controls, c.ID)
	}
	if o.AuditID != "" {
		if err := g.audited(ctx); err != nil {
			return found{}, err
		}
	}
	candidates, err := g.choose()
	if err != nil {
		return found{}, err
	}
	for _, c := range candidates {
		g.places[resource.Location{Account: c.location.Account, Region: c.location.Region}] = true
		g.chosen[c.ref.ARN] = true
	}
	return found{audit: g.id, candidates: candidates, unread: g.unreadHere()}, nil
}

// doubt is an unknown finding, as coverage.
type doubt struct {
	arn  string // empty: of a whole location
	read resource.Coverage
}

// gathering is the reading of one audit.
type gathering struct {
	Options
	id       string
	controls []control.ID
	byARN    map[string]*candidate
	order    []*candidate
	unread   []resource.Coverage
	doubts   []doubt                    // unknown findings
	places   map[resource.Location]bool // of the candidates, without partition
	chosen   map[string]bool            // ARNs of the candidates
}

func (g *gathering) audited(ctx context.Context) error {
	a, err := g.Store.Audit(ctx, g.AuditID)
	if err != nil {
		return fmt.Errorf("audit %s: %w", g.AuditID, err)
	}
	g.id = a.ID
	if a.FinishedAt.IsZero() {
		g.unread = append(g.unread, resource.Coverage{
			Operation: "audit", Status: string(resource.Interrupted), Message: "the audit " + a.ID + " was never finished",
		})
	}
	err = g.Store.EachCoverage(ctx, a.ID, func(c resource.Coverage) error {
		if c.Unread() && g.concerns(c.Operation) {
			g.unread = append(g.unread, c)
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("read the audit's coverage: %w", err)
	}
	if err := g.Store.EachFinding(ctx, a.ID, g.finding); err != nil {
		return fmt.Errorf("read the audit's findings: %w", err)
	}
	return nil
}

// concerns tells whether a read that failed may hide something to repair under the controls that are planned for. Keys
// matter only to the profile that judges resources by them: they are not repaired here themselves.
func (g *gathering) concerns(operation string) bool {
	if strings.HasPrefix(operation, "kms:") {
		return g.Policy.Profile == policy.Strict
	}
	switch operation {
	case "glue:GetMLTransforms":
		return slices.Contains(g.controls, control.MLTransform)
	case "glue:GetDevEndpoints":
		return slices.Contains(g.controls, control.DevEndpointS3) || slices.Contains(g.controls, control.DevEndpointLogs)
	}
	return true
}

func (g *gathering) finding(f finding.Finding) error {
	selected := slices.Contains(g.controls, f.Control)
	if f.Status == control.Unknown && selected && !f.Accepted() && f.Resource.Type != resource.TypeKey {
		g.doubts = append(g.doubts, doubt{f.Resource.ARN, resource.Coverage{
			Account: f.Resource.Account, Region: f.Resource.Region, Operation: string(f.Control), Status: string(resource.Errored),
			ErrorCode: string(f.Reason), Message: f.Message,
		}})
	}
	if f.Resource.ARN == "" {
		return nil
	}
	c, err := g.candidate(f.Resource)
	if err != nil || !selected {
		return err
	}
	switch f.Status {
	case control.Fail:
		if len(c.fails) == 0 {
			c.remedy = control.RemedyOf(f.Outcome)
		}
		c.fails = append(c.fails, plan.FindingRef{ID: f.ID, Control: f.Control, Reason: string(f.Reason)})
		c.logs = c.logs || f.Control == control.DevEndpointLogs
	case control.Exempt:
		c.exempt = f.Exception
	case control.Unknown:
		if c.unknown == "" && !f.Accepted() {
			c.unknown = f.Message
		}
	case control.Pass, control.NotApplicable:
	}
	return nil
}

func (g *gathering) candidate(r resource.Ref) (*candidate, error) {
	if c, ok := g.byARN[r.ARN]; ok {
		return c, nil
	}
	arn, err := resource.ParseARN(r.ARN)
	if err != nil {
		return nil, fmt.Errorf("finding: %w", err)
	}
	c := &candidate{ref: r, location: arn.Location()}
	g.byARN[r.ARN] = c
	g.order = append(g.order, c)
	return c, nil
}

// choose returns the resources to plan: those asked for, or all with something to say of.
func (g *gathering) choose() ([]*candidate, error) {
	if len(g.Resources) == 0 {
		return slices.DeleteFunc(g.order, func(c *candidate) bool {
			return len(c.fails) == 0 && c.exempt == nil && (c.unknown == "" || c.ref.Type == resource.TypeKey)
		}), nil
	}
	var chosen []*candidate
	for _, text := range g.Resources {
		c, err := g.resource(text)
		if err != nil {
			return nil, err
		}
		if !slices.Contains(chosen, c) {
			chosen = append(chosen, c)
		}
	}
	return chosen, nil
}

// resource finds one resource that was asked for.
func (g *gathering) resource(text string) (*candidate, error) {
	var matches []*candidate
	var arns []string
	for _, c := range g.order {
		if text == c.ref.ARN || text == c.ref.Name || text == c.ref.ID {
			matches, arns = append(matches, c), append(arns, c.ref.ARN)
		}
	}
	switch len(matches) {
	case 1:
		return matches[0], nil
	case 0:
		if c, ok := unaudited(text); ok {
			return c, nil
		}
	}
	slices.Sort(arns)
	return nil, &audit.ResourceError{Resource: text, Candidates: arns}
}

// unaudited is a resource that is asked for by its ARN.
func unaudited(text string) (*candidate, bool) {
	arn, err := resource.ParseARN(text)
	if err != nil || arn.Service != "glue" || arn.Account == "" || arn.Region == "" {
		return nil, false
	}
	kind, name, ok := strings.Cut(arn.Resource, "/")
	r := resource.Ref{ARN: text, Account: arn.Account, Region: arn.Region, Tags: map[string]string{}}
	switch {
	case !ok || name == "":
		return nil, false
	case kind == "devEndpoint":
		r.Type, r.Name = resource.TypeDevEndpoint, name
	case kind == "mlTransform":
		r.Type, r.ID = resource.TypeMLTransform, name
	default:
		return nil, false
	}
	return &candidate{ref: r, location: arn.Location()}, true
}

// unreadHere lists what keeps the plan from being complete. Where resources were asked for, that is only what is in
// their locations, and of the unknown findings their own. An unknown finding says so itself where no read that failed
// stands for it.
func (g *gathering) unreadHere() []resource.Coverage {
	here := func(c resource.Coverage) bool {
		l := resource.Location{Account: c.Account, Region: c.Region}
		return len(g.Resources) == 0 || g.places[l] || c.Account == ""
	}
	all := []resource.Coverage{}
	stated := map[resource.Location]bool{}
	for _, c := range g.unread {
		if here(c) {
			all = append(all, c)
			stated[resource.Location{Account: c.Account, Region: c.Region}] = true
		}
	}
	for _, d := range g.doubts {
		asked := len(g.Resources) == 0 || d.arn == "" || g.chosen[d.arn]
		if asked && here(d.read) && !stated[resource.Location{Account: d.read.Account, Region: d.read.Region}] {
			all = append(all, d.read)
		}
	}
	return all
}
