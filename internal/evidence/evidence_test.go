package evidence_test

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	attestation "github.com/in-toto/attestation/go/v1"
	"google.golang.org/protobuf/encoding/protojson"
	"pgregory.net/rapid"

	"github.com/glueguard/glueguard/internal/change"
	"github.com/glueguard/glueguard/internal/control"
	"github.com/glueguard/glueguard/internal/evidence"
	"github.com/glueguard/glueguard/internal/finding"
	"github.com/glueguard/glueguard/internal/plan"
	"github.com/glueguard/glueguard/internal/resource"
	"github.com/glueguard/glueguard/internal/store"
)

func at(minute int) time.Time { return time.Date(2026, 11, 23, 9, minute, 0, 0, time.UTC) }

// memory is a store of one audit, one plan and one change.
type memory struct {
	audit    store.Audit
	coverage []resource.Coverage
	facts    []resource.Record
	findings []finding.Finding
	deeds    []store.Deed
	broken   error // of the trail
	policies map[string][]byte
	plans    map[string][]byte
	entries  []change.Entry
}

func (m *memory) Audit(_ context.Context, id string) (store.Audit, error) {
	if id != m.audit.ID {
		return store.Audit{}, store.ErrNotFound
	}
	return m.audit, nil
}

func (m *memory) EachAudit(_ context.Context, yield func(store.Audit) error) error {
	return yield(m.audit)
}

func (m *memory) EachCoverage(_ context.Context, _ string, yield func(resource.Coverage) error) error {
	return each(m.coverage, yield)
}

func (m *memory) EachFinding(_ context.Context, _ string, yield func(finding.Finding) error) error {
	return each(m.findings, yield)
}

func (m *memory) EachFacts(_ context.Context, _ string, yield func(resource.Record) error) error {
	return each(m.facts, yield)
}

func (m *memory) Policy(_ context.Context, digest string) ([]byte, error) {
	if p, ok := m.policies[digest]; ok {
		return p, nil
	}
	return nil, store.ErrNotFound
}

func each[T any](list []T, yield func(T) error) error {
	for _, v := range list {
		if err := yield(v); err != nil {
			return err
		}
	}
	return nil
}

func (m *memory) Plan(_ context.Context, digest string) ([]byte, error) {
	if p, ok := m.plans[digest]; ok {
		return p, nil
	}
	return nil, store.ErrNotFound
}

func (m *memory) Change(_ context.Context, id string) (*change.Change, error) {
	if !strings.HasPrefix("change-1", id) {
		return nil, store.ErrNotFound
	}
	return change.Fold(m.entries)
}

func (m *memory) Entries(context.Context, string) ([]change.Entry, error) { return m.entries, nil }

func (m *memory) EachSummary(_ context.Context, _ store.ChangeFilter, yield func(store.Summarized) error) error {
	c, err := change.Fold(m.entries)
	if err != nil {
		return err
	}
	return yield(store.Summarize(c))
}

// planted are secrets, and where they stand: what may never be in a bundle.
func planted() []string {
	return []string{
		"hunter2-in-argument", "s3cr3t-in-a-tag", "p4ss:w@rd", "opt-in-table-options", "AKIAIOSFODNN7EXAMPLE", "pem-body-of-a-key",
		"eyJhbGciOi.J9eyJzdWI.c2ln", "abc123signature", "plain-word", "label-of-team", "wJalrXUtnFEMI/K7MDENG", "short1",
	}
}

func definition(name string) resource.EndpointDefinition {
	return resource.EndpointDefinition{
		Name: name, RoleARN: "arn:aws:iam::111111111111:role/glue", NumberOfNodes: 2, PublicKey: "ssh-rsa AAAAB3 ann@example",
		Arguments: map[string]string{"--password": "hunter2-in-argument", "--jdbc": "jdbc:mysql://ann:p4ss:w@rd@db/x", "--region": "us-east-1", "--pin": "short1"},
		Tags:      map[string]string{"team": "s3cr3t-in-a-tag", "glueguard:change": "change-1", "aws:cloudformation:stack-name": "data"},
	}
}

