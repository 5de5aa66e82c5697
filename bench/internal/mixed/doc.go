// Package mixed is the family Mixed: a download, writes to a disk and
// factorials together. It has the cases, their arms, evidence and tests; the
// texts for readers are in bench/catalog.
//
// It imports measure, and arm and host, which the families share.
package mixed
