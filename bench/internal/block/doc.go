// Package block is the family Block: how a bystander works on while n tasks
// wait for a socket, a disk or a system call. It has the table of its cases,
// their arms, their evidence and their tests; what a reader needs to know of
// it is in bench/catalog.
//
// It imports measure and what families share, arm and host.
package block
