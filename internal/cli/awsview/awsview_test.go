package awsview

import (
	"bytes"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/goccy/go-yaml"
	"github.com/google/go-cmp/cmp"
)

// TestAsTheAWSCLIPrints compares with what the AWS CLI 1.45 printed of the same document.
func TestAsTheAWSCLIPrints(t *testing.T) {
	t.Parallel()
	for name, query := range map[string]string{
		"endpoints": "DevEndpoints",
		"chosen":    "DevEndpoints[].{Name:EndpointName,At:AvailabilityZone,Keys:PublicKeys[0],Config:SecurityConfiguration}",
		"lists":     "DevEndpoints[].[EndpointName,NumberOfNodes]",
		"flat":      "DevEndpoints[1].PublicKeys",
		"object":    "DevEndpoints[1].Arguments",
	} {
		for _, format := range []string{"json", "text", "table"} {
			t.Run(name+"."+format, func(t *testing.T) {
				t.Parallel()
				want, err := os.ReadFile(filepath.Join("testdata", name+"."+format))
				if err != nil {
					t.Fatal(err)
				}
				if d := cmp.Diff(string(want), printed(t, format, query, document(t))); d != "" {
					t.Errorf("-AWS CLI +ours:\n%s", d)
				}
			})
		}
	}
}

func document(t *testing.T) map[string]any {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("testdata", "document.json"))
	if err != nil {
		t.Fatal(err)
	}
	var d map[string]any
	if err := json.Unmarshal(text, &d); err != nil {
		t.Fatal(err)
	}
	return d
}

func printed(t *testing.T, format, query string, d map[string]any) string {
	t.Helper()
	v, err := New(format, query, "GetDevEndpoints", 0)
	if err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	if err := v.Write(&out, d); err != nil {
		t.Fatal(err)
	}
	return out.String()
}

func TestYAMLSaysTheSame(t *testing.T) {
	t.Parallel()
	d := document(t)
	var got any
	if err := yaml.Unmarshal([]byte(printed(t, "yaml", "", d)), &got); err != nil {
		t.Fatal(err)
	}
	again, err := json.Marshal(got)
	if err != nil {
		t.Fatal(err)
	}
	var back map[string]any
	if err := json.Unmarshal(again, &back); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(d, back); diff != "" {
		t.Errorf("-document +YAML:\n%s", diff)
	}
}

func TestScalars(t *testing.T) {
	t.Parallel()
	d := map[string]any{"a": "x<y", "b": true, "n": nil, "f": 0.94, "i": 7.0, "empty": []any{}, "Name": "n"}
	for name, c := range map[string]struct{ format, query, want string }{
		"text null":      {"text", "n", "None\n"},
		"json null":      {"json", "n", "null\n"},
		"table null":     {"table", "n", ""},
		"text bool":      {"text", "b", "True\n"},
		"json bool":      {"json", "b", "true\n"},
		"fraction":       {"json", "f", "0.94\n"},
		"whole":          {"text", "i", "7\n"},
		"not HTML":       {"json", "a", "\"x<y\"\n"},
		"empty list":     {"json", "empty", "[]\n"},
		"empty text":     {"text", "empty", ""},
		"order of query": {"json", "{z:a, b:f}", "{\n    \"z\": \"x<y\",\n    \"b\": 0.94\n}\n"},
		"yaml":           {"yaml", "a", "x<y\n"},
		"old literal":    {"json", "Name == `n`", "true\n"},
		"JSON literal":   {"json", "i > `6`", "true\n"},
		"raw string":     {"json", "[Name, 'a`b`']", "[\n    \"n\",\n    \"a`b`\"\n]\n"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if got := printed(t, c.format, c.query, d); got != c.want {
				t.Errorf("got %q, want %q", got, c.want)
			}
		})
	}
}

func TestBadQuery(t *testing.T) {
	t.Parallel()
	for _, query := range []string{"a[", "{a", "'", "`", "a b", "\"", "[{"} {
		var bad *QueryError
		if _, err := New("json", query, "", 0); !errors.As(err, &bad) {
			t.Errorf("%q: %v", query, err)
		}
	}
}

func TestHashes(t *testing.T) {
	t.Parallel()
	got := hashes("a[?b=='{x:y}'].{Name:c, \"two words\": d[0:2].{In:e}, Last : f}")
	if d := cmp.Diff([][]string{{"Name", "two words", "Last"}, {"In"}}, got); d != "" {
		t.Errorf("-want +got:\n%s", d)
	}
}

func TestTimes(t *testing.T) {
	t.Parallel()
	d := map[string]any{"CreatedOn": 1614589200.0, "LastModifiedOn": 1614589200.123, "CreatedTimestamp": "kept"}
	Times(d, time.UTC)
	want := map[string]any{"CreatedOn": "2021-03-01T09:00:00+00:00", "LastModifiedOn": "2021-03-01T09:00:00.123000+00:00", "CreatedTimestamp": "kept"}
	if diff := cmp.Diff(want, d); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
}
