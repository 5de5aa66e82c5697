// Package gc is the family GC: what a garbage collection costs a program that
// holds n parked tasks. It has the cases, their arms, evidence and tests; the
// texts for readers are in bench/catalog.
//
// It imports measure, and arm and host, which the families share.
package gc
