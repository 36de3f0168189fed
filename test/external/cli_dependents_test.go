package external_test

import (
	"time"

	"github.com/glueguard/glueguard/internal/sandbox"
)

// dependentScenarios cover what else in Glue names a security configuration.
func dependentScenarios() []scenario {
	configuration := step{
		name: "configuration", want: want{"Name": "kms"},
		run: "glue create-security-configuration --name kms --encryption-configuration S3Encryption=[{S3EncryptionMode=SSE-S3}]",
	}
	setup := append(roleSteps(), configuration)
	with := func(steps ...[]step) []step {
		all := append([]step{}, setup...)
		for _, s := range steps {
			all = append(all, s...)
		}
		return all
	}
	return []scenario{
		{name: "jobs", options: sandbox.Options{Provisioning: 10 * time.Minute}, steps: with(jobSteps())},
		{name: "crawlers and triggers", options: sandbox.Options{Provisioning: 10 * time.Minute}, steps: with(crawlerSteps(), triggerSteps())},
		{name: "sessions", options: sandbox.Options{Provisioning: 10 * time.Minute}, steps: with(sessionSteps())},
		{name: "catalog and data quality", steps: with(catalogSteps())},
	}
}

func jobSteps() []step {
	return []step{
		{name: "create", run: "glue create-job --name etl --role $role --command Name=glueetl,ScriptLocation=s3://b/etl.py --glue-version 4.0" +
			" --security-configuration kms --default-arguments '{\"--transform\":\"tfm-1\"}' --tags team=data", want: want{"Name": "etl"}},
		{name: "same name", run: "glue create-job --name etl --role $role --command Name=glueetl,ScriptLocation=s3://b/etl.py", refused: "AlreadyExistsException"},
		{name: "another", run: "glue create-job --name other --role $role --command Name=glueetl,ScriptLocation=s3://b/o.py", want: want{"Name": "other"}},
		{name: "get", run: "glue get-job --job-name etl", want: want{
			"Job.SecurityConfiguration": "kms", "Job.Command.ScriptLocation": "s3://b/etl.py",
			"Job.DefaultArguments.--transform": "tfm-1", "Job.GlueVersion": "4.0", "Job.CreatedOn": filled,
		}},
		{name: "pages", run: "glue get-jobs --page-size 1", calls: 2, want: want{"Jobs[].Name": set("etl", "other")}},
		{name: "batch", run: "glue batch-get-jobs --job-names etl nothing", want: want{"Jobs[].Name": list("etl"), "JobsNotFound": list("nothing")}},
		{name: "names", run: "glue list-jobs --tags team=data", want: want{"JobNames": list("etl")}},
		{name: "update", run: "glue update-job --job-name etl --job-update 'Role=$role,Command={Name=glueetl,ScriptLocation=s3://b/new.py}'", want: want{"JobName": "etl"}},
		{name: "is overwritten whole", run: "glue get-job --job-name etl", want: want{
			"Job.Command.ScriptLocation": "s3://b/new.py",
			"Job.SecurityConfiguration":  absent, "Job.DefaultArguments": absent,
		}},
		{name: "run", run: "glue start-job-run --job-name etl", save: map[string]string{"run": "JobRunId"}, want: want{"JobRunId": like("^jr_")}},
		{name: "is running", run: "glue get-job-run --job-name etl --run-id $run", want: want{"JobRun.JobRunState": like("STARTING|RUNNING|WAITING"), "JobRun.JobName": "etl"}},
		{name: "has run", at: "10m", run: "glue get-job-run --job-name etl --run-id $run", want: want{"JobRun.JobRunState": "SUCCEEDED", "JobRun.CompletedOn": filled}},
		{name: "runs", run: "glue get-job-runs --job-name etl", want: want{"JobRuns[].Id": list("$run")}},
		{name: "run of nothing", run: "glue start-job-run --job-name nothing", refused: "EntityNotFoundException"},
		{name: "delete", run: "glue delete-job --job-name etl", want: want{"JobName": "etl"}},
		{name: "is gone", run: "glue get-job --job-name etl", refused: "EntityNotFoundException"},
	}
}

