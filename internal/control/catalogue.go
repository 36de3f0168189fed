package control

import (
	"slices"

	"github.com/glueguard/glueguard/internal/policy"
	"github.com/glueguard/glueguard/internal/resource"
)

// Control is one rule of the catalogue.
type Control struct {
	ID    ID
	Title string
	// Type is the resource type that its findings are about. A control on keys rests on both listings of a location.
	Type resource.Type
	// Severity is that of its findings. A key that anybody may use, or that is gone, is worse: see EvaluateKeys.
	Severity Severity
}

// All lists the catalogue. What there is to say of each control in words is in catalogue/, one file per control: see
// ReadCatalogue.
func All() []Control {
	return []Control{
		{
			ID: DevEndpointS3, Title: "Glue development endpoints write to S3 encrypted",
			Type: resource.TypeDevEndpoint, Severity: Medium,
		},
		{
			ID: DevEndpointLogs, Title: "Glue development endpoints encrypt their logs with SSE-KMS",
			Type: resource.TypeDevEndpoint, Severity: Low,
		},
		{
			ID: MLTransform, Title: "Glue ML transforms are encrypted at rest",
			Type: resource.TypeMLTransform, Severity: Medium,
		},
		{
			ID: KeyManagement, Title: "KMS keys that Glue encryption uses are usable, rotated and closed to outsiders",
			Type: resource.TypeKey, Severity: Medium,
		},
	}
}

// Selected lists the controls that the policy covers and, where any are named, that are named.
func Selected(p policy.Policy, only ...ID) []Control {
	return slices.DeleteFunc(All(), func(c Control) bool {
		return !p.Scope.CoversControl(string(c.ID)) || (len(only) > 0 && !slices.Contains(only, c.ID))
	})
}

// get returns a control that is known to be in the catalogue.
func get(id ID) Control {
	all := All()
	return all[slices.IndexFunc(all, func(c Control) bool { return c.ID == id })]
}
