package api

import (
	"context"
	"errors"
	"fmt"

	"github.com/glueguard/glueguard/internal/auth"
	"github.com/glueguard/glueguard/internal/store"
)

// permission is what an operation of the document needs; open ones need nobody to have signed in. An operation that is
// not listed is nobody's.
func permission(operation string) (need auth.Permission, open, listed bool) {
	switch operation {
	case "getDocument", "login", "useTicket":
		return "", true, true
	case "getSession", "logout", "changePassword", "listMyTokens", "createToken", "deleteToken":
		return auth.ManageAccount, false, true
	case "listUsers", "createUser", "updateUser", "createTicket", "listTokens", "revokeToken":
		return auth.ManageUsers, false, true
	case "getOverview", "listFindings", "exportFindings", "getFinding", "getResource",
		"listAudits", "getAudit", "listCoverage", "compareAudits", "exportReport",
		"listControls", "getControl", "getPolicy", "listPlans", "getPlan", "listChanges", "getChange", "exportEvidence",
		"listRequests", "getRequest", "listExceptions", "listSchedules", "streamEvents":
		return auth.See, false, true
	case "listKeys", "getLeftovers", "createPlan", "createRequest", "withdrawRequest", "createException":
		return auth.Propose, false, true
	case "startRequest", "interruptRequest":
		return auth.Run, false, true
	case "decideRequest", "decideException", "endException":
		return auth.Decide, false, true
	case "createSchedule", "updateSchedule", "deleteSchedule":
		return auth.Schedule, false, true
	case "listTrail", "checkTrail":
		return auth.SeeTrail, false, true
	}
	return "", false, false
}

// requestPermission is what asking for work needs beside createRequest's own permission.
func requestPermission(kind store.RequestKind) auth.Permission {
	switch kind {
	case store.RequestAudit:
		return auth.Audit
	case store.RequestResume:
		return auth.Run
	}
	return auth.Propose
}

// errUnlisted means that an operation has no row in the list of permissions.
var errUnlisted = errors.New("the operation has no permission")

// allow returns who asks, where that one may do the operation. A refusal of somebody who is known is in the audit trail.
func (s *Server) allow(ctx context.Context, operation string) (auth.Principal, error) {
	need, open, listed := permission(operation)
	switch {
	case !listed:
		return auth.Principal{}, fmt.Errorf("%s: %w", operation, errUnlisted)
	case open:
		p, _ := auth.From(ctx)
		return p, nil
	}
	return s.require(ctx, operation, need)
}

// take is allow for an operation with a body, which must be as the document says.
func (s *Server) take(ctx context.Context, operation string, body any) (auth.Principal, error) {
	p, err := s.allow(ctx, operation)
	if err != nil {
		return p, err
	}
	return p, s.checker.body(operation, body)
}

// require returns who asks, where that one has a permission.
func (s *Server) require(ctx context.Context, operation string, need auth.Permission) (auth.Principal, error) {
	p, err := auth.Require(ctx, need)
	var forbidden *auth.ForbiddenError
	if !errors.As(err, &forbidden) {
		return p, err
	}
	return p, errors.Join(err, s.record(ctx, p, store.Deed{
		Action: "permission.refuse", Subject: operation, Outcome: store.DeedRefused, Detail: map[string]string{"permission": string(need)},
	}))
}

// record writes what somebody did into the audit trail, where it changes nothing in the store.
func (s *Server) record(ctx context.Context, p auth.Principal, d store.Deed) error {
	if _, err := s.o.Store.Record(ctx, s.deed(p, d)); err != nil {
		return fmt.Errorf("write the audit trail: %w", err)
	}
	return nil
}

// told changes the store, and writes who did it into the audit trail: both or neither.
func (s *Server) told(ctx context.Context, p auth.Principal, d store.Deed, change func(ctx context.Context, w store.Writes) error) error {
	return s.o.Store.Together(ctx, func(ctx context.Context, w store.Writes) error {
		if err := change(ctx, w); err != nil {
			return err
		}
		_, err := w.Record(ctx, s.deed(p, d))
		return err
	})
}

// deed is what somebody did now.
func (s *Server) deed(p auth.Principal, d store.Deed) store.Deed {
	d.At, d.Actor = s.o.Now(), p.Actor
	if d.Outcome == "" {
		d.Outcome = store.DeedOK
	}
	return d
}
