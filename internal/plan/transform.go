package plan

import (
	"fmt"
	"slices"
	"strings"

	"github.com/glueguard/glueguard/internal/resource"
)

// transformSteps builds the steps of one ML transform in one role.
type transformSteps struct {
	role  Role
	is    resource.TransformDefinition // under the name that it has now
	vows  Promise                      // modes and key
	known bool                         // that is and vows say what it is; otherwise only its name is known
	limit int
}

func (t transformSteps) definition() *resource.TransformDefinition {
	if !t.known {
		return nil
	}
	d := RecreatableTransform(t.is)
	return &d
}

// promise is what a look at it must find, nil where that is not known.
func (t transformSteps) promise() *Promise {
	if !t.known {
		return nil
	}
	vow := t.vows
	vow.Transform, vow.Labels = t.definition(), notCompared
	return &vow
}

func (t transformSteps) called(name string) transformSteps {
	t.is.Name = name
	return t
}

// make lists the steps that make it, tag it, and verify its encryption before any label goes into it.
func (t transformSteps) make(called string) []Step {
	return []Step{
		{
			Name: "create-" + called, Kind: CreateTransform, Role: t.role, Transform: t.definition(),
			Summary:      fmt.Sprintf("make the ML transform %q (%s)", t.is.Name, modeWords(t.vows)),
			Precondition: fmt.Sprintf("no ML transform is called %q, or it is this change's", t.is.Name),
			Inverse:      t.delete(called),
		},
		{
			Name: "tag-" + called, Kind: EnsureTags, Role: t.role, Transform: t.definition(),
			Summary: "see that it has the original's tags and this change's",
		},
		t.verify("verify-"+called, t.promise(), "read it again: "+modeWords(t.vows)+", and every attribute and tag as the original's"),
	}
}

func (t transformSteps) verify(name string, vow *Promise, summary string) Step {
	vow.ChangeTags = true
	return Step{Name: name, Kind: Verify, Role: t.role, Promise: vow, Summary: summary}
}

// delete lists the steps that remove it and wait until it is gone.
func (t transformSteps) delete(called string) []Step {
	return []Step{
		{
			Name: "delete-" + called, Kind: DeleteTransform, Role: t.role, Promise: t.promise(),
			Summary: fmt.Sprintf("delete the ML transform %q", t.is.Name), Precondition: identical,
		},
		waitGone("wait-"+called+"-gone", t.role, t.limit),
	}
}

// teaching is what an original knew, and where it was exported to.
type teaching struct {
	was       resource.TransformDetail
	s3        string // of the export; empty: it had no labels
	tolerance float64
}

// evaluated tells whether metrics can be had of what is taught likewise: AWS evaluates only what is READY.
func (k teaching) evaluated() bool { return k.was.Status == ready && k.was.Metrics != nil }

func (k teaching) status() string {
	if k.was.Status == ready {
		return ready
	}
	return notReady
}

// teach lists the steps that make it as ready as another was, and compare the two.
func (t transformSteps) teach(called string, k teaching) []Step {
	var steps []Step
	if k.s3 != "" {
		steps = append(steps, Step{
			Name: stepImport, Kind: ImportLabels, Role: t.role, S3: k.s3, After: stepExport,
			Summary:      fmt.Sprintf("teach it the %s of %s", count(k.was.LabelCount, "label"), k.s3),
			Precondition: "the exported files are there, unchanged",
		}, waitRun("wait-import", t.role, stepImport, t.limit))
	}
	steps = append(steps, wait("wait-"+called, t.role, k.status(), t.limit))
	if k.evaluated() {
		steps = append(steps, Step{
			Name: stepEvaluate, Kind: Evaluate, Role: t.role, Summary: "have AWS evaluate its quality, as the original's was",
		}, waitRun("wait-evaluate", t.role, stepEvaluate, t.limit))
	}
	vow := t.taught(k)
	summary := fmt.Sprintf("compare it with the original: %s", count(k.was.LabelCount, "label"))
	if vow.Metrics != nil {
		summary += fmt.Sprintf(", quality metrics within %s", decimal(k.tolerance))
	}
	return append(steps, t.verify("compare-"+called, vow, summary))
}

// taught is the promise of what was taught.
func (t transformSteps) taught(k teaching) *Promise {
	vow := t.promise()
	vow.Labels, vow.Ready = k.was.LabelCount, k.was.Status == ready
	if k.evaluated() {
		vow.Metrics, vow.Tolerance = clone(k.was.Metrics), k.tolerance
	}
	return vow
}

