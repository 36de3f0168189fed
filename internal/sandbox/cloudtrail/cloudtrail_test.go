package cloudtrail

import (
	"encoding/json"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudtrail"
	"github.com/aws/aws-sdk-go-v2/service/cloudtrail/types"
	"github.com/aws/aws-sdk-go-v2/service/glue"
	gluetypes "github.com/aws/aws-sdk-go-v2/service/glue/types"
	"github.com/aws/aws-sdk-go-v2/service/kms"
	"github.com/google/go-cmp/cmp"

	"github.com/glueguard/glueguard/internal/sandbox/service"
)

var start = time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)

func root(account string) service.Principal {
	return service.Principal{AccessKeyID: account, ARN: "arn:aws:iam::" + account + ":root", UserID: account}
}

func session(account string) service.Principal {
	return service.Principal{
		AccessKeyID: "ASIAEXAMPLE", ARN: "arn:aws:sts::" + account + ":assumed-role/Audit/glueguard",
		UserID: "AROAEXAMPLE:glueguard", RoleARN: "arn:aws:iam::" + account + ":role/security/Audit",
	}
}

func event(account, prefix, operation string, at time.Time, readOnly bool, in, out any) service.Event {
	return service.Event{
		Call: service.Call{
			Partition: "aws", Account: account, Region: "eu-west-1", Service: prefix, Operation: operation,
			Principal: session(account), Now: at, RequestID: "req-" + operation,
		},
		Source: prefix + ".amazonaws.com", UserAgent: "test", SourceIP: "127.0.0.1", ReadOnly: readOnly, Input: in, Output: out,
	}
}

func lookup(t *testing.T, trail *CloudTrail, at time.Time, in *cloudtrail.LookupEventsInput) *cloudtrail.LookupEventsOutput {
	t.Helper()
	out, err := trail.lookupEvents(&service.Call{Account: "111111111111", Region: "eu-west-1", Now: at}, in)
	if err != nil {
		t.Fatalf("LookupEvents: %v", err)
	}
	return out
}

func names(out *cloudtrail.LookupEventsOutput) []string {
	var names []string
	for _, e := range out.Events {
		names = append(names, *e.EventName)
	}
	return names
}

func TestEventDocument(t *testing.T) {
	t.Parallel()
	trail := New()
	e := event("111111111111", "glue", "CreateDevEndpoint", start, false,
		&glue.CreateDevEndpointInput{EndpointName: aws.String("dev1"), NumberOfNodes: 2, Arguments: map[string]string{"--db-password": "x", "--y": "z"}},
		&glue.CreateDevEndpointOutput{EndpointName: aws.String("dev1"), Status: aws.String("PROVISIONING")})
	trail.Record(e)
	out := lookup(t, trail, start, &cloudtrail.LookupEventsInput{})
	if len(out.Events) != 1 {
		t.Fatalf("got %d events, want 1", len(out.Events))
	}
	got := out.Events[0]
	if *got.Username != "glueguard" || *got.ReadOnly != "false" || *got.AccessKeyId != "ASIAEXAMPLE" {
		t.Errorf("event = %+v", got)
	}
	wantResources := []types.Resource{{ResourceType: aws.String("AWS::Glue::DevEndpoint"), ResourceName: aws.String("dev1")}}
	if d := cmp.Diff(wantResources, got.Resources, cmp.AllowUnexported(types.Resource{})); d != "" {
		t.Errorf("resources (-want +got):\n%s", d)
	}
	var doc map[string]any
	if err := json.Unmarshal([]byte(*got.CloudTrailEvent), &doc); err != nil {
		t.Fatal(err)
	}
	want := map[string]any{
		"requestParameters": map[string]any{
			"endpointName": "dev1", "numberOfNodes": 2.0, "arguments": map[string]any{"--db-password": hidden, "--y": "z"},
		},
		"responseElements": map[string]any{"endpointName": "dev1", "status": "PROVISIONING"},
		"eventSource":      "glue.amazonaws.com", "eventName": "CreateDevEndpoint", "awsRegion": "eu-west-1", "readOnly": false,
		"userIdentity": map[string]any{
			"type": "AssumedRole", "principalId": "AROAEXAMPLE:glueguard", "arn": "arn:aws:sts::111111111111:assumed-role/Audit/glueguard",
			"accountId": "111111111111", "accessKeyId": "ASIAEXAMPLE",
			"sessionContext": map[string]any{
				"attributes": map[string]any{"mfaAuthenticated": "false"},
				"sessionIssuer": map[string]any{
					"type": "Role", "principalId": "AROAEXAMPLE", "accountId": "111111111111", "userName": "Audit",
					"arn": "arn:aws:iam::111111111111:role/security/Audit",
				},
			},
		},
	}
	for name, v := range want {
		if d := cmp.Diff(v, doc[name]); d != "" {
			t.Errorf("%s (-want +got):\n%s", name, d)
		}
	}
}

