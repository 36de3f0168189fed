package iampolicy

import (
	"encoding/json"
	"fmt"
	"strings"
)

// Parse reads a policy document: strictly, but with every freedom that AWS gives (one statement or a list of them,
// text or a list of texts, numbers and booleans as condition values, element names in any case). IAM's API returns
// documents URL-encoded; Parse wants them decoded. Its errors wrap ErrDocument and name the element.
func Parse(text string) (Document, error) {
	tree, err := parseJSON(text)
	if err != nil {
		return Document{}, fmt.Errorf("%w: %w", ErrDocument, err)
	}
	d, err := readDocument(tree)
	if err != nil {
		return Document{}, fmt.Errorf("%w: %w", ErrDocument, err)
	}
	return d, nil
}

// badElement is an error at one place of a document.
func badElement(path, format string, args ...any) error {
	return fmt.Errorf("%s: %s", path, fmt.Sprintf(format, args...))
}

// elements reads the members of an object by their names in lower case, each at most once and none that is not known.
func elements(path string, v any, read map[string]func(path string, v any) error) error {
	o, ok := v.(object)
	if !ok {
		return badElement(path, "want an object")
	}
	seen := map[string]bool{}
	for _, m := range o {
		name := strings.ToLower(m.name)
		f, known := read[name]
		if !known {
			return badElement(path, "unknown element %q", m.name)
		}
		if seen[name] {
			return badElement(path, "element %q is given twice", m.name)
		}
		seen[name] = true
		if err := f(path+"."+m.name, m.value); err != nil {
			return err
		}
	}
	return nil
}

func readDocument(v any) (Document, error) {
	var d Document
	stated := false
	err := elements("document", v, map[string]func(string, any) error{
		"version": func(path string, v any) error {
			if v != "2012-10-17" && v != "2008-10-17" {
				return badElement(path, "want 2012-10-17 or 2008-10-17")
			}
			d.Version = v.(string)
			return nil
		},
		"id": func(path string, v any) (err error) { d.ID, err = readText(path, v); return err },
		"statement": func(path string, v any) error {
			stated = true
			list, ok := v.([]any)
			if !ok {
				list = []any{v}
			}
			for i, v := range list {
				s, err := readStatement(fmt.Sprintf("%s[%d]", path, i), v)
				if err != nil {
					return err
				}
				d.Statements = append(d.Statements, s)
			}
			return nil
		},
	})
	if err == nil && !stated {
		err = badElement("document", "it has no Statement")
	}
	return d, err
}

func readStatement(path string, v any) (Statement, error) {
	var s Statement
	err := elements(path, v, map[string]func(string, any) error{
		"sid":       func(path string, v any) (err error) { s.Sid, err = readText(path, v); return err },
		"effect":    func(path string, v any) error { return readEffect(path, v, &s.Effect) },
		"principal": func(path string, v any) error { s.hasPrincipals = true; return readPrincipals(path, v, &s.Principals) },
		"notprincipal": func(path string, v any) error {
			s.hasNotPrincipals = true
			return readPrincipals(path, v, &s.NotPrincipals)
		},
		"action":      func(path string, v any) error { return readTexts(path, v, &s.Actions) },
		"notaction":   func(path string, v any) error { return readTexts(path, v, &s.NotActions) },
		"resource":    func(path string, v any) error { return readTexts(path, v, &s.Resources) },
		"notresource": func(path string, v any) error { return readTexts(path, v, &s.NotResources) },
		"condition":   func(path string, v any) error { return readConditions(path, v, &s.Conditions) },
	})
	switch {
	case err != nil:
	case s.Effect == "":
		err = badElement(path, "it has no Effect")
	case (s.Actions == nil) == (s.NotActions == nil):
		err = badElement(path, "want Action or NotAction")
	case s.Resources != nil && s.NotResources != nil:
		err = badElement(path, "it has both Resource and NotResource")
	case s.hasPrincipals && s.hasNotPrincipals:
		err = badElement(path, "it has both Principal and NotPrincipal")
	}
	return s, err
}

func readEffect(path string, v any, into *Effect) error {
	if v != string(Allow) && v != string(Deny) {
		return badElement(path, "want Allow or Deny")
	}
	*into = Effect(v.(string))
	return nil
}

func readPrincipals(path string, v any, into *[]Principal) error {
	if v == "*" {
		*into = []Principal{{AWS, "*"}}
		return nil
	}
	read := map[string]func(string, any) error{}
	for _, kind := range []PrincipalKind{AWS, Service, Federated, CanonicalUser} {
		read[strings.ToLower(string(kind))] = func(path string, v any) error {
			var ids []string
			if err := readTexts(path, v, &ids); err != nil {
				return err
			}
			for _, id := range ids {
				*into = append(*into, Principal{kind, id})
			}
			return nil
		}
	}
	return elements(path, v, read)
}

// readConditions reads {"operator": {"key": value or values}}.
func readConditions(path string, v any, into *[]Condition) error {
	operators, ok := v.(object)
	if !ok {
		return badElement(path, "want an object of operators")
	}
	for _, operator := range operators {
		keys, ok := operator.value.(object)
		if !ok {
			return badElement(path+"."+operator.name, "want an object of condition keys")
		}
		for _, key := range keys {
			values, err := readValues(path+"."+operator.name+"."+key.name, key.value)
			if err != nil {
				return err
			}
			*into = append(*into, Condition{Operator: operator.name, Key: key.name, Values: values})
		}
	}
	return nil
}

// readValues reads the values of a condition: texts, numbers and booleans, one or a list.
func readValues(path string, v any) ([]string, error) {
	list, ok := v.([]any)
	if !ok {
		list = []any{v}
	}
	values := []string{}
	for _, v := range list {
		switch v := v.(type) {
		case string:
			values = append(values, v)
		case json.Number:
			values = append(values, v.String())
		case bool:
			values = append(values, fmt.Sprint(v))
		default:
			return nil, badElement(path, "want text, a number or a boolean")
		}
	}
	return values, nil
}

func readText(path string, v any) (string, error) {
	s, ok := v.(string)
	if !ok {
		return "", badElement(path, "want text")
	}
	return s, nil
}

// readTexts reads one text or a list of texts; what is stated is never nil afterwards.
func readTexts(path string, v any, into *[]string) error {
	*into = []string{}
	list, ok := v.([]any)
	if !ok {
		list = []any{v}
	}
	for _, v := range list {
		s, err := readText(path, v)
		if err != nil {
			return err
		}
		*into = append(*into, s)
	}
	return nil
}
