package external_test

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestMain gives the process an AWS configuration of its own, nothing of the developer's: every test here reaches AWS by
// what it names itself, and tests that run at once can't each have their own environment.
func TestMain(m *testing.M) {
	status, err := inOwnEnvironment(m.Run)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		status = 1
	}
	os.Exit(status)
}

func inOwnEnvironment(run func() int) (status int, err error) {
	dir, err := os.MkdirTemp("", "glueguard-external-")
	if err != nil {
		return 1, err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	for _, variable := range os.Environ() {
		if name, _, _ := strings.Cut(variable, "="); strings.HasPrefix(name, "AWS_") {
			err = errors.Join(err, os.Unsetenv(name))
		}
	}
	err = errors.Join(err, os.Setenv("AWS_CONFIG_FILE", filepath.Join(dir, "config")), os.Setenv("AWS_SHARED_CREDENTIALS_FILE", os.DevNull))
	if err != nil {
		return 1, err
	}
	return run(), nil
}

// profiles writes the AWS configuration of this process: for each region a profile of its name that leads to an endpoint.
func profiles(t *testing.T, endpoint string, regions ...string) {
	t.Helper()
	var text strings.Builder
	for _, region := range regions {
		fmt.Fprintf(&text, "[profile %s]\nregion = %s\nendpoint_url = %s\naws_access_key_id = moto\naws_secret_access_key = moto\n", region, region, endpoint)
	}
	if err := os.WriteFile(os.Getenv("AWS_CONFIG_FILE"), []byte(text.String()), 0o600); err != nil {
		t.Fatal(err)
	}
}
