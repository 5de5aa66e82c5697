// Package stack is the family Stack: how much memory a parked task holds. It
// has the cases, their arms, evidence and tests; the texts for readers are in
// bench/catalog.
//
// It imports measure, and arm and host, which the families share.
package stack
