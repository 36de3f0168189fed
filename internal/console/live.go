package console

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"time"

	"github.com/glueguard/glueguard/internal/api"
	"github.com/glueguard/glueguard/internal/auth"
)

const (
	// writeWithin is how long a client may take to take an event; who takes none is gone.
	writeWithin = 30 * time.Second
	// streamFor is how long a stream lasts at most. Then the browser asks anew, and says again who it is.
	streamFor = 15 * time.Minute
	// comeAgain is when a page that got no stream, since there are too many, looks again.
	comeAgain = 15 * time.Second
)

// follower makes the part of a page that is live anew.
type follower struct {
	page string
	// wants tells whether an event is about the page.
	wants func(api.Event) bool
	// make returns what the page's block "live" shows now, and whether that is the last of it. There is no event the first
	// time.
	make func(context.Context, *api.Event) (data any, last bool, err error)
	// still tells whether who watches may do so.
	still func(context.Context) error
}

// stream adds a live part of a page: server-sent events whose data are HTML, which the page swaps in.
func (c *console) stream(pattern string, want auth.Permission, follow func(*http.Request) (follower, error)) {
	c.route(pattern, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		p, ok := auth.From(r.Context())
		if !ok {
			unstreamed(w, http.StatusUnauthorized)
			return
		}
		if !p.May(want) {
			unstreamed(w, http.StatusForbidden)
			return
		}
		f, err := follow(r)
		if err != nil {
			unstreamed(w, c.problemOf(err).Status)
			return
		}
		leave, err := c.options.Admit(p)
		if err != nil {
			w.Header().Set("Retry-After", strconv.Itoa(int(comeAgain.Seconds())))
			unstreamed(w, c.problemOf(err).Status)
			return
		}
		defer leave()
		f.still = func(ctx context.Context) error { return c.options.Recheck(ctx, p, want) }
		if err := c.follow(w, r, f); err != nil && r.Context().Err() == nil {
			c.options.Log.DebugContext(r.Context(), "a live page was left", "path", r.URL.Path, "error", err)
		}
	}))
}

// unstreamed answers that there is no stream. What the page shows stays.
func unstreamed(w http.ResponseWriter, status int) {
	w.Header().Set("HX-Reswap", "none")
	w.WriteHeader(status)
}

func (c *console) follow(w http.ResponseWriter, r *http.Request, f follower) error {
	ctx, cancel := context.WithTimeout(r.Context(), streamFor)
	defer cancel()
	events := c.options.Events.Subscribe(ctx) // before the first look, so that nothing falls between
	h := w.Header()
	h.Set("Content-Type", "text/event-stream")
	h.Set("X-Accel-Buffering", "no") // proxies of nginx's kind hold answers back
	w.WriteHeader(http.StatusOK)
	s := sender{w: w, flush: http.NewResponseController(w)}
	last, err := c.send(ctx, s, f, nil)
	beat := time.NewTicker(c.options.Heartbeat)
	defer beat.Stop()
	for err == nil && !last {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-beat.C:
			if err = f.still(ctx); err == nil {
				err = s.write([]byte(": still there\n\n"))
			}
		case e, open := <-events:
			switch {
			case !open:
				return nil
			case f.wants(e):
				last, err = c.send(ctx, s, f, &e)
			}
		}
	}
	return err
}

// send writes the live part as it is now.
func (c *console) send(ctx context.Context, s sender, f follower, e *api.Event) (last bool, err error) {
	data, last, err := f.make(ctx, e)
	if err != nil {
		return false, err
	}
	body, err := c.pages.render(f.page, "live", data)
	if err != nil {
		return false, err
	}
	var b bytes.Buffer
	if e != nil {
		fmt.Fprintf(&b, "id: %d\n", e.Seq)
	}
	for line := range bytes.Lines(body) {
		b.WriteString("data: ")
		b.Write(bytes.TrimRight(line, "\r\n"))
		b.WriteByte('\n')
	}
	b.WriteByte('\n')
	if last {
		b.WriteString("event: end\ndata: end\n\n")
	}
	return last, s.write(b.Bytes())
}

// sender writes events, each at once.
type sender struct {
	w     http.ResponseWriter
	flush *http.ResponseController
}

func (s sender) write(event []byte) error {
	if err := s.flush.SetWriteDeadline(time.Now().Add(writeWithin)); err != nil && !errors.Is(err, http.ErrNotSupported) {
		return err
	}
	if _, err := s.w.Write(event); err != nil {
		return err
	}
	return s.flush.Flush()
}
