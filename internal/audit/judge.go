package audit

import (
	"cmp"
	"slices"
	"strings"

	"github.com/glueguard/glueguard/internal/control"
	"github.com/glueguard/glueguard/internal/finding"
	"github.com/glueguard/glueguard/internal/resource"
	"github.com/glueguard/glueguard/internal/store"
)

// settled lists the controls for which everything in the location was seen: what a stored finding needs to be
// resolved by not being there any more.
func settled(s *resource.Snapshot, controls []control.ID) []control.ID {
	configurations := true
	for _, c := range s.SecurityConfigurations {
		configurations = configurations && !c.IsUnknown()
	}
	// A key is stored under its ARN. While nobody can say which key an alias stands for, none of the keys seen before
	// is known to be out of use.
	aliases := true
	for ref, key := range s.Keys {
		aliases = aliases && (!key.IsUnknown() || !strings.Contains(ref, "alias/"))
	}
	endpoints, transforms := !s.DevEndpoints.IsUnknown(), !s.MLTransforms.IsUnknown()
	var done []control.ID
	for _, id := range controls {
		var ok bool
		switch id {
		case control.DevEndpointS3, control.DevEndpointLogs:
			ok = endpoints
		case control.MLTransform:
			ok = transforms
		case control.KeyManagement:
			ok = endpoints && transforms && configurations && aliases
		}
		if ok {
			done = append(done, id)
		}
	}
	return done
}

// keys judges the keys that the estate uses and stores the findings with the keys' own locations.
func (r *run) keys() error {
	if !slices.Contains(r.controls, control.KeyManagement) {
		return nil
	}
	uses := slices.DeleteFunc(r.Scanner.KeyUses(), func(u resource.KeyUse) bool {
		return !slices.ContainsFunc(u.UsedIn, func(l resource.Location) bool { return covers(r.Policy.Scope, l) })
	})
	usedIn := map[string][]resource.Location{}
	for i := range uses {
		acceptKeyUse(&uses[i], r.Policy, r.now)
	}
	for _, u := range uses {
		name := u.Ref
		if k, ok := u.Key.Value(); ok {
			name = k.ARN.String()
		}
		usedIn[name] = append(usedIn[name], u.UsedIn...)
	}
	findings := finding.From(r.wanted.keep(control.EvaluateKeys(uses, r.Policy)), r.Policy, r.now)
	slices.SortStableFunc(findings, func(a, b finding.Finding) int { return place(a).Compare(place(b)) })
	for len(findings) > 0 {
		here := place(findings[0])
		n := slices.IndexFunc(findings, func(f finding.Finding) bool { return place(f) != here })
		if n < 0 {
			n = len(findings)
		}
		p := store.Part{Location: here, Findings: findings[:n], SeenIn: map[string][]resource.Location{}}
		for _, f := range p.Findings {
			p.SeenIn[f.ID] = usedIn[cmp.Or(f.Resource.ARN, f.Resource.ID)]
		}
		if err := r.add(p); err != nil {
			return err
		}
		findings = findings[n:]
	}
	return nil
}

func place(f finding.Finding) resource.Location {
	return resource.Location{Account: f.Resource.Account, Region: f.Resource.Region}
}

// adviseKept says of the originals that a change keeps as its way back that they await its finalize.
func adviseKept(outcomes []control.Outcome, kept map[string]string) {
	for i := range outcomes {
		o := &outcomes[i]
		if id, ok := kept[o.Resource.ARN]; ok && o.Status != control.NotApplicable {
			o.Advisories = append(o.Advisories, control.KeptAsWayBack(id))
		}
	}
}
