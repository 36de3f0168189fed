package sandbox

import (
	"compress/gzip"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"strconv"
	"time"

	"github.com/glueguard/glueguard/internal/sandbox/model"
	"github.com/glueguard/glueguard/internal/sandbox/service"
	"github.com/glueguard/glueguard/internal/sandbox/wire"
)

// maxBody is more than any served operation of a codec takes.
const maxBody = 16 << 20

// exchange is one request and its answer.
type exchange struct {
	sandbox *Sandbox
	estate  *estate
	w       http.ResponseWriter
	r       *http.Request
	buffer  []byte // the request's body, then the answer's

	cred   credential
	served *served
	codec  *wire.Codec
	target wire.Target
	op     *entry
	call   service.Call
	fault  Fault
	in     any
	out    any
}

// serve goes through what stands between a request and its service, in AWS's order: signature, service, operation,
// identity, limits, input, permission.
func (x *exchange) serve() {
	x.call.RequestID = newRequestID()
	cred, fault, why := parseAuthorization(x.r)
	if fault != authOK {
		x.refuseAuth(fault, why)
		return
	}
	x.cred = cred
	if cred.service == "s3" && x.estate.s3 != nil {
		x.serveS3()
		return
	}
	e := x.arrive()
	if e == nil {
		e = x.identify(x.served.service.Prefix, x.op.Name)
	}
	if e != nil {
		x.answerError(e)
		return
	}
	x.meetFault()
	if !x.wait() {
		return
	}
	if x.fault.Error == FaultDropRequest {
		x.count("drop-request", false)
		panic(http.ErrAbortHandler) // net/http closes the connection
	}
	x.finish(x.perform())
}

func (x *exchange) refuseAuth(fault authFault, why string) {
	x.target = wire.Guess(x.r)
	refusal := wire.IncompleteSignature
	if fault == authMissing {
		refusal = wire.MissingAuthentication
	}
	x.send(wire.EncodeRefusal(x.buffer, x.target, wire.Refuse(x.target.Protocol, refusal, why), x.call.RequestID))
}

// arrive reads the request and finds its service and operation.
func (x *exchange) arrive() *service.Error {
	x.target = wire.Guess(x.r)
	x.call.Operation = "?"
	s, ok := x.estate.bySigningName[x.cred.service]
	if !ok {
		x.call.Service = x.cred.service
		return wire.Refuse(x.target.Protocol, wire.UnknownOperation, "The sandbox does not have a service that is signed for '"+x.cred.service+"'")
	}
	x.served, x.call.Service = s, s.service.Prefix
	codec, err := s.wire()
	if err != nil {
		return wire.Refuse(x.target.Protocol, wire.InternalFailure, err.Error())
	}
	x.codec = codec
	if err := x.readBody(); err != nil {
		return wire.Refuse(x.target.Protocol, wire.InternalFailure, "The request could not be read: "+err.Error())
	}
	target, refused := codec.Match(x.r, x.buffer)
	x.target = target
	if refused != nil {
		return refused
	}
	x.op = s.operations[target.Operation]
	return nil
}

func (x *exchange) readBody() error {
	body := io.Reader(x.r.Body)
	if x.r.Header.Get("Content-Encoding") == "gzip" {
		z, err := gzip.NewReader(body)
		if err != nil {
			return err
		}
		body = z
	}
	b := x.buffer
	for {
		if len(b) == cap(b) {
			b = append(b, 0)[:len(b)]
		}
		n, err := body.Read(b[len(b):cap(b)])
		b = b[:len(b)+n]
		x.buffer = b
		switch {
		case errors.Is(err, io.EOF):
			return nil
		case err != nil:
			return err
		case len(b) > maxBody:
			return fmt.Errorf("more than %d bytes", maxBody)
		}
	}
}

// identify finds who calls, and completes the call.
func (x *exchange) identify(prefix, operation string) *service.Error {
	c := &x.call
	c.Context, c.Now = x.r.Context(), x.sandbox.clock.now()
	c.Region, c.Partition = x.cred.region, service.Partition(x.cred.region)
	c.Service, c.Operation = prefix, operation
	c.Provisioning = time.Duration(x.sandbox.settings.provisioning.Load())
	c.EndOfLife = x.sandbox.settings.endOfLife.Load()
	account, principal, e := x.estate.identities.Identify(x.cred.accessKey, x.cred.token, c.Now)
	if e != nil {
		return wire.Reword(x.target.Protocol, e)
	}
	if principal.RoleARN == "" { // a key knows no partition, a call does
		principal.ARN = "arn:" + c.Partition + ":iam::" + account + ":root"
	}
	c.Account, c.Principal = account, principal
	return nil
}

