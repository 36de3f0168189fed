// Package resource holds the words every other room uses: where a resource is (Location, ARN), what is known of it
// (Fact), and the facts that one location's reading yields (Snapshot).
//
// It is pure: no SDK, no clock, no files. A read that failed is a Fact that is unknown and says why, so that no
// caller can take "could not be read" for "is not there".
package resource
