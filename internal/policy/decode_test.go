package policy_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/goccy/go-yaml"
	"github.com/google/go-cmp/cmp"
	"github.com/santhosh-tekuri/jsonschema/v6"

	"github.com/glueguard/glueguard/internal/policy"
)

const full = `# what we demand
profile: sop
require:
  dev_endpoint: SSE-KMS
  ml_transform: any
keys:
  allowed: ["arn:aws:kms:*:111122223333:key/*"]
  accounts: ["444455556666", '012345678901']
scope:
  accounts: {include: ["111122223333"], exclude: ["999999999999"]}
  regions:
    include: [eu-west-1, us-*]
    exclude: [us-gov-*]
  controls: [glue-dev-endpoint-s3-encryption, glue-encryption-key-management]
repair:
  mode: SSE-KMS
  create_key: true
  strategy: side-by-side
  labels_s3: s3://labels-{account}-{region}/glue/
  grant_role: true
  repoint_jobs: false
  parallel: 8
  twins: 2
  settle: 45s
  wait_limit: 40m
  metric_tolerance: 0.1
  owned_by_code: [terraform, "managed-by=*code*"]
approvals:
  required: always
  four_eyes: never
  expires: 12h
exceptions:
  - control: glue-dev-endpoint-s3-encryption
    resource: arn:aws:glue:eu-west-1:111122223333:devEndpoint/legacy
    reason: migrated in March   # ticket 7
    owner: data-platform
    expires: 2027-03-31
accepted_unread:
  - {account: "*", region: me-*, operation: "glue:GetMLTransforms", reason: closed by SCP, until: "2027-01-31"}
`

func TestDecodeFull(t *testing.T) {
	t.Parallel()
	got, err := policy.Decode("glueguard.yaml", []byte(full))
	if err != nil {
		t.Fatal(err)
	}
	want := policy.Policy{
		Profile: policy.SOP,
		Require: policy.Require{DevEndpoint: "SSE-KMS", MLTransform: "any"},
		Keys: policy.Keys{
			Allowed:  []policy.ARNPattern{"arn:aws:kms:*:111122223333:key/*"},
			Accounts: []policy.AccountID{"444455556666", "012345678901"},
		},
		Scope: policy.Scope{
			Accounts: policy.AccountScope{Include: []policy.AccountID{"111122223333"}, Exclude: []policy.AccountID{"999999999999"}},
			Regions:  policy.RegionScope{Include: []policy.RegionPattern{"eu-west-1", "us-*"}, Exclude: []policy.RegionPattern{"us-gov-*"}},
			Controls: []policy.ControlID{"glue-dev-endpoint-s3-encryption", "glue-encryption-key-management"},
		},
		Repair: policy.Repair{
			Mode: "SSE-KMS", Create: "alias/glueguard", Strategy: "side-by-side", LabelsS3: "s3://labels-{account}-{region}/glue/",
			GrantRole: true, Parallel: 8, Twins: 2, Settle: "45s", WaitLimit: "40m", MetricTolerance: 0.1,
			OwnedByCode: []policy.TagPattern{"terraform", "managed-by=*code*"},
		},
		Approvals: policy.Approvals{Required: policy.ApprovalAlways, FourEyes: policy.ApprovalNever, Expires: "12h"},
		Exceptions: []policy.Exception{{
			Control: "glue-dev-endpoint-s3-encryption", Resource: "arn:aws:glue:eu-west-1:111122223333:devEndpoint/legacy",
			Reason: "migrated in March", Owner: "data-platform", Expires: "2027-03-31",
		}},
		AcceptedUnread: []policy.UnreadRead{{
			Account: "*", Region: "me-*", Operation: "glue:GetMLTransforms", Reason: "closed by SCP", Until: "2027-01-31",
		}},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("Decode (-want +got):\n%s", diff)
	}
}

