package glue

import (
	"cmp"
	"slices"
	"strings"
	"time"

	awsglue "github.com/aws/aws-sdk-go-v2/service/glue"
	"github.com/aws/aws-sdk-go-v2/service/glue/types"

	"github.com/glueguard/glueguard/internal/sandbox/service"
)

// lockedTransform returns the locked location and the transform of an id.
func (g *Glue) lockedTransform(c *service.Call, id *string) (*location, *transform, error) {
	l := g.locked(c)
	if l != nil {
		l.settleTransforms(g, c.Now)
		if t := l.transforms.get(deref(id)); t != nil {
			return l, t, nil
		}
		l.mu.Unlock()
	}
	return nil, nil, notFound("Cannot find MLTransform in account %s with handle %s.", c.Account, deref(id))
}

func (g *Glue) getMLTransform(c *service.Call, in *awsglue.GetMLTransformInput) (*awsglue.GetMLTransformOutput, error) {
	l, t, err := g.lockedTransform(c, in.TransformId)
	if err != nil {
		return nil, err
	}
	defer l.mu.Unlock()
	v := &t.view
	return &awsglue.GetMLTransformOutput{
		CreatedOn: v.CreatedOn, Description: v.Description, EvaluationMetrics: v.EvaluationMetrics,
		GlueVersion: v.GlueVersion, InputRecordTables: v.InputRecordTables, LabelCount: v.LabelCount,
		LastModifiedOn: v.LastModifiedOn, MaxCapacity: v.MaxCapacity, MaxRetries: v.MaxRetries, Name: v.Name,
		NumberOfWorkers: v.NumberOfWorkers, Parameters: v.Parameters, Role: v.Role, Schema: v.Schema,
		Status: v.Status, Timeout: v.Timeout, TransformEncryption: v.TransformEncryption,
		TransformId: v.TransformId, WorkerType: v.WorkerType,
	}, nil
}

func (g *Glue) getMLTransforms(c *service.Call, in *awsglue.GetMLTransformsInput) (*awsglue.GetMLTransformsOutput, error) {
	p, err := pageOf(c, in.MaxResults, in.NextToken, mostPage)
	if err != nil {
		return nil, err
	}
	l := g.locked(c)
	if l == nil {
		return &awsglue.GetMLTransformsOutput{Transforms: []types.MLTransform{}, NextToken: g.next(p, "", false)}, nil
	}
	defer l.mu.Unlock()
	l.settleTransforms(g, c.Now)
	rows := l.sorted(&p, in.Sort)
	items, last, more := list(rows, p, func(t *transform) (types.MLTransform, bool) {
		return t.view, passes(&t.view, in.Filter)
	})
	return &awsglue.GetMLTransformsOutput{Transforms: items, NextToken: g.next(p, last, more)}, nil
}

func (g *Glue) listMLTransforms(c *service.Call, in *awsglue.ListMLTransformsInput) (*awsglue.ListMLTransformsOutput, error) {
	p, err := pageOf(c, in.MaxResults, in.NextToken, mostPage)
	if err != nil {
		return nil, err
	}
	l := g.locked(c)
	if l == nil {
		return &awsglue.ListMLTransformsOutput{TransformIds: []string{}, NextToken: g.next(p, "", false)}, nil
	}
	defer l.mu.Unlock()
	l.settleTransforms(g, c.Now)
	rows := l.sorted(&p, in.Sort)
	ids, last, more := list(rows, p, func(t *transform) (string, bool) {
		return deref(t.view.TransformId), passes(&t.view, in.Filter) && hasTags(t.tags, in.Tags)
	})
	return &awsglue.ListMLTransformsOutput{TransformIds: ids, NextToken: g.next(p, last, more)}, nil
}

// sorted returns the transforms in the order asked for, with keys that page in that order: by id, unless a sort is given.
// In a descending order the rows after the page's key are found here, and the key is cleared.
func (l *location) sorted(p *page, by *types.TransformSortCriteria) *table[transform] {
	if by == nil {
		return &l.transforms
	}
	rows := make([]row[transform], len(l.transforms.rows))
	for i, r := range l.transforms.rows {
		rows[i] = row[transform]{sortKey(&r.value.view, by.Column) + "\x00" + r.key, r.value}
	}
	return &table[transform]{inOrder(rows, p, by.SortDirection)}
}

// inOrder sorts rows, leaves out those up to the page's key, and clears that key.
func inOrder[V any](rows []row[V], p *page, direction types.SortDirectionType) []row[V] {
	sign := 1
	if direction == types.SortDirectionTypeDescending {
		sign = -1
	}
	slices.SortFunc(rows, func(a, b row[V]) int { return sign * cmp.Compare(a.key, b.key) })
	if p.after != "" {
		rows = slices.DeleteFunc(rows, func(r row[V]) bool { return sign*strings.Compare(r.key, p.after) <= 0 })
		p.after = ""
	}
	return rows
}

func sortKey(v *types.MLTransform, column types.TransformSortColumnType) string {
	switch column {
	case types.TransformSortColumnTypeTransformType:
		return string(types.TransformTypeFindMatches)
	case types.TransformSortColumnTypeStatus:
		return string(v.Status)
	case types.TransformSortColumnTypeCreated:
		return timeKey(v.CreatedOn)
	case types.TransformSortColumnTypeLastModified:
		return timeKey(v.LastModifiedOn)
	default:
		return deref(v.Name)
	}
}

// timeKey writes a time so that its text sorts as the time does.
func timeKey(t *time.Time) string {
	return deref(t).UTC().Format("2006-01-02T15:04:05.000000000")
}

// passes tells whether a transform passes a filter; every member that is set must fit.
func passes(v *types.MLTransform, f *types.TransformFilterCriteria) bool {
	if f == nil {
		return true
	}
	return (f.Name == nil || deref(v.Name) == *f.Name) &&
		(f.Status == "" || v.Status == f.Status) &&
		(f.GlueVersion == nil || deref(v.GlueVersion) == *f.GlueVersion) &&
		(f.TransformType == "" || v.Parameters != nil && v.Parameters.TransformType == f.TransformType) &&
		within(v.CreatedOn, f.CreatedAfter, f.CreatedBefore) &&
		within(v.LastModifiedOn, f.LastModifiedAfter, f.LastModifiedBefore) &&
		(len(f.Schema) == 0 || slices.EqualFunc(v.Schema, f.Schema, sameColumn))
}

func within(t, after, before *time.Time) bool {
	return (after == nil || deref(t).After(*after)) && (before == nil || deref(t).Before(*before))
}

func sameColumn(a, b types.SchemaColumn) bool {
	return deref(a.Name) == deref(b.Name) && deref(a.DataType) == deref(b.DataType)
}
