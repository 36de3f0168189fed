package plan

import (
	"fmt"
	"strings"
	"time"

	"github.com/glueguard/glueguard/internal/control"
	"github.com/glueguard/glueguard/internal/resource"
)

// Excepted is why a resource is left alone that the policy excepts.
func Excepted(owner, reason string, until time.Time) Blocked {
	return Blocked{
		BlockedExcepted,
		fmt.Sprintf("The policy excepts it until %s (%s: %s).", until.UTC().Format("2006-01-02"), owner, reason),
		"Take the exception out of glueguard.yaml, or let it expire, and plan again.",
	}
}

// UnderWay is why a resource is left alone that another change is at work on.
func UnderWay(changeID string) Blocked {
	return Blocked{
		BlockedUnderWay, fmt.Sprintf("The change %s of it is still open.", changeID),
		fmt.Sprintf("Let it end first: glueguard resume %s, or glueguard backout %[1]s.", changeID),
	}
}

// Stranger is why a resource is left alone that carries the tag of a change which the state does not know.
func Stranger(changeID string) Blocked {
	return Blocked{
		BlockedUnderWay, fmt.Sprintf("Its tag says that the change %s made it, which this state does not know.", changeID),
		"Name the state that has the change (--state); if it was lost, glueguard orphans --adopt rebuilds the change.",
	}
}

// NotPlannable is why nothing is planned for a finding that no replacement settles, e.g. one on a key.
func NotPlannable(c control.ID, advice string) Blocked {
	return Blocked{BlockedNotHere, fmt.Sprintf("Replacing a resource does not settle %s.", c), advice}
}

// obstacle is what keeps the resource from being planned, whatever is wanted of it; nil: nothing does.
func (p *proposal) obstacle() *Blocked {
	if b := p.unreadable(); b != nil {
		return b
	}
	if b := p.leaving(); b != nil {
		return b
	}
	if b := p.owned(); b != nil {
		return b
	}
	if b := p.unready(); b != nil {
		return b
	}
	switch p.w.Strategy {
	case Replace, SideBySide, Retire:
	default:
		return &Blocked{
			BlockedStrategy, fmt.Sprintf("There is no strategy %q.", p.w.Strategy), "Use --strategy replace, side-by-side or retire.",
		}
	}
	return p.unknownEncryption()
}

// unreadable says that the resource itself is gone or was not read.
func (p *proposal) unreadable() *Blocked {
	if p.read() {
		return nil
	}
	if p.s.Endpoint.IsAbsent() || p.s.Transform.IsAbsent() {
		return &Blocked{BlockedGone, "It does not exist any more.", "Nothing needs to be done; audit again to see it resolved."}
	}
	f := p.s.Endpoint.Failure()
	if p.identity().Type == resource.TypeMLTransform || p.s.Transform.Failure().Operation != "" {
		f = p.s.Transform.Failure()
	}
	return unknown("The resource could not be read", f)
}

// leaving says that the resource is being deleted.
func (p *proposal) leaving() *Blocked {
	switch status := p.status(); status {
	case "TERMINATING", "TERMINATED", "DELETING":
		return &Blocked{BlockedGone, fmt.Sprintf("It is being deleted (%s).", status), "Nothing needs to be done; audit again once it is gone."}
	}
	return nil
}

func (p *proposal) status() string {
	if p.endpoint != nil {
		return p.endpoint.Status
	}
	return p.transform.Status
}

// owned says that something else makes the resource, and would make it again as it was.
func (p *proposal) owned() *Blocked {
	stack, ok := p.s.Stack.Value()
	if tag := p.tags()["aws:cloudformation:stack-name"]; !ok && tag != "" {
		stack, ok = tag, true
	}
	if ok {
		return &Blocked{
			BlockedStack,
			fmt.Sprintf("The CloudFormation stack %q owns it; a change behind the stack's back would leave the two at odds.", stack),
			p.inTemplate(),
		}
	}
	if p.w.OwnedByCode != "" {
		return &Blocked{
			BlockedByCode,
			fmt.Sprintf("Its tag %s says that code owns it; the code's next run would put the old one back.", p.w.OwnedByCode),
			p.inCode(),
		}
	}
	return nil
}

