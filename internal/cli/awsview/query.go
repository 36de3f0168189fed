// Package awsview prints documents as the AWS CLI prints them: chosen by a JMESPath expression, as JSON, text, tables or
// YAML, for those who have scripts that read it.
package awsview

import (
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/jmespath/go-jmespath"
)

// Formats are the values of --output.
func Formats() []string { return []string{"json", "text", "table", "yaml"} }

// View is one way of printing.
type View struct {
	Format string
	Title  string // of a table: the operation's name
	Width  int    // of the terminal, for tables; 0: not known
	query  *jmespath.JMESPath
	order  order
}

// QueryError is an expression that is no JMESPath.
type QueryError struct {
	Query string
	Err   error
}

func (e *QueryError) Error() string {
	return fmt.Sprintf("Bad value for --query %s: %v", e.Query, e.Err)
}

// Unwrap gives the reason.
func (e *QueryError) Unwrap() error { return e.Err }

// New returns a view, or *QueryError.
func New(format, query, title string, width int) (*View, error) {
	v := &View{Format: format, Title: title, Width: width, order: order{shapes: shapes()}}
	if query == "" {
		return v, nil
	}
	compiled, err := jmespath.Compile(strictLiterals(query))
	if err != nil {
		return nil, &QueryError{query, err}
	}
	v.query, v.order.shapes = compiled, append(hashes(query), v.order.shapes...)
	return v, nil
}

// Write prints what the query chooses of a document.
func (v *View) Write(w io.Writer, document map[string]any) error {
	var chosen any = document
	if v.query != nil {
		var err error
		if chosen, err = v.query.Search(document); err != nil {
			return fmt.Errorf("--query: %w", err)
		}
	}
	var out strings.Builder
	switch v.Format {
	case "text":
		text{&out}.value(chosen, "", nil)
	case "table":
		if err := writeTable(&out, v.Title, v.Width, chosen); err != nil {
			return err
		}
	case "yaml":
		if err := writeYAML(&out, chosen); err != nil {
			return err
		}
	default:
		if err := writeJSON(&out, v.order, chosen); err != nil {
			return err
		}
	}
	_, err := io.WriteString(w, out.String())
	return err
}

// Times writes AWS's times, seconds on the wire, as dates, as the AWS CLI does.
func Times(document map[string]any, in *time.Location) {
	for _, name := range []string{"CreatedTimestamp", "LastModifiedTimestamp", "CreatedOn", "LastModifiedOn"} {
		seconds, ok := document[name].(float64)
		if !ok {
			continue
		}
		at := time.UnixMicro(int64(seconds * 1e6)).In(in)
		layout := "2006-01-02T15:04:05-07:00"
		if at.Nanosecond() > 0 {
			layout = "2006-01-02T15:04:05.000000-07:00"
		}
		document[name] = at.Format(layout)
	}
}

// order knows in which order the members of documents are written: the library's maps have lost it.
type order struct{ shapes [][]string }

