package diag

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/glueguard/glueguard/internal/awsapi"
	"github.com/glueguard/glueguard/internal/change"
	"github.com/glueguard/glueguard/internal/engine"
	"github.com/glueguard/glueguard/internal/execute"
	"github.com/glueguard/glueguard/internal/plan"
	"github.com/glueguard/glueguard/internal/repair"
	"github.com/glueguard/glueguard/internal/resource"
	"github.com/glueguard/glueguard/internal/store"
)

// ErrDeclined is a question that was answered with anything but yes.
var ErrDeclined = errors.New("nothing was done: only \"yes\" goes ahead")

// ErrNoDaemon means that --detach was asked for where nothing would go on with the work.
var ErrNoDaemon = errors.New("--detach: no daemon is running that could go on with it; nothing was done")

// UnaskedError means that a command would have to ask, and nobody is there to answer.
type UnaskedError struct{ Command string }

func (e *UnaskedError) Error() string {
	return e.Command + " asks before it changes anything, and there is no terminal to ask on: nothing was done"
}

// MissingError means that something was named that is not there.
type MissingError struct{ What, Name string }

func (e *MissingError) Error() string { return fmt.Sprintf("there is no %s %q", e.What, e.Name) }

// PlanError is a plan that can't be applied, since making it went wrong somewhere.
type PlanError struct{ Digest string }

func (e *PlanError) Error() string {
	return "this plan can't be applied: making it went wrong somewhere, so it may lack what matters"
}

// ForPlan is the Status of a plan that was made, nil for one that rests on everything.
func ForPlan(p plan.Plan) error {
	switch {
	case p.Errored:
		return Status(Error)
	case !p.Complete || len(p.Unread) > 0:
		return Status(Incomplete)
	}
	return nil
}

// ForUnread is the Status of a command that was to read everything.
func ForUnread(unread []resource.Coverage) error {
	if len(unread) > 0 {
		return Status(Incomplete)
	}
	return nil
}

// Interruption tells whether an error says that somebody stopped the work.
func Interruption(err error) bool {
	return errors.Is(err, context.Canceled) || errors.Is(err, awsapi.ErrInterrupted)
}

// planErrors explains plans that are not as they were made.
func planErrors(err error) (Diagnosis, bool) {
	var tampered *plan.TamperedError
	var format *plan.FormatError
	const again = "make it again with `glueguard plan`: a plan is carried out as it was approved, or not at all"
	switch {
	case errors.As(err, &tampered):
		return Diagnosis{
			Lines: []string{
				tampered.File + ": the plan was changed after it was made, so nothing of it is carried out",
				"its digest says " + tampered.Digest + ", its content comes to " + tampered.Actual,
			},
			Hint: again, Status: Error,
		}, true
	case errors.As(err, &format):
		return Diagnosis{Lines: []string{formatLine(format)}, Hint: "`glueguard plan --out FILE` writes one", Status: Error}, true
	}
	return Diagnosis{}, false
}

// formatLine says where and in what way a file is not a plan.
func formatLine(e *plan.FormatError) string {
	place := e.File
	if e.Line > 0 {
		place = fmt.Sprintf("%s:%d", e.File, e.Line)
	}
	switch e.Fault {
	case plan.WrongSchema:
		if e.Schema == "" {
			return place + ": not a plan: it does not say that it is one"
		}
		return fmt.Sprintf("%s: it is %q, and this release reads %q", place, e.Schema, plan.Schema)
	case plan.NotJSON:
		return place + ": not a plan: it is no JSON"
	case plan.UnknownField, plan.WrongType:
	}
	if e.Err != nil {
		return place + ": not a plan of this release: " + oneLine(e.Err)
	}
	return place + ": not a plan of this release"
}

// changeHint is what to do about an error of plans and changes.
func changeHint(err error) string {
	var held *store.HeldError
	var open *store.OpenError
	var state *execute.StateError
	var refused *repair.RefusedError
	var unasked *UnaskedError
	var missing *MissingError
	var noPlan *PlanError
	var ambiguous *store.AmbiguousError
	switch {
	case errors.As(err, &ambiguous):
		return "say more of it"
	case errors.As(err, &held):
		return "let that process finish, or stop it: a change goes on with `glueguard resume` as soon as its process has ended"
	case errors.As(err, &open):
		return fmt.Sprintf("finish that one first: `glueguard resume %s`, or `glueguard backout %[1]s`", open.Change)
	case errors.As(err, &state):
		return possible(state)
	case errors.As(err, &refused):
		return refused.Advice()
	case errors.As(err, &unasked):
		return "--auto-approve goes ahead without asking"
	case errors.As(err, &noPlan):
		return "`glueguard plan show " + noPlan.Digest + "` says what could not be read; plan again"
	case errors.Is(err, ErrNoDaemon):
		return "leave --detach away: Ctrl-C leaves a change where it stands, and `glueguard resume` goes on"
	case errors.As(err, &missing) && missing.What == "request":
		return "`glueguard requests` lists them; another state is named with --state"
	case errors.As(err, &missing) && missing.What == "change":
		return "`glueguard changes` lists them; another state is named with --state"
	case errors.As(err, &missing) && missing.What == "audit":
		return "`glueguard audit` makes one, and each audit names its id; leave it away, or say latest, for the newest"
	case errors.As(err, &missing):
		return "`glueguard plan` makes one; `glueguard apply` takes a file, a digest, or latest"
	case errors.Is(err, store.ErrNotDurable):
		return "keep the state on a local disk: name it with --state"
	}
	return approvalHint(err)
}

func possible(e *execute.StateError) string {
	if len(e.Possible) == 0 {
		return ""
	}
	var commands []string
	for _, v := range e.Possible {
		commands = append(commands, fmt.Sprintf("`glueguard %s %s`", v, e.Change))
	}
	return "possible now: " + strings.Join(commands, ", ")
}

// Line says an error in one line, and in another what to do about it.
func Line(err error) (line, hint string) {
	d := Of(err)
	if len(d.Lines) == 0 {
		return oneLine(err), d.Hint
	}
	return strings.Join(d.Lines, "; "), d.Hint
}

// ForChanges is the Status of jobs that an engine has run, nil when each ended as it was asked to.
func ForChanges(ended []engine.Event) error {
	worst := OK
	for _, e := range ended {
		if s := statusOf(e); pressing(s) > pressing(worst) {
			worst = s
		}
	}
	if worst == OK {
		return nil
	}
	return Status(worst)
}

// pressing orders statuses: an interruption says more than a change that waits, and that more than one refused.
func pressing(status int) int {
	switch status {
	case OK:
		return 0
	case Failing:
		return 1
	case Interrupted:
		return 3
	}
	return 2
}

func statusOf(e engine.Event) int {
	var refused *repair.RefusedError
	switch {
	case e.AsAsked():
		return OK
	case Interruption(e.Err):
		return Interrupted
	case e.Skipped, errors.As(e.Err, &refused):
		return Failing
	case e.Err != nil || e.Change == nil:
		return Error
	}
	switch e.Change.State {
	case change.RefusedAt, change.BackedOut, change.Done, change.Finalized:
		return Failing // at rest, but not as it was asked
	}
	return Error
}