// files is what both Decode and Schema are held against. An empty errs means that Decode accepts. Semantic marks
// what Decode alone can refuse, because it is about meaning and not structure.
func files() map[string]file {
	return map[string]file{
		"empty":                 {src: ""},
		"blank lines":           {src: "\n\n"},
		"comments only":         {src: "# nothing yet\n\n# at all\n"},
		"document marker only":  {src: "---\n"},
		"marker and comment":    {src: "---\n# nothing\n"},
		"empty mapping":         {src: "{}\n"},
		"full":                  {src: full},
		"one key":               {src: "profile: strict\n"},
		"CRLF lines":            {src: "profile: strict\r\nrequire:\r\n  dev_endpoint: SSE-KMS\r\n"},
		"JSON":                  {src: `{"profile": "sop", "exceptions": []}`},
		"block text":            {src: exceptionWith("reason", "|\n      two\n      lines")},
		"folded text":           {src: exceptionWith("reason", ">\n      two\n      lines")},
		"quoted date":           {src: exceptionWith("expires", `"2028-02-29"`)},
		"strict and KMS":        {src: "profile: strict\nrequire: {dev_endpoint: SSE-KMS, ml_transform: SSE-KMS}\n"},
		"empty lists":           {src: "keys: {allowed: [], accounts: []}\nscope: {controls: []}\nexceptions: []\n"},
		"comment after a value": {src: "profile: sop # the default\nexceptions: [] # none\n"},

		"key by alias":           {src: "repair: {kms_key: alias/data/glue}\n"},
		"key by ARN":             {src: "repair: {kms_key: 'arn:aws:kms:eu-west-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab'}\n"},
		"key by id":              {src: "repair: {kms_key: 1234abcd-12ab-34cd-56ef-1234567890ab, create_key: false}\n"},
		"an alias to make":       {src: "repair: {create_key: alias/our-glue}\n"},
		"repair weaker than one": {src: "require: {ml_transform: SSE-KMS}\nrepair: {mode: SSE-S3}\n"},
		"whole tolerance":        {src: "repair: {metric_tolerance: 1}\n"},

		"misspelt repair field":   {src: "repair: {kms-key: alias/x}\n", errs: []string{`1:10: repair has no field "kms-key"; did you mean "kms_key"?`}},
		"repair to nothing":       {src: "repair: {mode: NONE}\n", errs: []string{`1:16: mode is "NONE"; it must be one of SSE-S3, SSE-KMS`}},
		"key by name":             {src: "repair: {kms_key: our-key}\n", errs: []string{`1:19: kms_key is "our-key"; it must be a KMS key's id or ARN`}},
		"two keys":                {src: "repair: {kms_key: alias/x, create_key: true}\n", errs: []string{"1:40: kms_key names a key and create_key makes one"}, semantic: true},
		"alias of AWS's own":      {src: "repair: {create_key: alias/aws/glue}\n", errs: []string{`1:22: create_key is "alias/aws/glue", but`}, semantic: true},
		"create_key a number":     {src: "repair: {create_key: 1}\n", errs: []string{"1:22: create_key is the number 1; it must be true, false or an alias"}},
		"unknown strategy":        {src: "repair: {strategy: delete}\n", errs: []string{`1:20: strategy is "delete"; it must be one of replace, side-by-side, retire`}},
		"labels without s3":       {src: "repair: {labels_s3: our-bucket/x}\n", errs: []string{`1:21: labels_s3 is "our-bucket/x"; it must be s3://BUCKET/PREFIX/`}},
		"unknown placeholder":     {src: "repair: {labels_s3: 's3://labels-{name}/'}\n", errs: []string{"1:21: labels_s3 has a placeholder that is none"}, semantic: true},
		"none at once":            {src: "repair: {parallel: 0}\n", errs: []string{"1:20: parallel is 0; it must be a whole number from 1 to 1000"}},
		"half at once":            {src: "repair: {parallel: 1.5}\n", errs: []string{"1:20: parallel is the number 1.5; it must be a whole number"}},
		"fewer than none":         {src: "repair: {twins: -1}\n", errs: []string{"1:17: twins is -1; it must be"}},
		"two units":               {src: "repair: {settle: 1m30s}\n", errs: []string{`1:18: settle is "1m30s"; it must be a time span with one unit`}},
		"wait too short":          {src: "repair: {wait_limit: 10s}\n", errs: []string{"1:22: wait_limit is 10s; it must be 1m0s or more"}, semantic: true},
		"no tolerance":            {src: "repair: {metric_tolerance: 0}\n", errs: []string{"1:28: metric_tolerance is 0; it must be a number above 0"}},
		"too tolerant":            {src: "repair: {metric_tolerance: 5.5}\n", errs: []string{"1:28: metric_tolerance is 5.5; it must be"}},
		"tolerance as text":       {src: "repair: {metric_tolerance: low}\n", errs: []string{`1:28: metric_tolerance is the text "low"; it must be`}},
		"grant as text":           {src: "repair: {grant_role: \"yes\"}\n", errs: []string{`1:22: grant_role is the text "yes"; it must be true or false`}},
		"tag without a key":       {src: "repair: {owned_by_code: [\"=x\"]}\n", errs: []string{`1:26: an entry of owned_by_code is "=x"; it must be a tag`}},
		"approvals of everything": {src: "approvals: {}\n"},
		"approvals, yes":          {src: "approvals: {required: yes}\n", errs: []string{`1:23: required is "yes"; it must be one of auto, always, never`}},
		"approvals, true":         {src: "approvals: {four_eyes: true}\n", errs: []string{"1:24: four_eyes is the boolean true; it must be one of auto, always, never"}},
		"approvals, misspelt":     {src: "approvals: {require: always}\n", errs: []string{`1:13: approvals has no field "require"; did you mean "required"?`}},
		"approvals, for no time":  {src: "approvals: {expires: 30s}\n", errs: []string{"1:22: expires is 30s; it must be 1m0s or more"}, semantic: true},
		"approvals, for days":     {src: "approvals: {expires: 7d}\n", errs: []string{`1:22: expires is "7d"; it must be a time span with one unit`}},
		"repair to what fails":    {src: "profile: strict\nrepair: {mode: SSE-S3}\n", errs: []string{"2:16: the policy requires SSE-KMS everywhere"}, semantic: true},

		"not a mapping":        {src: "- profile: sop\n", errs: []string{"1:1: the policy is a list; it must be a mapping (key: value)"}},
		"just text":            {src: "sop\n", errs: []string{`1:1: the policy is the text "sop"; it must be a mapping (key: value)`}},
		"unknown field":        {src: "profile: sop\nregions: [eu-west-1]\n", errs: []string{`2:1: the policy has no field "regions"; it has profile, require, keys, scope, repair, approvals, exceptions, accepted_unread`}},
		"misspelt field":       {src: "exeptions: []\n", errs: []string{`1:1: the policy has no field "exeptions"; did you mean "exceptions"?`}},
		"misspelt inner field": {src: "require:\n  dev_endpont: SSE-KMS\n", errs: []string{`2:3: require has no field "dev_endpont"; did you mean "dev_endpoint"?`}},
		"capital letters":      {src: "Profile: strict\n", errs: []string{`1:1: the policy has no field "Profile"; did you mean "profile"?`}},
		"unknown profile":      {src: "profile: paranoid\n", errs: []string{`1:10: profile is "paranoid"; it must be one of sop, strict`}},
		"misspelt profile":     {src: "profile: strickt\n", errs: []string{`1:10: profile is "strickt"; did you mean "strict"?`}},
		"profile is a number":  {src: "profile: 1\n", errs: []string{"1:10: profile is the number 1; it must be one of sop, strict"}},
		"profile is a boolean": {src: "profile: true\n", errs: []string{"1:10: profile is the boolean true; it must be one of sop, strict"}},
		"no value":             {src: "profile:\nexceptions:\n", errs: []string{"1:9: profile has no value", "2:13: exceptions has no value"}},
		"explicit null":        {src: "scope: null\n", errs: []string{"1:8: scope has no value"}},
		"tilde":                {src: "scope: {accounts: {include: ~}}\n", errs: []string{"1:29: include has no value"}},
		"empty include":        {src: "scope:\n  accounts:\n    include: # 1111\n", errs: []string{"3:14: include has no value"}},
		"mode not for it":      {src: "require: {dev_endpoint: any}\n", errs: []string{`1:25: dev_endpoint is "any"; it must be one of SSE-S3, SSE-KMS`}},
		"ml mode not for it":   {src: "require: {ml_transform: SSE-S3}\n", errs: []string{`1:25: ml_transform is "SSE-S3"; it must be one of any, SSE-KMS`}},
		"mode in small":        {src: "require: {dev_endpoint: sse-kms}\n", errs: []string{`1:25: dev_endpoint is "sse-kms"`}},
		"list for a text":      {src: "profile: [sop]\n", errs: []string{"1:10: profile is a list"}},
		"text for a list":      {src: "keys: {accounts: \"111122223333\"}\n", errs: []string{`1:18: accounts is the text "111122223333"; it must be a list`}},
		"mapping for a list":   {src: "exceptions:\n  control: x\n", errs: []string{"2:3: exceptions is a mapping; it must be a list"}},
		"account not quoted":   {src: "keys: {accounts: [111122223333]}\n", errs: []string{"1:19: an entry of accounts is the number 111122223333; it must be an account id: twelve digits, in quotes"}},
		"account in octal":     {src: "keys: {accounts: [012345670123]}\n", errs: []string{"1:19: an entry of accounts is the number 012345670123"}},
		"account too short":    {src: "keys: {accounts: [\"1111\"]}\n", errs: []string{`1:19: an entry of accounts is "1111"; it must be an account id`}},
		"key is not an ARN":    {src: "keys: {allowed: [alias/glue]}\n", errs: []string{`1:18: an entry of allowed is "alias/glue"; it must be an ARN`}},
		"odd region":           {src: "scope: {regions: {include: [EU West]}}\n", errs: []string{`1:29: an entry of include is "EU West"; it must be a region`}},
		"unknown control":      {src: "scope: {controls: [glue-dev-endpoint-s3-encrypton]}\n", errs: []string{`1:20: control is "glue-dev-endpoint-s3-encrypton"; did you mean "glue-dev-endpoint-s3-encryption"?`}},
		"foreign control":      {src: exceptionWith("control", "s3-bucket-versioning"), errs: []string{`2:14: control is "s3-bucket-versioning"; it must be one of`}},
		"empty reason":         {src: exceptionWith("reason", `""`), errs: []string{`4:13: reason is ""; it must be text, which must not be empty`}},
		"blank owner":          {src: exceptionWith("owner", `"  "`), errs: []string{`5:12: owner is "  "; it must be text`}},
		"owner is a number":    {src: exceptionWith("owner", "7"), errs: []string{"5:12: owner is the number 7; it must be text"}},
		"resource is a name":   {src: exceptionWith("resource", "dev1"), errs: []string{`3:15: resource is "dev1"; it must be an ARN`}},
		"resource is *":        {src: exceptionWith("resource", `"*"`), errs: []string{`3:15: resource is "*"; it must be an ARN`}},
		"date in words":        {src: exceptionWith("expires", "tomorrow"), errs: []string{`6:14: expires is "tomorrow"; it must be a date, YYYY-MM-DD`}},
		"date with time":       {src: exceptionWith("expires", "2027-01-31T00:00:00Z"), errs: []string{`6:14: expires is "2027-01-31T00:00:00Z"; it must be a date`}},
		"short date":           {src: exceptionWith("expires", "2027-1-31"), errs: []string{`6:14: expires is "2027-1-31"; it must be a date`}},
		"year only":            {src: exceptionWith("expires", "2027"), errs: []string{"6:14: expires is the number 2027; it must be a date"}},
		"no such day":          {src: exceptionWith("expires", "2027-02-29"), errs: []string{"6:14: expires is 2027-02-29, which is not in the calendar"}, semantic: true},
		"no such month":        {src: exceptionWith("expires", "2027-13-01"), errs: []string{"6:14: expires is 2027-13-01, which is not in the calendar"}, semantic: true},
		"missing fields":       {src: "exceptions:\n  - control: glue-encryption-key-management\n    reason: x\n", errs: []string{`2:5: an exception must have "resource"`, `2:5: an exception must have "owner"`, `2:5: an exception must have "expires"`}},
		"empty exception":      {src: "exceptions:\n  - {}\n", errs: []string{`2:5: an exception must have "control"`, `"resource"`, `"reason"`, `"owner"`, `"expires"`}},
		"null exception":       {src: "exceptions:\n  -\n", errs: []string{"2:5: an exception has no value"}},
		"bad operation":        {src: "accepted_unread:\n  - {account: \"*\", region: me-*, operation: GetMLTransforms, reason: r, until: 2027-01-31}\n", errs: []string{`2:45: operation is "GetMLTransforms"; it must be an operation such as glue:GetMLTransforms`}},
		"weaker than strict": {
			src:      "profile: strict\nrequire:\n  dev_endpoint: SSE-S3\n  ml_transform: any\n",
			errs:     []string{"3:17: profile strict requires SSE-KMS, so dev_endpoint can't be SSE-S3", "4:17: profile strict requires SSE-KMS, so ml_transform can't be any"},
			semantic: true,
		},
		"several at once": {
			src: "profil: sop\nrequire:\n  dev_endpoint: AES\nscope:\n  regions: eu-west-1\nkeys:\n  accounts: [1]\n",
			errs: []string{
				`1:1: the policy has no field "profil"; did you mean "profile"?`,
				`3:17: dev_endpoint is "AES"; it must be one of SSE-S3, SSE-KMS`,
				`5:12: regions is the text "eu-west-1"; it must be a mapping`,
				`7:14: an entry of accounts is the number 1`,
			},
		},
		"number as a key": {src: "1: sop\n", errs: []string{"1:1: the policy has a key that is not plain text: the number 1"}},
	}
}

