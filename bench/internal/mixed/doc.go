// Package mixed is the family Mixed: a download, writes to a disk and
// factorials together. It has the table of its cases, their arms, their
// evidence and their tests; what a reader needs to know of it is in
// bench/catalog.
//
// It imports measure and what families share, arm and host.
package mixed
