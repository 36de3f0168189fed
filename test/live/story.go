package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
)

// glueguard runs this program as glueguard and wants one of the statuses.
func (l *live) glueguard(ctx context.Context, statuses []int, args ...string) ([]byte, error) {
	self, err := os.Executable()
	if err != nil {
		return nil, err
	}
	fmt.Fprintf(l.stderr, "   glueguard %s\n", strings.Join(args, " "))
	cmd := exec.CommandContext(ctx, self, append([]string{glueguardWord}, append(args, "--state", filepath.Join(l.dir, "state.db"))...)...)
	cmd.Cancel = func() error { return cmd.Process.Signal(os.Interrupt) }
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true} // else the terminal's Ctrl-C would be a second one
	cmd.WaitDelay = 2 * time.Minute                       // it ends its call, and writes down where it stands
	cmd.Env = append(os.Environ(), "AWS_REGION="+l.o.region)
	if l.o.endpoint != "" {
		cmd.Env = append(cmd.Env, "AWS_ENDPOINT_URL="+l.o.endpoint)
	}
	var stdout, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	err = cmd.Run()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		return nil, err
	}
	if got := cmd.ProcessState.ExitCode(); !slices.Contains(statuses, got) {
		return nil, fmt.Errorf("glueguard %s: exit status %d, want %v\n%s%s", strings.Join(args, " "), got, statuses, stdout.String(), stderr.String())
	}
	return stdout.Bytes(), nil
}

// The exit statuses of docs/cli.md.
const (
	done    = 0
	fails   = 2
	partial = 3
)

// audit wants a resource's finding of one control to have a status. Other controls may find what they find.
func (l *live) audit(ctx context.Context, arn, control, status string) error {
	out, err := l.glueguard(ctx, []int{done, fails, partial}, "audit", "--account", l.o.account, "--region", l.o.region, "--resource", arn, "--control", control, "-o", "json")
	if err != nil {
		return err
	}
	var report struct {
		Findings []struct{ Control, Status, Reason string }
	}
	if err := json.Unmarshal(out, &report); err != nil {
		return err
	}
	for _, f := range report.Findings {
		if f.Control == control && f.Status != status {
			return fmt.Errorf("%s: %s (%s), want %s", arn, f.Status, f.Reason, status)
		}
	}
	if len(report.Findings) == 0 {
		return fmt.Errorf("%s: the audit found nothing, want %s", arn, status)
	}
	return nil
}

// repair plans a change of one resource and carries it out. It returns the change.
func (l *live) repair(ctx context.Context, arn string, wanted ...string) (change, error) {
	file := filepath.Join(l.dir, "plan-"+time.Now().Format("150405.000000000")+".json")
	args := append([]string{"plan", "--account", l.o.account, "--region", l.o.region, "--resource", arn, "--out", file}, wanted...)
	// What the account's permissions don't let be checked must not keep the stories from being told.
	if _, err := l.glueguard(ctx, []int{done, partial}, append(args, "--accept-unchecked", "--accept-irreversible")...); err != nil {
		return change{}, err
	}
	out, err := l.glueguard(ctx, []int{done}, "apply", file, "--auto-approve", "-o", "json")
	if err != nil {
		return change{}, err
	}
	var report struct{ Changes []change }
	if err := json.Unmarshal(out, &report); err != nil {
		return change{}, err
	}
	if len(report.Changes) != 1 || report.Changes[0].State != "done" {
		return change{}, fmt.Errorf("apply did not end in one change that is done: %s", out)
	}
	return report.Changes[0], nil
}

type change struct {
	ID, State   string
	Replacement *struct{ ARN, ID string }
}

const (
	endpointControl  = "glue-dev-endpoint-s3-encryption"
	transformControl = "glue-ml-transform-encryption-at-rest"
)

// replace tells: audit, plan, apply, audit, verify, backout, audit.
func (l *live) replace(ctx context.Context) error {
	made, err := l.endpoint(ctx, "replace", "")
	if err != nil {
		return err
	}
	arn := l.arn("glue", "devEndpoint/"+aws.ToString(made.EndpointName))
	if err := l.audit(ctx, arn, endpointControl, "fail"); err != nil {
		return err
	}
	c, err := l.repair(ctx, arn, "--mode", "SSE-S3")
	l.expect(reuseGone, err == nil, "%s", firstLine(err))
	if err != nil {
		return err
	}
	if err := l.audit(ctx, arn, endpointControl, "pass"); err != nil {
		return err
	}
	if _, err := l.glueguard(ctx, []int{done}, "verify", c.ID); err != nil {
		return err
	}
	if _, err := l.glueguard(ctx, []int{done}, "backout", c.ID, "--auto-approve", "--accept-irreversible"); err != nil {
		return err
	}
	return l.audit(ctx, arn, endpointControl, "fail")
}

func firstLine(err error) string {
	if err == nil {
		return "accepted"
	}
	line, _, _ := strings.Cut(err.Error(), "\n")
	return line
}

// sideBySide tells: plan, apply, verify, audit of both, finalize.
func (l *live) sideBySide(ctx context.Context) error {
	made, err := l.endpoint(ctx, "side", "")
	if err != nil {
		return err
	}
	name := aws.ToString(made.EndpointName)
	arn := l.arn("glue", "devEndpoint/"+name)
	c, err := l.repair(ctx, arn, "--mode", "SSE-S3", "--strategy", "side-by-side")
	if err != nil {
		return err
	}
	if c.Replacement == nil {
		return fmt.Errorf("change %s names no replacement", c.ID)
	}
	if _, err := l.glueguard(ctx, []int{done}, "verify", c.ID); err != nil {
		return err
	}
	if err := l.audit(ctx, arn, endpointControl, "fail"); err != nil { // kept until finalize
		return err
	}
	if err := l.audit(ctx, c.Replacement.ARN, endpointControl, "pass"); err != nil {
		return err
	}
	if _, err := l.glueguard(ctx, []int{done}, "finalize", c.ID, "--auto-approve", "--accept-irreversible"); err != nil {
		return err
	}
	list, err := l.endpoints(ctx)
	if err != nil {
		return err
	}
	for i := range list {
		if aws.ToString(list[i].EndpointName) == name {
			return fmt.Errorf("%s is still there after finalize", name)
		}
	}
	return nil
}
