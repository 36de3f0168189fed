package main

import (
	"bytes"
	"context"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/glueguard/glueguard/internal/store"
	"github.com/glueguard/glueguard/internal/store/sqlite"
)

// changeID puts the id of the newest change into a variable: change-id NAME.
func changeID(ts *testscript.TestScript, _ bool, args []string) {
	ctx := context.Background()
	s, err := sqlite.Open(ctx, filepath.Join(ts.Getenv("XDG_STATE_HOME"), "glueguard", "state.db"))
	ts.Check(err)
	id := ""
	err = s.EachSummary(ctx, store.ChangeFilter{}, func(c store.Summarized) error {
		if id == "" {
			id = c.ID
		}
		return nil
	})
	ts.Check(err)
	ts.Check(s.Close())
	if id == "" {
		ts.Fatalf("there is no change")
	}
	ts.Setenv(args[0], id)
}

// setSpeed says how long AWS takes from here on to make an endpoint: speed DURATION.
func setSpeed(ts *testscript.TestScript, _ bool, args []string) {
	post(ts, "/_sandbox/settings", "application/json", fmt.Sprintf(`{"provisioning":%q}`, args[0]), nil)
}

// tamper changes a file: tamper FILE OLD NEW.
func tamper(ts *testscript.TestScript, _ bool, args []string) {
	path := ts.MkAbs(args[0])
	text, err := os.ReadFile(path)
	ts.Check(err)
	changed := strings.Replace(string(text), args[1], args[2], 1)
	if changed == string(text) {
		ts.Fatalf("%s does not hold %q", args[0], args[1])
	}
	ts.Check(os.WriteFile(path, []byte(changed), 0o600))
}

// waitGone waits until a development endpoint is gone: glue-gone ACCOUNT REGION NAME.
func waitGone(ts *testscript.TestScript, _ bool, args []string) {
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	for range 1000 {
		r, err := http.NewRequestWithContext(context.Background(), http.MethodPost, ts.Getenv("AWS_ENDPOINT_URL")+"/",
			strings.NewReader(fmt.Sprintf(`{"EndpointName":%q}`, args[2])))
		ts.Check(err)
		r.Header.Set("Content-Type", "application/x-amz-json-1.1")
		r.Header.Set("X-Amz-Target", "AWSGlue.GetDevEndpoint")
		r.Header.Set("Authorization", fmt.Sprintf("AWS4-HMAC-SHA256 Credential=%s/20261123/%s/glue/aws4_request, SignedHeaders=host, Signature=00", args[0], args[1]))
		answer, err := http.DefaultClient.Do(r)
		ts.Check(err)
		var text bytes.Buffer
		_, err = text.ReadFrom(answer.Body)
		ts.Check(err)
		ts.Check(answer.Body.Close())
		if strings.Contains(text.String(), "EntityNotFoundException") {
			return
		}
		<-tick.C
	}
	ts.Fatalf("%s is still there", args[2])
}
