package glue

import (
	"slices"

	awsglue "github.com/aws/aws-sdk-go-v2/service/glue"
	"github.com/aws/aws-sdk-go-v2/service/glue/types"

	"github.com/glueguard/glueguard/internal/sandbox/service"
)

// trigger is a trigger; it changes state at once.
type trigger struct {
	view types.Trigger
	tags map[string]string // nil: never had any
}

func (g *Glue) createTrigger(c *service.Call, in *awsglue.CreateTriggerInput) (*awsglue.CreateTriggerOutput, error) {
	if err := checkTrigger(in); err != nil {
		return nil, err
	}
	l := g.made(c.Account, c.Region)
	defer l.mu.Unlock()
	name := deref(in.Name)
	if l.triggers.get(name) != nil {
		return nil, service.Errorf("AlreadyExistsException", "Trigger with name %s already submitted", name)
	}
	if limit := g.settings.Load().Quotas.raised(l.seeded).Triggers; len(l.triggers.rows) >= limit {
		return nil, service.Errorf("ResourceNumberLimitExceededException", "Number of triggers exceeds the account limit of %d", limit)
	}
	actions, err := l.checkActions(c, in.Actions)
	if err != nil {
		return nil, err
	}
	state := types.TriggerStateCreated
	if in.StartOnCreation {
		state = types.TriggerStateActivated
	}
	l.triggers.put(name, &trigger{tags: given(in.Tags), view: types.Trigger{
		Name: in.Name, Type: in.Type, State: state, Actions: actions, Description: in.Description,
		EventBatchingCondition: in.EventBatchingCondition, Predicate: in.Predicate, Schedule: in.Schedule,
		WorkflowName: in.WorkflowName,
	}})
	return &awsglue.CreateTriggerOutput{Name: in.Name}, nil
}

func checkTrigger(in *awsglue.CreateTriggerInput) error {
	switch {
	case in.Type == types.TriggerTypeScheduled && deref(in.Schedule) == "":
		return invalid("A SCHEDULED trigger must have a schedule")
	case in.Type == types.TriggerTypeConditional && in.Predicate == nil:
		return invalid("A CONDITIONAL trigger must have a predicate")
	case in.Type == types.TriggerTypeOnDemand && in.StartOnCreation:
		return invalid("StartOnCreation is not supported for ON_DEMAND triggers")
	case len(in.Actions) == 0:
		return invalid("A trigger must have at least one action")
	}
	return checkTags(in.Tags)
}

// checkActions refuses actions on what doesn't exist, and returns the actions to keep.
func (l *location) checkActions(c *service.Call, actions []types.Action) ([]types.Action, error) {
	for _, a := range actions {
		switch {
		case a.JobName != nil && l.jobs.get(*a.JobName) == nil:
			return nil, notFound("Job %s not found.", *a.JobName)
		case a.CrawlerName != nil && l.crawlers.get(*a.CrawlerName) == nil:
			return nil, notFound("Crawler %s not found.", *a.CrawlerName)
		}
		if err := l.checkConfiguration(a.SecurityConfiguration); err != nil {
			return nil, err
		}
	}
	if !c.IgnoreEncryption {
		return actions, nil
	}
	actions = slices.Clone(actions)
	for i := range actions {
		actions[i].SecurityConfiguration = nil
	}
	return actions, nil
}

func (g *Glue) lockedTrigger(c *service.Call, name *string) (*location, *trigger, error) {
	if l := g.locked(c); l != nil {
		if t := l.triggers.get(deref(name)); t != nil {
			return l, t, nil
		}
		l.mu.Unlock()
	}
	return nil, nil, notFound("Trigger %s not found.", deref(name))
}

func (g *Glue) getTrigger(c *service.Call, in *awsglue.GetTriggerInput) (*awsglue.GetTriggerOutput, error) {
	l, t, err := g.lockedTrigger(c, in.Name)
	if err != nil {
		return nil, err
	}
	defer l.mu.Unlock()
	return &awsglue.GetTriggerOutput{Trigger: ptr(t.view)}, nil
}

func triggersOf(l *location) *table[trigger] { return &l.triggers }

// starts tells whether a trigger starts a job; nil asks for any trigger.
func (t *trigger) starts(job *string) bool {
	return job == nil || slices.ContainsFunc(t.view.Actions, func(a types.Action) bool { return deref(a.JobName) == *job })
}

func (g *Glue) getTriggers(c *service.Call, in *awsglue.GetTriggersInput) (*awsglue.GetTriggersOutput, error) {
	items, token, err := pages(g, c, in.MaxResults, in.NextToken, triggersOf, func(t *trigger) (types.Trigger, bool) {
		return t.view, t.starts(in.DependentJobName)
	})
	return &awsglue.GetTriggersOutput{Triggers: items, NextToken: token}, err
}

func (g *Glue) listTriggers(c *service.Call, in *awsglue.ListTriggersInput) (*awsglue.ListTriggersOutput, error) {
	names, token, err := pages(g, c, in.MaxResults, in.NextToken, triggersOf, func(t *trigger) (string, bool) {
		return deref(t.view.Name), t.starts(in.DependentJobName) && hasTags(t.tags, in.Tags)
	})
	return &awsglue.ListTriggersOutput{TriggerNames: names, NextToken: token}, err
}

// updateTrigger replaces the definition; the type can't change.
func (g *Glue) updateTrigger(c *service.Call, in *awsglue.UpdateTriggerInput) (*awsglue.UpdateTriggerOutput, error) {
	u := in.TriggerUpdate
	if u == nil {
		return nil, invalid("TriggerUpdate must not be null")
	}
	l, t, err := g.lockedTrigger(c, in.Name)
	if err != nil {
		return nil, err
	}
	defer l.mu.Unlock()
	actions, err := l.checkActions(c, u.Actions)
	if err != nil {
		return nil, err
	}
	t.view = types.Trigger{
		Name: t.view.Name, Type: t.view.Type, State: t.view.State, WorkflowName: t.view.WorkflowName, Id: t.view.Id,
		Actions: actions, Description: u.Description, EventBatchingCondition: u.EventBatchingCondition,
		Predicate: u.Predicate, Schedule: u.Schedule,
	}
	return &awsglue.UpdateTriggerOutput{Trigger: ptr(t.view)}, nil
}

// deleteTrigger answers alike whether the trigger was there or not, as AWS documents.
func (g *Glue) deleteTrigger(c *service.Call, in *awsglue.DeleteTriggerInput) (*awsglue.DeleteTriggerOutput, error) {
	if l := g.locked(c); l != nil {
		l.triggers.remove(deref(in.Name))
		l.mu.Unlock()
	}
	return &awsglue.DeleteTriggerOutput{Name: in.Name}, nil
}
