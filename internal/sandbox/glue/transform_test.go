package glue

import (
	"regexp"
	"testing"
	"time"

	awsglue "github.com/aws/aws-sdk-go-v2/service/glue"
	"github.com/aws/aws-sdk-go-v2/service/glue/types"
	"github.com/google/go-cmp/cmp"
)

func TestCreateMLTransformRefusals(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		edit  func(*awsglue.CreateMLTransformInput)
		setup func(*world)
		code  string
		text  string
	}{
		"no table": {
			edit: func(in *awsglue.CreateMLTransformInput) { in.InputRecordTables = nil },
			code: "InvalidInputException", text: "Exactly one input record table must be provided",
		},
		"two tables": {
			edit: func(in *awsglue.CreateMLTransformInput) {
				in.InputRecordTables = append(in.InputRecordTables, in.InputRecordTables[0])
			},
			code: "InvalidInputException", text: "Exactly one input record table must be provided",
		},
		"capacity and workers": {
			edit: func(in *awsglue.CreateMLTransformInput) {
				in.MaxCapacity, in.WorkerType, in.NumberOfWorkers = ptr(5.0), types.WorkerTypeG1x, ptr(int32(2))
			},
			code: "InvalidInputException", text: "Cannot set Max Capacity and Worker Num/Type at the same time.",
		},
		"worker type alone": {
			edit: func(in *awsglue.CreateMLTransformInput) { in.WorkerType = types.WorkerTypeG1x },
			code: "InvalidInputException", text: "Both WorkerType and NumberOfWorkers should be set.",
		},
		"capacity below 2": {
			edit: func(in *awsglue.CreateMLTransformInput) { in.MaxCapacity = ptr(1.0) },
			code: "InvalidInputException", text: "MaxCapacity should be >= 2",
		},
		"capacity above 100": {
			edit: func(in *awsglue.CreateMLTransformInput) { in.MaxCapacity = ptr(101.0) },
			code: "InvalidInputException", text: "<= 100",
		},
		"negative retries": {
			edit: func(in *awsglue.CreateMLTransformInput) { in.MaxRetries = ptr(int32(-1)) },
			code: "InvalidInputException", text: "non-negative",
		},
		"no primary key": {
			edit: func(in *awsglue.CreateMLTransformInput) {
				in.Parameters.FindMatchesParameters.PrimaryKeyColumnName = nil
			},
			code: "InvalidInputException", text: "A primary key must be specified in Find Matches parameters.",
		},
		"no parameters": {
			edit: func(in *awsglue.CreateMLTransformInput) { in.Parameters.FindMatchesParameters = nil },
			code: "InvalidInputException", text: "Find Matches parameters have not been set.",
		},
		"tradeoff above 1": {
			edit: func(in *awsglue.CreateMLTransformInput) {
				in.Parameters.FindMatchesParameters.AccuracyCostTradeoff = ptr(1.5)
			},
			code: "InvalidInputException", text: "between 0.0 and 1.0",
		},
		"primary key that the table lacks": {
			setup: func(w *world) {
				w.PutTable(account, region, "db", "people", []types.SchemaColumn{{Name: ptr("name"), DataType: ptr("string")}})
			},
			code: "InvalidInputException", text: "Schema should contain given primary key: id.",
		},
		"unknown Glue version": {
			edit: func(in *awsglue.CreateMLTransformInput) { in.GlueVersion = ptr("7.7") },
			code: "InvalidInputException", text: "7.7",
		},
		"end of life": {
			setup: func(w *world) { w.SetEndOfLife(true) },
			edit:  func(in *awsglue.CreateMLTransformInput) { in.GlueVersion = ptr("2.0") },
			code:  "InvalidInputException", text: "2.0 has reached end of life",
		},
		"name in use": {
			setup: func(w *world) { must[awsglue.CreateMLTransformOutput](w, transformInput()) },
			code:  "AlreadyExistsException", text: "Transform with name dedupe already exists",
		},
		"role that doesn't trust Glue": {
			edit: func(in *awsglue.CreateMLTransformInput) { in.Role = ptr(role + "2") },
			code: "InvalidInputException", text: "Unable to assume role",
		},
		"unknown task-run configuration": {
			edit: func(in *awsglue.CreateMLTransformInput) {
				in.TransformEncryption = &types.TransformEncryption{TaskRunSecurityConfigurationName: ptr("nope")}
			},
			code: "InvalidInputException", text: "nope",
		},
		"over quota": {
			setup: func(w *world) {
				w.Change(func(s *Settings) { s.Quotas.MLTransforms = 1 })
				must[awsglue.CreateMLTransformOutput](w, transformInput(func(in *awsglue.CreateMLTransformInput) { in.Name = ptr("other") }))
			},
			code: "ResourceNumberLimitExceededException", text: "ML Transforms count (1) has exceeded the limit of 1 transforms.",
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			if tc.setup != nil {
				tc.setup(w)
			}
			in := transformInput()
			if tc.edit != nil {
				tc.edit(in)
			}
			_, err := do[awsglue.CreateMLTransformOutput](w, in)
			refused(t, err, tc.code, tc.text)
		})
	}
}

