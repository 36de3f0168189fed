package external_test

import (
	"time"

	"github.com/glueguard/glueguard/internal/sandbox"
)

// createTransform is a create without its name.
const createTransform = "glue create-ml-transform --role $role --input-record-tables DatabaseName=db,TableName=people" +
	" --parameters TransformType=FIND_MATCHES,FindMatchesParameters={PrimaryKeyColumnName=id} --name "

// encrypted is the transform encryption of a create.
const encrypted = ` --transform-encryption '{"MlUserDataEncryption":{"MlUserDataEncryptionMode":"SSE-KMS","KmsKeyId":"$key"},` +
	`"TaskRunSecurityConfigurationName":"kms"}'`

func transformScenarios() []scenario {
	return []scenario{
		{name: "transforms", steps: append(roleSteps(), transformSteps()...)},
		{name: "task runs", options: sandbox.Options{Provisioning: 10 * time.Minute}, steps: append(roleSteps(), taskRunSteps()...)},
	}
}

func transformSteps() []step {
	get := "glue get-ml-transform --transform-id $id"
	return []step{
		{name: "key", run: "kms create-key", save: map[string]string{"key": "KeyMetadata.Arn"}},
		{name: "configuration", run: "glue create-security-configuration --name kms --encryption-configuration S3Encryption=[{S3EncryptionMode=SSE-S3}]"},
		{name: "create", run: createTransform + "plain", save: map[string]string{"id": "TransformId"}, want: want{"TransformId": like("^tfm-[0-9a-f]+$")}},
		{
			name: "create encrypted", run: createTransform + "safe --worker-type G.1X --number-of-workers 2 --tags team=data" + encrypted,
			save: map[string]string{"safe": "TransformId"},
		},
		{name: "same name", run: createTransform + "plain", refused: "AlreadyExistsException"},
		{name: "as it was made", run: get, want: want{
			"Name": "plain", "Status": "NOT_READY", "GlueVersion": "0.9", "MaxCapacity": 10.0, "Timeout": 2880, "LabelCount": 0,
			"TransformEncryption": absent, "Parameters.FindMatchesParameters.PrimaryKeyColumnName": "id", "InputRecordTables.0.TableName": "people",
		}},
		{name: "as it was made, encrypted", run: "glue get-ml-transform --transform-id $safe", want: want{
			"TransformEncryption.MlUserDataEncryption.MlUserDataEncryptionMode": "SSE-KMS", "TransformEncryption.MlUserDataEncryption.KmsKeyId": "$key",
			"TransformEncryption.TaskRunSecurityConfigurationName": "kms", "WorkerType": "G.1X", "NumberOfWorkers": 2, "MaxCapacity": filled,
		}},
		{name: "tags", run: "glue get-tags --resource-arn arn:aws:glue:$region:$account:mlTransform/$safe", want: want{"Tags.team": "data"}},
		{name: "all", run: "glue get-ml-transforms", want: want{"Transforms[].Name": set("plain", "safe"), "NextToken": absent}},
		{name: "first page", run: "glue get-ml-transforms --max-results 1", save: map[string]string{"token": "NextToken"}, want: want{"Transforms": size(1)}},
		{name: "second page", run: "glue get-ml-transforms --max-results 1 --next-token $token", want: want{"Transforms": size(1), "NextToken": absent}},
		{name: "filtered", run: "glue get-ml-transforms --filter Name=safe", want: want{"Transforms[].TransformId": list("$safe")}},
		{name: "sorted", run: "glue get-ml-transforms --sort Column=NAME,SortDirection=DESCENDING", want: want{"Transforms[].Name": list("safe", "plain")}},
		{name: "ids", run: "glue list-ml-transforms --tags team=data", want: want{"TransformIds": list("$safe")}},
		{name: "rename", run: "glue update-ml-transform --transform-id $id --name renamed --description 'less plain'", want: want{"TransformId": "$id"}},
		{name: "renamed", run: get, want: want{"Name": "renamed", "Description": "less plain"}},
		{name: "a name that is taken", run: "glue update-ml-transform --transform-id $id --name safe", refused: "InvalidInputException"},
		{
			name: "the procedure's command is no command", usage: "Unknown options: --transform-encryption",
			run: "glue update-ml-transform --transform-id $id --transform-encryption MlUserDataEncryption={MlUserDataEncryptionMode=SSE-KMS}",
		},
		{name: "both sizes", run: createTransform + "x --max-capacity 5 --worker-type G.1X --number-of-workers 2", refused: "InvalidInputException"},
		{
			name: "no such mode", refused: "ValidationException",
			run: createTransform + "x --transform-encryption MlUserDataEncryption={MlUserDataEncryptionMode=SSE-S3}",
		},
		{name: "one that is missing", run: "glue get-ml-transform --transform-id tfm-nobody", refused: "EntityNotFoundException"},
		{name: "delete", run: "glue delete-ml-transform --transform-id $id", want: want{"TransformId": "$id"}},
		{name: "is gone", at: "1h", run: get, refused: "EntityNotFoundException"},
	}
}

