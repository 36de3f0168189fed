package kms

import (
	"slices"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	awskms "github.com/aws/aws-sdk-go-v2/service/kms"
	"github.com/aws/aws-sdk-go-v2/service/kms/types"

	"github.com/glueguard/glueguard/internal/sandbox/service"
)

const (
	defaultPeriod    = 365 // days
	shortestPeriod   = 90
	longestPeriod    = 2560
	mostOnDemand     = 25
	rotationsPerPage = 100
	mostRotations    = 1000
)

// rotation is how a key's material is renewed; the family's lock guards it.
type rotation struct {
	enabled  bool
	days     int32
	since    time.Time // when it was enabled
	onDemand []time.Time
}

func (x *KMS) rotationOperations() []service.Operation {
	return []service.Operation{
		onKey("EnableKeyRotation", x.enableRotation, func(in *awskms.EnableKeyRotationInput) *string { return in.KeyId }),
		onKey("DisableKeyRotation", x.disableRotation, func(in *awskms.DisableKeyRotationInput) *string { return in.KeyId }),
		onKey("GetKeyRotationStatus", x.rotationStatus, func(in *awskms.GetKeyRotationStatusInput) *string { return in.KeyId }),
		onKey("RotateKeyOnDemand", x.rotateNow, func(in *awskms.RotateKeyOnDemandInput) *string { return in.KeyId }),
		onKey("ListKeyRotations", x.listRotations, func(in *awskms.ListKeyRotationsInput) *string { return in.KeyId }),
	}
}

// rotates refuses keys whose material KMS can't renew by itself.
func (k *key) rotates() *service.Error {
	switch {
	case k.spec != types.KeySpecSymmetricDefault:
		return unsupported("%s does not support key rotation: its key spec is %s.", k.arn(), k.spec)
	case k.origin != types.OriginTypeAwsKms:
		return unsupported("%s origin is %s which is not valid for this operation.", k.arn(), k.origin)
	}
	return nil
}

// setsRotation also refuses replicas, which follow their primary.
func (k *key) setsRotation() *service.Error {
	if k.replica {
		return unsupported("%s is a replica; set the rotation of its primary key.", k.arn())
	}
	return k.rotates()
}

func rotationNeed() requirement {
	return requirement{home: true, byID: true, kind: (*key).setsRotation, states: []types.KeyState{types.KeyStateEnabled}}
}

func (x *KMS) enableRotation(c *service.Call, in *awskms.EnableKeyRotationInput) (*awskms.EnableKeyRotationOutput, error) {
	days := int32(defaultPeriod)
	if in.RotationPeriodInDays != nil {
		days = *in.RotationPeriodInDays
	}
	if days < shortestPeriod || days > longestPeriod {
		return nil, invalid("1 validation error detected: Value '%d' at 'rotationPeriodInDays' failed to satisfy constraint: Member must be between 90 and 2560", days)
	}
	return &awskms.EnableKeyRotationOutput{}, x.with(c, in.KeyId, rotationNeed(), func(_ *place, k *key) *service.Error {
		k.family.mu.Lock()
		defer k.family.mu.Unlock()
		r := &k.family.rotation
		if !r.enabled || r.days != days {
			r.enabled, r.days, r.since = true, days, c.Now
		}
		return nil
	})
}

func (x *KMS) disableRotation(c *service.Call, in *awskms.DisableKeyRotationInput) (*awskms.DisableKeyRotationOutput, error) {
	return &awskms.DisableKeyRotationOutput{}, x.with(c, in.KeyId, rotationNeed(), func(_ *place, k *key) *service.Error {
		k.family.mu.Lock()
		defer k.family.mu.Unlock()
		k.family.rotation.enabled = false
		return nil
	})
}

func (x *KMS) rotationStatus(c *service.Call, in *awskms.GetKeyRotationStatusInput) (*awskms.GetKeyRotationStatusOutput, error) {
	out := &awskms.GetKeyRotationStatusOutput{}
	err := x.with(c, in.KeyId, requirement{byID: true}, func(_ *place, k *key) *service.Error {
		if err := k.rotates(); err != nil {
			return err
		}
		k.family.mu.Lock()
		defer k.family.mu.Unlock()
		out.KeyId = aws.String(k.arn())
		r := &k.family.rotation
		pending := k.state == types.KeyStatePendingDeletion || k.state == types.KeyStatePendingReplicaDeletion
		if out.KeyRotationEnabled = r.enabled && !pending; out.KeyRotationEnabled {
			out.RotationPeriodInDays = aws.Int32(r.days)
			out.NextRotationDate = aws.Time(r.next(c.Now))
		}
		return nil
	})
	return out, err
}

// next is the first automatic rotation after now.
func (r *rotation) next(now time.Time) time.Time {
	next := r.since.AddDate(0, 0, int(r.days))
	if late := now.Sub(next); late >= 0 {
		missed := int(late/day)/int(r.days) + 1
		next = next.AddDate(0, 0, missed*int(r.days))
	}
	return next
}

func (x *KMS) rotateNow(c *service.Call, in *awskms.RotateKeyOnDemandInput) (*awskms.RotateKeyOnDemandOutput, error) {
	out := &awskms.RotateKeyOnDemandOutput{}
	err := x.with(c, in.KeyId, rotationNeed(), func(_ *place, k *key) *service.Error {
		k.family.mu.Lock()
		defer k.family.mu.Unlock()
		r := &k.family.rotation
		if len(r.onDemand) == mostOnDemand {
			return refused("LimitExceededException", "The key %s has reached the limit of %d on-demand rotations.", k.arn(), mostOnDemand)
		}
		r.onDemand = append(r.onDemand, c.Now)
		out.KeyId = aws.String(k.arn())
		return nil
	})
	return out, err
}

func (x *KMS) listRotations(c *service.Call, in *awskms.ListKeyRotationsInput) (*awskms.ListKeyRotationsOutput, error) {
	out := &awskms.ListKeyRotationsOutput{}
	err := x.with(c, in.KeyId, requirement{byID: true}, func(_ *place, k *key) *service.Error {
		if err := k.rotates(); err != nil {
			return err
		}
		var all []types.RotationsListEntry
		for _, e := range k.family.rotations(c.Now) {
			e.KeyId = aws.String(k.id)
			all = append(all, e)
		}
		cut, next, err := page(all, func(e types.RotationsListEntry) string { return e.RotationDate.UTC().Format(time.RFC3339Nano) },
			in.Limit, rotationsPerPage, mostRotations, in.Marker)
		out.Rotations, out.NextMarker, out.Truncated = cut, next, next != nil
		return err
	})
	return out, err
}

// rotations that have happened, oldest first; those before rotation was last enabled are not kept.
func (f *family) rotations(now time.Time) []types.RotationsListEntry {
	f.mu.Lock()
	defer f.mu.Unlock()
	var all []types.RotationsListEntry
	for _, t := range f.rotation.onDemand {
		all = append(all, types.RotationsListEntry{RotationDate: aws.Time(t), RotationType: types.RotationTypeOnDemand})
	}
	if r := f.rotation; r.enabled {
		period := time.Duration(r.days) * day
		for t := r.since.Add(period); !t.After(now); t = t.Add(period) {
			all = append(all, types.RotationsListEntry{RotationDate: aws.Time(t), RotationType: types.RotationTypeAutomatic})
		}
	}
	slices.SortFunc(all, func(a, b types.RotationsListEntry) int { return a.RotationDate.Compare(*b.RotationDate) })
	return all
}
