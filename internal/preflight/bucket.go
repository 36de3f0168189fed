package preflight

import (
	"strings"

	"github.com/glueguard/glueguard/internal/iampolicy"
	"github.com/glueguard/glueguard/internal/plan"
	"github.com/glueguard/glueguard/internal/resource"
)

// buckets are the checks of the S3 prefixes that a change writes to.
func (v *subject) buckets() []plan.Check {
	var checks []plan.Check
	if v.labels != "" {
		checks = append(checks, v.bucket(LabelsBucket, "--labels-s3", v.s.Labels))
		if b, ok := v.s.Labels.Value(); ok && b.Name != "" {
			checks = append(checks, v.writable(LabelsWrite, v.labels, "s3:PutObject", "s3:GetObject"))
			checks = append(checks, v.bucketKey(b)...)
		}
	}
	if v.proves != "" {
		checks = append(checks, v.bucket(ProofBucket, "--prove", v.s.Proof))
		if b, ok := v.s.Proof.Value(); ok && b.Name != "" {
			checks = append(checks, v.writable(ProofWritable, v.proves, "s3:PutObject"))
		}
	}
	return checks
}

// bucket judges whether the bucket is there, in the region, and encrypted by default.
func (v *subject) bucket(code, flag string, fact resource.Fact[resource.Bucket]) plan.Check {
	advice := "Name a bucket of this region with " + flag + "."
	b, ok := fact.Value()
	switch {
	case fact.IsAbsent():
		return failed(code, advice, "the bucket does not exist")
	case !ok:
		return unread(code, "the bucket", fact)
	case b.Name == "":
		return unchecked(code, "Plan again.", "the bucket was never read")
	case b.Region != v.s.Location.Region:
		return failed(code, advice, "the bucket %s is in %s; AWS takes only one of %s", b.Name, b.Region, v.s.Location.Region)
	}
	switch mode := b.Encryption.Mode; {
	case !mode.Recognised():
		return unchecked(code, "See the bucket's default encryption.", "the bucket %s is encrypted in a way that is not known: %s", b.Name, mode)
	case !mode.Encrypts():
		return failed(code, "Turn the bucket's default encryption on.", "the bucket %s is not encrypted by default", b.Name)
	}
	return passed(code, "the bucket %s is in the region and encrypted (%s)", b.Name, b.Encryption.Mode)
}

// writable judges by the role's own policies. The bucket's policy is not read: it may allow what they don't, so that
// only a denial is certain.
func (v *subject) writable(code, place string, actions ...string) plan.Check {
	advice := "Allow the role " + strings.Join(actions, " and ") + " there."
	identity, boundary := v.documents()
	access := iampolicy.RoleAccess{Identity: identity, Boundary: boundary}
	object := resource.ARN{Partition: v.s.Location.Partition, Service: "s3", Resource: strings.TrimPrefix(place, "s3://") + "object"}
	allowed, denied := iampolicy.Yes, iampolicy.No
	for _, action := range actions {
		r := iampolicy.Request{Principal: v.roleARN, Action: action, Resource: object.String()}
		allowed, denied = min(allowed, access.Allows(r)), max(denied, access.Denies(r))
	}
	switch {
	case denied == iampolicy.Yes:
		return failed(code, advice, "the policies of the role %s deny it %s", v.roleARN, place)
	case v.s.Role.IsUnknown():
		return unread(code, "the role "+v.roleARN, v.s.Role)
	case allowed == iampolicy.Yes:
		return passed(code, "the policies of the role %s let it use %s", v.roleARN, place)
	}
	return unchecked(code, advice, "the policies of the role %s do not let it use %s; whether the bucket's policy does was not read", v.roleARN, place)
}

// bucketKey says that the bucket has a key of its own. Where the role may not use it AWS refuses the export, which is
// before anything is touched.
func (v *subject) bucketKey(b resource.Bucket) []plan.Check {
	wanted, _ := v.s.WantedKey.Value()
	ref := b.Encryption.KMSKey
	if ref == "" || b.Encryption.Mode != resource.ModeSSEKMS || wanted.Key.ID != "" && (ref == wanted.Key.ARN.String() || ref == wanted.Key.ID || ref == wanted.Ref) {
		return nil
	}
	return []plan.Check{advisory(unchecked(LabelsKey, "Allow the role kms:GenerateDataKey and kms:Decrypt on it.",
		"the bucket %s encrypts under the key %s; the export shows whether the role %s may use it", b.Name, ref, v.roleARN))}
}
