// Package serve is the family Serve: a task for each of n connections, on the
// loopback device. It has the table of its cases, their arms, their evidence
// and their tests; what a reader needs to know of it is in bench/catalog.
//
// It imports measure and what families share, arm and host.
package serve