type file struct {
	src      string
	errs     []string // line:column: message, without the file
	semantic bool
}

// exceptionWith is a policy with one good exception, one field of which is replaced. The fields stand on lines 2 to 6.
func exceptionWith(field, value string) string {
	fields := []struct{ name, value string }{
		{"control", "glue-dev-endpoint-s3-encryption"},
		{"resource", "arn:aws:glue:eu-west-1:111122223333:devEndpoint/dev1"},
		{"reason", "moving"},
		{"owner", "me"},
		{"expires", "2027-01-31"},
	}
	var b strings.Builder
	b.WriteString("exceptions:\n")
	for i, f := range fields {
		if f.name == field {
			f.value = value
		}
		fmt.Fprintf(&b, "%s %s: %s\n", map[bool]string{true: "  -", false: "   "}[i == 0], f.name, f.value)
	}
	return b.String()
}

func TestDecode(t *testing.T) {
	t.Parallel()
	for name, test := range files() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got, err := policy.Decode("f.yaml", []byte(test.src))
			checkErrors(t, err, test.errs)
			if err != nil && !cmp.Equal(got, policy.Policy{}) {
				t.Errorf("a refused file gave the policy %+v", got)
			}
		})
	}
}

// Things that YAML can do and JSON can't, so that the schema has nothing to say about them.
func TestDecodeYAMLOnly(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		src  string
		errs []string
	}{
		"duplicate key":       {"profile: sop\nprofile: strict\n", []string{`2:1: "profile" is given twice; the first is on line 1`}},
		"inner duplicate key": {"scope:\n  regions: {include: [a], include: [b]}\n", []string{`2:27: "include" is given twice`}},
		"duplicates and more": {"profile: sop\nprofile: x\nkey: 1\n", []string{`2:1: "profile" is given twice`, `3:1: the policy has no field "key"`}},
		"two documents":       {"profile: sop\n---\nprofile: strict\n", []string{"3:1: a policy is one YAML document; this is another one"}},
		"anchor":              {"keys: {allowed: &a []}\n", []string{"1:17: allowed is a YAML anchor or alias, which policies don't use"}},
		"alias":               {"profile: &p sop\nrequire: *p\n", []string{"1:10: profile is a YAML anchor or alias", "2:10: require is a YAML anchor or alias"}},
		"merge key":           {"scope:\n  <<: {controls: []}\n", []string{"2:3: scope has a key that is not plain text: a YAML anchor or alias"}},
		"tag":                 {"profile: !!str sop\n", []string{"1:10: profile is a YAML tag, which policies don't use"}},
		"not YAML":            {"profile: [sop\n", []string{": not valid YAML: "}},
		"tabs":                {"scope:\n\tregions: {}\n", []string{"2:1: not valid YAML: "}},
		"binary":              {"\x00\x01\x02", []string{": "}},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := policy.Decode("f.yaml", []byte(test.src))
			checkErrors(t, err, test.errs)
		})
	}
}

