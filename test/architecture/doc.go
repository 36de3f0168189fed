// Package architecture holds the tests that keep the house as docs/architecture.md describes it: who may import whom,
// that every package says what it is for, how large a file or function may grow, and that nothing outside the rooms
// made for it calls an AWS operation that changes anything.
package architecture
