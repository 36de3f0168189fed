// Package secrets plants secrets wherever a resource, a job or the environment can hold one, does all that Glueguard can
// do with such resources, and looks for them in every output and file. Its tests are all there is: what may be where is
// the table in places_test.go.
package secrets