func TestTransformRoundTrip(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.configuration("sec", "SSE-S3")
	encryption := &types.TransformEncryption{
		MlUserDataEncryption: &types.MLUserDataEncryption{
			MlUserDataEncryptionMode: types.MLUserDataEncryptionModeStringSsekms, KmsKeyId: ptr("alias/x"),
		},
		TaskRunSecurityConfigurationName: ptr("sec"),
	}
	in := transformInput(func(in *awsglue.CreateMLTransformInput) {
		in.WorkerType, in.NumberOfWorkers, in.TransformEncryption = types.WorkerTypeG2x, ptr(int32(4)), encryption
		in.GlueVersion, in.Description, in.Tags = ptr("1.0"), ptr("d"), map[string]string{"a": "b"}
	})
	id := *must[awsglue.CreateMLTransformOutput](w, in).TransformId
	if !regexp.MustCompile(`^tfm-[0-9a-f]{40}$`).MatchString(id) {
		t.Errorf("id %s", id)
	}
	want := &awsglue.GetMLTransformOutput{
		TransformId: &id, Name: in.Name, Role: in.Role, Description: in.Description, GlueVersion: in.GlueVersion,
		InputRecordTables: in.InputRecordTables, Parameters: in.Parameters, TransformEncryption: encryption,
		WorkerType: in.WorkerType, NumberOfWorkers: in.NumberOfWorkers, MaxCapacity: ptr(8.0), // set by AWS
		MaxRetries: ptr(int32(0)), Timeout: ptr(int32(2880)), Status: types.TransformStatusTypeNotReady,
		CreatedOn: &w.now, LastModifiedOn: &w.now, Schema: []types.SchemaColumn{{Name: ptr("id"), DataType: ptr("string")}},
	}
	if diff := cmp.Diff(want, w.transform(id), cmpNoSerde()); diff != "" {
		t.Errorf("round trip (-want +got):\n%s", diff)
	}
	other := *must[awsglue.CreateMLTransformOutput](w, transformInput(func(in *awsglue.CreateMLTransformInput) { in.Name = ptr("plain") })).TransformId
	if got := w.transform(other); *got.MaxCapacity != 10 || *got.GlueVersion != "0.9" || got.WorkerType != "" {
		t.Errorf("defaults: %v %v %v", *got.MaxCapacity, *got.GlueVersion, got.WorkerType)
	}
}

func TestUpdateMLTransform(t *testing.T) {
	t.Parallel()
	type update = awsglue.UpdateMLTransformInput
	for name, tc := range map[string]struct {
		in    update
		text  string
		check func(*awsglue.GetMLTransformOutput) bool
	}{
		"rename":             {in: update{Name: ptr("new")}, check: func(v *awsglue.GetMLTransformOutput) bool { return *v.Name == "new" && *v.Description == "d" }},
		"own name":           {in: update{Name: ptr("dedupe")}, check: func(v *awsglue.GetMLTransformOutput) bool { return *v.Name == "dedupe" }},
		"name of another":    {in: update{Name: ptr("other")}, text: "Another transform with name other already exists."},
		"blank name":         {in: update{Name: ptr("")}, text: "Transform name cannot be blank."},
		"capacity + workers": {in: update{MaxCapacity: ptr(3.0), WorkerType: types.WorkerTypeG1x, NumberOfWorkers: ptr(int32(1))}, text: "Cannot set Max Capacity"},
		"to workers": {
			in: update{WorkerType: types.WorkerTypeG1x, NumberOfWorkers: ptr(int32(3))},
			check: func(v *awsglue.GetMLTransformOutput) bool {
				return v.WorkerType == types.WorkerTypeG1x && *v.MaxCapacity == 3
			},
		},
		"to capacity": {
			in:    update{MaxCapacity: ptr(4.0)},
			check: func(v *awsglue.GetMLTransformOutput) bool { return *v.MaxCapacity == 4 && v.WorkerType == "" },
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			id := *must[awsglue.CreateMLTransformOutput](w, transformInput(func(in *awsglue.CreateMLTransformInput) { in.Description = ptr("d") })).TransformId
			must[awsglue.CreateMLTransformOutput](w, transformInput(func(in *awsglue.CreateMLTransformInput) { in.Name = ptr("other") }))
			tc.in.TransformId = &id
			_, err := do[awsglue.UpdateMLTransformOutput](w, &tc.in)
			if tc.text != "" {
				refused(t, err, "InvalidInputException", tc.text)
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			if got := w.transform(id); !tc.check(got) {
				t.Errorf("got %+v", got)
			}
		})
	}
}