func crawlerSteps() []step {
	return []step{
		{name: "crawler", run: "glue create-crawler --name c1 --role $role --database-name db --targets S3Targets=[{Path=s3://b/in}] --crawler-security-configuration kms --tags team=data"},
		{name: "crawler without", run: "glue create-crawler --name c2 --role $role --targets S3Targets=[{Path=s3://b/in}]"},
		{name: "same crawler", run: "glue create-crawler --name c1 --role $role --targets S3Targets=[{Path=s3://b/in}]", refused: "AlreadyExistsException"},
		{name: "get crawler", run: "glue get-crawler --name c1", want: want{
			"Crawler.Name": "c1", "Crawler.CrawlerSecurityConfiguration": "kms",
			"Crawler.State": "READY", "Crawler.Targets.S3Targets.0.Path": "s3://b/in",
		}},
		{name: "crawler pages", run: "glue get-crawlers --page-size 1", calls: 2, want: want{"Crawlers[].Name": set("c1", "c2")}},
		{name: "crawler names", run: "glue list-crawlers --tags team=data", want: want{"CrawlerNames": list("c1")}},
		{name: "update crawler", run: "glue update-crawler --name c2 --crawler-security-configuration kms"},
		{name: "updated crawler", run: "glue get-crawler --name c2", want: want{"Crawler.CrawlerSecurityConfiguration": "kms"}},
		{name: "start crawler", run: "glue start-crawler --name c1"},
		{name: "crawler runs", run: "glue get-crawler --name c1", want: want{"Crawler.State": "RUNNING"}},
		{name: "start it again", run: "glue start-crawler --name c1", refused: "CrawlerRunningException"},
		{name: "update it meanwhile", run: "glue update-crawler --name c1 --description x", refused: "CrawlerRunningException"},
		{name: "stop crawler", run: "glue stop-crawler --name c1"},
		{name: "crawler has stopped", at: "1h", run: "glue get-crawler --name c1", want: want{"Crawler.State": "READY"}},
		{name: "stop it again", run: "glue stop-crawler --name c1", refused: "CrawlerNotRunningException"},
		{name: "delete crawler", run: "glue delete-crawler --name c2"},
		{name: "crawler is gone", run: "glue get-crawler --name c2", refused: "EntityNotFoundException"},
	}
}

func triggerSteps() []step {
	return []step{
		{name: "job", run: "glue create-job --name etl --role $role --command Name=glueetl,ScriptLocation=s3://b/etl.py", want: want{"Name": "etl"}},
		{name: "trigger", run: "glue create-trigger --name t1 --type ON_DEMAND --actions JobName=etl,SecurityConfiguration=kms --tags team=data", want: want{"Name": "t1"}},
		{name: "scheduled trigger", run: "glue create-trigger --name t2 --type SCHEDULED --schedule 'cron(0 1 * * ? *)' --actions JobName=etl", want: want{"Name": "t2"}},
		{name: "same trigger", run: "glue create-trigger --name t1 --type ON_DEMAND --actions JobName=etl", refused: "AlreadyExistsException"},
		{name: "get trigger", run: "glue get-trigger --name t1", want: want{"Trigger.Type": "ON_DEMAND", "Trigger.Actions.0.SecurityConfiguration": "kms", "Trigger.State": "CREATED"}},
		{name: "trigger pages", run: "glue get-triggers --page-size 1", calls: 2, want: want{"Triggers[].Name": set("t1", "t2")}},
		{name: "trigger names", run: "glue list-triggers --tags team=data", want: want{"TriggerNames": list("t1")}},
		{name: "update trigger", run: "glue update-trigger --name t1 --trigger-update 'Description=new,Actions=[{JobName=etl}]'", want: want{"Trigger.Description": "new"}},
		{name: "delete trigger", run: "glue delete-trigger --name t1", want: want{"Name": "t1"}},
		{name: "trigger is gone", at: "1h", run: "glue get-trigger --name t1", refused: "EntityNotFoundException"},
	}
}

