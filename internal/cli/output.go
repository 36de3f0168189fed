package cli

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"github.com/glueguard/glueguard/internal/report"
)

// output is one report to be written: to a file, or to standard output.
type output struct {
	format report.Format
	path   string // empty: standard output
	file   *os.File
	rename bool // file is a temporary one beside path
}

// parseOutputs reads the values of -o: FORMAT or FORMAT=FILE, at most one without a file. With files only, the table
// goes to standard output.
func parseOutputs(values []string) ([]*output, error) {
	var outputs []*output
	toStdout := false
	paths := map[string]bool{}
	for _, v := range values {
		name, path, hasFile := strings.Cut(v, "=")
		format, err := report.Lookup(name)
		if err != nil {
			return nil, err
		}
		switch {
		case hasFile && path == "":
			return nil, fmt.Errorf("output %q: the file's name is missing", v)
		case !hasFile && toStdout:
			return nil, errors.New("only one output can go to standard output: write the others as FORMAT=FILE")
		case hasFile && paths[filepath.Clean(path)]:
			return nil, fmt.Errorf("two outputs would be written to %s", path)
		}
		toStdout = toStdout || !hasFile
		if hasFile {
			paths[filepath.Clean(path)] = true
		}
		outputs = append(outputs, &output{format: format, path: path})
	}
	if !toStdout {
		table, err := report.Lookup("table")
		if err != nil {
			return nil, err
		}
		outputs = append(outputs, &output{format: table})
	}
	return outputs, nil
}

// outputs are the reports of one run. Files are written under another name first, so that a reader never sees half a
// report, and a run that fails leaves the old one as it was.
type outputs []*output

// open makes sure, before the work begins, that every file can be written.
func (all outputs) open() error {
	for _, o := range all {
		if o.path == "" {
			continue
		}
		if err := o.open(); err != nil {
			return errors.Join(fmt.Errorf("output file %s: %w", o.path, bare(err)), all.discard())
		}
	}
	return nil
}

func (o *output) open() error {
	const mode = 0o644 // less the user's umask: reports are made to be handed on
	info, err := os.Stat(o.path)
	if err == nil && info.IsDir() {
		return errors.New("is a directory")
	}
	if err == nil && !info.Mode().IsRegular() { // a device or a pipe
		o.file, err = os.OpenFile(o.path, os.O_WRONLY, mode)
		return err
	}
	dir, name := filepath.Split(o.path)
	for i := range 100 {
		temporary := filepath.Join(dir, fmt.Sprintf(".%s.%d-%d", name, os.Getpid(), i))
		o.file, err = os.OpenFile(temporary, os.O_WRONLY|os.O_CREATE|os.O_EXCL, mode)
		if err == nil {
			o.rename = true
			return nil
		}
		if !errors.Is(err, os.ErrExist) {
			return err
		}
	}
	return err
}

func bare(err error) error {
	var p *os.PathError
	if errors.As(err, &p) {
		return p.Err
	}
	return err
}

// write writes every report: files first, so that the one on standard output can name them.
func (all outputs) write(stdout io.Writer, look report.Look, audit report.Source) error {
	for _, o := range all {
		if o.path == "" {
			continue
		}
		if err := o.writeFile(audit); err != nil {
			return fmt.Errorf("output file %s: %w", o.path, err)
		}
		look.Files = append(look.Files, o.path)
	}
	for _, o := range all {
		if o.path != "" {
			continue
		}
		if err := o.format.New(look).Write(stdout, audit); err != nil {
			return fmt.Errorf("write the %s: %w", o.format.Name, err)
		}
	}
	return nil
}

func (o *output) writeFile(audit report.Source) error {
	if err := o.format.New(report.Look{}).Write(o.file, audit); err != nil {
		return err
	}
	if err := o.file.Close(); err != nil {
		return err
	}
	temporary := o.file.Name()
	o.file = nil
	if !o.rename {
		return nil
	}
	if err := os.Rename(temporary, o.path); err != nil {
		return errors.Join(err, os.Remove(temporary))
	}
	return nil
}

// discard removes what was opened and not written.
func (all outputs) discard() error {
	var errs []error
	for _, o := range all {
		if o.file == nil {
			continue
		}
		errs = append(errs, o.file.Close())
		if o.rename {
			errs = append(errs, os.Remove(o.file.Name()))
		}
		o.file = nil
	}
	return errors.Join(errs...)
}