// OnlookerHeader marks the requests of those who look on while others are disturbed: they meet no faults and use none up.
const OnlookerHeader = "X-Sandbox-Onlooker"

func (x *exchange) meetFault() {
	if x.r.Header.Get(OnlookerHeader) == "" {
		x.fault = x.sandbox.faults.strike(location{x.call.Account, x.call.Region}, x.op.action)
	}
}

// wait sleeps for the sandbox's latency and the fault's, and is false when the client has gone meanwhile.
func (x *exchange) wait() bool {
	d := time.Duration(x.sandbox.settings.latency.Load()) + time.Duration(x.fault.Latency)
	if d <= 0 {
		return true
	}
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return true
	case <-x.r.Context().Done():
		x.count("canceled", false)
		return false
	}
}

// perform lets the service answer, unless something stands in between.
func (x *exchange) perform() *service.Error {
	p := x.target.Protocol
	if !x.sandbox.throttle.allow(location{x.call.Account, x.call.Region}, time.Now()) {
		return wire.Refuse(p, wire.Throttled, throttleMessage(p))
	}
	if e := x.scripted(p); e != nil {
		return e
	}
	in := x.op.NewInput()
	if e := x.codec.Decode(x.target, in); e != nil {
		return e
	}
	x.in = in
	if e := x.authorize(); e != nil {
		return wire.Reword(p, e)
	}
	out, err := x.invoke()
	if err != nil {
		return x.asError(err)
	}
	x.out = out
	return nil
}

func throttleMessage(p model.Protocol) string {
	if p == model.EC2 {
		return "Request limit exceeded."
	}
	return "Rate exceeded"
}

// scripted is the fault's AWS error, if it is one.
func (x *exchange) scripted(p model.Protocol) *service.Error {
	switch x.fault.Error {
	case "", FaultDropResponse, FaultTruncate, FaultHTML:
		return nil
	case FaultIgnoreEncryption:
		x.call.IgnoreEncryption = true
		return nil
	}
	message := x.fault.Message
	if message == "" {
		message = "A fault was asked for"
	}
	e := &service.Error{Code: x.fault.Error, Message: message}
	if p != model.RestXML {
		e = wire.Reword(p, e)
	}
	if x.fault.Status != 0 {
		e.Status = x.fault.Status
	}
	return e
}

func (x *exchange) authorize() *service.Error {
	if x.estate.authorizer == nil {
		return nil
	}
	resource := "*"
	if x.op.Resource != nil {
		resource = x.op.Resource(&x.call, x.in)
	}
	return x.estate.authorizer.Authorize(&x.call, x.op.action, resource)
}

// panicked is a handler's mistake, answered as AWS answers its own.
type panicked struct{ value any }

func (p *panicked) Error() string { return fmt.Sprintf("the sandbox's handler panicked: %v", p.value) }

func (x *exchange) invoke() (out any, err error) {
	defer func() {
		if v := recover(); v != nil {
			out, err = nil, &panicked{v}
		}
	}()
	return x.op.Invoke(&x.call, x.in)
}

// asError takes what a handler returned; anything but AWS's own errors is an internal failure.
func (x *exchange) asError(err error) *service.Error {
	var e *service.Error
	if errors.As(err, &e) {
		return e
	}
	return wire.Refuse(x.target.Protocol, wire.InternalFailure, err.Error())
}

// finish records and sends the answer of a call that reached its operation.
func (x *exchange) finish(e *service.Error) {
	var r wire.Response
	var err error
	if e == nil {
		r, err = x.codec.Encode(x.buffer[:0], x.target, x.out, x.call.RequestID)
		if err != nil {
			e = wire.Refuse(x.target.Protocol, wire.InternalFailure, err.Error())
		}
	}
	if e != nil {
		r = x.codec.EncodeError(x.buffer[:0], x.target, e, x.call.RequestID)
	}
	x.record(e)
	x.send(r)
}

