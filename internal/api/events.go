package api

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"time"

	"github.com/glueguard/glueguard/internal/api/openapi"
	"github.com/glueguard/glueguard/internal/auth"
)

const (
	heartbeat   = 15 * time.Second
	writeWithin = 30 * time.Second // who takes no byte for so long is gone
	retryMillis = 2000             // after which a browser that lost the stream comes again
)

// StreamEvents implements openapi.StrictServerInterface.
func (s *Server) StreamEvents(ctx context.Context, r openapi.StreamEventsRequestObject) (openapi.StreamEventsResponseObject, error) {
	who, err := s.allow(ctx, "streamEvents")
	if err != nil {
		return nil, err
	}
	return stream{ctx: ctx, server: s, who: who, filter: r.Params}, nil
}

// stream answers with server-sent events until its client goes away.
type stream struct {
	ctx    context.Context //nolint:containedctx // the generated interface hands it over before the answer is written
	server *Server
	who    auth.Principal
	filter openapi.StreamEventsParams
}

// VisitStreamEventsResponse implements openapi.StreamEventsResponseObject.
func (t stream) VisitStreamEventsResponse(w http.ResponseWriter) error {
	leave, err := t.server.o.Admit(t.who)
	if err != nil {
		return err
	}
	defer leave()
	ctx, cancel := context.WithCancel(t.ctx)
	defer cancel()
	events := t.server.o.Events.Subscribe(ctx)
	beat, stop := t.server.o.Heartbeat()
	defer stop()
	w.Header().Set("Content-Type", "text/event-stream")
	w.Header().Set("Cache-Control", "no-store")
	w.Header().Set("X-Accel-Buffering", "no") // proxies of nginx's kind hold answers back
	w.WriteHeader(http.StatusOK)
	out := sender{w: w, control: http.NewResponseController(w)}
	if out.send("retry: %d\n\n", retryMillis) != nil {
		return nil // whoever asked has gone
	}
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-beat:
			if t.server.o.Auth.Recheck(ctx, t.who, auth.See) != nil || out.send(": alive\n\n") != nil {
				return nil
			}
		case e, open := <-events:
			if !open {
				return nil
			}
			if !t.wants(e) {
				continue
			}
			data, err := json.Marshal(eventOf(e))
			if err != nil {
				return fmt.Errorf("event %d: %w", e.Seq, err)
			}
			if out.send("id: %d\nevent: %s\ndata: %s\n\n", e.Seq, e.Kind, data) != nil {
				return nil
			}
		}
	}
}

// sender writes a part of a stream, and sees that it leaves.
type sender struct {
	w       http.ResponseWriter
	control *http.ResponseController
}

func (s sender) send(format string, args ...any) error {
	err := s.control.SetWriteDeadline(time.Now().Add(writeWithin)) // the network's clock, whatever ours says
	if err != nil && !errors.Is(err, http.ErrNotSupported) {
		return err
	}
	if _, err := fmt.Fprintf(s.w, format, args...); err != nil {
		return err
	}
	return s.control.Flush()
}

func (t stream) wants(e Event) bool {
	if t.filter.Request != "" && e.Request != t.filter.Request {
		return false
	}
	return t.filter.Change == "" || e.Change != nil && e.Change.ID == t.filter.Change
}

// eventOf is an event as the document has it.
func eventOf(e Event) openapi.Event {
	out := openapi.Event{Seq: e.Seq, At: e.At, Kind: openapi.EventKind(e.Kind), Request: e.Request, Change: e.Change, Detail: e.Detail}
	if e.Audit != nil {
		out.Audit = &openapi.AuditProgress{
			Locations: e.Audit.Locations, Done: e.Audit.Done, Resources: e.Audit.Resources, Calls: e.Audit.Calls, Audit: e.Audit.Audit,
		}
	}
	return out
}
