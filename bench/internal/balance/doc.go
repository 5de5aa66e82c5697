// Package balance is the family Balance: how evenly a heavy-tailed list of work
// is spread over the CPUs. It has the cases, their arms, evidence and tests;
// the texts for readers are in bench/catalog.
//
// It imports measure, and arm and host, which the families share.
package balance
