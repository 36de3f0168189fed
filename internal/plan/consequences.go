package plan

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/glueguard/glueguard/internal/resource"
)

// telling gathers consequences.
type telling []Consequence

func (t *telling) say(code, format string, args ...any) {
	text := format
	if len(args) > 0 {
		text = fmt.Sprintf(format, args...)
	}
	*t = append(*t, Consequence{Code: code, Text: text})
}

// consequences says what people should know before it happens.
func (p *proposal) consequences() []Consequence {
	t := telling{}
	switch {
	case p.endpoint != nil && p.w.Strategy == Retire:
		p.tellRetiredEndpoint(&t)
	case p.endpoint != nil:
		p.tellEndpoint(&t)
	case p.w.Strategy == Retire:
		p.tellRetiredTransform(&t)
	default:
		p.tellTransform(&t)
	}
	p.tellReferences(&t)
	if p.w.Strategy != Retire {
		p.tellEncryption(&t)
	}
	p.tellWayBack(&t)
	p.tellTags(&t)
	t.say("code-unseen", "Whether Terraform or other code owns it can't be seen. If it does, its next run would put the old one back: change the code too.")
	return t
}

func (p *proposal) tellEndpoint(t *telling) {
	id := p.identity()
	minutes := p.w.ProvisioningMinutes
	if p.w.Strategy == SideBySide {
		t.say("new-name", "The encrypted one is called %q and keeps that name; the original stays as it is until finalize.", SideBySideName(id))
	} else {
		t.say("name-kept", "It keeps its name. For about %d minutes, while AWS makes it anew, no endpoint is called %q; the encrypted twin %q works meanwhile.",
			minutes, id.Name, TwinName(id))
	}
	t.say("addresses-change", "Its private and public addresses, its YARN address and its creation time change; its availability zone follows the subnet.")
	p.tellOverlap(t, minutes)
	t.say("lost-on-cluster", "What is on the cluster is lost: HDFS, local files, Livy and Zeppelin sessions, everything that runs there when the original is deleted.")
	p.tellElasticIP(t)
	if p.endpoint.Status == "FAILED" {
		t.say("original-failed", "The original is FAILED (%s); the twin may fail for the same reason, and then nothing is changed.", p.endpoint.FailureReason)
	}
}

// tellOverlap says how long there are two of it and what the second costs. AWS bills an endpoint for 10 minutes at
// least. Source: the developer guide's page on dev endpoints.
func (p *proposal) tellOverlap(t *telling, minutes int) {
	dpus := endpointDPUs(p.endpoint.Definition)
	if p.w.Strategy == SideBySide {
		t.say("overlap-cost", "From then until finalize there are two endpoints: the second costs %s an hour.", hours(dpus))
		return
	}
	overlap := max(2*minutes, 10)
	t.say("overlap-cost", "For about %d minutes there are two endpoints; the twin costs about %s.", overlap, hours(dpus*float64(overlap)/60))
}

func hours(dpus float64) string {
	if dpus == 1 {
		return "1 DPU-hour"
	}
	return fmt.Sprintf("%.4g DPU-hours", dpus)
}

// endpointDPUs is what an endpoint is billed for. Source: glue CreateDevEndpoint, worker types.
func endpointDPUs(d resource.EndpointDefinition) float64 {
	d = RecreatableEndpoint(d)
	switch {
	case d.WorkerType != "" || d.NumberOfWorkers > 0:
		return float64(d.NumberOfWorkers) * workerDPUs(d.WorkerType)
	case d.NumberOfNodes > 0:
		return float64(d.NumberOfNodes)
	}
	return defaultNodes
}

func workerDPUs(workerType string) float64 {
	switch workerType {
	case "G.025X":
		return 0.25
	case "G.2X", "Z.2X":
		return 2
	case "G.4X":
		return 4
	case "G.8X":
		return 8
	}
	return 1 // Standard, G.1X
}

func (p *proposal) tellElasticIP(t *telling) {
	if ip, ok := p.s.ElasticIP.Value(); ok && ip != "" {
		t.say("elastic-ip-lost", "The Elastic IP %s is attached to the original's network interface by hand; attach it to the new one afterwards.", ip)
	}
}

func (p *proposal) tellRetiredEndpoint(t *telling) {
	t.say("retired", "The endpoint is deleted and nothing takes its place; its definition and tags are kept in the change's journal.")
	t.say("lost-on-cluster", "What is on the cluster is lost: HDFS, local files, Livy and Zeppelin sessions, everything that runs there.")
	p.tellElasticIP(t)
}

func (p *proposal) tellRetiredTransform(t *telling) {
	t.say("retired", "The transform is deleted and nothing takes its place; its definition and tags are kept in the change's journal. Its trained model and its task runs' history are lost.")
	p.tellLabels(t)
}

func (p *proposal) tellTransform(t *telling) {
	id := p.identity()
	t.say("new-id", "The transform gets a new id, which jobs, scripts and notebooks that name %s must use from then on.", id.ID)
	if p.w.Strategy == Replace {
		t.say("name-kept", "It keeps its name; the original is called %q until finalize.", RetiredName(id))
	} else {
		t.say("new-name", "The encrypted one is called %q and keeps that name; the original stays as it is until finalize.", SideBySideName(id))
	}
	t.say("original-kept", "The original stays until finalize, and audits go on reporting it until then.")
	p.tellTeaching(t)
	if p.to == resource.ModeSSES3 {
		t.say("task-runs-only", "AWS offers no SSE-S3 for a transform's user data: SSE-S3 encrypts what its task runs write, and only that. Security Hub's Glue.3 stays red; "+
			"only SSE-KMS turns it green.")
	}
	if jobs := p.repointed(); len(jobs) > 0 {
		t.say("jobs-repointed", "The arguments of %s are rewritten to the new id.", strings.Join(jobs, ", "))
	}
	if len(p.references()) > 0 {
		t.say("use-ml-transforms", "The roles of jobs that use the new transform need glue:UseMLTransforms on its ARN, which is not known before it is made.")
	}
}