func taskRunSteps() []step {
	run := "glue get-ml-task-run --transform-id $id --task-run-id "
	return []step{
		{name: "bucket", run: "s3api create-bucket --bucket labels --create-bucket-configuration LocationConstraint=eu-central-1", want: want{"Location": filled}},
		{name: "labels", run: "s3api put-object --bucket labels --key in.csv --body testdata/labels.csv", want: want{"ETag": filled}},
		{name: "create", run: createTransform + "people", save: map[string]string{"id": "TransformId"}},
		{name: "a role that may not read", run: "glue start-import-labels-task-run --transform-id $id --input-s3-path s3://labels/in.csv", refused: "InvalidInputException"},
		{
			name: "let it", run: `iam put-role-policy --role-name glue --policy-name labels --policy-document ` +
				`'{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":["s3:GetObject","s3:PutObject"],"Resource":"arn:aws:s3:::labels/*"}]}'`,
		},
		{name: "no labels yet", run: "glue start-export-labels-task-run --transform-id $id --output-s3-path s3://labels/out/", refused: "EntityNotFoundException"},
		{name: "not ready", run: "glue start-ml-evaluation-task-run --transform-id $id", refused: "MLTransformNotReadyException"},
		{
			name: "labeling set", run: "glue start-ml-labeling-set-generation-task-run --transform-id $id --output-s3-path s3://labels/set/",
			save: map[string]string{"generation": "TaskRunId"},
		},
		{name: "runs", run: run + "$generation", want: want{"TransformId": "$id", "Status": like("STARTING|RUNNING"), "Properties.TaskType": "LABELING_SET_GENERATION"}},
		{name: "cancel it", run: "glue cancel-ml-task-run --transform-id $id --task-run-id $generation", want: want{"Status": like("STOPPING|STOPPED")}},
		{name: "is cancelled", at: "10m", run: run + "$generation", want: want{"Status": "STOPPED"}},
		{
			name: "import", run: "glue start-import-labels-task-run --transform-id $id --input-s3-path s3://labels/in.csv --replace-all-labels",
			save: map[string]string{"import": "TaskRunId"},
		},
		{name: "file that is missing", run: "glue start-import-labels-task-run --transform-id $id --input-s3-path s3://labels/none.csv", refused: "InvalidInputException"},
		{name: "imported", at: "10m", run: run + "$import", want: want{
			"Status": "SUCCEEDED", "ExecutionTime": filled, "CompletedOn": filled,
			"Properties.ImportLabelsTaskRunProperties.InputS3Path": "s3://labels/in.csv", "Properties.ImportLabelsTaskRunProperties.Replace": true,
		}},
		{name: "is ready", at: "10m", run: "glue get-ml-transform --transform-id $id", want: want{"Status": "READY", "LabelCount": filled}},
		{name: "evaluate", run: "glue start-ml-evaluation-task-run --transform-id $id", save: map[string]string{"evaluation": "TaskRunId"}},
		{name: "export", run: "glue start-export-labels-task-run --transform-id $id --output-s3-path s3://labels/out/", save: map[string]string{"export": "TaskRunId"}},
		{name: "evaluated", at: "10m", run: run + "$evaluation", want: want{"Status": "SUCCEEDED", "LogGroupName": filled}},
		{name: "metrics", run: "glue get-ml-transform --transform-id $id", want: want{
			"EvaluationMetrics.TransformType": "FIND_MATCHES", "EvaluationMetrics.FindMatchesMetrics.AreaUnderPRCurve": filled,
			"EvaluationMetrics.FindMatchesMetrics.ConfusionMatrix": filled,
		}},
		{name: "exported", run: "s3api list-objects-v2 --bucket labels --prefix out/", want: want{"Contents": size(1)}, save: map[string]string{"out": "Contents.0.Key"}},
		{name: "what was imported", run: "s3 cp s3://labels/$out -", text: "labeling_set_id,label,id\nset1,1,10\nset1,1,11\nset2,2,12\nset2,3,13\n"},
		{name: "all runs", run: "glue get-ml-task-runs --transform-id $id", want: want{"TaskRuns": size(4)}},
		{name: "by kind", run: "glue get-ml-task-runs --transform-id $id --filter TaskRunType=IMPORT_LABELS", want: want{"TaskRuns[].TaskRunId": list("$import")}},
		{name: "in pages", run: "glue get-ml-task-runs --transform-id $id --max-results 3", save: map[string]string{"token": "NextToken"}, want: want{"TaskRuns": size(3)}},
		{name: "last page", run: "glue get-ml-task-runs --transform-id $id --max-results 3 --next-token $token", want: want{"TaskRuns": size(1)}},
		{name: "run that is missing", run: run + "nothing", refused: "EntityNotFoundException"},
	}
}
