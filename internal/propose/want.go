package propose

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/glueguard/glueguard/internal/control"
	"github.com/glueguard/glueguard/internal/inventory"
	"github.com/glueguard/glueguard/internal/plan"
	"github.com/glueguard/glueguard/internal/policy"
	"github.com/glueguard/glueguard/internal/preflight"
	"github.com/glueguard/glueguard/internal/resource"
)

// refusal says why a candidate is not even looked at.
func (r *run) refusal(c *candidate) *plan.Blocked {
	if c.ref.Type == resource.TypeKey {
		b := plan.NotPlannable(control.KeyManagement, strings.TrimSpace(c.remedy.Advice+" "+c.remedy.Command))
		return &b
	}
	if b := r.excepted(c); b != nil {
		return b
	}
	if b, ok := r.busy[c.ref.ARN]; ok {
		return &b
	}
	if len(c.fails) == 0 && c.unknown != "" && len(r.Resources) == 0 {
		return &plan.Blocked{
			Code: plan.BlockedUnknown, Message: c.unknown,
			Instead: "See why it could not be judged, audit again and plan again.",
		}
	}
	return nil
}

// excepted looks at what the audit says and at today's policy: an excepted resource is never planned.
func (r *run) excepted(c *candidate) *plan.Blocked {
	reason, owner, until := "", "", ""
	if e := c.exempt; e != nil {
		reason, owner, until = e.Reason, e.Owner, e.Expires
	}
	if reason == "" {
		return Excepted(r.Policy, c.ref, r.created)
	}
	return excepted(owner, reason, until, r.created)
}

// Excepted is why a resource is left alone that a policy excepts from any control at that time; nil: it does not.
func Excepted(p policy.Policy, ref resource.Ref, now time.Time) *plan.Blocked {
	for _, of := range control.All() {
		if of.Type != ref.Type {
			continue
		}
		if e, expired, ok := p.Exception(string(of.ID), ref.ARN, now); ok && !expired {
			return excepted(string(e.Owner), string(e.Reason), string(e.Expires), now)
		}
	}
	return nil
}

func excepted(owner, reason, until string, now time.Time) *plan.Blocked {
	day, err := time.Parse(time.DateOnly, until)
	if err != nil {
		day = now // a policy's dates are valid: this is a damaged store
	}
	b := plan.Excepted(owner, reason, day)
	return &b
}

// Owned is why a planned resource is left alone of which a policy says that code owns it; nil: it does not.
func Owned(p policy.Policy, i plan.Item) *plan.Blocked {
	var tags map[string]string
	switch {
	case i.Endpoint != nil:
		tags = i.Endpoint.Definition.Tags
	case i.Transform != nil:
		tags = i.Transform.Definition.Tags
	}
	tag := p.OwnedByCode(tags)
	if tag == "" {
		return nil
	}
	return &plan.Blocked{
		Code: plan.BlockedByCode, Message: fmt.Sprintf("Its tag %s says by the policy of today that code owns it.", tag),
		Instead: "Plan again: the plan says what to change in the code.",
	}
}

// wanted is what is asked for one resource by the command, else by the policy; the key is not resolved yet.
func (r *run) wanted(c *candidate) plan.Wanted {
	w, repair := r.Wanted, r.Policy.Repair
	w.Resource, w.Findings = c.ref, c.fails
	w.Strategy = cmp.Or(w.Strategy, plan.Strategy(repair.Strategy), plan.Replace)
	w.Mode = cmp.Or(w.Mode, r.Policy.RepairMode(c.ref.Type))
	if w.Strategy == plan.Retire || c.ref.Type == resource.TypeKey {
		w.Mode = ""
	}
	w.LabelsS3 = place(cmp.Or(w.LabelsS3, string(repair.LabelsS3)), c.location)
	w.Prove = place(w.Prove, c.location)
	w.RepointJobs = w.RepointJobs || repair.RepointJobs
	w.LimitMinutes = cmp.Or(w.LimitMinutes, int(repair.WaitFor()/time.Minute))
	w.MetricTolerance = cmp.Or(w.MetricTolerance, repair.Tolerance())
	w.Logs = w.Logs || c.logs || r.Policy.Profile == policy.Strict && w.Mode == resource.ModeSSEKMS
	w.Logs = w.Logs && c.ref.Type == resource.TypeDevEndpoint && w.Strategy != plan.Retire && w.Mode != resource.ModeNone
	if w.Logs && r.keyRef(c) == "" && w.Mode != resource.ModeSSEKMS && !onlyLogs(c.fails) {
		w.Logs = false // there is no key to encrypt them with, and S3 can do without
		w.Findings = slices.DeleteFunc(slices.Clone(c.fails), isLogs)
	}
	return w
}

