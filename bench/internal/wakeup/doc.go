// Package wakeup is the family Wakeup: how long a task that sleeps takes to
// run once it may. It has the table of its cases, their arms, their evidence
// and their tests; what a reader needs to know of it is in bench/catalog.
//
// It imports measure and what families share, arm and host.
package wakeup