func world(t testing.TB) *memory {
	t.Helper()
	ref := resource.Ref{
		Type: resource.TypeDevEndpoint, ARN: "arn:aws:glue:us-east-1:111111111111:devEndpoint/dev1", Name: "dev1", Account: "111111111111",
		Region: "us-east-1", Tags: map[string]string{"team": "s3cr3t-in-a-tag", "owner": "label-of-team"},
	}
	d := definition("dev1")
	detail := &resource.EndpointDetail{Definition: d, ARN: ref.ARN, Status: "READY", CreatedAt: at(0), FailureReason: "bad argument hunter2-in-argument"}
	item := plan.Item{
		Resource: ref, Location: resource.Location{Partition: "aws", Account: "111111111111", Region: "us-east-1"}, Identity: detail.Identity(),
		Strategy: plan.SideBySide, From: resource.ModeNone, To: resource.ModeSSES3, Endpoint: detail,
		Attributes: []plan.Attribute{
			{Name: "arguments.--password", Before: "hunter2-in-argument", After: "hunter2-in-argument"},
			{Name: "tags.team", Before: "s3cr3t-in-a-tag", After: ""},
			{Name: "tags.aws:cloudformation:stack-name", Before: "data"},
			{Name: "input_record_tables.0.additional_options.x", Before: "opt-in-table-options"},
			{Name: "glue_version", Before: "1.0", After: "1.0"},
		},
		Steps: []plan.Step{{Name: "create-twin", Kind: plan.CreateEndpoint, Role: plan.Twin, Endpoint: &d, Summary: "create with short1"}},
	}
	p, err := plan.Seal(plan.Plan{Schema: plan.Schema, CreatedAt: at(1), Policy: plan.PolicyRef{Profile: "sop"}, Changes: []plan.Item{item}})
	if err != nil {
		t.Fatal(err)
	}
	document, err := p.Encode()
	if err != nil {
		t.Fatal(err)
	}
	transform := &resource.TransformDetail{Definition: resource.TransformDefinition{
		Name: "tfm", Description: "key -----BEGIN RSA PRIVATE KEY-----\npem-body-of-a-key\n-----END RSA PRIVATE KEY----- and bearer eyJhbGciOi.J9eyJzdWI.c2ln",
		InputTables: []resource.GlueTable{{DatabaseName: "db", TableName: "t", AdditionalOptions: map[string]string{"x": "opt-in-table-options"}}},
	}}
	entries := []change.Entry{
		{Kind: change.Opened, Head: &change.Head{ID: "change-1", PlanDigest: p.Digest, Item: p.Changes[0], By: "arn:aws:iam::111111111111:user/ann"}},
		{Kind: change.Began, Phase: change.Apply, Steps: p.Changes[0].Steps, State: change.Done},
		{Kind: change.Intended, Step: "create-twin"},
		{Kind: change.Retried, Step: "create-twin", Trouble: &change.Trouble{
			Code: "X", Message: "AKIAIOSFODNN7EXAMPLE refused hunter2-in-argument in us-east-1; password = plain-word, aws_secret_access_key=wJalrXUtnFEMI/K7MDENG",
			Differences: []change.Difference{{Attribute: "tags.team", Want: "s3cr3t-in-a-tag", Got: "label-of-team"}, {Attribute: "arguments.--password", Want: "hunter2-in-argument"}},
		}},
		{Kind: change.Noted, Text: "see https://b.s3.amazonaws.com/k?X-Amz-Signature=abc123signature&x=1", Facts: &change.Facts{Transform: transform}},
	}
	for i := range entries {
		entries[i].Seq, entries[i].At = i+1, at(2+i)
	}
	return &memory{
		audit: store.Audit{
			ID: "audit-1", StartedAt: at(0), FinishedAt: at(1), PolicyProfile: "sop", PolicyDigest: "sha256:ab", Summary: store.Summary{Fail: 1, Locations: 1},
		},
		coverage: []resource.Coverage{{Account: "111111111111", Region: "us-east-1", Operation: "glue:GetDevEndpoints", Status: resource.CoverageOK, Items: 1}},
		findings: []finding.Finding{{ID: "f1", Outcome: control.Outcome{
			Control: control.DevEndpointS3, Status: control.Fail, Reason: "no-security-configuration", Resource: ref,
			Message: "the tag says label-of-team", Encryption: control.Encryption{Mode: resource.ModeNone},
		}}},
		facts: []resource.Record{{
			Type: ref.Type, ARN: ref.ARN, ID: ref.Name, Name: ref.Name, Account: ref.Account, Region: ref.Region, State: resource.RecordKnown,
			Facts: json.RawMessage(`{"name":"dev1","failure_reason":"of s3cr3t-in-a-tag","tags":{"team":"s3cr3t-in-a-tag","glueguard:change":"change-1"}}`),
		}},
		policies: map[string][]byte{"sha256:ab": []byte(`{"Profile":"sop","Exceptions":[]}`)},
		plans:    map[string][]byte{p.Digest: document},
		entries:  entries,
	}
}

