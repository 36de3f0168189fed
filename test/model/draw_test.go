package model

import (
	"fmt"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/glue/types"
	"pgregory.net/rapid"

	"github.com/glueguard/glueguard/internal/engine"
	"github.com/glueguard/glueguard/internal/plan"
	"github.com/glueguard/glueguard/internal/resource"
	"github.com/glueguard/glueguard/internal/sandbox"
)

// even draws a number below n, each as likely as the others: rapid's own numbers are mostly small, and a story in which
// everything happens at once at its start tells little.
func even(t *rapid.T, label string, n int) int {
	return rapid.Custom(func(t *rapid.T) int {
		v := 0
		for range 12 {
			v <<= 1
			if rapid.Bool().Draw(t, "bit") {
				v |= 1
			}
		}
		return v * n >> 12
	}).Draw(t, label)
}

// one draws one of several.
func one[T any](t *rapid.T, label string, of ...T) T { return of[even(t, label, len(of))] }

func number(t *rapid.T, label string, low, high int) int { return low + even(t, label, high-low+1) }

// chance draws yes so often; the simplest is no.
func chance(t *rapid.T, label string, percent int) bool { return even(t, label, 100) >= 100-percent }

func drawName(t *rapid.T, n int) string {
	name := fmt.Sprintf("m%d-", n)
	switch one(t, "name", "short", "long", "longest", "odd") {
	case "long":
		return name + strings.Repeat("n", 245-len(name))
	case "longest":
		return name + strings.Repeat("n", 255-len(name))
	case "odd":
		return name + "Data Team's ünit"
	}
	return name + "a"
}

func drawTags(t *rapid.T) map[string]string {
	tags := map[string]string{}
	for n := range one(t, "tags", 0, 1, 1, 3, 3, 3, 46, 47, 48, 49, 50) {
		tags[fmt.Sprintf("tag-%d", n)] = one(t, "tag value", "", "data", "a b/c")
		if n > 3 {
			tags[fmt.Sprintf("tag-%d", n)] = "v"
		}
	}
	return tags
}

func configurations() []string {
	return []string{
		"", missing, "fail-s3-encryption-absent", "fail-s3-encryption-disabled", "fail-configuration-without-content", "fail-s3-encryption-mixed",
		"pass-sse-s3", "pass-sse-kms", "logs-pass-sse-kms", "key-fail-rotation-off", "pass-weakest-is-sse-s3",
	}
}

func drawEndpoint(t *rapid.T, n int) endpointSpec {
	e := endpointSpec{
		Name: drawName(t, n), Tags: drawTags(t), Configuration: one(t, "configuration", configurations()...),
		Role: one(t, "role", good, good, good, poor), Keys: number(t, "keys", 0, 3), OneKey: chance(t, "one key", 50), Network: chance(t, "network", 20),
		Version:   one(t, "version", nil, aws.String("0.9"), aws.String("1.0")),
		Libraries: one(t, "libraries", "", "s3://b/l.zip,s3://b/m.zip"), Jars: one(t, "jars", "", "s3://b/j.jar"),
	}
	if chance(t, "workers", 50) {
		e.WorkerType, e.Workers = one(t, "worker type", types.WorkerTypeStandard, types.WorkerTypeG1x, types.WorkerTypeG2x), int32(number(t, "workers", 2, 4))
	} else {
		e.Nodes = int32(one(t, "nodes", 0, 2, 3))
	}
	if chance(t, "arguments", 40) {
		e.Arguments = map[string]string{"GLUE_PYTHON_VERSION": "3", "--enable-glue-datacatalog": ""}
	}
	switch e.Configuration {
	case "", missing, "fail-s3-encryption-absent", "fail-s3-encryption-disabled", "fail-configuration-without-content", "pass-sse-s3":
	default:
		e.Role = good // the other would come up FAILED
	}
	return e
}

func drawTransform(t *rapid.T, n int) transformSpec {
	s := transformSpec{
		Name: drawName(t, n), Tags: drawTags(t), Configuration: one(t, "configuration", "", "", missing, "task-runs-sse-s3", "task-runs-disabled", "pass-sse-kms"),
		UserData: one(t, "user data", "", "DISABLED", "SSE-KMS"), Role: good, Labels: one(t, "labels", 0, 1, 7, 120), Jobs: number(t, "jobs", 0, 2),
		Version: one(t, "version", nil, aws.String("1.0"), aws.String("2.0")), Description: one(t, "description", nil, aws.String(""), aws.String("matches")),
		Timeout: one(t, "timeout", nil, aws.Int32(60)), Retries: one(t, "retries", nil, aws.Int32(0), aws.Int32(3)),
		Precision: one(t, "precision", nil, aws.Float64(0), aws.Float64(0.9)), Accuracy: one(t, "accuracy", nil, aws.Float64(0), aws.Float64(1)),
		Enforce: one(t, "enforce", nil, aws.Bool(false), aws.Bool(true)),
	}
	s.Evaluated = s.Labels > 0 && chance(t, "evaluated", 50)
	if chance(t, "workers", 50) {
		s.WorkerType, s.Workers = one(t, "worker type", types.WorkerTypeStandard, types.WorkerTypeG1x), int32(number(t, "workers", 1, 4))
	} else {
		s.Capacity = one(t, "capacity", 0, 2.0, 5)
	}
	return s
}