func isLogs(f plan.FindingRef) bool { return f.Control == control.DevEndpointLogs }

func onlyLogs(all []plan.FindingRef) bool {
	return len(all) > 0 && !slices.ContainsFunc(all, func(f plan.FindingRef) bool { return !isLogs(f) })
}

// place fills a prefix in for a location, with the slash that ends one.
func place(prefix string, l resource.Location) string {
	if prefix == "" {
		return ""
	}
	return strings.TrimSuffix(policy.S3Prefix(prefix).In(l), "/") + "/"
}

// keyAsked is the key as asked for, and the alias of the one to make where it is missing.
func (r *run) keyAsked() (ref, create string) {
	switch {
	case r.KeyRef != "":
		return r.KeyRef, ""
	case r.CreateKey != "":
		return r.CreateKey, r.CreateKey
	case r.Policy.Repair.KMSKey != "":
		return string(r.Policy.Repair.KMSKey), ""
	}
	alias := string(r.Policy.Repair.Create)
	return alias, alias
}

// keyRef is the reference of the key to look up for a candidate: empty where none is named, or where the one named is
// none for it.
func (r *run) keyRef(c *candidate) string {
	ref, _ := r.keyAsked()
	if r.unfitKey(ref, c.location) != "" {
		return ""
	}
	return ref
}

// unfitKey says why a reference can't be a key for the location.
func (r *run) unfitKey(ref string, l resource.Location) string {
	if r.Policy.Profile == policy.Strict && (strings.HasPrefix(ref, "alias/aws/") || strings.Contains(ref, ":alias/aws/")) {
		return "AWS manages the key " + ref + ", and profile strict requires a customer-managed one."
	}
	if arn, err := resource.ParseARN(ref); err == nil && arn.Region != l.Region {
		return fmt.Sprintf("The key %s is of %s and serves only that region.", ref, arn.Region)
	}
	return ""
}

func needsKey(w plan.Wanted) bool { return w.Mode == resource.ModeSSEKMS || w.Logs }

// target says what to read for a candidate.
func (r *run) target(c *candidate) inventory.Target {
	w := r.wanted(c)
	t := inventory.Target{
		Location: c.location, Type: c.ref.Type, Name: c.ref.Name, ID: c.ref.ID, LabelsS3: w.LabelsS3, ProveS3: w.Prove,
	}
	if needsKey(w) {
		t.Key = r.keyRef(c)
	}
	return t
}

// rolesOf lists the resources' roles that exist, by location: a key that is made lets them all use it.
func rolesOf(all []resource.Surroundings) map[resource.Location][]string {
	roles := map[resource.Location][]string{}
	for _, s := range all {
		if role, ok := s.Role.Value(); ok && !slices.Contains(roles[s.Location], role.ARN) {
			roles[s.Location] = append(roles[s.Location], role.ARN)
		}
	}
	for _, list := range roles {
		slices.Sort(list)
	}
	return roles
}

// propose has the item of one resource made from what was read around it.
func (r *run) propose(c *candidate, s resource.Surroundings, roles []string) plan.Item {
	w := r.wanted(c)
	if beside, ok := s.LabelsBeside.Value(); ok && w.LabelsS3 == "" {
		w.LabelsS3, w.LabelsBeside = beside, true
	}
	w.OwnedByCode = r.Policy.OwnedByCode(tagsOf(s))
	if f, failed := unreadResource(c, s); failed {
		return plan.Refuse(w, s, plan.Blocked{
			Code: plan.BlockedUnknown, Message: fmt.Sprintf("The resource could not be read: %v.", f), Instead: "See why it could not be read, and plan again.",
		})
	}
	if needsKey(w) {
		if b := r.resolve(&w, c, s, roles); b != nil {
			return plan.Refuse(w, s, *b)
		}
	}
	if r.asked() && onlyLogs(w.Findings) {
		w.Findings = nil // plan would leave S3 as it is, but the mode was asked for this very resource
	}
	item := plan.Propose(w, s)
	if (r.GrantRole || r.Policy.Repair.GrantRole) && item.Blocked == nil && lacksKey(item, s) {
		w.Grant = &plan.Grant{}
		if granted := plan.Propose(w, s); granted.Blocked == nil && !lacksKey(granted, s) {
			item = granted
		}
	}
	if item.Blocked == nil {
		item.Consequences = append(item.Consequences, r.shortfalls(c, w)...)
	}
	if w.Logs {
		item.Findings = append([]plan.FindingRef{}, c.fails...)
	}
	return item
}

