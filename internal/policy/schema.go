package policy

import (
	"encoding/json"
	"fmt"

	"github.com/invopop/jsonschema"

	"github.com/glueguard/glueguard/internal/resource"
)

// Schema is the JSON schema (draft 2020-12) of glueguard.yaml, for editors. It is generated from Policy. What it
// refuses Decode refuses too; Decode alone looks at the meaning: that a date is in the calendar, that one policy does
// not contradict itself.
func Schema() ([]byte, error) {
	reflector := jsonschema.Reflector{
		FieldNameTag:               "yaml",
		RequiredFromJSONSchemaTags: true,
		ExpandedStruct:             true,
		DoNotReference:             true,
		Anonymous:                  true,
	}
	schema := reflector.Reflect(Policy{})
	schema.Title = "Glueguard policy"
	schema.Description = "What an organisation demands of its AWS Glue estate (glueguard.yaml)"
	text, err := json.MarshalIndent(schema, "", "  ")
	if err != nil {
		return nil, fmt.Errorf("policy schema: %w", err)
	}
	return append(text, '\n'), nil
}

// JSONSchema describes a profile.
func (Profile) JSONSchema() *jsonschema.Schema {
	return enum(SOP, Strict)
}

// JSONSchema describes the modes that a dev endpoint can be required to have.
func (DevEndpointMode) JSONSchema() *jsonschema.Schema {
	return enum(resource.ModeSSES3, resource.ModeSSEKMS)
}

// JSONSchema describes the modes that an ML transform can be required to have.
func (MLTransformMode) JSONSchema() *jsonschema.Schema { return enum(Any, resource.ModeSSEKMS) }

// JSONSchema lists the controls.
func (ControlID) JSONSchema() *jsonschema.Schema { return enum(ControlIDs()...) }

// JSONSchema describes an account id.
func (AccountID) JSONSchema() *jsonschema.Schema { return text(accountRule) }

// JSONSchema describes an account id or *.
func (AccountPattern) JSONSchema() *jsonschema.Schema { return text(accountPatternRule) }

// JSONSchema describes a region pattern.
func (RegionPattern) JSONSchema() *jsonschema.Schema { return text(regionRule) }

// JSONSchema describes an ARN pattern.
func (ARNPattern) JSONSchema() *jsonschema.Schema { return text(arnRule) }

// JSONSchema describes an operation.
func (Operation) JSONSchema() *jsonschema.Schema { return text(operationRule) }

// JSONSchema describes text that is not blank.
func (Text) JSONSchema() *jsonschema.Schema { return text(textRule) }

// JSONSchema describes a date.
func (Date) JSONSchema() *jsonschema.Schema {
	s := text(dateRule)
	s.Format = "date"
	return s
}

// JSONSchema describes the modes that a repair can aim at.
func (RepairMode) JSONSchema() *jsonschema.Schema {
	return enum(resource.ModeSSES3, resource.ModeSSEKMS)
}

// JSONSchema lists the strategies.
func (RepairStrategy) JSONSchema() *jsonschema.Schema { return enum(strategies()...) }

// JSONSchema describes a reference to a key.
func (KeyRef) JSONSchema() *jsonschema.Schema { return text(keyRefRule) }

// JSONSchema describes true, false or an alias.
func (NewKeyAlias) JSONSchema() *jsonschema.Schema {
	return &jsonschema.Schema{OneOf: []*jsonschema.Schema{{Type: "boolean"}, text(aliasRule)}}
}

// JSONSchema describes an S3 prefix.
func (S3Prefix) JSONSchema() *jsonschema.Schema { return text(s3Rule) }

// JSONSchema describes a time span.
func (Duration) JSONSchema() *jsonschema.Schema { return text(durationRule) }

// JSONSchema describes a tag.
func (TagPattern) JSONSchema() *jsonschema.Schema { return text(tagRule) }

// JSONSchema lists the rules of approvals.
func (ApprovalRule) JSONSchema() *jsonschema.Schema { return enum(approvalRules()...) }

func text(rule string) *jsonschema.Schema {
	return &jsonschema.Schema{Type: "string", Pattern: rule}
}

func enum[T any](values ...T) *jsonschema.Schema {
	s := &jsonschema.Schema{Type: "string"}
	for _, v := range values {
		s.Enum = append(s.Enum, v)
	}
	return s
}
