package change

import (
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/glueguard/glueguard/internal/plan"
	"github.com/glueguard/glueguard/internal/resource"
)

// EntryError is an entry that can't follow the entries before it: the journal is damaged, or two hands wrote it.
type EntryError struct {
	Seq    int
	Kind   EntryKind
	Reason string
}

func (e *EntryError) Error() string {
	return fmt.Sprintf("journal entry %d (%s): %s", e.Seq, e.Kind, e.Reason)
}

// Fold turns a change's journal into where the change stands. It refuses, with *EntryError, journals with gaps and
// entries that can't follow the ones before them.
func Fold(entries []Entry) (*Change, error) {
	if len(entries) == 0 {
		return nil, &EntryError{Reason: "the journal is empty"}
	}
	c := &Change{}
	for _, e := range entries {
		if err := c.take(e); err != nil {
			return nil, err
		}
	}
	return c, nil
}

// With returns the change as it stands after one more entry; c itself stays as it is.
func (c *Change) With(e Entry) (*Change, error) {
	next := *c
	next.Past = slices.Clone(c.Past)
	next.Steps = slices.Clone(c.Steps)
	next.Resources = maps.Clone(c.Resources)
	next.Gone = maps.Clone(c.Gone)
	if err := next.take(e); err != nil {
		return nil, err
	}
	return &next, nil
}

// take folds one entry in. After an error c is of no use any more.
func (c *Change) take(e Entry) error {
	refuse := func(format string, args ...any) error {
		return &EntryError{Seq: e.Seq, Kind: e.Kind, Reason: fmt.Sprintf(format, args...)}
	}
	if e.Seq != c.Seq+1 {
		return refuse("it must be number %d", c.Seq+1)
	}
	if e.At.IsZero() {
		return refuse("it has no time")
	}
	if (e.Kind == Opened) != (e.Seq == 1) {
		return refuse("a journal starts with its one %q", Opened)
	}
	if err := c.fold(e, refuse); err != nil {
		return err
	}
	c.Seq, c.UpdatedAt = e.Seq, e.At
	return nil
}

type refuser func(format string, args ...any) error

func (c *Change) fold(e Entry, refuse refuser) error {
	switch e.Kind {
	case Opened:
		return c.open(e, refuse)
	case Began:
		return c.begin(e, refuse)
	case Intended, Succeeded, Retried, Uncertain, Refused:
		return c.progress(e, refuse)
	case Halted:
		return c.halt(e, refuse)
	case Resumed:
		return c.resume(e, refuse)
	case Ended:
		return c.end(e, refuse)
	case Noted:
		return c.note(e, refuse)
	}
	return refuse("this release knows no such kind")
}

func (c *Change) open(e Entry, refuse refuser) error {
	if e.Head == nil || e.Head.ID == "" {
		return refuse("it does not say which change")
	}
	c.Head = *e.Head
	c.State, c.Aim = Running, Done
	c.OpenedAt = e.At
	c.Resources = map[plan.Role]resource.Identity{plan.Original: e.Head.Item.Identity}
	c.Gone = map[plan.Role]bool{}
	return nil
}

// aims says how a phase may end. The first is its end when all goes well.
func (p Phase) aims() []State {
	switch p {
	case Apply:
		return []State{Done}
	case Unwind:
		return []State{BackedOut, RefusedAt, Done, Finalized, Regressed, Waiting}
	case Restore:
		return []State{BackedOut}
	case Finalize:
		return []State{Finalized}
	}
	return nil
}

