package plan

import (
	"cmp"
	"fmt"
	"strings"

	"github.com/glueguard/glueguard/internal/resource"
)

// The names of steps that more than one list has.
const (
	stepSave          = "save-definition"
	stepCreateTwin    = "create-twin"
	stepExport        = "export-labels"
	stepImport        = "import-labels"
	stepEvaluate      = "evaluate"
	stepDelete        = "delete-original"
	stepUnreferenced  = "check-unreferenced"
	stepRemoveTags    = "remove-change-tags"
	stepCreateKey     = "create-key"
	stepConfiguration = "create-security-configuration"
)

// The statuses that waits are for.
const (
	ready    = "READY"
	notReady = "NOT_READY"
)

// steps lists what is done to get what is wanted.
func (p *proposal) steps() []Step {
	switch {
	case p.endpoint != nil && p.w.Strategy == Retire:
		return p.retireEndpoint()
	case p.endpoint != nil:
		return p.replaceEndpoint()
	case p.w.Strategy == Retire:
		return p.retireTransform()
	}
	return p.replaceTransform()
}

// groundwork lists what comes before the twin: the key, who may use it, what is kept of the original, the configuration.
func (p *proposal) groundwork() []Step {
	steps := p.keySteps()
	if g := p.grant(); g != nil {
		steps = append(steps, Step{
			Name: "create-grant", Kind: CreateGrant, Grant: g,
			Summary:      fmt.Sprintf("let %s use the key %s, by a grant named %q", g.Grantee, g.KeyARN, g.Name),
			Precondition: "no grant of that name does it already",
		})
	}
	steps = append(steps, saveDefinition())
	if p.made != nil {
		made := *p.made
		steps = append(steps, Step{
			Name: stepConfiguration, Kind: CreateConfiguration, Configuration: &made,
			Summary:      fmt.Sprintf("make the security configuration %s (%s)", made.Name, configurationWords(made)),
			Precondition: "none of that name is there, or one with the same content, which then serves",
		})
	}
	return steps
}

func (p *proposal) keySteps() []Step {
	if !p.makesKey() {
		return nil
	}
	key := *p.newKey
	key.Alias = cmp.Or(key.Alias, DefaultAlias)
	key.Description = cmp.Or(key.Description, keyDescription)
	key.Policy = cmp.Or(key.Policy, KeyPolicy(p.s.Location, p.role()))
	step := func(name string, kind Kind, summary string) Step {
		own := key
		return Step{Name: name, Kind: kind, Key: &own, Summary: summary, Precondition: fmt.Sprintf("%s does not exist, or is ours", key.Alias)}
	}
	return []Step{
		step(stepCreateKey, CreateKey, "make a KMS key that this account, the resource's role and CloudWatch Logs may use"),
		step("create-alias", CreateAlias, "name it "+key.Alias),
		step("enable-key-rotation", EnableRotation, "turn its yearly rotation on"),
	}
}

// grant is the grant to make; a key of the change's own lets the role use it by its policy.
func (p *proposal) grant() *Grant {
	if p.w.Grant == nil || p.makesKey() || p.to != resource.ModeSSEKMS {
		return nil
	}
	g := *p.w.Grant
	g.Name = cmp.Or(g.Name, "glueguard")
	g.KeyARN = cmp.Or(g.KeyARN, p.key)
	g.Grantee = cmp.Or(g.Grantee, p.role())
	if len(g.Operations) == 0 {
		g.Operations = GrantOperations()
	}
	return &g
}

func (p *proposal) role() string {
	if p.endpoint != nil {
		return p.endpoint.Definition.RoleARN
	}
	return p.transform.Definition.RoleARN
}

func saveDefinition() Step {
	return Step{
		Name: stepSave, Kind: SaveDefinition, Role: Original,
		Summary:      "keep the original's full definition and tags in the journal, and read it back",
		Precondition: "the original is what this plan saw",
	}
}

// configurationWords says what a configuration encrypts.
func configurationWords(c resource.SecurityConfiguration) string {
	words := []string{"S3 " + string(inForce(c.S3).Mode)}
	for _, part := range []struct {
		name  string
		block *resource.Encryption
	}{{"logs", c.CloudWatch}, {"job bookmarks", c.JobBookmarks}, {"data quality", c.DataQuality}} {
		if b := block(part.block); b != nil {
			words = append(words, part.name+" "+string(b.Mode))
		}
	}
	return strings.Join(words, ", ")
}

// wait is a step that waits until a resource is as ready as it should be.
func wait(name string, role Role, status string, limit int) Step {
	return Step{
		Name: name, Kind: WaitReady, Role: role, Status: status, LimitMinutes: limit,
		Summary: fmt.Sprintf("wait until the %s is %s", words(role), status),
	}
}

func waitGone(name string, role Role, limit int) Step {
	return Step{
		Name: name, Kind: WaitGone, Role: role, LimitMinutes: limit,
		Summary: fmt.Sprintf("wait until the %s is gone", words(role)),
	}
}

func waitRun(name string, role Role, after string, limit int) Step {
	return Step{
		Name: name, Kind: WaitTaskRun, Role: role, After: after, LimitMinutes: limit,
		Summary: fmt.Sprintf("wait until the run of %s has succeeded", after),
	}
}

// words is a role as people call it.
func words(r Role) string {
	switch r {
	case RestoredTwin:
		return "restored twin"
	case Restored:
		return "restored one"
	}
	return string(r)
}

// identical says what is checked right before anything is deleted.
const identical = "it is the very one, and nothing of it has changed"
