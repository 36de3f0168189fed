// Command gen writes the generated files of docs/: the command reference, the catalogue of controls and the JSON schema of
// glueguard.yaml. With -check it writes nothing and fails when one is not what it would write.
package main

import (
	"bytes"
	"flag"
	"fmt"
	"os"
	"path/filepath"

	"github.com/glueguard/glueguard/internal/cli"
	"github.com/glueguard/glueguard/internal/control"
	"github.com/glueguard/glueguard/internal/policy"
	"github.com/glueguard/glueguard/internal/report"
)

func main() {
	check := flag.Bool("check", false, "compare instead of writing")
	dir := flag.String("dir", "docs", "the folder to write to")
	flag.Parse()
	if err := run(*dir, *check); err != nil {
		fmt.Fprintln(os.Stderr, "gen:", err)
		os.Exit(1)
	}
}

func run(dir string, check bool) error {
	var reference bytes.Buffer
	if err := cli.Reference(&reference); err != nil {
		return err
	}
	catalogue, err := control.ReadCatalogue()
	if err != nil {
		return err
	}
	var controls bytes.Buffer
	if err := report.ControlsPage(&controls, catalogue); err != nil {
		return err
	}
	schema, err := policy.Schema()
	if err != nil {
		return err
	}
	if err := put(filepath.Join(dir, "cli.md"), reference.Bytes(), check); err != nil {
		return err
	}
	if err := put(filepath.Join(dir, "controls.md"), controls.Bytes(), check); err != nil {
		return err
	}
	return put(filepath.Join(dir, "glueguard.schema.json"), schema, check)
}

func put(path string, want []byte, check bool) error {
	if !check {
		return os.WriteFile(path, want, 0o644) //nolint:gosec // documentation is for everyone to read
	}
	have, err := os.ReadFile(path) //nolint:gosec // the path is built here
	if err != nil {
		return err
	}
	if !bytes.Equal(have, want) {
		return fmt.Errorf("%s is not what its source gives: run 'make generate'", path)
	}
	return nil
}
