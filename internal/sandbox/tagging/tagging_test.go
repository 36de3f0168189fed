package tagging

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	awsglue "github.com/aws/aws-sdk-go-v2/service/glue"
	gluetypes "github.com/aws/aws-sdk-go-v2/service/glue/types"
	tagapi "github.com/aws/aws-sdk-go-v2/service/resourcegroupstaggingapi"
	"github.com/aws/aws-sdk-go-v2/service/resourcegroupstaggingapi/types"
	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"pgregory.net/rapid"

	"github.com/glueguard/glueguard/internal/sandbox/glue"
	"github.com/glueguard/glueguard/internal/sandbox/service"
)

const (
	account = "111122223333"
	region  = "eu-west-1"
	keyARN  = "arn:aws:kms:eu-west-1:111122223333:key/1"
)

func call(operation string) *service.Call {
	return &service.Call{
		Context: context.Background(), Partition: "aws", Account: account, Region: region, Service: "tag",
		Operation: operation, Now: time.Date(2026, 11, 22, 10, 0, 0, 0, time.UTC),
	}
}

// keys is a second source, as KMS is one.
type keys map[string]map[string]string

func (k keys) EachTagged(_ *service.Call, yield func(string, map[string]string)) {
	for arn, tags := range k {
		yield(arn, tags)
	}
}

func (k keys) AddTags(_ *service.Call, arn string, tags map[string]string) error {
	if k[arn] == nil {
		return &service.Error{Code: "NotFoundException", Message: "no key", Status: 404}
	}
	maps.Copy(k[arn], tags)
	return nil
}

func (k keys) RemoveTags(_ *service.Call, arn string, names []string) error {
	for _, name := range names {
		delete(k[arn], name)
	}
	return nil
}

func estate() (*Tagging, *glue.Glue) {
	g := glue.New(glue.Options{})
	for name, tags := range map[string]map[string]string{
		"a": {"team": "x", "env": "prod"}, "b": {"team": "y"}, "never": nil, "once": {},
	} {
		g.PutDevEndpoint(account, region, gluetypes.DevEndpoint{EndpointName: &name}, tags)
	}
	g.PutMLTransform(account, region, gluetypes.MLTransform{TransformId: aws.String("tfm-1"), Name: aws.String("t")}, map[string]string{"team": "x"})
	g.PutJob(account, "us-east-1", gluetypes.Job{Name: aws.String("elsewhere")}, map[string]string{"team": "x"})
	return New(map[string]Source{"glue": g, "kms": keys{keyARN: {"team": "x"}}}), g
}

func names(out *tagapi.GetResourcesOutput) (list []string) {
	for _, m := range out.ResourceTagMappingList {
		list = append(list, (*m.ResourceARN)[len("arn:aws:"):])
	}
	return list
}

func TestGetResources(t *testing.T) {
	t.Parallel()
	const at = ":eu-west-1:111122223333:"
	filter := func(key string, values ...string) types.TagFilter {
		return types.TagFilter{Key: &key, Values: values}
	}
	for name, tc := range map[string]struct {
		in   tagapi.GetResourcesInput
		want []string
	}{
		"all that have or had tags": {want: []string{"glue" + at + "devEndpoint/a", "glue" + at + "devEndpoint/b", "glue" + at + "devEndpoint/once", "glue" + at + "mlTransform/tfm-1", "kms" + at + "key/1"}},
		"a service":                 {in: tagapi.GetResourcesInput{ResourceTypeFilters: []string{"kms"}}, want: []string{"kms" + at + "key/1"}},
		"a type":                    {in: tagapi.GetResourcesInput{ResourceTypeFilters: []string{"glue:mlTransform"}}, want: []string{"glue" + at + "mlTransform/tfm-1"}},
		"two types":                 {in: tagapi.GetResourcesInput{ResourceTypeFilters: []string{"glue:mlTransform", "kms:key"}}, want: []string{"glue" + at + "mlTransform/tfm-1", "kms" + at + "key/1"}},
		"a key":                     {in: tagapi.GetResourcesInput{TagFilters: []types.TagFilter{filter("env")}}, want: []string{"glue" + at + "devEndpoint/a"}},
		"any of the values":         {in: tagapi.GetResourcesInput{TagFilters: []types.TagFilter{filter("team", "y", "z")}}, want: []string{"glue" + at + "devEndpoint/b"}},
		"all of the filters":        {in: tagapi.GetResourcesInput{TagFilters: []types.TagFilter{filter("team", "x"), filter("env", "prod")}}, want: []string{"glue" + at + "devEndpoint/a"}},
		"ARNs, unknown ones left out": {
			in:   tagapi.GetResourcesInput{ResourceARNList: []string{keyARN, "arn:aws:glue" + at + "devEndpoint/never", "arn:aws:glue" + at + "devEndpoint/zzz", "arn:aws:glue" + at + "devEndpoint/b"}},
			want: []string{"glue" + at + "devEndpoint/b", "kms" + at + "key/1"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			tagging, _ := estate()
			out, err := tagging.getResources(call("GetResources"), &tc.in)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(tc.want, names(out)); diff != "" {
				t.Error(diff)
			}
			if out.PaginationToken == nil || *out.PaginationToken != "" {
				t.Errorf("last token %v", out.PaginationToken)
			}
		})
	}
}