func TestReadsHaveNoResponseElements(t *testing.T) {
	t.Parallel()
	trail := New()
	trail.Record(event("111111111111", "glue", "GetDevEndpoints", start, true, &glue.GetDevEndpointsInput{MaxResults: aws.Int32(5)},
		&glue.GetDevEndpointsOutput{DevEndpoints: []gluetypes.DevEndpoint{{EndpointName: aws.String("a")}}}))
	doc := *lookup(t, trail, start, &cloudtrail.LookupEventsInput{}).Events[0].CloudTrailEvent
	var got struct {
		RequestParameters map[string]any `json:"requestParameters"`
		ResponseElements  any            `json:"responseElements"`
	}
	if err := json.Unmarshal([]byte(doc), &got); err != nil {
		t.Fatal(err)
	}
	if got.ResponseElements != nil || got.RequestParameters["maxResults"] != 5.0 {
		t.Errorf("document = %s", doc)
	}
}

func TestRefusedCallsCarryTheirError(t *testing.T) {
	t.Parallel()
	trail := New()
	e := event("111111111111", "kms", "Decrypt", start, true, &kms.DecryptInput{KeyId: aws.String("1234"), CiphertextBlob: []byte("x")}, nil)
	e.ErrorCode, e.ErrorMessage = "AccessDenied", "not you"
	trail.Record(e)
	got := lookup(t, trail, start, &cloudtrail.LookupEventsInput{LookupAttributes: []types.LookupAttribute{{
		AttributeKey: types.LookupAttributeKeyResourceName, AttributeValue: aws.String("arn:aws:kms:eu-west-1:111111111111:key/1234"),
	}}})
	if len(got.Events) != 1 {
		t.Fatalf("got %v", names(got))
	}
	var doc map[string]any
	if err := json.Unmarshal([]byte(*got.Events[0].CloudTrailEvent), &doc); err != nil {
		t.Fatal(err)
	}
	if doc["errorCode"] != "AccessDenied" || doc["errorMessage"] != "not you" {
		t.Errorf("document = %v", doc)
	}
}

