package glue

import (
	"hash/fnv"
	"strconv"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/glue/types"
)

// States of a development endpoint. The API declares a free string; these are the documented values that a listing shows.
const (
	provisioning = "PROVISIONING"
	ready        = "READY"
	failed       = "FAILED"
	terminating  = "TERMINATING"
)

// States of the last update of an endpoint.
const (
	updatePending   = "PENDING"
	updateCompleted = "COMPLETED"
)

// zeppelinPort is where a ready endpoint serves a Zeppelin notebook's Spark interpreter.
const zeppelinPort = 9007

// endpoint is a development endpoint.
type endpoint struct {
	view    types.DevEndpoint // as a listing shows it
	tags    map[string]string // nil: never had any
	due     time.Time         // when the state changes next; zero: it won't
	failure string            // why provisioning will fail; empty: it won't
	address string            // first address taken in the subnet
	updated time.Time         // when a running update is through; zero: none runs
}

func (e *endpoint) status() string { return deref(e.view.Status) }

// step makes the state changes that are due, and tells whether the endpoint still exists.
func (e *endpoint) step(l *location, now time.Time) (exists bool) {
	if !e.due.IsZero() && !now.Before(e.due) {
		at := e.due
		e.due = time.Time{}
		switch {
		case e.status() == terminating:
			return false
		case e.failure != "":
			e.view.Status, e.view.FailureReason, e.view.LastModifiedTimestamp = ptr(failed), ptr(e.failure), &at
		default:
			e.view.Status, e.view.LastModifiedTimestamp = ptr(ready), &at
			e.connect(l)
		}
	}
	if !e.updated.IsZero() && !now.Before(e.updated) {
		e.updated = time.Time{}
		e.view.LastUpdateStatus = ptr(updateCompleted)
	}
	return true
}

// connect gives a ready endpoint its addresses: a private one in its subnet, else a public one.
func (e *endpoint) connect(l *location) {
	h := fnv.New32a()
	for _, s := range []string{l.account, l.region, deref(e.view.EndpointName), e.view.CreatedTimestamp.String()} {
		h.Write([]byte(s))
		h.Write([]byte{0})
	}
	sum := h.Sum32()
	octet := func(shift int) string { return strconv.Itoa(int(sum>>shift)%254 + 1) }
	e.view.ZeppelinRemoteSparkInterpreterPort = zeppelinPort
	if e.view.SubnetId != nil {
		address := e.address
		if address == "" {
			address = "10.0." + octet(0) + "." + octet(8)
		}
		e.view.PrivateAddress, e.view.YarnEndpointAddress = &address, &address
		return
	}
	// 198.51.100.0/24 is reserved for documentation, so nobody is ever reached there.
	zone := l.region + "a"
	public := "ec2-198-51-100-" + octet(0) + "." + l.region + ".compute.amazonaws.com"
	yarn := "ip-172-31-" + octet(8) + "-" + octet(16) + "." + l.region + ".compute.internal"
	e.view.AvailabilityZone, e.view.PublicAddress, e.view.YarnEndpointAddress = &zone, &public, &yarn
}

// nextDue returns when the endpoint changes next; zero: it won't.
func (e *endpoint) nextDue() time.Time {
	if e.due.IsZero() || !e.updated.IsZero() && e.updated.Before(e.due) {
		return e.updated
	}
	return e.due
}

// settleEndpoints makes the state changes of endpoints that are due.
func (l *location) settleEndpoints(now time.Time) {
	if l.endpointDue.IsZero() || now.Before(l.endpointDue) {
		return
	}
	l.endpointDue = time.Time{}
	l.endpoints.keep(func(e *endpoint) bool {
		exists := e.step(l, now)
		if exists {
			l.watch(e)
		}
		return exists
	})
}

// watch makes sure that settleEndpoints looks when the endpoint changes next.
func (l *location) watch(e *endpoint) {
	due := e.nextDue()
	if !due.IsZero() && (l.endpointDue.IsZero() || due.Before(l.endpointDue)) {
		l.endpointDue = due
	}
}

func ptr[T any](v T) *T { return &v }

func deref[T any](p *T) T {
	if p == nil {
		var zero T
		return zero
	}
	return *p
}