func TestGetResourcesRefusals(t *testing.T) {
	t.Parallel()
	many := make([]string, 101)
	for name, tc := range map[string]struct {
		in   tagapi.GetResourcesInput
		code string
	}{
		"101 ARNs":                   {tagapi.GetResourcesInput{ResourceARNList: many}, "InvalidParameterException"},
		"ARNs and types":             {tagapi.GetResourcesInput{ResourceARNList: []string{keyARN}, ResourceTypeFilters: []string{"kms"}}, "InvalidParameterException"},
		"ARNs and filters":           {tagapi.GetResourcesInput{ResourceARNList: []string{keyARN}, TagFilters: []types.TagFilter{{Key: aws.String("a")}}}, "InvalidParameterException"},
		"ARNs and paging":            {tagapi.GetResourcesInput{ResourceARNList: []string{keyARN}, ResourcesPerPage: aws.Int32(5)}, "InvalidParameterException"},
		"no ARN":                     {tagapi.GetResourcesInput{ResourceARNList: []string{"x"}}, "InvalidParameterException"},
		"101 per page":               {tagapi.GetResourcesInput{ResourcesPerPage: aws.Int32(101)}, "InvalidParameterException"},
		"99 tags per page":           {tagapi.GetResourcesInput{TagsPerPage: aws.Int32(99)}, "InvalidParameterException"},
		"filter without a key":       {tagapi.GetResourcesInput{TagFilters: []types.TagFilter{{}}}, "InvalidParameterException"},
		"compliance without details": {tagapi.GetResourcesInput{ExcludeCompliantResources: aws.Bool(true)}, "InvalidParameterException"},
		"foreign token":              {tagapi.GetResourcesInput{PaginationToken: aws.String("abc")}, "PaginationTokenExpiredException"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			tagging, _ := estate()
			_, err := tagging.getResources(call("GetResources"), &tc.in)
			var e *service.Error
			if !errors.As(err, &e) || e.Code != tc.code {
				t.Errorf("got %v, want %s", err, tc.code)
			}
		})
	}
}

func TestPagesAreTheSet(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(rt *rapid.T) {
		g := glue.New(glue.Options{})
		want := rapid.SliceOfNDistinct(rapid.StringMatching(`[a-z]{1,5}`), 0, 150, rapid.ID[string]).Draw(rt, "names")
		for i, name := range want {
			tags := map[string]string{}
			for n := range i % 7 {
				tags[fmt.Sprint(n)] = "x"
			}
			g.PutDevEndpoint(account, region, gluetypes.DevEndpoint{EndpointName: &name}, tags)
		}
		tagging := New(map[string]Source{"glue": g})
		var got []string
		in := &tagapi.GetResourcesInput{}
		for {
			if rapid.Bool().Draw(rt, "sized") {
				in.ResourcesPerPage = aws.Int32(rapid.Int32Range(1, 100).Draw(rt, "size"))
			}
			if rapid.Bool().Draw(rt, "by tags") {
				in.TagsPerPage = aws.Int32(rapid.Int32Range(100, 500).Draw(rt, "tags"))
			}
			out, err := tagging.getResources(call("GetResources"), in)
			if err != nil {
				rt.Fatal(err)
			}
			for _, n := range names(out) {
				got = append(got, n[len("glue:eu-west-1:111122223333:devEndpoint/"):])
			}
			if in.PaginationToken = out.PaginationToken; *in.PaginationToken == "" {
				break
			}
		}
		slices.Sort(want)
		if diff := cmp.Diff(want, got, cmpopts.EquateEmpty()); diff != "" {
			rt.Error(diff)
		}
	})
}

