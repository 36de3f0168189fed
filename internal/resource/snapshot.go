package resource

// Snapshot is what was read of one location at one time. Joins are by (account, region, name) because a snapshot
// holds only its own location's configurations.
type Snapshot struct {
	Location     Location
	DevEndpoints Fact[[]DevEndpoint] // unknown when any page failed: never a part taken for the whole
	MLTransforms Fact[[]MLTransform]
	// SecurityConfigurations holds just those that something in the location names, by name. A name without an
	// entry was never read.
	SecurityConfigurations map[string]Fact[SecurityConfiguration]
	// Keys holds the KMS keys that the location's encryption names, by the reference as written.
	Keys     map[string]Fact[Key]
	Coverage []Coverage
}

// SecurityConfiguration is the named configuration of this location; one never read is unknown.
func (s *Snapshot) SecurityConfiguration(name string) Fact[SecurityConfiguration] {
	return s.SecurityConfigurations[name]
}

// Key is the key behind a reference as written in this location; one never read is unknown.
func (s *Snapshot) Key(ref string) Fact[Key] { return s.Keys[ref] }

// KeyUse is one KMS key and where Glue encryption uses it, over the whole estate: the input of the key control.
type KeyUse struct {
	Ref    string    // the reference as written, when the key could not be read; else the key ARN
	Key    Fact[Key] //
	UsedIn []Location
}

// CoverageOK is the coverage status of an operation that was read whole. The others are the failure classes.
const CoverageOK = "ok"

// Coverage says how the reading of one AWS operation in one location went.
type Coverage struct {
	Account   string `json:"account"`
	Region    string `json:"region"`
	Operation string `json:"operation"` // e.g. "glue:GetDevEndpoints"
	Status    string `json:"status"`    // CoverageOK or a FailureClass
	Items     int    `json:"items"`
	Pages     int    `json:"pages"`
	ErrorCode string `json:"error_code"`
	Message   string `json:"message"`
}

// Unread tells whether something should have been read and was not: the exit status and the list of what could not be
// read both rest on it. Unsupported, excluded and skipped are neither ok nor unread.
func (c Coverage) Unread() bool {
	switch FailureClass(c.Status) {
	case CoverageOK, Unsupported, Excluded, Skipped:
		return false
	}
	return true
}
