package model

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"

	"github.com/glueguard/glueguard/internal/sandbox"
)

// errDead is what a process that has died gets of everything it tries.
var errDead = errors.New("this process is dead")

// wire carries requests to the simulated AWS without a network, so that time can be virtual. It is one process's:
// once that has died, nothing leaves any more.
type wire struct {
	box  *sandbox.Sandbox
	life *life
	// served is told of each call that AWS was sent, whatever became of its answer.
	served func(operation string)
	// shows is told of each answer that is about to be given, and may hide what AWS does not show yet.
	shows func(operation string, r *http.Response) *http.Response
}

// life is one process's: it ends at a call or at a write of a journal, or never.
type life struct {
	mu    sync.Mutex
	dead  bool
	left  stop
	onEnd func() // called once, when it ends
	at    string // where it ended
}

// stop is where a process ends.
type stop struct {
	Calls  int  // at so many calls; 0: never
	Writes int  // at so many entries of journals; 0: never
	Before bool // of these two the last has no effect any more
	Events int  // interrupted by a person after so many events; 0: never
}

// passes counts one call or write, and tells whether it takes effect and whether its outcome is learned.
func (l *life) passes(count *int, what string) (done, learned bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.dead {
		return false, false
	}
	if *count == 0 {
		return true, true
	}
	*count--
	if *count > 0 {
		return true, true
	}
	l.dead, l.at = true, what
	l.onEnd()
	return !l.left.Before, false
}

// Do implements aws.HTTPClient.
func (w *wire) Do(r *http.Request) (*http.Response, error) {
	if err := r.Context().Err(); err != nil {
		return nil, err
	}
	operation := r.Header.Get("X-Amz-Target")
	done, learned := true, true
	if w.life != nil {
		done, learned = w.life.passes(&w.life.left.Calls, "a call "+operation)
	}
	if !done {
		return nil, errDead
	}
	response, err := serve(w.box, r)
	operation = operation[strings.LastIndex(operation, ".")+1:]
	if w.served != nil {
		w.served(operation)
	}
	if w.shows != nil && err == nil {
		response = w.shows(operation, response)
	}
	if !learned {
		return nil, errDead
	}
	return response, err
}

// serve is what a connection does: an aborted answer ends it.
func serve(h http.Handler, r *http.Request) (response *http.Response, err error) {
	if r.Body == nil {
		r.Body = http.NoBody
	}
	a := &answer{header: http.Header{}, status: http.StatusOK}
	defer func() {
		switch aborted := recover(); {
		case aborted == nil:
			response = a.response(r, bytes.NewReader(a.body.Bytes()))
		case !isAbort(aborted):
			panic(aborted)
		case a.flushed:
			response = a.response(r, io.MultiReader(bytes.NewReader(a.body.Bytes()), broken{}))
		default:
			err = fmt.Errorf("%s %s: %w", r.Method, r.URL, io.EOF)
		}
	}()
	h.ServeHTTP(a, r)
	return response, err
}

func isAbort(v any) bool {
	err, ok := v.(error)
	return ok && errors.Is(err, http.ErrAbortHandler)
}

// broken is the end of a body whose connection was closed.
type broken struct{}

func (broken) Read([]byte) (int, error) { return 0, io.ErrUnexpectedEOF }

// answer is an answer being written.
type answer struct {
	header  http.Header
	status  int
	body    bytes.Buffer
	flushed bool
}

func (a *answer) Header() http.Header         { return a.header }
func (a *answer) WriteHeader(status int)      { a.status = status }
func (a *answer) Write(b []byte) (int, error) { return a.body.Write(b) }
func (a *answer) Flush()                      { a.flushed = true }

func (a *answer) response(r *http.Request, body io.Reader) *http.Response {
	return &http.Response{
		Status: http.StatusText(a.status), StatusCode: a.status, Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1, Header: a.header,
		Body: io.NopCloser(body), ContentLength: -1, Request: r,
	}
}
