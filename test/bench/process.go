package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"syscall"
	"time"
)

// measureWord makes this program measure one process and nothing else. Linux counts what the parent had resident when
// it forked as the child's own peak, so the parent of a measured process must be small.
const measureWord = "measure-process"

// usage is what one process took.
type usage struct {
	Wall, CPU time.Duration
	PeakBytes int64
}

// measureProcess runs a command and prints its usage as JSON. What the command writes goes to the file that the first
// word names. It returns the exit status: 0 where the command ended
// well or with a verdict (2 or 3).
func measureProcess(words []string) int {
	results, err := os.OpenFile(words[0], os.O_WRONLY|os.O_CREATE, 0o600)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	command := words[1:]
	cmd := exec.Command(command[0], command[1:]...) //nolint:gosec,noctx // the parent's own words, and it ends with the parent
	cmd.Stdout, cmd.Stderr = results, os.Stderr
	start := time.Now()
	err = cmd.Run()
	u := usage{Wall: time.Since(start)}
	var exit *exec.ExitError
	if err != nil && (!errors.As(err, &exit) || exit.ExitCode() < 2 || exit.ExitCode() > 3) {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	u.CPU = cmd.ProcessState.UserTime() + cmd.ProcessState.SystemTime()
	u.PeakBytes = peak(cmd.ProcessState)
	if err := json.NewEncoder(os.Stdout).Encode(u); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	return 0
}

// peak is the largest resident size of a process that has ended.
func peak(p *os.ProcessState) int64 {
	used, ok := p.SysUsage().(*syscall.Rusage)
	if !ok {
		return 0
	}
	if runtime.GOOS == "darwin" {
		return used.Maxrss // bytes there, kilobytes elsewhere
	}
	return used.Maxrss * 1024
}
