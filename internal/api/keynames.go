package api

import (
	"context"
	"slices"
	"strings"
	"sync"

	"github.com/glueguard/glueguard/internal/api/openapi"
	"github.com/glueguard/glueguard/internal/resource"
)

// keyNames says what the keys are called that a resource is encrypted with. What can't be read is said so: it is no reason
// to keep back what is stored.
func (s *Server) keyNames(ctx context.Context, r openapi.ResourceDetail) []openapi.KeyNames {
	l := resource.Location{Account: r.Resource.Account, Region: r.Resource.Region, Partition: resource.PartitionOf(r.Resource.Region)}
	if a, err := resource.ParseARN(r.Resource.ARN); err == nil {
		l.Partition = a.Partition
	}
	refs := keysOf(r)
	names := make([]openapi.KeyNames, len(refs))
	var asking sync.WaitGroup
	for n, ref := range refs {
		asking.Go(func() { names[n] = s.namesOf(ctx, l, ref) })
	}
	asking.Wait()
	return names
}

// keysOf are the keys that a resource's findings name, each once.
func keysOf(r openapi.ResourceDetail) []string {
	refs := []string{}
	add := func(ref string) {
		if ref != "" && !slices.Contains(refs, ref) {
			refs = append(refs, ref)
		}
	}
	if r.Resource.Type == resource.TypeKey {
		add(r.Resource.ARN)
	}
	add(r.Encryption.KMSKey)
	for _, f := range r.Findings {
		add(f.Finding.Encryption.KMSKey)
	}
	return refs
}

func (s *Server) namesOf(ctx context.Context, l resource.Location, ref string) openapi.KeyNames {
	out := openapi.KeyNames{Key: ref, Aliases: []string{}}
	name := ref
	if a, err := resource.ParseARN(ref); err == nil {
		name = a.Resource
	}
	switch {
	case strings.HasPrefix(name, "alias/"): // that is what it is called
		out.Aliases = append(out.Aliases, name)
	case s.o.Aliases == nil:
		out.Unread = "AWS can't be asked here."
	default:
		aliases, err := s.o.Aliases(ctx, l, ref)
		if err != nil {
			out.Unread = ProblemOf(err).Detail
			return out
		}
		out.Aliases = append(out.Aliases, aliases...)
	}
	return out
}
