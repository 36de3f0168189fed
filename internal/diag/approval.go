package diag

import (
	"errors"
	"fmt"
	"time"

	"github.com/glueguard/glueguard/internal/auth"
)

// UnapprovedError means that somebody must agree before a command does what it was asked to. There is a request for it.
type UnapprovedError struct {
	Request  string // id
	Until    time.Time
	Filed    bool   // just now
	Queued   bool   // it is approved, and waits for the daemon
	FourEyes bool   // who asked may not approve it
	Again    string // the command to give once it is approved; empty: the same one
}

func (e *UnapprovedError) Error() string {
	until := e.Until.UTC().Format("2006-01-02 15:04 MST")
	switch {
	case e.Queued:
		return fmt.Sprintf("request %s for this is approved, and waits for the daemon", e.Request)
	case e.Filed:
		return fmt.Sprintf("this needs an approval, so nothing was done: request %s waits for one until %s", e.Request, until)
	}
	return fmt.Sprintf("this is not approved yet, so nothing was done: request %s waits for that until %s", e.Request, until)
}

// advice says who can approve it, and where.
func (e *UnapprovedError) advice() string {
	if e.Queued {
		return "the daemon does it; `glueguard requests show " + e.Request + "` tells how far it is"
	}
	who := "an approver"
	if e.FourEyes {
		who = "an approver other than who asked for it"
	}
	again := "give the same command again"
	if e.Again != "" {
		again = "`" + e.Again + "`"
	}
	return fmt.Sprintf("%s approves it in the console (Requests), or here with `glueguard requests approve %s`; then: %s", who, e.Request, again)
}

// approvalHint is what to do about a request that can't be decided or started.
func approvalHint(err error) string {
	var unapproved *UnapprovedError
	var refused *auth.ApprovalError
	switch {
	case errors.As(err, &unapproved):
		return unapproved.advice()
	case !errors.As(err, &refused):
		return ""
	case errors.Is(err, auth.ErrOwnRequest):
		return "four eyes: another user of this machine, or an approver in the console, decides it"
	case errors.Is(err, auth.ErrExpired), errors.Is(err, auth.ErrUsed), errors.Is(err, auth.ErrOtherWork):
		return "ask again: the command that needs the approval files a new request"
	}
	return "`glueguard requests show " + refused.Request + "` tells where it stands"
}
