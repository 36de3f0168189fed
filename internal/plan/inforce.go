package plan

import "github.com/glueguard/glueguard/internal/resource"

// InForce is what the S3 entries of a security configuration encrypt with: the weakest of them, as the audit judges it.
// The mode is NONE where anything is off; one that is not recognised is returned as it is.
func InForce(entries []resource.Encryption) resource.Encryption { return inForce(entries) }
