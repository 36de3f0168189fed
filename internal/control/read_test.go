package control

import (
	"maps"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/goccy/go-yaml"
	"github.com/google/go-cmp/cmp"
)

func catalogueOf(t *testing.T) Catalogue {
	t.Helper()
	c, err := ReadCatalogue()
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func TestCatalogueIsWhole(t *testing.T) {
	t.Parallel()
	c := catalogueOf(t)
	if err := c.Check(); err != nil {
		t.Error(err)
	}
	files := map[string]bool{"frameworks.yaml": true}
	for i, of := range All() {
		d := c.Documents[i]
		if d.ID != of.ID || d.Title != of.Title || d.Severity != of.Severity || d.Resource != of.Type {
			t.Errorf("%s: the function says %+v, the document %s, %q, %s, %s", of.ID, of, d.ID, d.Title, d.Severity, d.Resource)
		}
		files[string(of.ID)+".yaml"] = true
	}
	entries, err := catalogue.ReadDir("catalogue")
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		if !files[e.Name()] {
			t.Errorf("catalogue/%s belongs to no control", e.Name())
		}
	}
}

// Whichever section is taken out of a control's file, the check names it.
func TestNoSectionMayBeMissing(t *testing.T) {
	t.Parallel()
	c := catalogueOf(t)
	for _, of := range All() {
		text, err := catalogue.ReadFile("catalogue/" + string(of.ID) + ".yaml")
		if err != nil {
			t.Fatal(err)
		}
		for _, path := range []string{
			"id", "title", "resource", "severity", "profile", "profile.level", "profile.sop", "profile.strict", "what", "why", "impact",
			"impact.gains", "impact.costs", "default", "aws", "test", "repair", "backout", "permissions", "permissions.test",
			"permissions.plan", "permissions.repair", "permissions.role", "references", "frameworks",
		} {
			d := without(t, text, path)
			errs := append(d.check(), d.checkFrameworks(c)...)
			if !slices.ContainsFunc(errs, func(e error) bool { return strings.HasPrefix(e.Error(), "lacks "+path) }) {
				t.Errorf("%s without %s: %v", of.ID, path, errs)
			}
		}
	}
}

// without decodes a document after taking a section out of its text.
func without(t *testing.T, text []byte, path string) Document {
	t.Helper()
	var all map[string]any
	if err := yaml.Unmarshal(text, &all); err != nil {
		t.Fatal(err)
	}
	at := all
	if section, rest, deeper := strings.Cut(path, "."); deeper {
		at, path = all[section].(map[string]any), rest
	}
	if _, ok := at[path]; !ok {
		t.Fatalf("there is no %s to take out", path)
	}
	delete(at, path)
	out, err := yaml.Marshal(all)
	if err != nil {
		t.Fatal(err)
	}
	var d Document
	if err := decode(out, &d); err != nil {
		t.Fatal(err)
	}
	return d
}

func TestCheckNamesWhatIsWrong(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		spoil func(*Document)
		want  string
	}{
		"a blank section":         {func(d *Document) { d.What = " \n" }, "lacks what"},
		"an empty item":           {func(d *Document) { d.Why = []string{""} }, "lacks why"},
		"no command":              {func(d *Document) { d.Backout = []Instruction{{Text: "Undo it."}} }, "lacks backout, with a command"},
		"a command unsaid":        {func(d *Document) { d.Test[0].Text = "" }, "lacks test, with a command"},
		"a level that is none":    {func(d *Document) { d.Profile.Level = 3 }, "lacks profile.level, 1 or 2"},
		"a reference to nowhere":  {func(d *Document) { d.References[0].URL = "" }, "lacks references"},
		"a foreign requirement":   {func(d *Document) { d.Frameworks[0].Requirement = "8.2.1" }, `there is no requirement "8.2.1" of "pci-dss-3.2.1"`},
		"a foreign framework":     {func(d *Document) { d.Frameworks[0].Framework = "pci" }, `of "pci"`},
		"no basis":                {func(d *Document) { d.Frameworks[0].Basis = "" }, "on what basis"},
		"no reason":               {func(d *Document) { d.Frameworks[0].Because = "" }, "on what basis, and why?"},
		"a requirement twice":     {func(d *Document) { d.Frameworks[1] = d.Frameworks[0] }, "pci-dss-3.2.1 3.4 is there twice"},
		"a framework left out":    {func(d *Document) { d.Unmapped = nil }, "says nothing of aws-fsbp"},
		"unmapped without reason": {func(d *Document) { d.Unmapped[0].Because = "" }, `unmapped "aws-fsbp"`},
		"unmapped and mapped":     {func(d *Document) { d.Unmapped[0].Framework = "soc2" }, `unmapped "soc2"`},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			catalogue := catalogueOf(t)
			c.spoil(&catalogue.Documents[0])
			if err := catalogue.Check(); err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("got %v, want %q", err, c.want)
			}
		})
	}
}

