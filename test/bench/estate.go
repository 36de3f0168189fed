package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"time"
)

// bench is what every row measures with: the binary, and a folder for its files.
type bench struct{ binary, dir string }

// estate is what one audit reads.
type estate struct {
	accounts, regions, resources int
	latency                      time.Duration
	rate                         float64 // calls per second and location; 0: no limit
}

// audit is one measured run over an estate.
type audit struct {
	measured
	busiest  int64 // calls of the location that answered most
	findings summary
}

type summary struct{ Pass, Fail, Unknown int }

// audit starts a sandbox of its own with the estate, runs `glueguard audit` over it once and measures that process.
func (b bench) audit(ctx context.Context, e estate) (run audit, err error) {
	url, stop, err := b.sandbox(ctx, e)
	if err != nil {
		return audit{}, err
	}
	defer func() { err = errors.Join(err, stop()) }()
	report := filepath.Join(b.dir, "report.json")
	args := []string{"audit", "--state", filepath.Join(b.dir, fmt.Sprintf("state-%d.db", time.Now().UnixNano())), "-o", "json=" + report}
	if e.accounts > 1 {
		args = append(args, "--organization", "--role", "GlueguardAudit")
	}
	if run.measured, err = b.timed(ctx, awsEnv(url), args...); err != nil {
		return audit{}, err
	}
	if err := run.countCalls(ctx, url); err != nil {
		return audit{}, err
	}
	return run, run.readReport(report, e)
}

func awsEnv(url string) []string {
	return []string{"AWS_ENDPOINT_URL=" + url, "AWS_REGION=us-east-1", "AWS_ACCESS_KEY_ID=bench", "AWS_SECRET_ACCESS_KEY=bench"}
}

func (b bench) version(ctx context.Context) (measured, error) {
	return b.timed(ctx, nil, "--version")
}

// timed runs the binary and measures its process. Exit status 2 and 3 are verdicts, not failures.
func (b bench) timed(ctx context.Context, env []string, args ...string) (measured, error) {
	return b.timedTo(ctx, os.DevNull, env, args...)
}

// timedTo is timed, with the results of the process written to a file.
func (b bench) timedTo(ctx context.Context, results string, env []string, args ...string) (measured, error) {
	self, err := os.Executable()
	if err != nil {
		return measured{}, err
	}
	var stdout, stderr strings.Builder
	cmd := exec.CommandContext(ctx, self, append([]string{measureWord, results, b.binary}, args...)...)
	cmd.Env = append([]string{"PATH=" + os.Getenv("PATH"), "HOME=" + b.dir}, env...)
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	if err := cmd.Run(); err != nil {
		return measured{}, fmt.Errorf("%s: %w\n%s", strings.Join(args, " "), err, stderr.String())
	}
	var u usage
	if err := json.Unmarshal([]byte(stdout.String()), &u); err != nil {
		return measured{}, err
	}
	return measured{wall: u.Wall, cpu: u.CPU, peakBytes: u.PeakBytes}, nil
}

// sandbox starts the sandbox in a process of its own and returns its URL and what ends it.
func (b bench) sandbox(ctx context.Context, e estate, more ...string) (url string, stop func() error, err error) {
	addrFile := filepath.Join(b.dir, fmt.Sprintf("address-%d", time.Now().UnixNano()))
	scenario := "org"
	if e.resources == 0 {
		scenario = "empty"
	}
	cmd := exec.CommandContext(ctx, b.binary, append([]string{
		"sandbox", "--listen", "127.0.0.1:0", "--scenario", scenario,
		"--accounts", strconv.Itoa(e.accounts), "--regions", strconv.Itoa(e.regions), "--resources", strconv.Itoa(e.resources),
		"--latency", e.latency.String(), "--rate", strconv.FormatFloat(e.rate, 'f', -1, 64), "--addr-file", addrFile,
	}, more...)...)
	cmd.Stderr = os.Stderr
	if err := cmd.Start(); err != nil {
		return "", nil, err
	}
	ended := make(chan error, 1)
	go func() { ended <- cmd.Wait() }()
	stop = func() error {
		if err := cmd.Process.Signal(os.Interrupt); err != nil {
			return err
		}
		var exit *exec.ExitError
		if err := <-ended; err != nil && !errors.As(err, &exit) {
			return err
		}
		return nil
	}
	for {
		if addr, err := os.ReadFile(addrFile); err == nil {
			return "http://" + strings.TrimSpace(string(addr)), stop, nil
		}
		select {
		case err := <-ended:
			return "", nil, fmt.Errorf("the sandbox ended before it listened: %w", err)
		case <-time.After(5 * time.Millisecond):
		}
	}
}

func (a *audit) countCalls(ctx context.Context, url string) error {
	calls, err := callsOf(ctx, url)
	if err != nil {
		return err
	}
	a.calls = calls.Total
	answered := map[[2]string]int64{}
	for _, c := range calls.Counts {
		location := [2]string{c.Account, c.Region}
		answered[location] += c.Calls - c.Throttled
		a.busiest = max(a.busiest, answered[location])
	}
	return nil
}

// readReport checks that the whole estate was read, and works out from what was found how few calls could have told it.
func (a *audit) readReport(path string, e estate) error {
	file, err := os.Open(path)
	if err != nil {
		return err
	}
	defer file.Close()
	var report struct {
		Summary  summary
		Coverage []struct {
			Account, Region, Operation, Status string
			Items                              int
		}
		Findings []struct {
			Control  string
			Resource struct{ ARN, Account, Region string }
		}
	}
	if err := json.NewDecoder(file).Decode(&report); err != nil {
		return err
	}
	a.findings = report.Summary
	locations, accounts, suspended, resources := map[[2]string]bool{}, map[string]bool{}, 0, 0
	configurations, keys := 0, map[string]bool{}
	tagged := map[[2]string]int{}
	for _, c := range report.Coverage {
		if c.Status == "skipped" {
			suspended++
			continue
		}
		if c.Status != "ok" && c.Status != "unsupported" { // endpoints are not sold in every region
			return fmt.Errorf("%s in %s/%s was not read: %s", c.Operation, c.Account, c.Region, c.Status)
		}
		at := [2]string{c.Account, c.Region}
		switch c.Operation {
		case "glue:GetDevEndpoints", "glue:GetMLTransforms":
			locations[at], accounts[c.Account] = true, true
			tagged[at] += c.Items
			resources += c.Items
		case "glue:GetSecurityConfiguration":
			configurations += c.Items
		}
	}
	for _, f := range report.Findings {
		if f.Control == "glue-encryption-key-management" {
			keys[f.Resource.ARN] = true
		}
	}
	if want := (e.accounts - suspended) * e.regions; e.resources > 0 && len(locations) != want {
		return fmt.Errorf("read %d locations, not %d", len(locations), want)
	}
	if resources != e.resources {
		return fmt.Errorf("read %d resources, not %d", resources, e.resources)
	}
	a.floor = floor(e, int64(len(accounts)), tagged, int64(configurations), int64(len(keys)))
	return nil
}

// floor is the fewest calls: who am I; the organization's accounts, twenty a page; for each other account a role and for
// every account its regions; in every location both listings; each named configuration once; three reads of each key;
// and the tags of a hundred resources at a time.
func floor(e estate, accounts int64, listed map[[2]string]int, configurations, keys int64) int64 {
	calls := 1 + accounts + 2*int64(len(listed)) + configurations + 3*keys
	if e.accounts > 1 {
		calls += accounts - 1 + int64(e.accounts+19)/20
	}
	for _, n := range listed {
		calls += int64(n+99) / 100
	}
	return calls
}
