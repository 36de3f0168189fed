package kms

import (
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	awskms "github.com/aws/aws-sdk-go-v2/service/kms"
	"github.com/aws/aws-sdk-go-v2/service/kms/types"

	"github.com/glueguard/glueguard/internal/sandbox/service"
)

const (
	shortestWindow = 7 // days
	longestWindow  = 30
	day            = 24 * time.Hour
)

func onOff() requirement {
	return requirement{home: true, byID: true, states: []types.KeyState{types.KeyStateEnabled, types.KeyStateDisabled, types.KeyStateUnavailable}}
}

func (x *KMS) enableKey(c *service.Call, in *awskms.EnableKeyInput) (*awskms.EnableKeyOutput, error) {
	return &awskms.EnableKeyOutput{}, x.with(c, in.KeyId, onOff(), func(_ *place, k *key) *service.Error {
		if k.state == types.KeyStateDisabled {
			k.state = types.KeyStateEnabled
		}
		return nil
	})
}

func (x *KMS) disableKey(c *service.Call, in *awskms.DisableKeyInput) (*awskms.DisableKeyOutput, error) {
	return &awskms.DisableKeyOutput{}, x.with(c, in.KeyId, onOff(), func(_ *place, k *key) *service.Error {
		k.state = types.KeyStateDisabled
		return nil
	})
}

func (x *KMS) scheduleDeletion(c *service.Call, in *awskms.ScheduleKeyDeletionInput) (*awskms.ScheduleKeyDeletionOutput, error) {
	days := int32(longestWindow)
	if in.PendingWindowInDays != nil {
		days = *in.PendingWindowInDays
	}
	if days < shortestWindow || days > longestWindow {
		return nil, invalid("1 validation error detected: Value '%d' at 'pendingWindowInDays' failed to satisfy constraint: Member must be between 7 and 30", days)
	}
	out := &awskms.ScheduleKeyDeletionOutput{PendingWindowInDays: aws.Int32(days)}
	err := x.with(c, in.KeyId, requirement{home: true, byID: true, states: steady()}, func(_ *place, k *key) *service.Error {
		k.window, k.state, k.deletion = days, types.KeyStatePendingDeletion, c.Now.Add(time.Duration(days)*day)
		if k.hasReplicas() {
			k.state, k.deletion = types.KeyStatePendingReplicaDeletion, time.Time{}
		} else {
			out.DeletionDate = aws.Time(k.deletion)
		}
		out.KeyId, out.KeyState = aws.String(k.arn()), k.state
		return nil
	})
	return out, err
}

func (k *key) hasReplicas() bool {
	k.family.mu.Lock()
	defer k.family.mu.Unlock()
	return !k.replica && len(k.family.replicas) > 0
}

func (x *KMS) cancelDeletion(c *service.Call, in *awskms.CancelKeyDeletionInput) (*awskms.CancelKeyDeletionOutput, error) {
	out := &awskms.CancelKeyDeletionOutput{}
	err := x.with(c, in.KeyId, requirement{home: true, byID: true}, func(_ *place, k *key) *service.Error {
		if k.state != types.KeyStatePendingDeletion && k.state != types.KeyStatePendingReplicaDeletion {
			return invalidState(k.arn(), "not pending deletion")
		}
		k.state, k.deletion, k.window = types.KeyStateDisabled, time.Time{}, 0
		out.KeyId = aws.String(k.arn())
		return nil
	})
	return out, err
}
