// Package crash kills the real program with kill -9 while it repairs, resumes it or backs it out, and checks from
// outside, through the simulated AWS's own API, that no working resource was ever lost. It shares no code with what it
// checks. Its tests are all there is: `go test ./test/crash` is a short campaign, with -full it kills at every journal
// boundary of every strategy and at a thousand random moments.
package crash
