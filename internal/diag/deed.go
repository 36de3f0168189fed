package diag

import (
	"errors"

	"github.com/glueguard/glueguard/internal/awsapi"
	"github.com/glueguard/glueguard/internal/change"
	"github.com/glueguard/glueguard/internal/engine"
	"github.com/glueguard/glueguard/internal/execute"
	"github.com/glueguard/glueguard/internal/repair"
	"github.com/glueguard/glueguard/internal/store"
)

// Outcome is how a job's last event ended, for the trail.
func Outcome(e engine.Event) string {
	var refused *repair.RefusedError
	var state *execute.StateError
	var held *store.HeldError
	var open *store.OpenError
	switch {
	case e.AsAsked():
		return store.DeedOK
	case e.Skipped, errors.As(e.Err, &refused), errors.As(e.Err, &state), errors.As(e.Err, &held), errors.As(e.Err, &open):
		return store.DeedRefused
	case e.Err == nil && e.Change != nil && e.Change.State == change.RefusedAt:
		return store.DeedRefused
	}
	return store.DeedFailed
}

// Reason is an error in a word. Its text may repeat what users write into tags and arguments, so it is not kept.
func Reason(err error) string {
	var refused *repair.RefusedError
	var state *execute.StateError
	var held *store.HeldError
	var open *store.OpenError
	switch {
	case err == nil:
		return ""
	case Interruption(err):
		return "interrupted"
	case errors.As(err, &refused):
		return string(refused.Reason)
	case errors.As(err, &state):
		return "not-in-this-state"
	case errors.As(err, &held):
		return "held-by-another-process"
	case errors.As(err, &open):
		return "another-change-open"
	case errors.Is(err, engine.ErrCanary):
		return "canary-failed"
	case errors.Is(err, engine.ErrMaxFailures):
		return "too-many-failures"
	case errors.Is(err, engine.ErrNoTwin):
		return "no-room-for-twin"
	}
	if code := awsapi.Code(err); code != "" {
		return code
	}
	return "error"
}