func drawAsk(t *rapid.T) ask {
	a := ask{
		Mode:     one(t, "mode", resource.ModeSSES3, resource.ModeSSEKMS, resource.ModeSSEKMS, resource.ModeNone),
		Strategy: one(t, "strategy", plan.Replace, plan.Replace, plan.SideBySide, plan.Retire),
		NewKey:   chance(t, "new key", 40), Logs: chance(t, "logs", 30), Repoint: chance(t, "repoint", 50),
	}
	if a.Mode == resource.ModeNone || a.Strategy == plan.Retire {
		a.Logs = false
	}
	if a.Strategy == plan.Retire {
		a.Mode = ""
	}
	return a
}

// fault is an operation and the ways in which it goes wrong.
type fault struct {
	operations []string
	errors     []string
}

func lost() []string {
	return []string{sandbox.FaultDropResponse, sandbox.FaultDropResponse, sandbox.FaultDropRequest, sandbox.FaultTruncate, sandbox.FaultHTML}
}

func refusals() []string {
	return []string{
		"ThrottlingException", "InternalServiceException", "OperationTimeoutException", "AccessDeniedException", "InvalidInputException",
		"ConcurrentModificationException", "ResourceNumberLimitExceededException", "",
	}
}

// faults are what goes wrong; the most likely first.
func faults(transforms bool) []fault {
	disturbed := append(lost(), refusals()...)
	creates, changes := []string{"glue:CreateDevEndpoint"}, []string{"glue:DeleteDevEndpoint"}
	reads := []string{"glue:GetDevEndpoint", "glue:GetDevEndpoints"}
	if transforms {
		creates, changes = []string{"glue:CreateMLTransform"}, []string{
			"glue:DeleteMLTransform", "glue:UpdateMLTransform", "glue:StartExportLabelsTaskRun", "glue:StartImportLabelsTaskRun",
			"glue:StartMLEvaluationTaskRun", "glue:UpdateJob",
		}
		reads = []string{"glue:GetMLTransform", "glue:GetMLTransforms", "glue:GetMLTaskRun", "glue:GetMLTaskRuns", "glue:GetJob", "s3:GetObject", "s3:ListObjectsV2"}
	}
	return []fault{
		{creates, disturbed},
		{changes, disturbed},
		{append(creates, "glue:CreateSecurityConfiguration"), []string{sandbox.FaultIgnoreEncryption}},
		{[]string{"glue:CreateSecurityConfiguration", "glue:TagResource", "glue:UntagResource", "kms:CreateKey", "kms:CreateAlias", "kms:EnableKeyRotation"}, disturbed},
		{append(reads, "glue:GetTags", "glue:GetSecurityConfiguration", "kms:DescribeKey", "sts:GetCallerIdentity"), append(lost(), "ThrottlingException", "AccessDeniedException", "")},
		{[]string{""}, disturbed},
	}
}

func drawFault(t *rapid.T, transforms bool) timed {
	at := time.Duration(0)
	if chance(t, "later", 50) {
		at = time.Duration(number(t, "at", 0, 60)) * time.Minute
	}
	if chance(t, "end of life", 10) {
		return timed{At: at, EndOfLife: true}
	}
	of := one(t, "fault", faults(transforms)...)
	f := sandbox.Fault{
		Operation: one(t, "operation", of.operations...), Error: one(t, "error", of.errors...),
		Times: one(t, "times", 1, 1, 1, 2, 5, 0), After: one(t, "after", 0, 0, 0, 1, 1, 2),
	}
	if f.Error == "" {
		f.Status = one(t, "status", 500, 503, 502)
	}
	if f.Operation == "" {
		f.Times, f.After = number(t, "times of any", 1, 8), number(t, "after any", 0, 150)
	}
	return timed{At: at, Fault: f}
}

func drawStop(t *rapid.T) stop {
	switch one(t, "stop", "never", "never", "never", "events", "calls", "writes", "writes") {
	case "events":
		return stop{Events: number(t, "events", 1, 150)}
	case "calls":
		return stop{Calls: number(t, "calls", 1, 300), Before: chance(t, "before", 50)}
	case "writes":
		return stop{Writes: number(t, "writes", 1, 60), Before: chance(t, "before", 50)}
	}
	return stop{}
}

func drawLeg(t *rapid.T, families int, transforms bool) leg {
	l := leg{Stop: drawStop(t)}
	for range families {
		l.Verbs = append(l.Verbs, one(t, "verb", engine.Resume, engine.Resume, engine.Backout, engine.Backout, engine.Finalize))
		l.Again = append(l.Again, nil)
		if chance(t, "again", 30) {
			a := drawAsk(t)
			l.Again[len(l.Again)-1] = &a
		}
	}
	for range number(t, "faults", 0, 4) {
		l.Faults = append(l.Faults, drawFault(t, transforms && chance(t, "of transforms", 70)))
	}
	return l
}

func drawStory(t *rapid.T, endpoints, transforms int) story {
	s := story{
		Parallel: number(t, "parallel", 1, 3), Late: one(t, "late", 0, 0, 0, 5*time.Second, 20*time.Second, 50*time.Second),
	}
	for n := range endpoints {
		s.Endpoints = append(s.Endpoints, drawEndpoint(t, n))
		s.Asks = append(s.Asks, drawAsk(t))
	}
	for n := range transforms {
		s.Transforms = append(s.Transforms, drawTransform(t, endpoints+n))
		s.Asks = append(s.Asks, drawAsk(t))
	}
	for range number(t, "legs", 1, 5) {
		s.Legs = append(s.Legs, drawLeg(t, endpoints+transforms, transforms > 0))
	}
	return s
}
