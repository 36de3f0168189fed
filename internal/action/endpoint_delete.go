package action

import (
	"context"
	"fmt"
	"strconv"
	"time"

	"github.com/glueguard/glueguard/internal/change"
	"github.com/glueguard/glueguard/internal/execute"
	"github.com/glueguard/glueguard/internal/plan"
	"github.com/glueguard/glueguard/internal/resource"
)

// outlast is how long credentials must last when an original is deleted: two provisionings, at their slowest.
const outlast = 2 * 30 * time.Minute

// seeEndpointDeleted looks whether the endpoint is gone or going, and if not, whether it is the one that may be deleted.
func (a *Actor) seeEndpointDeleted(ctx context.Context, t *task) (execute.Observation, error) {
	name := t.endpointName()
	if name == "" { // it was never made, and never to be
		return settled(change.Facts{}), nil
	}
	read := a.untagged
	if t.s.Role == plan.Original {
		read = a.endpoint // nothing of it may have changed, its tags included
	}
	d, found, err := read(ctx, t, name)
	switch {
	case err != nil:
		return execute.Observation{}, err
	case !found:
		return settled(change.Facts{}), nil
	case t.s.Role == plan.Original:
		return a.mayDeleteOriginalEndpoint(ctx, t, d)
	}
	if known, ok := t.c.Resources[t.s.Role]; !ok || !known.Same(d.Identity()) { // then the tags tell
		if err := a.tagged(ctx, t, &d); err != nil {
			return execute.Observation{}, err
		}
	}
	return t.mayDeleteOwnEndpoint(d), nil
}

// mayDeleteOriginalEndpoint wants the very endpoint that was saved, unchanged.
func (a *Actor) mayDeleteOriginalEndpoint(ctx context.Context, t *task, d resource.EndpointDetail) (execute.Observation, error) {
	saved := t.c.SavedEndpoint
	if saved == nil {
		return missed(unsaved()), nil
	}
	if !saved.Identity().Same(d.Identity()) {
		return missed(another(t, saved.Identity(), d.Identity())), nil
	}
	if leaving(d.Status) {
		return settled(change.Facts{}), nil
	}
	diff := append(plan.DiffEndpoint(saved.Definition, d.Definition), stackDiff(saved.AWSTags, d.AWSTags)...)
	if len(diff) > 0 {
		return missed(changed(t, diff)), nil
	}
	if d.Updating {
		return t.unlessSlow(updating, d.Definition.Name), nil
	}
	return a.lasting(ctx, t)
}

// updating is how an endpoint is called that somebody updates: what it will be like is not known yet.
const updating = "being updated"

// stackDiff tells that a CloudFormation stack has taken the resource over since: it would make it again, as it was.
func stackDiff(then, now map[string]string) []plan.Attribute {
	const tag = "aws:cloudformation:stack-name"
	if then[tag] == now[tag] {
		return nil
	}
	return []plan.Attribute{{Name: "tags[" + strconv.Quote(tag) + "]", Before: then[tag], After: now[tag]}}
}

// lasting lets an original be deleted only with credentials that will still be there when it must be made again.
func (a *Actor) lasting(ctx context.Context, t *task) (execute.Observation, error) {
	ok, err := t.account.Lasting(ctx, outlast)
	switch {
	case err != nil:
		return execute.Observation{}, failed("credentials", err)
	case !ok:
		return missed(change.Trouble{
			Code:    change.TroubleCredentials,
			Message: fmt.Sprintf("the credentials may end within %d minutes, before another could be made in the original's place", int(outlast.Minutes())),
			Advice:  "log in again, or use a role whose credentials are renewed, then resume",
		}), nil
	}
	return open(), nil
}

// mayDeleteOwnEndpoint wants an endpoint that the change made, and that nobody has changed since. What can't be changed
// afterwards is not asked for: it may be the very reason to take the endpoint back.
func (t *task) mayDeleteOwnEndpoint(d resource.EndpointDetail) execute.Observation {
	known, ok := t.c.Resources[t.s.Role]
	mine := t.ours(d.Definition.Tags)
	if _, other := t.otherRole(d.Identity()); other {
		return settled(change.Facts{}) // the name is another's by now
	}
	switch {
	case ok && !known.Same(d.Identity()) && !mine:
		return missed(another(t, known, d.Identity()))
	case !ok && !mine: // whose create was never settled
		return settled(change.Facts{})
	case leaving(d.Status):
		return settled(change.Facts{})
	}
	made, ok := t.created(t.s.Role)
	if !ok || made.Endpoint == nil {
		return open()
	}
	now := *made.Endpoint
	now.PublicKey, now.PublicKeys, now.Arguments = d.Definition.PublicKey, d.Definition.PublicKeys, d.Definition.Arguments
	now.ExtraPythonLibsS3Path, now.ExtraJarsS3Path = d.Definition.ExtraPythonLibsS3Path, d.Definition.ExtraJarsS3Path
	if diff := t.unexplained(plan.DiffEndpoint(*made.Endpoint, now)); len(diff) > 0 {
		return missed(changed(t, diff))
	}
	return open()
}

// unexplained leaves out the differences that verification has named already: they were there from the start.
func (t *task) unexplained(diff []plan.Attribute) []plan.Attribute {
	known := map[string]bool{}
	for _, steps := range [][]change.Progress{t.c.Past, t.c.Steps} {
		for _, p := range steps {
			if p.Trouble == nil || p.Step.Kind != plan.Verify {
				continue
			}
			for _, d := range p.Trouble.Differences {
				known[d.Attribute] = true
			}
		}
	}
	var rest []plan.Attribute
	for _, d := range diff {
		if !known[d.Name] {
			rest = append(rest, d)
		}
	}
	return rest
}

func unsaved() change.Trouble {
	return change.Trouble{
		Code: change.TroubleUnread, Message: "the original's definition is not in the journal, so the original is not deleted",
	}
}

// another is the trouble of finding a resource of the right name that is not the right one.
func another(t *task, want, got resource.Identity) change.Trouble {
	return change.Trouble{
		Code:    change.TroubleChanged,
		Message: fmt.Sprintf("%s is not the one that this change knows as its %s: it was made at another time", got.Name, t.s.Role),
		Advice:  "see who made it; Glueguard deletes nothing that it has not saved or made itself",
		Differences: []change.Difference{{
			Attribute: "created_at", Want: want.CreatedAt.UTC().Format(time.RFC3339Nano), Got: got.CreatedAt.UTC().Format(time.RFC3339Nano),
		}},
	}
}

// changed is the trouble of a resource that is not as it was saved or made.
func changed(t *task, diff []plan.Attribute) change.Trouble {
	message := "the original was changed after its definition was saved"
	if t.s.Role != plan.Original {
		message = fmt.Sprintf("somebody changed the %s since this change made it", t.s.Role)
	}
	return change.Trouble{
		Code: change.TroubleChanged, Message: message, Differences: differences(diff),
		Advice: "put it back as it was, then resume; or keep the change as it is",
	}
}
