// Package propose makes plans: it takes a stored audit's failing findings, or resources by name, reads all that is
// around them, and has plan say what is to be done and preflight what stands against it. It is the one place that knows
// the order of these stages. It changes nothing at AWS.
package propose

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/glueguard/glueguard/internal/change"
	"github.com/glueguard/glueguard/internal/control"
	"github.com/glueguard/glueguard/internal/inventory"
	"github.com/glueguard/glueguard/internal/plan"
	"github.com/glueguard/glueguard/internal/policy"
	"github.com/glueguard/glueguard/internal/preflight"
	"github.com/glueguard/glueguard/internal/redact"
	"github.com/glueguard/glueguard/internal/resource"
	"github.com/glueguard/glueguard/internal/store"
)

// Inspector reads all that is around resources: package inventory does.
type Inspector interface {
	// Inspect returns one Surroundings per target, in their order. It errs only when ctx ends.
	Inspect(ctx context.Context, targets []inventory.Target) ([]resource.Surroundings, error)
	// Simulate asks IAM about the caller's permissions in one location. It errs only when ctx ends.
	Simulate(ctx context.Context, l resource.Location, permissions []plan.Permission) (map[plan.Permission]resource.Fact[string], error)
}

// Store is what a plan rests on and where it is kept.
type Store interface {
	store.AuditReader
	// EachChange streams changes, as store.Changes says.
	EachChange(ctx context.Context, f store.ChangeFilter, yield func(*change.Change) error) error
	SavePlan(ctx context.Context, digest string, created time.Time, document []byte) error
}

// Options say what to plan and with what. What is empty in Wanted, KeyRef and CreateKey follows the policy.
type Options struct {
	Inspector Inspector
	Store     Store
	AuditID   string // empty: none; then Resources are ARNs
	Policy    policy.Policy

	Controls  []control.ID // none: all
	Resources []string     // ARNs, or names and ids that are unique in the audit; none: every failing one

	// Wanted is what is asked for every resource: mode, strategy, places, what is accepted. LabelsS3 and Prove may hold
	// {account} and {region}.
	Wanted    plan.Wanted
	KeyRef    string // a key's id, ARN or alias
	CreateKey string // alias of a key to make where there is none of that alias
	GrantRole bool   // make a grant where a role may not use the key otherwise

	AcceptUnchecked []string // codes of checks, or preflight.Everything
	Access          plan.Access
	Now             func() time.Time
	// Keep keeps the plan, and tells the audit trail of it; nil: Store does, and nobody is told.
	Keep func(ctx context.Context, p plan.Plan, document []byte) error
}

// UnknownCheckError means that a check was to be accepted that there is not.
type UnknownCheckError struct{ Code string }

func (e *UnknownCheckError) Error() string {
	return fmt.Sprintf("there is no check %q to accept", e.Code)
}

// Run proposes, seals the plan and stores it. It returns *audit.ResourceError for a resource that is not there or is
// ambiguous, *UnknownCheckError, and the store's errors and those of an ended ctx, wrapped.
func Run(ctx context.Context, o Options) (plan.Plan, error) {
	accepted, err := acceptedCodes(o.AcceptUnchecked)
	if err != nil {
		return plan.Plan{}, err
	}
	found, err := gather(ctx, o)
	if err != nil {
		return plan.Plan{}, err
	}
	r := &run{
		Options: o, created: o.Now(), accepted: accepted, found: found,
		plan: plan.Plan{
			Schema: plan.Schema, CreatedAt: o.Now(), AuditID: found.audit, Access: o.Access, Accepted: accepted,
			Policy: plan.PolicyRef{Profile: string(o.Policy.Profile), Digest: o.Policy.Digest()},
			Unread: found.unread,
		},
	}
	if err := r.items(ctx); err != nil {
		return plan.Plan{}, err
	}
	if err := r.check(ctx); err != nil {
		return plan.Plan{}, err
	}
	return r.finish(ctx)
}

