package glue

import (
	awsglue "github.com/aws/aws-sdk-go-v2/service/glue"
	"github.com/aws/aws-sdk-go-v2/service/glue/types"

	"github.com/glueguard/glueguard/internal/sandbox/service"
)

// catalogSettings are the encryption settings of a location's data catalog.
type catalogSettings struct {
	view types.DataCatalogEncryptionSettings
}

// checkCatalog refuses the catalog of another account, which the sandbox doesn't share.
func checkCatalog(c *service.Call, id *string) error {
	if id != nil && *id != c.Account {
		return invalid("Catalog %s is not the catalog of account %s", *id, c.Account)
	}
	return nil
}

func (g *Glue) getDataCatalogEncryptionSettings(
	c *service.Call, in *awsglue.GetDataCatalogEncryptionSettingsInput,
) (*awsglue.GetDataCatalogEncryptionSettingsOutput, error) {
	if err := checkCatalog(c, in.CatalogId); err != nil {
		return nil, err
	}
	view := types.DataCatalogEncryptionSettings{
		EncryptionAtRest:             &types.EncryptionAtRest{CatalogEncryptionMode: types.CatalogEncryptionModeDisabled},
		ConnectionPasswordEncryption: &types.ConnectionPasswordEncryption{},
	}
	if l := g.locked(c); l != nil {
		defer l.mu.Unlock()
		if l.catalog != nil {
			view = l.catalog.view
		}
	}
	return &awsglue.GetDataCatalogEncryptionSettingsOutput{DataCatalogEncryptionSettings: &view}, nil
}

// putDataCatalogEncryptionSettings sets the whole: a half that is left out is switched off.
func (g *Glue) putDataCatalogEncryptionSettings(
	c *service.Call, in *awsglue.PutDataCatalogEncryptionSettingsInput,
) (*awsglue.PutDataCatalogEncryptionSettingsOutput, error) {
	if err := checkCatalog(c, in.CatalogId); err != nil {
		return nil, err
	}
	if in.DataCatalogEncryptionSettings == nil {
		return nil, invalid("DataCatalogEncryptionSettings must not be null")
	}
	view := *in.DataCatalogEncryptionSettings
	if view.EncryptionAtRest == nil || c.IgnoreEncryption {
		view.EncryptionAtRest = &types.EncryptionAtRest{CatalogEncryptionMode: types.CatalogEncryptionModeDisabled}
	}
	if view.ConnectionPasswordEncryption == nil || c.IgnoreEncryption {
		view.ConnectionPasswordEncryption = &types.ConnectionPasswordEncryption{}
	}
	l := g.made(c.Account, c.Region)
	defer l.mu.Unlock()
	l.catalog = &catalogSettings{view}
	return &awsglue.PutDataCatalogEncryptionSettingsOutput{}, nil
}

// columnStatistics are the settings of a table's column statistics task.
type columnStatistics struct {
	view types.ColumnStatisticsTaskSettings
}

func (g *Glue) createColumnStatisticsTaskSettings(
	c *service.Call, in *awsglue.CreateColumnStatisticsTaskSettingsInput,
) (*awsglue.CreateColumnStatisticsTaskSettingsOutput, error) {
	if err := checkCatalog(c, in.CatalogID); err != nil {
		return nil, err
	}
	if err := checkTags(in.Tags); err != nil {
		return nil, err
	}
	if err := g.mayCreate(c, in.Role, in.Tags, untrustedTransformRole); err != nil {
		return nil, err
	}
	l := g.made(c.Account, c.Region)
	defer l.mu.Unlock()
	key := schemaKey(deref(in.DatabaseName), deref(in.TableName))
	if l.statistics.get(key) != nil {
		return nil, service.Errorf("AlreadyExistsException", "Column statistics task settings already exist for table %s", deref(in.TableName))
	}
	if err := l.checkConfiguration(in.SecurityConfiguration); err != nil {
		return nil, err
	}
	view := types.ColumnStatisticsTaskSettings{
		CatalogID: ptr(c.Account), DatabaseName: in.DatabaseName, TableName: in.TableName, Role: in.Role,
		ColumnNameList: in.ColumnNameList, SampleSize: in.SampleSize, Schedule: schedule(in.Schedule),
		SecurityConfiguration: in.SecurityConfiguration,
	}
	if c.IgnoreEncryption {
		view.SecurityConfiguration = nil
	}
	l.statistics.put(key, &columnStatistics{view})
	return &awsglue.CreateColumnStatisticsTaskSettingsOutput{}, nil
}

func (g *Glue) lockedStatistics(c *service.Call, catalog, database, table *string) (*location, *columnStatistics, error) {
	if err := checkCatalog(c, catalog); err != nil {
		return nil, nil, err
	}
	if l := g.locked(c); l != nil {
		if s := l.statistics.get(schemaKey(deref(database), deref(table))); s != nil {
			return l, s, nil
		}
		l.mu.Unlock()
	}
	return nil, nil, notFound("Column statistics task settings not found for table %s", deref(table))
}

func (g *Glue) getColumnStatisticsTaskSettings(
	c *service.Call, in *awsglue.GetColumnStatisticsTaskSettingsInput,
) (*awsglue.GetColumnStatisticsTaskSettingsOutput, error) {
	l, s, err := g.lockedStatistics(c, in.CatalogID, in.DatabaseName, in.TableName)
	if err != nil {
		return nil, err
	}
	defer l.mu.Unlock()
	return &awsglue.GetColumnStatisticsTaskSettingsOutput{ColumnStatisticsTaskSettings: ptr(s.view)}, nil
}

// updateColumnStatisticsTaskSettings changes what is given and keeps the rest, which is unconfirmed.
func (g *Glue) updateColumnStatisticsTaskSettings(
	c *service.Call, in *awsglue.UpdateColumnStatisticsTaskSettingsInput,
) (*awsglue.UpdateColumnStatisticsTaskSettingsOutput, error) {
	if err := g.mayPass(c, in.Role, untrustedTransformRole); err != nil {
		return nil, err
	}
	l, s, err := g.lockedStatistics(c, in.CatalogID, in.DatabaseName, in.TableName)
	if err != nil {
		return nil, err
	}
	defer l.mu.Unlock()
	if err := l.checkConfiguration(in.SecurityConfiguration); err != nil {
		return nil, err
	}
	set(&s.view.Role, in.Role)
	set(&s.view.SecurityConfiguration, in.SecurityConfiguration)
	if in.Schedule != nil {
		s.view.Schedule = schedule(in.Schedule)
	}
	if len(in.ColumnNameList) > 0 {
		s.view.ColumnNameList = in.ColumnNameList
	}
	if in.SampleSize != 0 {
		s.view.SampleSize = in.SampleSize
	}
	return &awsglue.UpdateColumnStatisticsTaskSettingsOutput{}, nil
}

func (g *Glue) deleteColumnStatisticsTaskSettings(
	c *service.Call, in *awsglue.DeleteColumnStatisticsTaskSettingsInput,
) (*awsglue.DeleteColumnStatisticsTaskSettingsOutput, error) {
	l, _, err := g.lockedStatistics(c, in.CatalogID, in.DatabaseName, in.TableName)
	if err != nil {
		return nil, err
	}
	defer l.mu.Unlock()
	l.statistics.remove(schemaKey(deref(in.DatabaseName), deref(in.TableName)))
	return &awsglue.DeleteColumnStatisticsTaskSettingsOutput{}, nil
}
