package scenario

import (
	"crypto/sha256"
	"fmt"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/glue/types"
)

// The parts that scenarios put encryption together from. An empty mode leaves the block out.

func s3Block(modes ...types.S3EncryptionMode) []types.S3Encryption {
	blocks := []types.S3Encryption{}
	for _, mode := range modes {
		blocks = append(blocks, types.S3Encryption{S3EncryptionMode: mode})
	}
	return blocks
}

func s3Key(keyARN string) []types.S3Encryption {
	return []types.S3Encryption{{S3EncryptionMode: types.S3EncryptionModeSsekms, KmsKeyArn: &keyARN}}
}

func logsBlock(mode types.CloudWatchEncryptionMode, keyARN string) *types.CloudWatchEncryption {
	block := &types.CloudWatchEncryption{CloudWatchEncryptionMode: mode}
	if keyARN != "" {
		block.KmsKeyArn = &keyARN
	}
	return block
}

func bookmarksBlock() *types.JobBookmarksEncryption {
	return &types.JobBookmarksEncryption{JobBookmarksEncryptionMode: types.JobBookmarksEncryptionModeDisabled}
}

// plain is a configuration as the console makes it: all three blocks, only S3 chosen.
func plain(s3 []types.S3Encryption) *types.EncryptionConfiguration {
	return &types.EncryptionConfiguration{
		S3Encryption: s3, CloudWatchEncryption: logsBlock(types.CloudWatchEncryptionModeDisabled, ""), JobBookmarksEncryption: bookmarksBlock(),
	}
}

// full is a configuration that encrypts objects and logs under one key.
func full(keyARN string) *types.EncryptionConfiguration {
	return &types.EncryptionConfiguration{
		S3Encryption: s3Key(keyARN), CloudWatchEncryption: logsBlock(types.CloudWatchEncryptionModeSsekms, keyARN), JobBookmarksEncryption: bookmarksBlock(),
	}
}

// userData is the encryption of a transform.
func userData(mode types.MLUserDataEncryptionModeString, keyARN, configuration string) *types.TransformEncryption {
	e := &types.TransformEncryption{}
	if mode != "" {
		e.MlUserDataEncryption = &types.MLUserDataEncryption{MlUserDataEncryptionMode: mode}
		if keyARN != "" {
			e.MlUserDataEncryption.KmsKeyId = &keyARN
		}
	}
	if configuration != "" {
		e.TaskRunSecurityConfigurationName = &configuration
	}
	return e
}

// endpoint is a development endpoint of the usual kind.
func endpoint(name, role, configuration string) types.DevEndpoint {
	e := types.DevEndpoint{
		EndpointName: &name, RoleArn: &role, GlueVersion: aws.String("1.0"), WorkerType: types.WorkerTypeG1x, NumberOfWorkers: aws.Int32(2),
	}
	if configuration != "" {
		e.SecurityConfiguration = &configuration
	}
	return e
}

// transform is a FindMatches transform that has been taught.
func transform(name, role string, e *types.TransformEncryption) types.MLTransform {
	return types.MLTransform{
		Name: &name, Role: &role, GlueVersion: aws.String("2.0"), MaxCapacity: aws.Float64(10), LabelCount: 120, TransformEncryption: e,
		Parameters: &types.TransformParameters{
			TransformType: types.TransformTypeFindMatches,
			FindMatchesParameters: &types.FindMatchesParameters{
				PrimaryKeyColumnName: aws.String("id"), PrecisionRecallTradeoff: aws.Float64(0.5), AccuracyCostTradeoff: aws.Float64(0.5),
			},
		},
		InputRecordTables: []types.GlueTable{{DatabaseName: aws.String("crm"), TableName: aws.String("customers")}},
		EvaluationMetrics: &types.EvaluationMetrics{
			TransformType: types.TransformTypeFindMatches,
			FindMatchesMetrics: &types.FindMatchesMetrics{
				AreaUnderPRCurve: aws.Float64(0.94), Precision: aws.Float64(0.95), Recall: aws.Float64(0.91), F1: aws.Float64(0.93),
			},
		},
	}
}

// imported is the task run by which a transform was taught, from a label file that is not kept.
func imported(from string, at time.Time) types.TaskRun {
	id := fmt.Sprintf("tsk-%x", sha256.Sum256([]byte(from)))[:44] // of its own, so that it takes none of the others' turns
	return types.TaskRun{
		TaskRunId: &id, Status: types.TaskStatusTypeSucceeded, StartedOn: &at, CompletedOn: aws.Time(at.Add(2 * time.Minute)), ExecutionTime: 120,
		Properties: &types.TaskRunProperties{
			TaskType:                      types.TaskTypeImportLabels,
			ImportLabelsTaskRunProperties: &types.ImportLabelsTaskRunProperties{InputS3Path: &from, Replace: true},
		},
	}
}