// inTemplate says what to change in a CloudFormation template. CloudFormation's own pages say that encryption is
// updated without a replacement, which Glue's interface can't do: so the resource gets another logical id.
func (p *proposal) inTemplate() string {
	if p.endpoint != nil {
		return "In the template add an AWS::Glue::SecurityConfiguration whose S3Encryptions say " + p.modeWords() + ", name it in SecurityConfiguration " +
			"of the AWS::Glue::DevEndpoint, and give that another logical id and EndpointName, so that the stack makes a new one: AWS can't change it in place."
	}
	return "In the template set TransformEncryption (MLUserDataEncryption and TaskRunSecurityConfigurationName) of the AWS::Glue::MLTransform, and give it another " +
		"logical id and Name, so that the stack makes a new one: AWS can't change it in place. Its labels must be exported before and imported after."
}

// inCode says what to change in Terraform, the code that most often owns such resources.
func (p *proposal) inCode() string {
	if p.endpoint != nil {
		return "Change the code: in Terraform an aws_glue_security_configuration whose s3_encryption says " + p.modeWords() +
			", named in security_configuration of the aws_glue_dev_endpoint, which forces a replacement."
	}
	return "Change the code. Terraform's aws_glue_ml_transform knows no encryption (no transform_encryption): take the transform out of the code's hands, " +
		"remove the tag, and plan again."
}

func (p *proposal) modeWords() string {
	if p.w.Mode == "" {
		return "SSE-S3 or SSE-KMS"
	}
	return string(p.w.Mode)
}

// unready says that an endpoint is neither working nor known not to: nothing is replaced that is on its way.
func (p *proposal) unready() *Blocked {
	if p.endpoint == nil || p.endpoint.Status == "READY" || p.endpoint.Status == "FAILED" {
		return nil
	}
	return &Blocked{
		BlockedNotHere, fmt.Sprintf("Its status is %q, not READY.", p.endpoint.Status), "Plan again once it is READY; delete it if it never will be.",
	}
}

// unknownEncryption says that the present encryption is not known, which also decides what a new configuration keeps.
func (p *proposal) unknownEncryption() *Blocked {
	name := p.configurationName()
	switch {
	case p.w.Strategy == Retire || name == "" && p.s.Configuration.IsUnknown():
	case p.s.Configuration.IsUnknown():
		return unknown(fmt.Sprintf("Its security configuration %q could not be read", name), p.s.Configuration.Failure())
	}
	modes := []resource.Mode{}
	if p.old != nil {
		modes = append(modes, inForce(p.old.S3).Mode)
	}
	if p.transform != nil {
		modes = append(modes, userDataMode(p.transform.Definition))
	}
	for _, m := range modes {
		if strength(m) == unrecognised {
			return &Blocked{
				BlockedUnknown, fmt.Sprintf("It is encrypted in the mode %q, which this version does not know.", m), "Update glueguard: AWS has added an encryption mode.",
			}
		}
	}
	return nil
}

func (p *proposal) configurationName() string {
	if p.endpoint != nil {
		return p.endpoint.Definition.SecurityConfiguration
	}
	return p.transform.Definition.TaskRunSecurityConfiguration
}

// noNeed is why the wanted is not planned: it is there already, or something that it takes was not named.
func (p *proposal) noNeed() *Blocked {
	if p.w.Strategy == Retire {
		return firstOf(p.inUse, p.noLabels)
	}
	return firstOf(p.noMode, p.already, p.noKey, p.untaught, p.noLabels)
}

func firstOf(reasons ...func() *Blocked) *Blocked {
	for _, reason := range reasons {
		if b := reason(); b != nil {
			return b
		}
	}
	return nil
}

func (p *proposal) noMode() *Blocked {
	switch p.to {
	case resource.ModeSSES3, resource.ModeSSEKMS, resource.ModeNone:
		return nil
	case "":
		return &Blocked{
			BlockedNoMode, "Neither the command nor the policy says which encryption is wanted.",
			"Give --mode SSE-S3 or --mode SSE-KMS, or set repair.mode in glueguard.yaml.",
		}
	}
	return &Blocked{
		BlockedNoMode, fmt.Sprintf("%q is not an encryption that AWS Glue offers here.", p.to), "Give --mode SSE-S3 or --mode SSE-KMS.",
	}
}

func (p *proposal) already() *Blocked {
	there := p.from == p.to && !p.addsLogs()
	known, _ := p.s.WantedKey.Value()
	if there && p.to == resource.ModeSSEKMS {
		keys := []resource.Encryption{}
		if p.endpoint != nil {
			keys = p.old.S3
		} else {
			keys = append(keys, *p.transform.Definition.UserData)
		}
		for _, e := range keys {
			there = there && sameKey(e.KMSKey, p.key, known)
		}
	}
	if !there {
		return nil
	}
	if p.to == resource.ModeNone {
		return &Blocked{BlockedAlready, "It is not encrypted, so there is nothing to take away.", "Name another --mode if that is wanted."}
	}
	with := ""
	if p.to == resource.ModeSSEKMS && p.key != "" {
		with = " with that key"
	}
	return &Blocked{
		BlockedAlready, fmt.Sprintf("It already has %s%s.", p.to, with), "Nothing needs to be done; name another --mode or --kms-key if that is wanted.",
	}
}

