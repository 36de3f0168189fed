// Package cloudtrail is the sandbox's CloudTrail: it records every management call that the sandbox gets, refused ones
// too, and answers LookupEvents from what it kept.
//
// Recording is on the path of every call, so it does as little as it can: events go into two rings (successful reads;
// writes and refused calls), each slot linked to the slot before it of the same account and region. A lookup walks that
// chain. What a reader would see as JSON is built on lookup, except the parameters of changing calls: their structs may
// become the state of a service, so they are written down at once.
package cloudtrail
