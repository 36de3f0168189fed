package api

import (
	"context"

	"github.com/glueguard/glueguard/internal/api/openapi"
	"github.com/glueguard/glueguard/internal/control"
)

// ListControls implements openapi.StrictServerInterface.
func (s *Server) ListControls(ctx context.Context, _ openapi.ListControlsRequestObject) (openapi.ListControlsResponseObject, error) {
	if _, err := s.allow(ctx, "listControls"); err != nil {
		return nil, err
	}
	out := openapi.ListControls200JSONResponse{Items: []openapi.ControlSummary{}}
	for _, d := range s.book.Documents {
		out.Items = append(out.Items, openapi.ControlSummary{
			ID: string(d.ID), Title: d.Title, ResourceType: string(d.Resource), Severity: d.Severity, What: d.What, Level: d.Profile.Level,
		})
	}
	out.Total = len(out.Items)
	return out, nil
}

// GetControl implements openapi.StrictServerInterface.
func (s *Server) GetControl(ctx context.Context, r openapi.GetControlRequestObject) (openapi.GetControlResponseObject, error) {
	if _, err := s.allow(ctx, "getControl"); err != nil {
		return nil, err
	}
	d, ok := s.book.Document(control.ID(r.ID))
	if !ok {
		return nil, missing("control", r.ID)
	}
	return openapi.GetControl200JSONResponse(d), nil
}
