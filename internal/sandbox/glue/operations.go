package glue

import (
	awsglue "github.com/aws/aws-sdk-go-v2/service/glue"

	"github.com/glueguard/glueguard/internal/sandbox/service"
)

// Service lists the operations. The resources asked about for authorization follow AWS's Service Authorization
// Reference: endpoint listings, security configurations and CreateDevEndpoint know no resource, so a policy must allow
// them on "*".
func (g *Glue) Service() service.Service {
	var all []service.Operation
	all = append(all, g.endpointOperations()...)
	all = append(all, g.transformOperations()...)
	all = append(all, g.taskRunOperations()...)
	all = append(all, g.tagOperations()...)
	all = append(all, g.jobOperations()...)
	all = append(all, g.crawlerOperations()...)
	all = append(all, g.otherOperations()...)
	return service.Service{Model: "glue", Prefix: "glue", Operations: all}
}

// in makes an operation that some regions don't have. AWS answers InvalidInputException, with the region in angle
// brackets; for transforms that text is unconfirmed.
func in[I, O any](without func() []string, name string, handle func(*service.Call, *I) (*O, error)) service.Operation {
	return service.Op(name, func(c *service.Call, in *I) (*O, error) {
		if lacks(without(), c.Region) {
			return nil, invalid("Operation is not supported in <%s> region", c.Region)
		}
		return handle(c, in)
	})
}

// on is service.On for a resource of a kind that the input names.
func on[I any](op service.Operation, kind string, name func(*I) *string) service.Operation {
	return service.On(op, func(c *service.Call, in *I) string {
		if n := name(in); n != nil {
			return arn(c, kind, *n)
		}
		return arn(c, kind, "*")
	})
}

func (g *Glue) endpointOperations() []service.Operation {
	without := func() []string { return g.settings.Load().NoDevEndpoints }
	const kind = "devEndpoint"
	return []service.Operation{
		in(without, "CreateDevEndpoint", g.createDevEndpoint),
		on(in(without, "GetDevEndpoint", g.getDevEndpoint), kind,
			func(in *awsglue.GetDevEndpointInput) *string { return in.EndpointName }),
		in(without, "GetDevEndpoints", g.getDevEndpoints),
		in(without, "ListDevEndpoints", g.listDevEndpoints),
		on(in(without, "BatchGetDevEndpoints", g.batchGetDevEndpoints), kind,
			func(in *awsglue.BatchGetDevEndpointsInput) *string {
				if len(in.DevEndpointNames) == 1 {
					return &in.DevEndpointNames[0]
				}
				return nil
			}),
		on(in(without, "UpdateDevEndpoint", g.updateDevEndpoint), kind,
			func(in *awsglue.UpdateDevEndpointInput) *string { return in.EndpointName }),
		on(in(without, "DeleteDevEndpoint", g.deleteDevEndpoint), kind,
			func(in *awsglue.DeleteDevEndpointInput) *string { return in.EndpointName }),
		service.Op("CreateSecurityConfiguration", g.createSecurityConfiguration),
		service.Op("GetSecurityConfiguration", g.getSecurityConfiguration),
		service.Op("GetSecurityConfigurations", g.getSecurityConfigurations),
		service.Op("DeleteSecurityConfiguration", g.deleteSecurityConfiguration),
	}
}

func (g *Glue) withoutTransforms() []string { return g.settings.Load().NoMLTransforms }

const transformKind = "mlTransform"

func (g *Glue) transformOperations() []service.Operation {
	return []service.Operation{
		on(in(g.withoutTransforms, "CreateMLTransform", g.createMLTransform), transformKind,
			func(*awsglue.CreateMLTransformInput) *string { return nil }),
		on(in(g.withoutTransforms, "GetMLTransform", g.getMLTransform), transformKind,
			func(in *awsglue.GetMLTransformInput) *string { return in.TransformId }),
		on(in(g.withoutTransforms, "GetMLTransforms", g.getMLTransforms), transformKind,
			func(*awsglue.GetMLTransformsInput) *string { return nil }),
		on(in(g.withoutTransforms, "ListMLTransforms", g.listMLTransforms), transformKind,
			func(*awsglue.ListMLTransformsInput) *string { return nil }),
		on(in(g.withoutTransforms, "UpdateMLTransform", g.updateMLTransform), transformKind,
			func(in *awsglue.UpdateMLTransformInput) *string { return in.TransformId }),
		on(in(g.withoutTransforms, "DeleteMLTransform", g.deleteMLTransform), transformKind,
			func(in *awsglue.DeleteMLTransformInput) *string { return in.TransformId }),
	}
}

