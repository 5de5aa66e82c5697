// Package switching is the family Switch: how long it takes to hand the CPU
// from one task to another. Its name is not switch, which is a word of Go's.
// It has the table of its cases, their arms, their evidence and their tests;
// what a reader needs to know of it is in bench/catalog.
//
// It imports measure and what families share, arm and host.
package switching
