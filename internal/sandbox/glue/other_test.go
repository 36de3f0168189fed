package glue

import (
	"fmt"
	"testing"
	"time"

	awsglue "github.com/aws/aws-sdk-go-v2/service/glue"
	"github.com/aws/aws-sdk-go-v2/service/glue/types"
	"github.com/google/go-cmp/cmp"
)

func TestTags(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	must[awsglue.CreateDevEndpointOutput](w, endpointInput(func(in *awsglue.CreateDevEndpointInput) { in.Tags = map[string]string{"a": "1"} }))
	id := *must[awsglue.CreateMLTransformOutput](w, transformInput()).TransformId
	w.PutJob(account, region, types.Job{Name: ptr("j")}, nil)
	w.PutCrawler(account, region, types.Crawler{Name: ptr("c")}, nil)
	w.PutTrigger(account, region, types.Trigger{Name: ptr("t")}, nil)
	prefix := "arn:aws:glue:eu-west-1:111122223333:"
	for _, path := range []string{"devEndpoint/dev", "mlTransform/" + id, "job/j", "crawler/c", "trigger/t"} {
		arn := prefix + path
		must[awsglue.TagResourceOutput](w, &awsglue.TagResourceInput{ResourceArn: &arn, TagsToAdd: map[string]string{"a": "2", "b": "3"}})
		must[awsglue.UntagResourceOutput](w, &awsglue.UntagResourceInput{ResourceArn: &arn, TagsToRemove: []string{"b", "none"}})
		if diff := cmp.Diff(map[string]string{"a": "2"}, must[awsglue.GetTagsOutput](w, &awsglue.GetTagsInput{ResourceArn: &arn}).Tags); diff != "" {
			t.Errorf("%s: %s", path, diff)
		}
	}
	many := map[string]string{}
	for i := range 50 {
		many[fmt.Sprint(i)] = "x"
	}
	arn := prefix + "devEndpoint/dev"
	for name, tc := range map[string]struct {
		arn  string
		tags map[string]string
		code string
	}{
		"51 tags":          {arn, many, "InvalidInputException"},
		"aws: tag":         {arn, map[string]string{"AWS:x": "1"}, "InvalidInputException"},
		"no such endpoint": {prefix + "devEndpoint/nope", nil, "EntityNotFoundException"},
		"no such kind":     {prefix + "securityConfiguration/x", nil, "EntityNotFoundException"},
		"other region":     {"arn:aws:glue:us-east-1:111122223333:devEndpoint/dev", nil, "EntityNotFoundException"},
		"no ARN":           {"dev", nil, "InvalidInputException"},
	} {
		_, err := do[awsglue.TagResourceOutput](w, &awsglue.TagResourceInput{ResourceArn: &tc.arn, TagsToAdd: tc.tags})
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			refused(t, err, tc.code, "")
		})
	}
}

func TestTagsHandedOutStay(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.PutDevEndpoint(account, region, types.DevEndpoint{EndpointName: ptr("e")}, map[string]string{"a": "1"})
	arn := "arn:aws:glue:eu-west-1:111122223333:devEndpoint/e"
	before := must[awsglue.GetTagsOutput](w, &awsglue.GetTagsInput{ResourceArn: &arn}).Tags
	must[awsglue.TagResourceOutput](w, &awsglue.TagResourceInput{ResourceArn: &arn, TagsToAdd: map[string]string{"b": "2"}})
	must[awsglue.UntagResourceOutput](w, &awsglue.UntagResourceInput{ResourceArn: &arn, TagsToRemove: []string{"a"}})
	if diff := cmp.Diff(map[string]string{"a": "1"}, before); diff != "" {
		t.Errorf("tags given out changed: %s", diff)
	}
}

func jobInput() *awsglue.CreateJobInput {
	return &awsglue.CreateJobInput{Name: ptr("etl"), Role: ptr(role), Command: &types.JobCommand{Name: ptr("glueetl"), ScriptLocation: ptr("s3://b/x.py")}}
}

func (w *world) job() *types.Job {
	w.t.Helper()
	return must[awsglue.GetJobOutput](w, &awsglue.GetJobInput{JobName: ptr("etl")}).Job
}

