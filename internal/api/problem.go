package api

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/http"
	"strconv"
	"strings"

	"github.com/glueguard/glueguard/internal/api/openapi"
	"github.com/glueguard/glueguard/internal/audit"
	"github.com/glueguard/glueguard/internal/auth"
	"github.com/glueguard/glueguard/internal/awsapi"
	"github.com/glueguard/glueguard/internal/diag"
	"github.com/glueguard/glueguard/internal/execute"
	"github.com/glueguard/glueguard/internal/plan"
	"github.com/glueguard/glueguard/internal/policy"
	"github.com/glueguard/glueguard/internal/propose"
	"github.com/glueguard/glueguard/internal/repair"
	"github.com/glueguard/glueguard/internal/resource"
	"github.com/glueguard/glueguard/internal/store"
)

// The codes of problems that callers tell apart.
const (
	CodeInternal    = "internal"
	CodeInvalid     = "invalid"        // the request can't be understood
	CodeSense       = "unprocessable"  // it is understood, and makes no sense
	CodeNotFound    = "not-found"      // there is no such thing
	CodeConflict    = "conflict"       // it is not as it was seen
	CodeState       = "not-now"        // it stands where this is not possible
	CodeSignIn      = "sign-in"        // nobody has signed in
	CodeCredentials = "credentials"    // wrong name or password
	CodeForbidden   = "forbidden"      // the role lacks the permission
	CodeFourEyes    = "four-eyes"      // somebody else must
	CodeRate        = "rate"           // too many attempts
	CodeNotAccepted = "not-accepted"   // warnings must be accepted
	CodeAWS         = "aws"            // AWS could not be asked, or refused
	CodePolicy      = "policy"         // the policy's file can't be read
	CodeInterrupted = "interrupted"    // it was stopped before it came to its end
	CodeTooLarge    = "too-large"      // the body
	CodeMediaType   = "media-type"     // the body is no JSON
	CodeMethod      = "method"         // the path is there, and not for this method
	CodeExpired     = "expired"        // the request, or its approval
	CodeUnavailable = "not-configured" // this daemon was started without it
)

// Problem is an error of an operation as callers are told of it.
type Problem struct {
	openapi.Problem
	// RetryAfter says after how many seconds another attempt makes sense; 0: it is not known.
	RetryAfter int
}

func (p *Problem) Error() string { return p.Detail }

// problem makes a Problem that an operation returns itself.
func problem(status int, code, format string, args ...any) *Problem {
	return &Problem{Problem: openapi.Problem{Status: status, Code: code, Detail: fmt.Sprintf(format, args...)}}
}

func (p *Problem) hint(format string, args ...any) *Problem {
	p.Hint = fmt.Sprintf(format, args...)
	return p
}

// sense is a problem of a request that is understood and makes no sense.
func sense(format string, args ...any) *Problem {
	return problem(http.StatusUnprocessableEntity, CodeSense, format, args...)
}

// invalid is a problem of a request that can't be understood.
func invalid(format string, args ...any) *Problem {
	return problem(http.StatusBadRequest, CodeInvalid, format, args...)
}

// missing is a problem of something that is not there.
func missing(what, name string) *Problem {
	return problem(http.StatusNotFound, CodeNotFound, "There is no %s %q.", what, name)
}

// ProblemOf says what an error means to who asked. Errors that it does not know are told by nothing but their status:
// what is in them belongs in the log.
func ProblemOf(err error) *Problem {
	p := classify(err)
	p.Type, p.Title = "about:blank", http.StatusText(p.Status)
	if p.Title == "" {
		p.Title = "Problem"
	}
	return p
}

func classify(err error) *Problem {
	var own *Problem
	if errors.As(err, &own) {
		made := *own
		return &made
	}
	for _, know := range []func(error) *Problem{authProblem, approvalProblem, storeProblem, workProblem, awsProblem} {
		if p := know(err); p != nil {
			return p
		}
	}
	var large *http.MaxBytesError
	switch {
	case errors.As(err, &large):
		return problem(http.StatusRequestEntityTooLarge, CodeTooLarge, "The body is larger than %d bytes.", large.Limit)
	case errors.Is(err, context.DeadlineExceeded), diag.Interruption(err):
		return problem(http.StatusServiceUnavailable, CodeInterrupted, "It was stopped before it came to its end.")
	}
	return problem(http.StatusInternalServerError, CodeInternal, "Something went wrong in the server. Its log says what.")
}

