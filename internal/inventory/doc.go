// Package inventory reads an estate: for every location the dev endpoints and ML transforms, and of security
// configurations, keys and tags just what those name. What it reads leaves as one resource.Snapshot per location, as
// soon as the location is done, so that memory does not grow with the estate.
//
// A read that failed makes what it would have told unknown, and nothing else: never absent, never part of a list
// taken for the whole.
package inventory
