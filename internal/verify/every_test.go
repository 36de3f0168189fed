package verify_test

import (
	"reflect"
	"strconv"
	"testing"

	"github.com/glueguard/glueguard/internal/resource"
)

// alteration changes one attribute of a definition.
type alteration struct {
	path  string
	apply func(root reflect.Value) // of a deep copy
}

// alterations lists every way to change one attribute of a value, down to the members of lists, maps and structs. It
// knows nothing of any attribute, so that a new one is among them by itself.
func alterations(t *testing.T, v reflect.Value, path string, at func(reflect.Value) reflect.Value) []alteration {
	t.Helper()
	set := func(what string, make func(old reflect.Value) reflect.Value) alteration {
		return alteration{path + what, func(root reflect.Value) { at(root).Set(make(at(root))) }}
	}
	zero := set(" dropped", func(old reflect.Value) reflect.Value { return reflect.Zero(old.Type()) })
	var all []alteration
	switch v.Kind() {
	case reflect.Struct:
		for i := range v.NumField() {
			all = append(all, alterations(t, v.Field(i), path+"."+v.Type().Field(i).Name, func(root reflect.Value) reflect.Value { return at(root).Field(i) })...)
		}
	case reflect.Pointer:
		if v.IsNil() {
			return nil // set in another definition of the test
		}
		all = append(all, zero)
		all = append(all, alterations(t, v.Elem(), path, func(root reflect.Value) reflect.Value { return at(root).Elem() })...)
	case reflect.Slice:
		if v.Len() == 0 {
			return nil
		}
		all = append(all, zero, set(" shortened", func(old reflect.Value) reflect.Value { return old.Slice(1, old.Len()) }))
		all = append(all, alterations(t, v.Index(0), path+"[0]", func(root reflect.Value) reflect.Value { return at(root).Index(0) })...)
	case reflect.Map:
		all = append(all, mapAlterations(v, path, at)...)
	case reflect.String:
		all = append(all, zero, set(" changed", func(reflect.Value) reflect.Value { return reflect.ValueOf(v.String() + "x").Convert(v.Type()) }))
	case reflect.Int32:
		all = append(all, set(" changed", func(reflect.Value) reflect.Value { return reflect.ValueOf(int32(v.Int() + 1)) }))
	case reflect.Float64:
		all = append(all, set(" changed", func(reflect.Value) reflect.Value { return reflect.ValueOf(v.Float() + 0.25) }))
	case reflect.Bool:
		all = append(all, set(" changed", func(reflect.Value) reflect.Value { return reflect.ValueOf(!v.Bool()) }))
	default:
		t.Fatalf("%s: the test does not know how to change a %s", path, v.Kind())
	}
	return all
}

func mapAlterations(v reflect.Value, path string, at func(reflect.Value) reflect.Value) []alteration {
	var all []alteration
	change := func(what, key string, value reflect.Value) {
		all = append(all, alteration{path + what, func(root reflect.Value) { at(root).SetMapIndex(reflect.ValueOf(key), value) }})
	}
	for _, k := range v.MapKeys() {
		change("["+strconv.Quote(k.String())+"] dropped", k.String(), reflect.Value{})
		change("["+strconv.Quote(k.String())+"] changed", k.String(), reflect.ValueOf(v.MapIndex(k).String()+"x"))
	}
	change(" added", "another", reflect.ValueOf(""))
	return all
}

// everyAlteration lists the alterations of all these definitions of one type, by path; an attribute that none of them
// has set would be missing, which is an error.
func everyAlteration[T any](t *testing.T, bases ...T) map[string][]alteration {
	t.Helper()
	all := map[string][]alteration{}
	fields := reflect.TypeFor[T]()
	for i := range fields.NumField() {
		set := false
		for _, b := range bases {
			set = set || !reflect.ValueOf(b).Field(i).IsZero()
		}
		if !set {
			t.Errorf("no definition of the test has %s", fields.Field(i).Name)
		}
	}
	for n, b := range bases {
		for _, a := range alterations(t, reflect.ValueOf(b), "", func(root reflect.Value) reflect.Value { return root }) {
			all[strconv.Itoa(n)+a.path] = append(all[strconv.Itoa(n)+a.path], a)
		}
	}
	return all
}

// equivalent are the changes that say nothing: AWS fills in one way of sizing a resource beside the other.
func equivalent(t resource.Type, path string) bool {
	switch t {
	case resource.TypeDevEndpoint:
		return path == "0.NumberOfNodes changed"
	case resource.TypeMLTransform:
		return path == "1.WorkerType changed" // without a number of workers
	}
	return false
}

func TestEveryAttributeOfAnEndpointIsNoticed(t *testing.T) {
	t.Parallel()
	bases := []resource.EndpointDefinition{byWorkers(), byNodes()}
	for path, list := range everyAlteration(t, bases...) {
		for _, a := range list {
			d := deep(t, bases[path[0]-'0'])
			a.apply(reflect.ValueOf(&d).Elem())
			if reflect.DeepEqual(d, bases[path[0]-'0']) {
				continue // dropping what is not there
			}
			p := endpointPromise(bases[path[0]-'0']).alterEndpoint(func(got *resource.EndpointDetail) {
				tags := d.Tags
				if tags == nil {
					tags = map[string]string{}
				}
				for k, v := range changeTags("dev1", "plain") {
					tags[k] = v
				}
				got.Definition = d
				got.Definition.Tags = tags
			})
			if got := p.attributes(t); (len(got) == 0) != equivalent(resource.TypeDevEndpoint, path) {
				t.Errorf("%s: differs in %v", path, got)
			}
		}
	}
}

func TestEveryAttributeOfATransformIsNoticed(t *testing.T) {
	t.Parallel()
	bases := []resource.TransformDefinition{transformByWorkers(), transformByCapacity()}
	for path, list := range everyAlteration(t, bases...) {
		for _, a := range list {
			d := deep(t, bases[path[0]-'0'])
			a.apply(reflect.ValueOf(&d).Elem())
			if reflect.DeepEqual(d, bases[path[0]-'0']) {
				continue
			}
			p := transformPromise(bases[path[0]-'0']).alterTransform(func(got *resource.TransformDetail) {
				tags := d.Tags
				if tags == nil {
					tags = map[string]string{}
				}
				for k, v := range changeTags("tfm-old", "-") {
					tags[k] = v
				}
				got.Definition = d
				got.Definition.Tags = tags
			})
			if got := p.attributes(t); (len(got) == 0) != equivalent(resource.TypeMLTransform, path) {
				t.Errorf("%s: differs in %v", path, got)
			}
		}
	}
}
