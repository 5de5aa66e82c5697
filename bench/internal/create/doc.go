// Package create is the family Create: how long it takes to make a task. It has
// the cases, their arms, evidence and tests; the texts for readers are in
// bench/catalog.
//
// It imports measure, and arm and host, which the families share.
package create
