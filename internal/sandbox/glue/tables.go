package glue

import (
	"strings"

	awsglue "github.com/aws/aws-sdk-go-v2/service/glue"
	"github.com/aws/aws-sdk-go-v2/service/glue/types"

	"github.com/glueguard/glueguard/internal/sandbox/service"
)

// catalogPage is the most that the data catalog lists at once.
const catalogPage = 100

// tablesOf are the tables of a location's data catalog by database: those that were seeded, and those that have settings
// for column statistics, since the sandbox takes settings for any table.
func (l *location) tablesOf() *table[table[types.Table]] {
	all := &table[table[types.Table]]{}
	add := func(key string, columns []types.SchemaColumn) {
		database, name, _ := strings.Cut(key, "\x00")
		in := all.get(database)
		if in == nil {
			in = &table[types.Table]{}
			all.put(database, in)
		}
		if in.get(name) != nil {
			return
		}
		t := &types.Table{Name: &name, DatabaseName: &database, StorageDescriptor: &types.StorageDescriptor{}}
		for _, c := range columns {
			t.StorageDescriptor.Columns = append(t.StorageDescriptor.Columns, types.Column{Name: c.Name, Type: c.DataType})
		}
		in.put(name, t)
	}
	for _, r := range l.schemas.rows {
		add(r.key, r.value.columns)
	}
	for _, r := range l.statistics.rows {
		add(r.key, nil)
	}
	return all
}

func (g *Glue) getDatabases(c *service.Call, in *awsglue.GetDatabasesInput) (*awsglue.GetDatabasesOutput, error) {
	p, err := g.catalogPage(c, in.CatalogId, in.MaxResults, in.NextToken)
	if err != nil {
		return nil, err
	}
	out := &awsglue.GetDatabasesOutput{DatabaseList: []types.Database{}}
	if l := g.locked(c); l != nil {
		defer l.mu.Unlock()
		databases := l.tablesOf()
		named := &table[types.Database]{}
		for _, r := range databases.rows {
			named.put(r.key, &types.Database{Name: &r.key, CatalogId: &c.Account})
		}
		items, last, more := list(named, p, func(d *types.Database) (types.Database, bool) { return *d, true })
		out.DatabaseList, out.NextToken = items, g.next(p, last, more)
	}
	return out, nil
}

func (g *Glue) getTables(c *service.Call, in *awsglue.GetTablesInput) (*awsglue.GetTablesOutput, error) {
	p, err := g.catalogPage(c, in.CatalogId, in.MaxResults, in.NextToken)
	if err != nil {
		return nil, err
	}
	if l := g.locked(c); l != nil {
		defer l.mu.Unlock()
		if tables := l.tablesOf().get(deref(in.DatabaseName)); tables != nil {
			items, last, more := list(tables, p, func(t *types.Table) (types.Table, bool) { return *t, true })
			return &awsglue.GetTablesOutput{TableList: items, NextToken: g.next(p, last, more)}, nil
		}
	}
	return nil, notFound("Database %s not found.", deref(in.DatabaseName))
}

func (g *Glue) catalogPage(c *service.Call, catalog *string, limit *int32, token *string) (page, error) {
	if err := checkCatalog(c, catalog); err != nil {
		return page{}, err
	}
	return pageOf(c, limit, token, catalogPage)
}
