package plan

import (
	"cmp"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/glueguard/glueguard/internal/resource"
)

// What AWS makes of inputs that are not given. Source: glue CreateDevEndpoint, CreateMLTransform.
const (
	oldestGlue     = "0.9"
	defaultNodes   = 5
	defaultTimeout = 2880
	defaultDPUs    = 10
)

// DiffEndpoint lists the attributes of two endpoint definitions that differ, Before as wanted and After as it is, sorted
// by name. What AWS fills in by itself is no difference, nor are tags of Glueguard's or AWS's own.
func DiffEndpoint(want, got resource.EndpointDefinition) []Attribute {
	want, got = RecreatableEndpoint(want), RecreatableEndpoint(got)
	if want.WorkerType == "" && want.NumberOfWorkers == 0 && want.NumberOfNodes == 0 && got.NumberOfNodes == defaultNodes {
		got.NumberOfNodes = 0
	}
	return differing(endpointRows(want), endpointRows(got))
}

// DiffTransform is DiffEndpoint for ML transforms.
func DiffTransform(want, got resource.TransformDefinition) []Attribute {
	want, got = RecreatableTransform(want), RecreatableTransform(got)
	got.TimeoutMinutes = unset(want.TimeoutMinutes, got.TimeoutMinutes, defaultTimeout)
	got.MaxRetries = unset(want.MaxRetries, got.MaxRetries, 0)
	if want.WorkerType == "" && want.NumberOfWorkers == nil {
		got.MaxCapacity = unset(want.MaxCapacity, got.MaxCapacity, defaultDPUs)
	}
	return differing(transformRows(want), transformRows(got))
}

// unset is what AWS answered, or nil where it is only the default of what was not asked for.
func unset[T comparable](want, got *T, byDefault T) *T {
	if want == nil && got != nil && *got == byDefault {
		return nil
	}
	return got
}

// row is one attribute with its value as people read it. An empty value is no value.
type row struct{ name, value string }

// differing joins two lists of rows by name and returns what differs, sorted.
func differing(want, got []row) []Attribute {
	var all []Attribute
	for _, a := range joined(want, got) {
		if a.Before != a.After {
			all = append(all, covered(a))
		}
	}
	slices.SortFunc(all, func(a, b Attribute) int { return cmp.Compare(a.Name, b.Name) })
	return all
}

// joined lists the attributes of both lists, each once: those of the first in its order, then the others.
func joined(before, after []row) []Attribute {
	all := make([]Attribute, 0, len(before))
	at := map[string]int{}
	for _, r := range before {
		at[r.name] = len(all)
		all = append(all, Attribute{Name: r.name, Before: r.value})
	}
	for _, r := range after {
		i, ok := at[r.name]
		if !ok {
			i = len(all)
			all = append(all, Attribute{Name: r.name})
		}
		all[i].After = r.value
	}
	return slices.DeleteFunc(all, func(a Attribute) bool { return a.Before == "" && a.After == "" })
}

// NotShown begins what stands for a value that users chose freely, which may be a secret: of an argument, of a table's
// option, of a tag. Plans and messages are shown to many people; the value itself is in the definition alone.
const NotShown = "(not shown"

// Covered returns what is shown of two values of a user's own: whether there is one, and whether it is the same.
func Covered(before, after string) (string, string) {
	cover := func(value, how string) string {
		if value == "" || value == `""` {
			return value
		}
		return NotShown + how
	}
	if before != after && before != "" {
		return cover(before, ")"), cover(after, ", another one)")
	}
	return cover(before, ")"), cover(after, ")")
}

func covered(a Attribute) Attribute {
	if usersOwn(a.Name) {
		a.Before, a.After = Covered(a.Before, a.After)
	}
	return a
}

// usersOwn tells whether an attribute's value is the user's own: tags of AWS's and Glueguard's are not.
func usersOwn(name string) bool {
	if tag, ok := strings.CutPrefix(name, "tags."); ok {
		return !strings.HasPrefix(tag, "aws:") && !strings.HasPrefix(tag, "glueguard:")
	}
	return strings.HasPrefix(name, "arguments.") || strings.Contains(name, ".additional_options.")
}

