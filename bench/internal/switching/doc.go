// Package switching is the family Switch: how long it takes to hand the CPU
// from one task to another. (switch is a keyword of Go.) It has the cases,
// their arms, evidence and tests; the texts for readers are in bench/catalog.
//
// It imports measure, and arm, which the families share.
package switching
