package plan

import (
	"maps"
	"slices"
	"strings"

	"github.com/glueguard/glueguard/internal/resource"
)

// RecreatableEndpoint is a definition as a creation takes it: of the inputs that exclude each other one is left, and the
// tags that no creation takes, or that are a change's own, are out. It shares nothing with the definition given.
func RecreatableEndpoint(d resource.EndpointDefinition) resource.EndpointDefinition {
	// AWS answers with a number of nodes for endpoints that are sized by workers, and takes only one of the two.
	if d.WorkerType != "" || d.NumberOfWorkers > 0 {
		d.NumberOfNodes = 0
	}
	if d.PublicKey != "" && len(d.PublicKeys) > 0 {
		if !slices.Contains(d.PublicKeys, d.PublicKey) {
			d.PublicKeys = append([]string{d.PublicKey}, d.PublicKeys...)
		}
		d.PublicKey = ""
	}
	d.PublicKeys = list(d.PublicKeys)
	d.SecurityGroupIDs = list(d.SecurityGroupIDs)
	d.Arguments = table(d.Arguments)
	d.Tags = userTags(d.Tags)
	return d
}

// RecreatableTransform is RecreatableEndpoint for ML transforms. What was not set stays so: that is not the same as 0.
func RecreatableTransform(d resource.TransformDefinition) resource.TransformDefinition {
	// AWS answers with a capacity for transforms that are sized by workers; and it takes workers only with their type.
	switch {
	case d.WorkerType != "" && d.NumberOfWorkers != nil:
		d.MaxCapacity = nil
	case d.MaxCapacity != nil:
		d.WorkerType, d.NumberOfWorkers = "", nil
	}
	d.MaxCapacity, d.NumberOfWorkers = clone(d.MaxCapacity), clone(d.NumberOfWorkers)
	d.TimeoutMinutes, d.MaxRetries = clone(d.TimeoutMinutes), clone(d.MaxRetries)
	if d.FindMatches != nil {
		d.FindMatches = &resource.FindMatches{
			PrimaryKeyColumnName:    clone(d.FindMatches.PrimaryKeyColumnName),
			PrecisionRecallTradeoff: clone(d.FindMatches.PrecisionRecallTradeoff),
			AccuracyCostTradeoff:    clone(d.FindMatches.AccuracyCostTradeoff),
			EnforceProvidedLabels:   clone(d.FindMatches.EnforceProvidedLabels),
		}
	}
	if d.UserData != nil {
		d.UserData = clone(d.UserData)
		if d.UserData.Mode != resource.ModeSSEKMS {
			d.UserData.KMSKey = ""
		}
	}
	d.InputTables = list(d.InputTables)
	for i, t := range d.InputTables {
		d.InputTables[i].AdditionalOptions = table(t.AdditionalOptions)
	}
	d.Tags = userTags(d.Tags)
	return d
}

// OwnTag tells whether a tag is one that changes put on what they make, until they end.
func OwnTag(key string) bool { return strings.HasPrefix(key, "glueguard:") }

// userTags are the tags that people gave.
func userTags(tags map[string]string) map[string]string {
	kept := maps.Clone(tags)
	maps.DeleteFunc(kept, func(key, _ string) bool { return OwnTag(key) || strings.HasPrefix(key, "aws:") })
	return table(kept)
}

// list and table copy, and make nothing of what is empty, so that definitions are equal when they say the same.
func list[T any](l []T) []T {
	if len(l) == 0 {
		return nil
	}
	return slices.Clone(l)
}

func table(m map[string]string) map[string]string {
	if len(m) == 0 {
		return nil
	}
	return maps.Clone(m)
}

func clone[T any](p *T) *T {
	if p == nil {
		return nil
	}
	v := *p
	return &v
}
