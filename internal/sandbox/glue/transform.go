package glue

import (
	"crypto/sha1" // ids have the length of AWS's; it protects nothing
	"encoding/hex"
	"strconv"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/glue/types"
)

// transform is a machine learning transform.
type transform struct {
	view   types.MLTransform // as a listing shows it
	tags   map[string]string // nil: never had any
	labels labels
	runs   []*taskRun // oldest first
	ready  time.Time  // when training on imported labels is through; zero: none runs
	gone   time.Time  // when its deletion is through; zero: it isn't being deleted
}

// step makes the state changes that are due, and tells whether the transform still exists.
func (t *transform) step(g *Glue, l *location, now time.Time) (exists bool) {
	for _, r := range t.runs {
		r.step(g, l, t, now)
	}
	if !t.ready.IsZero() && !now.Before(t.ready) {
		at := t.ready
		t.ready = time.Time{}
		if t.view.Status == types.TransformStatusTypeNotReady {
			t.view.Status, t.view.LastModifiedOn = types.TransformStatusTypeReady, &at
		}
	}
	return t.gone.IsZero() || now.Before(t.gone)
}

// busy tells whether any state change is still to come.
func (t *transform) busy() bool {
	if !t.ready.IsZero() || !t.gone.IsZero() {
		return true
	}
	// Runs end nearly in the order in which they start, so the search from the newest is short.
	for i := len(t.runs) - 1; i >= 0; i-- {
		if t.runs[i].active() {
			return true
		}
	}
	return false
}

// settleTransforms makes the state changes of transforms that are due.
func (l *location) settleTransforms(g *Glue, now time.Time) {
	if len(l.changing) == 0 {
		return
	}
	for id := range l.changing {
		t := l.transforms.get(id)
		switch {
		case t == nil:
			delete(l.changing, id)
		case !t.step(g, l, now):
			l.transforms.remove(id)
			delete(l.changing, id)
		case !t.busy():
			delete(l.changing, id)
		}
	}
}

// watchTransform makes sure that settleTransforms looks after a transform.
func (l *location) watchTransform(id string) {
	if l.changing == nil {
		l.changing = map[string]struct{}{}
	}
	l.changing[id] = struct{}{}
}

// newID makes an id of AWS's form: a prefix and 40 hex digits, the same in every run with the same calls.
func (l *location) newID(prefix string) string {
	l.created++
	sum := sha1.Sum([]byte(l.account + "/" + l.region + "/" + strconv.FormatUint(l.created, 10)))
	return prefix + hex.EncodeToString(sum[:])
}

// named returns the transform of a name, other than the one with the given id.
func (l *location) named(name, otherThan string) *transform {
	for _, r := range l.transforms.rows {
		if r.key != otherThan && r.value.view.Name != nil && *r.value.view.Name == name {
			return r.value
		}
	}
	return nil
}
