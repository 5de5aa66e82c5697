// Package pthread makes threads as a C program does: by pthread_create(3) with
// the default attributes. It links cgo, which changes how the Go runtime makes
// its own threads, so it is built with -tags pthread only, and only into a
// worker of its own (bench/pthread).
//
// What its threads do is written in C, in pthread_linux.c, and they pay what the
// threads of a C program pay. A hand-off calls libc: read, write, sched_yield,
// or syscall for a futex. So a row holds libc's wrapper and the wrapper's
// return, which the processor may mispredict after a context switch. read,
// write and pthread_join are cancellation points: before such a system call
// libc makes the thread cancellable, and afterwards takes that back. The loops
// that are timed add no call of their own. The raw threads of package threads
// have none of this: theirs is the kernel's share.
package pthread