func acceptedCodes(asked []string) ([]string, error) {
	codes := preflight.Codes()
	for _, code := range asked {
		if code != preflight.Everything && !slices.Contains(codes, code) {
			return nil, &UnknownCheckError{Code: code}
		}
	}
	sorted := slices.Sorted(slices.Values(asked))
	return append([]string{}, slices.Compact(sorted)...), nil
}

// run is one plan in the making.
type run struct {
	Options
	created  time.Time
	accepted []string
	found    found
	busy     map[string]plan.Blocked // by the ARN of a resource that a change works on or keeps
	plan     plan.Plan
	around   []resource.Surroundings // of each item of the plan
}

// items proposes an item for every candidate.
func (r *run) items(ctx context.Context) error {
	var err error
	if r.busy, err = busy(ctx, r.Store); err != nil {
		return err
	}
	targets := make([]inventory.Target, 0, len(r.found.candidates))
	var inspected []*candidate
	for _, c := range r.found.candidates {
		if b := r.refusal(c); b != nil {
			r.add(plan.Refuse(r.wanted(c), resource.Surroundings{Location: c.location}, *b), resource.Surroundings{})
			continue
		}
		inspected = append(inspected, c)
		targets = append(targets, r.target(c))
	}
	all, err := r.Inspector.Inspect(ctx, targets)
	if err != nil {
		return fmt.Errorf("read what is around the resources: %w", err)
	}
	if len(all) != len(targets) {
		return fmt.Errorf("read what is around the resources: %d of %d were answered", len(all), len(targets))
	}
	roles := rolesOf(all)
	for i, c := range inspected {
		switch b, err := r.stranger(ctx, c, all[i]); {
		case err != nil:
			return err
		case b != nil:
			r.add(plan.Refuse(r.wanted(c), all[i], *b), all[i])
		default:
			r.add(r.propose(c, all[i], roles[c.location]), all[i])
		}
		r.unread(c, all[i])
	}
	return nil
}

func (r *run) add(i plan.Item, s resource.Surroundings) {
	r.plan.Changes = append(r.plan.Changes, i)
	r.around = append(r.around, s)
}

// unread notes a resource that could not be read, so that the plan lacks it.
func (r *run) unread(c *candidate, s resource.Surroundings) {
	f, failed := unreadResource(c, s)
	if !failed {
		return
	}
	r.plan.Unread = append(r.plan.Unread, resource.Coverage{
		Account: c.location.Account, Region: c.location.Region, Operation: f.Operation, Status: string(f.Class),
		ErrorCode: f.Code, Message: c.ref.ARN + ": " + f.Message,
	})
	// A read that is denied leaves the plan incomplete; one that went wrong means that planning did.
	r.plan.Errored = r.plan.Errored || f.Class != resource.Denied && f.Class != resource.Excluded
}

// unreadResource is why the resource itself could not be read, if so.
func unreadResource(c *candidate, s resource.Surroundings) (resource.Failure, bool) {
	if c.ref.Type == resource.TypeMLTransform {
		return s.Transform.Failure(), s.Transform.IsUnknown()
	}
	return s.Endpoint.Failure(), s.Endpoint.IsUnknown()
}

// check makes the checks of every item.
func (r *run) check(ctx context.Context) error {
	permissions, twins := map[resource.Location][]plan.Permission{}, map[resource.Location]int{}
	for _, i := range r.plan.Changes {
		if i.Blocked != nil {
			continue
		}
		permissions[i.Location] = append(permissions[i.Location], i.Permissions...)
		twins[i.Location] += twinsOf(i)
	}
	simulated := map[resource.Location]map[plan.Permission]resource.Fact[preflight.Decision]{}
	for l, all := range permissions {
		decisions, err := simulate(ctx, r.Inspector, l, all)
		if err != nil {
			return err
		}
		simulated[l] = decisions
	}
	for n := range r.plan.Changes {
		i := &r.plan.Changes[n]
		i.Checks = preflight.Accept(preflight.Check(*i, r.around[n], simulated[i.Location], twins[i.Location]), r.accepted)
	}
	return nil
}

