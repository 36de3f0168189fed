package awsview

import (
	"bytes"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"strings"
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

// TestYAMLStringsStayStrings reads back what readers of YAML, old and new, may take for something else.
func TestYAMLStringsStayStrings(t *testing.T) {
	t.Parallel()
	words := []any{
		"", " ", "a ", " a", "a: b", "a:b", "a:", ":", "a #b", "a#b", "#a", "-", "- a", "-a", "--", "---", "...", "?", "[x", "{", "}", "&x", "*a", "!x",
		"|", ">", "'x", "it's", "\"", "%a", "@a", "`", "a\nb", "\t", "\u0007", "null", "Null", "~", "true", "True", "yes", "No", "on", "OFF", "n", "1", "1.0",
		"012", "0x1f", "0o14", "0b1", "1e3", "1_000", ".5", ".inf", "-.inf", "+1", "-1", ".nan", "12:30:45", "-1:30", "10.20.1.4", "--flag", "...", "2021-03-01", "2021-03-01T09:00:00+00:00",
		"=", "<<", "é", "😀", "arn:aws:kms:us-east-1:111111111111:key/1384a413-0168-48ff-9c9e-8c36ef7ce0c3", strings.Repeat("long ", 40), "a\u2028b",
	}
	for _, w := range words {
		d := map[string]any{"list": []any{w, []any{w, map[string]any{"k": w}}, map[string]any{}, []any{}}, "in": map[string]any{w.(string): w, "other": nil}}
		var got any
		text := printed(t, "yaml", "", d)
		if err := yaml.Unmarshal([]byte(text), &got); err != nil {
			t.Errorf("%q: %v in\n%s", w, err, text)
			continue
		}
		want := any(d)
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%q: -document +YAML:\n%s\n%s", w, diff, text)
		}
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
		"yaml":           {"yaml", "[a, Name]", "- x<y\n- 'n'\n"},
		"yaml scalar":    {"yaml", "a", "\"x<y\"\n"},
		"yaml null":      {"yaml", "n", "null\n"},
		"yaml sorted":    {"yaml", "{z:a, b:f}", "b: 0.94\nz: x<y\n"},
		"yaml, nothing":  {"yaml", "`{}`", ""},
		"yaml, no items": {"yaml", "{a: empty}", "a: []\n"},
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