// checkErrors wants exactly these errors, in order, each containing its text and typed *policy.Error.
func checkErrors(t *testing.T, err error, want []string) {
	t.Helper()
	if err == nil {
		if len(want) > 0 {
			t.Errorf("accepted; want %q", want)
		}
		return
	}
	lines := strings.Split(err.Error(), "\n")
	if len(lines) != len(want) {
		t.Fatalf("got %d errors, want %d:\n%s", len(lines), len(want), err)
	}
	for i, line := range lines {
		if !strings.HasPrefix(line, "f.yaml:") || !strings.Contains(line, want[i]) {
			t.Errorf("error %d is\n%s, want\n%s", i, line, want[i])
		}
	}
	var typed *policy.Error
	if !errors.As(err, &typed) || typed.Line < 1 || typed.Column < 1 {
		t.Errorf("error %v is no *policy.Error with a place", err)
	}
}

// Schema accepts what Decode accepts, and what Schema accepts and Decode refuses is a matter of meaning.
func TestSchemaAgreesWithDecode(t *testing.T) {
	t.Parallel()
	schema := compile(t)
	for name, test := range files() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var value any
			if err := yaml.Unmarshal([]byte(test.src), &value); err != nil {
				t.Fatal(err)
			}
			if value == nil {
				value = map[string]any{} // an empty file is an empty mapping
			}
			text, err := json.Marshal(value)
			if err != nil {
				t.Fatalf("not JSON: %v", err)
			}
			if value, err = jsonschema.UnmarshalJSON(bytes.NewReader(text)); err != nil {
				t.Fatal(err)
			}
			refused := schema.Validate(value)
			if wantRefused := len(test.errs) > 0 && !test.semantic; wantRefused != (refused != nil) {
				t.Errorf("the schema says %v; Decode wants %q", refused, test.errs)
			}
		})
	}
}

