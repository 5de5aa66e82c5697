// Package block is the family Block: how a bystander works while n tasks wait
// for a socket, a disk or a system call. It has the cases, their arms, evidence
// and tests; the texts for readers are in bench/catalog.
//
// It imports measure, and arm and host, which the families share.
package block
