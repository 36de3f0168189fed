// Package hostile attacks a whole daemon, over HTTP, with its store and a simulated AWS behind it.
//
// Every route is asked for by everybody, from strangers to administrators; the list of routes is the daemon's own, so that
// a new one without a row fails. The other tests are requests that no honest client makes: forged, replayed, stale, oversized,
// slow, or written to be taken for something else. Each must be refused, and the store must hold what it held before. What
// is legal to store, however it is meant, must come out as text: in pages, in CSV, in the log.
//
// What one package can be shown to do by itself is tested there: signing in in internal/auth, operations and their limits in
// internal/api, pages in internal/console.
package hostile