func compile(t *testing.T) *jsonschema.Schema {
	t.Helper()
	text, err := policy.Schema()
	if err != nil {
		t.Fatal(err)
	}
	doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(text))
	if err != nil {
		t.Fatal(err)
	}
	c := jsonschema.NewCompiler()
	if err := c.AddResource("policy.json", doc); err != nil {
		t.Fatal(err)
	}
	return c.MustCompile("policy.json")
}

func TestSchemaGolden(t *testing.T) {
	t.Parallel()
	got, err := policy.Schema()
	if err != nil {
		t.Fatal(err)
	}
	again, err := policy.Schema()
	if err != nil || !bytes.Equal(got, again) {
		t.Fatalf("the schema is not the same twice: %v", err)
	}
	for _, want := range []string{`"additionalProperties": false`, `"format": "date"`, `"description"`, `"glue-encryption-key-management"`, `"SSE-KMS"`} {
		if !bytes.Contains(got, []byte(want)) {
			t.Errorf("the schema lacks %s", want)
		}
	}
}

func TestDigest(t *testing.T) {
	t.Parallel()
	decode := func(src string) string {
		t.Helper()
		p, err := policy.Decode("f.yaml", []byte(src))
		if err != nil {
			t.Fatal(err)
		}
		return p.Digest()
	}
	e1 := "  - {control: glue-dev-endpoint-s3-encryption, resource: 'arn:a', reason: r, owner: o, expires: 2027-01-31}\n"
	e2 := "  - expires: 2027-01-31\n    owner: o\n    reason: r\n    resource: arn:b\n    control: glue-encryption-key-management\n"
	same := map[string][2]string{
		"empty is the default":        {"", "profile: sop\n"},
		"comments and blank lines":    {"profile: strict\n", "# c\n\nprofile: strict # d\n"},
		"order of keys":               {"profile: sop\nscope: {controls: []}\nkeys: {}\n", "keys: {}\nscope: {controls: []}\nprofile: sop\n"},
		"order of exceptions":         {"exceptions:\n" + e1 + e2, "exceptions:\n" + e2 + e1},
		"an exception given twice":    {"exceptions:\n" + e1, "exceptions:\n" + e1 + e1},
		"order of accounts":           {`keys: {accounts: ["111122223333", "444455556666"]}`, `keys: {accounts: ["444455556666", "111122223333"]}`},
		"what the profile says":       {"profile: strict\n", "profile: strict\nrequire: {dev_endpoint: SSE-KMS}\n"},
		"empty lists and none":        {"", "exceptions: []\nkeys: {allowed: []}\n"},
		"flow and block":              {"require: {dev_endpoint: SSE-KMS}\n", "require:\n  dev_endpoint: SSE-KMS\n"},
		"quotes":                      {"profile: strict\n", "profile: \"strict\"\n"},
		"a repair of defaults":        {"", "repair: {parallel: 4, settle: 30s, strategy: replace, create_key: false, owned_by_code: []}\n"},
		"approvals of defaults":       {"", "approvals: {required: auto, four_eyes: auto, expires: 24h}\n"},
		"one day in two units":        {"approvals: {expires: 120m}\n", "approvals: {expires: 2h}\n"},
		"one time in two units":       {"repair: {settle: 60s}\n", "repair: {settle: 1m}\n"},
		"a file and its JSON version": {"profile: strict\n", `{"profile": "strict"}`},
	}
	for name, pair := range same {
		if decode(pair[0]) != decode(pair[1]) {
			t.Errorf("%s: the digests differ", name)
		}
	}
	seen := map[string]string{}
	for _, src := range []string{
		"", "profile: strict\n", "require: {dev_endpoint: SSE-KMS}\n", "require: {ml_transform: SSE-KMS}\n",
		"require: {dev_endpoint: SSE-KMS, ml_transform: SSE-KMS}\n", "keys: {accounts: [\"111122223333\"]}\n",
		"scope: {accounts: {include: [\"111122223333\"]}}\n", "scope: {accounts: {exclude: [\"111122223333\"]}}\n",
		"scope: {regions: {include: [eu-west-1]}}\n", "exceptions:\n" + e1, "exceptions:\n" + e2, "exceptions:\n" + e1 + e2,
		"repair: {mode: SSE-S3}\n", "repair: {mode: SSE-KMS}\n", "repair: {settle: 31s}\n", "repair: {owned_by_code: [a]}\n",
		"approvals: {required: always}\n", "approvals: {required: never}\n", "approvals: {four_eyes: never}\n", "approvals: {expires: 1h}\n",
	} {
		d := decode(src)
		if other, ok := seen[d]; ok {
			t.Errorf("%q and %q mean different things but have one digest", src, other)
		}
		seen[d] = src
		if !strings.HasPrefix(d, "sha256:") || len(d) != 7+64 {
			t.Errorf("digest %q has not the form sha256:…", d)
		}
	}
	if got := policy.Default(policy.SOP).Digest(); got != decode("") {
		t.Errorf("Default(SOP) has digest %s, an empty file %s", got, decode(""))
	}
	if policy.Default(policy.SOP).WithProfile(policy.Strict).Digest() != policy.Default(policy.Strict).Digest() {
		t.Error("WithProfile(strict) of the default must be the strict default")
	}
}

func FuzzDecode(f *testing.F) {
	for _, test := range files() {
		f.Add([]byte(test.src))
	}
	for _, src := range []string{"a: &a [*a]\n", "? x\n: y\n", "!!map {}\n", "- - - a\n", "%YAML 1.2\n---\n", "\xff\xfe", "a: |2\n  b\n"} {
		f.Add([]byte(src))
	}
	f.Fuzz(func(t *testing.T, src []byte) {
		p, err := policy.Decode("f.yaml", src)
		if err != nil {
			var typed *policy.Error
			if !errors.As(err, &typed) {
				t.Fatalf("error %v is no *policy.Error", err)
			}
			return
		}
		again, err := policy.Decode("f.yaml", src)
		if err != nil || again.Digest() != p.Digest() {
			t.Fatalf("decoding twice gave %v and %v, %v", p, again, err)
		}
	})
}
