// Package scale is the family Scale: the cost of a task when there are n of
// them. It has the cases, their arms, evidence and tests; the texts for readers
// are in bench/catalog.
//
// It imports measure, and arm and host, which the families share.
package scale
