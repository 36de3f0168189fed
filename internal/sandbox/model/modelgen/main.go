// Command modelgen writes the facts that package model embeds, from the public service models that botocore ships.
//
//	go run ./internal/sandbox/model/modelgen -models DIR [-check]
//
// DIR is botocore's data folder. With -check nothing is written: it exits 1 where a committed file is not what it
// would write.
package main

import (
	"bytes"
	"errors"
	"flag"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
)

func main() {
	models := flag.String("models", "", "botocore's data folder")
	out := flag.String("out", "internal/sandbox/model", "the folder of package model")
	check := flag.Bool("check", false, "compare with the committed files instead of writing")
	flag.Parse()
	if err := run(*models, *out, *check); err != nil {
		fmt.Fprintln(os.Stderr, "modelgen:", err)
		os.Exit(1)
	}
}

func run(models, out string, check bool) error {
	if models == "" {
		return errors.New("-models is required: botocore's data folder")
	}
	list, err := os.ReadFile(filepath.Join(out, "operations.txt"))
	if err != nil {
		return fmt.Errorf("reading the list of operations: %w", err)
	}
	served, err := parseOperations(string(list))
	if err != nil {
		return err
	}
	version, err := botocoreVersion(models)
	if err != nil {
		return err
	}
	files, err := generate(models, version, served)
	if err != nil {
		return err
	}
	dir := filepath.Join(out, "facts")
	if check {
		return compare(dir, files)
	}
	for name, content := range files {
		if err := os.WriteFile(filepath.Join(dir, name), content, 0o644); err != nil {
			return fmt.Errorf("writing facts: %w", err)
		}
	}
	return nil
}

// compare says which files differ from what is on disk, files too many included.
func compare(dir string, files map[string][]byte) error {
	var stale []string
	for name, want := range files {
		got, err := os.ReadFile(filepath.Join(dir, name))
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			return fmt.Errorf("reading facts: %w", err)
		}
		if !bytes.Equal(got, want) {
			stale = append(stale, name)
		}
	}
	entries, err := os.ReadDir(dir)
	if err != nil {
		return fmt.Errorf("listing facts: %w", err)
	}
	for _, e := range entries {
		if _, ok := files[e.Name()]; !ok {
			stale = append(stale, e.Name())
		}
	}
	if len(stale) > 0 {
		slices.Sort(stale)
		return fmt.Errorf("not what the models say, run modelgen again: %v", stale)
	}
	return nil
}
