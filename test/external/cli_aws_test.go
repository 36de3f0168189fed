package external_test

import (
	"time"

	"github.com/glueguard/glueguard/internal/sandbox"
)

func ec2Scenarios() []scenario {
	return []scenario{
		{name: "regions", options: sandbox.Options{Regions: []string{"eu-central-1", "us-east-1", "ap-southeast-3"}}, steps: []step{
			{name: "enabled", run: "ec2 describe-regions", want: want{"Regions[].RegionName": has("eu-central-1", "us-east-1"), "Regions.0.Endpoint": filled}},
			{name: "one", run: "ec2 describe-regions --region-names us-east-1", want: want{"Regions[].RegionName": list("us-east-1"), "Regions.0.OptInStatus": "opt-in-not-required"}},
			{name: "no such region", run: "ec2 describe-regions --region-names mars-north-1", refused: "InvalidParameterValue"},
			{name: "by account", run: "account list-regions --region-opt-status-contains ENABLED ENABLED_BY_DEFAULT", want: want{"Regions[].RegionName": has("eu-central-1", "us-east-1")}},
			{name: "in pages", run: "account list-regions --page-size 1", want: want{"Regions[].RegionName": has("eu-central-1", "us-east-1")}},
			{name: "status", run: "account get-region-opt-status --region-name us-east-1", want: want{"RegionName": "us-east-1", "RegionOptStatus": "ENABLED_BY_DEFAULT"}},
			{name: "status of none", run: "account get-region-opt-status --region-name mars-north-1", refused: "ValidationException"},
		}},
		{name: "network of a new account", steps: []step{
			{name: "three subnets", run: "ec2 describe-subnets", want: want{"Subnets": size(3), "Subnets[].AvailabilityZone": set("eu-central-1a", "eu-central-1b", "eu-central-1c")}},
			{name: "no endpoints", run: "ec2 describe-vpc-endpoints", want: want{"VpcEndpoints": size(0)}},
			{name: "no NAT gateways", run: "ec2 describe-nat-gateways", want: want{"NatGateways": size(0)}},
			{name: "no interfaces", run: "ec2 describe-network-interfaces", want: want{"NetworkInterfaces": size(0)}},
			{name: "no addresses", run: "ec2 describe-addresses", want: want{"Addresses": size(0)}},
		}},
		{name: "network", account: managementID, region: "us-east-1", options: sandbox.Options{Scenario: "small"}, steps: append(roleSteps(), []step{
			{
				name: "VPCs", run: "ec2 describe-vpcs --filters Name=is-default,Values=true", save: map[string]string{"vpc": "Vpcs.0.VpcId"},
				want: want{"Vpcs": size(1), "Vpcs.0.State": "available", "Vpcs.0.CidrBlock": filled},
			},
			{
				name: "subnets", run: "ec2 describe-subnets --filters Name=vpc-id,Values=$vpc", save: map[string]string{"subnet": "Subnets.0.SubnetId"},
				want: want{"Subnets.0.VpcId": "$vpc", "Subnets.0.AvailableIpAddressCount": filled},
			},
			{name: "one subnet", run: "ec2 describe-subnets --subnet-ids $subnet", want: want{"Subnets[].SubnetId": list("$subnet")}},
			{name: "no such subnet", run: "ec2 describe-subnets --subnet-ids subnet-00000000000000000", refused: "InvalidSubnetID.NotFound"},
			{name: "groups", run: "ec2 describe-security-groups --filters Name=group-name,Values=default Name=vpc-id,Values=$vpc", save: map[string]string{"group": "SecurityGroups.0.GroupId"}, want: want{
				"SecurityGroups": size(1), "SecurityGroups.0.IpPermissions": size(1),
			}},
			{name: "routes", run: "ec2 describe-route-tables --filters Name=vpc-id,Values=$vpc", want: want{"RouteTables.0.Routes[].DestinationCidrBlock": has("0.0.0.0/0")}},
			{
				name: "a subnet with a way to S3 is wanted", refused: "InvalidInputException",
				run: "glue create-dev-endpoint --endpoint-name nb --role-arn $role --subnet-id $subnet --security-group-ids $group",
			},
			{name: "dry run", run: "ec2 describe-vpcs --dry-run", refused: "DryRunOperation"},
		}...)},
	}
}

