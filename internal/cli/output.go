package cli

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"

	"github.com/glueguard/glueguard/internal/report"
)

// output is one report to be written: to a file, or to standard output.
type output struct {
	format string
	path   string // empty: standard output
	file   *os.File
	rename bool // file is a temporary one beside path
	secret bool // nobody else may read it
}

// rendering writes what a command found in a format.
type rendering interface {
	render(format string, w io.Writer, look report.Look) error
}

// together is a rendering that comes cheaper when all reports are written at once.
type together interface {
	// divide returns n renderings. Each must be used, in a goroutine of its own, and only once.
	divide(n int) []rendering
}

// renderer is a function as a rendering.
type renderer func(format string, w io.Writer, look report.Look) error

func (r renderer) render(format string, w io.Writer, look report.Look) error {
	return r(format, w, look)
}

// auditRenderer writes an audit in the formats of package report.
func auditRenderer(audit report.Source) rendering { return auditRendering{audit} }

type auditRendering struct{ audit report.Source }

func (a auditRendering) render(format string, w io.Writer, look report.Look) error {
	f, err := report.Lookup(format)
	if err != nil {
		return err
	}
	return f.New(look).Write(w, a.audit)
}

func (a auditRendering) divide(n int) []rendering {
	var all []rendering
	for _, reader := range report.Together(a.audit, n) {
		all = append(all, renderer(func(format string, w io.Writer, look report.Look) error {
			defer reader.Close()
			return auditRendering{reader}.render(format, w, look)
		}))
	}
	return all
}

// auditFormat refuses formats that audits don't have.
func auditFormat(name string) error {
	_, err := report.Lookup(name)
	return err
}

// parseOutputs reads the values of -o: FORMAT or FORMAT=FILE, at most one without a file. With files only, the table
// goes to standard output. known refuses formats that there are not.
func parseOutputs(values []string, known func(format string) error) (outputs, error) {
	var all outputs
	toStdout := false
	paths := map[string]bool{}
	for _, v := range values {
		name, path, hasFile := strings.Cut(v, "=")
		if err := known(name); err != nil {
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
		all = append(all, &output{format: name, path: path})
	}
	if !toStdout {
		all = append(all, &output{format: tableFormat})
	}
	return all, nil
}

// tableFormat is for people, and what every command writes when it is not asked for another.
const tableFormat = "table"

// onScreen is the format of what goes to standard output.
func (all outputs) onScreen() string {
	for _, o := range all {
		if o.path == "" {
			return o.format
		}
	}
	return ""
}

// outputs are the reports of one run. Files are written under another name first, so that a reader never sees half a
// report, and a run that fails leaves the old one as it was.
type outputs []*output

// planOutputs are the outputs of plans. As JSON a plan holds whole definitions, with whatever secrets are in their
// arguments, so that it is for its owner's eyes.
func planOutputs(values []string) (outputs, error) {
	all, err := parseOutputs(values, planFormat)
	for _, o := range all {
		o.secret = o.format == "json"
	}
	return all, err
}

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
	mode := os.FileMode(0o644) // less the user's umask: reports are made to be handed on
	if o.secret {
		mode = 0o600
	}
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

// write writes every report. The one on standard output is made beside the files, but nothing of it appears before
// they are whole, since it names them.
func (all outputs) write(stdout io.Writer, look report.Look, as rendering) error {
	held := &gate{w: stdout, opened: make(chan error, 1)}
	parts := divided(as, len(all))
	screen := -1
	for i, o := range all {
		if o.path == "" {
			screen = i
		} else {
			look.Files = append(look.Files, o.path)
		}
	}
	shown := make(chan error, 1)
	go func() {
		var err error
		if screen >= 0 {
			err = parts[screen].render(all[screen].format, held, look)
		}
		shown <- errors.Join(err, held.flush())
	}()
	err := all.writeEach(as, parts)
	held.opened <- err
	if shownErr := <-shown; err == nil && shownErr != nil {
		return fmt.Errorf("write the %s: %w", all.onScreen(), shownErr)
	}
	return err
}

// writeFiles writes all reports that have a file.
func (all outputs) writeFiles(as rendering) error { return all.writeEach(as, divided(as, len(all))) }

// divided returns a rendering for each of n reports: the same one where they come no cheaper together.
func divided(as rendering, n int) []rendering {
	if d, ok := as.(together); ok && n > 1 {
		return d.divide(n)
	}
	return slices.Repeat([]rendering{as}, n)
}

// writeEach writes all reports that have a file: at the same time where that is cheaper, each by its own part.
func (all outputs) writeEach(as rendering, parts []rendering) error {
	errs := make([]error, len(all))
	var writing sync.WaitGroup
	for i, o := range all {
		write := func() { errs[i] = o.writeFile(parts[i]) }
		switch _, atOnce := as.(together); {
		case o.path == "":
		case atOnce:
			writing.Go(write)
		default:
			write()
		}
	}
	writing.Wait()
	for i, o := range all {
		if errs[i] != nil {
			return fmt.Errorf("output file %s: %w", o.path, errs[i])
		}
	}
	return nil
}

// gateHolds is how many bytes a gate keeps in memory.
const gateHolds = 4 << 20

// gate holds what is written to it until it is opened; one that is opened with an error passes nothing on. Its writer
// never waits, since others may wait for it: what is much is held in a file, if one can be made.
type gate struct {
	w      io.Writer
	opened chan error // gets one value
	held   net.Buffers
	size   int // of what is held in memory
	file   *os.File
	passed bool
	err    error
}

func (g *gate) Write(p []byte) (int, error) {
	if !g.passed {
		select {
		case err := <-g.opened:
			g.pass(err)
		default:
			return g.hold(p)
		}
	}
	if g.err != nil {
		return 0, g.err
	}
	return g.w.Write(p)
}

func (g *gate) hold(p []byte) (int, error) {
	if g.file == nil && g.size+len(p) > gateHolds {
		g.file, _ = os.CreateTemp("", "glueguard-output-") // where none can be made, it is memory that holds
	}
	if g.file != nil {
		return g.file.Write(p)
	}
	g.held, g.size = append(g.held, bytes.Clone(p)), g.size+len(p)
	return len(p), nil
}

// flush waits until the gate is open, and passes on what it held.
func (g *gate) flush() error {
	if !g.passed {
		g.pass(<-g.opened)
	}
	return g.err
}

func (g *gate) pass(err error) {
	if err == nil {
		_, err = g.held.WriteTo(g.w)
	}
	if g.file != nil {
		if err == nil {
			_, err = g.file.Seek(0, io.SeekStart)
		}
		if err == nil {
			_, err = io.Copy(g.w, g.file)
		}
		err = errors.Join(err, g.file.Close(), os.Remove(g.file.Name()))
	}
	g.passed, g.held, g.file, g.err = true, nil, nil, err
}

func (o *output) writeFile(as rendering) error {
	if err := as.render(o.format, o.file, report.Look{Version: buildVersion()}); err != nil {
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