func key(t testing.TB, seed byte) evidence.PrivateKey {
	t.Helper()
	k, err := evidence.GenerateKey(bytes.NewReader(bytes.Repeat([]byte{seed}, 64)))
	if err != nil {
		t.Fatal(err)
	}
	return k
}

func export(t testing.TB, m *memory, s evidence.Selection) []byte {
	t.Helper()
	var b bytes.Buffer
	if _, err := evidence.Export(t.Context(), &b, m, evidence.Options{Selection: s, Tool: "glueguard test", Now: at(30), Signer: key(t, 1)}); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// open takes a bundle apart.
func open(t testing.TB, bundle []byte) map[string][]byte {
	t.Helper()
	files := map[string][]byte{}
	r := tar.NewReader(bytes.NewReader(bundle))
	for {
		h, err := r.Next()
		if errors.Is(err, io.EOF) {
			return files
		}
		if err != nil {
			t.Fatal(err)
		}
		if files[h.Name], err = io.ReadAll(r); err != nil {
			t.Fatal(err)
		}
	}
}

func unzip(t testing.TB, packed []byte) []byte {
	t.Helper()
	z, err := gzip.NewReader(bytes.NewReader(packed))
	if err != nil {
		t.Fatal(err)
	}
	text, err := io.ReadAll(z)
	if err != nil {
		t.Fatal(err)
	}
	return text
}

func kinds(t testing.TB, bundle []byte) []string {
	t.Helper()
	var all []string
	for line := range bytes.Lines(unzip(t, open(t, bundle)["records.jsonl.gz"])) {
		var r evidence.Record
		if err := json.Unmarshal(line, &r); err != nil {
			t.Fatal(err)
		}
		all = append(all, string(r.Kind))
	}
	return all
}

func TestExport(t *testing.T) {
	t.Parallel()
	audit, journal := []string{"audit", "policy", "coverage", "fact", "finding"}, []string{"plan", "entry", "entry", "entry", "entry", "entry", "change"}
	for name, c := range map[string]struct {
		selection evidence.Selection
		want      []string
	}{
		"an audit":            {evidence.Selection{Audit: "audit-1"}, audit},
		"a change":            {evidence.Selection{Change: "change"}, journal},
		"since before":        {evidence.Selection{Since: at(0)}, append(append([]string{}, audit...), journal...)},
		"since the audit":     {evidence.Selection{Since: at(1)}, journal},
		"since after all":     {evidence.Selection{Since: at(29)}, nil},
		"since the last word": {evidence.Selection{Since: at(6)}, journal},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			bundle := export(t, world(t), c.selection)
			if diff := cmp.Diff(append([]string{"about"}, c.want...), kinds(t, bundle)); diff != "" {
				t.Error(diff)
			}
			if again := export(t, world(t), c.selection); !bytes.Equal(bundle, again) {
				t.Error("the same evidence is not the same bytes")
			}
			public := key(t, 1).PublicKey()
			got, err := evidence.Check(t.Context(), bytes.NewReader(bundle), &public)
			if err != nil {
				t.Fatal(err)
			}
			if got.Records != len(c.want)+1 || !got.Trusted || got.Tool != "glueguard test" || !got.MadeAt.Equal(at(30)) {
				t.Errorf("checked: %+v", got)
			}
		})
	}
	t.Run("nothing of that name", func(t *testing.T) {
		t.Parallel()
		_, err := evidence.Export(t.Context(), io.Discard, world(t), evidence.Options{Selection: evidence.Selection{Audit: "x"}, Signer: key(t, 1)})
		if !errors.Is(err, store.ErrNotFound) {
			t.Error(err)
		}
	})
	t.Run("a policy that is not in the state", func(t *testing.T) {
		t.Parallel()
		m := world(t)
		m.policies = nil
		text := unzip(t, open(t, export(t, m, evidence.Selection{Audit: "audit-1"}))["records.jsonl.gz"])
		if !bytes.Contains(text, []byte(`"body":{"digest":"sha256:ab","missing":true}`)) {
			t.Errorf("%s", text)
		}
	})
	t.Run("a policy is there as its digest was taken of it", func(t *testing.T) {
		t.Parallel()
		text := unzip(t, open(t, export(t, world(t), evidence.Selection{Audit: "audit-1"}))["records.jsonl.gz"])
		if !bytes.Contains(text, []byte(`"document":"{\"Profile\":\"sop\",\"Exceptions\":[]}"`)) {
			t.Errorf("%s", text)
		}
	})
	t.Run("a plan that is not in the state", func(t *testing.T) {
		t.Parallel()
		m := world(t)
		m.plans = nil
		text := unzip(t, open(t, export(t, m, evidence.Selection{Change: "change-1"}))["records.jsonl.gz"])
		if !bytes.Contains(text, []byte(`"missing":true`)) {
			t.Errorf("%s", text)
		}
	})
}

