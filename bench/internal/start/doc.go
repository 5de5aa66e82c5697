// Package start is the family Start: what is there when a program begins. It
// has the cases, their arms, evidence and tests; the texts for readers are in
// bench/catalog.
//
// It imports measure, and host, which the families share.
package start
