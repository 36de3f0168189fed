package wire

import (
	"net/http"

	"github.com/glueguard/glueguard/internal/sandbox/model"
	"github.com/glueguard/glueguard/internal/sandbox/service"
)

// Refusal is an answer that AWS gives in front of every service, with another code in each protocol.
type Refusal int

// The refusals in front of the services.
const (
	AccessDenied Refusal = iota
	InvalidClientToken
	ExpiredToken
	MissingAuthentication
	IncompleteSignature
	Throttled
	InternalFailure
	UnknownOperation
)

type codes struct {
	json, query, ec2, s3 string
	status               int // of query, ec2, and REST; JSON answers 400 below 500
}

// spelling is a function of constants, so that nothing is built at start.
func (r Refusal) spelling() codes {
	switch r {
	case AccessDenied:
		return codes{"AccessDeniedException", "AccessDenied", "UnauthorizedOperation", "AccessDenied", 403}
	case InvalidClientToken:
		return codes{"UnrecognizedClientException", "InvalidClientTokenId", "AuthFailure", "InvalidAccessKeyId", 403}
	case ExpiredToken:
		return codes{"ExpiredTokenException", "ExpiredToken", "RequestExpired", "ExpiredToken", 403}
	case MissingAuthentication:
		return codes{"MissingAuthenticationTokenException", "MissingAuthenticationToken", "MissingAuthenticationToken", "AccessDenied", 403}
	case IncompleteSignature:
		return codes{"IncompleteSignatureException", "IncompleteSignature", "IncompleteSignature", "AuthorizationHeaderMalformed", 400}
	case Throttled:
		return codes{"ThrottlingException", "Throttling", "RequestLimitExceeded", "SlowDown", 400}
	case UnknownOperation:
		return codes{"UnknownOperationException", "InvalidAction", "InvalidAction", "MethodNotAllowed", 400}
	}
	return codes{"InternalFailure", "InternalFailure", "InternalError", "InternalError", 500}
}

// Refuse words a refusal as a protocol does.
func Refuse(p model.Protocol, r Refusal, message string) *service.Error {
	c := r.spelling()
	e := &service.Error{Code: c.json, Message: message, Status: c.status}
	switch p {
	case model.JSON, model.CBOR:
		if c.status < 500 {
			e.Status = http.StatusBadRequest
		}
	case model.RestJSON:
		switch r {
		case UnknownOperation:
			e.Status = http.StatusNotFound
		case Throttled:
			e.Status = http.StatusTooManyRequests
		}
	case model.Query:
		e.Code = c.query
	case model.EC2:
		e.Code = c.ec2
		if r == Throttled {
			e.Status = http.StatusServiceUnavailable
		}
	case model.RestXML:
		e.Code = c.s3
		if r == Throttled {
			e.Status = http.StatusServiceUnavailable
		}
	}
	return e
}

// Reword gives a refusal made for one protocol the code that another one has for it. Codes that AWS spells the same
// everywhere stay as they are.
func Reword(p model.Protocol, e *service.Error) *service.Error {
	for r := AccessDenied; r <= UnknownOperation; r++ {
		if c := r.spelling(); e.Code == c.query || e.Code == c.json {
			return Refuse(p, r, e.Message)
		}
	}
	return e
}

// statusOf is the HTTP status of an error: its own, the model's, or what AWS does in the absence of both.
func (c *Codec) statusOf(p model.Protocol, e *service.Error, modelled model.Error, known bool) int {
	switch {
	case e.Status != 0:
		return e.Status
	case known && modelled.Status != 0:
		return modelled.Status
	case known && modelled.Fault:
		return http.StatusInternalServerError
	case known:
		return http.StatusBadRequest
	}
	switch e.Code {
	case "InternalFailure", "InternalError", "InternalServerError", "InternalServiceException", "InternalServiceError", "InternalServerException":
		return http.StatusInternalServerError
	case "ServiceUnavailable", "ServiceUnavailableException", "Unavailable":
		return http.StatusServiceUnavailable
	}
	for r := AccessDenied; r <= UnknownOperation; r++ {
		if s := r.spelling(); e.Code == s.query || e.Code == s.json || p == model.EC2 && e.Code == s.ec2 {
			return Refuse(p, r, "").Status
		}
	}
	return http.StatusBadRequest
}