func sessionSteps() []step {
	return []step{
		{
			name: "create", run: "glue create-session --id s1 --role $role --command Name=glueetl,PythonVersion=3 --glue-version 4.0 --security-configuration kms --tags team=data",
			want: want{"Session.Id": "s1", "Session.Status": "PROVISIONING", "Session.SecurityConfiguration": "kms"},
		},
		{name: "same id", run: "glue create-session --id s1 --role $role --command Name=glueetl", refused: "AlreadyExistsException"},
		{name: "is ready", at: "10m", run: "glue get-session --id s1", want: want{"Session.Status": "READY"}},
		{name: "all", run: "glue list-sessions", want: want{"Ids": list("s1"), "Sessions[].SecurityConfiguration": list("kms")}},
		{name: "stop", run: "glue stop-session --id s1", want: want{"Id": "s1"}},
		{name: "is stopped", at: "10m", run: "glue get-session --id s1", want: want{"Session.Status": "STOPPED"}},
		{name: "delete", run: "glue delete-session --id s1", want: want{"Id": "s1"}},
		{name: "is gone", at: "10m", run: "glue get-session --id s1", refused: "EntityNotFoundException"},
	}
}

func catalogSteps() []step {
	table := " --database-name db --table-name people"
	return []step{
		{name: "catalog as AWS makes it", run: "glue get-data-catalog-encryption-settings", want: want{
			"DataCatalogEncryptionSettings.EncryptionAtRest.CatalogEncryptionMode":                         "DISABLED",
			"DataCatalogEncryptionSettings.ConnectionPasswordEncryption.ReturnConnectionPasswordEncrypted": false,
		}},
		{name: "encrypt it", run: "glue put-data-catalog-encryption-settings --data-catalog-encryption-settings" +
			" EncryptionAtRest={CatalogEncryptionMode=SSE-KMS,SseAwsKmsKeyId=alias/aws/glue}"},
		{name: "is encrypted", run: "glue get-data-catalog-encryption-settings", want: want{
			"DataCatalogEncryptionSettings.EncryptionAtRest.CatalogEncryptionMode": "SSE-KMS",
			"DataCatalogEncryptionSettings.EncryptionAtRest.SseAwsKmsKeyId":        "alias/aws/glue",
		}},
		{name: "ruleset", run: "glue create-data-quality-ruleset --name rules --ruleset 'Rules = [ IsComplete \"id\" ]' --data-quality-security-configuration kms", want: want{"Name": "rules"}},
		{name: "get ruleset", run: "glue get-data-quality-ruleset --name rules", want: want{"Name": "rules", "DataQualitySecurityConfiguration": "kms", "Ruleset": filled}},
		{name: "rulesets", run: "glue list-data-quality-rulesets", want: want{"Rulesets[].Name": list("rules")}},
		{name: "update ruleset", run: "glue update-data-quality-ruleset --name rules --description new", want: want{"Name": "rules", "Description": "new"}},
		{name: "ruleset keeps its configuration", run: "glue get-data-quality-ruleset --name rules", want: want{"Description": "new", "DataQualitySecurityConfiguration": "kms"}},
		{name: "delete ruleset", run: "glue delete-data-quality-ruleset --name rules"},
		{name: "ruleset is gone", run: "glue get-data-quality-ruleset --name rules", refused: "EntityNotFoundException"},
		{name: "statistics", run: "glue create-column-statistics-task-settings --role $role --security-configuration kms --column-name-list id" + table},
		{name: "get statistics", run: "glue get-column-statistics-task-settings" + table, want: want{
			"ColumnStatisticsTaskSettings.SecurityConfiguration": "kms", "ColumnStatisticsTaskSettings.TableName": "people", "ColumnStatisticsTaskSettings.ColumnNameList": list("id"),
		}},
		{name: "databases", run: "glue get-databases", want: want{"DatabaseList[].Name": list("db")}},
		{name: "tables", run: "glue get-tables --database-name db", want: want{"TableList[].Name": list("people")}},
		{name: "tables of no database", run: "glue get-tables --database-name none", refused: "EntityNotFoundException"},
		{name: "update statistics", run: "glue update-column-statistics-task-settings --sample-size 10" + table},
		{name: "delete statistics", run: "glue delete-column-statistics-task-settings" + table},
		{name: "statistics of nothing", run: "glue get-column-statistics-task-settings" + table, refused: "EntityNotFoundException"},
	}
}
