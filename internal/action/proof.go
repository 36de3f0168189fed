package action

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	s3types "github.com/aws/aws-sdk-go-v2/service/s3/types"

	"github.com/glueguard/glueguard/internal/awsapi"
	"github.com/glueguard/glueguard/internal/change"
	"github.com/glueguard/glueguard/internal/execute"
	"github.com/glueguard/glueguard/internal/plan"
	"github.com/glueguard/glueguard/internal/resource"
)

// mostProofs is how many new objects are looked at, the newest first.
const mostProofs = 20

// waitProof looks for an object that was written under the prefix since the twin was made, and how it is encrypted. One
// that is not as promised is told at once.
func (a *Actor) waitProof(ctx context.Context, t *task) (execute.Observation, error) {
	id, ok := t.c.Resources[t.s.Role]
	if !ok || t.s.S3 == "" {
		return missed(incomplete(t)), nil
	}
	want, ok := t.proven()
	if !ok {
		return missed(incomplete(t)), nil
	}
	list, err := a.objects(ctx, t, t.s.S3)
	if err != nil {
		return execute.Observation{}, err
	}
	made := id.CreatedAt.Truncate(time.Second) // S3 tells no fractions
	list = slices.DeleteFunc(list, func(o object) bool { return o.modified.Before(made) })
	slices.SortStableFunc(list, func(x, y object) int { return y.modified.Compare(x.modified) })
	proof := ""
	for _, o := range list[:min(len(list), mostProofs)] {
		got, there, err := a.encryptionAt(ctx, t, o.key)
		switch {
		case err != nil:
			return execute.Observation{}, err
		case !there:
			continue
		case got != want:
			return missed(unproven(t, o.key, want, got)), nil
		}
		proof = o.key
	}
	if proof == "" {
		return t.unlessSlow("waiting for an object under "+t.s.S3, id.Name), nil
	}
	return settled(change.Facts{Text: fmt.Sprintf("%s came with %s", proof, shown(want))}), nil
}

// proven is the encryption that objects must have: as promised, or as the change's security configuration says.
func (t *task) proven() (resource.Encryption, bool) {
	if p := t.s.Promise; p != nil && p.Mode != "" {
		return resource.Encryption{Mode: p.Mode, KMSKey: t.key(p.KMSKey)}, true
	}
	for _, steps := range [][]change.Progress{t.c.Steps, t.c.Past} {
		for _, p := range steps {
			if p.Step.Kind == plan.CreateConfiguration && p.Step.Configuration != nil && len(p.Step.Configuration.S3) > 0 {
				e := p.Step.Configuration.S3[0]
				return resource.Encryption{Mode: e.Mode, KMSKey: t.key(e.KMSKey)}, true
			}
		}
	}
	return resource.Encryption{}, false
}

// key is a key's ARN, that of the change's own key where it was not known when the steps were listed.
func (t *task) key(arn string) string {
	if keyPlaceholder(arn) {
		return t.c.KeyARN
	}
	return arn
}

// encryptionAt reads how an object is encrypted; false: it is gone.
func (a *Actor) encryptionAt(ctx context.Context, t *task, key string) (resource.Encryption, bool, error) {
	bucket, _, err := split(t.s.S3)
	if err != nil {
		return resource.Encryption{}, false, err
	}
	out, err := read(ctx, t, "s3:HeadObject", a.session.S3.HeadObject, &s3.HeadObjectInput{Bucket: &bucket, Key: &key}, t.place.S3(""))
	switch {
	case err != nil && (awsapi.IsNotFound(err) || awsapi.Code(err) == "NotFound"):
		return resource.Encryption{}, false, nil
	case err != nil:
		return resource.Encryption{}, false, err
	}
	switch out.ServerSideEncryption {
	case s3types.ServerSideEncryptionAes256:
		return resource.Encryption{Mode: resource.ModeSSES3}, true, nil
	case s3types.ServerSideEncryptionAwsKms:
		return resource.Encryption{Mode: resource.ModeSSEKMS, KMSKey: aws.ToString(out.SSEKMSKeyId)}, true, nil
	}
	return resource.Encryption{Mode: resource.Mode(out.ServerSideEncryption)}, true, nil
}

func unproven(t *task, key string, want, got resource.Encryption) change.Trouble {
	return change.Trouble{
		Code: change.TroubleVerify, Message: fmt.Sprintf("%s, written since the twin was made, is not encrypted as promised", key),
		Differences: []change.Difference{{Attribute: "server_side_encryption", Want: shown(want), Got: shown(got)}},
		Advice:      "see that only the twin writes under " + t.s.S3,
	}
}

func shown(e resource.Encryption) string {
	if e.Mode == "" {
		return string(resource.ModeNone)
	}
	return block(&e)
}
