package plan

import "github.com/glueguard/glueguard/internal/resource"

// DiffEndpoint lists the attributes of two endpoint definitions that differ, Before as wanted and After as it is. What
// AWS fills in by itself is no difference, nor are tags of Glueguard's or AWS's own.
func DiffEndpoint(want, got resource.EndpointDefinition) []Attribute {
	return nil
}

// DiffTransform is DiffEndpoint for ML transforms.
func DiffTransform(want, got resource.TransformDefinition) []Attribute {
	return nil
}