func (p *proposal) noKey() *Blocked {
	if p.to != resource.ModeSSEKMS && !p.addsLogs() {
		return nil
	}
	keeps := p.to == resource.ModeSSEKMS && p.logsOnly() && p.from == p.to // its S3 part stays, even without a key's name
	needed := []string{}
	if p.to == resource.ModeSSEKMS && !keeps {
		needed = append(needed, p.key)
	}
	if p.addsLogs() {
		needed = append(needed, p.logKey)
	}
	for _, key := range needed {
		if key == "" || key == KeyPlaceholder && p.newKey == nil {
			return p.keyMissing()
		}
	}
	return nil
}

func (p *proposal) keyMissing() *Blocked {
	purpose := "SSE-KMS"
	if p.to != resource.ModeSSEKMS {
		purpose = "Log encryption"
	}
	const instead = "Give --kms-key (an alias, an id or an ARN of this region), or --create-key."
	f := p.s.WantedKey.Failure()
	switch {
	case p.s.WantedKey.IsAbsent():
		return &Blocked{BlockedNoKey, purpose + " needs a KMS key, and the one named does not exist in " + p.s.Location.String() + ".", instead}
	case p.s.WantedKey.IsUnknown() && f.Operation != "":
		return unknown("The KMS key that is wanted could not be read", f)
	}
	return &Blocked{BlockedNoKey, purpose + " needs a KMS key, and none is named.", instead}
}

// untaught says that a twin could not be made as ready as the original: there is nothing to teach it with.
func (p *proposal) untaught() *Blocked {
	if p.transform == nil || p.transform.Status != "READY" || p.transform.LabelCount > 0 {
		return nil
	}
	return &Blocked{
		BlockedStrategy, "The transform is READY, but AWS tells of no labels: a new one could not be taught, and would never be READY.",
		"Generate and import labels for the transform first, then plan again; or retire it (--strategy retire).",
	}
}

func (p *proposal) noLabels() *Blocked {
	if p.transform == nil || p.transform.LabelCount == 0 || p.w.LabelsS3 != "" {
		return nil
	}
	unread := ""
	if p.s.LabelsBeside.IsUnknown() {
		unread = fmt.Sprintf(" Nor could the place be read that they were imported from: %v.", p.s.LabelsBeside.Failure())
	}
	return &Blocked{
		BlockedNoLabels,
		fmt.Sprintf("The transform has %s, which would be lost with it, and no place to export them to is named.%s", count(p.transform.LabelCount, "label"), unread),
		"Give --labels-s3 s3://bucket/prefix/ in the transform's region, or set repair.labels_s3 in glueguard.yaml.",
	}
}

// inUse says that a transform can't be retired while jobs name it: they would fail from then on.
func (p *proposal) inUse() *Blocked {
	if p.transform == nil {
		return nil
	}
	var users []string
	for _, d := range p.references() {
		users = append(users, d.Kind+" "+d.Name)
	}
	if len(users) == 0 {
		return nil
	}
	return &Blocked{
		BlockedStrategy, fmt.Sprintf("It can't be retired: %s would fail without it (%s).", count(len(users), "reference"), strings.Join(users, ", ")),
		"Take the transform out of what refers to it, or use --strategy replace.",
	}
}

// references are the dependents that name the resource; past task runs only tell of use.
func (p *proposal) references() []resource.Dependent {
	all, _ := p.s.Dependents.Value()
	var named []resource.Dependent
	for _, d := range all {
		if d.Kind != "task run" {
			named = append(named, d)
		}
	}
	return named
}

// unknown is the reason of a fact that was not read.
func unknown(what string, f resource.Failure) *Blocked {
	instead := "See why it could not be read, and plan again."
	if f.Class == resource.Denied && f.Operation != "" {
		instead = "Allow the caller " + f.Operation + ", and plan again."
	}
	return &Blocked{BlockedUnknown, what + ": " + strings.TrimPrefix(f.Error(), ": ") + ".", instead}
}

// count is a number of things, in words.
func count(n int, thing string) string {
	if n == 1 {
		return "1 " + thing
	}
	return fmt.Sprintf("%d %ss", n, thing)
}