// answerError sends a refusal of a call that did not get as far as its operation.
func (x *exchange) answerError(e *service.Error) {
	x.count(e.Code, false)
	if x.codec == nil {
		x.send(wire.EncodeRefusal(x.buffer[:0], x.target, e, x.call.RequestID))
		return
	}
	x.send(x.codec.EncodeError(x.buffer[:0], x.target, e, x.call.RequestID))
}

func (x *exchange) count(code string, throttled bool) {
	action := x.call.Service + ":" + x.call.Operation
	if x.op != nil {
		action = x.op.action
	}
	x.sandbox.calls.add(callLine{
		Time: x.call.Now, Operation: action, Account: x.call.Account, Region: x.cred.region,
		RequestID: x.call.RequestID, Error: code,
	}, throttled)
}

// record counts a call and leaves it in the audit trail.
func (x *exchange) record(e *service.Error) {
	code, message := "", ""
	if e != nil {
		code, message = e.Code, e.Message
	}
	x.count(code, e != nil && code == wire.Refuse(x.target.Protocol, wire.Throttled, "").Code)
	if x.estate.recorder == nil {
		return
	}
	x.estate.recorder.Record(service.Event{
		Call: x.call, Source: x.cred.service + ".amazonaws.com", UserAgent: x.r.UserAgent(), SourceIP: sourceIP(x.r),
		ReadOnly: x.op.readOnly, ErrorCode: code, ErrorMessage: message, Input: x.in, Output: x.out,
	})
}

func sourceIP(r *http.Request) string {
	host, _, err := net.SplitHostPort(r.RemoteAddr)
	if err != nil {
		return r.RemoteAddr
	}
	return host
}

// send writes the answer, or what the fault makes of it.
func (x *exchange) send(r wire.Response) {
	if cap(r.Body) > cap(x.buffer) {
		x.buffer = r.Body
	}
	h := x.w.Header()
	switch x.fault.Error {
	case FaultDropResponse:
		panic(http.ErrAbortHandler) // net/http closes the connection
	case FaultHTML:
		r = htmlFault(x.fault)
	}
	for i := 0; i+1 < len(r.Headers); i += 2 {
		h.Set(r.Headers[i], r.Headers[i+1])
	}
	h["Content-Type"] = []string{r.ContentType}
	h["X-Amzn-Requestid"] = []string{x.call.RequestID}
	h["Content-Length"] = []string{strconv.Itoa(len(r.Body))}
	if x.target.Protocol == model.CBOR {
		h["Smithy-Protocol"] = []string{"rpc-v2-cbor"}
	}
	x.w.WriteHeader(r.Status)
	if x.fault.Error == FaultTruncate {
		// Without a flush small answers would not leave the buffer. The connection ends here in any case.
		_, _ = x.w.Write(r.Body[:len(r.Body)/2])
		_ = http.NewResponseController(x.w).Flush()
		panic(http.ErrAbortHandler)
	}
	_, _ = x.w.Write(r.Body) // a client that has gone misses nothing
}

// htmlFault is what a proxy in between answers.
func htmlFault(f Fault) wire.Response {
	status := f.Status
	if status == 0 {
		status = http.StatusBadGateway
	}
	title := strconv.Itoa(status) + " " + http.StatusText(status)
	body := "<html>\r\n<head><title>" + title + "</title></head>\r\n<body>\r\n<center><h1>" + title + "</h1></center>\r\n</body>\r\n</html>\r\n"
	return wire.Response{Status: status, ContentType: "text/html", Body: []byte(body)}
}

const hexDigits = "0123456789abcdef"

// newRequestID makes a random UUID; it need not be secret.
func newRequestID() string {
	var id [36]byte
	high, low := rand.Uint64(), rand.Uint64()
	high = high&^0xf000 | 0x4000
	low = low&^(0xc<<60) | 8<<60
	for i, n := 0, 0; i < len(id); i++ {
		if i == 8 || i == 13 || i == 18 || i == 23 {
			id[i] = '-'
			continue
		}
		word := high
		if n >= 16 {
			word = low
		}
		id[i] = hexDigits[word>>(60-4*(n%16))&0xf]
		n++
	}
	return string(id[:])
}