func TestLookupAttributes(t *testing.T) {
	t.Parallel()
	trail := New()
	trail.Record(event("111111111111", "glue", "GetDevEndpoints", start, true, &glue.GetDevEndpointsInput{}, nil))
	trail.Record(event("111111111111", "glue", "DeleteDevEndpoint", start.Add(time.Second), false, &glue.DeleteDevEndpointInput{EndpointName: aws.String("dev1")}, nil))
	key := &kms.DisableKeyInput{KeyId: aws.String("1234")}
	byRoot := event("111111111111", "kms", "DisableKey", start.Add(2*time.Second), false, key, &kms.DisableKeyOutput{})
	byRoot.Call.Principal = root("111111111111")
	trail.Record(byRoot)
	trail.Record(event("222222222222", "kms", "EnableKey", start, false, key, nil))
	id := *lookup(t, trail, start.Add(time.Minute), &cloudtrail.LookupEventsInput{}).Events[1].EventId
	for i, tc := range []struct {
		key   types.LookupAttributeKey
		value string
		want  []string
	}{
		{types.LookupAttributeKeyEventName, "DisableKey", []string{"DisableKey"}},
		{types.LookupAttributeKeyEventId, id, []string{"DeleteDevEndpoint"}},
		{types.LookupAttributeKeyReadOnly, "true", []string{"GetDevEndpoints"}},
		{types.LookupAttributeKeyReadOnly, "false", []string{"DisableKey", "DeleteDevEndpoint"}},
		{types.LookupAttributeKeyUsername, "glueguard", []string{"DeleteDevEndpoint", "GetDevEndpoints"}},
		{types.LookupAttributeKeyUsername, "root", []string{"DisableKey"}},
		{types.LookupAttributeKeyResourceType, "AWS::KMS::Key", []string{"DisableKey"}},
		{types.LookupAttributeKeyResourceName, "dev1", []string{"DeleteDevEndpoint"}},
		{types.LookupAttributeKeyEventSource, "kms.amazonaws.com", []string{"DisableKey"}},
		{types.LookupAttributeKeyAccessKeyId, "111111111111", []string{"DisableKey"}},
		{types.LookupAttributeKeyEventName, "EnableKey", nil}, // another account's
	} {
		got := lookup(t, trail, start.Add(time.Duration(i+2)*time.Minute), &cloudtrail.LookupEventsInput{
			LookupAttributes: []types.LookupAttribute{{AttributeKey: tc.key, AttributeValue: aws.String(tc.value)}},
		})
		t.Run(string(tc.key)+"="+tc.value, func(t *testing.T) {
			t.Parallel()
			if d := cmp.Diff(tc.want, names(got)); d != "" {
				t.Errorf("-want +got:\n%s", d)
			}
		})
	}
}

func TestPagingAndTokens(t *testing.T) {
	t.Parallel()
	trail := New()
	for i := range 120 {
		trail.Record(event("111111111111", "glue", fmt.Sprintf("Op%03d", i), start.Add(time.Duration(i)*time.Second), i%3 != 0, nil, nil))
	}
	var got []string
	in := &cloudtrail.LookupEventsInput{}
	for page := 0; ; page++ {
		out := lookup(t, trail, start.Add(time.Hour+time.Duration(page)*time.Second), in)
		got = append(got, names(out)...)
		trail.Record(event("111111111111", "glue", "Later", start.Add(time.Hour), true, nil, nil)) // must not shift the pages
		if out.NextToken == nil {
			break
		}
		in.NextToken = out.NextToken
	}
	if len(got) != 120 || got[0] != "Op119" || got[119] != "Op000" {
		t.Errorf("got %d events, first %s, last %s", len(got), got[0], got[len(got)-1])
	}
}

func TestLookupRefusals(t *testing.T) {
	t.Parallel()
	trail := New()
	for i := range 3 {
		trail.Record(event("111111111111", "glue", "Op", start.Add(time.Duration(i)), true, nil, nil))
	}
	token := lookup(t, trail, start.Add(time.Minute), &cloudtrail.LookupEventsInput{MaxResults: aws.Int32(1)}).NextToken
	attribute := types.LookupAttribute{AttributeKey: types.LookupAttributeKeyEventName, AttributeValue: aws.String("Op")}
	for i, tc := range []struct {
		name, code string
		in         cloudtrail.LookupEventsInput
	}{
		{"two attributes", "InvalidLookupAttributesException", cloudtrail.LookupEventsInput{LookupAttributes: []types.LookupAttribute{attribute, attribute}}},
		{"page of 51", "InvalidMaxResultsException", cloudtrail.LookupEventsInput{MaxResults: aws.Int32(51)}},
		{"page of none", "InvalidMaxResultsException", cloudtrail.LookupEventsInput{MaxResults: aws.Int32(0)}},
		{"start after end", "InvalidTimeRangeException", cloudtrail.LookupEventsInput{StartTime: aws.Time(start), EndTime: aws.Time(start.Add(-time.Hour))}},
		{"token of other parameters", "InvalidNextTokenException", cloudtrail.LookupEventsInput{NextToken: token, LookupAttributes: []types.LookupAttribute{attribute}}},
		{"token made up", "InvalidNextTokenException", cloudtrail.LookupEventsInput{NextToken: aws.String("abc")}},
		{"category", "InvalidEventCategoryException", cloudtrail.LookupEventsInput{EventCategory: "data"}},
	} {
		call := &service.Call{Account: "111111111111", Region: "eu-west-1", Now: start.Add(time.Duration(i+2) * time.Minute)}
		_, err := trail.lookupEvents(call, &tc.in)
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			var refused *service.Error
			if !errors.As(err, &refused) || refused.Code != tc.code {
				t.Errorf("got %v, want %s", err, tc.code)
			}
		})
	}
}

