package resource

// Ref names one resource to users and in the JSON contracts. Where a whole listing failed, ARN, ID and Name are empty
// and only the type and the location are set.
type Ref struct {
	Type    Type              `json:"type"`
	ARN     string            `json:"arn"`
	ID      string            `json:"id"`
	Name    string            `json:"name"`
	Account string            `json:"account"`
	Region  string            `json:"region"`
	Tags    map[string]string `json:"tags"`
}