func (c *Change) begin(e Entry, refuse refuser) error {
	aims := e.Phase.aims()
	if aims == nil {
		return refuse("this release knows no phase %q", e.Phase)
	}
	aim := e.State
	if aim == "" {
		aim = aims[0]
	}
	if !slices.Contains(aims, aim) {
		return refuse("phase %q can't end as %q", e.Phase, aim)
	}
	if e.Role != "" {
		if e.Role != plan.Original || c.Phase != Unwind || c.State != Waiting {
			return refuse("the %s can't have been deleted by others", e.Role)
		}
		c.Gone[plan.Original] = true
	}
	if why := c.cantBegin(e.Phase, aim); why != "" {
		return refuse("phase %q can't begin: %s", e.Phase, why)
	}
	names := map[string]bool{}
	for _, s := range e.Steps {
		if s.Name == "" || names[s.Name] {
			return refuse("a step has no name, or %q is there twice", s.Name)
		}
		names[s.Name] = true
	}
	c.shelve(e.At)
	c.Phase, c.Aim, c.Over, c.Asked = e.Phase, aim, false, false
	c.Cause, c.Trouble = e.Trouble, e.Trouble
	c.State = c.underWay()
	c.Steps = make([]Progress, len(e.Steps))
	for i, s := range e.Steps {
		c.Steps[i] = Progress{Step: s, Phase: e.Phase, Status: StepPending}
	}
	c.enter(e.At)
	return nil
}

// cantBegin says why a phase can't begin now, or nothing.
func (c *Change) cantBegin(p Phase, aim State) string {
	if c.State == RefusedAt || c.State == BackedOut {
		return fmt.Sprintf("the change is %s for good", c.State)
	}
	switch p {
	case Apply:
		if c.Phase != "" && (!c.Over || c.State != Waiting) {
			return "it has begun before"
		}
	case Unwind:
		if c.Phase == Unwind && !c.Over {
			return "it is under way"
		}
		if c.Touched() && (aim == BackedOut || aim == RefusedAt) {
			return "the original may be gone"
		}
		if aim == Regressed && !c.Lapsed {
			return "the change has not regressed"
		}
	case Restore:
		if !c.Touched() {
			return "the original is still there"
		}
		at := c.current()
		again := c.Phase == Restore && c.State == Waiting && at != nil && at.Status == StepFailed // what it made is made once more
		if (c.Phase == Restore || c.Phase == Unwind && !c.bereft()) && !c.Over && !again {
			return "the change is backing out"
		}
	case Finalize:
		if c.State != Done && c.State != Waiting && c.State != FailedAt {
			return fmt.Sprintf("the change is %s", c.State)
		}
		if (c.Phase != Apply && !c.Over && !c.bereft()) || c.Asked {
			return fmt.Sprintf("phase %q is not over", c.Phase)
		}
	}
	return ""
}

// bereft tells whether the original was found to be gone while the change took itself back, and waits since.
func (c *Change) bereft() bool {
	return c.Phase == Unwind && c.State == Waiting && c.Gone[plan.Original]
}

// shelve puts the steps of the phase that ends here with the earlier ones.
func (c *Change) shelve(at time.Time) {
	for _, p := range c.Steps {
		switch {
		case p.Status == StepRunning && p.Loose > 0:
			p.Status, p.FinishedAt = StepFailed, at
		case p.Status == StepRunning, p.Status == StepPending:
			p.Status, p.StartedAt = StepSkipped, time.Time{}
		}
		c.Past = append(c.Past, p)
	}
	c.Steps = nil
}

// enter marks the current step as begun.
func (c *Change) enter(at time.Time) {
	if p := c.current(); p != nil && p.Status == StepPending {
		p.Status, p.StartedAt = StepRunning, at
	}
}

// underWay is the state of a change that is moving.
func (c *Change) underWay() State {
	if c.Asked || c.Phase == Unwind || c.Phase == Restore {
		return BackingOut
	}
	return Running
}

func (c *Change) current() *Progress {
	for i := range c.Steps {
		if c.Steps[i].Status != StepDone {
			return &c.Steps[i]
		}
	}
	return nil
}

func (c *Change) moving() bool {
	return !c.Over && (c.State == Running || c.State == BackingOut)
}

