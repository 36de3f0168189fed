package sagemaker

import "time"

// The shapes of the operations served here, as SageMaker's API names their members. They are not the SDK's: its
// package describes four hundred operations to itself whenever a program starts, which took a third of the time that
// glueguard takes to start, and four megabytes.

type listNotebookInstancesInput struct {
	AdditionalCodeRepositoryEquals              *string
	CreationTimeAfter                           *time.Time
	CreationTimeBefore                          *time.Time
	DefaultCodeRepositoryContains               *string
	LastModifiedTimeAfter                       *time.Time
	LastModifiedTimeBefore                      *time.Time
	MaxResults                                  *int32
	NameContains                                *string
	NextToken                                   *string
	NotebookInstanceLifecycleConfigNameContains *string
	SortBy                                      string
	SortOrder                                   string
	StatusEquals                                string
}

type listNotebookInstancesOutput struct {
	NextToken         *string
	NotebookInstances []notebookInstanceSummary
}

type notebookInstanceSummary struct {
	NotebookInstanceArn                 *string
	NotebookInstanceName                *string
	AdditionalCodeRepositories          []string
	CreationTime                        *time.Time
	DefaultCodeRepository               *string
	InstanceType                        string
	LastModifiedTime                    *time.Time
	NotebookInstanceLifecycleConfigName *string
	NotebookInstanceStatus              string
	URL                                 *string
}

type describeNotebookInstanceInput struct{ NotebookInstanceName *string }

type describeNotebookInstanceOutput struct {
	AcceleratorTypes                     []string
	AdditionalCodeRepositories           []string
	CreationTime                         *time.Time
	DefaultCodeRepository                *string
	DirectInternetAccess                 string
	FailureReason                        *string
	InstanceMetadataServiceConfiguration *instanceMetadataServiceConfiguration
	InstanceType                         string
	IPAddressType                        string
	KmsKeyID                             *string
	LastModifiedTime                     *time.Time
	NetworkInterfaceID                   *string
	NotebookInstanceArn                  *string
	NotebookInstanceLifecycleConfigName  *string
	NotebookInstanceName                 *string
	NotebookInstanceStatus               string
	PlatformIdentifier                   *string
	RoleArn                              *string
	RootAccess                           string
	SecurityGroups                       []string
	SubnetID                             *string
	URL                                  *string
	VolumeSizeInGB                       *int32
}

type instanceMetadataServiceConfiguration struct{ MinimumInstanceMetadataServiceVersion *string }

type listTagsInput struct {
	MaxResults  *int32
	NextToken   *string
	ResourceArn *string
}

type listTagsOutput struct {
	NextToken *string
	Tags      []tag
}

type tag struct{ Key, Value *string }

// Values of enumerations.
const (
	inService = "InService"
	enabled   = "Enabled"
)