func TestUpdateJobOverwrites(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.configuration("sec", "SSE-KMS")
	in := jobInput()
	in.SecurityConfiguration, in.Description, in.WorkerType, in.NumberOfWorkers = ptr("sec"), ptr("d"), types.WorkerTypeG2x, ptr(int32(3))
	in.DefaultArguments = map[string]string{"--a": "1"}
	must[awsglue.CreateJobOutput](w, in)
	if j := w.job(); *j.MaxCapacity != 6 || j.AllocatedCapacity != 6 || *j.Timeout != 480 {
		t.Errorf("capacity %v, %d, timeout %d", *j.MaxCapacity, j.AllocatedCapacity, *j.Timeout)
	}
	_, err := do[awsglue.UpdateJobOutput](w, &awsglue.UpdateJobInput{JobName: ptr("etl"), JobUpdate: &types.JobUpdate{
		Role: ptr(role), Command: in.Command, MaxCapacity: ptr(6.0), WorkerType: types.WorkerTypeG2x, NumberOfWorkers: ptr(int32(3)),
	}})
	refused(t, err, "InvalidInputException", "Max Capacity")
	must[awsglue.UpdateJobOutput](w, &awsglue.UpdateJobInput{JobName: ptr("etl"), JobUpdate: &types.JobUpdate{Role: ptr(role), Command: in.Command}})
	if j := w.job(); j.SecurityConfiguration != nil || j.Description != nil || j.DefaultArguments != nil || j.WorkerType != "" || *j.MaxCapacity != 10 {
		t.Errorf("something survived the update: %+v", j)
	}
	_, err = do[awsglue.UpdateJobOutput](w, &awsglue.UpdateJobInput{JobName: ptr("nope"), JobUpdate: &types.JobUpdate{}})
	refused(t, err, "EntityNotFoundException", "nope")
	must[awsglue.DeleteJobOutput](w, &awsglue.DeleteJobInput{JobName: ptr("nope")}) // no exception is thrown
}

func TestJobRunUsesTransform(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	id := *must[awsglue.CreateMLTransformOutput](w, transformInput()).TransformId
	in := jobInput()
	in.DefaultArguments = map[string]string{"--transform": id}
	must[awsglue.CreateJobOutput](w, in)
	start := &awsglue.StartJobRunInput{JobName: ptr("etl")}
	run := must[awsglue.StartJobRunOutput](w, start).JobRunId
	_, err := do[awsglue.StartJobRunOutput](w, start)
	refused(t, err, "ConcurrentRunsExceededException", "etl")
	w.pass(5 * time.Minute)
	get := &awsglue.GetJobRunInput{JobName: ptr("etl"), RunId: run}
	if r := must[awsglue.GetJobRunOutput](w, get).JobRun; r.JobRunState != types.JobRunStateSucceeded || r.ExecutionTime != 300 {
		t.Errorf("run: %s, %d s", r.JobRunState, r.ExecutionTime)
	}
	runs := must[awsglue.GetMLTaskRunsOutput](w, &awsglue.GetMLTaskRunsInput{TransformId: &id}).TaskRuns
	if len(runs) != 1 || *runs[0].Properties.FindMatchesTaskRunProperties.JobName != "etl" || runs[0].Status != types.TaskStatusTypeSucceeded {
		t.Errorf("task runs: %+v", runs)
	}
	must[awsglue.DeleteMLTransformOutput](w, &awsglue.DeleteMLTransformInput{TransformId: &id})
	w.pass(time.Hour)
	w.SetProvisioning(0)
	_, err = do[awsglue.GetMLTransformOutput](w, &awsglue.GetMLTransformInput{TransformId: &id})
	refused(t, err, "EntityNotFoundException", id)
	must[awsglue.StartJobRunOutput](w, start)
	list := must[awsglue.GetJobRunsOutput](w, &awsglue.GetJobRunsInput{JobName: ptr("etl")}).JobRuns
	if len(list) != 2 || list[0].JobRunState != types.JobRunStateFailed {
		t.Errorf("a run with a deleted transform: %v", list[0].JobRunState)
	}
	w.SetEndOfLife(true)
	w.PutJob(account, region, types.Job{Name: ptr("old"), GlueVersion: ptr("1.0")}, nil)
	_, err = do[awsglue.StartJobRunOutput](w, &awsglue.StartJobRunInput{JobName: ptr("old")})
	refused(t, err, "InvalidInputException", "end of life")
}

