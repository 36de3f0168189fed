package preflight

import (
	"fmt"
	"slices"
	"strings"

	"github.com/glueguard/glueguard/internal/iampolicy"
	"github.com/glueguard/glueguard/internal/plan"
	"github.com/glueguard/glueguard/internal/resource"
)

// keyUses is what the keys are for that a change brings in: not those that the resource uses already.
type keyUses struct {
	key  string // ARN, or plan.KeyPlaceholder; empty: none is brought in
	data bool   // for what the resource writes
	logs bool   // for its logs
	made *plan.NewKey
	// grant is one that the change makes.
	grant *plan.Grant
}

// Key is the reference by which the key that a change brings in is looked up: its ARN, the alias of the one that the
// change makes, or empty where it brings none in.
func Key(i plan.Item) string {
	u := usesOf(i)
	if u.key == plan.KeyPlaceholder && u.made != nil {
		return u.made.Alias
	}
	return u.key
}

func usesOf(i plan.Item) keyUses {
	var u keyUses
	dataBefore, logsBefore := keysBefore(i)
	use := func(e *resource.Encryption, before []string, purpose *bool) {
		if e != nil && e.Mode == resource.ModeSSEKMS && e.KMSKey != "" && !slices.Contains(before, e.KMSKey) {
			u.key, *purpose = e.KMSKey, true
		}
	}
	for _, s := range i.Steps {
		switch {
		case s.Kind == plan.CreateKey:
			u.made = s.Key
		case s.Kind == plan.CreateGrant:
			u.grant = s.Grant
		case s.Kind == plan.CreateConfiguration && s.Configuration != nil:
			for k := range s.Configuration.S3 {
				use(&s.Configuration.S3[k], dataBefore, &u.data)
			}
			use(s.Configuration.CloudWatch, logsBefore, &u.logs)
		case s.Kind == plan.CreateTransform && s.Transform != nil:
			use(s.Transform.UserData, dataBefore, &u.data)
		}
	}
	return u
}

// keysBefore are the keys that the resource uses already, for its data and for its logs.
func keysBefore(i plan.Item) (data, logs []string) {
	if c := i.Configuration; c != nil {
		for _, e := range c.S3 {
			data = append(data, e.KMSKey)
		}
		if c.CloudWatch != nil {
			logs = append(logs, c.CloudWatch.KMSKey)
		}
	}
	if i.Transform != nil && i.Transform.Definition.UserData != nil {
		data = append(data, i.Transform.Definition.UserData.KMSKey)
	}
	return data, logs
}

// keys are the checks of the key that the change brings in.
func (v *subject) keys() []plan.Check {
	if v.uses.key == "" {
		return nil
	}
	usable, detail, ok := v.keyUsable()
	checks := []plan.Check{usable}
	if !ok {
		return checks // there is no key to say more of
	}
	if v.uses.data {
		checks = append(checks, v.keyRole(detail))
	}
	if v.uses.logs {
		checks = append(checks, v.keyLogs(detail), v.logRole())
	}
	return checks
}

// keyUsable judges the key by itself, and returns it: the one that is there, or the one that the change makes.
func (v *subject) keyUsable() (plan.Check, resource.KeyDetail, bool) {
	const advice = "Name a key of this account and region that is enabled, symmetric and for encryption."
	detail, ok := v.s.WantedKey.Value()
	switch {
	case v.s.WantedKey.IsUnknown():
		return unread(KeyUsable, "the key "+Key(v.item), v.s.WantedKey), resource.KeyDetail{}, false
	case (!ok || detail.Key.ID == "") && v.uses.made != nil:
		made := resource.KeyDetail{
			Key: resource.Key{
				ARN: v.item.Location.ARN("kms", "key/"+strings.TrimPrefix(v.uses.made.Alias, "alias/")), Policy: resource.Known(v.uses.made.Policy),
			},
			Ref: v.uses.made.Alias, Grants: resource.Known[[]resource.KeyGrant](nil),
		}
		return passed(KeyUsable, "the change makes the key %s", v.uses.made.Alias), made, true
	case !ok:
		return failed(KeyUsable, advice, "the key %s does not exist", Key(v.item)), resource.KeyDetail{}, false
	case detail.Key.ID == "":
		return unchecked(KeyUsable, "Plan again.", "the key %s was never read", Key(v.item)), resource.KeyDetail{}, false
	}
	k := detail.Key
	if k.State == "Updating" { // a transition between two good states
		return unchecked(KeyUsable, "Wait a minute and plan again.", "the key %s is being updated", k.ARN), detail, true
	}
	if problems := unfit(k, v.s.Location.Region); len(problems) > 0 {
		return failed(KeyUsable, advice, "the key %s %s", k.ARN, strings.Join(problems, " and ")), detail, true
	}
	return passed(KeyUsable, "the key %s is enabled and fit", k.ARN), detail, true
}

