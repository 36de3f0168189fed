package cloudtrail

import (
	"cmp"
	"encoding/json"
	"reflect"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/glueguard/glueguard/internal/sandbox/service"
)

// hidden is what CloudTrail writes in place of a secret.
const hidden = "HIDDEN_DUE_TO_SECURITY_REASONS"

// maxElement is the size in bytes above which CloudTrail leaves out requestParameters and responseElements.
const maxElement = 100 * 1024

// renderJSON writes an SDK struct as CloudTrail shows it: camel case, no unset members, no blobs, no secrets. Nil for
// nothing to show.
func renderJSON(v any) []byte {
	shown := render(reflect.ValueOf(v))
	if shown == nil {
		return nil
	}
	out, err := json.Marshal(shown)
	if err != nil || len(out) > maxElement { // the value is made of maps, lists and scalars only: it marshals
		return nil
	}
	return out
}

func render(v reflect.Value) any {
	switch v.Kind() {
	case reflect.Pointer, reflect.Interface:
		if v.IsNil() {
			return nil
		}
		return render(v.Elem())
	case reflect.Struct:
		if at, ok := v.Interface().(time.Time); ok {
			return at.UTC().Format(time.RFC3339)
		}
		return renderStruct(v)
	case reflect.Slice:
		return renderSlice(v)
	case reflect.Map:
		return renderMap(v)
	case reflect.String:
		return v.String()
	case reflect.Bool:
		return v.Bool()
	case reflect.Int, reflect.Int32, reflect.Int64:
		return v.Int()
	case reflect.Float32, reflect.Float64:
		return v.Float()
	}
	return nil // readers and the like have no place in an event
}

func renderStruct(v reflect.Value) any {
	out := map[string]any{}
	for i := range v.NumField() {
		field := v.Type().Field(i)
		if !field.IsExported() || field.Anonymous || field.Name == "ResultMetadata" || v.Field(i).IsZero() {
			continue
		}
		if secret(field.Name) {
			out[lowerFirst(field.Name)] = hidden
			continue
		}
		if shown := render(v.Field(i)); shown != nil {
			out[lowerFirst(field.Name)] = shown
		}
	}
	if len(out) == 0 {
		return nil
	}
	return out
}

func renderSlice(v reflect.Value) any {
	if v.Type().Elem().Kind() == reflect.Uint8 || v.Len() == 0 {
		return nil
	}
	out := make([]any, 0, v.Len())
	for i := range v.Len() {
		out = append(out, render(v.Index(i)))
	}
	return out
}

func renderMap(v reflect.Value) any {
	if v.Len() == 0 || v.Type().Key().Kind() != reflect.String {
		return nil
	}
	out := make(map[string]any, v.Len())
	for entries := v.MapRange(); entries.Next(); {
		name := entries.Key().String()
		if secret(name) {
			out[name] = hidden
			continue
		}
		out[name] = render(entries.Value())
	}
	return out
}

func lowerFirst(name string) string {
	r, size := utf8.DecodeRuneInString(name)
	return string(unicode.ToLower(r)) + name[size:]
}

// secret tells whether a member must not be shown, by its name.
func secret(name string) bool {
	lower := strings.ToLower(name)
	switch lower {
	case "secretaccesskey", "sessiontoken", "plaintext", "privatekey", "encryptedpassword":
		return true
	}
	return strings.Contains(lower, "password") || strings.Contains(lower, "secret")
}

// keyARN finds the key that a KMS call is about: in its answer, else as it was asked for.
func keyARN(e *service.Event) string {
	name := cmp.Or(stringAt(e.Output, "KeyMetadata", "Arn"), stringAt(e.Output, "KeyId"), stringAt(e.Input, "KeyId"),
		stringAt(e.Input, "TargetKeyId"))
	if name == "" || strings.HasPrefix(name, "arn:") {
		return name
	}
	resource := "key/" + name
	if strings.HasPrefix(name, "alias/") {
		resource = name
	}
	return "arn:" + e.Call.Partition + ":kms:" + e.Call.Region + ":" + e.Call.Account + ":" + resource
}

// stringAt follows members by name through pointers to structs and returns the string at the end, or "".
func stringAt(v any, path ...string) string {
	at := reflect.ValueOf(v)
	for _, name := range path {
		for at.Kind() == reflect.Pointer || at.Kind() == reflect.Interface {
			at = at.Elem()
		}
		if at.Kind() != reflect.Struct {
			return ""
		}
		at = at.FieldByName(name)
	}
	for at.Kind() == reflect.Pointer {
		at = at.Elem()
	}
	if at.Kind() != reflect.String {
		return ""
	}
	return at.String()
}
