// Package pthread makes threads as a C program does: by pthread_create(3) with
// the default attributes. It links cgo, which changes how the Go runtime makes
// its own threads. So it is built only with -tags pthread, and only into a
// worker of its own (bench/pthread).
//
// Its threads run C code, in pthread_linux.c, and cost what threads of a C
// program cost. A hand-off calls libc: read, write, sched_yield, or syscall for
// a futex. So a row includes libc's wrapper and the wrapper's return, which the
// processor may mispredict after a context switch. read, write and pthread_join
// are cancellation points: libc makes the thread cancellable before such a
// system call and takes that back afterwards. The timed loops add no call of
// their own. The raw threads of package threads have none of this: their cost
// is the kernel's alone.
package pthread
