package leftover

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/glueguard/glueguard/internal/change"
	"github.com/glueguard/glueguard/internal/plan"
	"github.com/glueguard/glueguard/internal/resource"
	"github.com/glueguard/glueguard/internal/store"
)

// TroubleAdopted is why a rebuilt change waits.
const TroubleAdopted = "adopted"

// Details reads resources with their tags: package inventory does.
type Details interface {
	Endpoint(ctx context.Context, l resource.Location, name string) resource.Fact[resource.EndpointDetail]
	Transform(ctx context.Context, l resource.Location, id string) resource.Fact[resource.TransformDetail]
	Configuration(ctx context.Context, l resource.Location, name string) resource.Fact[resource.SecurityConfiguration]
}

// Journals is where a rebuilt change is kept.
type Journals interface {
	Lease(ctx context.Context, resourceARN string, h store.Holder) (store.Lease, error)
	OpenChange(ctx context.Context, l store.Lease, first change.Entry) error
	Change(ctx context.Context, id string) (*change.Change, error)
}

// Adopter rebuilds changes whose journal was lost.
type Adopter struct {
	Reader   Details
	Store    Journals
	Now      func() time.Time
	Holder   store.Holder
	By, Role string // who adopts; the role in other accounts
	LabelsS3 string // where labels were exported to
	// Open writes a change's first entry, and to the audit trail that it was adopted; nil: Store does, and nobody is told.
	Open func(ctx context.Context, l store.Lease, first change.Entry) error
}

// Why a change can't be rebuilt.
var (
	ErrKnown  = errors.New("the state knows the change: it is over, and what is left of it can be deleted by hand")
	ErrKey    = errors.New("keys are not taken back: what was written under them must stay readable; the next change that makes a key of its alias takes it")
	ErrNoTags = errors.New("its tags do not say what it stands for")
	ErrGone   = errors.New("its original is gone, and what it was is not in the tags: the encrypted one can stay as it is")
)

// Group puts the orphans of each change together.
func Group(orphans []Orphan) [][]Orphan {
	var groups [][]Orphan
	for _, o := range orphans {
		i := slices.IndexFunc(groups, func(g []Orphan) bool { return g[0].Change == o.Change && g[0].Location == o.Location })
		if i < 0 {
			groups = append(groups, []Orphan{o})
		} else {
			groups[i] = append(groups[i], o)
		}
	}
	return groups
}

// Adopt rebuilds the change of one group of orphans as far as it had come, and leaves it waiting for a person.
func (a *Adopter) Adopt(ctx context.Context, group []Orphan) (*change.Change, error) {
	r, err := a.rebuild(ctx, group)
	if err != nil {
		return nil, err
	}
	if r.item.Blocked != nil {
		return nil, fmt.Errorf("%s: %s %s", r.item.Resource.ARN, r.item.Blocked.Message, r.item.Blocked.Instead)
	}
	return a.write(ctx, group[0].Change, r)
}

// rebuilt is a change as far as the world tells it.
type rebuilt struct {
	item plan.Item
	made map[plan.Role]resource.Identity
	// reached is the last step that has been done; the ones before it have been, too.
	reached string
}

func (a *Adopter) rebuild(ctx context.Context, group []Orphan) (rebuilt, error) {
	var names, ids []string
	for _, o := range group {
		if o.Key() {
			continue
		}
		if o.State != "" {
			return rebuilt{}, ErrKnown
		}
		arn, err := resource.ParseARN(o.ARN)
		if err != nil {
			return rebuilt{}, err
		}
		switch kind, name, _ := strings.Cut(arn.Resource, "/"); kind {
		case "devEndpoint":
			names = append(names, name)
		case "mlTransform":
			ids = append(ids, name)
		}
	}
	switch {
	case len(names) > 0:
		return a.endpoint(ctx, group[0], names)
	case len(ids) > 0:
		return a.transform(ctx, group[0], ids[0])
	}
	return rebuilt{}, ErrKey
}

