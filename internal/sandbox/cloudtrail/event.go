package cloudtrail

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudtrail/types"
)

// event is a kept record as LookupEvents answers with it.
func (r *record) event() types.Event {
	resources := r.resources()
	out := types.Event{
		EventId:         aws.String(r.id()),
		EventName:       aws.String(r.operation),
		EventSource:     aws.String(r.source),
		EventTime:       aws.Time(time.Unix(0, r.at).UTC().Truncate(time.Second)),
		ReadOnly:        aws.String(strconv.FormatBool(r.readOnly)),
		Username:        aws.String(r.username()),
		Resources:       resources,
		CloudTrailEvent: aws.String(r.document()),
	}
	if r.principal.AccessKeyID != "" {
		out.AccessKeyId = aws.String(r.principal.AccessKeyID)
	}
	return out
}

// id is a UUID that follows from the record's place, so that it needs no memory.
func (r *record) id() string {
	var seed [16]byte
	binary.BigEndian.PutUint64(seed[:8], r.seq)
	binary.BigEndian.PutUint64(seed[8:], uint64(r.at))
	sum := sha256.Sum256(append(seed[:], r.requestID...))
	sum[6] = sum[6]&0x0f | 0x40
	sum[8] = sum[8]&0x3f | 0x80
	return fmt.Sprintf("%x-%x-%x-%x-%x", sum[0:4], sum[4:6], sum[6:8], sum[8:10], sum[10:16])
}

// username is what CloudTrail shows as the user: root, the user's name, or the session's name.
func (r *record) username() string {
	_, resource := cutARN(r.principal.ARN)
	if resource == "root" {
		return "root"
	}
	return resource[strings.LastIndex(resource, "/")+1:]
}

// document is the event's JSON text. Source: CloudTrail user guide, "CloudTrail record contents".
func (r *record) document() string {
	doc := map[string]any{
		"eventVersion":       "1.11",
		"userIdentity":       r.identity(),
		"eventTime":          time.Unix(0, r.at).UTC().Format(time.RFC3339),
		"eventSource":        r.source,
		"eventName":          r.operation,
		"awsRegion":          r.region,
		"sourceIPAddress":    r.sourceIP,
		"userAgent":          r.userAgent,
		"requestParameters":  nil,
		"responseElements":   nil,
		"requestID":          r.requestID,
		"eventID":            r.id(),
		"readOnly":           r.readOnly,
		"eventType":          "AwsApiCall",
		"managementEvent":    true,
		"recipientAccountId": r.account,
		"eventCategory":      "Management",
	}
	if r.errorCode != "" {
		doc["errorCode"] = r.errorCode
		doc["errorMessage"] = r.errorMessage
	}
	if p := r.requestParameters(); p != nil {
		doc["requestParameters"] = json.RawMessage(p)
	}
	if r.responseJSON != nil {
		doc["responseElements"] = json.RawMessage(r.responseJSON)
	}
	if r.key != "" {
		account, _ := cutARN(r.key)
		doc["resources"] = []any{map[string]any{"accountId": account, "type": "AWS::KMS::Key", "ARN": r.key}}
	}
	text, err := json.Marshal(doc)
	if err != nil { // the map holds JSON values only
		return "{}"
	}
	return string(text)
}

func (r *record) requestParameters() []byte {
	if r.readOnly {
		return renderJSON(r.input)
	}
	return r.parameters
}

// identity is the userIdentity element. Source: CloudTrail user guide, "CloudTrail userIdentity element".
func (r *record) identity() map[string]any {
	account, resource := cutARN(r.principal.ARN)
	id := map[string]any{"arn": r.principal.ARN, "accountId": account, "principalId": r.principal.UserID}
	if r.principal.AccessKeyID != "" {
		id["accessKeyId"] = r.principal.AccessKeyID
	}
	switch kind, _, _ := strings.Cut(resource, "/"); kind {
	case "root":
		id["type"], id["principalId"] = "Root", account
	case "user":
		id["type"], id["userName"] = "IAMUser", r.username()
	case "assumed-role":
		id["type"] = "AssumedRole"
		issuer, _, _ := strings.Cut(r.principal.UserID, ":")
		id["sessionContext"] = map[string]any{
			"sessionIssuer": map[string]any{
				"type": "Role", "principalId": issuer, "arn": r.principal.RoleARN, "accountId": account,
				"userName": r.principal.RoleARN[strings.LastIndex(r.principal.RoleARN, "/")+1:],
			},
			"attributes": map[string]any{"mfaAuthenticated": "false"},
		}
	default:
		id["type"] = "Unknown"
	}
	return id
}

// named maps input members to the type of the resource that they name. In order: the first ones are the more telling.
func named() [][2]string {
	return [][2]string{
		{"EndpointName", "AWS::Glue::DevEndpoint"},
		{"TransformId", "AWS::Glue::MLTransform"},
		{"JobName", "AWS::Glue::Job"},
		{"RoleName", "AWS::IAM::Role"},
		{"RoleArn", "AWS::IAM::Role"},
		{"PolicyArn", "AWS::IAM::Policy"},
		{"LogGroupName", "AWS::Logs::LogGroup"},
		{"Bucket", "AWS::S3::Bucket"},
		{"StackName", "AWS::CloudFormation::Stack"},
		{"NotebookInstanceName", "AWS::SageMaker::NotebookInstance"},
	}
}

// resources lists what the call was about.
func (r *record) resources() []types.Resource {
	var out []types.Resource
	add := func(kind, name string) {
		out = append(out, types.Resource{ResourceType: aws.String(kind), ResourceName: aws.String(name)})
	}
	if r.key != "" {
		add("AWS::KMS::Key", r.key)
	}
	value := r.parameter()
	for _, n := range named() {
		if name := value(n[0]); name != "" {
			add(n[1], name)
		}
	}
	return out
}

// parameter returns a look-up of string members of the request.
func (r *record) parameter() func(member string) string {
	if r.readOnly {
		return func(member string) string { return stringAt(r.input, member) }
	}
	var kept map[string]any
	if r.parameters != nil {
		if err := json.Unmarshal(r.parameters, &kept); err != nil { // it was written by renderJSON
			kept = nil
		}
	}
	return func(member string) string {
		s, _ := kept[lowerFirst(member)].(string)
		return s
	}
}

// cutARN returns an ARN's account and resource.
func cutARN(arn string) (account, resource string) {
	parts := strings.SplitN(arn, ":", 6)
	if len(parts) < 6 {
		return "", ""
	}
	return parts[4], parts[5]
}