// asked tells whether resources were named together with the mode that they are to get.
func (r *run) asked() bool { return len(r.Resources) > 0 && r.Wanted.Mode != "" }

// resolve settles which key is meant, or says why there is none.
func (r *run) resolve(w *plan.Wanted, c *candidate, s resource.Surroundings, roles []string) *plan.Blocked {
	ref, create := r.keyAsked()
	if why := r.unfitKey(ref, c.location); why != "" {
		return &plan.Blocked{Code: plan.BlockedNoKey, Message: why, Instead: "Name a customer-managed key by an alias, which is looked up in each account and region."}
	}
	key, ok := s.WantedKey.Value()
	switch {
	case s.WantedKey.IsUnknown():
		return &plan.Blocked{
			Code: plan.BlockedUnknown, Message: fmt.Sprintf("The key %s could not be read: %v.", ref, s.WantedKey.Failure()),
			Instead: "See why it could not be read, and plan again.",
		}
	case s.WantedKey.IsAbsent() && create != "":
		w.Key, w.NewKey = plan.KeyPlaceholder, &plan.NewKey{Alias: create, Policy: plan.KeyPolicy(c.location, roles...)}
		return nil
	case s.WantedKey.IsAbsent():
		return &plan.Blocked{
			Code: plan.BlockedNoKey, Message: fmt.Sprintf("There is no key %s in %s.", ref, c.location),
			Instead: "Name one that is there, or have it made with --create-key=" + policy.DefaultAlias + ".",
		}
	case !ok || key.Key.ARN == (resource.ARN{}):
		return nil // none was asked for: plan says so
	case !r.Policy.AllowsKey(key.Key.ARN, c.location.Account):
		return &plan.Blocked{
			Code: plan.BlockedNoKey, Message: fmt.Sprintf("The policy (keys) does not allow the key %s.", key.Key.ARN),
			Instead: "Name a key that the policy allows, or allow this one in glueguard.yaml.",
		}
	}
	w.Key = key.Key.ARN.String()
	return nil
}

// lacksKey tells whether the resource's role may not, or may perhaps not, use the key.
func lacksKey(i plan.Item, s resource.Surroundings) bool {
	return slices.ContainsFunc(preflight.Check(i, s, nil, 1), func(c plan.Check) bool {
		return c.Code == preflight.KeyRole && c.Status != plan.Passed
	})
}

// shortfalls are what the policy demands and the change will not bring.
func (r *run) shortfalls(c *candidate, w plan.Wanted) []plan.Consequence {
	var all []plan.Consequence
	required := r.Policy.DevEndpointMode()
	if c.ref.Type == resource.TypeMLTransform {
		required = r.Policy.MLTransformMode()
	}
	if w.Strategy != plan.Retire && required == resource.ModeSSEKMS && w.Mode != resource.ModeSSEKMS {
		all = append(all, plan.Consequence{
			Code: "policy-not-met", Text: fmt.Sprintf("The policy requires %s, so audits will still fail with %s.", required, w.Mode),
		})
	}
	if c.logs && !w.Logs && w.Strategy != plan.Retire {
		all = append(all, plan.Consequence{
			Code: "logs-left-out", Text: "Its logs stay unencrypted, since no KMS key was named: name one with --kms-key to have both done at once.",
		})
	}
	return all
}

func tagsOf(s resource.Surroundings) map[string]string {
	if d, ok := s.Endpoint.Value(); ok {
		return d.Definition.Tags
	}
	d, _ := s.Transform.Value()
	return d.Definition.Tags
}
