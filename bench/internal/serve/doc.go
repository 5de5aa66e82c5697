// Package serve is the family Serve: a task for each of n connections, on the
// loopback device. It has the cases, their arms, evidence and tests; the texts
// for readers are in bench/catalog.
//
// It imports measure, and arm and host, which the families share.
package serve
