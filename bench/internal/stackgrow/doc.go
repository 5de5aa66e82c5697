// Package stackgrow is the family StackGrow: the cost of a growing stack, and
// when it shrinks. It has the cases, their arms, evidence and tests; the texts
// for readers are in bench/catalog.
//
// It imports measure, and arm and host, which the families share.
package stackgrow