func TestNoSecretIsInABundle(t *testing.T) {
	t.Parallel()
	for name, s := range map[string]evidence.Selection{
		"an audit": {Audit: "audit-1"}, "a change": {Change: "change-1"}, "everything": {Since: at(0)},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			bundle := export(t, world(t), s)
			text := string(unzip(t, open(t, bundle)["records.jsonl.gz"]))
			for _, secret := range planted() {
				for _, in := range []string{text, string(bundle), text + string(open(t, bundle)["evidence.dsse.json"])} {
					if i := strings.Index(in, secret); i >= 0 {
						t.Errorf("%s is in the bundle: …%s…", secret, in[max(0, i-80):min(len(in), i+80)])
					}
				}
			}
			private, err := key(t, 1).PEM()
			if err != nil {
				t.Fatal(err)
			}
			if strings.Contains(string(bundle), strings.Split(string(private), "\n")[1]) {
				t.Error("the private key is in the bundle")
			}
			if !strings.Contains(text, "arn:aws:glue:us-east-1:111111111111:devEndpoint/dev1") {
				t.Error("the facts are gone")
			}
		})
	}
}

func TestEqualSecretsHaveEqualNumbers(t *testing.T) {
	t.Parallel()
	text := string(unzip(t, open(t, export(t, world(t), evidence.Selection{Change: "change-1"}))["records.jsonl.gz"]))
	const arguments = `"--jdbc":"(redacted 4)","--password":"(redacted 1)","--pin":"(redacted 5)","--region":"(redacted 6)"`
	if strings.Count(text, arguments) < 4 {
		t.Errorf("the arguments are not shown as equal:\n%s", text)
	}
	for _, want := range []string{
		`"glueguard:change":"change-1"`, `"aws:cloudformation:stack-name":"data"`, `"public_key":"ssh-rsa AAAAB3 ann@example"`,
		`refused (redacted 1) in us-east-1; password = (redacted `, `"name":"tags.aws:cloudformation:stack-name"`, `"before":"data"`,
	} {
		if !strings.Contains(text, want) {
			t.Errorf("%s is not there", want)
		}
	}
}

// small is a bundle whose every byte can be tried.
func small(t testing.TB) []byte { return export(t, world(t), evidence.Selection{Audit: "audit-1"}) }

func broken(t testing.TB, bundle []byte, trusted *evidence.PublicKey) *evidence.BrokenError {
	t.Helper()
	_, err := evidence.Check(t.Context(), bytes.NewReader(bundle), trusted)
	var b *evidence.BrokenError
	if err != nil && !errors.As(err, &b) {
		t.Fatalf("%T %v", err, err)
	}
	return b
}

func TestEveryFlippedByteIsFound(t *testing.T) {
	t.Parallel()
	bundle, public := small(t), key(t, 1).PublicKey()
	for i := range bundle {
		if testing.Short() && i%7 > 0 { // a member's name, size and content are hundreds of bytes long
			continue
		}
		for _, trusted := range []*evidence.PublicKey{nil, &public} {
			if i%2 == 0 == (trusted == nil) {
				continue // each byte once, by turns with and without the key
			}
			changed := bytes.Clone(bundle)
			changed[i] ^= 1 << (i / 2 % 8)
			if broken(t, changed, trusted) == nil {
				t.Errorf("byte %d of %d (%q) can be changed", i, len(bundle), bundle[i])
			}
		}
	}
}

