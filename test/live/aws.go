package main

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/service/glue"
	"github.com/aws/aws-sdk-go-v2/service/glue/types"
	"github.com/aws/aws-sdk-go-v2/service/kms"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/sts"
	"github.com/aws/smithy-go"
	"github.com/aws/smithy-go/logging"
)

const tag = "glueguard-live"

// live is one run.
type live struct {
	o        options
	id       string // in every name and tag
	dir      string // for the state and plans
	stderr   io.Writer
	glue     *glue.Client
	kms      *kms.Client
	s3       *s3.Client
	meter    meter
	outcomes map[string]outcome
	before   map[string]bool // security configurations that were there
	keyARN   string          // of o.kmsKey
	named    []string        // configurations that resources of the run named
}

// accountError means that the caller works in another account than the one named.
type accountError struct{ named, caller string }

func (e *accountError) Error() string {
	return fmt.Sprintf("the caller's account is %s, not %s: nothing was done", e.caller, e.named)
}

// open makes sure of the account before anything else, and changes nothing.
func open(ctx context.Context, o options, stderr io.Writer) (*live, error) {
	c, err := config.LoadDefaultConfig(ctx, config.WithRegion(o.region), config.WithLogger(logging.Nop{}))
	if err != nil {
		return nil, err
	}
	if o.endpoint != "" {
		c.BaseEndpoint = &o.endpoint
	}
	caller, err := sts.NewFromConfig(c).GetCallerIdentity(ctx, &sts.GetCallerIdentityInput{})
	if err != nil {
		return nil, err
	}
	if got := aws.ToString(caller.Account); got != o.account {
		return nil, &accountError{o.account, got}
	}
	l := &live{
		o: o, stderr: stderr, outcomes: map[string]outcome{}, before: map[string]bool{}, meter: meter{limit: o.limit, price: o.price},
		glue: glue.NewFromConfig(c), kms: kms.NewFromConfig(c),
		s3: s3.NewFromConfig(c, func(s *s3.Options) { s.UsePathStyle = o.endpoint != "" }),
	}
	some := make([]byte, 4)
	_, _ = rand.Read(some) // never fails
	l.id = tag + "-" + hex.EncodeToString(some)
	names, err := l.configurationNames(ctx)
	if err != nil {
		return nil, err
	}
	for _, name := range names {
		l.before[name] = true
	}
	if o.kmsKey != "" {
		key, err := l.kms.DescribeKey(ctx, &kms.DescribeKeyInput{KeyId: &o.kmsKey})
		if err != nil {
			return nil, err
		}
		l.keyARN = aws.ToString(key.KeyMetadata.Arn)
	}
	l.dir, err = os.MkdirTemp("", tag+"-")
	return l, err
}

func (l *live) tags() map[string]string { return map[string]string{tag: l.id} }

func (l *live) ours(name string) bool { return strings.HasPrefix(name, l.id) }

// notFound and exists tell AWS's answers apart.
func notFound(err error) bool {
	var e *types.EntityNotFoundException
	return errors.As(err, &e)
}

func exists(err error) bool {
	var e *types.AlreadyExistsException
	return errors.As(err, &e)
}

// said is an outcome's note: what AWS answered.
func said(err error) string {
	if err == nil {
		return "accepted"
	}
	var answer smithy.APIError
	if errors.As(err, &answer) {
		return answer.ErrorCode() + ": " + answer.ErrorMessage()
	}
	return firstLine(err)
}

// until polls until look is satisfied.
func (l *live) until(ctx context.Context, what string, look func() (bool, error)) error {
	for {
		ok, err := look()
		if ok || err != nil {
			return err
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("waiting for %s: %w", what, context.Cause(ctx))
		case <-time.After(l.o.poll):
		}
	}
}

func (l *live) configurationNames(ctx context.Context) ([]string, error) {
	var names []string
	in := &glue.GetSecurityConfigurationsInput{}
	for {
		out, err := l.glue.GetSecurityConfigurations(ctx, in)
		if err != nil {
			return nil, err
		}
		for i := range out.SecurityConfigurations {
			names = append(names, aws.ToString(out.SecurityConfigurations[i].Name))
		}
		if in.NextToken = out.NextToken; aws.ToString(in.NextToken) == "" {
			return names, nil
		}
	}
}

func (l *live) endpoints(ctx context.Context) ([]types.DevEndpoint, error) {
	var all []types.DevEndpoint
	in := &glue.GetDevEndpointsInput{}
	for {
		out, err := l.glue.GetDevEndpoints(ctx, in)
		if err != nil {
			return nil, err
		}
		all = append(all, out.DevEndpoints...)
		if in.NextToken = out.NextToken; aws.ToString(in.NextToken) == "" {
			return all, nil
		}
	}
}

func (l *live) transforms(ctx context.Context) ([]types.MLTransform, error) {
	var all []types.MLTransform
	in := &glue.GetMLTransformsInput{}
	for {
		out, err := l.glue.GetMLTransforms(ctx, in)
		if err != nil {
			return nil, err
		}
		all = append(all, out.Transforms...)
		if in.NextToken = out.NextToken; aws.ToString(in.NextToken) == "" {
			return all, nil
		}
	}
}
