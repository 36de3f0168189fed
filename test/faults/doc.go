// Package faults lets every single call of an audit fail in every way that calls fail, and checks from outside that
// nothing but what depended on it changes, and that coverage and verdict say so. Its tests are all there is.
package faults
