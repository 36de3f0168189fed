package diag

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/glueguard/glueguard/internal/deliver"
)

// What is named at most of what was not delivered.
const (
	namedPlaces   = 5  // locations in one line
	namedFindings = 10 // findings, a line each
)

// Unsent explains what Security Hub did not take: the findings that were refused by themselves, and each other reason
// with where it is so.
func Unsent(refused []deliver.Refusal) []Diagnosis {
	d := Diagnosis{Status: Error}
	type reason struct{ operation, code string }
	var order []reason
	places, single := map[reason][]deliver.Refusal{}, 0
	for _, r := range refused {
		if r.Resource == "" {
			k := reason{r.Operation, cmp.Or(r.Code, string(r.Class))}
			if places[k] == nil {
				order = append(order, k)
			}
			places[k] = append(places[k], r)
			continue
		}
		if single++; single <= namedFindings {
			d.Lines = append(d.Lines, fmt.Sprintf("Security Hub in %s refused the finding on %s: %s: %s", r.Location, r.Resource, r.Code, strings.Join(strings.Fields(r.Message), " ")))
		}
	}
	if more := single - namedFindings; more > 0 {
		d.Lines = append(d.Lines, fmt.Sprintf("Security Hub refused %d more findings", more))
	}
	all := []Diagnosis{d}
	for _, k := range order {
		all = append(all, Diagnosis{Lines: []string{unsentLine(k.operation, k.code, places[k])}, Hint: unsentHint(k.operation, k.code), Status: Error})
	}
	return all
}

func unsentLine(operation, code string, refused []deliver.Refusal) string {
	findings := 0
	var where []string
	for _, r := range refused {
		findings += r.Findings
		if !slices.Contains(where, r.Location.String()) {
			where = append(where, r.Location.String())
		}
	}
	what := fmt.Sprintf("%d findings were", findings)
	switch findings {
	case 0:
		what = "what has been resolved was"
	case 1:
		what = "1 finding was"
	}
	slices.Sort(where)
	places := strings.Join(where[:min(len(where), namedPlaces)], ", ")
	if more := len(where) - namedPlaces; more > 0 {
		places += fmt.Sprintf(" and %d more", more)
	}
	why := strings.TrimPrefix(strings.Join(strings.Fields(refused[0].Message), " "), operation+": ")
	return fmt.Sprintf("%s not told to Security Hub in %s: %s: %s: %s", what, places, operation, code, why)
}

func unsentHint(operation, code string) string {
	switch code {
	case "InvalidAccessException", "InvalidAccess":
		return "enable Security Hub there (aws securityhub enable-security-hub --region REGION), or leave that location out"
	case "AccessDenied", "AccessDeniedException":
		if strings.HasPrefix(operation, "securityhub:") {
			return "who sends needs securityhub:BatchImportFindings and securityhub:GetFindings in each location"
		}
	case "error":
		if operation == "sts:AssumeRole" {
			return "add --role NAME, a role that exists in every account and trusts yours"
		}
	}
	return ""
}

// Unput explains what could not be put into S3.
func Unput(url string, err error) Diagnosis {
	var call *deliver.CallError
	if !errors.As(err, &call) {
		return Of(err)
	}
	d := Diagnosis{Status: Error}
	line := call.Failure.Operation + ": " + cmp.Or(call.Failure.Code, string(call.Failure.Class))
	if why := strings.Join(strings.Fields(call.Failure.Message), " "); why != "" {
		line += ": " + why
	}
	d.Lines = []string{"nothing was written to " + url + ": " + line}
	switch call.Failure.Code {
	case "AccessDenied", "Forbidden":
		d.Hint = "who sends needs s3:PutObject there (s3:ListBucket, too, tells a closed bucket from a missing one), and kms:GenerateDataKey where the bucket encrypts with a KMS key"
	case "NoSuchBucket":
		d.Hint = "name a bucket that is there: it is not made"
	}
	return d
}
