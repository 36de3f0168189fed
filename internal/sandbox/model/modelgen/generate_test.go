package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

const toyModel = `{
 "metadata": {"apiVersion": "2020-01-01", "endpointPrefix": "api.toy", "signingName": "toy", "serviceId": "Toy",
  "protocol": "json", "jsonVersion": "1.1", "targetPrefix": "Toy"},
 "operations": {
  "GetToy": {"http": {"method": "POST", "requestUri": "/"}, "input": {"shape": "GetToyRequest"},
   "output": {"shape": "GetToyResponse"}, "errors": [{"shape": "GoneException"}]},
  "Unwanted": {"http": {"method": "POST", "requestUri": "/"}, "input": {"shape": "Unwanted"}}
 },
 "shapes": {
  "GetToyRequest": {"type": "structure", "required": ["Name"], "members": {"Name": {"shape": "Name", "documentation": "long"}, "Also": {"shape": "Name"}, "Odd": {"shape": "Odd"}}},
  "GetToyResponse": {"type": "structure", "required": ["Kind"], "members": {"Kind": {"shape": "Kind"}}},
  "GoneException": {"type": "structure", "members": {"Message": {"shape": "Name"}}, "exception": true, "error": {"httpStatusCode": 404}},
  "Kind": {"type": "string", "enum": ["A", "B"]},
  "Name": {"type": "string", "min": 1, "max": 9, "pattern": "[a-z]+"},
  "Odd": {"type": "string", "pattern": "(?!a)b"},
  "Unwanted": {"type": "structure", "members": {}}
 }
}`

const toyFacts = `{
"botocore": "9.9.9",
"metadata": {"name":"toy","serviceId":"Toy","apiVersion":"2020-01-01","endpointPrefix":"api.toy","signingName":"toy","protocols":["json"],"jsonVersion":"1.1","targetPrefix":"Toy"},
"unread": ["Odd"],
"operations": {
"GetToy": {"input":"GetToyRequest","output":"GetToyResponse","errors":["GoneException"]}
},
"errors": {
"GoneException": {"status":404,"message":"Message"}
},
"shapes": {
"GetToyRequest": {"type":"structure","members":[{"name":"Name","shape":"Name","required":true},{"name":"Also","shape":"Name"},{"name":"Odd","shape":"Odd"}]},
"GetToyResponse": {"type":"structure","members":[{"name":"Kind","shape":"Kind"}]},
"Kind": {"type":"string"},
"Name": {"type":"string","min":1,"max":9,"pattern":"[a-z]+"},
"Odd": {"type":"string"}
}
}
`

func write(t *testing.T, path, text string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
}

func TestFactsAreWhatTheOperationsReach(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	models, out := filepath.Join(dir, "botocore", "data"), filepath.Join(dir, "model")
	write(t, filepath.Join(dir, "botocore", "__init__.py"), "__version__ = '9.9.9'\n")
	write(t, filepath.Join(models, "toy", "2020-01-01", "service-2.json"), toyModel)
	write(t, filepath.Join(models, "toy", "2019-01-01", "service-2.json"), "old")
	write(t, filepath.Join(out, "operations.txt"), "# toys\ntoy: GetToy\n")
	write(t, filepath.Join(out, "facts", "index.json"), "[]")
	if err := run(models, out, true); err == nil || !strings.Contains(err.Error(), "[index.json toy.json]") {
		t.Errorf("the check said %v before the facts were made", err)
	}
	if err := run(models, out, false); err != nil {
		t.Fatal(err)
	}
	got, err := os.ReadFile(filepath.Join(out, "facts", "toy.json"))
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(toyFacts, string(got)); diff != "" {
		t.Error(diff)
	}
	if err := run(models, out, true); err != nil {
		t.Errorf("the check said %v of fresh facts", err)
	}
	write(t, filepath.Join(out, "facts", "gone.json"), "{}")
	if err := run(models, out, true); err == nil {
		t.Error("the check missed a file too many")
	}
	write(t, filepath.Join(out, "operations.txt"), "toy: Nope\n")
	if err := run(models, out, false); err == nil {
		t.Error("an operation that the models do not have was taken")
	}
}
