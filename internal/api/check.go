package api

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/getkin/kin-openapi/openapi3filter"
	"github.com/getkin/kin-openapi/routers"
)

// checker holds requests to the document, with all its limits, before they come to an operation.
type checker struct {
	doc    *openapi3.T
	routes map[string]*routers.Route   // by method and path
	bodies map[string]*openapi3.Schema // by operation
}

func newChecker(doc *openapi3.T) (*checker, error) {
	c := &checker{doc: doc, routes: map[string]*routers.Route{}, bodies: map[string]*openapi3.Schema{}}
	for path, item := range doc.Paths.Map() {
		for method, operation := range item.Operations() {
			if _, _, listed := permission(operation.OperationID); !listed {
				return nil, fmt.Errorf("%s: %w", operation.OperationID, errUnlisted)
			}
			if operation.RequestBody != nil {
				c.bodies[operation.OperationID] = operation.RequestBody.Value.Content.Get("application/json").Schema.Value
			}
			c.routes[method+" "+path] = &routers.Route{Spec: doc, Path: path, PathItem: item, Method: method, Operation: operation}
		}
	}
	return c, nil
}

// route is the document's route of a request that the router has matched.
func (c *checker) route(r *http.Request) *routers.Route {
	method, path, _ := strings.Cut(r.Pattern, " ")
	return c.routes[method+" "+strings.TrimPrefix(path, BasePath)]
}

// guardedMux puts the guard before the generated handlers: their own middlewares come after they have read parameters.
type guardedMux struct {
	*http.ServeMux
	guard func(http.Handler) http.Handler
}

// HandleFunc implements openapi.ServeMux.
func (m guardedMux) HandleFunc(pattern string, handler func(http.ResponseWriter, *http.Request)) {
	m.Handle(pattern, m.guard(http.HandlerFunc(handler)))
}

// answer knows whether an answer has begun.
type answer struct {
	http.ResponseWriter
	begun bool
}

func (a *answer) WriteHeader(status int) {
	a.begun = true
	a.ResponseWriter.WriteHeader(status)
}

func (a *answer) Write(b []byte) (int, error) {
	a.begun = true
	return a.ResponseWriter.Write(b)
}

// Unwrap is for http.ResponseController.
func (a *answer) Unwrap() http.ResponseWriter { return a.ResponseWriter }

// guarded lets requests through that somebody may make and that are as the document wants them. Who asks comes first:
// strangers are told nothing about what is wrong with their requests.
func (s *Server) guarded(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		out := &answer{ResponseWriter: w}
		route := s.checker.route(r)
		if route == nil {
			s.Fail(out, r, fmt.Errorf("%s: %w", r.Pattern, errUnlisted))
			return
		}
		if _, err := s.allow(r.Context(), route.Operation.OperationID); err != nil {
			s.Fail(out, r, err)
			return
		}
		r.Body = http.MaxBytesReader(w, r.Body, maxBody)
		if err := s.checker.check(r, route); err != nil {
			s.Fail(out, r, err)
			return
		}
		w.Header().Set("Cache-Control", "no-store")
		w.Header().Set("X-Content-Type-Options", "nosniff")
		next.ServeHTTP(out, r)
	})
}

// body holds what is asked of an operation to the document, however it came: pages call operations without a request.
func (c *checker) body(operation string, body any) error {
	text, err := json.Marshal(body)
	if err != nil {
		return fmt.Errorf("%s: %w", operation, err)
	}
	var plain any
	if err := json.Unmarshal(text, &plain); err != nil {
		return fmt.Errorf("%s: %w", operation, err)
	}
	schema := c.bodies[operation]
	if schema == nil {
		return fmt.Errorf("%s: %w", operation, errUnlisted)
	}
	if err := schema.VisitJSON(plain); err != nil {
		return invalid("%s", capital(wrong(err)))
	}
	return nil
}

func (c *checker) check(r *http.Request, route *routers.Route) error {
	if err := checkQuery(r, route.Operation); err != nil {
		return err
	}
	if err := checkBody(r, route.Operation); err != nil {
		return err
	}
	params := map[string]string{}
	for _, ref := range route.Operation.Parameters {
		if p := ref.Value; p.In == openapi3.ParameterInPath {
			params[p.Name] = r.PathValue(p.Name)
		}
	}
	err := openapi3filter.ValidateRequest(r.Context(), &openapi3filter.RequestValidationInput{
		Request: r, PathParams: params, Route: route,
		Options: &openapi3filter.Options{AuthenticationFunc: openapi3filter.NoopAuthenticationFunc, SkipSettingDefaults: true},
	})
	if err != nil {
		return invalid("%s", capital(wrong(err)))
	}
	return nil
}