// endpointRows lists a definition under Terraform's names (aws_glue_dev_endpoint).
func endpointRows(d resource.EndpointDefinition) []row {
	rows := []row{
		{"name", d.Name},
		{"role_arn", d.RoleARN},
		{"security_configuration", d.SecurityConfiguration},
		{"glue_version", cmp.Or(d.GlueVersion, oldestGlue)},
		{"worker_type", d.WorkerType},
		{"number_of_workers", number(d.NumberOfWorkers)},
		{"number_of_nodes", number(d.NumberOfNodes)},
		{"subnet_id", d.SubnetID},
		{"security_group_ids", set(d.SecurityGroupIDs)},
		{"public_keys", set(append(list(d.PublicKeys), nonEmpty(d.PublicKey)...))},
		{"extra_python_libs_s3_path", d.ExtraPythonLibsS3Path},
		{"extra_jars_s3_path", d.ExtraJarsS3Path},
	}
	rows = append(rows, mapRows("arguments", d.Arguments)...)
	return append(rows, mapRows("tags", d.Tags)...)
}

// transformRows lists a definition under Terraform's names (aws_glue_ml_transform); Terraform knows no encryption of
// transforms, so that has the API's names, written alike.
func transformRows(d resource.TransformDefinition) []row {
	userData := resource.Encryption{}
	if block := block(d.UserData); block != nil {
		userData = *block
	}
	rows := []row{
		{"name", d.Name},
		{"description", d.Description},
		{"role_arn", d.RoleARN},
		{"transform_encryption.ml_user_data_encryption.mode", string(userData.Mode)},
		{"transform_encryption.ml_user_data_encryption.kms_key_id", userData.KMSKey},
		{"transform_encryption.task_run_security_configuration_name", d.TaskRunSecurityConfiguration},
		{"glue_version", cmp.Or(d.GlueVersion, oldestGlue)},
		{"worker_type", d.WorkerType},
		{"number_of_workers", pointer(d.NumberOfWorkers, number)},
		{"max_capacity", pointer(d.MaxCapacity, decimal)},
		{"timeout", pointer(d.TimeoutMinutes, whole)},
		{"max_retries", pointer(d.MaxRetries, whole)},
		{"parameters.transform_type", d.TransformType},
	}
	if f := d.FindMatches; f != nil {
		const prefix = "parameters.find_matches_parameters."
		rows = append(rows,
			row{prefix + "primary_key_column_name", pointer(f.PrimaryKeyColumnName, quoted)},
			row{prefix + "precision_recall_trade_off", pointer(f.PrecisionRecallTradeoff, decimal)},
			row{prefix + "accuracy_cost_trade_off", pointer(f.AccuracyCostTradeoff, decimal)},
			row{prefix + "enforce_provided_labels", pointer(f.EnforceProvidedLabels, strconv.FormatBool)})
	}
	for i, t := range d.InputTables {
		prefix := "input_record_tables." + strconv.Itoa(i) + "."
		rows = append(rows,
			row{prefix + "database_name", t.DatabaseName},
			row{prefix + "table_name", t.TableName},
			row{prefix + "catalog_id", t.CatalogID},
			row{prefix + "connection_name", t.ConnectionName})
		rows = append(rows, mapRows(prefix+"additional_options", t.AdditionalOptions)...)
	}
	return append(rows, mapRows("tags", d.Tags)...)
}

// mapRows lists a map's entries; an empty value is shown as "", since the key alone says something.
func mapRows(name string, m map[string]string) []row {
	var rows []row
	for _, key := range slices.Sorted(maps.Keys(m)) {
		rows = append(rows, row{name + "." + key, quoted(m[key])})
	}
	return rows
}

func quoted(s string) string {
	if s == "" {
		return `""`
	}
	return s
}

func set(values []string) string {
	sorted := slices.Compact(slices.Sorted(slices.Values(values)))
	return strings.Join(sorted, ", ")
}

func nonEmpty(s string) []string {
	if s == "" {
		return nil
	}
	return []string{s}
}

// number writes nothing for 0, which stands for "not set" where AWS takes no 0.
func number(n int32) string {
	if n == 0 {
		return ""
	}
	return whole(n)
}

func whole(n int32) string { return strconv.Itoa(int(n)) }

func decimal(f float64) string { return strconv.FormatFloat(f, 'g', -1, 64) }

// pointer writes nothing for what was not set.
func pointer[T any](p *T, write func(T) string) string {
	if p == nil {
		return ""
	}
	return write(*p)
}
