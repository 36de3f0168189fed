package crash

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/kms"
)

// story is a change from plan to rest: what is asked for, and which verbs follow one another.
type story struct {
	name     string
	kind     kind
	resource string
	strategy string // replace, side-by-side, retire
	mode     string // of the encryption that is asked for
	flags    []string
	repoint  string // the job whose argument is pointed at the replacement
	verbs    []string
}

const (
	labelsS3 = "s3://glue-secure-" + account + "-" + region + "/labels/"
	alias    = "alias/glueguard"
)

// stories are every strategy with every kind, and the ways on from there.
func stories() []story {
	endpointInSubnet, endpointWithNotebook := "fail-s3-encryption-disabled", "fail-no-security-configuration"
	taught, used := "fail-user-data-encryption-absent", "fail-used-by-a-job"
	kmsKey := []string{"--create-key"}
	return []story{
		{name: "endpoint replace", kind: endpoint, resource: endpointInSubnet, strategy: "replace", mode: "SSE-KMS", flags: kmsKey, verbs: []string{"apply"}},
		{name: "endpoint replace, backout", kind: endpoint, resource: endpointWithNotebook, strategy: "replace", mode: "SSE-S3", verbs: []string{"apply", "backout"}},
		{name: "endpoint side-by-side, finalize", kind: endpoint, resource: endpointInSubnet, strategy: "side-by-side", mode: "SSE-S3", verbs: []string{"apply", "finalize"}},
		{name: "endpoint side-by-side, backout", kind: endpoint, resource: endpointInSubnet, strategy: "side-by-side", mode: "SSE-KMS", flags: kmsKey, verbs: []string{"apply", "backout"}},
		{name: "endpoint retire, backout", kind: endpoint, resource: endpointInSubnet, strategy: "retire", verbs: []string{"apply", "backout"}},
		{
			name: "transform replace, backout", kind: transform, resource: used, strategy: "replace", mode: "SSE-KMS",
			flags: []string{"--create-key", "--repoint-jobs", "--labels-s3", labelsS3}, repoint: "customer-match-nightly", verbs: []string{"apply", "backout"},
		},
		{
			name: "transform replace, finalize, backout", kind: transform, resource: taught, strategy: "replace", mode: "SSE-KMS",
			flags: []string{"--create-key", "--labels-s3", labelsS3}, verbs: []string{"apply", "finalize", "backout"},
		},
		{
			name: "transform retire, backout", kind: transform, resource: taught, strategy: "retire",
			flags: []string{"--labels-s3", labelsS3}, verbs: []string{"apply", "backout"},
		},
	}
}

// planArgs are the arguments that make the story's plan.
func (s story) planArgs(original thing) []string {
	arn := "arn:aws:glue:" + region + ":" + account + ":devEndpoint/" + original.name
	if s.kind == transform {
		arn = "arn:aws:glue:" + region + ":" + account + ":mlTransform/" + original.id
	}
	args := []string{"plan", "--resource", arn, "--strategy", s.strategy, "--accept-irreversible", "--out", "plan.json"}
	if s.mode != "" {
		args = append(args, "--mode", s.mode)
	}
	return append(args, s.flags...)
}

// ours tells whether a resource is the story's original, or was made in its place.
func (s story) ours(t thing) bool {
	return t.kind == s.kind && (t.name == s.resource || strings.HasPrefix(t.name, s.resource+"-gg-") || strings.HasPrefix(t.name, s.resource+"-twin-"))
}

// related lists the story's resources.
func (s story) related(ctx context.Context, e eye) ([]thing, error) {
	all, err := e.things(ctx, s.kind)
	if err != nil {
		return nil, err
	}
	var ours []thing
	for _, t := range all {
		if s.ours(t) {
			ours = append(ours, t)
		}
	}
	return ours, nil
}

// encrypted tells whether a resource is encrypted as the story asks for, under a key that can be used.
func (s story) encrypted(ctx context.Context, e eye, t thing) error {
	mode, key, err := e.encryption(ctx, t)
	if err != nil {
		return err
	}
	if mode != s.mode {
		return fmt.Errorf("%s is encrypted with %q, not with %s", t.name, mode, s.mode)
	}
	if s.mode != "SSE-KMS" {
		return nil
	}
	out, err := e.kms.DescribeKey(ctx, &kms.DescribeKeyInput{KeyId: aws.String(alias)})
	if err != nil {
		return err
	}
	m := out.KeyMetadata
	if key != *m.Arn || m.KeyState != "Enabled" {
		return fmt.Errorf("%s is encrypted under %q; the key of %s is %s and %s", t.name, key, alias, *m.Arn, m.KeyState)
	}
	rotation, err := e.kms.GetKeyRotationStatus(ctx, &kms.GetKeyRotationStatusInput{KeyId: m.Arn})
	if err == nil && !rotation.KeyRotationEnabled {
		err = errors.New("the key that was made does not rotate")
	}
	return err
}
