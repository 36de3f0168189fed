package sandbox

import (
	"bytes"
	"net/http"
	"time"

	"github.com/glueguard/glueguard/internal/sandbox/model"
	"github.com/glueguard/glueguard/internal/sandbox/s3"
	"github.com/glueguard/glueguard/internal/sandbox/service"
	"github.com/glueguard/glueguard/internal/sandbox/wire"
)

// serveS3 does for S3 what serve does for the others; only the protocol is S3's own matter.
func (x *exchange) serveS3() {
	x.target = wire.Target{Protocol: model.RestXML}
	name := s3.Operation(x.r)
	x.op = &entry{Operation: service.Operation{Name: name}, action: "s3:" + name, readOnly: readOnly(name)}
	if e := x.identify("s3", name); e != nil {
		x.answerError(e)
		return
	}
	x.meetFault()
	if !x.wait() {
		return
	}
	if x.fault.Error == FaultDropRequest {
		x.count("drop-request", false)
		panic(http.ErrAbortHandler)
	}
	if e := x.refuseS3(); e != nil {
		x.record(e)
		x.sendS3(wire.EncodeRefusal(x.buffer, x.target, e, x.call.RequestID))
		return
	}
	if x.fault.Error == "" || x.fault.Error == FaultIgnoreEncryption {
		status := &statusWriter{ResponseWriter: x.w}
		x.estate.s3.ServeS3(status, x.r, &x.call)
		x.record(status.refusal())
		return
	}
	held := &heldResponse{header: make(http.Header), status: http.StatusOK}
	x.estate.s3.ServeS3(held, x.r, &x.call)
	x.record(nil)
	for name, values := range held.header {
		x.w.Header()[name] = values
	}
	x.send(wire.Response{Status: held.status, ContentType: held.header.Get("Content-Type"), Body: held.body.Bytes()})
}

// refuseS3 is what stands between a request and S3, which judges permissions itself since it knows the object.
func (x *exchange) refuseS3() *service.Error {
	if !x.sandbox.throttle.allow(location{x.call.Account, x.call.Region}, time.Now()) {
		return wire.Refuse(model.RestXML, wire.Throttled, "Please reduce your request rate.")
	}
	if e := x.scripted(model.RestXML); e != nil {
		if e.Status == 0 {
			e.Status = http.StatusBadRequest
			if e.Code == "AccessDenied" {
				e.Status = http.StatusForbidden
			}
		}
		return e
	}
	return nil
}

func (x *exchange) sendS3(r wire.Response) {
	x.w.Header()["X-Amz-Request-Id"] = []string{x.call.RequestID}
	x.send(r)
}

// statusWriter remembers how a request ended.
type statusWriter struct {
	http.ResponseWriter
	status int
}

func (s *statusWriter) WriteHeader(status int) {
	s.status = status
	s.ResponseWriter.WriteHeader(status)
}

// refusal is what the audit trail is told about an answer whose body it has not read.
func (s *statusWriter) refusal() *service.Error {
	switch {
	case s.status < 400:
		return nil
	case s.status == http.StatusForbidden:
		return service.Errorf("AccessDenied", "Access Denied")
	}
	return service.Errorf(http.StatusText(s.status), "S3 answered with status %d", s.status)
}

// heldResponse keeps an answer that a fault will spoil.
type heldResponse struct {
	header http.Header
	status int
	body   bytes.Buffer
}

func (h *heldResponse) Header() http.Header { return h.header }

func (h *heldResponse) WriteHeader(status int) { h.status = status }

func (h *heldResponse) Write(b []byte) (int, error) { return h.body.Write(b) }