func s3Scenarios() []scenario {
	return []scenario{{name: "objects", steps: []step{
		{name: "create bucket", run: "s3api create-bucket --bucket data --create-bucket-configuration LocationConstraint=eu-central-1", want: want{"Location": filled}},
		{name: "buckets", run: "s3api list-buckets", want: want{"Buckets[].Name": has("data")}},
		{name: "put", run: "s3api put-object --bucket data --key in/labels.csv --body testdata/labels.csv --content-type text/csv", want: want{"ETag": filled}},
		{name: "head", run: "s3api head-object --bucket data --key in/labels.csv", want: want{"ContentLength": 65, "ContentType": "text/csv", "ETag": filled, "LastModified": filled}},
		{name: "get", run: "s3api get-object --bucket data --key in/labels.csv $dir/out", want: want{"ContentLength": 65}},
		{name: "get a part", run: "s3api get-object --bucket data --key in/labels.csv --range bytes=0-14 $dir/part", want: want{"ContentLength": 15}},
		{name: "put encrypted", run: "s3api put-object --bucket data --key safe --body testdata/labels.csv --server-side-encryption AES256", want: want{"ServerSideEncryption": "AES256"}},
		{name: "print", run: "s3 cp s3://data/safe -", text: "labeling_set_id,label,id\nset1,1,10\nset1,1,11\nset2,2,12\nset2,3,13\n"},
		{name: "list", run: "s3api list-objects-v2 --bucket data --prefix in/", want: want{"Contents[].Key": list("in/labels.csv"), "Contents.0.Size": 65}},
		{name: "no such object", run: "s3api get-object --bucket data --key nothing $dir/none", refused: "NoSuchKey"},
		{name: "no such object's head", run: "s3api head-object --bucket data --key nothing", refused: "404"},
		{name: "no such bucket", run: "s3api get-object --bucket nobody --key nothing $dir/none", refused: "NoSuchBucket"},
		{name: "location", run: "s3api get-bucket-location --bucket data", want: want{"LocationConstraint": "eu-central-1"}},
		{name: "encryption of a new bucket", run: "s3api get-bucket-encryption --bucket data", want: want{
			"ServerSideEncryptionConfiguration.Rules.0.ApplyServerSideEncryptionByDefault.SSEAlgorithm": "AES256",
		}},
		{name: "encrypt", run: "s3api put-bucket-encryption --bucket data --server-side-encryption-configuration" +
			" Rules=[{ApplyServerSideEncryptionByDefault={SSEAlgorithm=aws:kms,KMSMasterKeyID=alias/glue}}]"},
		{name: "is encrypted", run: "s3api get-bucket-encryption --bucket data", want: want{
			"ServerSideEncryptionConfiguration.Rules.0.ApplyServerSideEncryptionByDefault.SSEAlgorithm":   "aws:kms",
			"ServerSideEncryptionConfiguration.Rules.0.ApplyServerSideEncryptionByDefault.KMSMasterKeyID": "alias/glue",
		}},
		{name: "delete object", run: "s3api delete-object --bucket data --key safe"},
		{name: "is gone", run: "s3api head-object --bucket data --key safe", refused: "404"},
	}}}
}

