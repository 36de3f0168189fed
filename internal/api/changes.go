package api

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"

	"github.com/glueguard/glueguard/internal/api/openapi"
	"github.com/glueguard/glueguard/internal/auth"
	"github.com/glueguard/glueguard/internal/change"
	"github.com/glueguard/glueguard/internal/evidence"
	"github.com/glueguard/glueguard/internal/execute"
	"github.com/glueguard/glueguard/internal/plan"
	"github.com/glueguard/glueguard/internal/store"
)

// change returns a change; its id may be cut short.
func (s *Server) change(ctx context.Context, id string) (*change.Change, error) {
	c, err := s.o.Store.Change(ctx, id)
	if errors.Is(err, store.ErrNotFound) {
		return nil, missing("change", id)
	}
	return c, err
}

// changes lists changes in short, and how many there are.
func (s *Server) changes(ctx context.Context, f store.ChangeFilter) ([]store.Summarized, int, error) {
	counts, err := s.o.Store.CountChanges(ctx, f)
	if err != nil {
		return nil, 0, err
	}
	list, total := []store.Summarized{}, 0
	for _, n := range counts {
		total += n
	}
	err = s.o.Store.EachSummary(ctx, f, func(c store.Summarized) error {
		list = append(list, c)
		return nil
	})
	return list, total, err
}

// ListChanges implements openapi.StrictServerInterface.
func (s *Server) ListChanges(ctx context.Context, r openapi.ListChangesRequestObject) (openapi.ListChangesResponseObject, error) {
	if _, err := s.allow(ctx, "listChanges"); err != nil {
		return nil, err
	}
	p := r.Params
	f := store.ChangeFilter{Plan: p.Plan, Resource: p.Resource, States: p.State, Search: p.Q}
	f.Offset, f.Limit = window(p.Offset, p.Limit)
	list, total, err := s.changes(ctx, f)
	return openapi.ListChanges200JSONResponse{Items: list, Total: total}, err
}

// GetChange implements openapi.StrictServerInterface.
func (s *Server) GetChange(ctx context.Context, r openapi.GetChangeRequestObject) (openapi.GetChangeResponseObject, error) {
	who, err := s.allow(ctx, "getChange")
	if err != nil {
		return nil, err
	}
	c, err := s.change(ctx, r.ID)
	if err != nil {
		return nil, err
	}
	out := openapi.ChangeDetail{
		Change: c.JSON(s.o.Now()), At: c.Seq, KeepsOriginal: c.KeepsOriginal(), Location: c.Head.Item.Location,
		Verbs: verbsOf(c, who), Commands: commandsOf(c),
	}
	out.Requests, _, err = s.requests(ctx, who, store.RequestFilter{Change: c.Head.ID, Limit: maxLimit})
	return openapi.GetChange200JSONResponse(out), err
}

// kindOf is the kind of request that asks for a verb; empty for one that is no request.
func kindOf(v execute.Verb) store.RequestKind {
	switch v {
	case execute.VerbResume:
		return store.RequestResume
	case execute.VerbBackout:
		return store.RequestBackout
	case execute.VerbFinalize:
		return store.RequestFinalize
	}
	return ""
}

// verbsOf are the requests that can be made about a change as it stands.
func verbsOf(c *change.Change, who auth.Principal) []openapi.ChangeVerb {
	verbs := []openapi.ChangeVerb{}
	for _, v := range usable(c) {
		kind := kindOf(v)
		if kind == "" {
			continue
		}
		need := requestPermission(kind)
		keep := kind == store.RequestFinalize && !c.KeepsOriginal()
		verbs = append(verbs, openapi.ChangeVerb{
			Kind: kind, Permission: need, Allowed: who.May(auth.Propose) && who.May(need), KeepTwin: keep,
			Warnings: append([]plan.Warning{}, warningsOf(c, kind, store.Work{Kind: kind, KeepTwin: keep})...),
		})
	}
	return verbs
}

// usable are the verbs that do something for a change: a finalize lets go of an original that is kept, or, where a change
// has not come to its end, accepts its twin.
func usable(c *change.Change) []execute.Verb {
	return slices.DeleteFunc(execute.Possible(c), func(v execute.Verb) bool {
		return v == execute.VerbFinalize && c.State == change.Done && !c.KeepsOriginal()
	})
}

// warningsOf are what must be accepted before work on a change: those that were accepted with it before are marked. A
// backout goes back to what was, so its warnings are told, and count as accepted.
func warningsOf(c *change.Change, kind store.RequestKind, w store.Work) []plan.Warning {
	k := plan.Kept{
		Item: c.Head.Item, SavedEndpoint: c.SavedEndpoint, SavedTransform: c.SavedTransform, Current: c.Kept(),
		DeleteLabels: w.DeleteLabels, KeepTwin: w.KeepTwin,
	}
	if c.Labels != nil {
		k.Labels, k.LabelRows = c.Labels.S3, c.Labels.Rows
	}
	var warnings []plan.Warning
	switch kind {
	case store.RequestFinalize:
		warnings = plan.FinalizeWarnings(k)
		for i := range warnings {
			warnings[i].Accepted = has(c.Head.AcceptedWarnings, warnings[i].Code) || has(w.AcceptWarnings, warnings[i].Code)
		}
	case store.RequestBackout:
		warnings = plan.RestoreWarnings(k)
		for i := range warnings {
			warnings[i].Accepted = true
		}
	}
	return warnings
}

// commandsOf are the commands that do the same at a shell.
func commandsOf(c *change.Change) []openapi.Command {
	id := c.Head.ID
	commands := []openapi.Command{{Title: "Show it", Command: "glueguard changes show " + id}}
	for _, v := range usable(c) {
		title := map[execute.Verb]string{
			execute.VerbResume: "Go on with it", execute.VerbBackout: "Take it back", execute.VerbVerify: "Look at it again",
			execute.VerbFinalize: "Let go of what it keeps as the way back",
		}[v]
		command := fmt.Sprintf("glueguard %s %s", v, id)
		if v == execute.VerbFinalize && !c.KeepsOriginal() {
			title, command = "Accept the twin under its own name", command+" --keep-twin"
		}
		commands = append(commands, openapi.Command{Title: title, Command: command})
	}
	return append(commands, openapi.Command{
		Title: "Export its evidence", Command: fmt.Sprintf("glueguard evidence export --change %s --out evidence.tar", id),
	})
}

// ExportEvidence implements openapi.StrictServerInterface.
func (s *Server) ExportEvidence(ctx context.Context, r openapi.ExportEvidenceRequestObject) (openapi.ExportEvidenceResponseObject, error) {
	who, err := s.allow(ctx, "exportEvidence")
	if err != nil {
		return nil, err
	}
	c, err := s.change(ctx, r.ID)
	if err != nil {
		return nil, err
	}
	if s.o.Signer == nil {
		return nil, problem(503, CodeUnavailable, "This daemon has no key to sign evidence with.").hint("Export it with `glueguard evidence export`.")
	}
	id := c.Head.ID
	if err := s.record(ctx, who, store.Deed{Action: "evidence.export", Subject: id, Digest: c.Head.PlanDigest}); err != nil {
		return nil, err
	}
	return file{
		kind: "application/x-tar", name: "glueguard-change-" + id + ".tar",
		write: func(w io.Writer) error {
			_, err := evidence.Export(ctx, w, s.o.Store, evidence.Options{
				Selection: evidence.Selection{Change: id}, Tool: s.o.Version, Now: s.o.Now().UTC(), Signer: s.o.Signer,
			})
			return err
		},
	}, nil
}