func (c *Change) halt(e Entry, refuse refuser) error {
	switch {
	case !c.moving():
		return refuse("the change is %s", c.State)
	case e.State != Waiting && e.State != FailedAt:
		return refuse("a change does not halt as %q", e.State)
	case e.Trouble == nil:
		return refuse("it does not say why")
	}
	if p := c.current(); p != nil {
		p.Calls += e.Calls
		p.Trouble = e.Trouble
	}
	c.State, c.Trouble = e.State, e.Trouble
	return nil
}

func (c *Change) resume(e Entry, refuse refuser) error {
	if (c.State != Waiting && c.State != FailedAt) || c.Over {
		return refuse("the change is %s", c.State)
	}
	if p := c.current(); p != nil {
		p.Round = 0
		p.Allowed = c.State == Waiting && c.Trouble != nil &&
			(c.Trouble.Code == TroubleUnsettled || c.Trouble.Code == TroubleVerify)
		if p.Status == StepFailed {
			p.Status, p.FinishedAt = StepRunning, time.Time{}
		}
	}
	c.Resumed, c.State, c.Trouble = e.At, c.underWay(), c.Cause
	return nil
}

func (c *Change) end(e Entry, refuse refuser) error {
	switch {
	case !c.moving() || c.Phase == "":
		return refuse("the change is %s", c.State)
	case c.current() != nil:
		return refuse("step %q is not done", c.current().Step.Name)
	case e.State != c.Aim:
		return refuse("the phase ends as %q, not as %q", c.Aim, e.State)
	}
	if c.Phase == Unwind {
		c.undone()
	}
	c.State, c.Trouble, c.Over = e.State, e.Trouble, true
	if e.State == Done || e.State == Finalized {
		c.Rest = e.State
	}
	return nil
}

// undone marks the steps that the unwind has taken back: those of a restore, or else all.
func (c *Change) undone() {
	all := c.Aim == BackedOut || c.Aim == RefusedAt
	for i := range c.Past {
		p := &c.Past[i]
		if p.Effective() && len(p.Step.Inverse) > 0 && (all || p.Phase == Restore) {
			p.Status = StepUndone
		}
	}
}

func (c *Change) note(e Entry, refuse refuser) error {
	switch e.State {
	case "":
		return c.inherit(e, refuse)
	case Regressed:
		if c.State != Done && c.State != Finalized {
			return refuse("a change that is %s can't regress", c.State)
		}
	case Done, Finalized:
		if c.State != Regressed || c.Rest != e.State {
			return refuse("the change is %s", c.State)
		}
	case BackingOut:
		if !c.Open() || c.Over || (c.Phase != Apply && c.Phase != Finalize) {
			return refuse("the change is %s", c.State)
		}
		c.Asked = true
		if p := c.current(); p != nil && p.Loose > 0 {
			// Even where the newest call was refused: an earlier one may have taken effect, which looking settles.
			p.Status, p.FinishedAt, p.Open, p.Uncertain = StepRunning, time.Time{}, true, true
		}
	default:
		return refuse("a note can't make a change %q", e.State)
	}
	c.State, c.Lapsed = e.State, e.State == Regressed || e.State == BackingOut && c.Lapsed
	return nil
}

// inherit takes in that another resource stands where one stood that the change had made: a later change replaced it,
// and made it again when it was taken back.
func (c *Change) inherit(e Entry, refuse refuser) error {
	if e.Role == "" {
		return nil
	}
	known, ok := c.there(e.Role)
	switch {
	case c.Open():
		return refuse("the change is %s", c.State) // its own steps say what it works on
	case e.Role == plan.Original:
		return refuse("the original stays what the plan says")
	case !ok:
		return refuse("the change has no %s", e.Role)
	case e.Facts == nil || e.Facts.Resource == nil || e.Facts.Resource.Type != known.Type:
		return refuse("it does not say what stands for the %s", e.Role)
	}
	c.Resources[e.Role] = *e.Facts.Resource
	return nil
}