func logsScenarios() []scenario {
	return []scenario{{name: "log groups", steps: []step{
		{name: "key", run: "kms create-key", save: map[string]string{"key": "KeyMetadata.Arn"}},
		{name: "create", run: "logs create-log-group --log-group-name /aws-glue/jobs/output"},
		{name: "create another", run: "logs create-log-group --log-group-name /aws-glue/jobs/error"},
		{name: "create a third", run: "logs create-log-group --log-group-name /other"},
		{name: "same name", run: "logs create-log-group --log-group-name /other", refused: "ResourceAlreadyExistsException"},
		{name: "retention", run: "logs put-retention-policy --log-group-name /other --retention-in-days 30"},
		{name: "no such retention", run: "logs put-retention-policy --log-group-name /other --retention-in-days 31", refused: "InvalidParameterException"},
		{name: "a key that is closed to it", run: "logs associate-kms-key --log-group-name /other --kms-key-id $key", refused: "InvalidParameterException"},
		{
			name: "open it", run: `kms put-key-policy --key-id $key --policy-name default --policy '{"Version":"2012-10-17","Statement":[` +
				`{"Effect":"Allow","Principal":{"AWS":"arn:aws:iam::$account:root"},"Action":"kms:*","Resource":"*"},` +
				`{"Effect":"Allow","Principal":{"Service":"logs.$region.amazonaws.com"},"Action":["kms:Encrypt*","kms:Decrypt*","kms:ReEncrypt*","kms:GenerateDataKey*","kms:Describe*"],` +
				`"Resource":"*","Condition":{"ArnLike":{"kms:EncryptionContext:aws:logs:arn":"arn:aws:logs:$region:$account:log-group:*"}}}]}'`,
		},
		{name: "encrypt", run: "logs associate-kms-key --log-group-name /other --kms-key-id $key"},
		{name: "describe", run: "logs describe-log-groups --log-group-name-prefix /other", want: want{
			"logGroups[].logGroupName": list("/other"),
			"logGroups.0.kmsKeyId":     "$key", "logGroups.0.retentionInDays": 30, "logGroups.0.storedBytes": 0,
			"logGroups.0.arn": "arn:aws:logs:$region:$account:log-group:/other:*",
		}},
		{name: "not encrypted", run: "logs describe-log-groups --log-group-name-prefix /aws-glue/jobs/error", want: want{"logGroups.0.kmsKeyId": absent}},
		{name: "pages", run: "logs describe-log-groups --page-size 1", calls: 3, want: want{"logGroups[].logGroupName": list("/aws-glue/jobs/error", "/aws-glue/jobs/output", "/other")}},
		{name: "prefix and pattern", run: "logs describe-log-groups --log-group-name-prefix /a --log-group-name-pattern b", refused: "InvalidParameterException"},
		{name: "keep for ever", run: "logs delete-retention-policy --log-group-name /other"},
		{name: "is kept for ever", run: "logs describe-log-groups --log-group-name-prefix /other", want: want{"logGroups.0.retentionInDays": absent}},
		{name: "decrypt", run: "logs disassociate-kms-key --log-group-name /other"},
		{name: "is not encrypted", run: "logs describe-log-groups --log-group-name-prefix /other", want: want{"logGroups.0.kmsKeyId": absent}},
		{name: "delete", run: "logs delete-log-group --log-group-name /other"},
		{name: "delete again", run: "logs delete-log-group --log-group-name /other", refused: "ResourceNotFoundException"},
	}}}
}

