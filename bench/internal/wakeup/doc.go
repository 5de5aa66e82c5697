// Package wakeup is the family Wakeup: how long a sleeping task takes to run
// once it may. It has the cases, their arms, evidence and tests; the texts for
// readers are in bench/catalog.
//
// It imports measure, and arm, which the families share.
package wakeup
