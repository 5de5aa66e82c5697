// Package stackgrow is the family StackGrow: what it costs a stack to grow,
// and when it shrinks. It has the table of its cases, their arms, their
// evidence and their tests; what a reader needs to know of it is in
// bench/catalog.
//
// It imports measure and what families share, arm and host.
package stackgrow