// keys lists a map's keys in the order of the first shape that has them all, else sorted.
func (o order) keys(m map[string]any) []string {
	keys := make([]string, 0, len(m))
	for k := range m {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	for _, shape := range o.shapes {
		if slices.ContainsFunc(keys, func(k string) bool { return !slices.Contains(shape, k) }) {
			continue
		}
		slices.SortFunc(keys, func(a, b string) int { return slices.Index(shape, a) - slices.Index(shape, b) })
		break
	}
	return keys
}

// shapes are the members of what Glue answers here, in the order of its model, with those that are ours behind them.
func shapes() [][]string {
	return [][]string{
		{
			"EndpointName", "RoleArn", "SecurityGroupIds", "SubnetId", "YarnEndpointAddress", "PrivateAddress",
			"ZeppelinRemoteSparkInterpreterPort", "PublicAddress", "Status", "WorkerType", "GlueVersion", "NumberOfWorkers", "NumberOfNodes",
			"AvailabilityZone", "VpcId", "ExtraPythonLibsS3Path", "ExtraJarsS3Path", "FailureReason", "LastUpdateStatus", "CreatedTimestamp",
			"LastModifiedTimestamp", "PublicKey", "PublicKeys", "SecurityConfiguration", "Arguments",
			"SecurityConfigurationName", "S3EncryptionMode", "KmsKeyId", "LogEncryptionMode",
		},
		{
			"Transform", "TransformId", "OriginalTransformId", "OriginalStillExists", "JobsUsingOriginal", "Name", "Description", "Status",
			"CreatedOn", "LastModifiedOn", "InputRecordTables", "Parameters", "EvaluationMetrics", "LabelCount", "Schema", "Role", "GlueVersion",
			"MaxCapacity", "WorkerType", "NumberOfWorkers", "Timeout", "MaxRetries", "TransformEncryption",
			"EncryptionMode", "KmsKeyId", "TaskRunEncryptionMode", "TaskRunSecurityConfigurationName",
		},
		{"TransformType", "FindMatchesParameters", "FindMatchesMetrics"},
		{"PrimaryKeyColumnName", "PrecisionRecallTradeoff", "AccuracyCostTradeoff", "EnforceProvidedLabels"},
		{"AreaUnderPRCurve", "Precision", "Recall", "F1", "ConfusionMatrix", "ColumnImportances"},
		{"NumTruePositives", "NumFalsePositives", "NumTrueNegatives", "NumFalseNegatives"},
		{"ColumnName", "Importance"},
		{"DatabaseName", "TableName", "CatalogId", "ConnectionName", "AdditionalOptions"},
		{"MlUserDataEncryption", "TaskRunSecurityConfigurationName"},
		{"MlUserDataEncryptionMode", "KmsKeyId"},
		{"Name", "DataType"},
	}
}

// hashes finds the multi-select hashes of an expression ("{Name: a, Mode: b}") and lists the keys of each in their order.
// Keys are taken from the text: the library does not tell them.
func hashes(query string) [][]string {
	var found [][]string
	var open []int // of each bracket under way, the index of its hash in found; -1: not a hash
	word := ""
	for i := 0; i < len(query); i++ {
		switch c := query[i]; {
		case c == '\'' || c == '`' || c == '"':
			end := closing(query, i)
			word = ""
			if c == '"' {
				word = strings.Trim(query[i:end+1], `"`)
			}
			i = end
		case c == '{':
			found, open, word = append(found, nil), append(open, len(found)), ""
		case c == '[' || c == '(':
			open, word = append(open, -1), ""
		case strings.IndexByte("}])", c) >= 0:
			open, word = open[:max(len(open)-1, 0)], ""
		case c == ':':
			if n := len(open); n > 0 && open[n-1] >= 0 {
				found[open[n-1]] = append(found[open[n-1]], word)
			}
			word = ""
		case c == '_' || c >= '0' && c <= '9' || c >= 'A' && c <= 'Z' || c >= 'a' && c <= 'z':
			word += string(c)
		case c != ' ' && c != '\n' && c != '\t':
			word = ""
		}
	}
	return found
}

// strictLiterals writes literals that are no JSON (`abc`) as JSON strings (`"abc"`): the AWS CLI takes them so, and many
// scripts have them.
func strictLiterals(query string) string {
	var out strings.Builder
	for i := 0; i < len(query); i++ {
		c := query[i]
		if c != '\'' && c != '`' && c != '"' {
			out.WriteByte(c)
			continue
		}
		end := closing(query, i)
		part := query[i : end+1]
		if inner := strings.Trim(part, "`"); c == '`' && len(part) > 1 && !json.Valid([]byte(inner)) {
			part = "`\"" + strings.TrimLeft(inner, " ") + "\"`"
		}
		out.WriteString(part)
		i = end
	}
	return out.String()
}

// closing is where a literal ends that begins at i: at the same mark, unless a backslash is before it.
func closing(query string, i int) int {
	for j := i + 1; j < len(query); j++ {
		if query[j] == '\\' {
			j++
			continue
		}
		if query[j] == query[i] {
			return j
		}
	}
	return len(query) - 1
}
