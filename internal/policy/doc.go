// Package policy is what an organisation demands of its estate: the profile, the encryption mode each resource type
// must have, the keys that may be used, what is in scope, which failing findings are excepted, and which reads are
// accepted as always denied.
//
// A policy is written as glueguard.yaml. Decode reads it strictly: whatever it does not understand is an error with
// its line and column, because a misspelt exception or requirement that is quietly dropped would change verdicts.
// Schema describes the same file to editors.
package policy
