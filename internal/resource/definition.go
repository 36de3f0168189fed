package resource

import "time"

// Identity is what tells a resource from another of the same name: for a dev endpoint its name and creation time, for
// an ML transform its id. Nothing is deleted whose identity is not the expected one.
type Identity struct {
	Type      Type      `json:"type"`
	ARN       string    `json:"arn"`
	ID        string    `json:"id,omitempty"` // transform id; empty for dev endpoints
	Name      string    `json:"name"`
	CreatedAt time.Time `json:"created_at,omitzero"`
}

// Same tells whether both are the same resource. Names of transforms may change, their ids don't; a dev endpoint of the
// same name that was made at another time is another one.
func (i Identity) Same(o Identity) bool {
	if i.Type != o.Type {
		return false
	}
	if i.Type == TypeMLTransform {
		return i.ID == o.ID
	}
	return i.Name == o.Name && i.CreatedAt.Equal(o.CreatedAt)
}

// EndpointDefinition is everything of a dev endpoint that its creation takes: what makes it again. Tags of AWS's own
// (aws:…) can't be given, so they are not in it. Source: glue CreateDevEndpoint, GetDevEndpoint, GetTags.
type EndpointDefinition struct {
	Name                  string            `json:"name"`
	RoleARN               string            `json:"role_arn"`
	SecurityGroupIDs      []string          `json:"security_group_ids,omitempty"`
	SubnetID              string            `json:"subnet_id,omitempty"`
	PublicKey             string            `json:"public_key,omitempty"`
	PublicKeys            []string          `json:"public_keys,omitempty"`
	NumberOfNodes         int32             `json:"number_of_nodes,omitempty"` // 0 where WorkerType sizes it
	WorkerType            string            `json:"worker_type,omitempty"`
	NumberOfWorkers       int32             `json:"number_of_workers,omitempty"`
	GlueVersion           string            `json:"glue_version,omitempty"` // empty means 0.9
	ExtraPythonLibsS3Path string            `json:"extra_python_libs_s3_path,omitempty"`
	ExtraJarsS3Path       string            `json:"extra_jars_s3_path,omitempty"`
	SecurityConfiguration string            `json:"security_configuration,omitempty"`
	Arguments             map[string]string `json:"arguments,omitempty"`
	Tags                  map[string]string `json:"tags,omitempty"`
}

// EndpointDetail is a dev endpoint as it is now: its definition and what AWS adds.
type EndpointDetail struct {
	Definition       EndpointDefinition `json:"definition"`
	ARN              string             `json:"arn"`
	Status           string             `json:"status"`
	FailureReason    string             `json:"failure_reason,omitempty"`
	Updating         bool               `json:"updating,omitempty"` // an update of it is under way
	CreatedAt        time.Time          `json:"created_at,omitzero"`
	AvailabilityZone string             `json:"availability_zone,omitempty"`
	VPCID            string             `json:"vpc_id,omitempty"`
	PrivateAddress   string             `json:"private_address,omitempty"`
	PublicAddress    string             `json:"public_address,omitempty"`
	YarnAddress      string             `json:"yarn_address,omitempty"`
	AWSTags          map[string]string  `json:"aws_tags,omitempty"` // aws:…, which no creation takes
}

// Identity is what tells the endpoint from another of its name.
func (d EndpointDetail) Identity() Identity {
	return Identity{Type: TypeDevEndpoint, ARN: d.ARN, Name: d.Definition.Name, CreatedAt: d.CreatedAt}
}

// GlueTable is a table that a transform reads. Source: glue GlueTable.
type GlueTable struct {
	DatabaseName      string            `json:"database_name"`
	TableName         string            `json:"table_name"`
	CatalogID         string            `json:"catalog_id,omitempty"`
	ConnectionName    string            `json:"connection_name,omitempty"`
	AdditionalOptions map[string]string `json:"additional_options,omitempty"`
}

// FindMatches are a transform's parameters. A nil number or bool was not set, which is not the same as 0 or false.
type FindMatches struct {
	PrimaryKeyColumnName    *string  `json:"primary_key_column_name,omitempty"`
	PrecisionRecallTradeoff *float64 `json:"precision_recall_tradeoff,omitempty"` // 0 to 1
	AccuracyCostTradeoff    *float64 `json:"accuracy_cost_tradeoff,omitempty"`    // 0 to 1
	EnforceProvidedLabels   *bool    `json:"enforce_provided_labels,omitempty"`
}

// TransformDefinition is everything of an ML transform that its creation takes. Source: glue CreateMLTransform.
type TransformDefinition struct {
	Name                         string            `json:"name"`
	Description                  string            `json:"description,omitempty"`
	InputTables                  []GlueTable       `json:"input_tables"`
	TransformType                string            `json:"transform_type"` // FIND_MATCHES
	FindMatches                  *FindMatches      `json:"find_matches,omitempty"`
	RoleARN                      string            `json:"role_arn"`
	GlueVersion                  string            `json:"glue_version,omitempty"` // empty means 0.9
	MaxCapacity                  *float64          `json:"max_capacity,omitempty"` // DPUs; nil where WorkerType sizes it
	WorkerType                   string            `json:"worker_type,omitempty"`
	NumberOfWorkers              *int32            `json:"number_of_workers,omitempty"`
	TimeoutMinutes               *int32            `json:"timeout_minutes,omitempty"`
	MaxRetries                   *int32            `json:"max_retries,omitempty"`
	UserData                     *Encryption       `json:"user_data,omitempty"` // nil: the block is absent
	TaskRunSecurityConfiguration string            `json:"task_run_security_configuration,omitempty"`
	Tags                         map[string]string `json:"tags,omitempty"`
}

// Metrics are a transform's quality as AWS last evaluated it, each from 0 to 1. Source: glue FindMatchesMetrics.
type Metrics struct {
	AreaUnderPRCurve float64 `json:"area_under_pr_curve"`
	Precision        float64 `json:"precision"`
	Recall           float64 `json:"recall"`
	F1               float64 `json:"f1"`
}

// TransformDetail is an ML transform as it is now: its definition and what AWS adds.
type TransformDetail struct {
	Definition TransformDefinition `json:"definition"`
	ID         string              `json:"id"`
	ARN        string              `json:"arn"`
	Status     string              `json:"status"` // NOT_READY, READY, DELETING
	CreatedAt  time.Time           `json:"created_at,omitzero"`
	LabelCount int                 `json:"label_count"`
	Metrics    *Metrics            `json:"metrics,omitempty"` // nil: never evaluated
	AWSTags    map[string]string   `json:"aws_tags,omitempty"`
}

// Identity is what tells the transform from others.
func (d TransformDetail) Identity() Identity {
	return Identity{Type: TypeMLTransform, ARN: d.ARN, ID: d.ID, Name: d.Definition.Name, CreatedAt: d.CreatedAt}
}
