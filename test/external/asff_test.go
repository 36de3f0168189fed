package external_test

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"testing"
)

// TestSecurityHubTakesReports hands the golden reports in Security Hub's format to botocore, whose own model decides
// whether they are valid parameters of BatchImportFindings, and looks at what it sends.
func TestSecurityHubTakesReports(t *testing.T) {
	t.Parallel()
	pool := startDrivers(t, 1)
	for _, name := range []string{"asff", "asff-hostile", "since-asff"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			text, err := os.ReadFile("../../internal/report/testdata/" + name + ".golden")
			if err != nil {
				t.Fatal(err)
			}
			var findings []any
			if err := json.Unmarshal(text, &findings); err != nil {
				t.Fatal(err)
			}
			if len(findings) == 0 || len(findings) > 100 {
				t.Fatalf("%d findings are no batch", len(findings))
			}
			got := send(t, pool, findings)
			if got.Error != "" || len(got.Calls) != 1 || got.Calls[0].Status != http.StatusOK {
				t.Fatalf("refused: %+v", got)
			}
			// The model knows what is wrong, too.
			findings[0].(map[string]any)["Severity"] = "HIGH"
			if got := send(t, pool, findings); !strings.Contains(got.Error, "Severity") {
				t.Errorf("a wrong finding was not refused: %+v", got)
			}
		})
	}
}

func send(t *testing.T, pool drivers, findings []any) answer {
	t.Helper()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		var sent struct{ Findings []json.RawMessage }
		if err := json.NewDecoder(r.Body).Decode(&sent); err != nil || len(sent.Findings) != len(findings) {
			t.Errorf("%d findings were sent, %v", len(sent.Findings), err)
		}
		_, _ = io.WriteString(w, fmt.Sprintf(`{"FailedCount":0,"SuccessCount":%d,"FailedFindings":[]}`, len(sent.Findings)))
	}))
	defer server.Close()
	got, err := pool.ask(request{
		Kind: "api", Service: "securityhub", Operation: "BatchImportFindings", Params: map[string]any{"Findings": findings}, Endpoint: server.URL,
		Region: "eu-west-1", Validate: true, Env: credentials{AccessKeyID: managementID, SecretAccessKey: "secret"}.env(),
	})
	if err != nil {
		t.Fatal(err)
	}
	return got
}
