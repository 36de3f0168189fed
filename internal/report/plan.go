package report

import (
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/glueguard/glueguard/internal/control"
	"github.com/glueguard/glueguard/internal/plan"
	"github.com/glueguard/glueguard/internal/resource"
)

// PlanFormat is a format that a plan can be written in.
type PlanFormat struct {
	Name  string
	About string // a few words for the help
	Write func(w io.Writer, l Look, p plan.Plan) error
}

// PlanFormats lists the formats of plans, in the order of the help.
func PlanFormats() []PlanFormat {
	return []PlanFormat{
		{Name: "table", About: "for people", Write: writePlan},
		{Name: "json", About: "one document, schema " + plan.Schema, Write: writePlanJSON},
		{Name: "markdown", About: "for a change ticket", Write: writePlanMarkdown},
	}
}

// LookupPlan returns the plan format of that name, or *UnknownFormatError.
func LookupPlan(name string) (PlanFormat, error) {
	formats := PlanFormats()
	i := slices.IndexFunc(formats, func(f PlanFormat) bool { return f.Name == name })
	if i < 0 {
		return PlanFormat{}, &UnknownFormatError{Name: name, Known: PlanFormatNames()}
	}
	return formats[i], nil
}

// PlanFormatNames lists the names of the formats of plans.
func PlanFormatNames() []string {
	var names []string
	for _, f := range PlanFormats() {
		names = append(names, f.Name)
	}
	return names
}

// writePlanJSON writes what apply reads again.
func writePlanJSON(w io.Writer, _ Look, p plan.Plan) error {
	text, err := p.Encode()
	if err != nil {
		return err
	}
	_, err = w.Write(text)
	return err
}

// Thing is a resource as people call it, e.g. `dev endpoint etl`.
func Thing(r resource.Ref) string { return KindOf(r.Type) + " " + clean(nameOf(r)) }

// Label is a resource as lists call it, by its ARN alone, e.g. `dev endpoint etl (111122223333/eu-west-1)`. Of an ML
// transform an ARN tells only the id.
func Label(arn string) string {
	a, err := resource.ParseARN(arn)
	if err != nil {
		return clean(arn)
	}
	kind, name, _ := strings.Cut(a.Resource, "/")
	switch kind {
	case "devEndpoint":
		kind = KindOf(resource.TypeDevEndpoint)
	case "mlTransform":
		kind = KindOf(resource.TypeMLTransform)
	}
	return fmt.Sprintf("%s %s (%s/%s)", kind, clean(name), a.Account, a.Region)
}

// KindOf is the word for a type of resource.
func KindOf(t resource.Type) string {
	switch t {
	case resource.TypeDevEndpoint:
		return "dev endpoint"
	case resource.TypeMLTransform:
		return "ML transform"
	case resource.TypeKey:
		return "KMS key"
	}
	return string(t)
}

// counted is a plan in the words of its count line.
func counted(p plan.Plan) string {
	var parts []string
	for _, c := range []struct {
		n     int
		words string
	}{
		{p.Summary.Replace, "to replace"}, {p.Summary.SideBySide, "to make side by side"}, {p.Summary.Retire, "to retire"},
	} {
		if c.n > 0 {
			parts = append(parts, fmt.Sprintf("%d %s", c.n, c.words))
		}
	}
	todo, blocked := split(p)
	counts, keys := leftCounts(blocked)
	parts = append(parts, counts...)
	text := "Plan: "
	switch {
	case len(parts) == 0:
		text += "nothing to do."
	case len(todo) == 0:
		text += "nothing to carry out: " + strings.Join(parts, ", ") + "."
	default:
		text += strings.Join(parts, ", ") + "."
	}
	if keys > 0 {
		text += fmt.Sprintf(" Not for a plan: %s.", plural(keys, "KMS key"))
	}
	return text
}

// fate says in a header what happens to a resource.
func fate(i plan.Item) string {
	switch {
	case i.Blocked != nil:
		one, _ := leftWords(i.Blocked.Code)
		return one
	case i.Strategy == plan.Retire:
		return "will be retired"
	case i.Strategy == plan.SideBySide:
		return "gets an encrypted one beside it, and goes at finalize"
	}
	return "must be replaced"
}

// sign is Terraform's mark for what happens: made before the old one goes, replaced in its place, or taken away.
func sign(i plan.Item) string {
	switch i.Strategy {
	case plan.Retire:
		return "-"
	case plan.SideBySide:
		return "+/-"
	}
	return "-/+"
}

// transition is a change of modes, e.g. "NONE to SSE-KMS".
func transition(i plan.Item) string {
	switch {
	case i.To == "":
		return string(i.From)
	case i.From != i.To:
		return fmt.Sprintf("%s to %s", i.From, i.To)
	case OnlyLogs(i):
		return fmt.Sprintf("S3 stays %s, logs encrypted too", i.To)
	}
	return string(i.To) + " with another key"
}

// OnlyLogs tells whether an item encrypts an endpoint's logs, and leaves its mode for S3 as it is.
func OnlyLogs(i plan.Item) bool {
	return i.From == i.To && slices.ContainsFunc(i.Findings, func(f plan.FindingRef) bool { return f.Control == control.DevEndpointLogs })
}

// encryptionOf is what becomes of a resource's encryption, with the key where there is one.
func encryptionOf(i plan.Item) string {
	text := string(i.From)
	switch {
	case i.To == "":
	case OnlyLogs(i):
		text += ", now of its logs too"
	default:
		text += " -> " + string(i.To)
	}
	if i.KMSKey != "" {
		text += ", key " + clean(i.KMSKey)
	}
	return text
}

// orNone shows what an attribute does not have.
func orNone(value string) string {
	if value == "" {
		return "(none)"
	}
	return clean(value)
}

// after is an attribute's value after the change.
func after(a plan.Attribute) string {
	if a.AfterUnknown {
		return "(known after apply)"
	}
	return orNone(a.After)
}

func unchanged(a plan.Attribute) bool { return !a.AfterUnknown && a.Before == a.After }

// permissionsOf lists the AWS actions of an item, each once.
func permissionsOf(i plan.Item) []string {
	var actions []string
	for _, p := range i.Permissions {
		actions = append(actions, p.Action)
	}
	slices.Sort(actions)
	return slices.Compact(actions)
}

// tallyChecks counts an item's checks by outcome; advisory ones that did not pass are counted apart.
func tallyChecks(checks []plan.Check) string {
	counts := map[string]int{}
	for _, c := range checks {
		switch {
		case c.Status == plan.Passed:
			counts["passed"]++
		case c.Advisory:
			counts["to be noted"]++
		case c.Status == plan.Failed:
			counts["failed"]++
		case c.Status == plan.Unchecked:
			counts["could not be checked"]++
		}
	}
	var parts []string
	for _, word := range []string{"passed", "failed", "could not be checked", "to be noted"} {
		if counts[word] > 0 {
			parts = append(parts, fmt.Sprintf("%d %s", counts[word], word))
		}
	}
	return strings.Join(parts, ", ")
}

// standing says what of a check matters to the one who reads it, behind its message.
func standing(c plan.Check) string {
	switch {
	case c.Status == plan.Passed:
		return ""
	case c.Advisory:
		return "advisory"
	case c.Accepted:
		return "accepted as unchecked"
	case c.Status == plan.Unchecked:
		return "stops apply unless --accept-unchecked=" + c.Code
	}
	return "stops apply"
}