// sentence makes a sentence of an error's text.
func sentence(err error) string { return capital(strings.Join(strings.Fields(err.Error()), " ")) }

func capital(text string) string {
	if text == "" {
		return ""
	}
	if !strings.HasSuffix(text, ".") {
		text += "."
	}
	if first, _, _ := strings.Cut(text, " "); strings.Contains(first, ":") || text[0] < 'a' || text[0] > 'z' {
		return text // an ARN, say
	}
	return strings.ToUpper(text[:1]) + text[1:]
}

func authProblem(err error) *Problem {
	var forbidden *auth.ForbiddenError
	var rate *auth.RateError
	var password *auth.PasswordError
	var input *auth.InputError
	switch {
	case errors.Is(err, auth.ErrSignedOut):
		return problem(http.StatusUnauthorized, CodeSignIn, "Sign in first.")
	case errors.Is(err, auth.ErrCredentials):
		return problem(http.StatusUnauthorized, CodeCredentials, "The name or the password is wrong.")
	case errors.As(err, &forbidden):
		return problem(http.StatusForbidden, CodeForbidden, "%s", sentence(forbidden)).hint("An administrator can give you the role.")
	case errors.As(err, &rate):
		p := problem(http.StatusTooManyRequests, CodeRate, "%s", sentence(rate))
		p.RetryAfter = rate.Seconds()
		return p
	case errors.As(err, &password):
		return sense("%s", sentence(password))
	case errors.As(err, &input):
		return sense("%s", sentence(input))
	case errors.Is(err, auth.ErrTicket):
		return sense("%s", sentence(auth.ErrTicket)).hint("An administrator can make another.")
	}
	for _, known := range []error{auth.ErrLastAdministrator, auth.ErrNoLocalPassword, auth.ErrRolesFromGroups, auth.ErrNoOIDC} {
		if errors.Is(err, known) {
			return problem(http.StatusConflict, CodeState, "%s", sentence(known))
		}
	}
	return nil
}

func approvalProblem(err error) *Problem {
	var approval *auth.ApprovalError
	if !errors.As(err, &approval) {
		return nil
	}
	detail := capital(fmt.Sprintf("the request is %s: %v", approval.State, approval.Err))
	switch {
	case errors.Is(err, auth.ErrOwnRequest), errors.Is(err, auth.ErrNotYours):
		return problem(http.StatusForbidden, CodeFourEyes, "%s", capital(approval.Err.Error()))
	case errors.Is(err, auth.ErrExpired):
		return problem(http.StatusConflict, CodeExpired, "%s", capital(approval.Err.Error()))
	case errors.Is(err, auth.ErrOtherWork):
		return problem(http.StatusConflict, CodeConflict, "%s", capital(approval.Err.Error())).hint("Look at the request again.")
	}
	return problem(http.StatusConflict, CodeState, "%s", detail)
}

func storeProblem(err error) *Problem {
	var ambiguous *store.AmbiguousError
	var held *store.HeldError
	var open *store.OpenError
	switch {
	case errors.As(err, &ambiguous):
		return problem(http.StatusConflict, CodeConflict, "%s", sentence(ambiguous)).hint("Say more of it.")
	case errors.As(err, &held):
		return problem(http.StatusConflict, CodeState, "%s", sentence(held)).hint("Let that process finish, or stop it.")
	case errors.As(err, &open):
		return problem(http.StatusConflict, CodeState, "%s", sentence(open)).hint("Resume that change, or back it out, first.")
	case errors.Is(err, store.ErrConflict):
		return problem(http.StatusConflict, CodeConflict, "It is not as it was when you looked: somebody else has changed it.").hint("Look at it again.")
	case errors.Is(err, store.ErrNotFound):
		return problem(http.StatusNotFound, CodeNotFound, "There is no such thing.")
	case errors.Is(err, store.ErrUnusable), errors.Is(err, store.ErrNewer), errors.Is(err, store.ErrForeign), errors.Is(err, store.ErrNotDurable):
		return problem(http.StatusServiceUnavailable, CodeInternal, "The store can't be used now. The server's log says why.")
	case errors.Is(err, store.ErrState):
		return problem(http.StatusConflict, CodeState, "It stands where this is not possible.")
	}
	return nil
}

