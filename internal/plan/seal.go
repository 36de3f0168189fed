package plan

// Seal orders the plan, counts it, says whether it is complete and can be applied, and computes its digest.
func Seal(p Plan) (Plan, error) { return p, nil }

// DigestOf is the digest of everything in the plan but the digest itself.
func (p Plan) DigestOf() (string, error) { return "", nil }

// Encode writes the plan as JSON, always the same bytes for the same plan.
func (p Plan) Encode() ([]byte, error) { return nil, nil }
