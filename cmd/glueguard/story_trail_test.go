package main

import (
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/glueguard/glueguard/internal/store"
	"github.com/glueguard/glueguard/internal/store/sqlite"
)

// listDeeds writes to a file what the audit trail tells, the oldest first: deeds FILE.
func listDeeds(ts *testscript.TestScript, _ bool, args []string) {
	ctx := context.Background()
	s, err := sqlite.Open(ctx, filepath.Join(ts.Getenv("XDG_STATE_HOME"), "glueguard", "state.db"))
	ts.Check(err)
	var lines []string
	ts.Check(s.EachDeed(ctx, 0, 0, func(d store.Deed) error {
		line := fmt.Sprintf("%d %s %s", d.Seq, d.Action, d.Outcome)
		if reason := d.Detail["reason"]; reason != "" {
			line += " " + reason
		}
		lines = append(lines, line+"\n")
		return nil
	}))
	ts.Check(s.Close())
	slices.Reverse(lines)
	ts.Check(os.WriteFile(ts.MkAbs(args[0]), []byte(strings.Join(lines, "")), 0o600))
}

// callKMS calls KMS in us-east-1, and keeps a member of what it answers: kms OPERATION JSON [MEMBER.MEMBER VARIABLE].
func callKMS(ts *testscript.TestScript, _ bool, args []string) {
	r, err := http.NewRequestWithContext(context.Background(), http.MethodPost, ts.Getenv("AWS_ENDPOINT_URL")+"/", strings.NewReader(args[1]))
	ts.Check(err)
	r.Header.Set("Content-Type", "application/x-amz-json-1.1")
	r.Header.Set("X-Amz-Target", "TrentService."+args[0])
	r.Header.Set("Authorization", "AWS4-HMAC-SHA256 Credential=story/20261123/us-east-1/kms/aws4_request, SignedHeaders=host, Signature=00")
	answer, err := http.DefaultClient.Do(r)
	ts.Check(err)
	defer answer.Body.Close()
	if answer.StatusCode != http.StatusOK {
		ts.Fatalf("%s %s: %s", args[0], args[1], answer.Status)
	}
	if len(args) < 4 {
		return
	}
	var tree any
	ts.Check(json.NewDecoder(answer.Body).Decode(&tree))
	for name := range strings.SplitSeq(args[2], ".") {
		members, _ := tree.(map[string]any)
		tree = members[name]
	}
	ts.Setenv(args[3], fmt.Sprint(tree))
}

// pastStore changes the state past Glueguard: past SQL...
func pastStore(ts *testscript.TestScript, _ bool, args []string) {
	db, err := sql.Open("sqlite", filepath.Join(ts.Getenv("XDG_STATE_HOME"), "glueguard", "state.db"))
	ts.Check(err)
	for _, statement := range args {
		_, err := db.ExecContext(context.Background(), statement)
		ts.Check(err)
	}
	ts.Check(db.Close())
}
