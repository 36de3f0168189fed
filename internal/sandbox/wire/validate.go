package wire

import (
	"fmt"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/glueguard/glueguard/internal/sandbox/model"
	"github.com/glueguard/glueguard/internal/sandbox/service"
)

// demandsPattern begins what AWS says about a text that a pattern refuses. IAM has words of its own for names.
const (
	demandsPattern = "satisfy regular expression pattern: "
	iamName        = `[\w+=,.@-]+`
)

// maxViolations is how many are told in one answer.
const maxViolations = 10

// violation is one way in which an input is not what the model allows.
type violation struct {
	path    string // as AWS writes it: "tags.1.member.key"
	missing bool
	value   string // quoted as AWS does, or empty where it is not repeated
	demand  string // "Member must …"
}

// validator walks an input by its plan.
type validator struct{ found []violation }

// place is where the walk is; it becomes text only when something is wrong.
type place struct {
	up   *place
	name string
}

func (p *place) String() string {
	var steps []string
	for ; p != nil; p = p.up {
		steps = append(steps, p.name)
	}
	slices.Reverse(steps)
	return strings.Join(steps, ".")
}

func lowerFirst(s string) string {
	if s == "" || s[0] < 'A' || s[0] > 'Z' {
		return s
	}
	return string(s[0]+'a'-'A') + s[1:]
}

func (c *validator) structure(p *plan, v reflect.Value, at *place) {
	if !p.checks {
		return
	}
	for i := range p.fields {
		f := &p.fields[i]
		if !f.checks && !f.member.Required {
			continue
		}
		held, absent := f.absent(v.Field(f.index))
		if absent {
			if f.member.Required {
				c.found = append(c.found, violation{path: (&place{at, lowerFirst(f.member.Name)}).String(), missing: true})
			}
			continue
		}
		if f.checks && len(c.found) < maxViolations {
			c.value(f, held, &place{at, lowerFirst(f.member.Name)})
		}
	}
}

func (c *validator) value(f *field, v reflect.Value, at *place) {
	switch f.kind {
	case model.Structure:
		c.structure(f.plan, v, at)
		return
	case model.String:
		c.text(f.shape, v.String(), at)
	case model.Integer, model.Long:
		c.limits(f.shape, float64(v.Int()), "value", strconv.FormatInt(v.Int(), 10), at)
	case model.Float, model.Double:
		c.limits(f.shape, v.Float(), "value", strconv.FormatFloat(v.Float(), 'g', -1, 64), at)
	case model.Blob:
		c.limits(f.shape, float64(v.Len()), "length", "java.nio.HeapByteBuffer[pos=0 lim="+strconv.Itoa(v.Len())+"]", at)
	case model.List:
		c.limits(f.shape, float64(v.Len()), "length", listText(f, v), at)
		for i := 0; f.elem.checks && i < v.Len() && len(c.found) < maxViolations; i++ {
			c.entry(f.elem, v.Index(i), &place{&place{at, strconv.Itoa(i + 1)}, "member"})
		}
	case model.Map:
		c.mapping(f, v, at)
	}
}

func (c *validator) entry(elem *field, v reflect.Value, at *place) {
	if elem.pointer {
		if v.IsNil() {
			return
		}
		v = v.Elem()
	}
	c.value(elem, v, at)
}

func (c *validator) mapping(f *field, v reflect.Value, at *place) {
	c.limits(f.shape, float64(v.Len()), "length", "", at)
	for _, key := range sortedKeys(v) {
		if len(c.found) >= maxViolations {
			return
		}
		if f.keyShape != nil {
			c.text(f.keyShape, key.String(), &place{at, "key"})
		}
		if f.elem.checks {
			c.entry(f.elem, v.MapIndex(key), &place{&place{at, key.String()}, "member"})
		}
	}
}

func (c *validator) text(s *model.Shape, text string, at *place) {
	if len(s.Enum) > 0 && !slices.Contains(s.Enum, text) {
		c.add(s, at, text, "satisfy enum value set: ["+strings.Join(s.Enum, ", ")+"]")
		return
	}
	if s.Min != nil || s.Max != nil {
		c.limits(s, float64(utf8.RuneCountInString(text)), "length", text, at)
	}
	if !s.Matches(text) {
		c.add(s, at, text, demandsPattern+s.Pattern)
	}
}

func (c *validator) limits(s *model.Shape, n float64, what, value string, at *place) {
	if s.Min != nil && n < *s.Min {
		c.add(s, at, value, fmt.Sprintf("have %s greater than or equal to %v", what, *s.Min))
	}
	if s.Max != nil && n > *s.Max {
		c.add(s, at, value, "have "+what+" less than or equal to "+strconv.FormatFloat(*s.Max, 'f', -1, 64))
	}
}

func (c *validator) add(s *model.Shape, at *place, value, demand string) {
	v := violation{path: at.String(), demand: demand}
	if !s.Sensitive {
		v.value = value
	}
	c.found = append(c.found, v)
}

// listText is a list of texts as AWS repeats it.
func listText(f *field, v reflect.Value) string {
	if f.elem.kind != model.String || f.elem.pointer || f.elem.shape.Sensitive {
		return ""
	}
	texts := make([]string, v.Len())
	for i := range texts {
		texts[i] = v.Index(i).String()
	}
	return "[" + strings.Join(texts, ", ") + "]"
}

// check refuses an input that the model does not allow, in the service's own words.
func (c *Codec) check(p model.Protocol, o *operation, in reflect.Value) *service.Error {
	if !o.input.checks {
		return nil
	}
	var walk validator
	walk.structure(o.input, in, nil)
	if len(walk.found) == 0 {
		return nil
	}
	if c.meta.Name == "iam" && walk.found[0].demand == demandsPattern+iamName {
		return service.Errorf("ValidationError", "The specified value for %s is invalid. It must contain only alphanumeric characters "+
			"and/or the following: +=,.@_-", walk.found[0].path)
	}
	if p == model.EC2 {
		return ec2Violation(walk.found[0])
	}
	texts := make([]string, len(walk.found))
	for i, v := range walk.found {
		texts[i] = v.text()
	}
	noun := "error"
	if len(texts) > 1 {
		noun = "errors"
	}
	return service.Errorf(c.violationCode(p), "%d validation %s detected: %s", len(texts), noun, strings.Join(texts, "; "))
}

func (v violation) text() string {
	if v.missing {
		return "Value null at '" + v.path + "' failed to satisfy constraint: Member must not be null"
	}
	value := ""
	if v.value != "" || strings.HasPrefix(v.demand, "have length greater") {
		value = " '" + v.value + "'"
	}
	return "Value" + value + " at '" + v.path + "' failed to satisfy constraint: Member must " + v.demand
}

func ec2Violation(v violation) *service.Error {
	name := capital(strings.Split(v.path, ".")[0])
	if v.missing {
		return service.Errorf("MissingParameter", "The request must contain the parameter %s", name)
	}
	return service.Errorf("InvalidParameterValue", "Value (%s) for parameter %s is invalid. It must %s.", v.value, name, v.demand)
}

// violationCode is the error code that a service gives to inputs that its model does not allow.
func (c *Codec) violationCode(p model.Protocol) string {
	switch c.meta.Name {
	case "logs", "resourcegroupstaggingapi":
		return "InvalidParameterException"
	case "organizations", "securityhub":
		return "InvalidInputException"
	case "cloudwatch":
		return "ValidationError"
	}
	if p == model.Query {
		return "ValidationError"
	}
	return "ValidationException"
}