func unfit(k resource.Key, region string) []string {
	var all []string
	if k.State != "Enabled" {
		all = append(all, fmt.Sprintf("is in state %s", k.State))
	}
	if k.Usage != "ENCRYPT_DECRYPT" {
		all = append(all, fmt.Sprintf("is for %s", k.Usage))
	}
	if k.Spec != "SYMMETRIC_DEFAULT" {
		all = append(all, fmt.Sprintf("is of spec %s", k.Spec))
	}
	if k.ARN.Region != region {
		all = append(all, fmt.Sprintf("is of region %s", k.ARN.Region))
	}
	return all
}

// dataActions are what the role does with the key. Source: the Glue guide on setting encryption up.
func dataActions() []string { return []string{"kms:Decrypt", "kms:Encrypt", "kms:GenerateDataKey"} }

func (v *subject) keyRole(k resource.KeyDetail) plan.Check {
	advice := "Allow the role " + strings.Join(dataActions(), ", ") + " in the key's policy, or plan with --grant-role."
	identity, boundary := v.documents()
	access := iampolicy.KeyAccess{
		Key: k.Key.ARN, KeyPolicy: document(k.Key.Policy), Grants: v.grants(k.Grants), Identity: identity, Boundary: boundary,
	}
	var no, unsure []string
	for _, action := range dataActions() {
		switch access.Allows(v.roleARN, action, nil) {
		case iampolicy.No:
			no = append(no, action)
		case iampolicy.CantTell:
			unsure = append(unsure, action)
		case iampolicy.Yes:
		}
	}
	switch {
	case len(no) > 0:
		return failed(KeyRole, advice, "the role %s may not use the key %s: %s", v.roleARN, k.Key.ARN, list(no))
	case len(unsure) > 0:
		return unchecked(KeyRole, advice, "whether the role %s may use the key %s can't be told (%s)%s",
			v.roleARN, k.Key.ARN, list(unsure), v.whatIsUnread(k))
	}
	return passed(KeyRole, "the role %s may use the key", v.roleARN)
}

// whatIsUnread says which document is missing, if any is.
func (v *subject) whatIsUnread(k resource.KeyDetail) string {
	role, _ := v.s.Role.Value()
	switch {
	case k.Key.Policy.IsUnknown():
		return ": the key policy could not be read, " + why(k.Key.Policy.Failure())
	case v.s.Role.IsUnknown():
		return ": the role could not be read, " + why(v.s.Role.Failure())
	case v.s.Role.IsKnown() && role.Policies.IsUnknown():
		return ": the role's policies could not be read, " + why(role.Policies.Failure())
	case k.Grants.IsUnknown():
		return ": the key's grants could not be read, " + why(k.Grants.Failure())
	}
	return ": it depends on conditions"
}

// grants are those of the key, with the one that the change makes.
func (v *subject) grants(fact resource.Fact[[]resource.KeyGrant]) resource.Fact[[]iampolicy.Grant] {
	var all []iampolicy.Grant
	own := v.uses.grant
	if own != nil {
		all = append(all, iampolicy.Grant{GranteePrincipal: own.Grantee, Operations: own.Operations})
	}
	have, known := fact.Value()
	if fact.IsUnknown() && own == nil {
		return resource.Unknown[[]iampolicy.Grant](fact.Failure())
	}
	if known {
		for _, g := range have {
			all = append(all, iampolicy.Grant{GranteePrincipal: g.Grantee, Operations: g.Operations, Constrained: g.Constrained})
		}
	}
	return resource.Known(all)
}

// documents are the policies of the resource's role.
func (v *subject) documents() (resource.Fact[[]iampolicy.Document], resource.Fact[iampolicy.Document]) {
	role, ok := v.s.Role.Value()
	if !ok {
		f := v.s.Role.Failure()
		return resource.Unknown[[]iampolicy.Document](f), resource.Unknown[iampolicy.Document](f)
	}
	texts, ok := role.Policies.Value()
	if !ok && !role.Policies.IsAbsent() {
		return resource.Unknown[[]iampolicy.Document](role.Policies.Failure()), document(role.Boundary)
	}
	var all []iampolicy.Document
	for _, text := range texts {
		d, err := iampolicy.Parse(text)
		if err != nil {
			return resource.Unknown[[]iampolicy.Document](resource.Failure{Class: resource.Errored, Message: err.Error()}), document(role.Boundary)
		}
		all = append(all, d)
	}
	return resource.Known(all), document(role.Boundary)
}

