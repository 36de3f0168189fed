package api

import (
	"context"
	_ "embed" // the document
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"sync"
	"time"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/google/uuid"

	"github.com/glueguard/glueguard/internal/api/openapi"
	"github.com/glueguard/glueguard/internal/auth"
	"github.com/glueguard/glueguard/internal/control"
	"github.com/glueguard/glueguard/internal/evidence"
	"github.com/glueguard/glueguard/internal/policy"
	"github.com/glueguard/glueguard/internal/resource"
	"github.com/glueguard/glueguard/internal/store"
)

//go:embed openapi.yaml
var document []byte

// BasePath is where the operations are.
const BasePath = "/api/v1"

// maxBody is how many bytes a request may have.
const maxBody = 1 << 20

// Store is what the operations read and write.
type Store interface {
	Audits
	Plans
	Changes
	store.Trail
	Console
}

// Audits are stored audits, with what is known of their findings.
type Audits interface {
	store.AuditReader
	store.AuditLister
	store.FactReader
	store.HistoryReader
	store.SettledReader
	store.Findings
}

// Plans are stored plans.
type Plans interface {
	Plan(ctx context.Context, digest string) ([]byte, error)
	EachPlan(ctx context.Context, limit int, yield func(store.PlanHead) error) error
}

// Console is what the console keeps beside audits, plans and changes.
type Console interface {
	store.Users
	store.Credentials
	store.Requests
	store.Exceptions
	store.Schedules
}

// Options are what a Server works with.
type Options struct {
	Store   Store
	Auth    *auth.Service
	Worker  Worker
	Events  Events
	Now     func() time.Time
	NewID   func() string   // nil: UUIDs, version 7
	Version string          // of the program
	Signer  evidence.Signer // nil: no evidence is exported
	Log     *slog.Logger    // what the server did not expect; nil: nowhere
	// Aliases asks AWS what a KMS key is called; nil: it can't be asked. It answers within some seconds.
	Aliases func(ctx context.Context, l resource.Location, key string) ([]string, error)
	// Admit says whether there is room for one more stream of somebody's, until leave is called; nil: always.
	Admit func(auth.Principal) (leave func(), err error)
	// Heartbeat gives the times at which streams show that they live, until stop is called; nil: every 15 seconds.
	Heartbeat func() (beat <-chan time.Time, stop func())
}

// Server implements the operations of the OpenAPI document. Each asks by itself whether who asks may do it, so that it
// makes no difference whether it is called by a program or by a page. Failures are errors: see ProblemOf.
type Server struct {
	o           Options
	book        control.Catalogue
	checker     *checker
	overview    postures
	comparisons comparisons
	plans       plans
	trail       trailCheck
	filing      sync.Mutex // held from the look whether there is one already until the new one is stored
}

var _ openapi.StrictServerInterface = (*Server)(nil)

// New makes a Server.
func New(o Options) (*Server, error) {
	book, err := control.ReadCatalogue()
	if err != nil {
		return nil, fmt.Errorf("api: %w", err)
	}
	if o.NewID == nil {
		o.NewID = func() string { return uuid.Must(uuid.NewV7()).String() }
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	if o.Admit == nil {
		o.Admit = func(auth.Principal) (func(), error) { return func() {}, nil }
	}
	if o.Heartbeat == nil {
		o.Heartbeat = func() (<-chan time.Time, func()) {
			t := time.NewTicker(heartbeat)
			return t.C, t.Stop
		}
	}
	doc, err := load(context.Background())
	if err != nil {
		return nil, err
	}
	checker, err := newChecker(doc)
	if err != nil {
		return nil, err
	}
	return &Server{o: o, book: book, checker: checker}, nil
}

// Document is the OpenAPI document.
func Document() []byte { return document }

// load reads the OpenAPI document.
func load(ctx context.Context) (*openapi3.T, error) {
	loader := openapi3.NewLoader()
	loader.Context = ctx
	doc, err := loader.LoadFromData(document)
	if err != nil {
		return nil, fmt.Errorf("api: read openapi.yaml: %w", err)
	}
	return doc, nil
}

// Handler serves the operations below BasePath. Who asks must be known by then: package auth's Authenticate comes
// before it, and Protect.
func (s *Server) Handler() (http.Handler, error) {
	mux := http.NewServeMux()
	strict := openapi.NewStrictHandlerWithOptions(s, nil, openapi.StrictHTTPServerOptions{
		RequestErrorHandlerFunc:  func(w http.ResponseWriter, r *http.Request, err error) { s.Fail(w, r, unreadable(err)) },
		ResponseErrorHandlerFunc: s.Fail,
	})
	openapi.HandlerWithOptions(strict, openapi.StdHTTPServerOptions{
		BaseURL: BasePath, BaseRouter: guardedMux{ServeMux: mux, guard: s.guarded},
		ErrorHandlerFunc: func(w http.ResponseWriter, r *http.Request, err error) { s.Fail(w, r, unreadable(err)) },
	})
	return s.unknown(mux), nil
}

// unreadable is what the generated code could not make sense of.
func unreadable(err error) error {
	var large *http.MaxBytesError
	if errors.As(err, &large) {
		return err
	}
	return invalid("%s", sentence(err))
}

// Fail answers with the problem that an error is. What nobody expected is logged under an id, which the problem names.
func (s *Server) Fail(w http.ResponseWriter, r *http.Request, err error) {
	p := ProblemOf(err)
	if p.Status >= http.StatusInternalServerError {
		p.Instance = s.o.NewID()
		s.o.Log.ErrorContext(r.Context(), "an operation failed", "method", r.Method, "path", r.URL.Path, "status", p.Status,
			"instance", p.Instance, "error", err)
	}
	if w, ok := w.(*answer); ok && w.begun {
		panic(http.ErrAbortHandler) // half of an answer must not pass for a whole one
	}
	p.Write(w)
}

// rules are when approval is needed now.
func (s *Server) rules(ctx context.Context) (auth.Rules, policy.Policy, error) {
	p, err := s.o.Worker.Policy(ctx)
	if err != nil {
		return auth.Rules{}, policy.Policy{}, fmt.Errorf("read the policy: %w", err)
	}
	rules, err := auth.RulesOf(ctx, p.Approvals, s.o.Store)
	return rules, p, err
}

// GetDocument implements openapi.StrictServerInterface.
func (s *Server) GetDocument(context.Context, openapi.GetDocumentRequestObject) (openapi.GetDocumentResponseObject, error) {
	return file{kind: "application/yaml", write: writes(document)}, nil
}
