package api_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/aws/smithy-go"

	"github.com/glueguard/glueguard/internal/api"
	"github.com/glueguard/glueguard/internal/audit"
	"github.com/glueguard/glueguard/internal/auth"
	"github.com/glueguard/glueguard/internal/awsapi"
	"github.com/glueguard/glueguard/internal/change"
	"github.com/glueguard/glueguard/internal/execute"
	"github.com/glueguard/glueguard/internal/plan"
	"github.com/glueguard/glueguard/internal/policy"
	"github.com/glueguard/glueguard/internal/propose"
	"github.com/glueguard/glueguard/internal/repair"
	"github.com/glueguard/glueguard/internal/resource"
	"github.com/glueguard/glueguard/internal/store"
)

func TestProblemOf(t *testing.T) {
	t.Parallel()
	const secret = "/srv/state.db: disk I/O error"
	for name, test := range map[string]struct {
		err    error
		status int
		code   string
		says   string
	}{
		"nobody has signed in":       {auth.ErrSignedOut, 401, "sign-in", "Sign in first."},
		"a wrong password":           {auth.ErrCredentials, 401, "credentials", "The name or the password is wrong."},
		"a lacking permission":       {&auth.ForbiddenError{Permission: auth.Decide}, 403, "forbidden", "approver"},
		"too many attempts":          {&auth.RateError{RetryAfter: 90 * time.Second}, 429, "rate", "1m30s"},
		"a weak password":            {&auth.PasswordError{Reason: "is too short"}, 422, "unprocessable", "The password is too short."},
		"an input of no sense":       {&auth.InputError{Field: "name", Reason: "is empty"}, 422, "unprocessable", "is empty"},
		"a used link":                {auth.ErrTicket, 422, "unprocessable", "link"},
		"the last administrator":     {auth.ErrLastAdministrator, 409, "not-now", "last administrator"},
		"one's own request":          {&auth.ApprovalError{Request: "1", Err: auth.ErrOwnRequest}, 403, "four-eyes", "somebody else must"},
		"another's request":          {&auth.ApprovalError{Request: "1", Err: auth.ErrNotYours}, 403, "four-eyes", "withdraw"},
		"an expired request":         {&auth.ApprovalError{Request: "1", Err: auth.ErrExpired}, 409, "expired", "It has expired"},
		"other work":                 {&auth.ApprovalError{Request: "1", Err: auth.ErrOtherWork}, 409, "conflict", "something else"},
		"a request in another state": {&auth.ApprovalError{Request: "1", State: store.RequestEnded, Err: auth.ErrUsed}, 409, "not-now", "The request is ended"},
		"a beginning of several":     {&store.AmbiguousError{What: "change 01", Candidates: []string{"011", "012"}}, 409, "conflict", "011"},
		"a resource that is held":    {&store.HeldError{Resource: etlARN, Holder: store.Holder{Host: "h", PID: 7}}, 409, "not-now", "process 7"},
		"an open change":             {&store.OpenError{Resource: etlARN, Change: "c1", State: change.Waiting}, 409, "not-now", "c1"},
		"what somebody has changed":  {fmt.Errorf("request 1: %w", store.ErrConflict), 409, "conflict", "somebody else"},
		"what is not there":          {fmt.Errorf("%s: %w", secret, store.ErrNotFound), 404, "not-found", "no such thing"},
		"a write out of order":       {fmt.Errorf("%s: %w", secret, store.ErrState), 409, "not-now", "stands"},
		"a store that can't be used": {fmt.Errorf("%s: %w", secret, store.ErrUnusable), 503, "internal", "store"},
		"a refused job":              {&repair.RefusedError{Resource: etlARN, Reason: repair.NotPlanned}, 422, "unprocessable", etlARN},
		"warnings nobody accepted": {
			&repair.RefusedError{Resource: etlARN, Reason: repair.NotAccepted, Warnings: []plan.Warning{{Text: "gone for good"}}}, 422, "not-accepted", "gone for good",
		},
		"a verb that is not possible": {&execute.StateError{Change: "c1", Verb: execute.VerbResume, State: change.Done, Why: "it is done"}, 409, "not-now", "c1"},
		"a tampered plan":             {&plan.TamperedError{File: "p"}, 409, "not-now", "not as it was made"},
		"a check that there is not":   {&propose.UnknownCheckError{Code: "x"}, 422, "unprocessable", `"x"`},
		"a resource there is not":     {&audit.ResourceError{Resource: etlARN}, 422, "unprocessable", etlARN},
		"a broken policy":             {errors.Join(&policy.Error{File: "glueguard.yaml", Line: 3}), 503, "policy", "glueguard.yaml:3"},
		"no credentials":              {&awsapi.CredentialsError{Operation: "sts:GetCallerIdentity", Code: "ExpiredToken", Err: errors.New("old")}, 502, "aws", "ExpiredToken"},
		"a read that AWS refused": {
			fmt.Errorf("keys: %w", resource.Failure{Operation: "kms:ListKeys", Class: resource.Denied, Code: "AccessDenied"}), 422, "aws", "kms:ListKeys",
		},
		"a read that failed":       {resource.Failure{Operation: "kms:ListKeys", Class: resource.Errored, Message: "no answer"}, 502, "aws", "no answer"},
		"what AWS refused":         {fmt.Errorf("keys: %w", &smithy.GenericAPIError{Code: "AccessDenied", Message: "not you"}), 422, "aws", "AccessDenied: not you"},
		"an AWS that is not there": {&net.OpError{Op: "dial", Net: "tcp", Err: errors.New("refused")}, 502, "aws", "reach AWS"},
		"a role that is missing":   {&awsapi.RoleMissingError{Account: account}, 422, "aws", account},
		"too large a body":         {&http.MaxBytesError{Limit: 10}, 413, "too-large", "10 bytes"},
		"what was stopped":         {fmt.Errorf("look: %w", context.Canceled), 503, "interrupted", "stopped"},
		"what took too long":       {context.DeadlineExceeded, 503, "interrupted", "stopped"},
		"what nobody expected":     {errors.New(secret), 500, "internal", "Its log says what"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := api.ProblemOf(fmt.Errorf("wrapped: %w", test.err))
			if p.Status != test.status || p.Code != test.code || !strings.Contains(p.Detail, test.says) {
				t.Errorf("%d %s %q, want %d %s with %q", p.Status, p.Code, p.Detail, test.status, test.code, test.says)
			}
			if strings.Contains(p.Detail+p.Hint, secret) || p.Type != "about:blank" || p.Title != http.StatusText(test.status) {
				t.Errorf("told %+v", p)
			}
		})
	}
}

func TestFailLogsWhatItDoesNotTell(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	var log bytes.Buffer
	s, err := api.New(api.Options{
		Store: w.store, Auth: w.auth, Worker: w.worker, Events: w.hub, Now: w.clock, NewID: w.newID, Log: slog.New(slog.NewTextHandler(&log, nil)),
	})
	if err != nil {
		t.Fatal(err)
	}
	out := httptest.NewRecorder()
	s.Fail(out, httptest.NewRequest(http.MethodGet, "/api/v1/findings", nil), errors.New("disk I/O error"))
	if out.Code != 500 || strings.Contains(out.Body.String(), "disk") || !strings.Contains(out.Body.String(), "id-0001") {
		t.Errorf("answered %d %s", out.Code, out.Body)
	}
	if text := log.String(); !strings.Contains(text, "disk I/O error") || !strings.Contains(text, "id-0001") {
		t.Errorf("logged %s", text)
	}
}