func TestTheCatalogueIsReadStrictly(t *testing.T) {
	t.Parallel()
	for name, text := range map[string]string{
		"an unknown section":    "id: x\nwhy_not: [y]",
		"a section twice":       "id: x\nid: y",
		"text for a list":       "why: because",
		"an unknown nested one": "impact: {gains: [a], losses: [b]}",
	} {
		var d Document
		if err := decode([]byte(text), &d); err == nil {
			t.Errorf("%s: was read as %+v", name, d)
		}
	}
}

func TestFrameworksAreTheseAndNoOthers(t *testing.T) {
	t.Parallel()
	want := []FrameworkID{
		"pci-dss-3.2.1", "pci-dss-4.0", "hipaa", "soc2", "nist-800-53-r5", "nist-csf-2.0", "iso-27001-2022", "cis-controls-8.1", "csa-ccm-4",
		"aws-fsbp",
	}
	c := catalogueOf(t)
	var got []FrameworkID
	for _, f := range c.Frameworks {
		got = append(got, f.ID)
		for _, r := range f.Requirements {
			if len(c.Mapped(f.ID, r.ID)) == 0 {
				t.Errorf("%s %s: no control has to do with it", f.ID, r.ID)
			}
		}
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

// The patterns tell the ids of their framework from those of others, and from what tools make of them.
func TestRequirementPatterns(t *testing.T) {
	t.Parallel()
	c := catalogueOf(t)
	for id, samples := range map[FrameworkID]struct{ good, bad []string }{
		"pci-dss-3.2.1":    {[]string{"3.4", "3.6.4"}, []string{"3", "3.4.1.a", "3.5.1.15", "PCI-3.4"}},
		"pci-dss-4.0":      {[]string{"3.5.1", "3.5.1.1"}, []string{"3.4", "8.3.2.22.1", "A.8.24"}},
		"hipaa":            {[]string{"164.312(a)(2)(iv)"}, []string{"164_312_a_2_iv", "164.312", "312(a)(2)(iv)"}},
		"soc2":             {[]string{"CC6.1", "PI1.4"}, []string{"cc_6_1", "pi_1_4", "CC6"}},
		"nist-800-53-r5":   {[]string{"SC-28(1)", "SC-13"}, []string{"sc_28_1", "SC-13(a)", "SC28"}},
		"nist-csf-2.0":     {[]string{"PR.DS-01"}, []string{"PR.DS-1", "ds_1", "be_5"}},
		"iso-27001-2022":   {[]string{"A.8.24"}, []string{"8.24", "A.9.1.1", "A.10.1"}},
		"cis-controls-8.1": {[]string{"3.11"}, []string{"3", "3.11.1", "2.3.1"}},
		"csa-ccm-4":        {[]string{"CEK-03", "A&A-01"}, []string{"CEK-3", "EKM-003"}},
		"aws-fsbp":         {[]string{"Glue.3", "KMS.5", "EC2.22"}, []string{"glue.3", "Glue3"}},
	} {
		f, ok := c.Framework(id)
		if !ok {
			t.Errorf("there is no framework %s", id)
		}
		pattern := regexp.MustCompile(f.Pattern)
		for _, s := range samples.good {
			if !pattern.MatchString(s) {
				t.Errorf("%s: %s is an id of it", id, s)
			}
		}
		for _, s := range samples.bad {
			if pattern.MatchString(s) {
				t.Errorf("%s: %s is no id of it", id, s)
			}
		}
	}
}

func TestReferencesAreAWSsOwnPages(t *testing.T) {
	t.Parallel()
	for _, d := range catalogueOf(t).Documents {
		for _, r := range d.References {
			u, err := url.Parse(r.URL)
			if err != nil || u.Scheme != "https" || u.Host != "docs.aws.amazon.com" {
				t.Errorf("%s: %s", d.ID, r.URL)
			}
		}
	}
}

// actions are the IAM actions that the catalogue may name, as the service authorization reference spells them.
func actions() []string {
	var all []string
	for service, names := range map[string]string{
		"account": "ListRegions", "cloudformation": "DescribeStackResources",
		"ec2": "DescribeNetworkInterfaces DescribeRouteTables DescribeSubnets DescribeVpcEndpoints",
		"glue": "GetDevEndpoint GetDevEndpoints GetMLTransform GetMLTransforms GetMLTaskRun GetMLTaskRuns GetSecurityConfiguration " +
			"GetSecurityConfigurations GetTags GetJob GetJobs GetJobRuns GetTriggers CreateDevEndpoint DeleteDevEndpoint CreateMLTransform UpdateMLTransform " +
			"DeleteMLTransform CreateSecurityConfiguration StartExportLabelsTaskRun StartImportLabelsTaskRun StartMLEvaluationTaskRun " +
			"TagResource UntagResource UpdateJob UseMLTransforms",
		"iam": "GetRole GetRolePolicy GetPolicy GetPolicyVersion ListRolePolicies ListAttachedRolePolicies SimulatePrincipalPolicy PassRole",
		"kms": "DescribeKey GetKeyPolicy GetKeyRotationStatus ListAliases ListGrants ListKeys ListResourceTags CreateKey CreateAlias CreateGrant EnableKey EnableKeyRotation " +
			"DisableKeyRotation CancelKeyDeletion PutKeyPolicy TagResource Encrypt Decrypt GenerateDataKey",
		"logs": "DescribeLogGroups AssociateKmsKey", "organizations": "ListAccounts",
		"s3":        "GetObject PutObject DeleteObject ListBucket GetEncryptionConfiguration",
		"sagemaker": "ListNotebookInstances ListTags", "servicequotas": "ListServiceQuotas", "sts": "AssumeRole GetCallerIdentity", "tag": "GetResources",
	} {
		for name := range strings.FieldsSeq(names) {
			all = append(all, service+":"+name)
		}
	}
	return all
}

func TestPermissionsAreRealActions(t *testing.T) {
	t.Parallel()
	known := actions()
	for _, d := range catalogueOf(t).Documents {
		p := d.Permissions
		for purpose, list := range map[string][]string{"test": p.Test, "plan": p.Plan, "repair": p.Repair, "role": p.Role} {
			for i, action := range list {
				if !slices.Contains(known, action) || slices.Contains(list[:i], action) {
					t.Errorf("%s: permissions.%s: %s is no action, or is there twice", d.ID, purpose, action)
				}
			}
		}
	}
}

// commandsOf lists every command of a document.
func commandsOf(d Document) []string {
	var all []string
	for _, i := range slices.Concat(d.Test, d.Repair, d.Backout) {
		all = append(all, i.Commands...)
	}
	return all
}

// What a command of the AWS CLI needs is among the permissions, and what stands for something else is known.
func TestCommandsOfTheAWSCLI(t *testing.T) {
	t.Parallel()
	placeholder := regexp.MustCompile(`\b[A-Z]{2,}\b`)
	for _, d := range catalogueOf(t).Documents {
		allowed := slices.Concat(d.Permissions.Test, d.Permissions.Repair)
		for _, command := range commandsOf(d) {
			words := strings.Fields(command)
			if words[0] != "aws" && words[0] != "glueguard" {
				t.Errorf("%s: %q is of neither program", d.ID, command)
			}
			for _, p := range placeholder.FindAllString(command, -1) {
				if !slices.Contains([]string{"NAME", "ID", "KEY", "CHANGE", "CONFIGURATION", "SSE", "KMS", "NONE"}, p) {
					t.Errorf("%s: %q: what does %s stand for?", d.ID, command, p)
				}
			}
			if words[0] != "aws" {
				continue
			}
			action := words[1] + ":" + strings.ReplaceAll(words[2], "-", "")
			if !slices.ContainsFunc(allowed, func(a string) bool { return strings.EqualFold(a, action) }) {
				t.Errorf("%s: %q needs %s, which is not among the permissions", d.ID, command, action)
			}
		}
	}
}

// What the procedures print and AWS does not have must not come back through the catalogue.
func TestNoCommandThatAWSDoesNotHave(t *testing.T) {
	t.Parallel()
	for _, d := range catalogueOf(t).Documents {
		for _, command := range commandsOf(d) {
			for _, no := range []string{"update-dev-endpoint", "update-ml-transform", "update-security-configuration"} {
				if strings.HasPrefix(command, "aws ") && strings.Contains(command, no) {
					t.Errorf("%s: %q encrypts nothing", d.ID, command)
				}
			}
		}
	}
}

func TestMappingMeaning(t *testing.T) {
	t.Parallel()
	all := Mapping{}
	rotation := Mapping{Reasons: []Reason{KeyRotationOff, KeyRotationUnread}}
	userData := Mapping{Failing: []Reason{TaskRunOnly}}
	advised := func(r Reason) []Advisory { return []Advisory{{Code: string(r)}} }
	for name, c := range map[string]struct {
		m    Mapping
		o    Outcome
		want Status
	}{
		"every reason counts":             {all, Outcome{Status: Fail, Reason: KeyPolicyOutside}, Fail},
		"a pass":                          {rotation, Outcome{Status: Pass, Reason: KeyWellManaged}, Pass},
		"its reason":                      {rotation, Outcome{Status: Fail, Reason: KeyRotationOff}, Fail},
		"its reason beside a worse one":   {rotation, Outcome{Status: Fail, Reason: KeyPolicyOutside, Advisories: advised(KeyRotationOff)}, Fail},
		"another reason":                  {rotation, Outcome{Status: Fail, Reason: KeyPolicyOutside}, Pass},
		"its doubt beside a worse one":    {rotation, Outcome{Status: Fail, Reason: KeyPolicyOutside, Advisories: advised(KeyRotationUnread)}, Unknown},
		"its doubt":                       {rotation, Outcome{Status: Unknown, Reason: KeyRotationUnread}, Unknown},
		"another doubt":                   {rotation, Outcome{Status: Unknown, Reason: KeyPolicyUnreadable}, Pass},
		"its reason under an exception":   {rotation, Outcome{Status: Exempt, Reason: KeyRotationOff}, Exempt},
		"another reason, with exception":  {rotation, Outcome{Status: Exempt, Reason: KeyPolicyOutside}, Pass},
		"a key that is gone":              {rotation, Outcome{Status: Fail, Reason: KeyMissing}, NotApplicable},
		"a key that can't be read":        {rotation, Outcome{Status: Unknown, Reason: KeyUnreadable}, Unknown},
		"a listing that failed":           {rotation, Outcome{Status: Unknown, Reason: ListingFailed}, Unknown},
		"a pass that does not do":         {userData, Outcome{Status: Pass, Reason: TaskRunOnly}, Fail},
		"a pass that does":                {userData, Outcome{Status: Pass, Reason: EncryptedSSEKMS}, Pass},
		"what is being deleted":           {userData, Outcome{Status: NotApplicable, Reason: BeingDeleted}, NotApplicable},
		"an unreadable key, open too":     {rotation, Outcome{Status: Fail, Reason: KeyRegionMismatch, Advisories: advised(KeyUnreadable)}, Unknown},
		"all of a key that can't be read": {all, Outcome{Status: Unknown, Reason: KeyUnreadable}, Unknown},
	} {
		if got := c.m.Meaning(c.o).Status; got != c.want {
			t.Errorf("%s: %s, want %s", name, got, c.want)
		}
	}
}

// What is shown of a finding is the reason that counts, and not the worse one that does not.
func TestMappingMeaningNamesWhatCounts(t *testing.T) {
	t.Parallel()
	m := Mapping{Reasons: []Reason{KeyRotationOff}}
	o := Outcome{
		Status: Fail, Reason: KeyPolicyOutside, Message: "KMS key k is open to outsiders.",
		Advisories: []Advisory{{Code: string(KeyRotationOff), Message: "it does not rotate"}},
	}
	want := Meaning{Fail, KeyRotationOff, "it does not rotate"}
	if diff := cmp.Diff(want, m.Meaning(o)); diff != "" {
		t.Error(diff)
	}
	o.Reason, o.Message, o.Advisories = KeyRotationOff, "KMS key k does not rotate.", nil
	if diff := cmp.Diff(Meaning{Fail, KeyRotationOff, o.Message}, m.Meaning(o)); diff != "" {
		t.Error(diff)
	}
}

// A mapping narrowed to a reason that no control gives would never fail.
func TestMappingsNameReasonsThatThereAre(t *testing.T) {
	t.Parallel()
	known := map[Reason]bool{TaskRunOnly: true}
	for _, r := range keyReasons() {
		known[r] = true
	}
	for _, d := range catalogueOf(t).Documents {
		for _, m := range d.Frameworks {
			for _, r := range slices.Concat(m.Reasons, m.Failing) {
				if !known[r] {
					t.Errorf("%s %s: no control gives the reason %s: want one of %v", m.Framework, m.Requirement, r, slices.Sorted(maps.Keys(known)))
				}
			}
		}
	}
}
