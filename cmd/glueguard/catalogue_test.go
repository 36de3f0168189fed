package main

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/glueguard/glueguard/internal/control"
	"github.com/glueguard/glueguard/internal/resource"
	"github.com/glueguard/glueguard/internal/sandbox"
	"github.com/glueguard/glueguard/internal/store"
	"github.com/glueguard/glueguard/internal/store/sqlite"
)

// TestTheCataloguesCommandsWork follows what the catalogue says of each control, line by line: test, repair, backout. It
// goes through it several times, each time by another of the ways that there are, until every command was given.
func TestTheCataloguesCommandsWork(t *testing.T) {
	t.Parallel()
	c, err := control.ReadCatalogue()
	if err != nil {
		t.Fatal(err)
	}
	for _, d := range c.Documents {
		t.Run(string(d.ID), func(t *testing.T) {
			t.Parallel()
			given := &commandsGiven{}
			t.Cleanup(func() { given.check(t, d) })
			for way := range ways(d) {
				t.Run(string(rune('a'+way)), func(t *testing.T) {
					t.Parallel()
					w := newWalk(t, d, given)
					w.section(way, d.Test)
					w.needed("test", d.Permissions.Test)
					w.section(way, d.Repair)
					w.section(way, d.Backout)
					if d.ID != control.KeyManagement { // replacing what names a key needs what the control on that says
						w.needed("test, plan and repair", slices.Concat(d.Permissions.Test, d.Permissions.Plan, d.Permissions.Repair))
					}
				})
			}
		})
	}
}

// commandsGiven remembers what was given, over all ways.
type commandsGiven struct {
	sync.Mutex
	all []string
}

func (g *commandsGiven) check(t *testing.T, d control.Document) {
	for _, i := range slices.Concat(d.Test, d.Repair, d.Backout) {
		for _, command := range i.Commands {
			if strings.HasPrefix(command, "glueguard ") && !slices.Contains(g.all, command) {
				t.Errorf("no way leads by %s", command)
			}
		}
	}
}

// alternatives are an instruction and those that stand in its place.
func alternatives(section []control.Instruction) [][]control.Instruction {
	var all [][]control.Instruction
	for _, i := range section {
		if i.Otherwise {
			all[len(all)-1] = append(all[len(all)-1], i)
			continue
		}
		all = append(all, []control.Instruction{i})
	}
	return all
}

// waysThrough lists what may be given for one step of a section: lists of commands.
func waysThrough(step []control.Instruction) [][]string {
	var all [][]string
	for _, i := range step {
		if !i.OneOf {
			all = append(all, i.Commands)
			continue
		}
		for _, command := range i.Commands {
			all = append(all, []string{command})
		}
	}
	return all
}

// ways is in how many ways a document must be gone through for every command to be given.
func ways(d control.Document) int {
	most := 1
	for _, section := range [][]control.Instruction{d.Test, d.Repair, d.Backout} {
		for _, step := range alternatives(section) {
			most = max(most, len(waysThrough(step)))
		}
	}
	return most
}

// walk is one way through a document, in an estate of its own.
type walk struct {
	t     *testing.T
	url   string
	given *commandsGiven
	env   []string
	dir   string
	name  string
	fill  *strings.Replacer

	commands []string // given on this way
}

func newWalk(t *testing.T, d control.Document, given *commandsGiven) *walk {
	t.Helper()
	server, err := sandbox.Start("127.0.0.1:0", sandbox.Options{Scenario: "small", Seed: 1, Provisioning: 20 * time.Millisecond})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := server.Close(); err != nil {
			t.Error(err)
		}
	})
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "glueguard.yaml"), []byte("profile: sop\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	name := map[control.ID]string{
		control.DevEndpointS3: "fail-s3-encryption-disabled", control.DevEndpointLogs: "logs-fail-disabled",
		control.MLTransform: "fail-user-data-encryption-disabled", control.KeyManagement: "key-fail-rotation-off",
	}[d.ID]
	if d.Resource != resource.TypeMLTransform {
		name = resource.Location{Partition: "aws", Account: "111111111111", Region: "us-east-1"}.ARN("glue", "devEndpoint/"+name).String()
	}
	return &walk{
		t: t, url: server.URL, given: given, dir: dir, name: name,
		fill: strings.NewReplacer("NAME", name, "alias/data", "alias/key-pass", "s3://labels/glue/", "s3://glue-labels-111111111111-us-east-1/moved/"),
		env: append(os.Environ(),
			"AWS_ENDPOINT_URL="+server.URL, "AWS_ACCESS_KEY_ID=story", "AWS_SECRET_ACCESS_KEY=story", "AWS_REGION=us-east-1",
			"AWS_EC2_METADATA_DISABLED=true", "HOME="+dir, "XDG_STATE_HOME="+filepath.Join(dir, "state")),
	}
}

