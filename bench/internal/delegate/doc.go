// Package delegate is the family Delegate: a call handed to one locked thread,
// compared with the same call made directly. It has the table of its cases, their
// arms, their evidence and their tests. The texts for readers are in bench/catalog.
//
// Of our packages it imports catalog, lockstep, measure, goroutines and threads, and
// the packages that families share, arm and host.
package delegate
