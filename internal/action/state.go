package action

import (
	"slices"
	"strings"
	"time"

	"github.com/glueguard/glueguard/internal/change"
	"github.com/glueguard/glueguard/internal/plan"
	"github.com/glueguard/glueguard/internal/resource"
)

const (
	// waitLimit is how long a step waits where its plan does not say.
	waitLimit = 30 * time.Minute
	// visible is how long AWS may take to show what it said it made.
	visible = time.Minute
)

// step returns where a step of the phase under way stands, or one of that name of an earlier phase.
func (t *task) step(name string) (change.Progress, bool) {
	for _, steps := range [][]change.Progress{t.c.Steps, t.c.Past} {
		for _, p := range slices.Backward(steps) {
			if p.Step.Name == name {
				return p, true
			}
		}
	}
	return change.Progress{}, false
}

// progress is where the task's own step stands.
func (t *task) progress() change.Progress {
	for _, p := range t.c.Steps {
		if p.Step.Name == t.s.Name {
			return p
		}
	}
	return change.Progress{}
}

// waited is how long the step has been going on, counted from when a person last said to go on.
func (t *task) waited() time.Duration {
	since := t.progress().StartedAt
	if since.IsZero() {
		since = t.c.UpdatedAt
	}
	if t.c.Resumed.After(since) {
		since = t.c.Resumed
	}
	if since.IsZero() {
		return 0
	}
	return max(0, t.now.Sub(since))
}

// limit is how long the step may wait.
func (t *task) limit() time.Duration {
	if t.s.LimitMinutes > 0 {
		return time.Duration(t.s.LimitMinutes) * time.Minute
	}
	return waitLimit
}

// created is the newest step that made the resource of a role, or was to.
func (t *task) created(role plan.Role) (plan.Step, bool) {
	for _, steps := range [][]change.Progress{t.c.Steps, t.c.Past} {
		for _, p := range slices.Backward(steps) {
			if p.Step.Role == role && (p.Step.Kind == plan.CreateEndpoint || p.Step.Kind == plan.CreateTransform) {
				return p.Step, true
			}
		}
	}
	return plan.Step{}, false
}

// otherRole tells which other resource of the change an identity is.
func (t *task) otherRole(id resource.Identity) (plan.Role, bool) {
	for role, known := range t.c.Resources {
		if role != t.s.Role && known.Same(id) {
			return role, true
		}
	}
	return "", false
}

// The tags that a change puts on what it makes.
const (
	ownTags          = "glueguard:"
	tagChange        = ownTags + "change"        // the change's id
	tagOriginal      = ownTags + "original"      // the original's name, of a transform its id
	tagConfiguration = ownTags + "configuration" // the security configuration that the original names, or "-"
	tagAlias         = ownTags + "alias"         // of a key: the alias that it was made for
	mostTags         = 50
)

// ours tells whether tags say that the change made the resource.
func (t *task) ours(tags map[string]string) bool { return tags[tagChange] == t.c.Head.ID }

// withOwnTags returns a definition's tags with the change's own, as many as AWS allows.
func (t *task) withOwnTags(definition map[string]string) map[string]string {
	item := &t.c.Head.Item
	original, configuration := item.Identity.Name, ""
	switch {
	case item.Transform != nil:
		original, configuration = item.Identity.ID, item.Transform.Definition.TaskRunSecurityConfiguration
	case item.Endpoint != nil:
		configuration = item.Endpoint.Definition.SecurityConfiguration
	}
	if configuration == "" {
		configuration = "-"
	}
	tags := withoutOwnTags(definition)
	for _, tag := range [][2]string{{tagChange, t.c.Head.ID}, {tagOriginal, original}, {tagConfiguration, configuration}} {
		if len(tags) < mostTags {
			tags[tag[0]] = tag[1]
		}
	}
	return tags
}

// withoutOwnTags returns a copy of tags without those that changes put on: this one's, or an earlier one's.
func withoutOwnTags(tags map[string]string) map[string]string {
	rest := make(map[string]string, len(tags)+3)
	for k, v := range tags {
		if !strings.HasPrefix(k, ownTags) {
			rest[k] = v
		}
	}
	return rest
}

// differences are what a comparison of definitions found, for a trouble.
func differences(attributes []plan.Attribute) []change.Difference {
	list := make([]change.Difference, 0, len(attributes))
	for _, a := range attributes {
		list = append(list, change.Difference{Attribute: a.Name, Want: a.Before, Got: a.After})
	}
	return list
}
