// Package model holds the whole repair to its invariants on random estates, plans, faults and interruptions: plan, apply,
// resume, backout and finalize against the simulated AWS in this process, in virtual time, so that an hour of
// provisioning takes none. Its tests are all there is: `go test ./test/model` is short, -rapid.checks=N tells N stories
// for each property, and -rapid.seed tells one again.
package model
