package api

import (
	"context"
	"errors"

	"github.com/glueguard/glueguard/internal/api/openapi"
	"github.com/glueguard/glueguard/internal/store"
)

// ListTrail implements openapi.StrictServerInterface.
func (s *Server) ListTrail(ctx context.Context, r openapi.ListTrailRequestObject) (openapi.ListTrailResponseObject, error) {
	if _, err := s.allow(ctx, "listTrail"); err != nil {
		return nil, err
	}
	out := openapi.ListTrail200JSONResponse{Items: []openapi.Deed{}}
	err := s.o.Store.EachDeed(ctx, 0, 1, func(d store.Deed) error {
		out.Total = d.Seq // they are numbered from 1, without gaps
		return nil
	})
	if err != nil {
		return nil, err
	}
	_, most := window(0, r.Params.Limit)
	err = s.o.Store.EachDeed(ctx, r.Params.Before, most, func(d store.Deed) error {
		out.Items = append(out.Items, d)
		return nil
	})
	return out, err
}

// CheckTrail implements openapi.StrictServerInterface.
func (s *Server) CheckTrail(ctx context.Context, _ openapi.CheckTrailRequestObject) (openapi.CheckTrailResponseObject, error) {
	if _, err := s.allow(ctx, "checkTrail"); err != nil {
		return nil, err
	}
	state, err := s.o.Store.CheckTrail(ctx)
	out := openapi.CheckTrail200JSONResponse{Ok: err == nil, Entries: state.Entries, Head: state.Head, LastAt: state.LastAt}
	var broken *store.TrailError
	if errors.As(err, &broken) {
		out.BrokenAt, out.Reason, err = broken.Seq, broken.Reason, nil
	}
	return out, err
}
