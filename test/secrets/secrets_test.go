package secrets

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/glueguard/glueguard/internal/cli"
	"github.com/glueguard/glueguard/internal/report"
	"github.com/glueguard/glueguard/internal/resource"
	"github.com/glueguard/glueguard/internal/store"
	"github.com/glueguard/glueguard/internal/store/sqlite"
)

// user sits before a program in this process, in a folder of their own.
type user struct {
	*testing.T
	*estate
	dir    string
	leaks  map[string]bool // what was said already
	looked map[place]int   // bytes
}

// TestNoSecretComesToLight is not parallel to anything: the SDK reads the process's own environment.
func TestNoSecretComesToLight(t *testing.T) {
	u := &user{T: t, estate: newEstate(t, newSecrets()), dir: t.TempDir(), leaks: map[string]bool{}, looked: map[place]int{}}
	for name, value := range map[string]string{
		"AWS_ENDPOINT_URL": u.url, "AWS_ACCESS_KEY_ID": account, "AWS_SECRET_ACCESS_KEY": u.secrets["accesskey"], "AWS_SESSION_TOKEN": u.secrets["session"],
		"AWS_REGION": region, "AWS_PROFILE": "", "AWS_CONFIG_FILE": os.DevNull, "AWS_SHARED_CREDENTIALS_FILE": os.DevNull,
		"HOME": u.dir, "XDG_STATE_HOME": filepath.Join(u.dir, "state"),
	} {
		t.Setenv(name, value)
	}
	t.Chdir(u.dir)
	u.audits()
	t.Setenv("AWS_SESSION_TOKEN", "") // nothing is deleted under credentials that end soon
	u.repairsEndpoint()
	u.repairsTransform()
	u.followsProcedures()
	u.getsRefused()
	u.handsOver()
	u.looksIntoFiles()
	for _, p := range []place{screen, answers, reports, plans, state, bundles, facts, keyFile} {
		if u.looked[p] == 0 {
			t.Errorf("nothing was looked at of %s", p)
		}
	}
	u.provesThatItLooks()
}

// run runs a command, looks at what it printed, and returns its status and standard output.
func (u *user) run(where place, args ...string) (status int, stdout string) {
	u.Helper()
	var out, err bytes.Buffer
	status = cli.Main(u.Context(), cli.Env{
		Args: args, Stdin: strings.NewReader(""), Stdout: &out, Stderr: &err, LookupEnv: os.LookupEnv, Now: time.Now,
		NewID:         func() string { return fmt.Sprintf("id-%d", time.Now().UnixNano()) },
		Interruptible: context.WithCancel, TuneMemory: func(int64) {},
		Operator: func() store.Actor { return store.Actor{Kind: store.ActorCommand, Name: "ann"} },
	})
	name := "glueguard " + strings.Join(args, " ")
	u.look(where, name+", standard output", out.Bytes())
	u.look(screen, name+", standard error", err.Bytes())
	u.Logf("%s: %d\n%s", name, status, err.String())
	return status, out.String()
}

// must runs a command that ends with one of these states.
func (u *user) must(where place, want []int, args ...string) string {
	u.Helper()
	status, out := u.run(where, args...)
	if !slices.Contains(want, status) {
		u.Fatalf("glueguard %s: status %d, want %v", strings.Join(args, " "), status, want)
	}
	return out
}

func done() []int { return []int{0} }

// look searches a text, and what is base64 in it, for what must not be there.
func (u *user) look(where place, name string, text []byte) {
	u.Helper()
	u.looked[where] += len(text)
	for kind, p := range kinds() {
		if p.may(where) {
			continue
		}
		i := bytes.Index(text, []byte(u.secrets[kind]))
		if i < 0 && !hidden(text, u.secrets[kind]) || u.leaks[kind+name] {
			continue
		}
		u.leaks[kind+name] = true
		u.Errorf("%s is in %s (%s): …%q…", p.what, name, where, text[max(0, i-120):min(len(text), i+60)])
	}
}

// hidden tells whether a text holds a word in base64, at any of the three offsets that it may have in it.
func hidden(text []byte, word string) bool {
	for offset := range 3 {
		encoded := base64.StdEncoding.EncodeToString([]byte(strings.Repeat("-", offset) + word))
		// The ends depend on what stands beside the word.
		if bytes.Contains(text, []byte(encoded[4:len(encoded)-4])) {
			return true
		}
	}
	return false
}

// audits writes every report there is.
func (u *user) audits() {
	args := []string{"audit", "--region", region, "-o", "table"}
	for _, f := range report.Names() {
		args = append(args, "-o", f+"=audit."+f)
	}
	u.must(reports, []int{2}, args...)
	for _, f := range report.Names() {
		u.must(reports, done(), "report", "-o", f)
	}
	for _, f := range report.FrameworkFormatNames() {
		u.must(reports, done(), "report", "--framework", "pci-dss-4.0", "-o", f)
	}
}