func TestChange(t *testing.T) {
	t.Parallel()
	tagging, _ := estate()
	b, gone := "arn:aws:glue:eu-west-1:111122223333:devEndpoint/b", "arn:aws:glue:eu-west-1:111122223333:devEndpoint/zzz"
	out, err := tagging.tagResources(call("TagResources"), &tagapi.TagResourcesInput{
		ResourceARNList: []string{b, gone, keyARN, "arn:aws:kms:x:1:key/2", "arn:aws:sqs:eu-west-1:1:q"}, Tags: map[string]string{"new": "1"},
	})
	if err != nil {
		t.Fatal(err)
	}
	want := map[string]string{gone: "InvalidParameterException 400", "arn:aws:kms:x:1:key/2": "InvalidParameterException 404", "arn:aws:sqs:eu-west-1:1:q": "InvalidParameterException 400"}
	got := map[string]string{}
	for arn, f := range out.FailedResourcesMap {
		got[arn] = fmt.Sprint(f.ErrorCode, " ", f.StatusCode)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	if _, err := tagging.untagResources(call("UntagResources"), &tagapi.UntagResourcesInput{ResourceARNList: []string{b}, TagKeys: []string{"team", "new"}}); err != nil {
		t.Fatal(err)
	}
	list, err := tagging.getResources(call("GetResources"), &tagapi.GetResourcesInput{ResourceARNList: []string{b}})
	if err != nil || len(list.ResourceTagMappingList) != 1 || len(list.ResourceTagMappingList[0].Tags) != 0 {
		t.Errorf("a resource that had tags: %+v, %v", list, err)
	}
	for _, err := range []error{
		second(tagging.tagResources(call("TagResources"), &tagapi.TagResourcesInput{ResourceARNList: make([]string, 21)})),
		second(tagging.tagResources(call("TagResources"), &tagapi.TagResourcesInput{ResourceARNList: []string{b}, Tags: map[string]string{"aws:x": ""}})),
		second(tagging.untagResources(call("UntagResources"), &tagapi.UntagResourcesInput{ResourceARNList: []string{b}, TagKeys: []string{"aws:x"}})),
	} {
		var e *service.Error
		if !errors.As(err, &e) || e.Code != "InvalidParameterException" {
			t.Errorf("got %v", err)
		}
	}
}

func second[T any](_ T, err error) error { return err }

func TestKeysAndValues(t *testing.T) {
	t.Parallel()
	tagging, _ := estate()
	k, err := tagging.getTagKeys(call("GetTagKeys"), &tagapi.GetTagKeysInput{})
	if err != nil || !slices.Equal(k.TagKeys, []string{"env", "team"}) {
		t.Errorf("keys %v, %v", k, err)
	}
	v, err := tagging.getTagValues(call("GetTagValues"), &tagapi.GetTagValuesInput{Key: aws.String("team")})
	if err != nil || !slices.Equal(v.TagValues, []string{"x", "y"}) {
		t.Errorf("values %v, %v", v, err)
	}
}

// TestGlueTagsAreTheSame checks that tags set here are what Glue's own operation shows.
func TestGlueTagsAreTheSame(t *testing.T) {
	t.Parallel()
	tagging, g := estate()
	arn := "arn:aws:glue:eu-west-1:111122223333:mlTransform/tfm-1"
	if _, err := tagging.tagResources(call("TagResources"), &tagapi.TagResourcesInput{ResourceARNList: []string{arn}, Tags: map[string]string{"n": "1"}}); err != nil {
		t.Fatal(err)
	}
	for _, op := range g.Service().Operations {
		if op.Name != "GetTags" {
			continue
		}
		out, err := op.Invoke(call("GetTags"), &awsglue.GetTagsInput{ResourceArn: &arn})
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(map[string]string{"team": "x", "n": "1"}, out.(*awsglue.GetTagsOutput).Tags); diff != "" {
			t.Error(diff)
		}
	}
}