// rename gives it another name, and back.
func (t transformSteps) rename(step, to string) Step {
	call := func(step, from, to string) Step {
		return Step{
			Name: step, Kind: RenameTransform, Role: t.role, NewName: to,
			Summary:      fmt.Sprintf("rename the ML transform %q to %q", from, to),
			Precondition: fmt.Sprintf("no other ML transform is called %q", to),
		}
	}
	s := call(step, t.is.Name, to)
	s.Inverse = []Step{call(step+"-back", to, t.is.Name)}
	return s
}

func (t transformSteps) removeTags() Step {
	return Step{
		Name: stepRemoveTags, Kind: RemoveTags, Role: t.role, Transform: t.definition(),
		Summary: "take this change's tags off, so that the tags are the original's",
	}
}

func (p *proposal) originalTransform() transformSteps {
	return transformSteps{role: Original, is: RecreatableTransform(p.transform.Definition), vows: originalPromise(p.outline()), known: true, limit: p.w.LimitMinutes}
}

// replaceTransform lists the steps of replace, and of side-by-side, which leaves the names as they are. The original
// stays until finalize under both.
func (p *proposal) replaceTransform() []Step {
	id := p.identity()
	twin := transformSteps{role: Twin, is: p.transTo, vows: p.promised, known: true, limit: p.w.LimitMinutes}.called(twinName(p.w.Strategy, id))
	taught := teaching{was: *p.transform, tolerance: p.w.MetricTolerance}
	steps := p.groundwork()
	if p.transform.LabelCount > 0 {
		taught.s3 = p.labelsS3()
		steps = append(steps, p.export()...)
	}
	steps = append(steps, twin.make("twin")...)
	steps = append(steps, twin.teach("twin", taught)...)
	replacement := twin
	if p.w.Strategy == Replace {
		steps = append(steps,
			p.originalTransform().rename("rename-original", RetiredName(id)),
			twin.rename("rename-twin", id.Name))
		replacement = twin.called(id.Name)
	}
	steps = append(steps, p.repoint()...)
	if p.w.Strategy == Replace {
		steps = append(steps, replacement.verify("verify-replacement", replacement.taught(taught),
			"read it again under the original's name: all as promised"))
	}
	return steps
}

func (p *proposal) retireTransform() []Step {
	steps := []Step{saveDefinition()}
	if p.transform.LabelCount > 0 {
		steps = append(steps, p.export()...)
	}
	original := p.originalTransform()
	doomed := original.delete("original")
	doomed[0].Promise.Labels = p.transform.LabelCount
	return append(append(steps, checkUnreferenced()), irrevocable(doomed)...)
}

func checkUnreferenced() Step {
	return Step{
		Name: stepUnreferenced, Kind: CheckUnreferenced, Role: Original,
		Summary: "see that nothing refers to the original, and that nothing has used it in the last 7 days",
	}
}

func (p *proposal) export() []Step {
	waiting := waitRun("wait-export", Original, stepExport, p.w.LimitMinutes)
	waiting.S3 = p.labelsS3()
	return []Step{
		{
			Name: stepExport, Kind: ExportLabels, Role: Original, S3: p.labelsS3(),
			Summary: fmt.Sprintf("export the original's %s to %s", count(p.transform.LabelCount, "label"), p.labelsS3()),
		},
		waiting,
	}
}

// labelsS3 is a place of its own below the prefix, so that exports of other transforms, and earlier ones, are not mixed
// with this.
func (p *proposal) labelsS3() string {
	at := strings.TrimSuffix(p.w.LabelsS3, "/") + "/" + p.transform.ID + "/"
	if p.s.At.IsZero() {
		return at
	}
	return at + p.s.At.UTC().Format("20060102T150405Z") + "/"
}

// repoint lists the steps that change the arguments of jobs which name the original, each job once.
func (p *proposal) repoint() []Step {
	if !p.w.RepointJobs {
		return nil
	}
	var jobs []string
	for _, d := range p.references() {
		if d.Argument {
			jobs = append(jobs, d.Name)
		}
	}
	slices.Sort(jobs)
	var steps []Step
	for _, job := range slices.Compact(jobs) {
		steps = append(steps, repointJob(job, Original, Twin))
	}
	return steps
}

func repointJob(job string, from, to Role) Step {
	step := func(name string, from, to Role) Step {
		return Step{
			Name: name, Kind: RepointJob, Job: job, From: from, Role: to,
			Summary:      fmt.Sprintf("rewrite the arguments of job %q: the id of the %s instead of the %s's, and nothing else", job, words(to), words(from)),
			Precondition: "the job is as it was read right before",
		}
	}
	s := step("repoint-job-"+job, from, to)
	s.Inverse = []Step{step("point-back-job-"+job, to, from)}
	return s
}
