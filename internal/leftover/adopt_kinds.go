package leftover

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/glueguard/glueguard/internal/plan"
	"github.com/glueguard/glueguard/internal/resource"
)

// The steps up to which a change has certainly come, by what is there.
const (
	reachedTwin        = "create-twin"
	reachedGone        = "wait-original-gone"
	reachedReplacement = "create-replacement"
	reachedTwinName    = "rename-twin"
	reachedOldName     = "rename-original"
)

// endpoint rebuilds the replace of a dev endpoint. While the original is there, the change has come to its twin; else to
// the original's end, or to the replacement under the original's name.
func (a *Adopter) endpoint(ctx context.Context, o Orphan, names []string) (rebuilt, error) {
	original := o.Original
	if original == "" {
		original = stem(names[0])
	}
	details := map[string]resource.EndpointDetail{}
	for _, name := range append(names, original) {
		fact := a.Reader.Endpoint(ctx, o.Location, name)
		if fact.IsUnknown() {
			return rebuilt{}, fmt.Errorf("read dev endpoint %q: %w", name, fact.Failure())
		}
		if d, ok := fact.Value(); ok {
			details[name] = d
		}
	}
	r := rebuilt{made: map[plan.Role]resource.Identity{}, reached: reachedTwin}
	var model resource.EndpointDetail
	for _, name := range names {
		d, there := details[name]
		switch {
		case !there:
			continue
		case name == original:
			r.made[plan.Replacement], r.reached = d.Identity(), reachedReplacement
		default:
			r.made[plan.Twin] = d.Identity()
		}
		model = d
	}
	if len(r.made) == 0 {
		return rebuilt{}, ErrNoTags
	}
	saved, there := details[original]
	if _, ours := r.made[plan.Replacement]; !there || ours {
		if o.Configuration == "" {
			return rebuilt{}, ErrGone
		}
		saved = before(model, o, original)
		if !ours {
			r.reached = reachedGone
		}
	}
	err := a.proposeEndpoint(ctx, o.Location, &r, saved, model)
	return r, err
}

// before is the original as its twin tells it.
func before(twin resource.EndpointDetail, o Orphan, name string) resource.EndpointDetail {
	d := resource.EndpointDetail{
		Definition: twin.Definition, ARN: o.Location.ARN("glue", "devEndpoint/"+name).String(), Status: "READY",
		AvailabilityZone: twin.AvailabilityZone, VPCID: twin.VPCID,
	}
	d.Definition.Name, d.Definition.SecurityConfiguration = name, strings.TrimPrefix(o.Configuration, "-")
	d.Definition.Tags = withoutOwn(twin.Definition.Tags)
	return d
}

func (a *Adopter) proposeEndpoint(ctx context.Context, l resource.Location, r *rebuilt, saved, model resource.EndpointDetail) error {
	s := around(l, a.Now())
	s.Endpoint = resource.Known(saved)
	var err error
	if s.Configuration, err = a.configuration(ctx, l, saved.Definition.SecurityConfiguration); err != nil {
		return err
	}
	fact, err := a.configuration(ctx, l, model.Definition.SecurityConfiguration)
	if err != nil {
		return err
	}
	now, _ := fact.Value()
	w := plan.Wanted{Strategy: plan.Replace, Mode: resource.ModeNone, AcceptIrreversible: true, AcceptWeaker: true}
	twin, paired := r.made[plan.Twin]
	if paired && plan.IsSideBySideName(twin.Name) {
		w.Strategy = plan.SideBySide
	}
	if len(now.S3) > 0 {
		w.Mode, w.Key = now.S3[0].Mode, now.S3[0].KMSKey
	}
	if e := now.CloudWatch; e != nil && e.Mode == resource.ModeSSEKMS {
		w.Logs, w.LogKey = true, e.KMSKey
	}
	r.item = plan.Propose(w, s)
	if paired {
		r.item.Steps = renamed(r.item.Steps, twin.Name)
	}
	return nil
}

// renamed gives the twin the name that it has: it is derived from when the original was made, which may be lost.
func renamed(steps []plan.Step, twin string) []plan.Step {
	all := make([]plan.Step, len(steps))
	for i, s := range steps {
		if s.Role == plan.Twin {
			if s.Endpoint != nil {
				d := *s.Endpoint
				d.Name, s.Endpoint = twin, &d
			}
			if s.Promise != nil && s.Promise.Endpoint != nil {
				p, d := *s.Promise, *s.Promise.Endpoint
				d.Name, p.Endpoint, s.Promise = twin, &d, &p
			}
		}
		s.Inverse = renamed(s.Inverse, twin)
		if len(s.Inverse) == 0 {
			s.Inverse = nil
		}
		all[i] = s
	}
	return all
}

// transform rebuilds the replace of an ML transform, whose original stays until finalize.
func (a *Adopter) transform(ctx context.Context, o Orphan, id string) (rebuilt, error) {
	if o.Original == "" {
		return rebuilt{}, ErrNoTags
	}
	var both [2]resource.TransformDetail
	for i, which := range []string{o.Original, id} {
		fact := a.Reader.Transform(ctx, o.Location, which)
		if fact.IsUnknown() {
			return rebuilt{}, fmt.Errorf("read ML transform %s: %w", which, fact.Failure())
		}
		d, there := fact.Value()
		if !there {
			return rebuilt{}, ErrGone
		}
		both[i] = d
	}
	original, twin := both[0], both[1]
	r := rebuilt{made: map[plan.Role]resource.Identity{plan.Twin: twin.Identity()}, reached: reachedTwin}
	strategy := plan.Replace
	switch name := stem(twin.Definition.Name); {
	case plan.IsSideBySideName(twin.Definition.Name): // both keep their names
		strategy = plan.SideBySide
	case name == twin.Definition.Name: // it has taken the original's name over
		r.reached, original.Definition.Name = reachedTwinName, name
	case original.Definition.Name != name:
		r.reached, original.Definition.Name = reachedOldName, name
	}
	s := around(o.Location, a.Now())
	s.Transform = resource.Known(original)
	var err error
	if s.Configuration, err = a.configuration(ctx, o.Location, original.Definition.TaskRunSecurityConfiguration); err != nil {
		return rebuilt{}, err
	}
	w := plan.Wanted{Strategy: strategy, Mode: resource.ModeSSES3, LabelsS3: a.LabelsS3, AcceptIrreversible: true, AcceptWeaker: true}
	if e := twin.Definition.UserData; e != nil && e.Mode == resource.ModeSSEKMS {
		w.Mode, w.Key = resource.ModeSSEKMS, e.KMSKey
	}
	r.item = plan.Propose(w, s)
	r.item.Steps = exportAfter(r.item.Steps, r.reached)
	return r, nil
}

// exportAfter moves the export of labels behind a step: where the first export was written was lost with the journal, and
// the original is still there to export from.
func exportAfter(steps []plan.Step, reached string) []plan.Step {
	var export, rest []plan.Step
	for _, s := range steps {
		if s.Kind == plan.ExportLabels || s.Kind == plan.WaitTaskRun && len(export) == 1 && s.After == export[0].Name {
			export = append(export, s)
		} else {
			rest = append(rest, s)
		}
	}
	at := slices.IndexFunc(rest, func(s plan.Step) bool { return s.Name == reached })
	return slices.Insert(rest, at+1, export...)
}