// repairsEndpoint goes through a whole change, and back.
func (u *user) repairsEndpoint() {
	u.must(screen, done(), "plan", "--region", region, "--resource", "planted", "--mode", "SSE-S3", "--accept-unchecked", "--out", "endpoint.plan")
	u.must(plans, done(), "plan", "--region", region, "--resource", "planted", "--mode", "SSE-S3", "--accept-unchecked", "-o", "json")
	u.must(screen, done(), "plan", "--region", region, "--resource", "planted", "--mode", "SSE-S3", "--accept-unchecked", "-o", "markdown")
	u.must(screen, done(), "plan", "show", "endpoint.plan")
	u.must(screen, []int{1}, "apply", "endpoint.plan") // nobody to ask
	u.must(screen, done(), "apply", "endpoint.plan", "--auto-approve", "-o", "json")
	id := u.changes(1)[0]
	u.must(screen, done(), "verify", id)
	u.must(screen, done(), "verify", id, "-o", "json")
	u.must(screen, done(), "backout", id, "--auto-approve")
	u.must(screen, done(), "changes", "show", id)
	u.must(screen, done(), "changes", "show", id, "-o", "json")
}

// changes lists changes and returns their ids, the newest first.
func (u *user) changes(want int) []string {
	u.Helper()
	u.must(screen, done(), "changes")
	var listed struct {
		Changes []struct{ ID string }
	}
	if err := json.Unmarshal([]byte(u.must(screen, done(), "changes", "-o", "json")), &listed); err != nil {
		u.Fatal(err)
	}
	if len(listed.Changes) != want {
		u.Fatalf("%d changes, want %d", len(listed.Changes), want)
	}
	var ids []string
	for _, c := range listed.Changes {
		ids = append(ids, c.ID)
	}
	return ids
}

// repairsTransform moves labels, and rewrites the job's arguments.
func (u *user) repairsTransform() {
	u.must(screen, done(), "plan", "--region", region, "--resource", "planted-match", "--mode", "SSE-KMS", "--kms-key", "alias/key-pass",
		"--labels-s3", "s3://"+bucket+"/moved/", "--repoint-jobs", "--accept-unchecked", "--out", "transform.plan")
	u.must(screen, done(), "apply", "transform.plan", "--auto-approve")
	id := u.changes(2)[0]
	u.must(screen, done(), "changes", "show", id, "-o", "json")
	u.must(screen, done(), "changes", "show", id)
	u.must(screen, []int{0, 1, 2}, "finalize", id, "--auto-approve", "--accept-irreversible")
	u.must(screen, done(), "orphans", "--region", region)
	u.must(screen, done(), "cleanup", "--region", region, "--auto-approve")
}

// followsProcedures gives the procedures' commands.
func (u *user) followsProcedures() {
	for _, format := range []string{"json", "yaml", "text", "table"} {
		u.must(answers, done(), "glue", "get-dev-endpoints", "--output", format)
		u.must(answers, done(), "glue", "get-dev-endpoint", "--endpoint-name", "planted", "--output", format)
		u.must(answers, done(), "glue", "get-ml-transforms", "--output", format)
		u.must(answers, done(), "glue", "get-ml-transform", "--transform-id", u.transform, "--output", format)
	}
	u.must(answers, done(), "glue", "update-dev-endpoint", "--endpoint-name", "planted", "--security-configuration", `{"S3EncryptionMode":"SSE-S3"}`,
		"--accept-unchecked", "--yes")
}

// getsRefused goes wrong in all the ways that print something.
func (u *user) getsRefused() {
	u.must(screen, []int{1, 2}, "apply", "endpoint.plan", "--auto-approve", "--state", "none.db") // it has changed since
	u.must(screen, []int{1}, "plan", "--region", region, "--resource", "nosuch", "--mode", "SSE-S3")
	u.must(screen, []int{1}, "plan", "show", "audit.json")
	u.must(screen, []int{1}, "policy", "check", "endpoint.plan")
	u.must(screen, []int{1}, "--password="+"x", "audit")
	u.must(screen, []int{255, 254, 253, 252}, "glue", "get-dev-endpoint", "--endpoint-name", "nosuch")
	// A create that AWS refuses, after which the change is taken up again.
	u.fault(`{"operation":"glue:CreateDevEndpoint","error":"InvalidInputException","message":"The arguments are not valid"}`)
	u.must(screen, []int{0}, "plan", "--region", region, "--resource", "planted", "--mode", "SSE-KMS", "--kms-key", "alias/key-pass", "--accept-unchecked", "--out", "refused.plan")
	u.must(screen, []int{2}, "apply", "refused.plan", "--auto-approve")
	u.fault(`{"operation":"glue:CreateDevEndpoint","error":"InternalServiceException","message":"try again","times":1}`)
	u.must(screen, []int{0, 1, 2}, "resume", "--all")
	u.fault("")
}

