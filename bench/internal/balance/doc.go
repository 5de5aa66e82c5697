// Package balance is the family Balance: how evenly a heavy-tailed list of
// work ends up on the CPUs. It has the table of its cases, their arms, their
// evidence and their tests; what a reader needs to know of it is in
// bench/catalog.
//
// It imports measure and what families share, arm and host.
package balance
