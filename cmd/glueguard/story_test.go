package main

import (
	"bytes"
	"context"
	"database/sql"
	"encoding/json"
	"flag"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/glueguard/glueguard/internal/cli"
	"github.com/glueguard/glueguard/internal/control"
	"github.com/glueguard/glueguard/internal/finding"
	"github.com/glueguard/glueguard/internal/resource"
	"github.com/glueguard/glueguard/internal/sandbox"
	"github.com/glueguard/glueguard/internal/store"
	"github.com/glueguard/glueguard/internal/store/sqlite"
)

var update = flag.Bool("update", false, "write what commands print into the stories that compare it")

func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){"glueguard": glueguard})
}

// glueguard is the program, except that a story can set its clock and ids (STORY_CLOCK), claim that it writes to a
// terminal of so many columns (STORY_TERMINAL), that somebody sits there to answer (STORY_PERSON), and who (STORY_USER).
func glueguard() {
	env := cli.System()
	if name := os.Getenv("STORY_USER"); name != "" {
		env.Operator = func() store.Actor { return store.Actor{Kind: store.ActorCommand, Name: name, Address: "desk"} }
	}
	_, env.StdinTerminal = os.LookupEnv("STORY_PERSON")
	if clock := os.Getenv("STORY_CLOCK"); clock != "" {
		now, err := time.Parse(time.RFC3339, clock)
		if err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		env.Now = func() time.Time { return now }
		env.NewID = func() string { return "audit-of-" + clock }
	}
	if columns, ok := os.LookupEnv("STORY_TERMINAL"); ok {
		env.StdoutTerminal, env.StderrTerminal = true, true
		if _, err := fmt.Sscan(columns, &env.Width); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
	}
	os.Exit(cli.Main(context.Background(), env))
}

// TestStories runs every story of a user in testdata/script.
func TestStories(t *testing.T) {
	t.Parallel()
	example, err := filepath.Abs(filepath.Join("..", "..", "docs", "glueguard.example.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	testscript.Run(t, testscript.Params{
		Dir:                 filepath.Join("testdata", "script"),
		UpdateScripts:       *update,
		RequireExplicitExec: true,
		RequireUniqueNames:  true,
		Setup: func(e *testscript.Env) error {
			e.Setenv("HOME", e.WorkDir)
			e.Setenv("XDG_STATE_HOME", filepath.Join(e.WorkDir, "state"))
			e.Setenv("AWS_EC2_METADATA_DISABLED", "true")
			e.Setenv("STORY_CLOCK", "2026-11-23T08:00:00Z")
			e.Setenv("EXAMPLE_POLICY", example)
			return nil
		},
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			"sandbox": startSandbox, "fault": addFault, "glue": callGlue, "status": runForStatus, "wait-file": waitForFile,
			"history": checkHistory, "interrupt": interrupt, "newer": makeNewer, "wait-call": waitCall,
			"hub": listHub, "object": getObject,
			"change-id": changeID, "speed": setSpeed, "tamper": tamper, "glue-gone": waitGone,
			"deeds": listDeeds, "kms": callKMS, "past": pastStore, "request-id": requestID, "users": addUsers, "rested": rested,
		},
	})
}

// startSandbox starts a sandbox for the rest of the story and points the environment at it:
// sandbox [-accounts N] [-regions a,b] [-resources N] [-provisioning D] SCENARIO.
func startSandbox(ts *testscript.TestScript, _ bool, args []string) {
	flags := flag.NewFlagSet("sandbox", flag.ContinueOnError)
	o := sandbox.Options{Seed: 1}
	regions := flags.String("regions", "", "")
	flags.IntVar(&o.Accounts, "accounts", 0, "")
	flags.IntVar(&o.Resources, "resources", 0, "")
	flags.DurationVar(&o.Latency, "latency", 0, "")
	flags.DurationVar(&o.Provisioning, "provisioning", 0, "")
	flags.BoolVar(&o.EndOfLife, "end-of-life", false, "")
	ts.Check(flags.Parse(args))
	if *regions != "" {
		o.Regions = strings.Split(*regions, ",")
	}
	o.Scenario = flags.Arg(0)
	server, err := sandbox.Start("127.0.0.1:0", o)
	ts.Check(err)
	ts.Defer(func() {
		if err := server.Close(); err != nil {
			ts.Logf("closing the sandbox: %v", err)
		}
	})
	ts.Setenv("AWS_ENDPOINT_URL", server.URL)
	ts.Setenv("AWS_ACCESS_KEY_ID", "story")
	ts.Setenv("AWS_SECRET_ACCESS_KEY", "story")
	ts.Setenv("AWS_REGION", "us-east-1")
}

// addFault makes calls go wrong from here on: fault JSON.
func addFault(ts *testscript.TestScript, _ bool, args []string) {
	post(ts, "/_sandbox/faults", "application/json", strings.Join(args, " "), nil)
}

// callGlue calls Glue as the account of a key id: glue ACCOUNT REGION OPERATION JSON. The sandbox verifies no signatures.
func callGlue(ts *testscript.TestScript, _ bool, args []string) {
	if len(args) < 4 {
		ts.Fatalf("usage: glue ACCOUNT REGION OPERATION JSON")
	}
	post(ts, "/", "application/x-amz-json-1.1", strings.Join(args[3:], " "), map[string]string{
		"X-Amz-Target": "AWSGlue." + args[2],
		"Authorization": fmt.Sprintf("AWS4-HMAC-SHA256 Credential=%s/20261123/%s/glue/aws4_request, SignedHeaders=host, Signature=00",
			args[0], args[1]),
	})
}