func (g *Glue) taskRunOperations() []service.Operation {
	return []service.Operation{
		on(in(g.withoutTransforms, "StartExportLabelsTaskRun", g.startExportLabels), transformKind,
			func(in *awsglue.StartExportLabelsTaskRunInput) *string { return in.TransformId }),
		on(in(g.withoutTransforms, "StartImportLabelsTaskRun", g.startImportLabels), transformKind,
			func(in *awsglue.StartImportLabelsTaskRunInput) *string { return in.TransformId }),
		on(in(g.withoutTransforms, "StartMLEvaluationTaskRun", g.startEvaluation), transformKind,
			func(in *awsglue.StartMLEvaluationTaskRunInput) *string { return in.TransformId }),
		on(in(g.withoutTransforms, "StartMLLabelingSetGenerationTaskRun", g.startLabelingSetGeneration), transformKind,
			func(in *awsglue.StartMLLabelingSetGenerationTaskRunInput) *string { return in.TransformId }),
		on(in(g.withoutTransforms, "GetMLTaskRun", g.getMLTaskRun), transformKind,
			func(in *awsglue.GetMLTaskRunInput) *string { return in.TransformId }),
		on(in(g.withoutTransforms, "GetMLTaskRuns", g.getMLTaskRuns), transformKind,
			func(in *awsglue.GetMLTaskRunsInput) *string { return in.TransformId }),
		on(in(g.withoutTransforms, "CancelMLTaskRun", g.cancelMLTaskRun), transformKind,
			func(in *awsglue.CancelMLTaskRunInput) *string { return in.TransformId }),
	}
}

func (g *Glue) tagOperations() []service.Operation {
	return []service.Operation{
		service.On(service.Op("TagResource", g.tagResource),
			func(_ *service.Call, in *awsglue.TagResourceInput) string { return deref(in.ResourceArn) }),
		service.On(service.Op("UntagResource", g.untagResource),
			func(_ *service.Call, in *awsglue.UntagResourceInput) string { return deref(in.ResourceArn) }),
		service.On(service.Op("GetTags", g.getTags),
			func(_ *service.Call, in *awsglue.GetTagsInput) string { return deref(in.ResourceArn) }),
	}
}

func (g *Glue) jobOperations() []service.Operation {
	const kind = "job"
	return []service.Operation{
		on(service.Op("CreateJob", g.createJob), kind, func(in *awsglue.CreateJobInput) *string { return in.Name }),
		on(service.Op("GetJob", g.getJob), kind, func(in *awsglue.GetJobInput) *string { return in.JobName }),
		on(service.Op("GetJobs", g.getJobs), kind, func(*awsglue.GetJobsInput) *string { return nil }),
		service.Op("ListJobs", g.listJobs),
		on(service.Op("BatchGetJobs", g.batchGetJobs), kind, func(*awsglue.BatchGetJobsInput) *string { return nil }),
		on(service.Op("UpdateJob", g.updateJob), kind, func(in *awsglue.UpdateJobInput) *string { return in.JobName }),
		on(service.Op("DeleteJob", g.deleteJob), kind, func(in *awsglue.DeleteJobInput) *string { return in.JobName }),
		on(service.Op("StartJobRun", g.startJobRun), kind, func(in *awsglue.StartJobRunInput) *string { return in.JobName }),
		on(service.Op("GetJobRun", g.getJobRun), kind, func(in *awsglue.GetJobRunInput) *string { return in.JobName }),
		on(service.Op("GetJobRuns", g.getJobRuns), kind, func(in *awsglue.GetJobRunsInput) *string { return in.JobName }),
	}
}

func (g *Glue) crawlerOperations() []service.Operation {
	const kind = "crawler"
	return []service.Operation{
		on(service.Op("CreateCrawler", g.createCrawler), kind, func(in *awsglue.CreateCrawlerInput) *string { return in.Name }),
		on(service.Op("GetCrawler", g.getCrawler), kind, func(in *awsglue.GetCrawlerInput) *string { return in.Name }),
		on(service.Op("GetCrawlers", g.getCrawlers), kind, func(*awsglue.GetCrawlersInput) *string { return nil }),
		service.Op("ListCrawlers", g.listCrawlers),
		on(service.Op("UpdateCrawler", g.updateCrawler), kind, func(in *awsglue.UpdateCrawlerInput) *string { return in.Name }),
		on(service.Op("DeleteCrawler", g.deleteCrawler), kind, func(in *awsglue.DeleteCrawlerInput) *string { return in.Name }),
		on(service.Op("StartCrawler", g.startCrawler), kind, func(in *awsglue.StartCrawlerInput) *string { return in.Name }),
		on(service.Op("StopCrawler", g.stopCrawler), kind, func(in *awsglue.StopCrawlerInput) *string { return in.Name }),
	}
}

