package plan

import "github.com/glueguard/glueguard/internal/resource"

// Wanted is what is asked for one resource: by a person, by the policy, or both.
type Wanted struct {
	// Resource names the resource as it was asked for. It is what the item shows where the resource itself could not be
	// read or is gone; otherwise what was read wins.
	Resource resource.Ref

	Mode     resource.Mode // SSE-S3, SSE-KMS, NONE; "" under Retire
	Logs     bool          // log encryption of an endpoint joins
	Key      string        // key ARN, resolved; "" none (then the resolved Surroundings.WantedKey serves); KeyPlaceholder when NewKey is set
	LogKey   string        // likewise, for logs; "": the same as Key
	NewKey   *NewKey       // a key to make; its empty fields are filled in
	Grant    *Grant        // only where the resource's role may not use the key otherwise; its empty fields are filled in
	Strategy Strategy      // "": Replace

	LabelsS3     string // s3://bucket/prefix/ for a transform's labels
	LabelsBeside bool   // LabelsS3 was named by nobody: it is beside the file that the labels were imported from last
	Prove        string // s3://bucket/prefix/ where a twin proves itself; "": it does not
	RepointJobs  bool

	AcceptWeaker       bool
	AcceptIrreversible bool

	ProvisioningMinutes int     // what AWS is expected to take for an endpoint; 0: 15
	LimitMinutes        int     // what it may take before a person is asked; 0: 30
	MetricTolerance     float64 // of each quality metric, absolute; 0: 0.05

	Findings []FindingRef
	// OwnedByCode is the tag, as "key=value" or "key", by which the policy says that code owns the resource; "": none.
	OwnedByCode string
}
