package sandbox

import (
	"fmt"
	"net/http"
	"sync"
	"time"

	"github.com/glueguard/glueguard/internal/sandbox/glue"
	"github.com/glueguard/glueguard/internal/sandbox/model"
	"github.com/glueguard/glueguard/internal/sandbox/service"
	"github.com/glueguard/glueguard/internal/sandbox/wire"
)

// S3 serves every request that is signed for S3, whose protocol is its own.
type S3 interface {
	ServeS3(w http.ResponseWriter, r *http.Request, c *service.Call)
}

// Adjustable services have behaviour that is set while they run.
type Adjustable interface {
	SetProvisioning(d time.Duration)
	SetEndOfLife(on bool)
}

// Writer lets an endpoint write to S3.
type Writer interface {
	WriteFromEndpoint(now time.Time, w glue.Write) error
}

// parts are what a sandbox is put together from.
type parts struct {
	services   []service.Service
	identities service.Identities
	authorizer service.Authorizer // nil allows everything
	recorder   service.Recorder   // nil records nothing
	s3         S3                 // nil has no S3
	adjust     []Adjustable
	writer     Writer // nil has no endpoints that write
}

// assembler makes parts in the state that options describe.
type assembler func(o Options, now time.Time) (parts, error)

// estate is all state of a sandbox between two resets.
type estate struct {
	parts
	bySigningName map[string]*served
}

// served is one service that can be called. Its codec is made on first use, since facts take time to decode.
type served struct {
	meta       model.Metadata
	service    service.Service
	operations map[string]*entry
	once       sync.Once
	codec      *wire.Codec
	err        error
}

// entry is an operation with what would otherwise be computed for each call.
type entry struct {
	service.Operation
	action   string // "glue:GetDevEndpoints"
	readOnly bool
}

func newEstate(o Options, now time.Time, assemble assembler) (*estate, error) {
	p, err := assemble(o, now)
	if err != nil {
		return nil, err
	}
	index, err := model.Index()
	if err != nil {
		return nil, err
	}
	known := make(map[string]model.Metadata, len(index))
	for _, m := range index {
		known[m.Name] = m
	}
	e := &estate{parts: p, bySigningName: make(map[string]*served, len(p.services))}
	for _, svc := range p.services {
		meta, ok := known[svc.Model]
		if !ok {
			return nil, fmt.Errorf("no facts about service %q", svc.Model)
		}
		if _, twice := e.bySigningName[meta.SigningName]; twice {
			return nil, fmt.Errorf("two services are signed for %q", meta.SigningName)
		}
		s := &served{meta: meta, service: svc, operations: make(map[string]*entry, len(svc.Operations))}
		for _, op := range svc.Operations {
			s.operations[op.Name] = &entry{Operation: op, action: svc.Prefix + ":" + op.Name, readOnly: readOnly(op.Name)}
		}
		e.bySigningName[meta.SigningName] = s
	}
	return e, nil
}

// wire returns the service's codec.
func (s *served) wire() (*wire.Codec, error) {
	s.once.Do(func() {
		var facts *model.Service
		if facts, s.err = model.Load(s.service.Model); s.err == nil {
			s.codec, s.err = wire.New(facts, s.service.Operations)
		}
	})
	return s.codec, s.err
}