func TestTwoLookupsASecond(t *testing.T) {
	t.Parallel()
	trail := New()
	at := func(d time.Duration, account string) error {
		_, err := trail.lookupEvents(&service.Call{Account: account, Region: "eu-west-1", Now: start.Add(d)}, &cloudtrail.LookupEventsInput{})
		return err
	}
	var refused *service.Error
	for range 2 {
		if err := at(0, "1"); err != nil {
			t.Fatalf("one of the first two lookups: %v", err)
		}
	}
	if err := at(0, "1"); !errors.As(err, &refused) || refused.Code != "ThrottlingException" {
		t.Errorf("third lookup: got %v, want ThrottlingException", err)
	}
	if err := at(0, "2"); err != nil {
		t.Errorf("another account: %v", err)
	}
	if err := at(500*time.Millisecond, "1"); err != nil {
		t.Errorf("half a second later: %v", err)
	}
}

func TestNinetyDays(t *testing.T) {
	t.Parallel()
	trail := New()
	trail.Record(event("111111111111", "glue", "Old", start, true, nil, nil))
	if got := names(lookup(t, trail, start.Add(history+time.Hour), &cloudtrail.LookupEventsInput{StartTime: aws.Time(start)})); got != nil {
		t.Errorf("got %v", got)
	}
	if got := names(lookup(t, trail, start.Add(history-time.Hour), &cloudtrail.LookupEventsInput{})); len(got) != 1 {
		t.Errorf("got %v", got)
	}
}

func TestReadsDoNotPushOutChanges(t *testing.T) {
	t.Parallel()
	trail := New()
	trail.Record(event("111111111111", "kms", "DisableKey", start, false, nil, nil))
	for range keptReads + 10 {
		trail.Record(event("222222222222", "glue", "GetDevEndpoints", start, true, nil, nil))
	}
	trail.Record(event("111111111111", "glue", "GetMLTransforms", start, true, nil, nil))
	if d := cmp.Diff([]string{"GetMLTransforms", "DisableKey"}, names(lookup(t, trail, start, &cloudtrail.LookupEventsInput{}))); d != "" {
		t.Errorf("-want +got:\n%s", d)
	}
	if len(trail.reads.slots) != keptReads {
		t.Errorf("%d reads kept, want %d", len(trail.reads.slots), keptReads)
	}
}

func TestDataEventsAreNotKept(t *testing.T) {
	t.Parallel()
	trail := New()
	for _, operation := range []string{"PutObject", "GetObject", "ListObjectsV2", "UploadPart", "CreateMultipartUpload", "GetBucketEncryption"} {
		trail.Record(event("111111111111", "s3", operation, start, true, nil, nil))
	}
	if d := cmp.Diff([]string{"GetBucketEncryption"}, names(lookup(t, trail, start, &cloudtrail.LookupEventsInput{}))); d != "" {
		t.Errorf("-want +got:\n%s", d)
	}
}

func BenchmarkRecord(b *testing.B) {
	in := &glue.GetDevEndpointsInput{}
	out := &glue.GetDevEndpointsOutput{}
	b.Run("read", func(b *testing.B) {
		trail := New()
		e := event("111111111111", "glue", "GetDevEndpoints", start, true, in, out)
		b.ReportAllocs()
		for b.Loop() {
			trail.Record(e)
		}
	})
	b.Run("change", func(b *testing.B) {
		trail := New()
		e := event("111111111111", "glue", "CreateDevEndpoint", start, false,
			&glue.CreateDevEndpointInput{EndpointName: aws.String("dev1"), RoleArn: aws.String("r"), NumberOfNodes: 2},
			&glue.CreateDevEndpointOutput{EndpointName: aws.String("dev1")})
		b.ReportAllocs()
		for b.Loop() {
			trail.Record(e)
		}
	})
}
