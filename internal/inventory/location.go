package inventory

import (
	"context"
	"slices"
	"sync"

	"github.com/glueguard/glueguard/internal/awsapi"
	"github.com/glueguard/glueguard/internal/resource"
)

// location reads one location: both listings at once, then at once all that they name.
func (r *run) location(ctx context.Context, a *awsapi.Account, region string) *resource.Snapshot {
	p := a.At(region)
	s := &resource.Snapshot{Location: p.Location}
	var endpoints, transforms tally
	var listing sync.WaitGroup
	if r.scope.MLTransforms && r.scope.DevEndpoints {
		listing.Go(func() { s.MLTransforms, transforms = r.transforms(ctx, p) })
	} else if r.scope.MLTransforms {
		s.MLTransforms, transforms = r.transforms(ctx, p)
	}
	if r.scope.DevEndpoints {
		s.DevEndpoints, endpoints = r.endpoints(ctx, p)
	}
	listing.Wait()
	r.leaveOut(s)
	devs, _ := s.DevEndpoints.Value()
	mls, _ := s.MLTransforms.Value()
	if len(devs) == 0 && len(mls) == 0 {
		s.Coverage = rows(p.Location, endpoints, transforms)
		return s
	}

	var tags, configurations tally
	var named sync.WaitGroup
	if r.scope.Tags {
		named.Go(func() { tags = r.tags(ctx, p, devs, mls) })
	}
	uses := keyUses{run: r, place: p}
	if r.scope.Keys {
		uses.start(ctx, transformKeys(mls))
	}
	s.SecurityConfigurations, configurations = r.configurations(ctx, p, configurationNames(devs, mls))
	if r.scope.Keys {
		uses.start(ctx, configurationKeys(s.SecurityConfigurations))
	}
	var keys []tally
	s.Keys, keys = uses.wait()
	named.Wait()
	s.Coverage = rows(p.Location, append(keys, endpoints, transforms, tags, configurations)...)
	return s
}

// leaveOut takes what was listed and is not wanted out of a snapshot, so that what it names is not read either.
func (r *run) leaveOut(s *resource.Snapshot) {
	wanted := r.scope.Wanted
	if wanted == nil {
		return
	}
	if devs, ok := s.DevEndpoints.Value(); ok {
		s.DevEndpoints = resource.Known(slices.DeleteFunc(devs, func(d resource.DevEndpoint) bool { return !wanted(d.ARN.String(), d.Name, d.Name) }))
	}
	if mls, ok := s.MLTransforms.Value(); ok {
		s.MLTransforms = resource.Known(slices.DeleteFunc(mls, func(m resource.MLTransform) bool { return !wanted(m.ARN.String(), m.Name, m.ID) }))
	}
}

// configurationNames lists what is named, each name once, sorted.
func configurationNames(devs []resource.DevEndpoint, mls []resource.MLTransform) []string {
	var names []string
	for i := range devs {
		if name := devs[i].SecurityConfiguration; name != "" {
			names = append(names, name)
		}
	}
	for i := range mls {
		if name := mls[i].TaskRunSecurityConfiguration; name != "" {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return slices.Compact(names)
}

func transformKeys(mls []resource.MLTransform) []string {
	var refs []string
	for i := range mls {
		if u := mls[i].UserData; u != nil && u.KMSKey != "" {
			refs = append(refs, u.KMSKey)
		}
	}
	return refs
}

func configurationKeys(read map[string]resource.Fact[resource.SecurityConfiguration]) []string {
	var refs []string
	for _, fact := range read {
		if c, ok := fact.Value(); ok {
			refs = append(refs, c.KeyRefs()...)
		}
	}
	return refs
}
