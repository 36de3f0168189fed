// Package cli is the command line: one file per command, each with its options, its flags and what it does. All that
// a command knows of the machine comes from its Env.
package cli

import (
	"context"
	"io"
	"os"
	"os/signal"
	"runtime/debug"
	"strconv"
	"syscall"
	"time"

	"github.com/google/uuid"
	"golang.org/x/term"

	"github.com/glueguard/glueguard/internal/report"
	"github.com/glueguard/glueguard/internal/store"
)

// Env is the machine as commands see it. System returns the real one.
type Env struct {
	Args           []string // without the program's name
	Stdin          io.Reader
	Stdout, Stderr io.Writer
	StdinTerminal  bool
	StdoutTerminal bool
	StderrTerminal bool
	Width          int // columns of the terminal; 0: not known
	LookupEnv      func(string) (string, bool)
	Now            func() time.Time
	NewID          func() string
	// Operator is who the audit trail names as having given the command; nil: the operating system's user.
	Operator func() store.Actor
	// Interruptible returns a context that the first interrupt cancels; the second ends the process.
	Interruptible func(context.Context) (context.Context, context.CancelFunc)
	// TuneMemory trades memory for speed: the heap may grow freely, but hardly past a limit in bytes.
	TuneMemory func(limit int64)
}

// System is the process's own Env.
func System() Env {
	e := Env{
		Args: os.Args[1:], Stdin: os.Stdin, Stdout: os.Stdout, Stderr: os.Stderr,
		StdinTerminal: isTerminal(os.Stdin), StdoutTerminal: isTerminal(os.Stdout), StderrTerminal: isTerminal(os.Stderr),
		LookupEnv: os.LookupEnv, Now: time.Now,
		NewID:         func() string { return uuid.Must(uuid.NewV7()).String() },
		Interruptible: interruptible, TuneMemory: tuneMemory,
	}
	if columns, ok := os.LookupEnv("COLUMNS"); ok {
		e.Width, _ = strconv.Atoi(columns) // anything but a number is as good as not set
	}
	if e.Width <= 0 {
		e.Width = terminalWidth(os.Stdout, os.Stderr)
	}
	return e
}

func isTerminal(f *os.File) bool { return term.IsTerminal(int(f.Fd())) }

func terminalWidth(files ...*os.File) int {
	for _, f := range files {
		if w, _, err := term.GetSize(int(f.Fd())); err == nil {
			return w
		}
	}
	return 0
}

func interruptible(ctx context.Context) (context.Context, context.CancelFunc) {
	ctx, stop := signal.NotifyContext(ctx, os.Interrupt, syscall.SIGTERM)
	// Once cancelled, signals have their usual effect again.
	context.AfterFunc(ctx, stop)
	return ctx, stop
}

// The limits of memory, in bytes. Some 25 MB more than the limit are resident, the program itself among them: an audit
// keeps below 150 MB. A simulated organization of a thousand accounts takes 100 MB.
const (
	auditMemory   = 112 << 20
	sandboxMemory = 512 << 20
)

// tuneMemory lets the collector run less often than by default: on a large estate it would take a third of the time.
// The user's own GOGC and GOMEMLIMIT win.
func tuneMemory(limit int64) {
	if _, ok := os.LookupEnv("GOGC"); !ok {
		debug.SetGCPercent(400)
	}
	if _, ok := os.LookupEnv("GOMEMLIMIT"); !ok {
		debug.SetMemoryLimit(limit)
	}
}

// color tells whether standard output takes colours: https://no-color.org, and terminals that say they are dumb.
func (e Env) color() bool {
	if v, ok := e.LookupEnv("NO_COLOR"); ok && v != "" {
		return false
	}
	t, _ := e.LookupEnv("TERM")
	return e.StdoutTerminal && t != "dumb"
}

// look is how reports on standard output are drawn.
func (e Env) look() report.Look {
	if !e.StdoutTerminal {
		return report.Look{Now: e.Now(), Version: buildVersion()}
	}
	width := e.Width
	if width <= 0 {
		width = 100
	}
	return report.Look{Terminal: true, Color: e.color(), Width: width, Now: e.Now(), Version: buildVersion()}
}
