package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"
)

// endpointControl is failed by dev endpoints alone. Only these are repaired here: what AWS takes for each of their steps
// is known, so the rest is ours.
const endpointControl = "glue-dev-endpoint-s3-encryption"

// repair is one plan over an estate and its apply, all changes at once.
type repair struct {
	estate
	provisioning time.Duration // of a dev endpoint; deleting one takes a quarter of it
	changes      int           // fewer than these can't be measured here
	only         string        // the one endpoint to plan; "": all that fail
}

// repaired is what one run of a repair took.
type repaired struct {
	plan, apply measured
	overheads   []time.Duration // of each change beyond AWS's own time, the least first
	calls       map[string]int64
}

func (r repair) own() time.Duration { return 2*r.provisioning + 2*r.provisioning/4 }

// repair plans and applies in a process each, against a sandbox of its own.
func (b bench) repair(ctx context.Context, r repair) (run repaired, err error) {
	url, stop, err := b.sandbox(ctx, r.estate, "--provisioning", r.provisioning.String())
	if err != nil {
		return repaired{}, err
	}
	defer func() { err = errors.Join(err, stop()) }()
	stamp := time.Now().UnixNano()
	state, file := filepath.Join(b.dir, fmt.Sprintf("repair-%d.db", stamp)), filepath.Join(b.dir, fmt.Sprintf("plan-%d.json", stamp))
	env := awsEnv(url)
	args := []string{"plan", "--state", state, "--mode", "SSE-S3", "--control", endpointControl, "--out", file}
	if r.accounts > 1 {
		args = append(args, "--organization", "--role", "GlueguardRepair")
	}
	if r.only != "" {
		args = append(args, "--resource", r.only)
	}
	if run.plan, err = b.timed(ctx, env, args...); err != nil {
		return repaired{}, err
	}
	before, err := callsOf(ctx, url)
	if err != nil {
		return repaired{}, err
	}
	run.plan.calls = before.Total
	shown := filepath.Join(b.dir, fmt.Sprintf("changes-%d.json", stamp))
	run.apply, err = b.timedTo(ctx, shown, env, "apply", file, "--state", state, "--auto-approve", "--parallel", strconv.Itoa(r.changes), "-o", "json")
	if err != nil {
		return repaired{}, err
	}
	after, err := callsOf(ctx, url)
	if err != nil {
		return repaired{}, err
	}
	run.calls = map[string]int64{}
	for operation, n := range after.Operations {
		if n -= before.Operations[operation]; n > 0 {
			run.calls[operation] = n
		}
	}
	run.apply.calls = after.Total - before.Total
	return run, run.readChanges(shown, r)
}

// readChanges works out from the changes' own record what each took beyond AWS's time.
func (run *repaired) readChanges(path string, r repair) error {
	text, err := os.ReadFile(filepath.Clean(path))
	if err != nil {
		return err
	}
	var report struct {
		Changes []struct {
			ID, State string
			OpenedAt  time.Time `json:"opened_at"`
			UpdatedAt time.Time `json:"updated_at"`
		}
	}
	if err := json.Unmarshal(text, &report); err != nil {
		return err
	}
	for _, c := range report.Changes {
		if c.State != "done" {
			return fmt.Errorf("change %s is %s", c.ID, c.State)
		}
		run.overheads = append(run.overheads, c.UpdatedAt.Sub(c.OpenedAt)-r.own())
	}
	if len(run.overheads) < r.changes {
		return fmt.Errorf("the estate gave %d changes, not %d", len(run.overheads), r.changes)
	}
	slices.Sort(run.overheads)
	return nil
}

// measureRepair is the row of a repair: the run with the middle wall time, and what it was made of.
func measureRepair(r repair) func(context.Context, bench) (measured, error) {
	return func(ctx context.Context, b bench) (measured, error) {
		var runs []repaired
		for range repeats {
			run, err := b.repair(ctx, r)
			if err != nil {
				return measured{}, err
			}
			runs = append(runs, run)
		}
		slices.SortFunc(runs, func(a, b repaired) int { return int(a.apply.wall - b.apply.wall) })
		run := runs[len(runs)/2]
		m := run.apply
		m.overhead = run.overheads[len(run.overheads)-1]
		m.notes = run.notes(r)
		return m, nil
	}
}

func (run *repaired) notes(r repair) []string {
	changes := len(run.overheads)
	list := []string{
		fmt.Sprintf("%d changes; AWS's own time %s each; beyond it: median %s, most %s; the whole run %s",
			changes, r.own(), round(run.overheads[changes/2]), round(run.overheads[changes-1]), round(run.apply.wall-r.own())),
		fmt.Sprintf("plan: %d calls, %s, %s CPU, %s", run.plan.calls, round(run.plan.wall), round(run.plan.cpu), megabytes(run.plan.peakBytes)),
	}
	operations := slices.SortedFunc(maps.Keys(run.calls), func(a, b string) int {
		if n := int(run.calls[b] - run.calls[a]); n != 0 {
			return n
		}
		return strings.Compare(a, b)
	})
	var words []string
	for _, operation := range operations {
		words = append(words, fmt.Sprintf("%s %.2f", operation, float64(run.calls[operation])/float64(changes)))
	}
	return append(list, "calls per change: "+strings.Join(words, ", "))
}

// overheadUnder is the promise for a change: AWS's own time, and less than this.
func overheadUnder(limit time.Duration) func(measured) string {
	return func(m measured) string {
		if m.overhead >= limit {
			return fmt.Sprintf("%s beyond AWS's own time", round(m.overhead))
		}
		return ""
	}
}

// callsMade are the sandbox's own counts.
type callsMade struct {
	Total      int64
	Operations map[string]int64
	Counts     []struct {
		Account, Region  string
		Calls, Throttled int64
	}
}

func callsOf(ctx context.Context, url string) (made callsMade, err error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, url+"/_sandbox/calls", http.NoBody)
	if err != nil {
		return made, err
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return made, err
	}
	defer resp.Body.Close()
	return made, json.NewDecoder(resp.Body).Decode(&made)
}
