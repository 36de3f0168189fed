package audit

import (
	"cmp"
	"maps"
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

// keys judges the keys that the estate uses and stores findings and facts with the keys' own locations.
func (r *run) keys() error {
	uses := slices.DeleteFunc(r.Scanner.KeyUses(), func(u resource.KeyUse) bool {
		return !slices.ContainsFunc(u.UsedIn, func(l resource.Location) bool { return covers(r.Policy.Scope, l) })
	})
	for i := range uses {
		acceptKeyUse(&uses[i], r.Policy, r.now)
	}
	parts := map[resource.Location]*store.Part{}
	at := func(l resource.Location) *store.Part {
		if parts[l] == nil {
			parts[l] = &store.Part{Location: l, SeenIn: map[string][]resource.Location{}}
		}
		return parts[l]
	}
	for _, f := range r.keyFindings(uses) {
		p := at(place(f.Resource))
		p.Findings = append(p.Findings, f.Finding)
		p.SeenIn[f.ID] = f.usedIn
		r.used[f.Resource.ARN] = true
	}
	for _, u := range uses {
		ref := control.KeyRef(u)
		if !r.wanted.all() && !r.used[ref.ARN] {
			continue
		}
		rec, err := r.recorder.key(u, ref)
		if err != nil {
			return err
		}
		p := at(place(ref))
		p.Facts = append(p.Facts, rec)
	}
	for _, l := range slices.SortedFunc(maps.Keys(parts), resource.Location.Compare) {
		if err := r.add(*parts[l]); err != nil {
			return err
		}
	}
	return nil
}

// keyFinding is a finding about a key, and where the key is used.
type keyFinding struct {
	finding.Finding
	usedIn []resource.Location
}

func (r *run) keyFindings(uses []resource.KeyUse) []keyFinding {
	if !slices.Contains(r.controls, control.KeyManagement) {
		return nil
	}
	usedIn := map[string][]resource.Location{}
	for _, u := range uses {
		name := u.Ref
		if k, ok := u.Key.Value(); ok {
			name = k.ARN.String()
		}
		usedIn[name] = append(usedIn[name], u.UsedIn...)
	}
	var found []keyFinding
	for _, f := range finding.From(r.wanted.keep(control.EvaluateKeys(uses, r.Policy)), r.Policy, r.now) {
		found = append(found, keyFinding{f, usedIn[cmp.Or(f.Resource.ARN, f.Resource.ID)]})
	}
	return found
}

func place(r resource.Ref) resource.Location {
	return resource.Location{Account: r.Account, Region: r.Region}
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
