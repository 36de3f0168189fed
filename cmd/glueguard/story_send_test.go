package main

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"slices"
	"strings"

	"github.com/rogpeppe/go-internal/testscript"
)

// listHub writes down what a Security Hub holds, a line for each finding: hub ACCOUNT REGION FILE.
func listHub(ts *testscript.TestScript, _ bool, args []string) {
	if len(args) != 3 {
		ts.Fatalf("usage: hub ACCOUNT REGION FILE")
	}
	answer := asAccount(ts, http.MethodPost, "/findings", "securityhub", args[0], args[1], `{"MaxResults":100}`)
	var found struct {
		Findings []struct {
			GeneratorID string `json:"GeneratorId"`
			RecordState string
			Compliance  struct{ Status string }
			Resources   []struct {
				ID string `json:"Id"`
			}
		}
	}
	ts.Check(json.Unmarshal(answer, &found))
	var lines []string
	for _, f := range found.Findings {
		lines = append(lines, fmt.Sprintf("%s %s %s %s\n", f.RecordState, f.Compliance.Status, strings.TrimPrefix(f.GeneratorID, "glueguard/"), f.Resources[0].ID))
	}
	slices.Sort(lines)
	ts.Check(os.WriteFile(ts.MkAbs(args[2]), []byte(strings.Join(lines, "")), 0o600))
}

// getObject copies an object from S3: object REGION BUCKET KEY FILE.
func getObject(ts *testscript.TestScript, _ bool, args []string) {
	if len(args) != 4 {
		ts.Fatalf("usage: object REGION BUCKET KEY FILE")
	}
	answer := asAccount(ts, http.MethodGet, "/"+args[1]+"/"+args[2], "s3", "story", args[0], "")
	ts.Check(os.WriteFile(ts.MkAbs(args[3]), answer, 0o600))
}

// asAccount calls a service as the account of a key id. The sandbox verifies no signatures.
func asAccount(ts *testscript.TestScript, method, path, service, account, region, body string) []byte {
	r, err := http.NewRequest(method, ts.Getenv("AWS_ENDPOINT_URL")+path, strings.NewReader(body))
	ts.Check(err)
	r.Header.Set("Authorization", fmt.Sprintf("AWS4-HMAC-SHA256 Credential=%s/20261123/%s/%s/aws4_request, SignedHeaders=host, Signature=00", account, region, service))
	answer, err := http.DefaultClient.Do(r)
	ts.Check(err)
	defer answer.Body.Close()
	text, err := io.ReadAll(answer.Body)
	ts.Check(err)
	if answer.StatusCode != http.StatusOK {
		ts.Fatalf("%s %s: %s: %s", method, path, answer.Status, text)
	}
	return text
}
