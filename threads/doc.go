// Package threads is the thread side of the suite: goroutines wired to a
// thread of their own by runtime.LockOSThread (portable), raw threads made by
// clone(2) that the Go runtime knows nothing of (linux/amd64 and linux/arm64;
// elsewhere ErrUnsupported), and the limits that say how many threads can
// still be made.
//
// A raw thread is the floor of what a thread costs, since all it has is what
// the kernel needs: a stack, a word for its tid and a block of zeroes for its
// thread-local storage. A locked goroutine is the ceiling: a thread plus what
// the runtime adds to run Go on it (an M, a g0 stack, a signal stack, the
// hand-off of a P). A figure for one never stands for the other.
//
// # The law of the raw thread
//
// A raw thread has no g. Code that runs on it may not
//
//   - grow its stack, or call anything that might (no Go function at all);
//   - allocate, write a pointer into the Go heap (no write barrier), or lock;
//   - panic or fault: with every signal blocked, a fault ends the process
//     without a word, unless [FaultsVariable] is set;
//   - be instrumented: no race detector, no coverage, no ABI wrapper;
//   - unblock a signal that a Go handler takes: it would run on a thread without
//     a g.
//
// Hence every body is assembly, in raw_linux_*.s and bodies_linux.h, each under
// this law. It touches its own stack, the control words that its creator mapped
// for it outside of the Go heap, and nothing else.
//
// # What stands on the clock
//
// The floor of what a thread costs has to be as low as a plain program's. No
// body calls a function or returns from one between two readings of the clock:
// the kernel refills the CPU's return stack at a context switch, so the next
// returns are mispredicted, at some 200 ns each where the kernel also guards
// returns (spectre_v2, retbleed, spec_rstack_overflow). A test takes the bodies
// apart and fails on a call or a return. Only the bodies of [FutexCalled] and
// [PipeCalled] call: that is what they are there to measure.
//
// What a body does there that the plainest program would not:
//
//	every driver    counts its calls in memory, looks at the sign of each
//	                system call's result, and asks for its CPU (getcpu(2)) in
//	                one call of 256, as its peer does
//	every peer      reads quit in each call; one that yields reads run, too
//	a creator       counts the threads that it has made, and reads where their
//	                controls are from an array
//	a crew          asks for its CPU once an item, and writes four words of a
//	                record: some 0.1 us of an item's work
//	a pipeline      counts each stage's items, adds up what comes out, looks
//	                whether more items are to be ordered, and reads quit where it
//	                is about to sleep
//	a reader        adds up the bytes that it has read, after its stamp
//	stamped bodies  write each stamp to memory that Go has touched beforehand
//
// # Shared words
//
// What orders them on arm64, where plain loads and stores are not ordered. On
// amd64 every load acquires and every store releases; only arrived and want
// need more there, and LOCK XADD and Go's XCHG give it.
//
//	word            written by          read by           ordered by
//	body to fd,     Go, before clone    the thread        clone: the kernel's locks of the run queue
//	other to batch
//	tid             the kernel          Go, join          set before the thread can run; cleared by a plain
//	                                                      store, so exit has a barrier (DMB ISH) before it;
//	                                                      loaded with acquire
//	seen            the thread          Go                arrived or done
//	got, echoed     the thread          Go                exit's barrier
//	arrived         the threads         Go                LDAXR and STLXR, then LDAR of want: a release and an
//	want            Go                  the threads       acquire after it keep their order, as Go's atomics
//	                                                      do; either side sees the other's word
//	release         Go                  the threads       store-release, load-acquire, futex
//	gate            Go                  the driver        the same; publishes n, warm and the driver's quit
//	done            the driver          Go                the same; publishes all that the turn counted and
//	                                                      timed, what the kernel wrote for it included
//	run             the driver, Go      a yielding peer   the same
//	quit            Go                  driver, peer      published by gate; the peer's loaded with acquire
//	turn            1 by who passes,    who takes         store-release, load-acquire, futex; publishes calls,
//	                0 by who takes                        cpu and failed of who passes
//	a pipe's byte   write(2)            read(2)           the kernel's lock of the pipe; publishes the same
//	peer's calls    the peer            Go                store-release, load-acquire
//	cpu             the kernel, for     the driver        turn, or the pipe; a yield orders nothing, and an
//	                the thread                            older sample is a sample too
//	failed          the thread          Go                done; the peer's by its pass, so what its last pass
//	                                                      of a turn fails with is told by the next turn
//	faults          the first thread    a goroutine       an atomic claim; posted publishes the rest
//
// A futex call needs no barrier before it: it has one of its own between the
// word and the list of waiters (kernel/futex/waitwake.c).
package threads
