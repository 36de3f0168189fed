package crash

import (
	"bytes"
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"regexp"
	"strings"
	"sync"
)

// proxy stands between the program and the simulated AWS. It knows at every call where the journal stands, and can let
// the program die there: before the call reaches AWS, or when AWS has done it and the answer is on its way.
type proxy struct {
	server   *httptest.Server
	upstream string
	client   *http.Client

	mu      sync.Mutex
	journal func(context.Context) (line, error)
	stop    *stop
	kill    func()
	called  map[seen]int // calls that reached AWS, by the entry after which they came
	calls   int          // all of them
	busy    sync.WaitGroup
	failed  error // of looking at the journal
}

// seen identifies an entry.
type seen struct {
	change int64
	seq    int
}

// stop is where the program shall die.
type stop struct {
	at interval
	// answered lets the call that is found there take effect first.
	answered bool
	// polled means that no call comes there, so that the journal itself is watched.
	polled bool
	hit    bool
}

func newProxy(upstream string) *proxy {
	p := &proxy{upstream: upstream, client: &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: 64}}, called: map[seen]int{}}
	p.server = httptest.NewServer(p)
	return p
}

// watch sets whose journal is looked at, and forgets what was seen.
func (p *proxy) watch(journal func(context.Context) (line, error)) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.journal, p.called, p.failed = journal, map[seen]int{}, nil
}

// arm sets where the next process dies, and how; nil lets it live.
func (p *proxy) arm(s *stop, kill func()) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.stop, p.kill = s, kill
}

// settle waits until no call is under way any more, and returns what went wrong in watching.
func (p *proxy) settle() error {
	p.busy.Wait()
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.failed
}

// changing matches the operations that change something at AWS.
func changing(r *http.Request) bool {
	target := r.Header.Get("X-Amz-Target")
	if target == "" { // S3 and the query protocol: only labels are deleted, and never by a step with other calls
		return r.Method == http.MethodDelete
	}
	_, operation, _ := strings.Cut(target, ".")
	return !regexp.MustCompile(`^(Get|List|Describe|BatchGet|Simulate)`).MatchString(operation)
}

func (p *proxy) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	p.busy.Add(1)
	defer p.busy.Done()
	body, err := io.ReadAll(r.Body)
	if err != nil {
		panic(http.ErrAbortHandler)
	}
	at := p.arrive(r)
	if p.dies(at, r, false) {
		panic(http.ErrAbortHandler)
	}
	// The program may die meanwhile: what was sent takes effect all the same.
	answer, content, err := p.forward(r, body)
	p.count(at)
	if err != nil {
		panic(http.ErrAbortHandler) // a fault that drops the connection
	}
	if p.dies(at, r, true) {
		panic(http.ErrAbortHandler)
	}
	for name, values := range answer.Header {
		w.Header()[name] = values
	}
	w.WriteHeader(answer.StatusCode)
	_, _ = w.Write(content) // a program that has died misses nothing
}

// arrive tells after which entry a call comes.
func (p *proxy) arrive(r *http.Request) line {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.journal == nil {
		return line{}
	}
	l, err := p.journal(context.WithoutCancel(r.Context()))
	if err != nil && p.failed == nil {
		p.failed = err
	}
	return l
}

// calledAfter tells whether a call reached AWS after an entry.
func (p *proxy) calledAfter(l line) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.called[seen{l.change, l.seq}] > 0
}

func (p *proxy) count(at line) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.called[seen{at.change, at.seq}]++
	p.calls++
}

// total is how many calls have reached AWS.
func (p *proxy) total() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.calls
}

// dies kills the program if this is where it shall die.
func (p *proxy) dies(at line, r *http.Request, answered bool) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	s := p.stop
	if s == nil {
		return false
	}
	if s.hit {
		return true // nothing of a dead process reaches AWS any more
	}
	here := at.where(answered || p.called[seen{at.change, at.seq}] > 0)
	if here != s.at || s.at.at == intent && (answered != s.answered || !changing(r)) {
		return false
	}
	s.hit = true
	p.kill()
	return true
}

func (p *proxy) forward(r *http.Request, body []byte) (*http.Response, []byte, error) {
	out, err := http.NewRequestWithContext(context.WithoutCancel(r.Context()), r.Method, p.upstream+r.URL.RequestURI(), bytes.NewReader(body))
	if err != nil {
		return nil, nil, err
	}
	out.Header, out.Host, out.ContentLength = r.Header.Clone(), r.Host, int64(len(body))
	answer, err := p.client.Do(out)
	if err != nil {
		return nil, nil, err
	}
	defer answer.Body.Close()
	content, err := io.ReadAll(answer.Body)
	return answer, content, err
}
