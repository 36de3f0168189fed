package plan

import (
	"fmt"

	"github.com/glueguard/glueguard/internal/resource"
)

// endpointSteps builds the steps of one dev endpoint in one role.
type endpointSteps struct {
	role  Role
	is    resource.EndpointDefinition // under the name that it has in this role
	vows  Promise                     // modes and key
	known bool                        // that is and vows say what it is; otherwise only its name is known
	limit int
}

func (e endpointSteps) definition() *resource.EndpointDefinition {
	if !e.known {
		return nil
	}
	d := RecreatableEndpoint(e.is)
	return &d
}

// promise is what a look at it must find, nil where that is not known.
func (e endpointSteps) promise() *Promise {
	if !e.known {
		return nil
	}
	vow := e.vows
	vow.Endpoint, vow.Labels = e.definition(), notCompared
	return &vow
}

// make lists the steps that make it, wait for it, tag it and verify it, named after what it is called.
func (e endpointSteps) make(called string) []Step {
	create := Step{
		Name: "create-" + called, Kind: CreateEndpoint, Role: e.role, Endpoint: e.definition(),
		Summary:      fmt.Sprintf("make the dev endpoint %q (%s)", e.is.Name, modeWords(e.vows)),
		Precondition: fmt.Sprintf("no dev endpoint is called %q, or it is this change's", e.is.Name),
	}
	create.Inverse = e.delete(called)
	tag := Step{
		Name: "tag-" + called, Kind: EnsureTags, Role: e.role, Endpoint: e.definition(),
		Summary: "see that it has the original's tags and this change's",
	}
	return []Step{create, wait("wait-"+called, e.role, ready, e.limit), tag, e.verify("verify-" + called)}
}

func (e endpointSteps) verify(name string) Step {
	vow := e.promise()
	vow.Ready, vow.ChangeTags = true, true
	return Step{
		Name: name, Kind: Verify, Role: e.role, Promise: vow,
		Summary: fmt.Sprintf("read it again: READY, %s, and every attribute and tag as the original's", modeWords(e.vows)),
	}
}

// delete lists the steps that remove it and wait until it is gone.
func (e endpointSteps) delete(called string) []Step {
	return []Step{
		{
			Name: "delete-" + called, Kind: DeleteEndpoint, Role: e.role, Promise: e.promise(),
			Summary: fmt.Sprintf("delete the dev endpoint %q", e.is.Name), Precondition: identical,
		},
		waitGone("wait-"+called+"-gone", e.role, e.limit),
	}
}

func (e endpointSteps) removeTags() Step {
	return Step{
		Name: stepRemoveTags, Kind: RemoveTags, Role: e.role, Endpoint: e.definition(),
		Summary: "take this change's tags off, so that the tags are the original's",
	}
}

// modeWords says what a promise's encryption is.
func modeWords(vow Promise) string {
	switch {
	case vow.TaskMode != "":
		return "user data " + string(vow.Mode) + ", task runs " + string(vow.TaskMode)
	case vow.LogMode != "":
		return "S3 " + string(vow.Mode) + ", logs " + string(vow.LogMode)
	}
	return string(vow.Mode)
}

func (p *proposal) endpointAs(role Role, name string) endpointSteps {
	d := p.endpointTo
	d.Name = name
	return endpointSteps{role: role, is: d, vows: p.promised, known: true, limit: p.w.LimitMinutes}
}

// replaceEndpoint lists the steps of replace, and of side-by-side, which is its first part.
func (p *proposal) replaceEndpoint() []Step {
	id := p.identity()
	twin := p.endpointAs(Twin, twinName(p.w.Strategy, id))
	making := twin.make("twin")
	if p.w.Prove != "" {
		verify := len(making) - 1
		making = append(making[:verify:verify], p.prove(twin), making[verify])
	}
	steps := append(p.groundwork(), making...)
	if p.w.Strategy == SideBySide {
		return steps
	}
	steps = append(steps, deleteOriginalEndpoint(*p.endpoint, originalPromise(p.outline()), p.w.LimitMinutes)...)
	replacement := p.endpointAs(Replacement, id.Name)
	steps = append(steps, withoutInverse(replacement.make("replacement"))...)
	steps = append(steps, twin.delete("twin")...)
	return append(steps, replacement.removeTags())
}

func (p *proposal) prove(twin endpointSteps) Step {
	vow := twin.promise()
	vow.ChangeTags = true
	return Step{
		Name: "prove-twin", Kind: WaitProof, Role: Twin, S3: p.w.Prove, Promise: vow, LimitMinutes: p.w.LimitMinutes,
		Summary: fmt.Sprintf("wait until something was written from the twin to %s, and see how it is encrypted", p.w.Prove),
	}
}

func (p *proposal) retireEndpoint() []Step {
	return append([]Step{saveDefinition()}, deleteOriginalEndpoint(*p.endpoint, originalPromise(p.outline()), p.w.LimitMinutes)...)
}

// deleteOriginalEndpoint lists the steps after which only the saved definition brings the original back.
func deleteOriginalEndpoint(was resource.EndpointDetail, vows Promise, limit int) []Step {
	original := endpointSteps{role: Original, is: was.Definition, vows: vows, known: true, limit: limit}
	return irrevocable(original.delete("original"))
}

// withoutInverse is for what is made after the original's delete: there nothing is taken back step by step.
func withoutInverse(steps []Step) []Step {
	for i := range steps {
		steps[i].Inverse = nil
	}
	return steps
}

// irrevocable marks the delete in a list of steps.
func irrevocable(steps []Step) []Step {
	for i, s := range steps {
		switch s.Kind {
		case DeleteEndpoint, DeleteTransform:
			steps[i].Irrevocable = true
		}
	}
	return steps
}