// section goes through a section by one of its ways.
func (w *walk) section(way int, all []control.Instruction) {
	w.t.Helper()
	for _, step := range alternatives(all) {
		through := waysThrough(step)
		for _, command := range through[way%len(through)] {
			if strings.HasPrefix(command, "glueguard ") {
				w.give(command)
			}
		}
	}
}

// gave tells whether a command of this way had a flag.
func (w *walk) gave(flag string) bool {
	return slices.ContainsFunc(w.commands, func(command string) bool { return strings.Contains(command, flag) })
}

// give gives a command, agrees to what it asks, and looks at how it ends.
func (w *walk) give(command string) {
	w.t.Helper()
	w.given.Lock()
	w.given.all = append(w.given.all, command)
	w.given.Unlock()
	w.commands = append(w.commands, command)
	line := w.fill.Replace(command)
	if strings.Contains(line, "CHANGE") {
		line = strings.ReplaceAll(line, "CHANGE", w.newest())
	}
	words := shellWords(line)
	want := []int{0}
	switch words[1] {
	case "apply", "backout", "finalize":
		words = append(words, "--auto-approve")
		if words[1] == "backout" && w.gave("--delete-labels") {
			want = []int{2} // without labels there is no way back
		}
	case "resume":
		want = []int{1} // nothing of it is left to do
	case "audit":
		want = []int{0, 2, 3} // what it finds is another matter
		words = append(words, "--region", "us-east-1")
	case "plan":
		want = []int{0, 3}
		if words[2] != "show" { // the others have what stands against a repair
			words = append(words, "--region", "us-east-1", "--resource", w.name)
		}
	}
	var out bytes.Buffer
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, words[0], words[1:]...)
	cmd.Dir, cmd.Env, cmd.Stdout, cmd.Stderr = w.dir, w.env, &out, &out
	err := cmd.Run()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		w.t.Fatal(err)
	}
	if !slices.Contains(want, cmd.ProcessState.ExitCode()) {
		w.t.Fatalf("%s ended with %d, want one of %d:\n%s", strings.Join(words, " "), cmd.ProcessState.ExitCode(), want, out.String())
	}
}

// needed holds the calls that were made to the permissions that the document asks for.
func (w *walk) needed(purpose string, actions []string) {
	w.t.Helper()
	r, err := http.NewRequestWithContext(w.t.Context(), http.MethodGet, w.url+"/_sandbox/calls", nil)
	if err != nil {
		w.t.Fatal(err)
	}
	answer, err := http.DefaultClient.Do(r)
	if err != nil {
		w.t.Fatal(err)
	}
	defer answer.Body.Close()
	var made struct {
		Operations map[string]int `json:"operations"`
	}
	if err := json.NewDecoder(answer.Body).Decode(&made); err != nil {
		w.t.Fatal(err)
	}
	// Operations whose action has another name.
	actionOf := map[string]string{
		"s3:HeadBucket": "s3:ListBucket", "s3:ListObjectsV2": "s3:ListBucket", "s3:HeadObject": "s3:GetObject", "s3:DeleteObjects": "s3:DeleteObject",
		"s3:GetBucketEncryption": "s3:GetEncryptionConfiguration",
	}
	for operation := range made.Operations {
		if action := cmp.Or(actionOf[operation], operation); !slices.Contains(actions, action) {
			w.t.Errorf("%s was called, and is not among the permissions to %s", operation, purpose)
		}
	}
}

// newest is the id of the newest change.
func (w *walk) newest() string {
	w.t.Helper()
	s, err := sqlite.Open(w.t.Context(), filepath.Join(w.dir, "state", "glueguard", "state.db"))
	if err != nil {
		w.t.Fatal(err)
	}
	defer func() {
		if err := s.Close(); err != nil {
			w.t.Error(err)
		}
	}()
	id := ""
	err = s.EachSummary(w.t.Context(), store.ChangeFilter{}, func(c store.Summarized) error {
		if id == "" {
			id = c.ID
		}
		return nil
	})
	if err != nil || id == "" {
		w.t.Fatalf("there is no change: %v", err)
	}
	return id
}
