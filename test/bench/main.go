// Command bench measures the numbers that docs/performance.md promises: it runs the real binary as a user would, against
// the sandbox in a process of its own on the same machine, and prints a table of calls, wall time, CPU and peak memory.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"text/tabwriter"
	"time"
)

func main() {
	if len(os.Args) > 3 && os.Args[1] == measureWord {
		os.Exit(measureProcess(os.Args[2:]))
	}
	only := flag.String("run", "", "run only the row of this name")
	binary := flag.String("binary", "", "measure this binary instead of building one")
	list := flag.Bool("list", false, "list the rows and exit")
	flag.Parse()
	if *list {
		for _, r := range rows() {
			fmt.Println(r.name)
		}
		return
	}
	if err := run(context.Background(), *binary, *only); err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, binary, only string) error {
	dir, err := os.MkdirTemp("", "glueguard-bench-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	if binary == "" {
		binary = filepath.Join(dir, "glueguard")
		if err := build(ctx, binary); err != nil {
			return err
		}
	}
	fmt.Printf("%s, %s/%s, %d CPUs%s\n\n", runtime.Version(), runtime.GOOS, runtime.GOARCH, runtime.NumCPU(), load())
	table := tabwriter.NewWriter(os.Stdout, 0, 0, 2, ' ', 0)
	fmt.Fprintln(table, "what\tcalls\tfloor\twall\tCPU\tpeak memory\tgoal\t")
	var failed error
	var notes []string
	for _, r := range rows() {
		if only != "" && r.name != only {
			continue
		}
		m, err := r.measure(ctx, bench{binary: binary, dir: dir})
		if err != nil {
			return fmt.Errorf("%s: %w", r.name, err)
		}
		met := "met"
		if why := r.goal(m); why != "" {
			met = "MISSED: " + why
			failed = errors.New("not every goal was met")
		}
		fmt.Fprintf(table, "%s\t%s\t%s\t%s\t%s\t%s\t%s: %s\t\n", r.name, count(m.calls), count(m.floor),
			round(m.wall), round(m.cpu), megabytes(m.peakBytes), r.promise, met)
		for _, note := range m.notes {
			notes = append(notes, r.name+": "+note)
		}
	}
	if err := table.Flush(); err != nil {
		return err
	}
	if len(notes) > 0 {
		fmt.Println("\n" + strings.Join(notes, "\n"))
	}
	return failed
}

// load says how busy the machine was in the last minute, where it tells: figures taken beside other work mean little.
func load() string {
	average, err := os.ReadFile("/proc/loadavg")
	if err != nil {
		return ""
	}
	lastMinute, _, _ := strings.Cut(string(average), " ")
	return ", load " + lastMinute
}

func build(ctx context.Context, binary string) error {
	cmd := exec.CommandContext(ctx, "go", "build", "-trimpath", "-o", binary, "./cmd/glueguard")
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("go build: %w\n%s", err, out)
	}
	return nil
}

func count(n int64) string {
	if n == 0 {
		return "-"
	}
	return fmt.Sprint(n)
}

func round(d time.Duration) string {
	if d < time.Second {
		return d.Round(time.Millisecond).String()
	}
	return d.Round(10 * time.Millisecond).String()
}

func megabytes(n int64) string {
	if n == 0 {
		return "-"
	}
	return fmt.Sprintf("%d MB", n/1_000_000)
}
