package inventory

import (
	"context"
	"errors"
	"fmt"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/glue"

	"github.com/glueguard/glueguard/internal/awsapi"
)

const (
	opDatabases  = "glue:GetDatabases"
	opTables     = "glue:GetTables"
	opStatistics = "glue:GetColumnStatisticsTaskSettings"
)

// statistics reads the settings for column statistics of every table: Glue lists them in no other way.
func (r *references) statistics(ctx context.Context) error {
	var names []string
	err := every(opDatabases, func(token *string) (*string, error) {
		in := &glue.GetDatabasesInput{MaxResults: aws.Int32(listedPerPage), NextToken: token}
		out, err := awsapi.Read(ctx, r.place, opDatabases, r.glue.GetDatabases, in, r.place.Glue)
		if err != nil {
			return nil, err
		}
		for i := range out.DatabaseList {
			// A link to a database elsewhere has no tables of its own.
			if d := &out.DatabaseList[i]; d.TargetDatabase == nil && d.FederatedDatabase == nil {
				names = append(names, aws.ToString(d.Name))
			}
		}
		return out.NextToken, nil
	})
	if err != nil {
		return err
	}
	return errors.Join(each(names, func(database string) error { return r.tables(ctx, database) })...)
}

func (r *references) tables(ctx context.Context, database string) error {
	var names []string
	err := every(opTables, func(token *string) (*string, error) {
		in := &glue.GetTablesInput{DatabaseName: &database, MaxResults: aws.Int32(listedPerPage), NextToken: token}
		out, err := awsapi.Read(ctx, r.place, opTables, r.glue.GetTables, in, r.place.Glue)
		if err != nil {
			return nil, err
		}
		for i := range out.TableList {
			if out.TableList[i].TargetTable == nil {
				names = append(names, aws.ToString(out.TableList[i].Name))
			}
		}
		return out.NextToken, nil
	})
	switch {
	case awsapi.IsNotFound(err): // deleted meanwhile
		return nil
	case err != nil:
		return err
	}
	return errors.Join(each(names, func(table string) error {
		in := &glue.GetColumnStatisticsTaskSettingsInput{DatabaseName: &database, TableName: &table}
		out, err := awsapi.Read(ctx, r.place, opStatistics, r.glue.GetColumnStatisticsTaskSettings, in, r.place.Glue)
		switch {
		case awsapi.IsNotFound(err): // the table has none
			return nil
		case err != nil:
			return fmt.Errorf("%s: %w", opStatistics, err)
		}
		if s := out.ColumnStatisticsTaskSettings; s != nil {
			r.add(s.SecurityConfiguration, "column statistics of", aws.String(database+"."+table))
		}
		return nil
	})...)
}