// simulate asks about each permission once.
func simulate(ctx context.Context, i Inspector, l resource.Location, all []plan.Permission) (map[plan.Permission]resource.Fact[preflight.Decision], error) {
	var once []plan.Permission
	seen := map[plan.Permission]bool{}
	for _, p := range all {
		if !seen[p] {
			seen[p] = true
			once = append(once, p)
		}
	}
	answers, err := i.Simulate(ctx, l, once)
	if err != nil {
		return nil, fmt.Errorf("simulate the permissions in %s: %w", l, err)
	}
	decisions := make(map[plan.Permission]resource.Fact[preflight.Decision], len(answers))
	for p, a := range answers {
		if d, ok := a.Value(); ok {
			decisions[p] = resource.Known(preflight.Decision(d))
		} else {
			decisions[p] = resource.Unknown[preflight.Decision](a.Failure())
		}
	}
	return decisions, nil
}

// twinsOf is how many places an item's twin takes of the location's quota of endpoints.
func twinsOf(i plan.Item) int {
	if i.Blocked == nil && slices.ContainsFunc(i.Steps, func(s plan.Step) bool { return s.Kind == plan.CreateEndpoint }) {
		return 1
	}
	return 0
}

func (r *run) finish(ctx context.Context) (plan.Plan, error) {
	rules := redact.New() // lists of plans and changes show tags, which may hold what they should not; definitions keep all
	for i := range r.plan.Changes {
		ref := &r.plan.Changes[i].Resource
		ref.Tags = rules.Tags(ref.Tags)
	}
	sealed, err := plan.Seal(r.plan)
	if err != nil {
		return plan.Plan{}, fmt.Errorf("seal the plan: %w", err)
	}
	document, err := sealed.Encode()
	if err != nil {
		return plan.Plan{}, fmt.Errorf("write the plan: %w", err)
	}
	keep := r.Keep
	if keep == nil {
		keep = func(ctx context.Context, p plan.Plan, document []byte) error {
			return r.Store.SavePlan(ctx, p.Digest, p.CreatedAt, document)
		}
	}
	if err := keep(ctx, sealed, document); err != nil {
		return plan.Plan{}, fmt.Errorf("store the plan: %w", err)
	}
	return sealed, nil
}

// tagChange is the tag with the change's id that a change puts on what it makes.
const tagChange = "glueguard:change"

// stranger is why a resource is left alone that a change made which is not in this state: it may be under way in
// another, and this may be all that stands for its original.
func (r *run) stranger(ctx context.Context, c *candidate, s resource.Surroundings) (*plan.Blocked, error) {
	var tags map[string]string
	if d, ok := s.Endpoint.Value(); ok {
		tags = d.Definition.Tags
	} else if d, ok := s.Transform.Value(); ok {
		tags = d.Definition.Tags
	}
	id := tags[tagChange]
	if id == "" {
		return nil, nil
	}
	known := false
	err := r.Store.EachChange(ctx, store.ChangeFilter{Resource: c.ref.ARN}, func(c *change.Change) error {
		known = known || c.Head.ID == id
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("read the changes of %s: %w", c.ref.ARN, err)
	}
	if known {
		return nil, nil
	}
	b := plan.Stranger(id)
	return &b, nil
}

// busy says of which resources a change is under way, or keeps the original as its way back.
func busy(ctx context.Context, s Store) (map[string]plan.Blocked, error) {
	all := map[string]plan.Blocked{}
	states := []change.State{change.Running, change.Waiting, change.FailedAt, change.BackingOut, change.Done, change.Regressed}
	err := s.EachChange(ctx, store.ChangeFilter{States: states}, func(c *change.Change) error {
		original := c.Head.Item.Identity.ARN
		switch {
		case c.Open():
			all[original] = plan.UnderWay(c.Head.ID)
			for _, made := range c.Resources {
				all[made.ARN] = plan.UnderWay(c.Head.ID)
			}
		case c.KeepsOriginal():
			all[original] = plan.Blocked{
				Code: plan.BlockedUnderWay, Message: fmt.Sprintf("The change %s has replaced it and keeps it as the way back.", c.Head.ID),
				Instead: fmt.Sprintf("Retire it with glueguard finalize %s, or go back with glueguard backout %[1]s.", c.Head.ID),
			}
		}
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("read the changes: %w", err)
	}
	return all, nil
}
