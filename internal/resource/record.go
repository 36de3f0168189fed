package resource

import (
	"encoding/json"
	"slices"
	"strings"
)

// TypeSecurityConfiguration is what records of security configurations are of. Nothing is found about them by themselves.
const TypeSecurityConfiguration Type = "AWS::Glue::SecurityConfiguration"

// Knowledge says how the reading of a record's resource ended.
type Knowledge string

// What a record may be. A resource that was read holds its facts.
const (
	RecordKnown   Knowledge = "known"
	RecordAbsent  Knowledge = "absent"  // AWS says that there is none
	RecordUnknown Knowledge = "unknown" // the failure says why
)

// Record is what an audit read of one resource, as it is kept: what verdicts rest on. Where a whole listing failed, ARN,
// ID and Name are empty. A location's record of a key says only how its reading went; what was read of the key is in
// another record, kept once for the estate, with the key's own location.
type Record struct {
	Type    Type      `json:"type"`
	ARN     string    `json:"arn,omitempty"` // security configurations have none
	ID      string    `json:"id,omitempty"`  // of a key's record in a location: the reference as written
	Name    string    `json:"name,omitempty"`
	Account string    `json:"account,omitempty"`
	Region  string    `json:"region,omitempty"`
	State   Knowledge `json:"state"`
	Failure *Failure  `json:"failure,omitempty"`
	// Uses are the security configuration and keys that the resource names: ids of records of its location.
	Uses []Use `json:"uses,omitempty"`
	// Facts are the resource's members as they were read, an object, without what is secret in them.
	Facts json.RawMessage `json:"facts,omitempty"`
}

// Use is something that a resource names.
type Use struct {
	Type Type   `json:"type"`
	ID   string `json:"id"`
}

// About tells whether the record is of the resource that a finding is about.
func (r *Record) About(f Ref) bool {
	if r.Type != f.Type {
		return false
	}
	if f.ARN != "" {
		return r.ARN == f.ARN
	}
	return r.ID == f.ID && r.Account == f.Account && r.Region == f.Region
}

// Related picks from a location's records those that the verdicts on one resource rest on: first its own, then that of
// the security configuration that it names, then those of the keys that either names.
func Related(records []Record, f Ref) []Record {
	i := slices.IndexFunc(records, func(r Record) bool { return r.About(f) && (r.Type != TypeKey || r.Facts != nil) })
	if i < 0 {
		i = slices.IndexFunc(records, func(r Record) bool { return r.About(f) })
	}
	if i < 0 {
		return nil
	}
	picked := []Record{records[i]}
	for at := 0; at < len(picked); at++ { // those that are added are looked at as well
		for _, u := range picked[at].Uses {
			named := func(r Record) bool { return r.Type == u.Type && r.ID == u.ID }
			j := slices.IndexFunc(records, named)
			if j >= 0 && !slices.ContainsFunc(picked, named) {
				picked = append(picked, records[j])
			}
		}
	}
	return picked
}

// KeyARN makes an ARN of a key reference as written in a location: an ARN, an alias name, or a key id. It returns
// ErrARN, wrapped, for what is none of these.
func KeyARN(l Location, ref string) (ARN, error) {
	switch {
	case strings.HasPrefix(ref, "alias/"):
		return l.ARN("kms", ref), nil
	case !strings.HasPrefix(ref, "arn:"):
		return l.ARN("kms", "key/"+ref), nil
	}
	return ParseARN(ref)
}