// checkQuery refuses parameters that the operation doesn't have: a filter that is misspelt must not choose everything.
func checkQuery(r *http.Request, o *openapi3.Operation) error {
	query, err := parseQuery(r)
	if err != nil {
		return err
	}
	for name, values := range query {
		p := o.Parameters.GetByInAndName(openapi3.ParameterInQuery, name)
		switch {
		case p == nil:
			return invalid("There is no parameter %q here.", name)
		case len(values) > 1 && !p.Schema.Value.Type.Is(openapi3.TypeArray):
			return invalid("The parameter %q is given %d times.", name, len(values))
		}
	}
	return nil
}

// checkBody refuses bodies that are no JSON value, and leaves the body to be read again.
func checkBody(r *http.Request, o *openapi3.Operation) error {
	body, err := io.ReadAll(r.Body)
	var large *http.MaxBytesError
	switch {
	case errors.As(err, &large):
		return err
	case err != nil: // the client has gone, or has lied about how much there is
		return invalid("The body does not come to its end.")
	}
	r.Body = io.NopCloser(bytes.NewReader(body))
	if o.RequestBody == nil {
		if len(bytes.TrimSpace(body)) > 0 {
			return invalid("Nothing is expected in the body.")
		}
		return nil
	}
	kind, _, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
	if err != nil || kind != "application/json" {
		return problem(http.StatusUnsupportedMediaType, CodeMediaType, "The body must be JSON, with the header Content-Type: application/json.")
	}
	switch {
	case len(body) == 0:
		return invalid("The body is missing.")
	case !json.Valid(body) || !utf8.Valid(body):
		return invalid("The body is no JSON.")
	}
	return unambiguous(json.NewDecoder(bytes.NewReader(body)))
}

// unambiguous refuses JSON that parsers read in different ways, so that what is held to the document is what an operation
// gets: of two members of one name the document would see the last, and an operation a mixture.
func unambiguous(d *json.Decoder) error {
	token, err := d.Token()
	if err != nil {
		return invalid("The body is no JSON.")
	}
	switch t := token.(type) {
	case string:
		if strings.ContainsRune(t, utf8.RuneError) { // what half a character is read as
			return invalid("The body has text that can't be read.")
		}
	case json.Delim:
		seen := map[any]bool{}
		for d.More() {
			if t == '{' {
				name, err := d.Token()
				if err != nil || seen[name] {
					return invalid("The body has two members of one name.")
				}
				seen[name] = true
			}
			if err := unambiguous(d); err != nil {
				return err
			}
		}
		if _, err := d.Token(); err != nil {
			return invalid("The body is no JSON.")
		}
	}
	return nil
}

// wrong says in one line what of a request is not as the document wants it. What was sent is not repeated: it may be a
// password.
func wrong(err error) string {
	var request *openapi3filter.RequestError
	var schema *openapi3.SchemaError
	where, why := "the request", ""
	if errors.As(err, &request) {
		why = request.Reason
		if request.Parameter != nil {
			where = fmt.Sprintf("the parameter %q", request.Parameter.Name)
		} else if request.RequestBody != nil {
			where = "the body"
		}
		if why == "" && request.Err != nil && !errors.As(request.Err, &schema) {
			why = strings.Join(strings.Fields(request.Err.Error()), " ")
		}
	}
	if errors.As(err, &schema) {
		if at := schema.JSONPointer(); len(at) > 0 && (request == nil || request.Parameter == nil) {
			where = fmt.Sprintf("the member %q of the body", strings.Join(at, "."))
		}
		why = schema.Reason
	}
	return strings.TrimRight(where+": "+why, ": ")
}

// unknown answers what no operation answers: 404, or 405 where another method would do.
func (s *Server) unknown(mux *http.ServeMux) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if _, pattern := mux.Handler(r); pattern != "" {
			mux.ServeHTTP(w, r)
			return
		}
		var allowed []string
		for _, method := range []string{http.MethodGet, http.MethodHead, http.MethodPost, http.MethodPut, http.MethodPatch, http.MethodDelete} {
			other := r.Clone(r.Context())
			other.Method = method
			if _, pattern := mux.Handler(other); pattern != "" {
				allowed = append(allowed, method)
			}
		}
		if len(allowed) == 0 || slices.Contains(allowed, r.Method) {
			s.Fail(w, r, problem(http.StatusNotFound, CodeNotFound, "There is nothing at this path."))
			return
		}
		w.Header().Set("Allow", strings.Join(allowed, ", "))
		s.Fail(w, r, problem(http.StatusMethodNotAllowed, CodeMethod, "This path is for %s.", strings.Join(allowed, ", ")))
	})
}

func parseQuery(r *http.Request) (url.Values, error) {
	query, err := url.ParseQuery(r.URL.RawQuery)
	if err != nil {
		return nil, invalid("The query can't be understood.")
	}
	for _, values := range query {
		if slices.ContainsFunc(values, func(v string) bool { return !utf8.ValidString(v) }) {
			return nil, invalid("The query is no UTF-8.")
		}
	}
	return query, nil
}
