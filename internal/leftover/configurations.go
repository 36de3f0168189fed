package leftover

import (
	"context"
	"fmt"

	"github.com/glueguard/glueguard/internal/change"
	"github.com/glueguard/glueguard/internal/plan"
	"github.com/glueguard/glueguard/internal/resource"
	"github.com/glueguard/glueguard/internal/store"
)

// Configuration is a security configuration that a change has made.
type Configuration struct {
	Location      resource.Location
	Configuration resource.SecurityConfiguration
	UsedBy        []string // what names it; empty: it can go
}

// named is a configuration's name in its location.
type named struct {
	location resource.Location
	name     string
}

// Configurations lists the security configurations of Glueguard's with what names them: resources, open changes, and
// definitions that changes have saved. Locations in which any reference could not be read come back as unread instead:
// nothing may be removed there.
func Configurations(ctx context.Context, r Reader, changes Changes, locations []resource.Location) ([]Configuration, []resource.Coverage, error) {
	kept, err := keptNames(ctx, changes)
	if err != nil {
		return nil, nil, err
	}
	return inEach(ctx, locations, "glue:GetSecurityConfigurations", func(l resource.Location) ([]Configuration, error) {
		return configurationsAt(ctx, r, kept, l)
	})
}

func configurationsAt(ctx context.Context, r Reader, kept map[named][]string, l resource.Location) ([]Configuration, error) {
	all, err := r.Configurations(ctx, l)
	if err != nil {
		return nil, err
	}
	var ours []Configuration
	for _, c := range all {
		if c.Name == plan.ConfigurationName(c) { // made by hand, it would hardly have the digest of its content in its name
			ours = append(ours, Configuration{Location: l, Configuration: c, UsedBy: kept[named{l, c.Name}]})
		}
	}
	if len(ours) == 0 {
		return nil, nil
	}
	uses, err := r.ConfigurationUses(ctx, l)
	if err != nil {
		return nil, err
	}
	for i := range ours {
		ours[i].UsedBy = append(uses[ours[i].Configuration.Name], ours[i].UsedBy...)
	}
	return ours, nil
}

// keptNames says which configurations changes still name: open ones in their steps, and all in the definitions that
// they have saved, from which a backout makes a resource again.
func keptNames(ctx context.Context, changes Changes) (map[named][]string, error) {
	kept := map[named][]string{}
	err := changes.EachChange(ctx, store.ChangeFilter{}, func(c *change.Change) error {
		keep := func(name, why string) {
			if name != "" {
				at := named{c.Head.Item.Location, name}
				kept[at] = append(kept[at], fmt.Sprintf("change %s (%s)", c.Head.ID, why))
			}
		}
		if d := c.SavedEndpoint; d != nil {
			keep(d.Definition.SecurityConfiguration, "saved definition")
		}
		if d := c.SavedTransform; d != nil {
			keep(d.Definition.TaskRunSecurityConfiguration, "saved definition")
		}
		if !c.Open() {
			return nil
		}
		for p := range c.All() {
			if s := c.Resolve(p.Step); s.Configuration != nil {
				keep(s.Configuration.Name, string(c.State))
			}
		}
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("read the changes: %w", err)
	}
	return kept, nil
}