// document parses a policy; one that can't be parsed is as good as unread.
func document(fact resource.Fact[string]) resource.Fact[iampolicy.Document] {
	text, ok := fact.Value()
	switch {
	case fact.IsAbsent():
		return resource.Absent[iampolicy.Document]()
	case !ok:
		return resource.Unknown[iampolicy.Document](fact.Failure())
	}
	d, err := iampolicy.Parse(text)
	if err != nil {
		return resource.Unknown[iampolicy.Document](resource.Failure{Class: resource.Errored, Message: err.Error()})
	}
	return resource.Known(d)
}

// withoutLogs is the other way out of what keeps logs from being encrypted.
const withoutLogs = "; or leave its logs out (--control glue-dev-endpoint-s3-encryption)."

// logActions are what CloudWatch Logs does with a key.
func logActions() []string {
	return []string{"kms:Encrypt", "kms:Decrypt", "kms:ReEncryptFrom", "kms:ReEncryptTo", "kms:GenerateDataKey", "kms:DescribeKey"}
}

// keyLogs judges whether the key policy lets CloudWatch Logs use the key: nothing else can, since Logs calls KMS in its
// own name.
func (v *subject) keyLogs(k resource.KeyDetail) plan.Check {
	l := v.s.Location
	service := "logs." + l.Region + ".amazonaws.com"
	advice := "Allow " + service + " kms:Encrypt*, Decrypt*, ReEncrypt*, GenerateDataKey* and Describe* in the key's policy" + withoutLogs
	policy := document(k.Key.Policy)
	d, ok := policy.Value()
	switch {
	case policy.IsUnknown():
		return unread(KeyLogs, "the policy of the key "+k.Key.ARN.String(), policy)
	case !ok:
		return failed(KeyLogs, advice, "the key %s has no policy that lets CloudWatch Logs use it", k.Key.ARN)
	}
	group := l.ARN("logs", "log-group:/aws-glue/jobs/output").String()
	known := map[string][]string{"kms:EncryptionContext:aws:logs:arn": {group}}
	worst := iampolicy.Yes
	for _, action := range logActions() {
		r := iampolicy.Request{Principal: service, Action: action, Resource: k.Key.ARN.String(), Context: known}
		answer := d.Allows(r)
		if answer == iampolicy.No { // perhaps only for other log groups
			r.Context = nil
			answer = min(d.Allows(r), iampolicy.CantTell)
		}
		worst = min(worst, answer)
	}
	switch {
	case l.Partition != "aws" && l.Partition != "aws-us-gov":
		return unchecked(KeyLogs, advice, "which name CloudWatch Logs goes by in partition %s is not known", l.Partition)
	case worst == iampolicy.No:
		return failed(KeyLogs, advice, "the policy of the key %s does not let CloudWatch Logs use it", k.Key.ARN)
	case worst == iampolicy.CantTell:
		return unchecked(KeyLogs, advice, "whether the policy of the key %s lets CloudWatch Logs use it depends on conditions", k.Key.ARN)
	}
	return passed(KeyLogs, "CloudWatch Logs may use the key")
}

// logRole judges whether the role may put log groups under a key. The name of a dev endpoint's group is not documented,
// so it is asked for all of Glue's.
func (v *subject) logRole() plan.Check {
	const advice = "Allow the role logs:AssociateKmsKey on log-group:/aws-glue/*: without it Glue turns continuous logging off" + withoutLogs
	identity, boundary := v.documents()
	access := iampolicy.RoleAccess{Identity: identity, Boundary: boundary}
	ask := func(group string) iampolicy.Answer {
		return access.Allows(iampolicy.Request{
			Principal: v.roleARN, Action: "logs:AssociateKmsKey", Resource: v.s.Location.ARN("logs", "log-group:"+group).String(),
		})
	}
	switch all := ask("/aws-glue/*"); {
	case all == iampolicy.Yes:
		return passed(LogRole, "the role %s may put log groups under a key", v.roleARN)
	case v.s.Role.IsUnknown():
		return unread(LogRole, "the role "+v.roleARN, v.s.Role)
	case all == iampolicy.No && !slices.ContainsFunc([]string{"/aws-glue/jobs/output", "/aws-glue/jobs/error", "/aws-glue/jobs/logs-v2"},
		func(group string) bool { return ask(group) != iampolicy.No }):
		return failed(LogRole, advice, "the role %s may not call logs:AssociateKmsKey", v.roleARN)
	}
	return unchecked(LogRole, advice, "whether the role %s may call logs:AssociateKmsKey on the endpoint's log group can't be told", v.roleARN)
}
