package policy

import (
	"cmp"
	"strings"
	"time"
)

// The kinds of text that a policy is made of. Each has a rule that Decode and Schema share.
type (
	// AccountID is an AWS account id: twelve digits.
	AccountID string
	// AccountPattern is an account id, or * for every account.
	AccountPattern string
	// RegionPattern is a region's name; * stands for any text.
	RegionPattern string
	// ARNPattern is an ARN; * stands for any text, and every other character for itself.
	ARNPattern string
	// Operation is an AWS operation as IAM writes it, e.g. glue:GetMLTransforms; * stands for any text.
	Operation string
	// ControlID is the id of a control.
	ControlID string
	// Text is free text that is not empty.
	Text string
	// Date is a day of the UTC calendar, YYYY-MM-DD.
	Date string
)

// ControlIDs lists the controls that a policy can name. Package control tests that it is the list of its catalogue.
func ControlIDs() []ControlID {
	return []ControlID{
		"glue-dev-endpoint-s3-encryption",
		"glue-dev-endpoint-log-encryption",
		"glue-ml-transform-encryption-at-rest",
		"glue-encryption-key-management",
	}
}

// Rules of the texts, as JSON schema and Go both read them.
const (
	accountRule        = `^[0-9]{12}$`
	accountPatternRule = `^([0-9]{12}|\*)$`
	regionRule         = `^[a-z0-9*-]+$`
	arnRule            = `^arn:.*[^ ]$`
	operationRule      = `^([a-z0-9-]+:[A-Za-z0-9*]+|\*)$`
	textRule           = `[^ \t\r\n]`
	dateRule           = `^[0-9]{4}-[0-9]{2}-[0-9]{2}$`
)

// Match tells whether the ARN is covered.
func (a ARNPattern) Match(arn string) bool { return matchStar(string(a), arn) }

// Match tells whether the region is covered.
func (r RegionPattern) Match(region string) bool { return matchStar(string(r), region) }

// Match tells whether the account is covered.
func (a AccountPattern) Match(account string) bool { return a == "*" || string(a) == account }

// Match tells whether the operation is covered.
func (o Operation) Match(operation string) bool { return matchStar(string(o), operation) }

// matchStar matches text against a pattern in which * stands for any text, the empty one too.
func matchStar(pattern, text string) bool {
	head, rest, star := strings.Cut(pattern, "*")
	if !star {
		return pattern == text
	}
	if !strings.HasPrefix(text, head) {
		return false
	}
	text = text[len(head):]
	for {
		part, more, star := strings.Cut(rest, "*")
		if !star {
			return strings.HasSuffix(text, part)
		}
		i := strings.Index(text, part)
		if i < 0 {
			return false
		}
		text, rest = text[i+len(part):], more
	}
}

// valid tells whether the date is in the calendar.
func (d Date) valid() bool {
	_, err := time.Parse(time.DateOnly, string(d))
	return err == nil
}

// Before tells whether the day, which lasts until midnight UTC, is over.
func (d Date) Before(now time.Time) bool { return string(d) < now.UTC().Format(time.DateOnly) }

// Compare puts first the exception that holds longest; ties are settled by text.
func (e Exception) Compare(o Exception) int {
	return cmp.Or(cmp.Compare(o.Expires, e.Expires), cmp.Compare(e.Control, o.Control), cmp.Compare(e.Resource, o.Resource),
		cmp.Compare(e.Owner, o.Owner), cmp.Compare(e.Reason, o.Reason))
}

// Compare puts first the accepted read that holds longest; ties are settled by text.
func (u UnreadRead) Compare(o UnreadRead) int {
	return cmp.Or(cmp.Compare(o.Until, u.Until), cmp.Compare(u.Account, o.Account), cmp.Compare(u.Region, o.Region),
		cmp.Compare(u.Operation, o.Operation), cmp.Compare(u.Reason, o.Reason))
}
