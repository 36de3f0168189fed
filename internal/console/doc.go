// Package console is Glueguard's web console: pages that the server renders, made of nothing but the operations of
// package api. Reading works without JavaScript; htmx, which is vendored, swaps tables and follows changes as they go.
//
// Each page is a file here and one in templates. A page asks operations, makes a model of their answers, and leaves
// words and looks to its template.
package console
