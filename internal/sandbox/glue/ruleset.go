package glue

import (
	awsglue "github.com/aws/aws-sdk-go-v2/service/glue"
	"github.com/aws/aws-sdk-go-v2/service/glue/types"

	"github.com/glueguard/glueguard/internal/sandbox/service"
)

// ruleset is a data quality ruleset.
type ruleset struct {
	view awsglue.GetDataQualityRulesetOutput
	tags map[string]string // nil: never had any
}

func (g *Glue) createDataQualityRuleset(
	c *service.Call, in *awsglue.CreateDataQualityRulesetInput,
) (*awsglue.CreateDataQualityRulesetOutput, error) {
	if err := checkTags(in.Tags); err != nil {
		return nil, err
	}
	l := g.made(c.Account, c.Region)
	defer l.mu.Unlock()
	name := deref(in.Name)
	if l.rulesets.get(name) != nil {
		return nil, service.Errorf("AlreadyExistsException", "Data Quality Ruleset %s already exists", name)
	}
	if err := l.checkConfiguration(in.DataQualitySecurityConfiguration); err != nil {
		return nil, err
	}
	r := &ruleset{tags: given(in.Tags), view: awsglue.GetDataQualityRulesetOutput{
		Name: in.Name, Ruleset: in.Ruleset, Description: in.Description, TargetTable: in.TargetTable,
		DataQualitySecurityConfiguration: in.DataQualitySecurityConfiguration,
		CreatedOn:                        ptr(c.Now), LastModifiedOn: ptr(c.Now),
	}}
	if c.IgnoreEncryption {
		r.view.DataQualitySecurityConfiguration = nil
	}
	l.rulesets.put(name, r)
	return &awsglue.CreateDataQualityRulesetOutput{Name: in.Name}, nil
}

func (g *Glue) lockedRuleset(c *service.Call, name *string) (*location, *ruleset, error) {
	if l := g.locked(c); l != nil {
		if r := l.rulesets.get(deref(name)); r != nil {
			return l, r, nil
		}
		l.mu.Unlock()
	}
	return nil, nil, notFound("Cannot find Data Quality Ruleset in account %s with name %s", c.Account, deref(name))
}

func (g *Glue) getDataQualityRuleset(
	c *service.Call, in *awsglue.GetDataQualityRulesetInput,
) (*awsglue.GetDataQualityRulesetOutput, error) {
	l, r, err := g.lockedRuleset(c, in.Name)
	if err != nil {
		return nil, err
	}
	defer l.mu.Unlock()
	return ptr(r.view), nil
}

// listDataQualityRulesets shows no security configuration: only GetDataQualityRuleset does.
func (g *Glue) listDataQualityRulesets(
	c *service.Call, in *awsglue.ListDataQualityRulesetsInput,
) (*awsglue.ListDataQualityRulesetsOutput, error) {
	f := deref(in.Filter)
	items, token, err := pages(g, c, in.MaxResults, in.NextToken,
		func(l *location) *table[ruleset] { return &l.rulesets },
		func(r *ruleset) (types.DataQualityRulesetListDetails, bool) {
			v := &r.view
			shown := (f.Name == nil || deref(v.Name) == *f.Name) && hasTags(r.tags, in.Tags) &&
				within(v.CreatedOn, f.CreatedAfter, f.CreatedBefore) &&
				within(v.LastModifiedOn, f.LastModifiedAfter, f.LastModifiedBefore)
			return types.DataQualityRulesetListDetails{
				Name: v.Name, Description: v.Description, CreatedOn: v.CreatedOn, LastModifiedOn: v.LastModifiedOn,
				TargetTable: v.TargetTable,
			}, shown
		})
	return &awsglue.ListDataQualityRulesetsOutput{Rulesets: items, NextToken: token}, err
}

// updateDataQualityRuleset can't change the security configuration: it is not among its members.
func (g *Glue) updateDataQualityRuleset(
	c *service.Call, in *awsglue.UpdateDataQualityRulesetInput,
) (*awsglue.UpdateDataQualityRulesetOutput, error) {
	l, r, err := g.lockedRuleset(c, in.Name)
	if err != nil {
		return nil, err
	}
	defer l.mu.Unlock()
	set(&r.view.Description, in.Description)
	set(&r.view.Ruleset, in.Ruleset)
	r.view.LastModifiedOn = ptr(c.Now)
	return &awsglue.UpdateDataQualityRulesetOutput{Name: r.view.Name, Description: r.view.Description, Ruleset: r.view.Ruleset}, nil
}

func (g *Glue) deleteDataQualityRuleset(
	c *service.Call, in *awsglue.DeleteDataQualityRulesetInput,
) (*awsglue.DeleteDataQualityRulesetOutput, error) {
	l, _, err := g.lockedRuleset(c, in.Name)
	if err != nil {
		return nil, err
	}
	defer l.mu.Unlock()
	l.rulesets.remove(deref(in.Name))
	return &awsglue.DeleteDataQualityRulesetOutput{}, nil
}
