// Package delegate is the family Delegate: a call that is handed to one locked
// thread, and the call made directly. It has the table of its cases, their
// arms, their evidence and their tests; what a reader needs to know of it is
// in bench/catalog.
//
// It imports measure and what families share, arm and host.
package delegate