func TestCrawler(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.configuration("sec", "SSE-S3")
	in := &awsglue.CreateCrawlerInput{Name: ptr("c"), Role: ptr(role), Targets: &types.CrawlerTargets{}, Schedule: ptr("cron(0 1 * * ? *)"), CrawlerSecurityConfiguration: ptr("sec")}
	must[awsglue.CreateCrawlerOutput](w, in)
	_, err := do[awsglue.CreateCrawlerOutput](w, in)
	refused(t, err, "AlreadyExistsException", "c")
	get := func() *types.Crawler {
		return must[awsglue.GetCrawlerOutput](w, &awsglue.GetCrawlerInput{Name: ptr("c")}).Crawler
	}
	if c := get(); *c.Schedule.ScheduleExpression != *in.Schedule || c.State != types.CrawlerStateReady || c.Version != 1 {
		t.Errorf("crawler %+v", c)
	}
	must[awsglue.StartCrawlerOutput](w, &awsglue.StartCrawlerInput{Name: ptr("c")})
	update := &awsglue.UpdateCrawlerInput{Name: ptr("c"), CrawlerSecurityConfiguration: ptr("sec")}
	for _, err := range []error{
		second(do[awsglue.UpdateCrawlerOutput](w, update)),
		second(do[awsglue.DeleteCrawlerOutput](w, &awsglue.DeleteCrawlerInput{Name: ptr("c")})),
		second(do[awsglue.StartCrawlerOutput](w, &awsglue.StartCrawlerInput{Name: ptr("c")})),
	} {
		refused(t, err, "CrawlerRunningException", "c")
	}
	must[awsglue.StopCrawlerOutput](w, &awsglue.StopCrawlerInput{Name: ptr("c")})
	_, err = do[awsglue.StopCrawlerOutput](w, &awsglue.StopCrawlerInput{Name: ptr("c")})
	refused(t, err, "CrawlerStoppingException", "c")
	w.pass(time.Hour)
	if c := get(); c.State != types.CrawlerStateReady || c.LastCrawl.Status != types.LastCrawlStatusCancelled {
		t.Errorf("after stop: %s %s", c.State, c.LastCrawl.Status)
	}
	must[awsglue.UpdateCrawlerOutput](w, update)
	if c := get(); c.Version != 2 || c.Schedule != nil || *c.Role != role {
		t.Errorf("after update: %+v", c)
	}
	must[awsglue.DeleteCrawlerOutput](w, &awsglue.DeleteCrawlerInput{Name: ptr("c")})
}

func TestTrigger(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	in := &awsglue.CreateTriggerInput{Name: ptr("t"), Type: types.TriggerTypeScheduled, Actions: []types.Action{{JobName: ptr("etl"), SecurityConfiguration: ptr("sec")}}}
	_, err := do[awsglue.CreateTriggerOutput](w, in)
	refused(t, err, "InvalidInputException", "schedule")
	in.Schedule = ptr("cron(0 1 * * ? *)")
	_, err = do[awsglue.CreateTriggerOutput](w, in)
	refused(t, err, "EntityNotFoundException", "etl")
	must[awsglue.CreateJobOutput](w, jobInput())
	_, err = do[awsglue.CreateTriggerOutput](w, in)
	refused(t, err, "InvalidInputException", "sec does not exist")
	w.configuration("sec", "SSE-S3")
	must[awsglue.CreateTriggerOutput](w, in)
	out := must[awsglue.GetTriggersOutput](w, &awsglue.GetTriggersInput{DependentJobName: ptr("etl")})
	if len(out.Triggers) != 1 || *out.Triggers[0].Actions[0].SecurityConfiguration != "sec" {
		t.Errorf("triggers %+v", out.Triggers)
	}
	if out := must[awsglue.GetTriggersOutput](w, &awsglue.GetTriggersInput{DependentJobName: ptr("x")}); len(out.Triggers) != 0 {
		t.Error("a trigger of another job")
	}
	must[awsglue.DeleteTriggerOutput](w, &awsglue.DeleteTriggerInput{Name: ptr("t")})
	must[awsglue.DeleteTriggerOutput](w, &awsglue.DeleteTriggerInput{Name: ptr("t")})
}