func cloudtrailScenarios() []scenario {
	return []scenario{{name: "trail", steps: append(roleSteps(), []step{
		{name: "a change", run: "glue create-dev-endpoint --endpoint-name nb --role-arn $role", want: want{"EndpointName": "nb"}},
		{name: "a refusal", run: "glue delete-dev-endpoint --endpoint-name nobody", refused: "EntityNotFoundException"},
		{name: "the change", run: "cloudtrail lookup-events --lookup-attributes AttributeKey=EventName,AttributeValue=CreateDevEndpoint", want: want{
			"Events": size(1), "Events.0.EventName": "CreateDevEndpoint", "Events.0.EventSource": "glue.amazonaws.com", "Events.0.ReadOnly": "false",
			"Events.0.CloudTrailEvent": like(`"endpointName": ?"nb"`), "Events.0.EventId": filled,
		}},
		{name: "the refusal", at: "2s", run: "cloudtrail lookup-events --lookup-attributes AttributeKey=EventName,AttributeValue=DeleteDevEndpoint", want: want{
			"Events.0.CloudTrailEvent": like(`"errorCode": ?"EntityNotFoundException"`),
		}},
		{
			name: "by source", at: "2s", run: "cloudtrail lookup-events --lookup-attributes AttributeKey=EventSource,AttributeValue=glue.amazonaws.com",
			want: want{"Events[].EventName": list("DeleteDevEndpoint", "CreateDevEndpoint")},
		},
		{
			name: "in pages", at: "2s", run: "cloudtrail lookup-events --lookup-attributes AttributeKey=EventSource,AttributeValue=glue.amazonaws.com --page-size 1",
			calls: 2, want: want{"Events": size(2)},
		},
		{name: "not in another region", in: "us-east-1", run: "cloudtrail lookup-events --lookup-attributes AttributeKey=EventSource,AttributeValue=glue.amazonaws.com", want: want{"Events": size(0)}},
		{
			name: "two attributes", at: "2s", refused: "InvalidLookupAttributesException",
			run: "cloudtrail lookup-events --lookup-attributes AttributeKey=EventName,AttributeValue=a AttributeKey=Username,AttributeValue=b",
		},
	}...)}}
}

func cloudwatchScenarios() []scenario {
	dimensions := "Name=JobName,Value=etl Name=JobRunId,Value=ALL"
	times := "--start-time 2026-06-01T00:00:00Z --end-time 2026-06-01T01:00:00Z"
	metric := "--namespace Glue --metric-name glue.driver.aggregate.elapsedTime"
	return []scenario{{name: "metrics", options: sandbox.Options{Now: time.Date(2026, 6, 1, 2, 0, 0, 0, time.UTC)}, steps: []step{
		{name: "put", run: "cloudwatch put-metric-data --namespace Glue --metric-data" +
			" 'MetricName=glue.driver.aggregate.elapsedTime,Value=10,Timestamp=2026-06-01T00:10:00Z,Dimensions=[{Name=JobName,Value=etl},{Name=JobRunId,Value=ALL}]'" +
			" 'MetricName=glue.driver.aggregate.elapsedTime,Value=30,Timestamp=2026-06-01T00:20:00Z,Dimensions=[{Name=JobName,Value=etl},{Name=JobRunId,Value=ALL}]'"},
		{name: "list", run: "cloudwatch list-metrics --namespace Glue", want: want{
			"Metrics": size(1), "Metrics.0.MetricName": "glue.driver.aggregate.elapsedTime",
			"Metrics.0.Dimensions[].Name": set("JobName", "JobRunId"),
		}},
		{
			name: "statistics", run: "cloudwatch get-metric-statistics " + metric + " " + times + " --period 3600 --statistics Sum Average Maximum --dimensions " + dimensions,
			want: want{"Datapoints": size(1), "Datapoints.0.Sum": 40, "Datapoints.0.Average": 20, "Datapoints.0.Maximum": 30},
		},
		{
			name: "data", run: "cloudwatch get-metric-data " + times + ` --metric-data-queries '[{"Id":"m","MetricStat":{"Metric":{"Namespace":"Glue","MetricName":"glue.driver.aggregate.elapsedTime",` +
				`"Dimensions":[{"Name":"JobName","Value":"etl"},{"Name":"JobRunId","Value":"ALL"}]},"Period":3600,"Stat":"Sum"}}]'`,
			want: want{"MetricDataResults.0.Id": "m", "MetricDataResults.0.Values": list(40.0), "MetricDataResults.0.StatusCode": "Complete"},
		},
		{name: "none", run: "cloudwatch list-metrics --namespace Nothing", want: want{"Metrics": size(0)}},
		{name: "period that is none", run: "cloudwatch get-metric-statistics " + metric + " " + times + " --period 7 --statistics Sum", refused: "InvalidParameterValue"},
		{
			name: "end before start", refused: "InvalidParameterValue",
			run: "cloudwatch get-metric-statistics " + metric + " --start-time 2026-06-01T01:00:00Z --end-time 2026-06-01T00:00:00Z --period 60 --statistics Sum",
		},
	}}}
}