func TestAnyChangeIsFound(t *testing.T) {
	t.Parallel()
	bundle, public := small(t), key(t, 1).PublicKey()
	rapid.Check(t, func(r *rapid.T) {
		changed := bytes.Clone(bundle)
		i := rapid.IntRange(0, len(bundle)-1).Draw(r, "at")
		switch rapid.SampledFrom([]string{"flip", "cut", "insert", "remove", "append"}).Draw(r, "how") {
		case "flip":
			changed[i] ^= byte(rapid.IntRange(1, 255).Draw(r, "mask"))
		case "cut":
			changed = changed[:i]
		case "insert":
			changed = append(changed[:i:i], append([]byte{rapid.Byte().Draw(r, "byte")}, changed[i:]...)...)
		case "remove":
			changed = append(changed[:i:i], changed[i+1:]...)
		case "append":
			changed = append(changed, rapid.SliceOfN(rapid.Byte(), 1, 1024).Draw(r, "more")...)
		}
		if bytes.Equal(changed, bundle) {
			return
		}
		if broken(t, changed, &public) == nil {
			r.Fatal("not found")
		}
	})
}

// repack writes a bundle again with other records, everything else as it was.
func repack(t testing.TB, bundle []byte, rewrite func(lines []string) []string) []byte {
	t.Helper()
	files := open(t, bundle)
	lines := strings.Split(strings.TrimSuffix(string(unzip(t, files["records.jsonl.gz"])), "\n"), "\n")
	var packed bytes.Buffer
	z := gzip.NewWriter(&packed)
	for _, line := range rewrite(lines) {
		if _, err := io.WriteString(z, line+"\n"); err != nil {
			t.Fatal(err)
		}
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	files["records.jsonl.gz"] = packed.Bytes()
	var out bytes.Buffer
	w := tar.NewWriter(&out)
	for _, name := range []string{"README.md", "SHA256SUMS", "evidence.dsse.json", "public-key.pem", "records.jsonl.gz"} {
		h := &tar.Header{Typeflag: tar.TypeReg, Name: name, Size: int64(len(files[name])), Mode: 0o644, ModTime: time.Unix(0, 0), Format: tar.FormatUSTAR}
		if err := errors.Join(w.WriteHeader(h)); err != nil {
			t.Fatal(err)
		}
		if _, err := w.Write(files[name]); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

func TestTheFirstBrokenRecordIsNamed(t *testing.T) {
	t.Parallel()
	bundle := export(t, world(t), evidence.Selection{Since: at(0)}) // 13 records
	fail := func(line string) string { return strings.Replace(line, `"fail"`, `"pass"`, 1) }
	for name, c := range map[string]struct {
		rewrite func([]string) []string
		record  int
		reason  string
	}{
		"a verdict changed": {func(l []string) []string { l[5] = fail(l[5]); return l }, 6, "content was changed"},
		"the last changed":  {func(l []string) []string { l[12] = strings.Replace(l[12], "running", "done", 1); return l }, 13, "not the signed one"},
		"the first changed": {func(l []string) []string { l[0] = strings.Replace(l[0], "glueguard test", "x", 1); return l }, 1, "content was changed"},
		"two changed": {func(l []string) []string {
			l[5], l[9] = fail(l[5]), l[9]+" "
			return l
		}, 6, "content was changed"},
		"one taken out":  {func(l []string) []string { return append(l[:4:4], l[5:]...) }, 5, "missing or was moved"},
		"the last gone":  {func(l []string) []string { return l[:12] }, 13, "there were 13 records"},
		"all gone":       {func([]string) []string { return nil }, 1, "there were 13 records"},
		"two swapped":    {func(l []string) []string { l[2], l[3] = l[3], l[2]; return l }, 3, "missing or was moved"},
		"no JSON":        {func(l []string) []string { l[5] = l[5][1:]; return l }, 6, "no record any more"},
		"a link changed": {func(l []string) []string { l[5] = strings.Replace(l[5], `"prev":"`, `"prev":"0`, 1); return l }, 6, "does not follow"},
		"one added": {func(l []string) []string {
			return append(l, strings.Replace(l[12], `"seq":13`, `"seq":14`, 1))
		}, 14, ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := broken(t, repack(t, bundle, c.rewrite), nil)
			if b == nil || b.Record != c.record || !strings.Contains(b.Reason, c.reason) {
				t.Errorf("%v, want record %d: %s", b, c.record, c.reason)
			}
		})
	}
	t.Run("packed otherwise", func(t *testing.T) {
		t.Parallel()
		b := broken(t, repack(t, bundle, func(l []string) []string { return l }), nil)
		if b != nil {
			t.Errorf("the same bytes are broken: %v", b)
		}
	})
}

func TestAnotherSignerIsFoundByTheKeyOnly(t *testing.T) {
	t.Parallel()
	bundle, other := small(t), key(t, 2).PublicKey()
	if b := broken(t, bundle, &other); b == nil || b.Member != "public-key.pem" {
		t.Errorf("checked with another's key: %v", b)
	}
	got, err := evidence.Check(t.Context(), bytes.NewReader(bundle), nil)
	if err != nil || got.Trusted {
		t.Errorf("%+v, %v", got, err)
	}
}

func TestInTotoReadsTheStatement(t *testing.T) {
	t.Parallel()
	files := open(t, small(t))
	var envelope struct{ Payload string }
	if err := json.Unmarshal(files["evidence.dsse.json"], &envelope); err != nil {
		t.Fatal(err)
	}
	payload, err := base64.StdEncoding.DecodeString(envelope.Payload)
	if err != nil {
		t.Fatal(err)
	}
	var s attestation.Statement
	if err := protojson.Unmarshal(payload, &s); err != nil {
		t.Fatal(err)
	}
	if err := s.Validate(); err != nil {
		t.Error(err)
	}
	if len(s.GetSubject()) != 3 || s.GetPredicateType() != evidence.PredicateType {
		t.Errorf("%s", payload)
	}
}

func TestTheReadmesCommands(t *testing.T) {
	t.Parallel()
	checkByHand(t, export(t, world(t), evidence.Selection{Since: at(0)}))
}

// checkByHand gives the commands of the bundle's README, as an auditor would, to it as it is and to it changed.
func checkByHand(t *testing.T, bundle []byte) {
	t.Helper()
	for _, tool := range []string{"sh", "tar", "sha256sum", "openssl", "gzip", "sed", "base64"} {
		if _, err := exec.LookPath(tool); err != nil {
			t.Skipf("without %s: %v", tool, err)
		}
	}
	var script strings.Builder
	for line := range strings.Lines(string(open(t, bundle)["README.md"])) {
		if command, ok := strings.CutPrefix(line, "       "); ok {
			script.WriteString(command)
		}
	}
	run := func(t *testing.T, bundle []byte) string {
		dir := t.TempDir()
		if err := os.WriteFile(filepath.Join(dir, "evidence.tar"), bundle, 0o600); err != nil {
			t.Fatal(err)
		}
		cmd := exec.CommandContext(t.Context(), "sh", "-c", script.String())
		cmd.Dir = dir
		out, _ := cmd.CombinedOutput() // what it prints is what the auditor goes by
		return string(out)
	}
	got, err := evidence.Check(t.Context(), bytes.NewReader(bundle), nil)
	if err != nil {
		t.Fatal(err)
	}
	good := run(t, bundle)
	ways := 1 // to go along the chain
	if _, err := exec.LookPath("python3"); err == nil {
		ways++
	}
	for want, times := range map[string]int{
		"records.jsonl.gz: OK": 2, "README.md: OK": 2, "public-key.pem: OK": 2, "evidence.dsse.json: OK": 1, got.KeyID + "  -": 1, "erified": 1, got.Head: 1 + ways,
	} {
		if n := strings.Count(good, want); n != times {
			t.Errorf("%q is there %d times, not %d:\n%s", want, n, times, good)
		}
	}
	bad := run(t, repack(t, bundle, func(l []string) []string { l[5] = strings.Replace(l[5], `"fail"`, `"pass"`, 1); return l }))
	for want, times := range map[string]int{"records.jsonl.gz: FAILED": 2, "broken at record 7": ways} {
		if n := strings.Count(bad, want); n != times {
			t.Errorf("%q is there %d times, not %d:\n%s", want, n, times, bad)
		}
	}
}