func TestSession(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	in := &awsglue.CreateSessionInput{Id: ptr("s"), Role: ptr(role), Command: &types.SessionCommand{Name: ptr("glueetl")}, GlueVersion: ptr("2.0")}
	_, err := do[awsglue.CreateSessionOutput](w, in)
	refused(t, err, "InvalidInputException", "greater than 2.0")
	in.GlueVersion = ptr("4.0")
	must[awsglue.CreateSessionOutput](w, in)
	_, err = do[awsglue.DeleteSessionOutput](w, &awsglue.DeleteSessionInput{Id: ptr("s")})
	refused(t, err, "IllegalSessionStateException", "PROVISIONING")
	w.pass(time.Hour)
	if out := must[awsglue.ListSessionsOutput](w, &awsglue.ListSessionsInput{}); len(out.Ids) != 1 || out.Sessions[0].Status != types.SessionStatusReady {
		t.Errorf("sessions %+v", out)
	}
	must[awsglue.StopSessionOutput](w, &awsglue.StopSessionInput{Id: ptr("s")})
	w.pass(time.Hour)
	must[awsglue.DeleteSessionOutput](w, &awsglue.DeleteSessionInput{Id: ptr("s")})
}

func TestDataCatalogEncryption(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	get := func() *types.DataCatalogEncryptionSettings {
		return must[awsglue.GetDataCatalogEncryptionSettingsOutput](w, &awsglue.GetDataCatalogEncryptionSettingsInput{}).DataCatalogEncryptionSettings
	}
	if s := get(); s.EncryptionAtRest.CatalogEncryptionMode != types.CatalogEncryptionModeDisabled {
		t.Errorf("default %+v", s)
	}
	put := func(s types.DataCatalogEncryptionSettings) {
		must[awsglue.PutDataCatalogEncryptionSettingsOutput](w, &awsglue.PutDataCatalogEncryptionSettingsInput{DataCatalogEncryptionSettings: &s})
	}
	put(types.DataCatalogEncryptionSettings{EncryptionAtRest: &types.EncryptionAtRest{CatalogEncryptionMode: types.CatalogEncryptionModeSsekms}})
	put(types.DataCatalogEncryptionSettings{ConnectionPasswordEncryption: &types.ConnectionPasswordEncryption{ReturnConnectionPasswordEncrypted: true}})
	if s := get(); s.EncryptionAtRest.CatalogEncryptionMode != types.CatalogEncryptionModeDisabled || !s.ConnectionPasswordEncryption.ReturnConnectionPasswordEncrypted {
		t.Errorf("the second put must replace the first: %+v", s)
	}
}

func TestRulesetAndColumnStatistics(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.configuration("sec", "SSE-S3")
	must[awsglue.CreateDataQualityRulesetOutput](w, &awsglue.CreateDataQualityRulesetInput{Name: ptr("r"), Ruleset: ptr("Rules = []"), DataQualitySecurityConfiguration: ptr("sec")})
	must[awsglue.UpdateDataQualityRulesetOutput](w, &awsglue.UpdateDataQualityRulesetInput{Name: ptr("r"), Description: ptr("d")})
	if r := must[awsglue.GetDataQualityRulesetOutput](w, &awsglue.GetDataQualityRulesetInput{Name: ptr("r")}); *r.DataQualitySecurityConfiguration != "sec" || *r.Description != "d" {
		t.Errorf("ruleset %+v", r)
	}
	if out := must[awsglue.ListDataQualityRulesetsOutput](w, &awsglue.ListDataQualityRulesetsInput{}); len(out.Rulesets) != 1 {
		t.Errorf("%d rulesets", len(out.Rulesets))
	}
	must[awsglue.DeleteDataQualityRulesetOutput](w, &awsglue.DeleteDataQualityRulesetInput{Name: ptr("r")})

	must[awsglue.CreateColumnStatisticsTaskSettingsOutput](w, &awsglue.CreateColumnStatisticsTaskSettingsInput{DatabaseName: ptr("db"), TableName: ptr("t"), Role: ptr(role)})
	must[awsglue.UpdateColumnStatisticsTaskSettingsOutput](w, &awsglue.UpdateColumnStatisticsTaskSettingsInput{DatabaseName: ptr("db"), TableName: ptr("t"), SecurityConfiguration: ptr("sec")})
	get := &awsglue.GetColumnStatisticsTaskSettingsInput{DatabaseName: ptr("db"), TableName: ptr("t")}
	if s := must[awsglue.GetColumnStatisticsTaskSettingsOutput](w, get).ColumnStatisticsTaskSettings; *s.SecurityConfiguration != "sec" || *s.Role != role {
		t.Errorf("settings %+v", s)
	}
	must[awsglue.DeleteColumnStatisticsTaskSettingsOutput](w, &awsglue.DeleteColumnStatisticsTaskSettingsInput{DatabaseName: ptr("db"), TableName: ptr("t")})
	_, err := do[awsglue.GetColumnStatisticsTaskSettingsOutput](w, get)
	refused(t, err, "EntityNotFoundException", "t")
}