func workProblem(err error) *Problem {
	var refused *repair.RefusedError
	var state *execute.StateError
	var tampered *plan.TamperedError
	var format *plan.FormatError
	var check *propose.UnknownCheckError
	var resources *audit.ResourceError
	var rules *policy.Error
	switch {
	case errors.As(err, &refused):
		code := CodeSense
		if refused.Reason == repair.NotAccepted {
			code = CodeNotAccepted
		}
		return problem(http.StatusUnprocessableEntity, code, "%s", sentence(refused)).hint("%s", capital(refused.Advice()))
	case errors.As(err, &state):
		return problem(http.StatusConflict, CodeState, "%s", sentence(state)).hint("%s", instead(state.Possible))
	case errors.As(err, &tampered), errors.As(err, &format):
		return problem(http.StatusConflict, CodeState, "The stored plan is not as it was made, so nothing of it is carried out.").hint("Plan again.")
	case errors.As(err, &check):
		return sense("%s", sentence(check))
	case errors.As(err, &resources):
		return sense("%s", sentence(resources)).hint("Audit again, or name it by its whole ARN.")
	case errors.As(err, &rules):
		return problem(http.StatusServiceUnavailable, CodePolicy, "The policy's file can't be read: %s", strings.Join(diag.Of(err).Lines, "; ")).
			hint("Mend the file; it is read again by itself.")
	}
	return nil
}

// instead names what can be done, empty where nothing can.
func instead(verbs []execute.Verb) string {
	if len(verbs) == 0 {
		return ""
	}
	words := make([]string, len(verbs))
	for i, v := range verbs {
		words[i] = string(v)
	}
	return "Possible now: " + strings.Join(words, ", ") + "."
}

func awsProblem(err error) *Problem {
	var credentials *awsapi.CredentialsError
	var failure resource.Failure
	var unread *propose.UnreadError
	var role *awsapi.RoleMissingError
	var connection *net.OpError
	switch {
	case errors.As(err, &role): // asked for is an account that this daemon has no way into
		line, hint := diag.Line(err)
		return problem(http.StatusUnprocessableEntity, CodeAWS, "%s", capital(line)).hint("%s", capital(hint))
	case errors.As(err, &credentials), errors.As(err, &connection):
		line, hint := diag.Line(err)
		return problem(http.StatusBadGateway, CodeAWS, "%s", capital(line)).hint("%s", capital(hint))
	case errors.As(err, &unread):
		return refusal(unread.Failure)
	case errors.As(err, &failure):
		return refusal(failure)
	}
	if failure = awsapi.Classify(err, "AWS"); failure.Code != "" {
		return refusal(failure)
	}
	return nil
}

// refusal is what AWS answered where it could be asked: what it refuses is a matter of what was asked for.
func refusal(f resource.Failure) *Problem {
	status := http.StatusUnprocessableEntity
	if f.Class == resource.Throttled || f.Code == "" {
		status = http.StatusBadGateway
	}
	return problem(status, CodeAWS, "AWS answered: %s", sentence(f))
}

// Write answers with the problem.
func (p *Problem) Write(w http.ResponseWriter) {
	body, err := json.Marshal(p.Problem)
	if err != nil {
		http.Error(w, p.Title, p.Status)
		return
	}
	h := w.Header()
	h.Set("Content-Type", "application/problem+json")
	h.Set("Cache-Control", "no-store")
	h.Del("Content-Disposition")
	if p.RetryAfter > 0 {
		h.Set("Retry-After", strconv.Itoa(p.RetryAfter))
	}
	if p.Status == http.StatusUnauthorized {
		h.Set("WWW-Authenticate", `Bearer realm="glueguard"`)
	}
	w.WriteHeader(p.Status)
	w.Write(append(body, '\n')) //nolint:errcheck // whoever asked has gone
}
