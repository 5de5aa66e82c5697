// Package outside carries C programs that time thread switches and thread creation in the plainest loops.
//
// Their author has not seen the suite's loops, so they can judge the suite's thread rows.
// Package plain, below this one, does the same for the goroutine rows.
//
// Every program runs as
//
//	prog OPS BATCHES
//
// and prints a line a batch, such as "200000 1234.5 ns/op". BATCHES of 0 runs for ever.
// An operation is one switch, or one thread created and joined.
// The program pins nothing: run it under taskset, on one CPU.
// Programs build for Linux on x86-64 and aarch64, with gcc -O2 -pthread.
//
// Threads of the raw_ programs come from clone(2) and make their system calls without libc.
// The pthread_ programs do the same work by libc, as most people write it.
// The _called programs call a function for each half of a hand-off. Their siblings without _called inline it.
package outside

import "embed"

// Sources holds the programs: c/NAME.c is the whole source of program NAME.
//
//go:embed c/*.c
var Sources embed.FS
