package policyeval

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"strings"
)

const (
	version2008 = "2008-10-17"
	version2012 = "2012-10-17"
)

func malformed(message string) error { return &SyntaxError{Message: message} }

func syntax() error { return malformed("Syntax errors in policy.") }

// Parse reads a document. Its error is a *SyntaxError.
func Parse(source string, kind Kind) (*Policy, error) {
	raw, version, err := split(source)
	if err != nil {
		return nil, err
	}
	if version != version2012 && (version != version2008 || kind == Identity) {
		return nil, malformed("Policy document must be version 2012-10-17 or greater.")
	}
	p := &Policy{source: source, statements: make([]statement, 0, len(raw))}
	sids := map[string]bool{}
	for _, r := range raw {
		s, err := parseStatement(r.text, kind, version == version2012)
		if err != nil {
			return nil, err
		}
		if s.sid != "" && sids[s.sid] {
			return nil, malformed("Statement IDs (SID) in a single policy must be unique.")
		}
		sids[s.sid] = true
		s.start, s.end = position(source, r.start), position(source, r.start+len(r.text))
		p.statements = append(p.statements, s)
	}
	return p, nil
}

type located struct {
	text  json.RawMessage
	start int
}

// split reads the document's outer object and finds where each statement stands.
func split(source string) (statements []located, version string, err error) {
	d := json.NewDecoder(strings.NewReader(source))
	if t, err := d.Token(); err != nil || t != json.Delim('{') {
		return nil, "", syntax()
	}
	version = version2008
	for d.More() {
		key, err := d.Token()
		if err != nil {
			return nil, "", syntax()
		}
		switch key {
		case "Version":
			if d.Decode(&version) != nil || (version != version2008 && version != version2012) {
				return nil, "", syntax()
			}
		case "Id":
			var id string
			if d.Decode(&id) != nil {
				return nil, "", syntax()
			}
		case "Statement":
			if statements != nil {
				return nil, "", syntax()
			}
			if statements, err = splitStatements(d); err != nil {
				return nil, "", err
			}
		default:
			return nil, "", syntax()
		}
	}
	if _, err := d.Token(); err != nil {
		return nil, "", syntax()
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) || len(statements) == 0 {
		return nil, "", syntax()
	}
	return statements, version, nil
}

func splitStatements(d *json.Decoder) ([]located, error) {
	var whole json.RawMessage
	if d.Decode(&whole) != nil {
		return nil, syntax()
	}
	base := int(d.InputOffset()) - len(whole)
	if whole[0] != '[' {
		return []located{{whole, base}}, nil
	}
	inner := json.NewDecoder(bytes.NewReader(whole))
	if _, err := inner.Token(); err != nil {
		return nil, syntax()
	}
	var all []located
	for inner.More() {
		var one json.RawMessage
		if inner.Decode(&one) != nil {
			return nil, syntax()
		}
		all = append(all, located{one, base + int(inner.InputOffset()) - len(one)})
	}
	return all, nil
}

func position(source string, offset int) Position {
	before := source[:offset]
	line := strings.Count(before, "\n")
	return Position{Line: line + 1, Column: offset - strings.LastIndexByte(before, '\n')}
}

// elements is a statement as JSON.
type elements struct {
	Sid          *string
	Effect       string
	Action       oneOrMany
	NotAction    oneOrMany
	Resource     oneOrMany
	NotResource  oneOrMany
	Principal    json.RawMessage
	NotPrincipal json.RawMessage
	Condition    map[string]map[string]oneOrMany
}

// oneOrMany is a JSON string, number or boolean, or a list of them, as text.
type oneOrMany []string

