package external_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/kms"
	kmstypes "github.com/aws/aws-sdk-go-v2/service/kms/types"
	"github.com/google/go-cmp/cmp"

	"github.com/glueguard/glueguard/internal/cli"
)

// followsTheProcedure follows the procedure for development endpoints line by line, with glueguard in the place
// of aws, on an AWS that we did not write. Every update is verified by the procedure's own command, and what it left is
// looked at from outside. Moto cannot answer all that is checked before a change, so each update says that this is
// accepted; and it has no ML transforms, so there is no such story of the other procedure.
func (m *repairedMoto) followsTheProcedure() {
	key, err := m.kms.CreateKey(m.Context(), &kms.CreateKeyInput{ // moto does not fill in what these are by default
		KeyUsage: kmstypes.KeyUsageTypeEncryptDecrypt, KeySpec: kmstypes.KeySpecSymmetricDefault,
	})
	m.must(err)
	_, err = m.kms.EnableKeyRotation(m.Context(), &kms.EnableKeyRotationInput{KeyId: key.KeyMetadata.KeyId})
	m.must(err)

	fill := strings.NewReplacer("<dev-endpoint-name>", "off", "<kms-key-id>", *key.KeyMetadata.KeyId)
	var verification, modes []string
	mode := "NONE"
	for _, words := range printedCommands(m.T) {
		for i := range words {
			words[i] = fill.Replace(words[i])
		}
		if words[2] != "update-dev-endpoint" {
			verification = words
			m.verified(words, mode)
			continue
		}
		mode = m.updated(words)
		modes = append(modes, mode)
		m.verified(verification, mode)
	}
	if d := cmp.Diff([]string{"SSE-KMS", "SSE-S3", "NONE"}, modes); d != "" {
		m.Errorf("the updates (-want +got):\n%s", d)
	}
	// Backed out, it is what it was, and nothing else has been touched.
	after := m.endpoints()
	was, now := m.before["off"], after["off"]
	was.Made, now.Made = time.Time{}, time.Time{}
	if d := cmp.Diff(was, now); d != "" {
		m.Errorf("the endpoint (-before +after the backout):\n%s", d)
	}
	if d := cmp.Diff(m.before["plain"], after["plain"]); d != "" || len(after) != 2 {
		m.Errorf("%d endpoints, another one (-before +after):\n%s", len(after), d)
	}
}

// printedCommands reads the list of the procedure's commands, each split into words as a shell does that knows single
// quotes. Where "\ " is printed a line was continued, and one command lacks its last quote.
func printedCommands(t *testing.T) [][]string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("..", "..", "cmd", "glueguard", "testdata", "procedures", "dev-endpoint-s3-encryption.txt"))
	if err != nil {
		t.Fatal(err)
	}
	var commands [][]string
	for line := range strings.Lines(string(text)) {
		var words []string
		for i, part := range strings.Split(strings.TrimSpace(strings.ReplaceAll(line, `\ `, "")), "'") {
			if i%2 == 1 {
				words = append(words, part)
			} else {
				words = append(words, strings.Fields(part)...)
			}
		}
		commands = append(commands, words)
	}
	if len(commands) == 0 {
		t.Fatal("the procedure has no commands")
	}
	return commands
}

// given gives a command with "aws" replaced by "glueguard", says yes, and returns what it printed.
func (m *repairedMoto) given(words []string) string {
	m.Helper()
	return m.run(0, cli.Env{Args: words[1:], Stdin: strings.NewReader("yes\n"), StdinTerminal: true})
}

// updated gives an update and returns the mode that it asks for.
func (m *repairedMoto) updated(words []string) string {
	m.Helper()
	var asked struct{ S3EncryptionMode string }
	m.must(json.Unmarshal([]byte(words[len(words)-1]), &asked))
	was := m.endpoints()["off"]
	m.given(append(slices.Clone(words), "--accept-unchecked", "--accept-unchecked=elastic-ip", "--accept-irreversible"))
	now := m.endpoints()["off"]
	if now.Made.Equal(was.Made) || now.Attributes != was.Attributes || !cmp.Equal(now.Tags, was.Tags) {
		m.Errorf("after %s it is not the same, made anew:\n%s", asked.S3EncryptionMode, cmp.Diff(was, now))
	}
	return asked.S3EncryptionMode
}

// verified gives the procedure's verification, reads it as the procedure says, and looks from outside.
func (m *repairedMoto) verified(words []string, mode string) {
	m.Helper()
	var list []struct{ Name, S3EncryptionMode string }
	m.must(json.Unmarshal([]byte(m.given(words)), &list))
	shown := map[string]string{}
	for _, e := range list {
		shown[e.Name] = e.S3EncryptionMode
	}
	if d := cmp.Diff(map[string]string{"off": mode, "plain": "NONE"}, shown); d != "" {
		m.Errorf("the verification (-want +got):\n%s", d)
	}
	inForce := m.mode(m.endpoints()["off"].Configuration)
	if inForce == "DISABLED" {
		inForce = "NONE"
	}
	if inForce != mode {
		m.Errorf("AWS says %s, want %s", inForce, mode)
	}
}
