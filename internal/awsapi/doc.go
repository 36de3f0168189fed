// Package awsapi is how Glueguard reaches AWS: who calls, in which accounts and regions, how fast, and what is tried
// again.
//
// One Session holds one HTTP transport and one client per service, whatever the number of locations: a Place gives
// each call its region and credentials as options. The SDK's own retries are off. Read is the one place where calls
// are paced, counted and retried, so that all callers of a location slow down together when AWS throttles it.
package awsapi