func (g *Glue) otherOperations() []service.Operation {
	return []service.Operation{
		on(service.Op("CreateTrigger", g.createTrigger), "trigger", func(in *awsglue.CreateTriggerInput) *string { return in.Name }),
		on(service.Op("GetTrigger", g.getTrigger), "trigger", func(in *awsglue.GetTriggerInput) *string { return in.Name }),
		on(service.Op("GetTriggers", g.getTriggers), "trigger", func(*awsglue.GetTriggersInput) *string { return nil }),
		service.Op("ListTriggers", g.listTriggers),
		on(service.Op("UpdateTrigger", g.updateTrigger), "trigger", func(in *awsglue.UpdateTriggerInput) *string { return in.Name }),
		on(service.Op("DeleteTrigger", g.deleteTrigger), "trigger", func(in *awsglue.DeleteTriggerInput) *string { return in.Name }),
		on(service.Op("CreateSession", g.createSession), "session", func(in *awsglue.CreateSessionInput) *string { return in.Id }),
		on(service.Op("GetSession", g.getSession), "session", func(in *awsglue.GetSessionInput) *string { return in.Id }),
		service.Op("ListSessions", g.listSessions),
		on(service.Op("StopSession", g.stopSession), "session", func(in *awsglue.StopSessionInput) *string { return in.Id }),
		on(service.Op("DeleteSession", g.deleteSession), "session", func(in *awsglue.DeleteSessionInput) *string { return in.Id }),
		service.On(service.Op("GetDataCatalogEncryptionSettings", g.getDataCatalogEncryptionSettings), catalogOf[awsglue.GetDataCatalogEncryptionSettingsInput]),
		service.On(service.Op("PutDataCatalogEncryptionSettings", g.putDataCatalogEncryptionSettings), catalogOf[awsglue.PutDataCatalogEncryptionSettingsInput]),
		on(service.Op("CreateDataQualityRuleset", g.createDataQualityRuleset), "dataQualityRuleset",
			func(in *awsglue.CreateDataQualityRulesetInput) *string { return in.Name }),
		on(service.Op("GetDataQualityRuleset", g.getDataQualityRuleset), "dataQualityRuleset",
			func(in *awsglue.GetDataQualityRulesetInput) *string { return in.Name }),
		on(service.Op("ListDataQualityRulesets", g.listDataQualityRulesets), "dataQualityRuleset",
			func(*awsglue.ListDataQualityRulesetsInput) *string { return nil }),
		on(service.Op("UpdateDataQualityRuleset", g.updateDataQualityRuleset), "dataQualityRuleset",
			func(in *awsglue.UpdateDataQualityRulesetInput) *string { return in.Name }),
		on(service.Op("DeleteDataQualityRuleset", g.deleteDataQualityRuleset), "dataQualityRuleset",
			func(in *awsglue.DeleteDataQualityRulesetInput) *string { return in.Name }),
		service.On(service.Op("GetDatabases", g.getDatabases), catalogOf[awsglue.GetDatabasesInput]),
		service.On(service.Op("GetTables", g.getTables), catalogOf[awsglue.GetTablesInput]),
		service.Op("CreateColumnStatisticsTaskSettings", g.createColumnStatisticsTaskSettings),
		service.Op("GetColumnStatisticsTaskSettings", g.getColumnStatisticsTaskSettings),
		service.Op("UpdateColumnStatisticsTaskSettings", g.updateColumnStatisticsTaskSettings),
		service.Op("DeleteColumnStatisticsTaskSettings", g.deleteColumnStatisticsTaskSettings),
	}
}

// catalogOf names the data catalog of the call's location, AWS's root catalog.
func catalogOf[I any](c *service.Call, _ *I) string {
	return "arn:" + c.Partition + ":glue:" + c.Region + ":" + c.Account + ":catalog"
}
