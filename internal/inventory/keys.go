package inventory

import (
	"context"
	"strings"
	"sync"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/kms"
	"github.com/aws/aws-sdk-go-v2/service/kms/types"

	"github.com/glueguard/glueguard/internal/awsapi"
	"github.com/glueguard/glueguard/internal/resource"
)

// key reads one key: through its own account where that is in the estate and can be entered, else from the account
// that names it.
func (r *run) key(ctx context.Context, from *awsapi.Place, arn resource.ARN, via string) (resource.Fact[resource.Key], []keyAttempt) {
	if strings.HasPrefix(arn.Resource, "alias/aws/") {
		return resource.Known(awsManaged(arn)), nil
	}
	a := r.session.Acquire(via)
	if via != from.Location.Account && a.Enter(ctx) != nil {
		a.Release()
		a = r.session.Acquire(from.Location.Account)
	}
	defer a.Release()
	k := keyRead{kms: r.kms, place: a.At(arn.Region)}
	k.read(ctx, arn)
	return k.fact, k.attempts
}

// awsManaged is the key behind a predefined alias, as AWS documents such keys. It is not asked for: DescribeKey of a
// predefined alias without a key makes KMS create one, and an audit changes nothing.
func awsManaged(alias resource.ARN) resource.Key {
	return resource.Key{
		ARN: alias, State: string(types.KeyStateEnabled), Usage: string(types.KeyUsageTypeEncryptDecrypt),
		Spec: string(types.KeySpecSymmetricDefault), Manager: string(types.KeyManagerTypeAws),
		Origin: string(types.OriginTypeAwsKms), Rotation: resource.Known(true), Policy: resource.Absent[string](),
	}
}

// keyRead reads one key from one place.
type keyRead struct {
	kms      keyReader
	place    *awsapi.Place
	fact     resource.Fact[resource.Key]
	attempts []keyAttempt

	description string // the key's own, once it was described
}

// read asks for description, rotation and policy at once when it has the key's own ARN; an alias must be resolved
// first, since only DescribeKey takes one.
func (k *keyRead) read(ctx context.Context, arn resource.ARN) {
	id := arn.String()
	var key resource.Key
	var describeErr error
	var rotation resource.Fact[bool]
	var policy resource.Fact[string]
	if strings.HasPrefix(arn.Resource, "alias/") {
		if key, describeErr = k.describe(ctx, id); describeErr == nil {
			rotation, policy = k.details(ctx, key.ARN, nil)
		}
	} else {
		rotation, policy = k.details(ctx, arn, func() { key, describeErr = k.describe(ctx, id) })
	}
	if describeErr != nil {
		k.notDescribed(describeErr)
		return
	}
	if key.AWSManaged() {
		// AWS rotates its own keys and owns their policies, so what could not be read of these is no loss.
		rotation = resource.Known(true)
		if policy.IsUnknown() {
			policy = resource.Absent[string]()
		}
	}
	key.Rotation, key.Policy = rotation, policy
	k.fact = resource.Known(key)
	k.attempts = []keyAttempt{
		{operation: opDescribeKey}, attemptOf(opRotation, rotation), attemptOf(opKeyPolicy, policy),
	}
}

func (k *keyRead) notDescribed(err error) {
	if awsapi.IsNotFound(err) {
		k.fact = resource.Absent[resource.Key]()
		k.attempts = []keyAttempt{{operation: opDescribeKey}}
		return
	}
	f := awsapi.Classify(err, opDescribeKey)
	k.fact = resource.Unknown[resource.Key](f)
	k.attempts = []keyAttempt{{operation: opDescribeKey, failure: &f}}
}

func attemptOf[T any](operation string, fact resource.Fact[T]) keyAttempt {
	if fact.IsUnknown() {
		f := fact.Failure()
		return keyAttempt{operation: operation, failure: &f}
	}
	return keyAttempt{operation: operation}
}

// details asks for rotation and policy at once, and for what meanwhile asks beside them.
func (k *keyRead) details(ctx context.Context, arn resource.ARN, meanwhile func()) (rotation resource.Fact[bool], policy resource.Fact[string]) {
	var asking sync.WaitGroup
	asking.Go(func() { rotation = k.rotation(ctx, arn.String()) })
	if meanwhile != nil {
		asking.Go(meanwhile)
	}
	policy = k.policy(ctx, arn)
	asking.Wait()
	return rotation, policy
}

func (k *keyRead) describe(ctx context.Context, id string) (resource.Key, error) {
	in := &kms.DescribeKeyInput{KeyId: &id}
	out, err := awsapi.Read(ctx, k.place, opDescribeKey, k.kms.DescribeKey, in, k.place.KMS)
	if err != nil {
		return resource.Key{}, err
	}
	m := out.KeyMetadata
	if m == nil {
		m = &types.KeyMetadata{}
	}
	arn, err := resource.ParseARN(aws.ToString(m.Arn))
	if err != nil {
		return resource.Key{}, err
	}
	k.description = aws.ToString(m.Description)
	return resource.Key{
		ARN: arn, ID: aws.ToString(m.KeyId), State: string(m.KeyState), Usage: string(m.KeyUsage),
		Spec: string(m.KeySpec), Manager: string(m.KeyManager), Origin: string(m.Origin),
		MultiRegion: aws.ToBool(m.MultiRegion), DeletionDate: aws.ToTime(m.DeletionDate),
	}, nil
}

func (k *keyRead) rotation(ctx context.Context, id string) resource.Fact[bool] {
	in := &kms.GetKeyRotationStatusInput{KeyId: &id}
	out, err := awsapi.Read(ctx, k.place, opRotation, k.kms.GetKeyRotationStatus, in, k.place.KMS)
	switch {
	case awsapi.IsUnsupportedOperation(err):
		return resource.Absent[bool]()
	case err != nil:
		return resource.Unknown[bool](awsapi.Classify(err, opRotation))
	}
	return resource.Known(out.KeyRotationEnabled)
}

func (k *keyRead) policy(ctx context.Context, arn resource.ARN) resource.Fact[string] {
	if arn.Account != k.place.Location.Account {
		return resource.Unknown[string](resource.Failure{
			Operation: opKeyPolicy, Class: resource.Skipped,
			Message: "KMS shows a key's policy to the key's own account only, and account " + arn.Account + " could not be entered",
		})
	}
	in := &kms.GetKeyPolicyInput{KeyId: aws.String(arn.String()), PolicyName: aws.String("default")}
	out, err := awsapi.Read(ctx, k.place, opKeyPolicy, k.kms.GetKeyPolicy, in, k.place.KMS)
	switch {
	case err != nil:
		return resource.Unknown[string](awsapi.Classify(err, opKeyPolicy))
	case out.Policy == nil:
		return resource.Unknown[string](resource.Failure{
			Operation: opKeyPolicy, Class: resource.Errored, Message: "the answer holds no policy",
		})
	}
	return resource.Known(*out.Policy)
}
