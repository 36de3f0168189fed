package external_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"flag"
	"log/slog"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/glueguard/glueguard/internal/api"
	"github.com/glueguard/glueguard/internal/auth"
	"github.com/glueguard/glueguard/internal/awsapi"
	"github.com/glueguard/glueguard/internal/daemon"
	"github.com/glueguard/glueguard/internal/policy"
	"github.com/glueguard/glueguard/internal/sandbox"
	estate "github.com/glueguard/glueguard/internal/sandbox/scenario"
	"github.com/glueguard/glueguard/internal/store"
	"github.com/glueguard/glueguard/internal/store/sqlite"
)

var examples = flag.Int("api-examples", 5, "requests that Schemathesis makes up for each operation, beside those that it derives from the document")

// schemathesis is its command, without the looking for garbage, which is a tenth of its time: the process is soon over.
const schemathesis = "import gc; gc.disable(); from schemathesis.cli import schemathesis; schemathesis()"

// administrator is the token that Schemathesis shows.
const administrator = "gg_schemathesis-administrator" //nolint:gosec // of a user of the test

// TestAPI has Schemathesis send what it makes up of the OpenAPI document to a daemon on a simulated AWS, as an administrator:
// nothing may fail in the server, and no answer may be another than the document says.
func TestAPI(t *testing.T) {
	t.Parallel()
	python := os.Getenv("GLUEGUARD_TEST_PYTHON_API")
	if python == "" {
		t.Skip("GLUEGUARD_TEST_PYTHON_API names no Python with Schemathesis: run `make external`, which finds or installs one")
	}
	var log bytes.Buffer
	d := serveAPI(t, slog.New(slog.NewTextHandler(&log, &slog.HandlerOptions{Level: slog.LevelError})))
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Minute)
	defer cancel()
	config, err := filepath.Abs("schemathesis.toml")
	if err != nil {
		t.Fatal(err)
	}
	// What is the same each time is kept: the characters of each encoding, which take 2 s to find.
	kept, err := filepath.Abs("../../.cache/hypothesis")
	if err != nil {
		t.Fatal(err)
	}
	st := exec.CommandContext(ctx, python, "-c", schemathesis, "--config-file", config, "run", d.URL()+api.BasePath+"/openapi.yaml", //nolint:gosec // of the test's own
		"--header", "Authorization: Bearer "+administrator,
		"--checks", "all", "--phases", "examples,coverage,fuzzing", "--max-examples", strconv.Itoa(*examples), "--seed", "1",
		"--exclude-checks", "ignored_auth", // it leaves the token beside a wrong cookie, and a token counts alone; test/hostile has it
		"--exclude-operation-id", "streamEvents", // has no end
		"--exclude-operation-id", "deleteToken", "--exclude-operation-id", "revokeToken", // find the token that is shown
		"--generation-database", "none", "--no-color", "--request-timeout", "20", "--suppress-health-check", "all",
	)
	st.Dir, st.Env = t.TempDir(), append(environment(), "HYPOTHESIS_STORAGE_DIRECTORY="+kept)
	said, err := st.CombinedOutput()
	var exit *exec.ExitError
	switch {
	case errors.As(err, &exit):
		t.Errorf("%v:\n%s\nthe daemon's log:\n%s", err, said, log.String())
	case err != nil:
		t.Fatal(err)
	}
	t.Logf("%s", said)
}

// serveAPI begins a daemon that makes its first audit, and whose administrator has a token.
func serveAPI(t *testing.T, log *slog.Logger) *daemon.Daemon {
	t.Helper()
	aws, err := sandbox.Start("127.0.0.1:0", sandbox.Options{Scenario: estate.Small, Regions: []string{"us-east-1"}, Provisioning: time.Millisecond})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = aws.Close() })
	s, err := sqlite.Open(t.Context(), filepath.Join(t.TempDir(), "state.db"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	now, id := time.Now(), uuid.NewString()
	sum := sha256.Sum256([]byte(administrator))
	roles := []string{string(auth.Administrator)}
	err = errors.Join(
		s.CreateUser(t.Context(), store.User{ID: id, Name: "admin", Roles: roles, CreatedAt: now, Subject: "issuer admin"}),
		s.SaveToken(t.Context(), store.Token{
			ID: uuid.NewString(), Name: "schemathesis", Hash: hex.EncodeToString(sum[:]), UserID: id, Roles: roles, CreatedAt: now, ExpiresAt: now.Add(time.Hour),
		}),
	)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.WithoutCancel(t.Context()))
	d, err := daemon.Open(ctx, daemon.Options{
		Store: s, Listen: "127.0.0.1:0", Sandbox: true, FirstAudit: &store.AuditScope{}, Log: log,
		Policy: func() (policy.Policy, error) { return policy.Default(policy.SOP), nil },
		Open: func(ctx context.Context, role string, observe func(operation, outcome string)) (*awsapi.Session, error) {
			return awsapi.Open(ctx, awsapi.Options{
				Role: role, Region: "us-east-1", EndpointURL: aws.URL, Observe: observe, Keys: &awsapi.Keys{AccessKeyID: "demo", SecretAccessKey: "demo"},
			})
		},
		Hashing: auth.Hashing{Memory: 64, Time: 1, Threads: 1},
		NewID:   func() string { return uuid.Must(uuid.NewV7()).String() },
	})
	if err != nil {
		cancel()
		t.Fatal(err)
	}
	ended := make(chan error, 1)
	go func() { ended <- d.Run(ctx) }()
	t.Cleanup(func() {
		cancel()
		if err := errors.Join(<-ended, d.Close()); err != nil {
			t.Error(err)
		}
	})
	return d
}
