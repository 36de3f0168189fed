package plan_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/glueguard/glueguard/internal/plan"
	"github.com/glueguard/glueguard/internal/resource"
)

func TestDiffEndpoint(t *testing.T) {
	t.Parallel()
	type def = resource.EndpointDefinition
	for name, tt := range map[string]struct {
		want, got def
		diff      []plan.Attribute
	}{
		"equal": {def{Name: "a"}, def{Name: "a"}, nil},
		"order is no matter": {
			def{SecurityGroupIDs: []string{"sg-1", "sg-2"}, PublicKeys: []string{"a", "b"}},
			def{SecurityGroupIDs: []string{"sg-2", "sg-1"}, PublicKeys: []string{"b", "a"}},
			nil,
		},
		"one key or a list of it":     {def{PublicKey: "a"}, def{PublicKeys: []string{"a"}}, nil},
		"no version is the oldest":    {def{}, def{GlueVersion: "0.9"}, nil},
		"nodes beside workers":        {def{WorkerType: "G.1X", NumberOfWorkers: 2}, def{WorkerType: "G.1X", NumberOfWorkers: 2, NumberOfNodes: 5}, nil},
		"the default number of nodes": {def{}, def{NumberOfNodes: 5}, nil},
		"other nodes":                 {def{}, def{NumberOfNodes: 4}, []plan.Attribute{{Name: "number_of_nodes", After: "4"}}},
		"own and AWS's tags": {
			def{Tags: map[string]string{"a": "1"}}, def{Tags: map[string]string{"a": "1", "glueguard:change": "c", "aws:x": "y"}}, nil,
		},
		"nothing and emptiness": {def{}, def{Tags: map[string]string{}, Arguments: map[string]string{}, PublicKeys: []string{}}, nil},
		"an argument lost": {
			def{Arguments: map[string]string{"--x": ""}}, def{}, []plan.Attribute{{Name: "arguments.--x", Before: `""`}},
		},
		"a tag changed, one added": {
			def{Tags: map[string]string{"a": "1"}},
			def{Tags: map[string]string{"a": "2", "b": ""}},
			[]plan.Attribute{{Name: "tags.a", Before: "(not shown)", After: "(not shown, another one)"}, {Name: "tags.b", After: `""`}},
		},
		"everything": {
			def{
				Name: "a", RoleARN: "r", SecurityGroupIDs: []string{"s"}, SubnetID: "n", PublicKey: "k", WorkerType: "G.1X", NumberOfWorkers: 2,
				GlueVersion: "1.0", ExtraPythonLibsS3Path: "p", ExtraJarsS3Path: "j", SecurityConfiguration: "c",
			},
			def{NumberOfNodes: 3},
			[]plan.Attribute{
				{Name: "extra_jars_s3_path", Before: "j"},
				{Name: "extra_python_libs_s3_path", Before: "p"},
				{Name: "glue_version", Before: "1.0", After: "0.9"},
				{Name: "name", Before: "a"},
				{Name: "number_of_nodes", After: "3"},
				{Name: "number_of_workers", Before: "2"},
				{Name: "public_keys", Before: "k"},
				{Name: "role_arn", Before: "r"},
				{Name: "security_configuration", Before: "c"},
				{Name: "security_group_ids", Before: "s"},
				{Name: "subnet_id", Before: "n"},
				{Name: "worker_type", Before: "G.1X"},
			},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if diff := cmp.Diff(tt.diff, plan.DiffEndpoint(tt.want, tt.got)); diff != "" {
				t.Errorf("differences (-want +got):\n%s", diff)
			}
		})
	}
}

func TestDiffTransform(t *testing.T) {
	t.Parallel()
	type def = resource.TransformDefinition
	type find = resource.FindMatches
	table := func(options map[string]string) []resource.GlueTable {
		return []resource.GlueTable{{DatabaseName: "d", TableName: "t", CatalogID: "1", AdditionalOptions: options}}
	}
	for name, tt := range map[string]struct {
		want, got def
		diff      []plan.Attribute
	}{
		"equal":                   {def{Name: "a", FindMatches: &find{}}, def{Name: "a", FindMatches: &find{}}, nil},
		"capacity beside workers": {def{WorkerType: "G.1X", NumberOfWorkers: ptr(int32(2))}, def{WorkerType: "G.1X", NumberOfWorkers: ptr(int32(2)), MaxCapacity: ptr(2.0)}, nil},
		"AWS's defaults":          {def{}, def{MaxCapacity: ptr(10.0), TimeoutMinutes: ptr(int32(2880)), MaxRetries: ptr(int32(0))}, nil},
		"not AWS's defaults": {
			def{},
			def{MaxCapacity: ptr(9.0), TimeoutMinutes: ptr(int32(1)), MaxRetries: ptr(int32(2))},
			[]plan.Attribute{{Name: "max_capacity", After: "9"}, {Name: "max_retries", After: "2"}, {Name: "timeout", After: "1"}},
		},
		"off in three ways": {def{UserData: &resource.Encryption{Mode: "DISABLED", KMSKey: "k"}}, def{UserData: &resource.Encryption{}}, nil},
		"nothing is not false": {
			def{FindMatches: &find{}},
			def{FindMatches: &find{EnforceProvidedLabels: ptr(false), PrecisionRecallTradeoff: ptr(0.0)}},
			[]plan.Attribute{
				{Name: "parameters.find_matches_parameters.enforce_provided_labels", After: "false"},
				{Name: "parameters.find_matches_parameters.precision_recall_trade_off", After: "0"},
			},
		},
		"encryption": {
			def{UserData: ptr(kms("k")), TaskRunSecurityConfiguration: "c"},
			def{},
			[]plan.Attribute{
				{Name: "transform_encryption.ml_user_data_encryption.kms_key_id", Before: "k"},
				{Name: "transform_encryption.ml_user_data_encryption.mode", Before: "SSE-KMS"},
				{Name: "transform_encryption.task_run_security_configuration_name", Before: "c"},
			},
		},
		"another table": {
			def{InputTables: table(nil)},
			def{InputTables: table(map[string]string{"o": "v"})},
			[]plan.Attribute{{Name: "input_record_tables.0.additional_options.o", After: "(not shown)"}},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if diff := cmp.Diff(tt.diff, plan.DiffTransform(tt.want, tt.got)); diff != "" {
				t.Errorf("differences (-want +got):\n%s", diff)
			}
		})
	}
}
