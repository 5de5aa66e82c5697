// Package pipeline is the family Pipeline: items through stages, and the work
// from which handing on is worth it. It has the table of its cases, their
// arms, their evidence and their tests; what a reader needs to know of it is
// in bench/catalog.
//
// It imports measure and what families share, arm and host.
package pipeline