// tellTeaching says what becomes of what the transform has learned.
func (p *proposal) tellTeaching(t *telling) {
	t.say("history-lost", "The history of its task runs stays with the original, and goes with it.")
	if p.transform.LabelCount == 0 {
		return
	}
	p.tellLabels(t)
	runs, quality := "import the labels", ""
	if (teaching{was: *p.transform}).evaluated() {
		runs += " and to evaluate the quality"
		quality = fmt.Sprintf(": each metric may differ by %s at most, or the change backs itself out", decimal(p.w.MetricTolerance))
	}
	t.say("taught-again", "The new one is taught with the same labels. AWS does not promise that its quality is the same%s.", quality)
	t.say("overlap-cost", "A transform costs nothing while it is idle. The runs to %s take %s for as long as they last.", runs, dpusOf(p.transform.Definition))
}

// dpusOf says what a transform's task runs run on.
func dpusOf(d resource.TransformDefinition) string {
	d = RecreatableTransform(d)
	switch {
	case d.NumberOfWorkers != nil:
		return fmt.Sprintf("%.4g DPUs", float64(*d.NumberOfWorkers)*workerDPUs(d.WorkerType))
	case d.MaxCapacity != nil:
		return fmt.Sprintf("%.4g DPUs", *d.MaxCapacity)
	}
	return fmt.Sprintf("%d DPUs", defaultDPUs)
}

func (p *proposal) tellLabels(t *telling) {
	if p.transform.LabelCount == 0 {
		return
	}
	place := ""
	if p.w.LabelsBeside {
		place = " No place was named for them: this one is beside the file that they were imported from last; --labels-s3 names another."
	}
	t.say(LabelsExported, "Its %s are exported to %s and stay there until finalize is told to delete them (--delete-labels). They are your data: see who may read that place.%s",
		count(p.transform.LabelCount, "label"), p.labelsS3(), place)
}

func (p *proposal) repointed() []string {
	var jobs []string
	for _, s := range p.repoint() {
		jobs = append(jobs, "job "+s.Job)
	}
	return jobs
}

// tellReferences says what refers to the resource and what that means for it.
func (p *proposal) tellReferences(t *telling) {
	if p.s.Dependents.IsUnknown() {
		t.say("dependents-unknown", "What refers to it could not be read: look for it yourself before it is deleted.")
		return
	}
	repointed := p.repointed()
	for _, d := range p.references() {
		switch {
		case p.endpoint != nil && p.w.Strategy == Replace:
			t.say("refers", "The %s %s refers to it (%s); it finds it again by its name, and must connect anew.", d.Kind, d.Name, d.Where)
		case slices.Contains(repointed, "job "+d.Name) && d.Argument:
		default:
			t.say("refers", "The %s %s refers to it (%s) and must be changed by hand before the original can go.", d.Kind, d.Name, d.Where)
		}
	}
}

// tellEncryption says what the new encryption does and does not reach.
func (p *proposal) tellEncryption(t *telling) {
	t.say("old-objects", "Objects already written are not encrypted again: copy them onto themselves with the wanted encryption where that is needed.")
	if key := p.usedKey(); key != "" {
		t.say("readers", "Whoever else reads what it writes from now on needs kms:Decrypt on the key%s.", spaced(key))
	}
	if p.makesKey() {
		t.say("key-made", "The KMS key that is made costs a monthly fee, and is never disabled or deleted by a backout: what was written under it stays readable.")
	}
	if p.old != nil && p.made != nil {
		t.say("configuration-kept", "The security configuration %q is neither changed nor deleted; the new one, %s, keeps its other parts.", p.old.Name, p.made.Name)
	}
	if name := p.configurationName(); name != "" && p.s.Configuration.IsAbsent() {
		t.say("configuration-missing", "It names the security configuration %q, which does not exist. AWS would refuse to make it again so: a backout after the "+
			"original's deletion leaves the name out, which encrypts just as little.", name)
	}
}

func spaced(key string) string {
	if key == KeyPlaceholder {
		return " that is made"
	}
	return " " + key
}

func (p *proposal) tellWayBack(t *telling) {
	switch {
	case p.w.Strategy == Retire:
		t.say("way-back", "A backout makes it again from the saved definition, if AWS lets it be made.")
	case p.endpoint != nil && p.w.Strategy == Replace:
		t.say("way-back", "Until the original is deleted a backout takes everything back. Afterwards it makes the original again, twin first, if AWS lets it be made.")
	default:
		t.say("way-back", "Until finalize a backout takes everything back. Afterwards it is attempted from the saved definition, not promised.")
	}
}

func (p *proposal) tellTags(t *telling) {
	var tags map[string]string
	switch {
	case p.w.Strategy == Retire:
		return
	case p.endpoint != nil:
		tags = p.endpoint.AWSTags
	default:
		tags = p.transform.AWSTags
	}
	if len(tags) > 0 {
		t.say("aws-tags-dropped", "AWS's own tags can't be given and are dropped: %s.", strings.Join(slices.Sorted(maps.Keys(tags)), ", "))
	}
}
