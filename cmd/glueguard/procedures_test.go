package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/glueguard/glueguard/internal/sandbox"
)

// TestTheProceduresCommandsWork gives every command that the two procedures print, with "aws" replaced by "glueguard" and
// the placeholders filled in, in the order of the procedure, and agrees to what is asked. After each update it gives the
// procedure's own verification.
func TestTheProceduresCommandsWork(t *testing.T) {
	t.Parallel()
	for file, name := range map[string]string{
		"dev-endpoint-s3-encryption.txt":      "fail-s3-encryption-disabled",
		"ml-transform-encryption-at-rest.txt": "fail-user-data-encryption-disabled",
	} {
		t.Run(file, func(t *testing.T) {
			t.Parallel()
			f := newFollower(t, name)
			var verification []string
			mode, seen := "NONE", []string{}
			for _, printed := range printedCommands(t, file) {
				words := shellWords(f.fill.Replace(printed))
				if words[0] != "aws" {
					t.Fatalf("%q is no command of the AWS CLI", printed)
				}
				if !strings.HasPrefix(words[2], "update-") {
					verification = words
					f.verify(words, mode)
					continue
				}
				mode = modeIn(t, words)
				seen = append(seen, mode)
				f.give(words)
				f.verify(verification, mode)
			}
			want := []string{"SSE-KMS", "SSE-S3", "NONE"}
			if strings.HasPrefix(file, "ml-") {
				want = append([]string{"SSE-KMS"}, want...) // the update printed as an example of output
			}
			if d := cmp.Diff(want, seen); d != "" {
				t.Errorf("the updates that were given (-want +got):\n%s", d)
			}
		})
	}
}

// printedCommands reads a procedure's commands: from the procedure where it is, else from the list that is checked in.
func printedCommands(t *testing.T, file string) []string {
	t.Helper()
	read := func(path string) []string {
		text, err := os.ReadFile(path)
		if errors.Is(err, fs.ErrNotExist) {
			return nil
		}
		if err != nil {
			t.Fatal(err)
		}
		var commands []string
		for line := range strings.Lines(string(text)) {
			if line = strings.TrimSpace(line); strings.HasPrefix(line, "aws ") {
				commands = append(commands, line)
			}
		}
		return commands
	}
	kept := read(filepath.Join("testdata", "procedures", file))
	printed := read(filepath.Join("..", "..", "..", "shared", "sops", file))
	if printed == nil {
		printed = kept
	}
	if d := cmp.Diff(printed, kept); d != "" || len(kept) == 0 {
		t.Fatalf("the list that is checked in is not the procedure's (-printed +kept):\n%s", d)
	}
	for i, c := range printed {
		c = strings.ReplaceAll(c, `\ `, "") // a line that is continued
		if strings.Count(c, "'")%2 == 1 {
			c += "'" // one command lacks its last quote
		}
		printed[i] = c
	}
	return printed
}

// shellWords splits a command as a shell does that knows single quotes only.
func shellWords(line string) []string {
	var words []string
	for i, part := range strings.Split(line, "'") {
		if i%2 == 1 {
			words = append(words, part)
		} else {
			words = append(words, strings.Fields(part)...)
		}
	}
	return words
}

// modeIn is the mode that an update asks for, as Glueguard writes it.
func modeIn(t *testing.T, words []string) string {
	t.Helper()
	var asked map[string]string
	if err := json.Unmarshal([]byte(words[len(words)-1]), &asked); err != nil {
		t.Fatal(err)
	}
	return strings.ToUpper(asked["S3EncryptionMode"] + asked["EncryptionMode"])
}

// follower follows a procedure in an estate of its own.
type follower struct {
	t    *testing.T
	name string
	dir  string
	env  []string
	fill *strings.Replacer
}

func newFollower(t *testing.T, name string) *follower {
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
	f := &follower{t: t, name: name, dir: dir}
	f.env = append(os.Environ(),
		"AWS_ENDPOINT_URL="+server.URL, "AWS_ACCESS_KEY_ID=story", "AWS_SECRET_ACCESS_KEY=story", "AWS_REGION=us-east-1",
		"AWS_EC2_METADATA_DISABLED=true", "HOME="+dir, "XDG_STATE_HOME="+filepath.Join(dir, "state"), "STORY_PERSON=yes")
	ask := func(words ...string) string {
		return strings.TrimSpace(f.give(append([]string{"aws", "glue"}, words...)))
	}
	key := ask("get-dev-endpoint", "--endpoint-name", "pass-sse-kms", "--query", "DevEndpoint.KmsKeyId", "--output", "text")
	id := ask("get-ml-transforms", "--query", "Transforms[?Name=='"+name+"'].TransformId", "--output", "text")
	f.fill = strings.NewReplacer("<dev-endpoint-name>", name, "<transform-id>", id, "<kms-key-id>", key[strings.LastIndex(key, "/")+1:])
	return f
}

// give gives a command with "aws" replaced by "glueguard", says yes, and returns what it prints.
func (f *follower) give(words []string) string {
	f.t.Helper()
	ctx, cancel := context.WithTimeout(f.t.Context(), 2*time.Minute)
	defer cancel()
	var out, said bytes.Buffer
	cmd := exec.CommandContext(ctx, "glueguard", words[1:]...)
	cmd.Dir, cmd.Env, cmd.Stdin, cmd.Stdout, cmd.Stderr = f.dir, f.env, strings.NewReader("yes\n"), &out, &said
	if err := cmd.Run(); err != nil {
		f.t.Fatalf("%s: %v\n%s%s", strings.Join(words, " "), err, out.String(), said.String())
	}
	return out.String()
}

// verify gives a procedure's verification, and reads it as the procedure says.
func (f *follower) verify(words []string, mode string) {
	f.t.Helper()
	printed := f.give(words)
	got := ""
	if slices.Contains(words, "get-dev-endpoints") {
		var list []struct{ Name, S3EncryptionMode string }
		if err := json.Unmarshal([]byte(printed), &list); err != nil {
			f.t.Fatal(err)
		}
		for _, e := range list {
			if e.Name == f.name {
				got = e.S3EncryptionMode
			}
		}
	} else if err := json.Unmarshal([]byte(printed), &got); err != nil {
		f.t.Fatal(err)
	}
	if strings.ToUpper(got) != mode {
		f.t.Errorf("the verification shows %q, want %s", got, mode)
	}
}