func TestDeleteMLTransform(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	id := *must[awsglue.CreateMLTransformOutput](w, transformInput()).TransformId
	must[awsglue.DeleteMLTransformOutput](w, &awsglue.DeleteMLTransformInput{TransformId: &id})
	if s := w.transform(id).Status; s != types.TransformStatusTypeDeleting {
		t.Errorf("status %s", s)
	}
	_, err := do[awsglue.CreateMLTransformOutput](w, transformInput())
	refused(t, err, "AlreadyExistsException", "dedupe")
	_, err = do[awsglue.StartMLLabelingSetGenerationTaskRunOutput](w, &awsglue.StartMLLabelingSetGenerationTaskRunInput{TransformId: &id, OutputS3Path: ptr("s3://labels/x")})
	refused(t, err, "InvalidInputException", "being deleted")
	w.pass(150 * time.Second)
	_, err = do[awsglue.GetMLTransformOutput](w, &awsglue.GetMLTransformInput{TransformId: &id})
	refused(t, err, "EntityNotFoundException", "Cannot find MLTransform in account 111122223333 with handle "+id)
	must[awsglue.CreateMLTransformOutput](w, transformInput())
}

func TestTransformListings(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	at := func(day int) *time.Time { return ptr(time.Date(2026, 1, day, 0, 0, 0, 0, time.UTC)) }
	for _, v := range []types.MLTransform{
		{TransformId: ptr("tfm-1"), Name: ptr("c"), CreatedOn: at(2), GlueVersion: ptr("1.0"), LabelCount: 3},
		{TransformId: ptr("tfm-2"), CreatedOn: at(3), GlueVersion: ptr("0.9"), TransformEncryption: &types.TransformEncryption{}},
		{TransformId: ptr("tfm-3"), Name: ptr("a"), CreatedOn: at(1), GlueVersion: ptr("1.0"), Status: types.TransformStatusTypeDeleting},
	} {
		w.PutMLTransform(account, region, v, map[string]string{"id": *v.TransformId})
	}
	for name, tc := range map[string]struct {
		in   awsglue.ListMLTransformsInput
		want []string
	}{
		"all, by id":       {want: []string{"tfm-1", "tfm-2", "tfm-3"}},
		"by name":          {in: awsglue.ListMLTransformsInput{Sort: sortBy(types.TransformSortColumnTypeName, types.SortDirectionTypeAscending)}, want: []string{"tfm-2", "tfm-3", "tfm-1"}},
		"newest first":     {in: awsglue.ListMLTransformsInput{Sort: sortBy(types.TransformSortColumnTypeCreated, types.SortDirectionTypeDescending)}, want: []string{"tfm-2", "tfm-1", "tfm-3"}},
		"by status":        {in: awsglue.ListMLTransformsInput{Sort: sortBy(types.TransformSortColumnTypeStatus, types.SortDirectionTypeAscending)}, want: []string{"tfm-3", "tfm-2", "tfm-1"}},
		"filter name":      {in: awsglue.ListMLTransformsInput{Filter: &types.TransformFilterCriteria{Name: ptr("a")}}, want: []string{"tfm-3"}},
		"filter status":    {in: awsglue.ListMLTransformsInput{Filter: &types.TransformFilterCriteria{Status: types.TransformStatusTypeReady}}, want: []string{"tfm-1"}},
		"filter version":   {in: awsglue.ListMLTransformsInput{Filter: &types.TransformFilterCriteria{GlueVersion: ptr("1.0")}}, want: []string{"tfm-1", "tfm-3"}},
		"filter creation":  {in: awsglue.ListMLTransformsInput{Filter: &types.TransformFilterCriteria{CreatedAfter: at(1), CreatedBefore: at(3)}}, want: []string{"tfm-1"}},
		"filter by tag":    {in: awsglue.ListMLTransformsInput{Tags: map[string]string{"id": "tfm-2"}}, want: []string{"tfm-2"}},
		"filter to nobody": {in: awsglue.ListMLTransformsInput{Filter: &types.TransformFilterCriteria{Name: ptr("zz")}}, want: []string{}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got := must[awsglue.ListMLTransformsOutput](w, &tc.in)
			if diff := cmp.Diff(tc.want, got.TransformIds); diff != "" {
				t.Error(diff)
			}
			var paged []string // one by one gives the same
			in := tc.in
			in.MaxResults = ptr(int32(1))
			for {
				out := must[awsglue.ListMLTransformsOutput](w, &in)
				paged = append(paged, out.TransformIds...)
				if deref(out.NextToken) == "" {
					break
				}
				in.NextToken = out.NextToken
			}
			if diff := cmp.Diff(tc.want, append([]string{}, paged...)); diff != "" {
				t.Errorf("paged: %s", diff)
			}
		})
	}
}

func sortBy(c types.TransformSortColumnType, d types.SortDirectionType) *types.TransformSortCriteria {
	return &types.TransformSortCriteria{Column: c, SortDirection: d}
}