func otherScenarios() []scenario {
	return []scenario{
		{name: "quotas", steps: []step{
			{
				name: "of Glue", run: "service-quotas list-service-quotas --service-code glue", save: map[string]string{"code": "Quotas.0.QuotaCode", "name": "Quotas.0.QuotaName"},
				want: want{"Quotas.0.ServiceCode": "glue", "Quotas.0.Value": filled},
			},
			{name: "in pages", run: "service-quotas list-service-quotas --service-code glue --page-size 2", want: want{"Quotas.0.QuotaCode": "$code"}},
			{name: "one", run: "service-quotas get-service-quota --service-code glue --quota-code $code", want: want{"Quota.QuotaName": "$name"}},
			{name: "defaults", run: "service-quotas list-aws-default-service-quotas --service-code glue", want: want{"Quotas.0.QuotaCode": "$code"}},
			{name: "its default", run: "service-quotas get-aws-default-service-quota --service-code glue --quota-code $code", want: want{"Quota.QuotaName": "$name"}},
			{name: "no such quota", run: "service-quotas get-service-quota --service-code glue --quota-code L-00000000", refused: "NoSuchResourceException"},
			{name: "no such service", run: "service-quotas list-service-quotas --service-code nothing", refused: "NoSuchResourceException"},
		}},
		{name: "stacks", account: managementID, region: "us-east-1", options: sandbox.Options{Scenario: "small"}, steps: []step{
			{name: "all", run: "cloudformation describe-stacks", save: map[string]string{"stack": "Stacks.0.StackName"}, want: want{"Stacks.0.StackStatus": filled}},
			{
				name: "resources", run: "cloudformation describe-stack-resources --stack-name $stack", save: map[string]string{"id": "StackResources.0.PhysicalResourceId"},
				want: want{"StackResources.0.StackName": "$stack", "StackResources.0.ResourceStatus": filled},
			},
			{name: "stack of a resource", run: "cloudformation describe-stack-resources --physical-resource-id $id", want: want{"StackResources.0.StackName": "$stack"}},
			{name: "listed", run: "cloudformation list-stack-resources --stack-name $stack", want: want{"StackResourceSummaries[].PhysicalResourceId": has("$id")}},
			{name: "none in another region", in: "sa-east-1", run: "cloudformation describe-stacks", want: want{"Stacks": size(0)}},
			{name: "no such stack", run: "cloudformation describe-stacks --stack-name nothing", refused: "ValidationError"},
		}},
		{name: "notebooks", account: managementID, region: "us-east-1", options: sandbox.Options{Scenario: "small"}, steps: []step{
			{name: "all", run: "sagemaker list-notebook-instances", save: map[string]string{"name": "NotebookInstances.0.NotebookInstanceName", "arn": "NotebookInstances.0.NotebookInstanceArn"}},
			{name: "one", run: "sagemaker describe-notebook-instance --notebook-instance-name $name", want: want{"NotebookInstanceArn": "$arn"}},
			{name: "tags", run: "sagemaker list-tags --resource-arn $arn", want: want{"Tags": filled}},
			{name: "none in another region", in: "sa-east-1", run: "sagemaker list-notebook-instances", want: want{"NotebookInstances": size(0)}},
			{name: "none of that name", run: "sagemaker describe-notebook-instance --notebook-instance-name nothing", refused: "ValidationException"},
		}},
	}
}