func post(ts *testscript.TestScript, path, contentType, body string, header map[string]string) {
	r, err := http.NewRequestWithContext(context.Background(), http.MethodPost, ts.Getenv("AWS_ENDPOINT_URL")+path, strings.NewReader(body))
	ts.Check(err)
	r.Header.Set("Content-Type", contentType)
	for name, value := range header {
		r.Header.Set(name, value)
	}
	answer, err := http.DefaultClient.Do(r)
	ts.Check(err)
	var text bytes.Buffer
	_, err = text.ReadFrom(answer.Body)
	ts.Check(err)
	ts.Check(answer.Body.Close())
	if answer.StatusCode >= 300 {
		ts.Fatalf("%s %s: %s: %s", path, body, answer.Status, text.String())
	}
}

// runForStatus runs a command that must end with this exit status: status N COMMAND ARG...
func runForStatus(ts *testscript.TestScript, _ bool, args []string) {
	if len(args) < 2 {
		ts.Fatalf("usage: status N COMMAND ARG...")
	}
	err := ts.Exec(args[1], args[2:]...)
	got := "0"
	if err != nil {
		got = strings.TrimPrefix(err.Error(), "exit status ")
	}
	if got != args[0] {
		ts.Fatalf("%s ended with status %s, want %s", strings.Join(args[1:], " "), got, args[0])
	}
}

// interrupt runs a command until the sandbox has answered a call of this operation, interrupts it, and expects status
// 130: interrupt OPERATION COMMAND ARG...
func interrupt(ts *testscript.TestScript, _ bool, args []string) {
	if len(args) < 2 {
		ts.Fatalf("usage: interrupt OPERATION COMMAND ARG...")
	}
	name, err := exec.LookPath(args[1])
	ts.Check(err)
	stdout, err := os.Create(ts.MkAbs("interrupted.out"))
	ts.Check(err)
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
	defer cancel()
	cmd := exec.CommandContext(ctx, name, args[2:]...)
	cmd.Dir, cmd.Stdout, cmd.Stderr = ts.MkAbs("."), stdout, stdout
	for _, v := range []string{
		"HOME", "XDG_STATE_HOME", "AWS_ENDPOINT_URL", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_REGION", "STORY_CLOCK",
	} {
		cmd.Env = append(cmd.Env, v+"="+ts.Getenv(v))
	}
	ts.Check(cmd.Start())
	waitForCall(ctx, ts, args[0])
	ts.Check(cmd.Process.Signal(os.Interrupt))
	sent := time.Now()
	err = cmd.Wait()
	ts.Check(stdout.Close())
	if took := time.Since(sent); took > 2*time.Second {
		ts.Fatalf("it took %v to stop", took)
	}
	if cmd.ProcessState.ExitCode() != 130 {
		ts.Fatalf("ended with %v, want status 130: %s", err, ts.ReadFile("interrupted.out"))
	}
}

// waitCall waits until the sandbox has been called so: wait-call OPERATION.
func waitCall(ts *testscript.TestScript, _ bool, args []string) {
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
	defer cancel()
	waitForCall(ctx, ts, args[0])
}

func waitForCall(ctx context.Context, ts *testscript.TestScript, operation string) {
	tick := time.NewTicker(2 * time.Millisecond)
	defer tick.Stop()
	for {
		var seen struct {
			Operations map[string]int `json:"operations"`
		}
		r, err := http.NewRequestWithContext(ctx, http.MethodGet, ts.Getenv("AWS_ENDPOINT_URL")+"/_sandbox/calls", nil)
		ts.Check(err)
		answer, err := http.DefaultClient.Do(r)
		ts.Check(err)
		ts.Check(json.NewDecoder(answer.Body).Decode(&seen))
		ts.Check(answer.Body.Close())
		if seen.Operations[operation] > 0 {
			return
		}
		<-tick.C
	}
}

// makeNewer makes a store that a later release has written: newer FILE.
func makeNewer(ts *testscript.TestScript, _ bool, args []string) {
	s, err := sqlite.Open(context.Background(), ts.MkAbs(args[0]))
	ts.Check(err)
	ts.Check(s.Close())
	db, err := sql.Open("sqlite", ts.MkAbs(args[0]))
	ts.Check(err)
	_, err = db.ExecContext(context.Background(), `INSERT INTO goose_db_version (version_id, is_applied) VALUES (42, 1)`)
	ts.Check(err)
	ts.Check(db.Close())
}

// waitForFile waits until a file is there: wait-file FILE.
func waitForFile(ts *testscript.TestScript, _ bool, args []string) {
	path := ts.MkAbs(args[0])
	deadline, tick := time.After(10*time.Second), time.NewTicker(2*time.Millisecond)
	defer tick.Stop()
	for {
		if _, err := os.Stat(path); err == nil {
			return
		}
		select {
		case <-tick.C:
		case <-deadline:
			ts.Fatalf("%s did not come", path)
		}
	}
}

// checkHistory says what the store must know of a development endpoint's finding, as JSON: history STATE ARN JSON.
func checkHistory(ts *testscript.TestScript, _ bool, args []string) {
	if len(args) != 3 {
		ts.Fatalf("usage: history STATE ARN JSON")
	}
	ctx := context.Background()
	s, err := sqlite.Open(ctx, ts.MkAbs(args[0]))
	ts.Check(err)
	h, err := s.History(ctx, finding.ID(control.Outcome{
		Control: control.DevEndpointS3, Resource: resource.Ref{Type: resource.TypeDevEndpoint, ARN: args[1]},
	}))
	ts.Check(err)
	ts.Check(s.Close())
	got, err := json.Marshal(h)
	ts.Check(err)
	if string(got) != args[2] {
		ts.Fatalf("history is %s, want %s", got, args[2])
	}
}
