package plan

import (
	"encoding/json"
	"fmt"
	"slices"

	"github.com/glueguard/glueguard/internal/resource"
)

// DefaultAlias is the alias of a key that is made when no other is named.
const DefaultAlias = "alias/glueguard"

const keyDescription = "Encrypts AWS Glue data; made by glueguard"

// GrantOperations are what a resource's role needs to do with the key of its encryption.
func GrantOperations() []string {
	return []string{
		"Decrypt", "DescribeKey", "Encrypt", "GenerateDataKey", "GenerateDataKeyWithoutPlaintext", "ReEncryptFrom", "ReEncryptTo",
	}
}

// KeyPolicy is the policy of a key that a change makes: the account decides by IAM, as is KMS's default, and these roles
// and the location's CloudWatch Logs may use it.
func KeyPolicy(l resource.Location, roles ...string) string {
	type statement struct {
		Sid       string
		Effect    string
		Principal map[string]any
		Action    any
		Resource  string
		Condition map[string]map[string]string `json:",omitempty"`
	}
	use := []string{"kms:Encrypt*", "kms:Decrypt", "kms:ReEncrypt*", "kms:GenerateDataKey*", "kms:DescribeKey"}
	root := fmt.Sprintf("arn:%s:iam::%s:root", l.Partition, l.Account)
	statements := []statement{{
		Sid: "Account", Effect: "Allow", Principal: map[string]any{"AWS": root}, Action: "kms:*", Resource: "*",
	}}
	roles = slices.Compact(slices.Sorted(slices.Values(roles)))
	roles = slices.DeleteFunc(roles, func(r string) bool { return r == "" })
	if len(roles) > 0 {
		statements = append(statements, statement{
			Sid: "GlueRoles", Effect: "Allow", Principal: map[string]any{"AWS": roles}, Action: use, Resource: "*",
		})
	}
	statements = append(statements, statement{
		Sid: "CloudWatchLogs", Effect: "Allow", Principal: map[string]any{"Service": "logs." + l.Region + ".amazonaws.com"}, Action: use, Resource: "*",
		Condition: map[string]map[string]string{"ArnLike": {
			"kms:EncryptionContext:aws:logs:arn": l.ARN("logs", "*").String(),
		}},
	})
	text, err := json.Marshal(struct {
		Version   string
		Statement []statement
	}{"2012-10-17", statements})
	if err != nil {
		panic("plan: a key policy can't be marshalled: " + err.Error()) // impossible: no cycles, no floats
	}
	return string(text)
}