func (u *user) fault(fault string) {
	u.Helper()
	r, err := http.Post(u.url+"/_sandbox/faults", "application/json", strings.NewReader("["+fault+"]"))
	if err != nil {
		u.Fatal(err)
	}
	if err := r.Body.Close(); err != nil || r.StatusCode != http.StatusOK {
		u.Fatalf("fault: %s, %v", r.Status, err)
	}
}

// handsOver makes evidence of everything.
func (u *user) handsOver() {
	u.must(screen, done(), "evidence", "export", "--out", "audit.tar")
	for i, id := range u.changes(4) {
		u.must(screen, done(), "evidence", "export", "--change", id, "--out", fmt.Sprintf("change-%d.tar", i))
	}
	u.must(screen, done(), "evidence", "export", "--since", "2020-01-01", "--out", "all.tar")
	u.must(screen, done(), "evidence", "check", "all.tar")
	u.must(screen, done(), "evidence", "check", "--state")
}

// looksIntoFiles looks at every file that all of this has left behind, unpacked.
func (u *user) looksIntoFiles() {
	private, err := os.ReadFile(filepath.Join(u.dir, "state", "glueguard", "evidence-key.pem"))
	if err != nil {
		u.Fatal(err)
	}
	u.secrets["signing"] = strings.Split(string(private), "\n")[1][30:]
	err = filepath.WalkDir(u.dir, func(path string, d os.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		text, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		name := strings.TrimPrefix(path, u.dir+"/")
		where, ok := placeOf(name)
		if !ok {
			u.Errorf("nobody has said what the file %s may hold", name)
			return nil
		}
		u.look(where, name, text)
		if where == bundles {
			u.lookIntoBundle(name, text)
		}
		return u.onlyOwn(name, where, d)
	})
	if err != nil {
		u.Fatal(err)
	}
	u.lookIntoFacts()
}

func placeOf(name string) (place, bool) {
	switch base := filepath.Base(name); {
	case strings.HasPrefix(base, "audit.") && !strings.HasSuffix(base, ".tar"):
		return reports, true
	case strings.HasSuffix(base, ".plan"):
		return plans, true
	case strings.HasSuffix(base, ".tar"):
		return bundles, true
	case base == "evidence-key.pem":
		return keyFile, true
	case strings.HasPrefix(name, "state/") && !strings.HasSuffix(base, ".pem"), strings.HasPrefix(base, "none.db"):
		return state, true
	case base == "evidence-key.pub.pem":
		return screen, true
	}
	return "", false
}

// onlyOwn holds that files with definitions and keys are their owner's alone.
func (u *user) onlyOwn(name string, where place, d os.DirEntry) error {
	if where != state && where != plans && where != keyFile {
		return nil
	}
	info, err := d.Info()
	if err != nil {
		return err
	}
	if info.Mode().Perm()&0o077 != 0 {
		u.Errorf("others can read %s (%s): its mode is %v", name, where, info.Mode())
	}
	return nil
}

func (u *user) lookIntoBundle(name string, src []byte) {
	u.Helper()
	for r := tar.NewReader(bytes.NewReader(src)); ; {
		h, err := r.Next()
		if errors.Is(err, io.EOF) {
			return
		}
		if err != nil {
			u.Fatal(err)
		}
		var in io.Reader = r
		if strings.HasSuffix(h.Name, ".gz") {
			if in, err = gzip.NewReader(r); err != nil {
				u.Fatal(err)
			}
		}
		text, err := io.ReadAll(in)
		if err != nil {
			u.Fatal(err)
		}
		u.look(bundles, name+": "+h.Name, text)
	}
}

// lookIntoFacts looks at what the state keeps compressed.
func (u *user) lookIntoFacts() {
	s, err := sqlite.Open(u.Context(), filepath.Join(u.dir, "state", "glueguard", "state.db"))
	if err != nil {
		u.Fatal(err)
	}
	defer s.Close()
	err = s.EachAudit(u.Context(), func(a store.Audit) error {
		return s.EachFacts(u.Context(), a.ID, func(r resource.Record) error {
			text, err := json.Marshal(r)
			u.look(facts, "facts of "+r.ID, text)
			return err
		})
	})
	if err != nil {
		u.Fatal(err)
	}
}

// provesThatItLooks holds that what may be somewhere was found there: a search that finds nothing proves nothing.
func (u *user) provesThatItLooks() {
	all := map[place][]string{
		plans: {"endpoint.plan", "transform.plan"}, state: {"state/glueguard/state.db", "state/glueguard/state.db-wal"}, reports: {"audit.json"},
	}
	for where, files := range all {
		var text []byte
		for _, name := range files {
			b, err := os.ReadFile(filepath.Join(u.dir, name))
			if err != nil && !errors.Is(err, os.ErrNotExist) {
				u.Fatal(err)
			}
			text = append(text, b...)
		}
		for kind, p := range kinds() {
			if p.may(where) && !bytes.Contains(text, []byte(u.secrets[kind])) {
				u.Errorf("%s was planted, and is not in %s, where it may be", p.what, where)
			}
		}
	}
}