func (o *oneOrMany) UnmarshalJSON(b []byte) error {
	var many []any
	if b[0] == '[' {
		if err := json.Unmarshal(b, &many); err != nil {
			return err
		}
	} else {
		var one any
		if err := json.Unmarshal(b, &one); err != nil {
			return err
		}
		many = []any{one}
	}
	*o = make(oneOrMany, 0, len(many))
	for _, v := range many {
		switch v := v.(type) {
		case string:
			*o = append(*o, v)
		case bool, float64:
			text, err := json.Marshal(v)
			if err != nil {
				return err
			}
			*o = append(*o, string(text))
		default:
			return syntax()
		}
	}
	return nil
}

func parseStatement(text json.RawMessage, kind Kind, variables bool) (statement, error) {
	var e elements
	d := json.NewDecoder(bytes.NewReader(text))
	d.DisallowUnknownFields()
	if d.Decode(&e) != nil || (e.Effect != "Allow" && e.Effect != "Deny") {
		return statement{}, syntax()
	}
	if err := e.check(kind); err != nil {
		return statement{}, err
	}
	s := statement{
		deny:         e.Effect == "Deny",
		notAction:    e.NotAction != nil,
		notResource:  e.NotResource != nil,
		notPrincipal: e.NotPrincipal != nil,
		actions:      newActionSet(append(e.Action, e.NotAction...)),
	}
	if e.Sid != nil {
		s.sid = *e.Sid
	}
	for _, r := range append(e.Resource, e.NotResource...) {
		s.resources = append(s.resources, newPattern(completeARN(r), variables))
	}
	for _, raw := range []json.RawMessage{e.Principal, e.NotPrincipal} {
		if raw == nil {
			continue
		}
		set, err := parsePrincipals(raw)
		if err != nil {
			return statement{}, err
		}
		s.principals = set
	}
	var err error
	s.conditions, err = parseConditions(e.Condition, variables)
	return s, err
}

// check refuses what IAM refuses, in its words.
func (e *elements) check(kind Kind) error {
	hasPrincipal := e.Principal != nil || e.NotPrincipal != nil
	hasResource := len(e.Resource)+len(e.NotResource) > 0
	switch {
	case e.Action != nil && e.NotAction != nil, e.Resource != nil && e.NotResource != nil,
		e.Principal != nil && e.NotPrincipal != nil:
		return syntax()
	case len(e.Action)+len(e.NotAction) == 0:
		return malformed("Policy statement must contain actions.")
	case kind == Identity && hasPrincipal:
		return malformed("Policy document should not specify a principal.")
	case kind != Identity && !hasPrincipal:
		return malformed("Missing required field Principal")
	case kind == Trust && (e.Resource != nil || e.NotResource != nil):
		return malformed("Has prohibited field Resource")
	case kind != Trust && !hasResource:
		return malformed("Policy statement must contain resources.")
	case e.Sid != nil && kind == Identity && !alphanumeric(*e.Sid):
		return malformed("Statement IDs (SID) must be alpha-numeric. Check that your input satisfies the regular expression [0-9A-Za-z]*")
	}
	for _, a := range append(e.Action, e.NotAction...) {
		if service, name, ok := strings.Cut(a, ":"); a != "*" && (!ok || service == "" || name == "") {
			return malformed("Actions/Conditions must be prefaced by a vendor, e.g., iam, sdb, ec2, etc.")
		}
	}
	for _, r := range append(e.Resource, e.NotResource...) {
		if r != "*" && !strings.HasPrefix(r, "arn:") {
			return malformed("Resource " + r + ` must be in ARN format or "*".`)
		}
	}
	return nil
}

func alphanumeric(s string) bool {
	for _, r := range s {
		if (r < '0' || r > '9') && (r < 'A' || r > 'Z') && (r < 'a' || r > 'z') {
			return false
		}
	}
	return true
}

// completeARN adds the wildcards that AWS adds to an ARN of fewer than six fields.
func completeARN(s string) string {
	if s == "*" {
		return s
	}
	if missing := 5 - strings.Count(s, ":"); missing > 0 {
		return s + strings.Repeat(":*", missing)
	}
	return s
}