// write puts the journal down that the change would have, and has it wait.
func (a *Adopter) write(ctx context.Context, id string, r rebuilt) (c *change.Change, err error) {
	head := change.Head{ID: id, Item: r.item, Access: plan.Access{Role: a.Role}, By: a.By, Adopted: true}
	lease, err := a.Store.Lease(ctx, r.item.Resource.ARN, a.Holder)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, lease.Release()) }()
	entries := a.entries(head, r)
	if _, err := change.Fold(entries); err != nil {
		return nil, fmt.Errorf("rebuild the journal: %w", err)
	}
	open := a.Open
	if open == nil {
		open = a.Store.OpenChange
	}
	if err := open(ctx, lease, entries[0]); err != nil {
		return nil, err
	}
	journal := lease.Journal(id)
	for _, e := range entries[1:] {
		if err := journal.Append(ctx, e); err != nil {
			return nil, err
		}
	}
	return a.Store.Change(ctx, id)
}

func (a *Adopter) entries(head change.Head, r rebuilt) []change.Entry {
	now := a.Now()
	var entries []change.Entry
	add := func(e change.Entry) {
		e.Seq, e.At = len(entries)+1, now
		entries = append(entries, e)
	}
	add(change.Entry{Kind: change.Opened, Head: &head})
	add(change.Entry{Kind: change.Began, Phase: change.Apply, State: change.Done, Steps: r.item.Steps, Text: "rebuilt from tags"})
	for _, s := range r.item.Steps {
		add(change.Entry{Kind: change.Succeeded, Step: s.Name, Facts: r.facts(s), Text: "rebuilt from tags"})
		if s.Name == r.reached {
			break
		}
	}
	add(change.Entry{Kind: change.Halted, State: change.Waiting, Trouble: &change.Trouble{
		Code: TroubleAdopted, Message: "the change was rebuilt from the tags of what it had made",
		Advice: "look at it with glueguard changes show; then resume it, or take it back with backout",
	}})
	return entries
}

// facts are what the step must have learned.
func (r rebuilt) facts(s plan.Step) *change.Facts {
	f := &change.Facts{Text: "rebuilt from tags"}
	switch s.Kind {
	case plan.SaveDefinition:
		f.Endpoint, f.Transform = r.item.Endpoint, r.item.Transform
	case plan.CreateConfiguration:
		if s.Configuration != nil {
			f.Configuration = s.Configuration.Name
		}
	case plan.CreateEndpoint, plan.CreateTransform:
		if id, ok := r.made[s.Role]; ok {
			f.Resource = &id
		}
	default:
	}
	return f
}

// configuration reads a security configuration that a resource names; one that is missing is empty but for its name.
func (a *Adopter) configuration(ctx context.Context, l resource.Location, name string) (resource.Fact[resource.SecurityConfiguration], error) {
	if name == "" {
		return resource.Known(resource.SecurityConfiguration{}), nil
	}
	fact := a.Reader.Configuration(ctx, l, name)
	if fact.IsUnknown() {
		return fact, fmt.Errorf("read security configuration %q: %w", name, fact.Failure())
	}
	return fact, nil
}

// around are surroundings in which nothing but the resource and its configuration is known to matter: its change was
// planned and checked long ago.
func around(l resource.Location, now time.Time) resource.Surroundings {
	return resource.Surroundings{
		Location: l, At: now, Endpoint: resource.Absent[resource.EndpointDetail](), Transform: resource.Absent[resource.TransformDetail](),
		Stack: resource.Absent[string](), WantedKey: resource.Known(resource.KeyDetail{}), Dependents: resource.Known[[]resource.Dependent](nil),
		Subnet: resource.Absent[resource.Subnet](), ElasticIP: resource.Absent[string](), LastUsed: resource.Absent[time.Time](),
		Labels: resource.Known(resource.Bucket{}), Proof: resource.Known(resource.Bucket{}),
	}
}

// withoutOwn are the tags without those of changes.
func withoutOwn(tags map[string]string) map[string]string {
	kept := map[string]string{}
	for key, value := range tags {
		if !strings.HasPrefix(key, "glueguard:") {
			kept[key] = value
		}
	}
	return kept
}

// stem is a name without the suffix of a twin or of a retired original.
func stem(name string) string {
	if i := strings.LastIndex(name, "-gg-"); i > 0 {
		return name[:i]
	}
	return name
}
