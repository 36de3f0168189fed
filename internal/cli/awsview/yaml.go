package awsview

import (
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode"
)

// writeYAML prints as the AWS CLI's second version does, the first that knows YAML: names sorted, lists as far left as
// their names, and a scalar alone as JSON, which needs no mark for the end of a document.
func writeYAML(out *strings.Builder, v any) error {
	if m, ok := v.(map[string]any); ok && len(m) == 0 {
		return nil
	}
	if scalar(v) {
		return writeJSON(out, order{}, v)
	}
	return yamlValue(out, v, "", "")
}

// yamlValue writes what is not a scalar in lines of its own, the first of them after what is on the line already.
func yamlValue(out *strings.Builder, v any, first, indent string) error {
	switch v := v.(type) {
	case map[string]any:
		for _, key := range (order{}).keys(v) {
			out.WriteString(first)
			first = indent
			if err := yamlString(out, key); err != nil {
				return err
			}
			out.WriteByte(':')
			within := indent
			if _, ok := v[key].(map[string]any); ok {
				within += "  "
			}
			if err := yamlBelow(out, v[key], " ", "\n"+within, within); err != nil {
				return err
			}
		}
	case []any:
		for _, item := range v {
			out.WriteString(first + "-")
			first = indent
			if err := yamlBelow(out, item, " ", " ", indent+"  "); err != nil {
				return err
			}
		}
	}
	return nil
}

// yamlBelow writes the value of a name or an item of a list: on the same line where it has no lines of its own.
func yamlBelow(out *strings.Builder, v any, same, first, indent string) error {
	var err error
	switch v := v.(type) {
	case map[string]any:
		if len(v) > 0 {
			return yamlValue(out, v, first, indent)
		}
		out.WriteString(same + "{}")
	case []any:
		if len(v) > 0 {
			return yamlValue(out, v, first, indent)
		}
		out.WriteString(same + "[]")
	case string:
		out.WriteString(same)
		err = yamlString(out, v)
	default:
		out.WriteString(same)
		err = jsonValue(out, order{}, v, "\n")
	}
	out.WriteByte('\n')
	return err
}

// yamlString writes a string plainly where no reader of YAML takes it for something else, between single quotes where one
// could, and as JSON where it has characters that are not printed.
func yamlString(out *strings.Builder, s string) error {
	switch {
	case strings.ContainsFunc(s, func(r rune) bool { return !unicode.IsPrint(r) }):
		return jsonString(out, s)
	case yamlPlain(s):
		out.WriteString(s)
	default:
		out.WriteString("'" + strings.ReplaceAll(s, "'", "''") + "'")
	}
	return nil
}

func yamlPlain(s string) bool {
	if s == "" || strings.TrimSpace(s) != s || strings.ContainsRune("?:,[]{}#&*!|>'\"%@`=~<+.", rune(s[0])) {
		return false
	}
	if s == "-" || strings.HasPrefix(s, "- ") || strings.HasPrefix(s, "-.") || strings.HasPrefix(s, "---") {
		return false
	}
	if strings.Contains(s, ": ") || strings.Contains(s, " #") || strings.HasSuffix(s, ":") {
		return false
	}
	if slices.Contains([]string{"null", "true", "false", "yes", "no", "on", "off", "y", "n"}, strings.ToLower(s)) {
		return false
	}
	bare := strings.ReplaceAll(s, "_", "")
	_, notFloat := strconv.ParseFloat(bare, 64)
	_, notInt := strconv.ParseInt(bare, 0, 64)
	_, notDate := time.Parse(time.DateOnly, s[:min(len(s), len(time.DateOnly))])
	sexagesimal := strings.Contains(s, ":") && strings.Trim(bare, "-0123456789:.") == "" // 12:30 is 750 to old readers
	return notFloat != nil && notInt != nil && notDate != nil && !sexagesimal
}
