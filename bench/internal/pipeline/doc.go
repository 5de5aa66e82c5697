// Package pipeline is the family Pipeline: items through stages, and the work
// from which handing on is cheap. It has the cases, their arms, evidence and
// tests; the texts for readers are in bench/catalog.
//
// It imports measure, and arm, which the families share.
package pipeline
