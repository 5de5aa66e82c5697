// Package pthread makes threads as a C program does: by pthread_create(3) with
// the default attributes. It links cgo, which changes how the Go runtime makes
// its own threads, so it is built with -tags pthread only, and only into a
// worker of its own (bench/pthread).
//
// What its threads do is written in C, in bodies.h: system call for system
// call what the raw threads of package threads do in assembly.
package pthread

import _ "embed"

// Bodies is the C source of what a pair of threads, and a thread that makes
// threads, do. It leaves to who includes it what a thread is.
//
//go:embed bodies.h
var Bodies []byte
